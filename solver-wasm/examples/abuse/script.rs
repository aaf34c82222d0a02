//! A random scene, and what random hands do to it.

use std::{fmt, sync::Arc};

use solver_wasm::{
    contact::instrument::{Instrument, Pose},
    control::{Control, Load, TOOL_COUNT},
    model::Model,
    newton::Effort,
    real::{Lanes, Real, is_finite, length_squared, node_vector, real},
    state::State,
    step::{Solver, StepReport},
};

use super::{
    bytes::Bytes,
    scene::{embedding, scene},
};

/// Cells that a node may cross in a step, with rounding.
const FASTEST: f64 = 4.0 * 1.001;
/// Steps at the end, when everything is let go: long enough to find a knot, lead it back and swing out. In the last of them
/// nothing should have to be contained any more.
const QUIET: u64 = 300;
const LAST: u64 = 30;
/// Gravity, beyond that of the scan, under which tissue is expected to come to rest [mm/s²]: one and a half times the earth's.
const TAME: f32 = 15_000.0;
/// What happened, and how often it had to be contained.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tally {
    pub scenes: u64,
    pub cells: u64,
    pub steps: u64,
    /// Steps of a fresh or a copied solver that gave the same bytes.
    pub twins: u64,
    pub newton: u64,
    pub step_caps: u64,
    pub speed_caps: u64,
    pub bisections: u64,
    pub stops: u64,
    pub roll_backs: u64,
    pub led_back: u64,
    pub lost_touches: u64,
    pub slowed_tools: u64,
    pub slips: u64,
    pub touches: u64,
    /// Static solutions, and those that balanced.
    pub settled: [u64; 2],
    /// Scenes in which nothing falls for ever, those of them that were quiet in the end, and those with more energy than before.
    pub left_alone: [u64; 3],
}

impl Tally {
    fn take(&mut self, report: &StepReport) {
        self.newton += u64::from(report.newton_iterations);
        self.step_caps += u64::from(report.step_caps);
        self.speed_caps += u64::from(report.speed_caps);
        self.bisections += u64::from(report.bisections);
        self.stops += u64::from(report.stops);
        self.roll_backs += u64::from(report.roll_backs);
        self.led_back += u64::from(report.led_back);
        self.lost_touches += u64::from(report.lost_touches);
        self.slowed_tools += u64::from(report.slowed_tools);
        self.slips += u64::from(report.slips);
        self.touches += u64::from(report.touches);
    }

    fn contained(&self) -> u64 {
        self.step_caps
            + self.speed_caps
            + self.bisections
            + self.stops
            + self.roll_backs
            + self.led_back
            + self.lost_touches
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let Self { scenes, cells, steps, twins, newton, settled: [settled, balanced], .. } = self;
        writeln!(
            f,
            "{steps} steps of {scenes} scenes with {cells} cells in all, {newton} Newton iterations"
        )?;
        writeln!(f, "  {twins} steps repeated by another solver, the same bytes each time")?;
        writeln!(f, "  {settled} static solutions, {balanced} balanced")?;
        let Self { left_alone: [alone, quiet, risen], .. } = self;
        writeln!(
            f,
            "  of {alone} scenes left alone {quiet} were quiet after five seconds, {risen} had more energy"
        )?;
        let Self { touches, slips, slowed_tools, .. } = self;
        writeln!(f, "  {touches} touches, {slips} slips, {slowed_tools} instruments slowed")?;
        let Self { step_caps, speed_caps, bisections, stops, .. } = self;
        writeln!(
            f,
            "contained: {step_caps} Newton steps and {speed_caps} velocities capped, {bisections} bisections, {stops} stops,"
        )?;
        let Self { roll_backs, led_back, lost_touches, .. } = self;
        write!(
            f,
            "  {roll_backs} roll-backs, {led_back} steps of leading back, {lost_touches} with touches left out"
        )
    }
}

