// What the kernels share: the structures that `layout.rs` has too, and one number for each buffer.
// Nodes and cells are counted through all levels, finest first, so that lists need no offsets.

const NONE = 0xffffffffu;

struct Cell {
    // Nodes of corners 0–3 and 4–7.
    corners: array<vec4u, 2>,
    // Centroid of the material; w: its volume over that of the coarse cell.
    centroid: vec4f,
    // Second moments p, q, r; w: ν/(1 − ν) of its strain points.
    moments: vec4f,
    // springs[x..y] act in it (finest level); z: its coupling by closed jaws (coarse levels) or NONE.
    held: vec4u,
    // lists[x..y]: cells of the finer level that it stands for; points[z..w]: its strain points (finest level).
    children: vec4u,
}

struct Node {
    // Lumped supports of a coarse level [mN/mm]; w: mass [kg].
    support: vec4f,
    // lists[x..y]: 8 · cell + corner of the cells around it.
    cells: vec2u,
    // lists[x..y]: coarse nodes that it takes its value from.
    coarse: vec2u,
    // lists[x..y]: finer nodes that take their value from it.
    fine: vec2u,
    // One over the number of `coarse`.
    share: f32,
    unused: u32,
}

struct Tissue {
    mu: f32,
    lambda: f32,
    rest: f32,
    shear: f32,
    gradient: f32,
    // τ of the damping [s].
    damping: f32,
    volume: f32,
    unused: f32,
}

struct Spring {
    // Weights of the cell's corners.
    weights: array<vec4f, 2>,
    stiffness: vec4f,
    goal: vec4f,
    multiplier: vec4f,
}

// A, B, C, their ∂J̄, then D, E, F, their ∂J̄: preconditioner and coarse levels read the first half.
struct Tangent {
    // w: shear, bulk and geometric of the preconditioner.
    state: array<vec4f, 3>,
    // w: μ / |A|², |B|², |C|².
    dilatation: array<vec4f, 3>,
    // w: shear, warp, bulk.
    hourglass: array<vec4f, 3>,
    // w: geometric, viscous, gradient.
    hourglass_dilatation: array<vec4f, 3>,
}

struct Level {
    first_node: u32,
    node_count: u32,
    first_cell: u32,
    cell_count: u32,
    chebyshev: vec4f,
}

struct Frame {
    gravity: vec4f,
    // 1/dt, 1/dt² of the inertia and in the Hessian.
    rate: f32,
    inertia: f32,
    shift: f32,
    // From sums over corners to gradient units.
    mode_scale: f32,
    // Longest step of a node [mm].
    reach: f32,
    tolerance: f32,
    cg_tolerance: f32,
    // Size of what acts from outside [mN].
    force_scale: f32,
    // Nodes of all levels.
    node_total: u32,
    // Last level, and the first that one workgroup handles alone.
    coarsest: u32,
    tail: u32,
    // Where the couplings start in `dense`.
    couplings: u32,
    // Touches of the step, and where their pulls, the order of their ends, its starts and those that are not slack begin in `acting`.
    touch_count: u32,
    pulls: u32,
    order: u32,
    starts: u32,
    // Vertices of all surfaces if pressure acts on one, and where what they are, their fans, what changes of them, their order by cell,
    // its starts and the pressures begin there.
    vertex_count: u32,
    vertices: u32,
    fans: u32,
    loads: u32,
    load_order: u32,
    load_starts: u32,
    pressures: u32,
    active_ends: u32,
    // Gain of a conjugate-gradient iteration that is worth no other [mN mm], twice.
    least_gain: f32,
    // Activation of the muscle.
    activation: f32,
    // Cells to look through for strain points: all, or none.
    strained_count: u32,
    unused: u32,
    levels: array<Level, 16>,
}

// Of a minimisation; `journal.rs` reads it back.
struct Journal {
    // Of each evaluation: energy but for what presses on surfaces, magnitude it was summed from, |gradient|², work of those loads on the
    // way there.
    energies: array<vec4f, 3>,
    // Of each Newton step: slope, length and longest node of the step as taken, its scale.
    steps: array<vec4f, 2>,
    // Of each Newton step: |diagonal · u|².
    roundings: array<vec4f, 2>,
    evaluations: u32,
    newton_iterations: u32,
    cg_iterations: u32,
    // Directions of negative curvature.
    negative: u32,
    // Conjugate gradients: rᵀz now, and twice the energy gained so far.
    product: f32,
    gained: f32,
    alpha: f32,
    beta: f32,
    // No more conjugate gradients in this Newton iteration: 1.
    finished: u32,
    // Conjugate-gradient iterations begun in this Newton iteration.
    iteration: u32,
    // Balanced: no more Newton iterations: 1.
    balanced: u32,
    unused: u32,
}

