//! Carries out [`Command`]s and gives [`Report`]s: what the worker runs, without the worker.

mod cutting;
mod haemostasis;
mod history;

use std::sync::Arc;

use self::history::{History, Tissue};
use crate::{
    beat::{Beat, Beating},
    blade::Blade,
    bleeding::{Vessels, Wounds},
    contact::{
        GraspError,
        instrument::{Pose, unit_quaternion},
    },
    control::{Control, Goals, TOOL_COUNT},
    lattice::Embedding,
    message::{Backend, Change, Command, Mechanics, Race, Report, Stepped, ToolForce},
    model::Model,
    newton::{Clock, Effort},
    real::{LANES, length_squared, real, to_f32},
    scene::{Scene, SceneError},
    state::State,
    step::{Solver, StepReport},
};

/// Why a batch of commands was refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// The scene is faulty.
    #[error(transparent)]
    Scene(#[from] SceneError),
    /// A body would fall for ever.
    #[error("scene: no support holds body {body}; add supports, or set gravity to zero")]
    Falling {
        /// The body.
        body: u16,
    },
    /// The forceps cannot close or open.
    #[error(transparent)]
    Grasp(#[from] GraspError),
    /// An instrument was sent nowhere.
    #[error("move: position of tool {tool} is not finite; send millimetres in world space")]
    Position {
        /// The instrument.
        tool: u8,
    },
    /// An instrument was turned by no rotation.
    #[error("wield: orientation of tool {tool} is no rotation; send a unit quaternion x, y, z, w")]
    Orientation {
        /// The instrument.
        tool: u8,
    },
    /// A blade was sent nowhere.
    #[error("cut: the blade's edge is not finite; send millimetres in rest space")]
    Blade,
    /// A hand of no speed.
    #[error("hand: {0} mm/s is no speed; send a number from 0 on")]
    HandSpeed(f32),
    /// A clamp or a sealer that holds nothing.
    #[error("clamp or sealer: it {0}")]
    Jaws(&'static str),
    /// A blade sharper than sharp, or none.
    #[error("blade: bluntness {0} is not between 1, a new scalpel, and 100")]
    Bluntness(f32),
    /// The scene has nothing that beats.
    #[error("beat: the scene has no beat; load one whose recipe says how it beats")]
    Beatless,
    /// Nothing is loaded.
    #[error("no scene is loaded; send Command::Load first")]
    NotLoaded,
}

/// A loaded scene in motion, or nothing yet.
#[derive(Clone, Debug, Default)]
pub struct Simulation {
    loaded: Option<Loaded>,
    clock: Option<Clock>,
}

/// A scene with its solver and state.
#[derive(Clone, Debug)]
pub(crate) struct Loaded {
    pub solver: Solver,
    settled: State,
    /// Before anything was cut.
    whole: (Tissue, Arc<Model>),
    /// As it is now.
    tissue: Tissue,
    /// Its lips.
    lips: Vec<(usize, [Embedding; 2])>,
    history: History,
    /// What the batch has cut or undone, as it was before it.
    uncut: Option<Box<Uncut>>,
    changes: Vec<Change>,
    blade: Blade,
    /// As it was before the batch.
    blade_before: Blade,
    /// Where there is blood in the whole tissue.
    vessels: Arc<Vessels>,
    wounds: Wounds,
    /// As they were before the batch.
    wounds_before: Wounds,
    /// What they hold [mL].
    room: f64,
    pub state: State,
    pub control: Control,
    /// What it was before the batch.
    before: (State, Goals, Tally, Beating),
    beat: Option<Beat>,
    beating: Beating,
    pub tally: Tally,
}

/// What a refused batch leads back to.
#[derive(Clone, Debug)]
struct Uncut {
    /// None as long as the present one will do.
    solver: Option<Solver>,
    tissue: Tissue,
    history: History,
}

/// A batch under way; what it loads replaces the old scene when it ends.
pub(crate) struct Batch {
    fresh: Option<Loaded>,
}

/// What is reported beside the state.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    residual: f32,
    contained: u32,
    slowed_tools: u32,
    penetration: f32,
    mechanics: Mechanics,
}

/// Steps between two inventories of energy and volume, which cost a twentieth of a step.
const INVENTORY_PERIOD: u64 = 15;

impl Tally {
    fn add(&mut self, report: &StepReport) {
        self.residual = report.residual as f32;
        self.contained = self.contained.saturating_add(report.contained());
        self.slowed_tools = self.slowed_tools.saturating_add(report.slowed_tools);
        self.penetration = report.penetration;
        self.mechanics.newton = report.newton_iterations;
        self.mechanics.cg = report.cg_iterations;
        self.mechanics.touches = report.touches;
    }
}

impl Simulation {
    /// A simulation whose stages are timed by a clock.
    pub fn with_clock(clock: Clock) -> Self {
        Self { loaded: None, clock: Some(clock) }
    }

    /// Carry out a batch in order. If one command is refused, the state is what it was before the batch.
    ///
    /// The times in the report are zero: the solver has no clock, the worker fills them in.
    pub fn apply(&mut self, commands: Vec<Command>) -> Report {
        match self.try_apply(commands) {
            Ok(report) => report,
            Err(refusal) => Report::Refused { reason: refusal.to_string() },
        }
    }

    /// As [`Simulation::apply`], with a typed refusal.
    ///
    /// # Errors
    /// The first command that cannot be carried out.
    pub fn try_apply(&mut self, commands: Vec<Command>) -> Result<Report, Refusal> {
        let mut batch = self.begin();
        for command in commands {
            if let Err(refusal) = self.carry_out(&mut batch, command) {
                self.undo();
                return Err(refusal);
            }
        }
        self.end(batch)
    }

    /// Begin a batch: from here on [`Simulation::undo`] leads back.
    pub(crate) fn begin(&mut self) -> Batch {
        if let Some(loaded) = &mut self.loaded {
            loaded.before.0.copy_from(&loaded.state);
            loaded.before.1 = loaded.control.goals();
            loaded.before.2 = loaded.tally;
            loaded.uncut = None;
            loaded.changes.clear();
            loaded.blade_before = loaded.blade.clone();
            loaded.wounds_before = loaded.wounds.clone();
            loaded.before.3 = loaded.beating;
        }
        Batch { fresh: None }
    }

    /// One command of a batch.
    pub(crate) fn carry_out(&mut self, batch: &mut Batch, command: Command) -> Result<(), Refusal> {
        match command {
            Command::Load(scene) => {
                let mut loaded = Loaded::new(Arc::from(scene))?;
                if let Some(clock) = self.clock {
                    loaded.solver.set_clock(clock);
                }
                loaded.take_inventory();
                batch.fresh = Some(loaded);
                Ok(())
            }
            // There is nothing but the CPU here.
            Command::Prefer(_) => Ok(()),
            command => {
                let loaded = batch.fresh.as_mut().or(self.loaded.as_mut());
                loaded.ok_or(Refusal::NotLoaded)?.carry_out(&command)
            }
        }
    }

    /// Back to before the batch.
    pub(crate) fn undo(&mut self) {
        if let Some(loaded) = &mut self.loaded {
            loaded.state.copy_from(&loaded.before.0);
            (loaded.control.tool_goals, loaded.control.tool_turns) = loaded.before.1;
            loaded.tally = loaded.before.2;
            if let Some(uncut) = loaded.uncut.take() {
                (loaded.tissue, loaded.history) = (uncut.tissue, uncut.history);
                loaded.open();
                if let Some(solver) = uncut.solver {
                    loaded.solver = solver;
                }
            }
            loaded.beating = loaded.before.3;
            loaded.blade = loaded.blade_before.clone();
            loaded.wounds = loaded.wounds_before.clone();
        }
    }

    /// End a batch whose commands were all carried out.
    pub(crate) fn end(&mut self, batch: Batch) -> Result<Report, Refusal> {
        let is_fresh = batch.fresh.is_some();
        if is_fresh {
            self.loaded = batch.fresh;
        }
        let loaded = self.loaded.as_ref().ok_or(Refusal::NotLoaded)?;
        let stepped = loaded.stepped();
        if !is_fresh {
            return Ok(Report::Stepped(stepped));
        }
        let model = loaded.solver.model();
        let (cells, nodes) = (model.cell_count() as u32, model.node_count() as u32);
        Ok(Report::Ready { cells, nodes, settle_ms: 0.0, race: Race::default(), stepped })
    }

    /// What is loaded.
    #[cfg(feature = "gpu")]
    pub(crate) fn loaded_mut(&mut self) -> Option<&mut Loaded> {
        self.loaded.as_mut()
    }

    /// Number of nodes; 0 before a scene is loaded.
    pub fn node_count(&self) -> usize {
        self.loaded.as_ref().map_or(0, |l| l.state.displacements.len())
    }

    /// The state, once a scene is loaded.
    pub fn state(&self) -> Option<&State> {
        self.loaded.as_ref().map(|l| &l.state)
    }

    /// Write the nodal displacements [mm], shape [node_count, 4], the fourth zero; what does not fit is left out.
    pub fn write_displacements(&self, out: &mut [f32]) {
        let Some(loaded) = &self.loaded else { return };
        for (out, u) in out.chunks_exact_mut(LANES).zip(&loaded.state.displacements) {
            let [x, y, z] = to_f32(*u);
            out.copy_from_slice(&[x, y, z, 0.0]);
        }
    }
}

#[cfg(feature = "gpu")]
impl Batch {
    /// Does it load a scene?
    pub fn is_fresh(&self) -> bool {
        self.fresh.is_some()
    }
}

impl Loaded {
    fn new(scene: Arc<Scene>) -> Result<Self, Refusal> {
        let model = Arc::new(Model::new(&scene)?);
        if let (Some(body), true) = (model.unsupported_body(), scene.gravity != scene.rest_gravity)
        {
            return Err(Refusal::Falling { body });
        }
        let beat = scene.beat.clone();
        let vessels = Arc::new(Vessels::new(&scene));
        let tissue = Tissue::whole(scene);
        let whole = (tissue.clone(), Arc::clone(&model));
        let mut solver = Solver::new(Arc::clone(&model));
        let mut settled = State::at_rest(&model);
        let control = Control::default();
        let report = solver.settle(&mut settled, &control, &Effort::ACCURATE);
        // A step cap is how the static solution finds its way, not an event of play.
        let tally = Tally {
            residual: report.residual as f32,
            contained: report.roll_backs,
            ..Tally::default()
        };
        let before = (settled.clone(), control.goals(), tally, Beating::default());
        Ok(Self {
            solver,
            state: settled.clone(),
            settled,
            whole,
            tissue,
            lips: Vec::new(),
            history: History::default(),
            uncut: None,
            changes: Vec::new(),
            blade: Blade::default(),
            blade_before: Blade::default(),
            vessels,
            wounds: Wounds::default(),
            wounds_before: Wounds::default(),
            room: 0.0,
            control,
            before,
            tally,
            beat,
            beating: Beating::default(),
        })
    }

    /// Remember tissue and history for the case that the batch is refused.
    fn keep_uncut(&mut self) {
        if self.uncut.is_none() {
            let (tissue, history) = (self.tissue.clone(), self.history.clone());
            self.uncut = Some(Box::new(Uncut { solver: None, tissue, history }));
        }
    }

    /// Let the cuts open by the tissue's tension.
    fn open(&mut self) {
        self.control.loads = self.tissue.tension();
        self.lips = self.tissue.lips();
    }

    /// Solve for another model from now on.
    fn take_up(&mut self, model: Arc<Model>) {
        self.open();
        let solver = self.solver.of(model);
        let last = std::mem::replace(&mut self.solver, solver);
        if let Some(uncut) = &mut self.uncut {
            uncut.solver.get_or_insert(last);
        }
    }

    /// Solve for the tissue as it is after going back or forth; instruments are open.
    fn resume(&mut self) -> Result<(), Refusal> {
        let is_whole = Arc::ptr_eq(&self.tissue.scene, &self.whole.0.scene);
        let model = if is_whole {
            Arc::clone(&self.whole.1)
        } else {
            Arc::new(Model::new(&self.tissue.scene)?)
        };
        self.take_up(model);
        self.state.open_tools();
        self.control.tool_goals = [None; TOOL_COUNT];
        self.control.tool_turns = [None; TOOL_COUNT];
        Ok(())
    }

    fn carry_out(&mut self, command: &Command) -> Result<(), Refusal> {
        let model = Arc::clone(self.solver.model());
        match command {
            // Handled by the caller, which owns what a load replaces.
            Command::Load(_) | Command::Prefer(_) => {}
            Command::Stroke => {
                self.lift();
                self.blade.begin();
                self.keep_uncut();
                self.history.mark(&self.tissue, &self.state, &self.wounds);
                self.changes.push(Change::Stroke);
            }
            Command::Cut { from, to } => {
                if !from.iter().chain(to).flatten().all(|x| x.is_finite() && x.abs() < 1e6) {
                    return Err(Refusal::Blade);
                }
                self.cut(from, to)?;
            }
            Command::Hand { speed } => {
                if !(0.0..1e6).contains(speed) {
                    return Err(Refusal::HandSpeed(*speed));
                }
                self.blade.hand_speed = Some(f64::from(*speed));
            }
            Command::Blade { bluntness } => {
                if !(1.0..=100.0).contains(bluntness) {
                    return Err(Refusal::Bluntness(*bluntness));
                }
                self.blade.bluntness = f64::from(*bluntness);
            }
            Command::Undo => {
                self.lift();
                self.blade.begin();
                self.keep_uncut();
                if self.history.undo(&mut self.tissue, &mut self.state, &mut self.wounds) {
                    self.changes.push(Change::Undo);
                    self.resume()?;
                }
            }
            Command::Redo => {
                self.lift();
                self.blade.begin();
                self.keep_uncut();
                if self.history.redo(&mut self.tissue, &mut self.state, &mut self.wounds) {
                    self.changes.push(Change::Redo);
                    self.resume()?;
                }
            }
            Command::Reset => {
                self.lift();
                self.blade.begin();
                if !Arc::ptr_eq(&self.tissue.scene, &self.whole.0.scene) {
                    self.keep_uncut();
                    self.tissue = self.whole.0.clone();
                    self.resume()?;
                }
                self.history = History::default();
                self.wounds = Wounds::default();
                self.changes.push(Change::Whole);
                self.state.copy_from(&self.settled);
                self.control.tool_goals = [None; TOOL_COUNT];
                self.control.tool_turns = [None; TOOL_COUNT];
                self.tally = Tally::default();
                // What beats goes on, from the beginning.
                if std::mem::take(&mut self.beating).is_on() {
                    self.beating.start(self.state.step);
                }
            }
            Command::Beat(is_on) => {
                let (step, dt) = (self.state.step, self.control.dt);
                match &self.beat {
                    None => return Err(Refusal::Beatless),
                    Some(_) if *is_on => self.beating.start(step),
                    Some(beat) => self.beating.stop(beat, dt, step),
                }
            }
            Command::Grasp { tool, point, radius } => {
                model.grasp(&mut self.state, *tool, *point, *radius)?;
                // The tip is where the tissue is until it is moved.
                self.control.tool_goals[usize::from(*tool)] = None;
            }
            Command::Move { tool, position } => {
                let goal = self
                    .control
                    .tool_goals
                    .get_mut(usize::from(*tool))
                    .ok_or(GraspError::Tool(*tool))?;
                if !position.iter().all(|x| x.is_finite() && x.abs() < 1e6) {
                    return Err(Refusal::Position { tool: *tool });
                }
                *goal = Some(*position);
            }
            Command::Wield { tool, instrument, position, orientation } => {
                if !position.iter().all(|x| x.is_finite() && x.abs() < 1e6) {
                    return Err(Refusal::Position { tool: *tool });
                }
                let turn = unit_quaternion(orientation.map(real))
                    .ok_or(Refusal::Orientation { tool: *tool })?;
                let pose = Pose { position: position.map(real).into(), orientation: turn };
                model.wield(&mut self.state, *tool, *instrument, pose)?;
                self.control.tool_goals[usize::from(*tool)] = Some(*position);
                #[allow(clippy::unnecessary_cast)]
                let turn = turn.map(|x| x as f32);
                self.control.tool_turns[usize::from(*tool)] = Some(turn);
            }
            Command::Release { tool } => {
                model.release(&mut self.state, *tool)?;
                if *tool == 0 {
                    self.lift();
                }
            }
            Command::Step(count) => {
                for _ in 0..*count {
                    self.conduct();
                    self.press();
                    let report = self.solver.step(&mut self.state, &self.control);
                    self.note(&report, Backend::Cpu);
                    self.bleed();
                }
            }
            Command::Clamp { clamp, point, radius } => self.clamp(*clamp, *point, *radius)?,
            Command::Coagulate(sealer) => self.seal(*sealer)?,
        }
        Ok(())
    }

    /// Set what the beat asks of the next step.
    pub fn conduct(&mut self) {
        if let Some(beat) = &self.beat {
            self.beating.conduct(beat, self.state.step, &mut self.control);
        }
    }

    /// Take down how a step went.
    pub fn note(&mut self, report: &StepReport, backend: Backend) {
        self.tally.add(report);
        self.tally.mechanics.backend = backend;
        self.tally.mechanics.stages = self.solver.stages();
        if self.state.step.is_multiple_of(INVENTORY_PERIOD) {
            self.take_inventory();
        }
    }

    fn stepped(&self) -> Stepped {
        let lattice = self.solver.model().lattice();
        let tools = self.state.tools.iter().zip(0_u8..).filter_map(|(tool, i)| {
            let position = match (tool.grasped, tool.instrument) {
                (Some(point), _) => lattice.position(&self.state.displacements, &point),
                (None, Some(_)) => tool.position,
                (None, None) => return None,
            };
            Some(ToolForce { tool: i, force: to_f32(tool.force()), position: to_f32(position) })
        });
        Stepped {
            step: self.state.step,
            tools: tools.collect(),
            max_displacement: self.state.max_displacement(),
            solve_ms: 0.0,
            residual: self.tally.residual,
            contained: self.tally.contained,
            slowed: self.tally.slowed_tools,
            penetration: self.tally.penetration,
            mechanics: self.tally.mechanics,
            volumes: if self.beat.is_some() { self.volumes() } else { Vec::new() },
            gape: self.gape(),
            blade: self.blade.work().cloned(),
            blood: self.blood(),
            changes: self.changes.clone(),
        }
    }

    /// How wide the widest wound gapes [mm].
    fn gape(&self) -> f32 {
        let (lattice, moved) = (self.solver.model().lattice(), &self.state.displacements);
        let apart = |(_, lips): &(usize, [Embedding; 2])| {
            let [a, b] = [0, 1].map(|side| lattice.displacement(moved, &lips[side]));
            length_squared(b - a)
        };
        let widest = self.lips.iter().map(apart).fold(0.0, |a, b| if b > a { b } else { a });
        #[allow(clippy::unnecessary_cast)]
        {
            widest.sqrt() as f32
        }
    }

    /// What each surface encloses now [mL].
    fn volumes(&self) -> Vec<f32> {
        let volume = |i| self.solver.model().enclosed_volume(i, &self.state.displacements) / 1e3;
        (0..self.solver.model().surface_count()).map(|i| volume(i) as f32).collect()
    }

    /// Energy and volume as they are now.
    fn take_inventory(&mut self) {
        let inventory = self.solver.inventory(&self.state);
        let moving = self.solver.model().masses().iter().zip(&self.state.velocities);
        let kinetic: f64 =
            moving.map(|(m, v)| 0.5 * f64::from(*m) * f64::from(length_squared(*v))).sum();
        let mechanics = &mut self.tally.mechanics;
        mechanics.elastic_energy = inventory.energy as f32;
        mechanics.kinetic_energy = kinetic as f32;
        mechanics.volume_error = inventory.volume_error as f32;
        mechanics.dilatation = inventory.dilatation.map(|j| j as f32);
    }
}
