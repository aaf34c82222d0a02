//! Kernels with touches, pressure and strain points against their twins in Rust, one after the other. Without a GPU they say so and pass.

use std::sync::Arc;

use bytemuck::{cast_slice, pod_collect_to_vec};

use super::{
    device::Gpu,
    kernels::{Binding, Dispatch, Step, cycle},
    layout::{VECTOR_BYTES, vector},
    solver::GpuSolver,
    touches::{LAW_UNITS, UNIT},
};
use crate::{
    contact::{
        MAX_TOUCHES,
        instrument::{Instrument, Pose},
    },
    control::Control,
    lattice::{Cell, Embedding, Lattice},
    model::Model,
    multigrid::{subtract_inertia, subtract_surrogate},
    real::{Lanes, dot, length_squared, node_vector},
    scene::{Law, Material, Membrane, Scene, Support, Surface},
    state::State,
    step::{Solver, StepReport},
};

/// Largest difference over the largest value: f32 in another order; the coarsest level is solved in f32 there and in f64 here.
const TOLERANCE: f32 = 1e-5;
/// Of what is left of far larger numbers: what a touch resists hangs on the way that it went, a small difference of displacements, and
/// strained tissue near balance has a small gradient.
const LOOSE_TOLERANCE: f32 = 1e-4;
/// Fields of the finest level.
const GRADIENT: usize = 0;
const SEARCH: usize = 3;
const PRODUCT: usize = 4;
/// Fields of all levels.
const RESIDUAL: usize = 0;
const SOLUTION: usize = 1;
const DIRECTION: usize = 2;
const INVERSE: usize = 3;

/// Two blocks of tissue, the lower one held; the upper one lies on it, a ball rubs over it, all with friction.
fn pressed() -> (Arc<Model>, Solver, State, Control) {
    let boxes =
        [[[-40.0, -40.0, -48.0], [40.0, 40.0, 0.0]], [[-24.0, -20.0, 1.0], [16.0, 20.0, 33.0]]];
    let part = |[low, high]: [[f32; 3]; 2]| {
        Lattice::sampled([-64.0; 3], 8.0, [16; 3], |p| {
            (0..3).all(|a| (low[a]..high[a]).contains(&p[a]))
        })
    };
    let lattice = part(boxes[0]).with_body(&part(boxes[1]));
    let distances = lattice.distances(|body, p| {
        let [low, high]: [[f32; 3]; 2] = boxes[usize::from(body)];
        (0..3).map(|a| (low[a] - p[a]).max(p[a] - high[a])).fold(f32::MIN, f32::max)
    });
    let supports = (0..lattice.cells.len() as u32)
        .map(|cell| Embedding { cell, local: [0.5; 3] })
        .filter(|point| lattice.rest_position(point)[2] < -40.0)
        .map(|point| Support { point, stiffness: [500.0; 3] })
        .collect();
    // Pressure on one side.
    let side = side(&lattice, -36.0);
    let scene = Scene {
        lattice,
        surfaces: vec![side],
        materials: vec![Material { damping: 0.02, ..Material::neo_hookean(5.0, 0.45, 1.06e-6) }],
        supports,
        distances,
        friction: 0.3,
        gravity: [0.0, 0.0, -9810.0],
        ..Scene::default()
    };
    let model = Arc::new(Model::new(&scene).expect("a sound scene"));
    let (mut solver, mut state) = (Solver::new(Arc::clone(&model)), State::at_rest(&model));
    let pose = Pose { position: [28.0, 0.0, 16.0].into(), ..Pose::default() };
    model.wield(&mut state, 0, Instrument::Ball { radius: 10.0 }, pose).expect("a ball");
    let mut control = Control { pressures: vec![1.5], ..Control::default() };
    for step in 0..40_u8 {
        let t = f32::from(step);
        control.tool_goals[0] = Some([28.0, 0.3 * t, 16.0 - 0.4 * t.min(30.0)]);
        solver.step(&mut state, &control);
    }
    (model, solver, state, control)
}

/// The faces towards −x of the cells that begin below `limit` [mm].
fn side(lattice: &Lattice, limit: f32) -> Surface {
    let mut side = Surface::default();
    for cell in 0..lattice.cells.len() as u32 {
        let face = [[0.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, 1.0], [0.0, 1.0, 0.0]];
        let face = face.map(|local| Embedding { cell, local });
        if lattice.rest_position(&face[0])[0] < limit {
            let first = side.points.len() as u32;
            side.points.extend(face);
            side.triangles.extend([[0, 1, 2], [0, 2, 3]].map(|t| t.map(|v| v + first)));
        }
    }
    side
}

