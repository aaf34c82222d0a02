//! Work of a frame, counted, and what one core of this machine could do at best.
//!
//! The solver reports its iterations; the constants below say what a kernel does for each cell and node. They are counted by
//! hand in the sources (additions, multiplications, divisions and roots, a lane each; bytes as if nothing that a kernel streams
//! stayed in a cache between two kernels), for neo-Hookean tissue. So they are estimates, good to perhaps a tenth.

use std::{collections::BTreeSet, error::Error, hint::black_box, sync::Arc, time::Instant};

use serde_json::{Value, json};
use solver_wasm::{
    control::Control,
    model::Model,
    newton::Effort,
    real::{Lanes, length_squared},
    state::State,
    step::{Solver, StepReport},
};

use crate::{JAWS, Pull};

/// Flops and bytes of a kernel, for each cell and for each node.
struct Kernel {
    flops: [f64; 2],
    bytes: [f64; 2],
}

/// Energy, gradient and tangents (`Newton::evaluate`).
const EVALUATION: Kernel = Kernel { flops: [1313.0, 20.0], bytes: [496.0, 130.0] };
/// The same without tangents, as at the end of a step.
const ENERGY: Kernel = Kernel { flops: [1250.0, 20.0], bytes: [232.0, 130.0] };
/// Coarsening and diagonal blocks (`Multigrid::refresh`).
const REFRESH: Kernel = Kernel { flops: [584.0, 45.0], bytes: [440.0, 250.0] };
/// The exact tangent times a vector, and the vectors of a conjugate-gradient iteration.
const ITERATION: Kernel = Kernel { flops: [963.0, 36.0], bytes: [248.0, 245.0] };
/// What a level does in a V cycle: four products with the preconditioner's tangent (514 flops and 140 bytes a cell), two
/// smoothings, and the way to the next level and back.
const CYCLE: Kernel = Kernel { flops: [2056.0, 134.0], bytes: [560.0, 780.0] };

/// What a step is compared with.
const EXACT: Effort =
    Effort { newton: 8, cg: 60, cg_tolerance: 1e-2, tolerance: 1e-5, ..Effort::ACCURATE };

/// The hierarchy ends at this many cells.
const COARSEST_CELLS: usize = 8;

/// Play the pull from the settled `state` and count, a frame on average: iterations, flops, bytes.
pub fn count(model: &Arc<Model>, mut state: State, pull: &Pull) -> Result<Value, Box<dyn Error>> {
    let mut solver = Solver::new(Arc::clone(model));
    let mut control = Control::default();
    model.grasp(&mut state, 0, pull.point, JAWS)?;
    let mut exact = Solver::new(Arc::clone(model));
    exact.effort = EXACT;
    let mut sum = StepReport::default();
    let mut parts = 0_u32;
    let mut errors = Vec::new();
    for goal in &pull.way {
        control.tool_goals[0] = Some(*goal);
        let before = state.clone();
        let report = solver.step(&mut state, &control);
        errors.push(step_error(&mut exact, before, &control, &state));
        sum.newton_iterations += report.newton_iterations;
        sum.cg_iterations += report.cg_iterations;
        sum.backtracks += report.backtracks;
        parts += 1 + report.bisections;
    }
    let frames = pull.way.len() as f64;
    let a_frame = |count: u32| f64::from(count) / frames;
    let newton = a_frame(sum.newton_iterations);
    let cg = a_frame(sum.cg_iterations);
    let evaluations = a_frame(sum.newton_iterations + sum.backtracks + parts);

    let finest = [model.elements().len() as f64, model.node_count() as f64];
    let all = hierarchy(model);
    let calls = [
        (EVALUATION, newton, finest),
        (ENERGY, evaluations - newton, finest),
        (REFRESH, newton, all),
        (ITERATION, cg, finest),
        (CYCLE, cg, all),
    ];
    let total = errors.iter().fold([0.0; 2], |s, e| [s[0] + e[0], s[1] + e[1]]);
    let mut errors: Vec<f64> = errors.iter().map(|[error, step]| (error / step).sqrt()).collect();
    errors.sort_by(f64::total_cmp);
    let (mut flops, mut bytes) = (0.0, 0.0);
    for (kernel, calls, [cells, nodes]) in calls {
        flops += calls * (kernel.flops[0] * cells + kernel.flops[1] * nodes);
        bytes += calls * (kernel.bytes[0] * cells + kernel.bytes[1] * nodes);
    }
    Ok(json!({
        "elements": model.elements().len(),
        "newton_per_frame": newton,
        "cg_per_frame": cg,
        "evaluations_per_frame": evaluations,
        // Over the whole pull, and in all but a twentieth of its frames.
        "step_error_percent": (total[0] / total[1]).sqrt() * 100.0,
        "step_error_percent_p95": errors[errors.len() * 95 / 100] * 100.0,
        "megaflops_per_frame": flops / 1e6,
        "megabytes_per_frame": bytes / 1e6,
    }))
}