/// A scene under abuse.
struct Script<'a> {
    bytes: Bytes<'a>,
    model: Arc<Model>,
    solver: Solver,
    state: State,
    control: Control,
    /// Allocations of this thread so far.
    allocations: fn() -> u64,
    /// Steps that may still be taken.
    left: u64,
    /// Has the solver taken a step?
    is_warm: bool,
    /// Is there no more gravity than tissue stands, and does nothing fall?
    is_tame: bool,
    tally: &'a mut Tally,
}

/// Play what `bytes` say, at most `limit` steps, and add to the tally.
///
/// # Errors
/// What did not hold.
pub fn play(
    bytes: &[u8],
    limit: u64,
    allocations: fn() -> u64,
    tally: &mut Tally,
) -> Result<(), String> {
    let mut bytes = Bytes::new(bytes);
    let scene = scene(&mut bytes);
    let model = Model::new(&scene).map_err(|error| format!("the scene is refused: {error}"))?;
    let model = Arc::new(model);
    tally.scenes += 1;
    tally.cells += model.cell_count() as u64;
    let mut script = Script {
        bytes,
        solver: Solver::new(Arc::clone(&model)),
        state: State::at_rest(&model),
        control: Control::default(),
        allocations,
        left: limit,
        is_warm: false,
        is_tame: (0..3).all(|a| (scene.gravity[a] - scene.rest_gravity[a]).abs() < TAME)
            && (scene.gravity == scene.rest_gravity || model.unsupported_body().is_none()),
        tally,
        model,
    };
    while script.left > 1 + QUIET && !script.bytes.is_over() {
        script.act()?;
    }
    script.let_go()
}

