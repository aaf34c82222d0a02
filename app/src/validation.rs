//! The validation table that ships with the app: what the solver computes against what theory and published benchmarks say.

use serde::Deserialize;

/// How fine the lattice was.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Resolution {
    /// As it plays.
    Realtime,
    /// As fine as patience allows.
    Fine,
}

/// How the body lay in the lattice.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Orientation {
    /// Its faces are faces of cells.
    Aligned,
    /// At an angle: cells are partly filled.
    Angled,
}

/// A measurement against its reference.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct Row {
    /// Name; ends in `-angled` for the body at an angle.
    pub id: String,
    /// The benchmark in words.
    pub title: String,
    /// How fine.
    pub resolution: Resolution,
    /// In which lattice.
    pub orientation: Orientation,
    /// None: it could not be measured.
    pub value: Option<f64>,
    /// What it should be.
    pub reference: f64,
    /// Of both.
    pub unit: String,
    /// Relative error; none without a value.
    pub error_percent: Option<f64>,
    /// Largest error that passes.
    pub tolerance_percent: f64,
    /// Does it?
    pub pass: bool,
    /// Where the reference comes from.
    pub source: String,
    /// Number of cells.
    pub cells: u32,
    /// What a reader has to know beside the number.
    pub note: String,
}

/// What came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Near enough.
    Within,
    /// A sound number that is too far off.
    Outside,
    /// The solver stopped before the forces were in balance: its number counts for nothing.
    NotConverged,
    /// There is no number.
    NotMeasured,
}

impl Row {
    /// What came out.
    pub fn verdict(&self) -> Verdict {
        match self.error_percent {
            _ if self.note.contains("not converged") => Verdict::NotConverged,
            None => Verdict::NotMeasured,
            Some(_) if self.pass => Verdict::Within,
            Some(_) => Verdict::Outside,
        }
    }
}

/// One benchmark with its rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Benchmark {
    /// In words.
    pub title: String,
    /// Where its reference comes from.
    pub source: String,
    /// At both resolutions, along the lattice and at an angle.
    pub rows: Vec<Row>,
}

/// Benchmarks that ask the same question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Does it contradict itself?
    Consistency,
    /// Does it move as Newton says?
    Motion,
    /// Does it bend and stretch as theory says?
    Shape,
    /// Does it keep its volume under pressure?
    Pressure,
    /// The benchmarks of the heart modellers.
    Heart,
    /// Does tissue resist a blade as it was measured to?
    Cutting,
    /// Everything that has no place yet.
    Other,
}

impl Family {
    /// In the order of the page.
    pub const ALL: [Self; 7] = [
        Self::Consistency,
        Self::Motion,
        Self::Shape,
        Self::Pressure,
        Self::Heart,
        Self::Cutting,
        Self::Other,
    ];

    fn of(id: &str) -> Self {
        let named: [(Self, &[&str]); 6] = [
            (Self::Consistency, &["patch", "rotation", "refinement"]),
            (Self::Motion, &["linear-momentum", "angular-momentum", "energy", "bending-frequency"]),
            (Self::Shape, &["uniaxial", "elastica", "cook"]),
            (Self::Pressure, &["lame", "sphere"]),
            (Self::Heart, &["land"]),
            (Self::Cutting, &["liver-cutting"]),
        ];
        named
            .into_iter()
            .find(|(_, names)| names.iter().any(|name| id.starts_with(name)))
            .map_or(Self::Other, |(family, _)| family)
    }
}

/// The rows as they were written when the app was built.
pub fn rows() -> Vec<Row> {
    // The file is part of the program and tested: an unreadable one cannot reach a release.
    serde_json::from_str(include_str!("../validation.json")).unwrap_or_default()
}

/// The rows of a family by benchmark, in the table's order.
pub fn benchmarks(rows: &[Row], family: Family) -> Vec<Benchmark> {
    let mut benchmarks: Vec<(&str, Benchmark)> = Vec::new();
    for row in rows.iter().filter(|row| Family::of(&row.id) == family) {
        let id = row.id.strip_suffix("-angled").unwrap_or(&row.id);
        match benchmarks.iter_mut().find(|(known, _)| *known == id) {
            Some((_, benchmark)) => benchmark.rows.push(row.clone()),
            None => benchmarks.push((
                id,
                Benchmark {
                    title: row.title.clone(),
                    source: row.source.clone(),
                    rows: vec![row.clone()],
                },
            )),
        }
    }
    benchmarks.into_iter().map(|(_, benchmark)| benchmark).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn every_row_is_on_the_page_once() {
        let rows = rows();
        assert!(!rows.is_empty(), "validation.json cannot be read");
        let shown: usize = Family::ALL
            .into_iter()
            .flat_map(|family| benchmarks(&rows, family))
            .map(|benchmark| benchmark.rows.len())
            .sum();
        assert_eq!(shown, rows.len());
    }

    #[test]
    fn only_what_passes_is_within() {
        for row in rows() {
            assert_eq!(row.verdict() == Verdict::Within, row.pass, "{} {}", row.id, row.note);
        }
    }

    #[test]
    fn angled_rows_stand_beside_aligned_ones() {
        let shape = benchmarks(&rows(), Family::Shape);
        let cook = shape.iter().find(|benchmark| benchmark.title.starts_with("Cook")).unwrap();
        assert!(cook.rows.iter().any(|row| row.orientation == Orientation::Angled));
        assert!(cook.rows.iter().any(|row| row.orientation == Orientation::Aligned));
    }
}
