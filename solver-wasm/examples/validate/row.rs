//! A row of the table: what was measured, what it should be, and whether that is near enough.

use serde::Serialize;

use crate::specimen::Experiment;

/// How fine the lattice is, and what is asked of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Resolution {
    /// At most 60,000 cells; within 1 %. Run in f64.
    Fine,
    /// What plays in real time, at most about 5,000 cells; within 3 %. Run in f32.
    Realtime,
}

/// How the body lies in the lattice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Orientation {
    /// Along the lattice: its flat faces are faces of cells.
    Aligned,
    /// At an angle: cells are partly filled, supports and loads act inside of them.
    Angled,
}

/// What a family of rows is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// How fine.
    pub resolution: Resolution,
    /// In which lattice.
    pub orientation: Orientation,
}

impl Case {
    /// One of two values by resolution.
    pub fn pick<T>(self, realtime: T, fine: T) -> T {
        match self.resolution {
            Resolution::Realtime => realtime,
            Resolution::Fine => fine,
        }
    }

    /// Edge of a cell [mm]: aligned at real time, aligned fine, angled at real time, angled fine.
    pub fn spacing(self, sizes: [f64; 4]) -> f64 {
        sizes[2 * usize::from(self.is_angled()) + self.pick(0, 1)]
    }

    /// Is the body at an angle?
    pub fn is_angled(self) -> bool {
        self.orientation == Orientation::Angled
    }
}

/// A measurement against its reference.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// Name of the benchmark, the same at both resolutions; ends in `-angled` for the body at an angle.
    pub id: String,
    /// The benchmark in words.
    pub title: String,
    pub resolution: Resolution,
    pub orientation: Orientation,
    /// None: it could not be measured.
    pub value: Option<f64>,
    pub reference: f64,
    pub unit: &'static str,
    /// (value − reference) / reference; where the reference is zero the value is a fraction itself.
    pub error_percent: Option<f64>,
    pub tolerance_percent: f64,
    pub pass: bool,
    /// Where the reference comes from.
    pub source: &'static str,
    pub cells: usize,
    /// Time of the whole family of rows over their number.
    pub seconds: f64,
    pub note: String,
}

impl Row {
    /// `value` against `reference`, within 3 % at real-time resolution and 1 % at a fine one.
    pub fn new(
        case: Case,
        id: &str,
        title: impl Into<String>,
        value: f64,
        reference: f64,
        unit: &'static str,
        source: &'static str,
    ) -> Self {
        let suffix = if case.is_angled() { "-angled" } else { "" };
        let error = if reference == 0.0 { value } else { value / reference - 1.0 };
        let row = Self {
            id: format!("{id}{suffix}"),
            title: title.into(),
            resolution: case.resolution,
            orientation: case.orientation,
            value: Some(value).filter(|v| v.is_finite()),
            reference,
            unit,
            error_percent: Some(100.0 * error).filter(|e| e.is_finite()),
            tolerance_percent: 0.0,
            pass: false,
            source,
            cells: 0,
            seconds: 0.0,
            note: String::new(),
        };
        row.within(case.pick(3.0, 1.0))
    }

    /// Ask for another tolerance.
    pub fn within(mut self, percent: f64) -> Self {
        self.tolerance_percent = percent;
        self.pass = self.error_percent.is_some_and(|error| error.abs() <= percent);
        self
    }

    /// What a reader has to know beside the number.
    pub fn note(mut self, note: impl AsRef<str>) -> Self {
        if !self.note.is_empty() {
            self.note.push_str("; ");
        }
        self.note.push_str(note.as_ref());
        self
    }

    /// Cells of the experiment; a solution that did not converge passes nothing.
    pub fn of(mut self, experiment: &Experiment) -> Self {
        self.cells = experiment.cell_count();
        match experiment.trouble() {
            Some(trouble) => {
                self.pass = false;
                self.note(trouble)
            }
            None => self,
        }
    }
}
