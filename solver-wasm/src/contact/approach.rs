//! Which points of the skin are near an instrument, an obstacle or another body, how near, and in which direction.
//!
//! A point in a deformed cell of another body is taken back to that cell's local coordinate; there the signed distance of the
//! body at rest gives the depth, and its gradient, pulled forward by F⁻ᵀ, the normal.

use nalgebra::Vector3;

use super::{
    candidates::{Candidates, bounds, corners, is_below},
    instrument::Pose,
    obstacle::trilinear,
    skin::{POINT_AREA, Patch},
    touch::{MAX_TOUCHES, Partner, dot3},
};
use crate::{
    control::TOOL_COUNT,
    lattice::Embedding,
    message::STEP_DT,
    model::Model,
    real::{Lanes, Real, from_f32, length_squared, node_vector, real},
    state::State,
};

/// Points as near as this are watched during the step [cells].
const MARGIN: Real = 0.25;
/// Penalty over the stiffness of the tissue under a touch with a neighbour or an obstacle.
const PENALTY: Real = 2.0;
/// The same with an instrument: it moves, fast and with thin edges, and must not be lagged behind.
const TOOL_PENALTY: Real = 16.0;
/// Greatest traction of a touch over the shear modulus of the tissue, as of the forceps: then it gives way.
const MAX_TRACTION: Real = 60.0;
/// Slope of a signed distance, over that of a true one, below which it says nothing about a direction.
const LEAST_SLOPE: Real = 0.2;
/// A cell stretched beyond this has lost its shape: nothing is looked for in it [cells].
const LONGEST: Real = 16.0;
/// Added to what a point lies in its neighbour at rest [mm]: rounding.
const REST_SLACK: Real = 0.01;

/// A point of the skin near something.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Approach {
    pub point: u32,
    pub partner: Partner,
    /// The partner's material point, if it is a body.
    pub other: Option<Embedding>,
    /// From the partner to the point, unit length.
    pub normal: Lanes,
    /// Distance beyond that at rest, negative if the point is deeper [mm].
    pub gap: Real,
    /// Motion of the partner's surface during this step that the state does not show: an instrument's [mm].
    pub slide: Lanes,
    /// Penalty stiffness [mN/mm].
    pub penalty: Real,
    /// Greatest pressure [mN].
    pub limit: Real,
}

/// Finds approaches: scratch.
#[derive(Clone, Debug)]
pub(crate) struct Approaches {
    /// By point and partner, one each.
    pub found: Vec<Approach>,
    /// Were there more than [`MAX_TOUCHES`]?
    pub overflow: bool,
    candidates: Candidates,
}

impl Approaches {
    pub fn new(model: &Model) -> Self {
        Self {
            found: Vec::with_capacity(MAX_TOUCHES),
            overflow: false,
            candidates: Candidates::new(model),
        }
    }

    /// Everything that may touch within `dt` of the state; `before` is where the instruments were a moment ago.
    pub fn find(&mut self, model: &Model, state: &State, before: &[Pose; TOOL_COUNT], dt: Real) {
        self.found.clear();
        self.overflow = false;
        if model.skin.patches.is_empty() {
            return;
        }
        self.find_tools(model, state, before, dt);
        let has_bodies = model.skin.body_count > 1;
        if has_bodies || !model.obstacles.is_empty() {
            self.candidates.update(model, &state.displacements);
            self.find_obstacles(model, state, dt);
            if has_bodies {
                self.find_bodies(model, state, dt);
            }
        }
        self.found.sort_unstable_by(|a, b| {
            (a.point, a.partner).cmp(&(b.point, b.partner)).then(a.gap.total_cmp(&b.gap))
        });
        self.found.dedup_by_key(|a| (a.point, a.partner));
    }

    /// Deepest point [mm, positive].
    pub fn penetration(&self) -> Real {
        self.found.iter().fold(0.0, |deepest, a| if -a.gap > deepest { -a.gap } else { deepest })
    }

    /// How deep points lie in neighbours and obstacles at rest.
    pub fn rest_gaps(&mut self, model: &Model) -> Vec<(u32, Partner, Real)> {
        self.find(model, &State::at_rest(model), &[Pose::default(); TOOL_COUNT], 0.0);
        let deep = self.found.iter().filter(|a| a.gap < 0.0);
        deep.map(|a| (a.point, a.partner, a.gap - REST_SLACK)).collect()
    }