/// A ball of which each layer has another law, with fibres that turn, muscle, and a membrane on its left half; held at one end,
/// contracting and sagging.
fn strained() -> (Arc<Model>, Solver, State, Control) {
    let laws = [
        Law::NeoHookean { young: 5.0, poisson: 0.45 },
        Law::MooneyRivlin { c1: 0.7, c2: 0.3, bulk: 20.0 },
        Law::Ogden { terms: [(0.67, -19.0), (0.2, 3.0)], bulk: 20.0 },
        Law::Guccione { c: 2.0, fibre: 8.0, transverse: 2.0, shear: 4.0, bulk: 20.0 },
        Law::HolzapfelOgden {
            matrix: (0.5, 8.023),
            fibre: (18.472, 16.026),
            sheet: (2.481, 11.12),
            shear: (0.216, 11.436),
            bulk: 20.0,
        },
    ];
    let mut lattice = Lattice::ball(40.0, 8.0);
    for cell in &mut lattice.cells {
        cell.material = cell.coord[2] % laws.len() as u16;
    }
    let turning = |cell: &Cell| {
        let (sin, cos) = (0.3 * f32::from(cell.coord[0])).sin_cos();
        [[cos, sin, 0.2], [-sin, cos, 0.0]]
    };
    let supports = (0..lattice.cells.len() as u32)
        .map(|cell| Embedding { cell, local: [0.5; 3] })
        .filter(|point| lattice.rest_position(point)[2] > 24.0)
        .map(|point| Support { point, stiffness: [50.0; 3] })
        .collect();
    let scene = Scene {
        fibres: lattice.cells.iter().map(turning).collect(),
        surfaces: vec![side(&lattice, 0.0)],
        membranes: vec![Membrane {
            surface: 0,
            thickness: 0.1,
            young: 200.0,
            poisson: 0.4,
            stiffening: 3.0,
        }],
        lattice,
        materials: laws
            .map(|law| Material { damping: 0.02, active: 4.0, ..Material::of(law, 1.06e-6) })
            .into(),
        supports,
        gravity: [0.0, 2000.0, -9810.0],
        ..Scene::default()
    };
    let model = Arc::new(Model::new(&scene).expect("a sound scene"));
    let (mut solver, mut state) = (Solver::new(Arc::clone(&model)), State::at_rest(&model));
    let mut control = Control::default();
    for step in 0..20_u8 {
        control.activation = f32::from(step) / 25.0;
        solver.step(&mut state, &control);
    }
    (model, solver, state, control)
}

/// Noise of size one at each node.
fn noise(count: usize) -> Vec<Lanes> {
    let mut seed = 3_u32;
    let mut next = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..count).map(|_| node_vector([next(), next(), next()])).collect()
}

fn difference(name: &str, ours: &[Lanes], theirs: &[Lanes]) -> f32 {
    assert_eq!(ours.len(), theirs.len(), "{name}");
    let largest = |all: &mut dyn Iterator<Item = Lanes>| {
        all.map(|v| length_squared(v).sqrt())
            .fold(0.0, |a: f32, b| if b > a || b.is_nan() { b } else { a })
    };
    let size = largest(&mut ours.iter().copied());
    let relative = largest(&mut ours.iter().zip(theirs).map(|(a, b)| *a - *b)) / size;
    eprintln!("{name}: {} values up to {size:.2e}, difference {relative:.1e}", ours.len());
    assert!(size > 0.0, "{name}");
    relative
}

impl GpuSolver {
    fn run_alone(&self, dispatches: &[Dispatch]) {
        let mut encoder = self.gpu().device.create_command_encoder(&Default::default());
        self.encode(dispatches, &mut encoder);
        self.gpu().queue.submit([encoder.finish()]);
    }

    fn fetch(&self, binding: Binding, offset: usize, count: usize) -> Vec<Lanes> {
        let bytes = (count * VECTOR_BYTES) as u64;
        let staging = self.gpu().device.create_buffer(&wgpu::BufferDescriptor {
            label: None,
            size: bytes,
            usage: wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ,
            mapped_at_creation: false,
        });
        let mut encoder = self.gpu().device.create_command_encoder(&Default::default());
        encoder.copy_buffer_to_buffer(
            &self.buffers[binding as usize],
            offset as u64,
            &staging,
            0,
            bytes,
        );
        self.gpu().queue.submit([encoder.finish()]);
        let take = |data: &[u8]| -> Vec<[f32; 4]> { pod_collect_to_vec(data) };
        let values =
            pollster::block_on(self.gpu().read(&staging, bytes, take)).expect("a GPU that stays");
        values.into_iter().map(Lanes::new).collect()
    }