impl Script<'_> {
    fn act(&mut self) -> Result<(), String> {
        match self.bytes.below(24) {
            0..6 => {
                for _ in 0..1 + self.bytes.below(8) {
                    self.step()?;
                }
                Ok(())
            }
            6..9 => self.grasp(),
            9..12 => {
                let way = 10.0 * self.model.lattice().spacing;
                let goal = self.bytes.wild(way);
                let origin = self.model.lattice().origin;
                let goal =
                    [0, 1, 2].map(|a| origin[a] + 5.0 * self.model.lattice().spacing + goal[a]);
                let tool = self.bytes.below(TOOL_COUNT);
                self.control.tool_goals[tool] = (!self.bytes.one_in(10)).then_some(goal);
                let [x, y, z] = self.bytes.wild(1.0);
                self.control.tool_turns[tool] = self.bytes.one_in(3).then_some([x, y, z, 0.3]);
                Ok(())
            }
            12..14 => self.wield(),
            14..16 => {
                let tool = self.bytes.below(TOOL_COUNT + 1) as u8;
                let _ = self.model.release(&mut self.state, tool);
                Ok(())
            }
            16 => {
                let activation = self.bytes.within(-0.5, 2.0);
                self.control.activation = self.bytes.or_odd(activation);
                Ok(())
            }
            17 => {
                let size = self.bytes.scaled(0.01, 1e4);
                self.control.pressures =
                    (0..self.bytes.below(4)).map(|_| self.bytes.wild(size)[0]).collect();
                Ok(())
            }
            18 => {
                let size = self.bytes.scaled(1.0, 1e9);
                let cells = self.model.cell_count();
                self.control.loads = (0..self.bytes.below(6))
                    .map(|_| Load {
                        point: embedding(&mut self.bytes, cells + 2, 4.0),
                        force: self.bytes.wild(size),
                    })
                    .collect();
                Ok(())
            }
            19 => {
                let dt = self.bytes.scaled(1e-4, 1.0);
                self.control.dt = self.bytes.or_odd(dt);
                Ok(())
            }
            20 => {
                self.control = Control::default();
                Ok(())
            }
            21 => {
                if self.bytes.one_in(2) {
                    return self.settle();
                }
                self.step()
            }
            22 => self.repeat(),
            _ => {
                self.scramble();
                self.step()
            }
        }
    }

    fn step(&mut self) -> Result<(), String> {
        if self.left == 0 {
            return Ok(());
        }
        self.left -= 1;
        self.tally.steps += 1;
        let before = (self.allocations)();
        let report = self.solver.step(&mut self.state, &self.control);
        let allocated = (self.allocations)() - before;
        self.tally.take(&report);
        if self.is_warm && allocated > 0 {
            return Err(format!("a warm step allocated {allocated} times: {report:?}"));
        }
        self.is_warm = true;
        self.check(&report)
    }

    /// Does what must hold after every step hold?
    fn check(&self, report: &StepReport) -> Result<(), String> {
        let state = &self.state;
        let tools = state.tools.iter().flat_map(|t| [t.position, t.push]);
        let ties = state.tools.iter().flat_map(|t| &t.ties).flat_map(|t| [t.offset, t.multiplier]);
        let touches = state.touches.iter().flat_map(|t| [t.normal, t.friction, t.force]);
        if !(is_finite(&state.displacements) && is_finite(&state.velocities)) {
            return Err(format!("tissue is not finite: {report:?}"));
        }
        if !tools.chain(ties).chain(touches).all(|v| is_finite(&[v])) {
            return Err(format!("a force or a place is not finite: {report:?}"));
        }
        let spacing = f64::from(self.model.lattice().spacing);
        let way = self.fastest() * f64::from(self.control.dt) / spacing;
        if self.control.dt > 0.0 && way > FASTEST {
            return Err(format!("a node crosses {way} cells in a step: {report:?}"));
        }
        Ok(())
    }

    /// Velocity of the fastest node [mm/s].
    fn fastest(&self) -> f64 {
        let squares = self.state.velocities.iter().map(|v| f64::from(length_squared(*v)));
        squares.fold(0.0, f64::max).sqrt()
    }

    /// Does a solver that knows nothing of the past do the same with the state?
    fn repeat(&mut self) -> Result<(), String> {
        if self.left == 0 {
            return Ok(());
        }
        let mut other = if self.bytes.one_in(2) {
            self.solver.clone()
        } else {
            Solver::new(Arc::clone(&self.model))
        };
        let mut state = self.state.clone();
        let report = other.step(&mut state, &self.control);
        self.step()?;
        // As text, since what is no number equals nothing: an instrument that was put away may leave such an orientation.
        if format!("{state:?}") != format!("{:?}", self.state) {
            return Err(format!("another solver leads elsewhere: {report:?}"));
        }
        self.tally.twins += 1;
        Ok(())
    }

    fn settle(&mut self) -> Result<(), String> {
        let effort = Effort { newton: 6, cg: 20, ..Effort::ACCURATE };
        let report = self.solver.settle(&mut self.state, &self.control, &effort);
        self.tally.take(&report);
        self.tally.settled[0] += 1;
        self.tally.settled[1] += u64::from(report.converged);
        self.check(&report)
    }

    fn grasp(&mut self) -> Result<(), String> {
        let point = embedding(&mut self.bytes, self.model.cell_count() + 1, 0.5);
        let radius = self.bytes.scaled(0.01, 5.0) * self.model.lattice().spacing;
        let radius = self.bytes.or_odd(radius);
        let tool = self.bytes.below(TOOL_COUNT + 1) as u8;
        // A refusal is an answer.
        let _ = self.model.grasp(&mut self.state, tool, point, radius);
        Ok(())
    }

    fn wield(&mut self) -> Result<(), String> {
        let spacing = self.model.lattice().spacing;
        let mut size = || {
            let size = self.bytes.scaled(0.1, 4.0) * spacing;
            self.bytes.or_odd(size)
        };
        let [x, y, z] = [0; 3].map(|_| size());
        let instrument = match self.bytes.below(3) {
            0 => Instrument::Ball { radius: x },
            1 => Instrument::Rod { radius: x, length: y },
            _ => Instrument::Blade { half: [x, y, z], rounding: 0.2 * x.min(y) },
        };
        let at = embedding(&mut self.bytes, self.model.cell_count(), 4.0);
        let away = self.bytes.wild(2.0 * spacing);
        let position = self.model.lattice().position(&self.state.displacements, &at).to_array();
        let position = [0, 1, 2].map(|axis| position[axis] + real(away[axis]));
        let [x, y, z] = self.bytes.wild(1.0).map(real);
        let pose = Pose { position: position.into(), orientation: [x, y, z, 0.5] };
        let tool = self.bytes.below(TOOL_COUNT + 1) as u8;
        let _ = self.model.wield(&mut self.state, tool, instrument, pose);
        Ok(())
    }

    /// A state that no step leads to.
    fn scramble(&mut self) {
        let spacing = self.model.lattice().spacing;
        let nodes = self.state.displacements.len();
        let mut vector = |size: f32| node_vector(self.bytes.vector(size).map(real));
        match vector(1.0).to_array()[0].abs() {
            // Thrown about, a little or far.
            part if part < 0.3 => {
                let size = spacing * if part < 0.1 { 0.3 } else { 5.0 };
                self.state.displacements.iter_mut().for_each(|u| *u = vector(size));
            }
            part if part < 0.5 => {
                let size = spacing * if part < 0.4 { 1e2 } else { 1e6 };
                self.state.velocities.iter_mut().for_each(|v| *v = vector(size));
            }
            // Turned inside out, or pressed flat.
            part if part < 0.8 => {
                let squeeze: Real = if part < 0.65 { -2.0 } else { -1.0 };
                let axes = if part < 0.75 { [1.0; 3] } else { [1.0, 0.0, 0.0] };
                let squeeze = node_vector(axes) * Lanes::splat(squeeze);
                let lattice = self.model.lattice();
                for (u, coord) in self.state.displacements.iter_mut().zip(&lattice.nodes) {
                    let x = coord.map(|x| real(spacing * (f32::from(x) - 5.0)));
                    *u = node_vector(x) * squeeze;
                }
            }
            _ => {
                let node = self.bytes.below(nodes);
                let odd = node_vector(self.bytes.wild(1e30).map(real));
                match self.bytes.below(3) {
                    0 => self.state.displacements[node] = odd,
                    1 => self.state.velocities[node] = odd,
                    _ => {
                        for strain in &mut self.state.memory {
                            strain[0] = odd;
                        }
                    }
                }
            }
        }
    }

    /// Kinetic, elastic and potential energy [µJ].
    fn energy(&mut self) -> f64 {
        let mut gradient = vec![Lanes::default(); self.model.node_count()];
        let moving = self.model.masses().iter().zip(&self.state.velocities);
        let kinetic: f64 =
            moving.map(|(m, v)| 0.5 * f64::from(*m) * f64::from(length_squared(*v))).sum();
        kinetic + self.solver.potential(&self.state.displacements, &mut gradient)
    }

    /// In the end all hands are off.
    fn let_go(&mut self) -> Result<(), String> {
        self.control = Control::default();
        for tool in 0..TOOL_COUNT as u8 {
            self.model.release(&mut self.state, tool).map_err(|error| error.to_string())?;
        }
        self.step()?;
        let before = self.energy();
        for _ in LAST..QUIET {
            self.step()?;
        }
        let contained = self.tally.contained();
        for _ in 0..LAST {
            self.step()?;
        }
        if !self.is_tame {
            return Ok(());
        }
        self.tally.left_alone[0] += 1;
        self.tally.left_alone[1] += u64::from(self.tally.contained() == contained);
        self.tally.left_alone[2] += u64::from(self.energy() > before.abs() + 1.0);
        Ok(())
    }
}
