//! Who computes: a race at the start, and the CPU when the GPU is gone.

use super::{device::Gpu, solver::GpuSolver, supports::supports};
use crate::{
    message::{Backend, Command, Preference, Race, Report},
    newton::Clock,
    real::{Lanes, from_f32, length_squared},
    simulation::{Loaded, Refusal, Simulation},
    state::State,
    step::StepReport,
};

/// Steps that are timed on each side, after one that is not.
const LAPS: usize = 5;
/// A side that takes so many times as long has lost without further laps.
const HOPELESS: f64 = 3.0;
/// The tissue's speed in the race, in cells a step: at rest there would be nothing to solve.
const PUSH: f32 = 0.1;
/// Greatest difference between the sides after the first lap, over the longest way of a node in it. The sides are twins; a GPU
/// that is further off computes something else.
const AGREEMENT: f32 = 0.02;

/// A simulation that may run on a GPU. The commands, the state and the reports are those of [`Simulation`].
#[derive(Default)]
pub struct Play {
    simulation: Simulation,
    preference: Preference,
    solver: Option<GpuSolver>,
    clock: Option<Clock>,
}

impl Play {
    /// A simulation whose steps are timed by a clock [ms]; without one there is no race, and the CPU computes unless told otherwise.
    pub fn with_clock(clock: Clock) -> Self {
        let simulation = Simulation::with_clock(clock);
        Self { simulation, clock: Some(clock), ..Self::default() }
    }

    /// The simulation: its state is the CPU's between batches.
    pub fn simulation(&self) -> &Simulation {
        &self.simulation
    }

    /// Destroy the GPU's device, as a reset of the driver would: for tests.
    pub fn lose_gpu(&self) {
        if let Some(solver) = &self.solver {
            solver.gpu().destroy();
        }
    }

    /// As [`Simulation::apply`], on the GPU where it won the race.
    pub async fn apply(&mut self, commands: Vec<Command>) -> Report {
        let report = match self.try_apply(commands).await {
            Ok(report) => report,
            Err(refusal) => Report::Refused { reason: refusal.to_string() },
        };
        match report {
            Report::Ready { cells, nodes, settle_ms, stepped, .. } => {
                // Before a race for the new scene, no trace of the old one.
                self.solver = None;
                let race = self.race().await;
                Report::Ready { cells, nodes, settle_ms, race, stepped }
            }
            report => report,
        }
    }

    async fn try_apply(&mut self, commands: Vec<Command>) -> Result<Report, Refusal> {
        let mut batch = self.simulation.begin();
        for command in commands {
            let outcome = match command {
                Command::Prefer(preference) => {
                    self.preference = preference;
                    if preference == Preference::Cpu {
                        self.solver = None;
                    }
                    Ok(())
                }
                Command::Step(count) if self.solver.is_some() && !batch.is_fresh() => {
                    for _ in 0..count {
                        self.step().await;
                    }
                    Ok(())
                }
                command => {
                    // The GPU knows the lattice as it was loaded: what is cut is the CPU's.
                    if matches!(command, Command::Cut { .. } | Command::Undo | Command::Redo) {
                        self.solver = None;
                    }
                    self.simulation.carry_out(&mut batch, command)
                }
            };
            if let Err(refusal) = outcome {
                self.simulation.undo();
                return Err(refusal);
            }
        }
        self.simulation.end(batch)
    }

    /// One step. A GPU that is lost in it has changed nothing: the CPU takes the step, and all that follow.
    async fn step(&mut self) {
        let Some(loaded) = self.simulation.loaded_mut() else { return };
        loaded.conduct();
        let Loaded { solver, state, control, .. } = &mut *loaded;
        if let Some(gpu) = &mut self.solver {
            let taken = gpu.taken();
            if let Ok(report) = gpu.step(solver, state, control).await {
                let backend = if gpu.taken() > taken { Backend::Gpu } else { Backend::Cpu };
                loaded.note(&report, backend);
                return;
            }
            self.solver = None;
        }
        let report = solver.step(state, control);
        loaded.note(&report, Backend::Cpu);
    }

    /// Let CPU and GPU take a few steps of the loaded scene, each on a copy of its state, and keep the GPU if it is quicker.
    async fn race(&mut self) -> Race {
        let mut race = Race::default();
        let preference = self.preference;
        let Some(loaded) = self.simulation.loaded_mut() else { return race };
        if preference == Preference::Cpu {
            race.reason = "the CPU was asked for".into();
            return race;
        }
        if preference == Preference::Auto && self.clock.is_none() {
            race.reason = "there is no clock".into();
            return race;
        }
        let now = self.clock.unwrap_or(|| 0.0);
        if let Err(unsupported) = supports(loaded.solver.model()) {
            race.reason = unsupported.to_string();
            return race;
        }
        let gpu = match Gpu::open().await {
            Ok(gpu) => gpu,
            Err(error) => {
                race.reason = error.to_string();
                return race;
            }
        };
        race.adapter = gpu.name().to_owned();
        let mut on_gpu = match GpuSolver::new(&gpu, &loaded.solver) {
            Ok(solver) => solver,
            Err(error) => {
                race.reason = error.to_string();
                return race;
            }
        };
        let Loaded { solver, state, control, .. } = loaded;
        let mut push = state.clone();
        let speed = PUSH * solver.model().lattice().spacing / control.dt;
        for v in &mut push.velocities {
            *v += from_f32([0.0, 0.0, speed]);
        }
        let (mut a, mut b) = (push.clone(), push.clone());
        let (mut on_cpu_ms, mut on_gpu_ms) = (Vec::new(), Vec::new());
        for lap in 0..=LAPS {
            let start = now();
            solver.step(&mut a, control);
            let between = now();
            let outcome: Result<StepReport, _> = on_gpu.step(solver, &mut b, control).await;
            let end = now();
            if let Err(error) = outcome {
                race.reason = error.to_string();
                return race;
            }
            if lap == 0 {
                let way = distance(&push, &a);
                if on_gpu.taken() == 0 && preference == Preference::Auto {
                    race.reason = "a step that the GPU takes badly".into();
                    return race;
                }
                if distance(&a, &b) > AGREEMENT * way {
                    race.reason = "the GPU does not agree with the CPU".into();
                    return race;
                }
                continue;
            }
            on_cpu_ms.push(between - start);
            on_gpu_ms.push(end - between);
            (race.cpu_ms, race.gpu_ms) = (median(&mut on_cpu_ms), median(&mut on_gpu_ms));
            if f64::from(race.gpu_ms) > HOPELESS * f64::from(race.cpu_ms) {
                break;
            }
        }
        if preference == Preference::Gpu {
            race.reason = "the GPU was asked for".into();
        } else if race.gpu_ms < race.cpu_ms {
            race.reason = "the GPU is quicker".into();
        } else {
            race.reason = "the CPU is quicker".into();
            return race;
        }
        race.winner = Backend::Gpu;
        self.solver = Some(on_gpu);
        race
    }
}

/// Largest distance of a node between two states [mm].
fn distance(a: &State, b: &State) -> f32 {
    let squared = |(a, b): (&Lanes, &Lanes)| length_squared(*a - *b);
    let all = a.displacements.iter().zip(&b.displacements).map(squared);
    #[allow(clippy::unnecessary_cast)]
    {
        all.fold(0.0, |a, b| if b > a { b } else { a }).sqrt() as f32
    }
}

fn median(values: &mut [f64]) -> f32 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2] as f32
}