    /// Where a level's part of a field of all levels starts [bytes].
    fn place(&self, field: usize, level: usize) -> usize {
        let first = self.packed.levels[level].first_node as usize;
        (field * self.packed.nodes.len() + first) * VECTOR_BYTES
    }

    fn put(&self, offset: usize, values: &[Lanes]) {
        let values: Vec<[f32; 4]> = values.iter().map(|v| vector(*v)).collect();
        self.write(Binding::Vectors, offset, cast_slice(&values));
    }
}

fn xyz(v: Lanes) -> Lanes {
    let [x, y, z, _] = v.to_array();
    node_vector([x, y, z])
}

/// A GPU, or a loud word that there is none.
fn gpu(what: &str) -> Option<Gpu> {
    pollster::block_on(Gpu::open()).map_err(|error| eprintln!("skipping {what}: {error}")).ok()
}

/// Evaluate the beginning of a step on both sides, and bring all levels in line with it. Where that was.
fn evaluate(
    on_gpu: &mut GpuSolver,
    solver: &mut Solver,
    state: &mut State,
    control: &Control,
) -> Vec<Lanes> {
    let model = Arc::clone(solver.model());
    let phase = solver.open(state, control, &mut StepReport::default());
    let phase = phase.expect("a step for the GPU");
    assert!(on_gpu.send(solver, state, control, phase));
    let mut refresh = on_gpu.opening.clone();
    refresh.push((Step::InvertDiagonal, 0));
    for level in 1..model.grids.len() {
        refresh.extend([(Step::Coarsen, level), (Step::InvertDiagonal, level)]);
    }
    refresh.push((Step::Factor, 0));
    on_gpu.run_alone(&refresh);
    let newton = solver.newton_mut();
    newton.viscosity.start(&model, &state.displacements, &state.memory, 1.0 / control.dt);
    let u = newton.inertial.clone();
    newton.pressures.follow(&model, &u);
    let ours = newton.evaluate(&model, &u, phase);
    newton.multigrid.refresh(&model, phase.shift);
    let theirs = on_gpu.fetch(Binding::Journal, 0, 1)[0].to_array();
    // The work of pressures is summed apart.
    let energy = ours.value + dot(newton.pressures.forces(), &u) - f64::from(theirs[0]);
    let relative = energy.abs() / ours.magnitude;
    eprintln!("energy {:.3e} mN mm, difference {relative:.1e}", ours.value);
    assert!(relative < f64::from(TOLERANCE));
    u
}