    fn find_tools(&mut self, model: &Model, state: &State, before: &[Pose; TOOL_COUNT], dt: Real) {
        let lattice = &model.lattice;
        let margin = MARGIN * real(lattice.spacing);
        for (t, (tool, before)) in state.tools.iter().zip(before).enumerate() {
            let Some(instrument) = tool.instrument else { continue };
            let pose = tool.pose();
            for patch in &model.skin.patches {
                if !is_near(model, state, patch, [pose.position; 2], instrument.reach()) {
                    continue;
                }
                for p in patch.first..patch.first + patch.count {
                    let point = &model.skin.points[p as usize];
                    let at = vector(lattice.position(&state.displacements, point));
                    let local = pose.local(at);
                    let partner = Partner::Tool(t as u8);
                    let (mut gap, out) = instrument.distance(local);
                    let mut normal = lanes(pose.turn(out));
                    if state.touch(p, partner).is_some_and(|last| dot3(last.normal, normal) < 0.0) {
                        // Pressed past the middle of a thin instrument: it leaves on the side that it came from.
                        gap = -2.0 * instrument.half_thickness() - gap;
                        normal = -normal;
                    }
                    if ahead(model, state, point, normal, gap, dt) > margin {
                        continue;
                    }
                    let slide = lanes(at - before.world(local));
                    let (penalty, limit) =
                        stiffness(model, patch.cell, patch.cell, POINT_AREA, TOOL_PENALTY);
                    push(
                        &mut self.found,
                        &mut self.overflow,
                        Approach {
                            point: p,
                            partner,
                            other: None,
                            normal,
                            gap,
                            slide,
                            penalty,
                            limit,
                        },
                    );
                }
            }
        }
    }

    fn find_obstacles(&mut self, model: &Model, state: &State, dt: Real) {
        let margin = MARGIN * real(model.lattice.spacing);
        let Self { found, overflow, candidates } = self;
        let fastest = state.velocities.iter().map(|v| length_squared(*v)).fold(0.0, Real::max);
        // A skin point may lie a little outside its cell, and so be a little faster than its nodes.
        let reach = margin + 1.05 * fastest.sqrt() * dt;
        candidates.for_each_obstacle(model, reach, |i, p, middle| {
            let patch = &model.skin.patches[p as usize];
            let point = &model.skin.points[patch.middle as usize];
            let obstacle = &model.obstacles[usize::from(i)];
            let Some((depth, slope)) = obstacle.distance(vector(middle)) else { return };
            let steep = slope.norm();
            if steep < LEAST_SLOPE {
                return;
            }
            let partner = Partner::Obstacle(i);
            let gap = depth - model.skin.rest_gap(patch.middle, partner);
            let normal = lanes(slope / steep);
            if ahead(model, state, point, normal, gap, dt) > margin {
                return;
            }
            let (penalty, limit) = stiffness(model, patch.cell, patch.cell, patch.area(), PENALTY);
            let approach = Approach {
                point: patch.middle,
                partner,
                other: None,
                normal,
                gap,
                slide: Lanes::default(),
                penalty,
                limit,
            };
            push(found, overflow, approach);
        });
    }

    fn find_bodies(&mut self, model: &Model, state: &State, dt: Real) {
        let (lattice, skin) = (&model.lattice, &model.skin);
        let spacing = real(lattice.spacing);
        let Self { found, overflow, candidates } = self;
        candidates.for_each(model, &state.displacements, |c, patches, middles| {
            let cell = &lattice.cells[c as usize];
            let corners = corners(model, &state.displacements, c);
            let (low, high) = bounds(&corners);
            if !is_below(high - low, node_vector([LONGEST * spacing; 3])) {
                return;
            }
            let distances = cell.nodes.map(|n| skin.distances[n as usize]);
            let corners = corners.map(vector);
            for p in patches {
                let (patch, at) = (&skin.patches[*p as usize], middles[*p as usize]);
                if !(is_below(low, at) && is_below(at, high)) {
                    continue;
                }
                let point = &skin.points[patch.middle as usize];
                let Some(meeting) = meet(&corners, &distances, vector(at), spacing) else {
                    continue;
                };
                let partner = Partner::Body(cell.body);
                let gap = meeting.depth - skin.rest_gap(patch.middle, partner);
                let normal = lanes(meeting.normal);
                #[allow(clippy::unnecessary_cast)]
                let local = [0, 1, 2].map(|axis| meeting.local[axis] as f32);
                let other = model.carriers.resolve(&Embedding { cell: c, local });
                let closing = lattice.displacement(&state.velocities, point)
                    - lattice.displacement(&state.velocities, &other);
                let closing = dot3(normal, closing) * dt;
                if gap > MARGIN * spacing && gap + closing > MARGIN * spacing {
                    continue;
                }
                let (penalty, limit) = stiffness(model, patch.cell, c, patch.area(), PENALTY);
                let approach = Approach {
                    point: patch.middle,
                    partner,
                    other: Some(other),
                    normal,
                    gap,
                    slide: Lanes::default(),
                    penalty,
                    limit,
                };
                push(found, overflow, approach);
            }
        });
    }
}

/// Keep an approach, if there is room.
fn push(found: &mut Vec<Approach>, overflow: &mut bool, approach: Approach) {
    if found.len() < MAX_TOUCHES {
        found.push(approach);
    } else {
        *overflow = true;
    }
}

