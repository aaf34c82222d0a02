//! Random strokes through twins: whatever is cut, the tissue must stay whole in its parts.
//!
//! `cargo run --release -p cases --example cuts -- [--count N] [--seed S] [--twin PACK]…`
//!
//! Without packs three simple bodies are cut in turn: a ball, a pad and a hollow ball. Every sequence follows from its seed. What does
//! not hold is shrunk to the fewest strokes that show it and printed, and the exit status says so. The last line is
//! `N sequences, V violations`.

use std::{error::Error, fs, panic, sync::Arc};

use cases::twin::pack::{self, Pack};
use solver_wasm::{
    control::{Control, Load},
    incision::{
        Edge, Incisions,
        facets::{Anchor, Part, Surfaces, anchors, gather},
    },
    lattice::{Cell, Embedding, Lattice},
    model::Model,
    real::to_f32,
    scene::{Material, Scene, Support},
    state::State,
    step::Solver,
};

/// Steps after the strokes: pulled about, then left alone.
const PULLED: usize = 6;
const LEFT_ALONE: usize = 90;
/// Speed below which tissue has settled [mm/s].
const SETTLED: f32 = 5.0;

/// The places of a blade's edge, one after the other.
type Stroke = Vec<Edge>;

/// splitmix64 [Steele et al. 2014].
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    /// From −1 to 1.
    fn signed(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let (mut count, mut seed, mut twins) = (300_u64, 0_u64, Vec::new());
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
        match argument.as_str() {
            "--count" => count = value()?.parse()?,
            "--seed" => seed = value()?.parse()?,
            "--twin" => twins.push(twin(&value()?)?),
            other => return Err(format!("{other}: there are --count, --seed and --twin").into()),
        }
    }
    if twins.is_empty() {
        twins = bodies();
    }
    let mut violations = 0;
    for n in 0..count {
        let body = &twins[(n % twins.len() as u64) as usize];
        let strokes = strokes(&body.scene, seed.wrapping_add(n));
        if let Some(problem) = problem(body, &strokes) {
            violations += 1;
            let fewest = shrink(body, strokes);
            println!(
                "{}, seed {}: {problem}; the fewest strokes: {fewest:?}",
                body.name,
                seed.wrapping_add(n)
            );
        }
    }
    println!("{count} sequences, {violations} violations");
    if violations > 0 {
        return Err("not all cuts held".into());
    }
    Ok(())
}

/// What is cut.
struct Body {
    name: String,
    scene: Scene,
    parts: Vec<Part>,
    /// Anchors of each body's surfaces.
    anchors: Vec<Vec<Anchor>>,
    /// What the surfaces enclose before any cut [mm³].
    volume: f64,
}

impl Body {
    fn new(name: String, scene: Scene, pack: Option<&Pack>) -> Self {
        let mut parts: Vec<Part> = Vec::new();
        for (cell, labels) in scene.lattice.cells.iter().zip(scene.labels.chunks(64)) {
            let of = labels.iter().filter(|label| **label != 0);
            parts.extend(of.map(|label| Part { label: *label, body: cell.body }));
            parts.sort_unstable();
            parts.dedup();
        }
        let incisions = Incisions::new(&scene.lattice);
        let surfaces = Surfaces::new(&scene.lattice, &scene.labels, &incisions);
        let bodies = parts.iter().map(|p| usize::from(p.body) + 1).max().unwrap_or(0);
        let mut all: Vec<Vec<Anchor>> = vec![Vec::new(); bodies];
        for part in &parts {
            let own = &mut all[usize::from(part.body)];
            match pack {
                Some(pack) => own.extend(pack.anchors(part.label)),
                None => {
                    let bare = surfaces.whole(*part, &[]);
                    let positions: Vec<_> = bare.vertices.iter().map(|v| v.position).collect();
                    let cells = bare.vertices.iter().map(|v| v.dual_cell);
                    own.extend(anchors(cells, &positions, &bare.triangles));
                }
            }
        }
        let all: Vec<_> = all.into_iter().map(gather).collect();
        let of = |part: &Part| surfaces.whole(*part, &all[usize::from(part.body)]).volume();
        let volume = parts.iter().map(of).sum();
        drop(surfaces);
        Self { name, scene, parts, anchors: all, volume }
    }

    /// What the surfaces of cut tissue should be and are not.
    fn fault(&self, scene: &Scene, incisions: &Incisions) -> Option<String> {
        let surfaces = Surfaces::new(&scene.lattice, &scene.labels, incisions);
        let mut volume = 0.0;
        for part in &self.parts {
            let whole = surfaces.whole(*part, &self.anchors[usize::from(part.body)]);
            if let Some(fault) = whole.fault() {
                return Some(format!("surface of {part:?}: {fault}"));
            }
            volume += whole.volume();
        }
        ((volume / self.volume - 1.0).abs() > 1e-3)
            .then(|| format!("surfaces enclose {volume} of {} mm³", self.volume))
    }
}