// A symmetric tensor.
struct Symmetric {
    // xx, yy, zz.
    main: vec3f,
    // xy, yz, zx.
    shear: vec3f,
}

// Strain in a cell, or the stress that works on it: mean, and along ξ (yy, zz, 2yz), η (xx, zz, 2zx), ζ (xx, yy, 2xy).
struct StrainField {
    mean: Symmetric,
    xi: vec3f,
    eta: vec3f,
    zeta: vec3f,
}

// A point with an energy of its own; see `strain.rs`.
struct StrainPoint {
    // From the material's centroid, local coordinates.
    local: vec3f,
    // Fraction of the cell's volume.
    weight: f32,
    // Fibre and sheet; the normal stands on them.
    fibre: vec3f,
    // Greatest active stress along the fibre [kPa].
    muscle: f32,
    sheet: vec3f,
    // Number of its law, and the constants of that.
    law: u32,
    constants: array<vec4f, 2>,
    // Tangent at the last evaluation, times the weight, in axes of which these are two.
    first: vec3f,
    second: vec3f,
    diagonal: Symmetric,
    ranks: array<Symmetric, 2>,
}

@group(0) @binding(0) var<uniform> at_level: vec4u;
@group(0) @binding(1) var<uniform> frame: Frame;
@group(0) @binding(2) var<storage, read> cells: array<Cell>;
@group(0) @binding(3) var<storage, read> tissues: array<Tissue>;
@group(0) @binding(4) var<storage, read> nodes: array<Node>;
@group(0) @binding(5) var<storage, read> lists: array<u32>;
@group(0) @binding(6) var<storage, read> springs: array<Spring>;
@group(0) @binding(7) var<storage, read_write> tangents: array<Tangent>;
// Fields of nodal vectors: residual, solution, direction and two for the inverse of the diagonal block of all levels, then those of
// the finest level; after them the forces that the cells of all levels leave at their corners.
@group(0) @binding(8) var<storage, read_write> vectors: array<vec4f>;
// The strain C − I that viscosity draws to: xx, yy, zz (w: modulus over the shear modulus) and xy, yz, zx.
@group(0) @binding(9) var<storage, read_write> strains: array<vec4f>;
@group(0) @binding(10) var<storage, read_write> partials: array<vec4f>;
@group(0) @binding(11) var<storage, read_write> journal: Journal;
// The coarsest level's matrix, then its inverse; after it 8 × 8 couplings of coarse cells by closed jaws.
@group(0) @binding(12) var<storage, read_write> dense: array<f32>;
// The step's touches and pressures, as bits: see `touches.wgsl` and `pressure.wgsl`.
@group(0) @binding(13) var<storage, read_write> acting: array<vec4u>;
@group(0) @binding(14) var<storage, read_write> points: array<StrainPoint>;
// Their stress in each cell of the finest level.
@group(0) @binding(15) var<storage, read_write> stresses: array<StrainField>;

fn level() -> Level {
    return frame.levels[at_level.x];
}

fn solution(node: u32) -> u32 {
    return frame.node_total + node;
}

fn direction(node: u32) -> u32 {
    return 2u * frame.node_total + node;
}

// Symmetric: (xx, yy, zz, xy), and (yz, zx) after `node_total` more.
fn inverse(node: u32) -> u32 {
    return 3u * frame.node_total + node;
}

// Fields of the finest level.
const GRADIENT = 0u;
const CHANGE = 1u;
const REMAINDER = 2u;
const SEARCH = 3u;
const PRODUCT = 4u;
const INERTIAL = 5u;
const DISPLACEMENT = 6u;
const DIAGONAL = 7u;

fn finest(field: u32, node: u32) -> u32 {
    return 5u * frame.node_total + field * frame.levels[0].node_count + node;
}

// A corner of any cell, counted 8 · cell + corner.
fn corner_force(index: u32) -> u32 {
    return finest(8u, 0u) + index;
}

// Stiffness of mass and lumped supports at a node [mN/mm].
fn inertia_of(node: Node) -> vec3f {
    return node.support.xyz + vec3f(node.support.w * frame.shift);
}

// Are the conjugate gradients of this Newton iteration over? Then what is left of them has nothing to do.
fn is_idle() -> bool {
    return journal.finished != 0u;
}

// Workgroup sums: x, y, z added, w the greatest.
var<workgroup> sums: array<vec4f, 64>;

fn merge(a: vec4f, b: vec4f) -> vec4f {
    return vec4f(a.xyz + b.xyz, max(a.w, b.w));
}

fn reduce(lane: u32, value: vec4f) -> vec4f {
    sums[lane] = value;
    for (var width = 32u; width > 0u; width >>= 1u) {
        workgroupBarrier();
        if lane < width {
            sums[lane] = merge(sums[lane], sums[lane + width]);
        }
    }
    workgroupBarrier();
    return sums[0];
}