/// May the patch come within the margin of something that lies within `reach` [mm] of the line between two places?
pub(crate) fn is_near(
    model: &Model,
    state: &State,
    patch: &Patch,
    [from, to]: [Vector3<Real>; 2],
    reach: Real,
) -> bool {
    let lattice = &model.lattice;
    let cell = &lattice.cells[patch.cell as usize];
    let corner = Embedding { cell: patch.cell, local: [0.0; 3] };
    let at = vector(from_f32(lattice.rest_position(&corner)))
        + vector(state.displacements[cell.nodes[0] as usize]);
    let way = to - from;
    let square = way.norm_squared();
    let part = if square > 0.0 { ((at - from).dot(&way) / square).clamp(0.0, 1.0) } else { 0.0 };
    // A cell stretched to twice its size, its diagonal.
    let bound = reach + (2.0 * 1.8 + MARGIN) * real(lattice.spacing);
    (at - from - way * part).norm_squared() < bound * bound
}

/// The smaller of a gap now and after `dt` [mm].
fn ahead(
    model: &Model,
    state: &State,
    point: &Embedding,
    normal: Lanes,
    gap: Real,
    dt: Real,
) -> Real {
    let velocity = model.lattice.displacement(&state.velocities, point);
    let closing = dot3(normal, velocity) * dt;
    if closing < 0.0 { gap + closing } else { gap }
}

/// Penalty [mN/mm] and greatest pressure [mN] of a touch between the tissue of two cells on `area`, in squares of a cell's edge.
///
/// The penalty is a multiple of the tissue's own stiffness under a punch as wide as a cell (8 μ a, shared by area) and of the
/// inertia of the layer of cells under it, both of the softer side: as for the forceps, the gap falls several-fold each
/// step while the linear system stays as well conditioned as the tissue.
fn stiffness(model: &Model, a: u32, b: u32, area: Real, penalty: Real) -> (Real, Real) {
    let material = |cell: u32| usize::from(model.lattice.cells[cell as usize].material);
    let (a, b) = (material(a), material(b));
    let h = real(model.lattice.spacing);
    let mu = model.shear_moduli[a].min(model.shear_moduli[b]);
    let density = model.densities[a].min(model.densities[b]) as Real;
    let inertia = density * h * h * h / (real(STEP_DT) * real(STEP_DT));
    let penalty = penalty * area * (8.0 / std::f64::consts::PI as Real * mu * h + inertia);
    (penalty, MAX_TRACTION * mu * area * h * h)
}

/// A place in a cell of another body.
struct Meeting {
    local: Vector3<Real>,
    /// Signed distance from the body's surface [mm].
    depth: Real,
    /// Out of the body, unit length.
    normal: Vector3<Real>,
}

/// Where `at` lies in the cell with these corners [mm], if it lies in it; `distances` are its nodes', in cells.
fn meet(
    corners: &[Vector3<Real>; 8],
    distances: &[Real; 8],
    at: Vector3<Real>,
    spacing: Real,
) -> Option<Meeting> {
    const SLACK: Real = 0.01;
    let mut local = Vector3::repeat(0.5);
    let mut last = None;
    for _ in 0..8 {
        let (place, [a, b, c]) = image(corners, local);
        let areas = [b.cross(&c), c.cross(&a), a.cross(&b)];
        let determinant = a.dot(&areas[0]);
        if determinant.is_nan() || determinant < 1e-3 * spacing * spacing * spacing {
            return None;
        }
        let away = (place - at) / determinant;
        let step = Vector3::from_fn(|axis, _| away.dot(&areas[axis]));
        local -= step;
        if local.iter().any(|x| !(-1.0..=2.0).contains(x)) {
            return None;
        }
        last = Some((areas, determinant));
        if step.amax() < 1e-3 {
            break;
        }
    }
    let (areas, determinant) = last?;
    if local.iter().any(|x| !(-SLACK..=1.0 + SLACK).contains(x)) {
        return None;
    }
    let (depth, slope) = trilinear(distances, local);
    let out = (areas[0] * slope.x + areas[1] * slope.y + areas[2] * slope.z) / determinant;
    let steep = out.norm();
    // Cells a millimetre: 1/h at rest.
    if steep * spacing < LEAST_SLOPE {
        return None;
    }
    Some(Meeting {
        local,
        depth: depth / (steep * spacing).clamp(0.5, 2.0) * spacing,
        normal: out / steep,
    })
}

/// Position at a local coordinate and its derivatives.
fn image(corners: &[Vector3<Real>; 8], at: Vector3<Real>) -> (Vector3<Real>, [Vector3<Real>; 3]) {
    let axis = |i: usize| trilinear(&corners.map(|c| c[i]), at);
    let [(x, dx), (y, dy), (z, dz)] = [axis(0), axis(1), axis(2)];
    (Vector3::new(x, y, z), [0, 1, 2].map(|i| Vector3::new(dx[i], dy[i], dz[i])))
}

pub(crate) fn vector(v: Lanes) -> Vector3<Real> {
    let [x, y, z, _] = v.to_array();
    Vector3::new(x, y, z)
}

pub(crate) fn lanes(v: Vector3<Real>) -> Lanes {
    node_vector([v.x, v.y, v.z])
}

impl Patch {
    /// Its share of the surface, in squares of a cell's edge.
    fn area(&self) -> Real {
        self.count as Real * POINT_AREA
    }
}