/// The scene of a pack.
fn twin(file: &str) -> Result<Body, Box<dyn Error>> {
    let pack = pack::decode(&fs::read(file)?).map_err(|error| format!("{file}: {error}"))?;
    if pack.scene.lattice.cells.is_empty() {
        return Err(format!("{file}: nothing in it is soft; name a twin with tissue").into());
    }
    Ok(Body::new(file.to_owned(), pack.scene.clone(), Some(&pack)))
}

fn bodies() -> Vec<Body> {
    let made = [
        ("ball", Lattice::ball(26.0, 6.5)),
        ("pad", Lattice::bar([9, 7, 3], 5.0)),
        ("hollow ball", Lattice::shell(17.0, 27.0, 5.0)),
    ];
    made.into_iter()
        .map(|(name, lattice)| Body::new(name.to_owned(), held(lattice), None))
        .collect()
}

/// Soft tissue, held by its lower third.
fn held(lattice: Lattice) -> Scene {
    let heights = lattice.cells.iter().map(|c| c.coord[2]);
    let (low, high) = (heights.clone().min().unwrap_or(0), heights.max().unwrap_or(0));
    let supports = lattice.cells.iter().enumerate();
    let supports = supports
        .filter(|(_, c)| c.coord[2] <= low + (high - low) / 3)
        .map(|(c, _)| Support {
            point: Embedding { cell: c as u32, local: [0.5; 3] },
            stiffness: [20.0; 3],
        })
        .collect();
    let material = Material { damping: 0.05, ..Material::neo_hookean(5.0, 0.45, 1.06e-6) };
    let gravity = [0.0, 0.0, -9810.0];
    // Two structures, side by side.
    let middle = (low + high) / 2;
    let label = |cell: u16, s: u32| if 2 * (cell + (s as u16 >> 4)) > 3 * middle { 2 } else { 1 };
    let of = |c: &Cell| {
        let (height, samples) = (c.coord[2], c.samples);
        (0..64).map(move |s| if samples >> s & 1 == 1 { label(height, s) } else { 0 })
    };
    let labels = lattice.cells.iter().flat_map(of).collect();
    Scene {
        lattice,
        labels,
        materials: vec![material],
        supports,
        gravity,
        rest_gravity: gravity,
        ..Scene::default()
    }
}

/// A few strokes about the tissue: straight and crooked ones, loops, along rows of samples and faces of cells, over others
/// again, and some that hardly move.
fn strokes(scene: &Scene, seed: u64) -> Vec<Stroke> {
    let mut noise = Noise(seed);
    let lattice = &scene.lattice;
    let (mut low, mut high) = ([f32::INFINITY; 3], [f32::NEG_INFINITY; 3]);
    for node in &lattice.nodes {
        for a in 0..3 {
            let x = lattice.origin[a] + lattice.spacing * f32::from(node[a]);
            (low[a], high[a]) = (low[a].min(x), high[a].max(x));
        }
    }
    let middle: [f32; 3] = std::array::from_fn(|a| 0.5 * (low[a] + high[a]));
    let half: [f32; 3] = std::array::from_fn(|a| 0.55 * (high[a] - low[a]));
    let mut strokes: Vec<Stroke> = Vec::new();
    for _ in 0..1 + noise.below(5) {
        let mut place = |spread: f32| -> [f32; 3] {
            std::array::from_fn(|a| middle[a] + spread * half[a] * noise.signed())
        };
        let (start, end, depth) = (place(1.0), place(1.0), place(0.8));
        let kind = noise.below(8);
        let parts = 1 + noise.below(6) as usize;
        let mut stroke: Stroke = (0..=parts)
            .map(|i| {
                let t = i as f32 / parts as f32;
                let at: [f32; 3] = std::array::from_fn(|a| start[a] + t * (end[a] - start[a]));
                let tip = std::array::from_fn(|a| at[a] + depth[a] - middle[a]);
                [at, tip]
            })
            .collect();
        match kind {
            // Crooked.
            0 | 1 => {
                for at in stroke.iter_mut().flatten().flatten() {
                    *at += 0.15 * half[0] * noise.signed();
                }
            }
            // A closed loop about the third axis.
            2 => {
                let radius = (0.2 + 0.3 * noise.signed().abs()) * half[0].min(half[1]);
                stroke = (0..=12)
                    .map(|i| {
                        let turn = i as f32 / 12.0 * std::f32::consts::TAU;
                        let at = [start[0] + radius * turn.cos(), start[1] + radius * turn.sin()];
                        [[at[0], at[1], high[2] + 1.0], [at[0], at[1], depth[2]]]
                    })
                    .collect();
            }
            // Along a plane of sample centres, sample faces or cell faces.
            3 | 4 => {
                let axis = noise.below(3) as usize;
                let step = lattice.spacing / 8.0;
                let row = ((start[axis] - lattice.origin[axis]) / step).round();
                stroke
                    .iter_mut()
                    .flatten()
                    .for_each(|at| at[axis] = lattice.origin[axis] + row * step);
            }
            // Where another one went, nearly or quite.
            5 if !strokes.is_empty() => {
                let other = noise.below(strokes.len() as u64) as usize;
                let aside = if noise.below(2) == 0 { 0.0 } else { 0.3 * lattice.spacing };
                stroke = strokes[other].clone();
                stroke.reverse();
                stroke.iter_mut().flatten().flatten().for_each(|x| *x += aside * noise.signed());
            }
            // It hardly moves.
            6 => {
                let first = stroke[0];
                for edge in &mut stroke {
                    for (at, from) in edge.iter_mut().flatten().zip(first.iter().flatten()) {
                        *at = from + 0.05 * (*at - from);
                    }
                }
            }
            _ => {}
        }
        strokes.push(stroke);
    }
    strokes
}