/// Diagonals and products of every level, the exact product, and a V cycle.
fn compare_tangents(on_gpu: &GpuSolver, solver: &mut Solver) {
    let model = Arc::clone(solver.model());
    let newton = solver.newton_mut();
    let nodes = model.node_count();
    for (g, grid) in model.grids.iter().enumerate() {
        let level = &newton.multigrid.levels[g];
        let count = grid.node_count();
        let main = level
            .inverse
            .iter()
            .map(|[x, y, z]| node_vector([x.to_array()[0], y.to_array()[1], z.to_array()[2]]));
        let theirs = on_gpu.fetch(Binding::Vectors, on_gpu.place(INVERSE, g), count);
        let theirs: Vec<_> = theirs.into_iter().map(xyz).collect();
        let name = format!("inverse diagonal of level {g}");
        assert!(difference(&name, &main.collect::<Vec<_>>(), &theirs) < TOLERANCE);

        let direction = noise(count);
        let mut product = vec![Lanes::default(); count];
        subtract_inertia(level, &direction, &mut product);
        subtract_surrogate(grid, level, &direction, &mut product);
        on_gpu.put(on_gpu.place(DIRECTION, g), &direction);
        on_gpu.put(on_gpu.place(RESIDUAL, g), &vec![Lanes::default(); count]);
        let kernel = if g == 0 { Step::ProductFinest } else { Step::Product };
        on_gpu.run_alone(&[(Step::Pull, g), (kernel, g), (Step::EndSmoothing, g)]);
        let theirs = on_gpu.fetch(Binding::Vectors, on_gpu.place(RESIDUAL, g), count);
        assert!(difference(&format!("product of level {g}"), &product, &theirs) < TOLERANCE);
    }

    let search = noise(nodes);
    let mut product = vec![Lanes::default(); nodes];
    newton.tangent_product(&model, &search, &mut product);
    on_gpu.put(on_gpu.field(SEARCH), &search);
    on_gpu.run_alone(&[
        (Step::PullSearch, 0),
        (Step::MoveVertices, 0),
        (Step::TurnLoads, 0),
        (Step::MultiplySearch, 0),
        (Step::StrainSearch, 0),
        (Step::GatherProduct, 0),
    ]);
    let theirs = on_gpu.fetch(Binding::Vectors, on_gpu.field(PRODUCT), nodes);
    assert!(difference("exact product", &product, &theirs) < TOLERANCE);

    newton.multigrid.levels[0].residual.copy_from_slice(&search);
    newton.multigrid.cycle(&model.grids);
    on_gpu.put(on_gpu.place(RESIDUAL, 0), &search);
    let mut whole = Vec::new();
    cycle(0, on_gpu.packed.tail, &mut whole);
    on_gpu.run_alone(&whole);
    let theirs = on_gpu.fetch(Binding::Vectors, on_gpu.place(SOLUTION, 0), nodes);
    let ours = &newton.multigrid.levels[0].solution;
    assert!(difference("V cycle", ours, &theirs) < TOLERANCE);
}

#[test]
fn gpu_kernels_of_touches_are_twins_one_by_one() {
    let Some(gpu) = gpu("the kernels of touches") else { return };
    let (model, mut solver, mut state, control) = pressed();
    let mut on_gpu = GpuSolver::new(&gpu, &solver).expect("a GPU that stays");
    let u = evaluate(&mut on_gpu, &mut solver, &mut state, &control);
    let newton = solver.newton_mut();

    let links = &newton.multigrid.levels[0].links;
    let pairs = links.iter().filter(|l| l.is_pair && !l.is_slack()).count();
    let slack = links.iter().filter(|l| l.is_slack()).count();
    let sliding = newton.touches.iter().zip(links).filter(|(law, link)| {
        let friction = law.respond(link.normal, link.read(&u)).friction;
        law.bound > 0.0 && length_squared(friction).sqrt() > 0.999 * law.bound
    });
    let sliding = sliding.count();
    eprintln!("{} touches: {pairs} of bodies, {sliding} sliding, {slack} slack", links.len());
    assert!(pairs > 3 && sliding > 0 && slack > 0 && links.len() > pairs + slack);
    let stiffness = links.iter().flat_map(|link| {
        let [x, y, z] = link.stiffness.map(Lanes::to_array);
        [node_vector([x[0], y[1], z[2]]), node_vector([x[1], y[2], z[0]])]
    });
    let theirs = on_gpu.fetch(Binding::Acting, LAW_UNITS * MAX_TOUCHES * UNIT, 2 * links.len());
    assert!(
        difference("stiffness of touches", &stiffness.collect::<Vec<_>>(), &theirs)
            < LOOSE_TOLERANCE
    );
    let theirs = on_gpu.fetch(Binding::Vectors, on_gpu.field(GRADIENT), model.node_count());
    assert!(difference("gradient", &newton.gradient, &theirs) < TOLERANCE);
    compare_tangents(&on_gpu, &mut solver);
}

#[test]
fn gpu_kernels_of_strain_points_are_twins_one_by_one() {
    let Some(gpu) = gpu("the kernels of strain points") else { return };
    let (model, mut solver, mut state, control) = strained();
    let mut on_gpu = GpuSolver::new(&gpu, &solver).expect("a GPU that stays");
    evaluate(&mut on_gpu, &mut solver, &mut state, &control);
    let mut counts = [0; 5];
    for point in &on_gpu.packed.points {
        counts[point.law as usize] += 1;
    }
    eprintln!("points of each law: {counts:?}, activation {}", control.activation);
    assert!(counts.iter().all(|count| *count > 20));
    let theirs = on_gpu.fetch(Binding::Vectors, on_gpu.field(GRADIENT), model.node_count());
    assert!(difference("gradient", &solver.newton_mut().gradient, &theirs) < LOOSE_TOLERANCE);
    compare_tangents(&on_gpu, &mut solver);
}