/// Distance of the step taken from the exact one, over the length of the exact one (root mean square over all nodes).
fn step_error(exact: &mut Solver, before: State, control: &Control, taken: &State) -> [f64; 2] {
    let mut solution = before.clone();
    exact.step(&mut solution, control);
    let distance = |from: &State| {
        let ends = from.displacements.iter().zip(&solution.displacements);
        ends.map(|(a, b)| f64::from(length_squared(*a - *b))).sum::<f64>()
    };
    [distance(taken), distance(&before)]
}

/// Cells and nodes of all levels but the coarsest, which is solved directly.
fn hierarchy(model: &Model) -> [f64; 2] {
    let (mut cells, mut nodes) = (0, 0);
    for level in 0..16 {
        let blocks: BTreeSet<_> =
            model.elements().map(|cell| cell.coord.map(|x| x >> level)).collect();
        if level > 0 && blocks.len() <= COARSEST_CELLS {
            break;
        }
        let corners = blocks.iter().flat_map(|block| {
            (0..8_u16).map(|c| [block[0] + (c & 1), block[1] + (c >> 1 & 1), block[2] + (c >> 2)])
        });
        nodes += corners.collect::<BTreeSet<_>>().len();
        cells += blocks.len();
    }
    [cells as f64, nodes as f64]
}

/// What one core can do at best with the solver's own instructions: four f32 abreast, multiplication and addition apart, as
/// in WebAssembly.
pub struct Limits {
    /// Multiplications and additions in registers [Gflop/s].
    gigaflops: f64,
    /// a = b + s c over arrays far larger than any cache [GB/s].
    memory: f64,
    /// The same over 3 MB, about what a ball of 5,000 cells keeps in hand [GB/s].
    cache: f64,
}

impl Limits {
    /// Measure them: half a second.
    pub fn measured() -> Self {
        Self { gigaflops: gigaflops(), memory: triad(1 << 25), cache: triad(1 << 18) }
    }

    /// As figures.
    pub fn figures(&self) -> Value {
        json!({
            "gigaflops": self.gigaflops,
            "triad_memory_gb_per_s": self.memory,
            "triad_cache_gb_per_s": self.cache,
        })
    }

    /// Add to a frame's work what it reaches of the limits in `ms`, and the time that it could not fall below.
    pub fn compare(&self, work: &mut Value, ms: f64) {
        let of = |name: &str| work[name].as_f64().unwrap_or_default();
        let (flops, bytes) = (of("megaflops_per_frame") / 1e3, of("megabytes_per_frame") / 1e3);
        work["gigaflops"] = json!(flops / ms * 1e3);
        work["gigabytes_per_s"] = json!(bytes / ms * 1e3);
        work["ms_if_flops_were_all"] = json!(flops / self.gigaflops * 1e3);
        work["ms_if_memory_were_all"] = json!(bytes / self.memory * 1e3);
        work["ms_if_cache_were_all"] = json!(bytes / self.cache * 1e3);
    }
}

fn gigaflops() -> f64 {
    const CHAINS: usize = 10;
    const TURNS: usize = 2_000_000;
    let best = (0..5).map(|_| {
        let mut x = [Lanes::splat(1.0); CHAINS];
        let (a, b) = black_box((Lanes::splat(0.999), Lanes::splat(0.001)));
        let start = Instant::now();
        for _ in 0..TURNS {
            for x in &mut x {
                *x = *x * a + b;
            }
        }
        black_box(x);
        (TURNS * CHAINS * 8) as f64 / start.elapsed().as_secs_f64() / 1e9
    });
    best.fold(0.0, f64::max)
}

fn triad(count: usize) -> f64 {
    let mut a = vec![0.0_f32; count];
    let (b, c) = (vec![1.0_f32; count], vec![2.0_f32; count]);
    let repeats = (1 << 26) / count;
    let best = (0..3).map(|_| {
        let s = black_box(0.5);
        let start = Instant::now();
        for _ in 0..repeats {
            for ((a, b), c) in a.iter_mut().zip(&b).zip(&c) {
                *a = b + s * c;
            }
            black_box(&mut a);
        }
        (repeats * count * 12) as f64 / start.elapsed().as_secs_f64() / 1e9
    });
    best.fold(0.0, f64::max)
}