/// What does not hold when these strokes are made, if anything.
fn problem(body: &Body, strokes: &[Stroke]) -> Option<String> {
    let outcome = panic::catch_unwind(panic::AssertUnwindSafe(|| violation(body, strokes)));
    outcome.unwrap_or_else(|_| Some("panic".into()))
}

fn violation(body: &Body, strokes: &[Stroke]) -> Option<String> {
    let whole = &body.scene;
    let (mut scene, mut incisions) = (whole.clone(), Incisions::new(&whole.lattice));
    let mut model = Arc::new(Model::new(&scene).ok()?);
    let mut state = State::at_rest(&model);
    let mass = |model: &Model| -> f64 { model.masses().iter().map(|m| f64::from(*m)).sum() };
    let all = mass(&model);
    let mut solver = Solver::new(Arc::clone(&model));
    for (s, stroke) in strokes.iter().enumerate() {
        for edges in stroke.windows(2) {
            let division = incisions.cut(&mut scene, edges[0], edges[1]);
            if let Some(fault) = incisions.fault(&whole.lattice, &scene.lattice) {
                return Some(fault);
            }
            if division.is_empty() {
                continue;
            }
            let after = match Model::new(&scene) {
                Ok(model) => Arc::new(model),
                Err(error) => return Some(error.to_string()),
            };
            division.carry_state(&model, &after, &mut state);
            model = after;
            solver = Solver::new(Arc::clone(&model));
        }
        if let Some(fault) = body.fault(&scene, &incisions) {
            return Some(format!("{fault} after stroke {s}"));
        }
        if (mass(&model) / all - 1.0).abs() > 1e-5 {
            return Some(format!("{} kg of {all} after stroke {s}", mass(&model)));
        }
        // Nothing pulls: nothing may move.
        if s == 0 {
            solver.step(&mut state, &Control::default());
            let moved = state.max_displacement();
            if moved > 1e-3 * scene.lattice.spacing {
                return Some(format!("{moved} mm of motion without a load"));
            }
        }
    }
    let mut noise = Noise(strokes.len() as u64);
    let cell = noise.below(scene.lattice.cells.len() as u64) as u32;
    let point = Embedding { cell, local: [0.5; 3] };
    let force = std::array::from_fn(|_| 20.0 * noise.signed());
    let pull = Control { loads: vec![Load { point, force }], ..Control::default() };
    let alone = Control::default();
    for n in 0..PULLED + LEFT_ALONE {
        solver.step(&mut state, if n < PULLED { &pull } else { &alone });
        if state
            .displacements
            .iter()
            .chain(&state.velocities)
            .any(|u| to_f32(*u).iter().any(|x| !x.is_finite()))
        {
            return Some("a displacement that is no number".into());
        }
    }
    let speed =
        state.velocities.iter().flat_map(|v| to_f32(*v)).fold(0.0, |a: f32, v| a.max(v.abs()));
    if speed < SETTLED && inverted(&scene, &state) {
        return Some("a cell is inverted once all has settled".into());
    }
    None
}

/// Is any element inverted at its middle?
fn inverted(scene: &Scene, state: &State) -> bool {
    // What is less than an eighth full is no element.
    let elements =
        scene.lattice.cells.iter().enumerate().filter(|(_, c)| c.samples.count_ones() > 8);
    elements.map(|(c, _)| Embedding { cell: c as u32, local: [0.5; 3] }).any(|point| {
        scene.lattice.deformation_gradient(&state.displacements, &point).determinant() <= 0.0
    })
}

/// The fewest strokes, and parts of them, that still show a problem.
fn shrink(body: &Body, mut strokes: Vec<Stroke>) -> Vec<Stroke> {
    loop {
        let fewer = |strokes: &Vec<Stroke>| {
            let without = (0..strokes.len()).map(|s| {
                let mut fewer = strokes.clone();
                fewer.remove(s);
                fewer
            });
            let shorter = (0..strokes.len()).flat_map(|s| {
                (0..strokes[s].len()).filter(move |_| strokes[s].len() > 2).map(move |i| {
                    let mut fewer = strokes.clone();
                    fewer[s].remove(i);
                    fewer
                })
            });
            without.chain(shorter).find(|fewer| problem(body, fewer).is_some())
        };
        match fewer(&strokes) {
            Some(next) => strokes = next,
            None => return strokes,
        }
    }
}
