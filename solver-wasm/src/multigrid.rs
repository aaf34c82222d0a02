//! Matrix-free geometric multigrid for the tangent stiffness.
//!
//! Every level is a lattice of cells with a [`Surrogate`] of their tangent each; products with it never assemble a matrix. Levels below the
//! finest are rediscretised: a coarse cell takes the volume-weighted mean deformation and the summed stiffness of its
//! cells, its own equivalent box, and one pressure (which is what keeps near-incompressible tissue from locking on coarse
//! levels). The smoother is the Chebyshev polynomial of degree 2 in D⁻¹A with D the 3×3 diagonal blocks
//! [Adams et al. 2003]; before and after the coarse correction it is the same, so the V cycle is symmetric and may
//! precondition conjugate gradients. The coarsest level is solved directly.

mod coarsest;

use coarsest::{assemble, solve_coarsest};

use crate::{
    contact::{MAX_TOUCHES, touch::Link},
    hierarchy::Grid,
    lattice::Embedding,
    material::{HOURGLASS, Surrogate, Tangent, WARP, respond, strain},
    model::{Model, Spring},
    modes::Shape,
    real::{LANES, Lanes, Real, Vector, dot, length_squared, node_vector},
    skyline::Skyline,
};

/// Power iterations for the largest eigenvalue of D⁻¹A at rest.
const POWER_ITERATIONS: usize = 16;
/// Upper end of the smoother's interval over the eigenvalue at rest: deformation shifts it.
const UPPER: f64 = 1.15;
/// Upper end over lower end of the smoother's interval.
const RATIO: f64 = 6.0;
/// Largest factor that the coarsest level may have with all bodies coupled, in entries: about half a millisecond.
const MAX_COUPLED: usize = 20_000;
/// Largest factor that the coarsest level may have, in entries.
const MAX_ENTRIES: usize = 400_000;

/// Tangent, smoother and vectors of one level: scratch.
#[derive(Clone, Debug)]
pub(crate) struct Level {
    /// Tangent of each group of cells, scaled to nodal forces; on the finest level only.
    pub tangents: Vec<Tangent>,
    /// Its surrogate.
    pub surrogates: Vec<Surrogate>,
    /// Stiff springs: on the finest level the supports, then on every level the closed jaws.
    pub springs: Vec<Spring>,
    /// Touches; the finest level's say how stiff they are.
    pub links: Vec<Link>,
    /// How many of them are supports.
    support_count: usize,
    /// Most that there may be; room for them is reserved.
    spring_limit: usize,
    /// Supports of a coarse level, lumped to its nodes [mN/mm]: a preconditioner needs no more.
    pub lumped_supports: Vec<Lanes>,
    /// Masses over dt² and lumped supports [mN/mm].
    pub inertia: Vec<Lanes>,
    /// Diagonal blocks: (xx, yy, zz), (xy, yz, zx).
    diagonal: Vec<[Lanes; 2]>,
    /// Columns of their inverses.
    pub inverse: Vec<[Lanes; 3]>,
    /// Smoother: d₀ = c₀ D⁻¹r, d₁ = c₁ d₀ + c₂ D⁻¹r.
    pub chebyshev: [Real; 3],
    /// Right-hand side, then residual, of a cycle.
    pub residual: Vec<Lanes>,
    /// Result of a cycle.
    pub solution: Vec<Lanes>,
    direction: Vec<Lanes>,
    /// Sums for each coarse cell while coarsening: A, B, C, and shear, bulk, geometric.
    gathered: Vec<[Real; 12]>,
}

/// The hierarchy with its tangents.
#[derive(Clone, Debug)]
pub(crate) struct Multigrid {
    /// Finest first.
    pub levels: Vec<Level>,
    coarsest: Option<Skyline>,
    /// The same with room for what couples bodies, used while they touch; none where that would cost too much.
    coupled: Option<Skyline>,
    /// Do bodies touch?
    is_coupled: bool,
}

/// out −= (A − inertia) v on the finest level, A exact.
pub(crate) fn subtract_product(grid: &Grid, level: &Level, v: &[Lanes], out: &mut [Lanes]) {
    subtract_held(level, v, out);
    for (shape, tangent) in grid.shapes.iter().zip(&level.tangents) {
        let force = tangent.apply(&shape.moments, &shape.modes(v));
        shape.scatter_negative(&shape.corner_forces(force), out);
    }
}

/// out −= (A − inertia) v on one level, A with the surrogates. Inertia is left to the loops over nodes that make v: read and
/// written apart from them, vectors would cost more time than the tissue.
pub(crate) fn subtract_surrogate(grid: &Grid, level: &Level, v: &[Lanes], out: &mut [Lanes]) {
    subtract_held(level, v, out);
    for (shape, surrogate) in grid.shapes.iter().zip(&level.surrogates) {
        let force = surrogate.apply(&shape.moments, &shape.modes(v));
        shape.scatter_negative(&shape.corner_forces(force), out);
    }
}

/// out −= inertia · v.
pub(crate) fn subtract_inertia(level: &Level, v: &[Lanes], out: &mut [Lanes]) {
    for ((out, v), k) in out.iter_mut().zip(v).zip(&level.inertia) {
        *out -= *v * *k;
    }
}

/// What is neither tissue nor inertia: springs and touches.
fn subtract_held(level: &Level, v: &[Lanes], out: &mut [Lanes]) {
    for spring in &level.springs {
        spring.spread(-(spring.read(v) * spring.stiffness), out);
    }
    for link in &level.links {
        link.subtract_product(v, out);
    }
}

impl Spring {
    /// Interpolate a nodal field at the spring's point.
    #[inline(always)]
    pub fn read(&self, v: &[Lanes]) -> Lanes {
        let mut sum = Lanes::default();
        for (node, weight) in self.nodes.iter().zip(self.weights) {
            sum += v[*node as usize] * Lanes::splat(weight);
        }
        sum
    }

    /// Add the stiffness to the nodes, lumped: each row's sum, but of magnitudes. What a carrier holds beyond its own faces has negative
    /// weights, and with their signs a node could be held by less than nothing.
    pub fn lump(&self, out: &mut [Lanes]) {
        // Σ |weight|: exactly one where none is negative.
        let sum = self.weights.iter().fold(1.0, |sum, w| sum - 2.0 * w.min(0.0));
        for (node, weight) in self.nodes.iter().zip(self.weights) {
            out[*node as usize] += self.stiffness * Lanes::splat(weight.abs() * sum);
        }
    }

    /// Transpose of [`Spring::read`]: add a force at the point to the nodes.
    #[inline(always)]
    pub fn spread(&self, force: Lanes, out: &mut [Lanes]) {
        for (node, weight) in self.nodes.iter().zip(self.weights) {
            out[*node as usize] += force * Lanes::splat(weight);
        }
    }
}

impl Level {
    fn new(
        grid: &Grid,
        supports: &[Spring],
        spare_springs: usize,
        coarse_cells: usize,
        finest: bool,
    ) -> Self {
        let nodes = vec![Lanes::default(); grid.node_count()];
        let mut lumped_supports = nodes.clone();
        let support_count = if finest { supports.len() } else { 0 };
        let spring_limit = support_count + spare_springs;
        let mut springs = Vec::with_capacity(spring_limit);
        if finest {
            springs.extend_from_slice(supports);
        } else {
            for support in supports {
                support.lump(&mut lumped_supports);
            }
        }
        Self {
            tangents: vec![Tangent::default(); if finest { grid.shapes.len() } else { 0 }],
            surrogates: vec![Surrogate::default(); grid.shapes.len()],
            support_count,
            spring_limit,
            springs,
            links: Vec::with_capacity(MAX_TOUCHES),
            lumped_supports,
            inertia: nodes.clone(),
            diagonal: vec![[Lanes::default(); 2]; grid.node_count()],
            inverse: vec![[Lanes::default(); 3]; grid.node_count()],
            chebyshev: [0.0; 3],
            residual: nodes.clone(),
            solution: nodes.clone(),
            direction: nodes,
            gathered: vec![[0.0; 12]; coarse_cells],
        }
    }

    /// Diagonal blocks and their inverses from the tangents, springs and inertia.
    fn refresh_diagonal(&mut self, grid: &Grid) {
        for (block, k) in self.diagonal.iter_mut().zip(&self.inertia) {
            *block = [*k, Lanes::default()];
        }
        for (shape, surrogate) in grid.shapes.iter().zip(&self.surrogates) {
            add_cell_diagonals(shape, surrogate, &mut self.diagonal);
        }
        for spring in &self.springs {
            for (node, weight) in spring.nodes.iter().zip(spring.weights) {
                self.diagonal[*node as usize][0] +=
                    spring.stiffness * Lanes::splat(weight * weight);
            }
        }
        for link in &self.links {
            link.add_diagonal(&mut self.diagonal);
        }
        for (inverse, block) in self.inverse.iter_mut().zip(&self.diagonal) {
            *inverse = invert(block);
        }
    }

    /// Size of the nodal forces that rounding of the displacements makes [mN]: |diagonal · ε u|.
    pub fn force_of_rounding(&self, displacements: &[Lanes]) -> f64 {
        let mut sum = 0.0_f64;
        for (block, u) in self.diagonal.iter().zip(displacements) {
            sum += f64::from(length_squared(block[0] * *u));
        }
        sum.sqrt() * f64::from(Real::EPSILON)
    }

    #[inline(always)]
    fn precondition(inverse: &[Lanes; 3], r: Lanes) -> Lanes {
        let r = r.to_array();
        inverse[0] * Lanes::splat(r[0])
            + inverse[1] * Lanes::splat(r[1])
            + inverse[2] * Lanes::splat(r[2])
    }

    /// solution = p(D⁻¹A) D⁻¹ residual, residual −= A solution: one smoothing from nothing.
    fn smooth_first(&mut self, grid: &Grid) {
        let [c0, c1, c2] = self.chebyshev.map(Lanes::splat);
        let held = self.inverse.iter().zip(&self.inertia);
        for ((d, r), (inverse, k)) in
            self.direction.iter_mut().zip(&mut self.residual).zip(held.clone())
        {
            *d = Self::precondition(inverse, *r) * c0;
            *r -= *d * *k;
        }
        self.subtract_direction(grid);
        let held = self.inverse.iter().zip(&self.inertia);
        let vectors = self.direction.iter_mut().zip(&mut self.residual).zip(&mut self.solution);
        for (((d, r), x), (inverse, k)) in vectors.zip(held) {
            let next = *d * c1 + Self::precondition(inverse, *r) * c2;
            *x = *d + next;
            *r -= next * *k;
            *d = next;
        }
        self.subtract_direction(grid);
    }

    /// Add what the next level found, spread over the nodes that it stands for.
    fn correct(&mut self, grid: &Grid, coarse: &[Lanes]) {
        let vectors = self.direction.iter_mut().zip(&mut self.residual).zip(&mut self.solution);
        for (n, (((d, r), x), k)) in vectors.zip(&self.inertia).enumerate() {
            let sources = grid.sources(n);
            let mut sum = Lanes::default();
            for s in sources {
                sum += coarse[*s as usize];
            }
            *d = sum * Lanes::splat(1.0 / sources.len().max(1) as Real);
            *x += *d;
            *r -= *d * *k;
        }
        self.subtract_direction(grid);
    }

    /// solution += p(D⁻¹A) D⁻¹ residual: a last smoothing, that leaves the residual behind.
    fn smooth_last(&mut self, grid: &Grid) {
        let [c0, c1, c2] = self.chebyshev.map(Lanes::splat);
        let held = self.inverse.iter().zip(&self.inertia);
        let vectors = self.direction.iter_mut().zip(&mut self.residual).zip(&mut self.solution);
        for (((d, r), x), (inverse, k)) in vectors.zip(held) {
            *d = Self::precondition(inverse, *r) * c0;
            *x += *d;
            *r -= *d * *k;
        }
        self.subtract_direction(grid);
        let ends = self.inverse.iter().zip(&self.residual);
        for ((x, d), (inverse, r)) in self.solution.iter_mut().zip(&self.direction).zip(ends) {
            *x += *d * c1 + Self::precondition(inverse, *r) * c2;
        }
    }

    /// residual −= (A − inertia) direction.
    fn subtract_direction(&mut self, grid: &Grid) {
        let mut residual = std::mem::take(&mut self.residual);
        subtract_surrogate(grid, self, &self.direction, &mut residual);
        self.residual = residual;
    }

    /// Largest eigenvalue of D⁻¹A by power iteration from a fixed vector, and the smoother that goes with it.
    fn fit_smoother(&mut self, grid: &Grid) {
        let mut seed = 1_u32;
        for r in &mut self.residual {
            let mut next = || {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (seed >> 8) as Real / (1 << 24) as Real - 0.5
            };
            *r = Lanes::new([next(), next(), next(), 0.0]);
        }
        let mut eigenvalue = 1.0;
        for _ in 0..POWER_ITERATIONS {
            // v = D⁻¹ w; λ ≈ (v, A v) / (v, D v) with D v = w.
            for (d, (inverse, r)) in
                self.direction.iter_mut().zip(self.inverse.iter().zip(&self.residual))
            {
                *d = Self::precondition(inverse, *r);
            }
            let below = dot(&self.direction, &self.residual);
            self.residual.fill(Lanes::default());
            let mut product = std::mem::take(&mut self.residual);
            subtract_inertia(self, &self.direction, &mut product);
            subtract_surrogate(grid, self, &self.direction, &mut product);
            self.residual = product;
            let above = -dot(&self.direction, &self.residual);
            if !(below > 0.0 && above > 0.0) {
                break;
            }
            eigenvalue = above / below;
            let scale = Lanes::splat((-1.0 / above.sqrt()) as Real);
            for r in &mut self.residual {
                *r *= scale;
            }
        }
        let upper = UPPER * eigenvalue;
        let lower = upper / RATIO;
        let (theta, delta) = ((upper + lower) / 2.0, (upper - lower) / 2.0);
        let sigma = theta / delta;
        let rho = 1.0 / (2.0 * sigma - 1.0 / sigma);
        self.chebyshev = [1.0 / theta, rho / sigma, 2.0 * rho / delta].map(|c| c as Real);
    }
}

/// Add the diagonal 3×3 blocks of four cells. det F is linear in each node's position, so the geometric part has none.
#[inline(always)]
fn add_cell_diagonals(shape: &Shape, surrogate: &Surrogate, out: &mut [[Lanes; 2]]) {
    let Surrogate { dilatation: [ga, gb, gc], shear: shear_modulus, bulk, .. } = *surrogate;
    let (one, hourglass) = (Lanes::splat(1.0), Lanes::splat(HOURGLASS));
    let (p, q, r) = (shape.moments.x, shape.moments.y, shape.moments.z);
    for (c, corner) in shape.corners.iter().enumerate() {
        let sign = |bit: usize| Lanes::splat(if c >> bit & 1 == 1 { 1.0 } else { -1.0 });
        // The corner's function about the centroid: (α ± ξ)(β ± η)(γ ± ζ).
        let alpha = one + shape.centroid.x * sign(0);
        let beta = one + shape.centroid.y * sign(1);
        let gamma = one + shape.centroid.z * sign(2);
        let slope =
            Vector::new(beta * gamma * sign(0), alpha * gamma * sign(1), alpha * beta * sign(2));
        let shear = shear_modulus
            * (slope.dot(slope)
                + hourglass
                    * ((p + q) * gamma * gamma + (q + r) * alpha * alpha + (p + r) * beta * beta)
                + Lanes::splat(WARP));
        let g = ga * slope.x + gb * slope.y + gc * slope.z;
        let stiff = g * bulk;
        let zero = Lanes::default();
        let main = Lanes::transpose([
            shear + stiff.x * g.x,
            shear + stiff.y * g.y,
            shear + stiff.z * g.z,
            zero,
        ]);
        let off = Lanes::transpose([stiff.x * g.y, stiff.y * g.z, stiff.z * g.x, zero]);
        for lane in 0..LANES {
            let block = &mut out[corner[lane] as usize];
            block[0] += main[lane];
            block[1] += off[lane];
        }
    }
}

/// Inverse of a symmetric positive 3×3 block; zero where nothing holds the node. In f64: near a sliver of tissue the
/// determinant of a block is below f32's smallest number, and nearly incompressible tissue takes most of its digits.
fn invert(block: &[Lanes; 2]) -> [Lanes; 3] {
    let [xx, yy, zz, _] = block[0].to_array().map(f64::from);
    let [xy, yz, zx, _] = block[1].to_array().map(f64::from);
    let (a, b, c) = (yy * zz - yz * yz, yz * zx - xy * zz, xy * yz - yy * zx);
    let determinant = xx * a + xy * b + zx * c;
    let row = |x: f64, y: f64, z: f64| Lanes::new([x as Real, y as Real, z as Real, 0.0]);
    if determinant.is_nan() || determinant <= 0.0 {
        let safe = |k: f64| if k > 0.0 { 1.0 / k } else { 0.0 };
        return [row(safe(xx), 0.0, 0.0), row(0.0, safe(yy), 0.0), row(0.0, 0.0, safe(zz))];
    }
    let s = 1.0 / determinant;
    let (d, e, f) = ((xx * zz - zx * zx) * s, (xy * zx - xx * yz) * s, (xx * yy - xy * xy) * s);
    let (a, b, c) = (a * s, b * s, c * s);
    [row(a, b, c), row(b, d, e), row(c, e, f)]
}

impl Multigrid {
    /// Scratch for a model, with smoothers fitted at rest. `spare_springs` is how many ties may come.
    pub fn new(model: &Model, spare_springs: usize) -> Self {
        let grids = &model.grids;
        let mut levels: Vec<_> = grids
            .iter()
            .enumerate()
            .map(|(i, grid)| {
                let coarse_cells = grids.get(i + 1).map_or(0, |g| g.cell_count);
                Level::new(grid, &model.supports[i], spare_springs, coarse_cells, i == 0)
            })
            .collect();
        let last = &grids[grids.len() - 1];
        let couplings = last.shapes.iter().flat_map(|shape| {
            (0..LANES).flat_map(move |lane| {
                (0..64).flat_map(move |pair| {
                    let (a, b) = (shape.corners[pair / 8][lane], shape.corners[pair % 8][lane]);
                    (0..9).map(move |k| (3 * a as usize + k / 3, 3 * b as usize + k % 3))
                })
            })
        });
        let skyline = Skyline::new(3 * last.node_count(), couplings);
        let coarsest = (skyline.entries() <= MAX_ENTRIES).then_some(skyline);
        let unknowns = 3 * last.node_count();
        let coupled = (model.skin.body_count > 1 && unknowns * (unknowns + 1) / 2 <= MAX_COUPLED)
            .then(|| Skyline::new(unknowns, (0..unknowns).map(|row| (row, 0))));

        let surrogates = &mut levels[0].surrogates;
        let zero = <[Vector; 7]>::default();
        for ((surrogate, tissue), shape) in
            surrogates.iter_mut().zip(&model.tissue).zip(&grids[0].shapes)
        {
            let mut response =
                respond(tissue, &shape.moments, &zero, &strain(&zero), Lanes::default());
            // Not all laws have a neo-Hookean part; a smoother fitted to none would be fitted to noise.
            response.surrogate.shear = tissue.shear;
            *surrogate = response.surrogate.scaled(tissue.volume * nodal_scale(&grids[0]));
        }
        let mut multigrid = Self { levels, coarsest, coupled, is_coupled: false };
        multigrid.refresh(model, 0.0);
        for (level, grid) in multigrid.levels.iter_mut().zip(grids) {
            level.fit_smoother(grid);
        }
        multigrid
    }

    /// Put the closed jaws' ties after the supports, on every level.
    pub fn set_ties(
        &mut self,
        model: &Model,
        ties: impl Iterator<Item = (crate::state::Tie, Lanes)>,
    ) {
        for level in &mut self.levels {
            level.springs.truncate(level.support_count);
        }
        for (tie, tip) in ties {
            model.for_each_grid(&tie.point, |grid, nodes, weights| {
                let goal = tip + tie.offset - tie.rest;
                let (stiffness, multiplier) = (tie.stiffness, tie.multiplier);
                let level = &mut self.levels[grid];
                // A state with more ties than that was not made by `Model::grasp`.
                if level.springs.len() < level.spring_limit {
                    level.springs.push(Spring { nodes, weights, stiffness, goal, multiplier });
                }
            });
        }
    }

    /// Forget the touches, on every level.
    pub fn clear_links(&mut self) {
        for level in &mut self.levels {
            level.links.clear();
        }
    }

    /// Put a touch of `point` with a place, or with `other` tissue, after the others, on every level. `normal` points from
    /// the partner to the point. At most [`MAX_TOUCHES`] fit.
    pub fn push_link(
        &mut self,
        model: &Model,
        point: &Embedding,
        other: Option<&Embedding>,
        normal: Lanes,
    ) {
        let (is_pair, stiffness) = (other.is_some(), [Lanes::default(); 3]);
        model.for_each_grid(point, |grid, nodes, weights| {
            let (nodes, weights) = ([nodes; 2], [weights; 2]);
            let link = Link { nodes, weights, is_pair, normal, stiffness };
            self.levels[grid].links.push(link);
        });
        let Some(other) = other else { return };
        model.for_each_grid(other, |grid, nodes, weights| {
            if let Some(link) = self.levels[grid].links.last_mut() {
                (link.nodes[1], link.weights[1]) = (nodes, weights);
            }
        });
    }

    /// Bring every level in line with the finest level's surrogates. `shift` is 1/dt² [1/s²].
    pub fn refresh(&mut self, model: &Model, shift: Real) {
        for (i, grid) in model.grids.iter().enumerate() {
            if i > 0 {
                let (fine, coarse) = self.levels.split_at_mut(i);
                coarsen(&model.grids[i - 1], &mut fine[i - 1], grid, &mut coarse[0]);
                for (link, finer) in coarse[0].links.iter_mut().zip(&fine[i - 1].links) {
                    link.stiffness = finer.stiffness;
                }
            }
            let level = &mut self.levels[i];
            for ((k, mass), support) in
                level.inertia.iter_mut().zip(&grid.masses).zip(&level.lumped_supports)
            {
                *k = node_vector([*mass * shift; 3]) + *support;
            }
            level.refresh_diagonal(grid);
        }
        let touch = |l: &Link| l.is_pair && !l.is_slack();
        self.is_coupled = self.coupled.is_some() && self.levels[0].links.iter().any(touch);
        let is_coupled = self.is_coupled;
        let matrix = if is_coupled { &mut self.coupled } else { &mut self.coarsest };
        if let Some(matrix) = matrix {
            let (Some(level), Some(grid)) = (self.levels.last(), model.grids.last()) else {
                return;
            };
            assemble(grid, level, matrix, is_coupled);
            matrix.factor();
        }
    }

    /// One V cycle: levels[0].solution ≈ A⁻¹ levels[0].residual; the residual is consumed.
    pub fn cycle(&mut self, grids: &[Grid]) {
        let (level, coarser) = self.levels.split_at_mut(1);
        let matrix = if self.is_coupled { &mut self.coupled } else { &mut self.coarsest };
        cycle(grids, &mut level[0], coarser, matrix.as_mut());
    }
}

/// From raw modes (sums over corners) to gradient units twice: (1/4h)², for energies a unit of volume.
fn nodal_scale(grid: &Grid) -> Lanes {
    Lanes::splat((1.0 / (16.0 * grid.spacing * grid.spacing)) as Real)
}

fn cycle(grids: &[Grid], level: &mut Level, coarser: &mut [Level], coarsest: Option<&mut Skyline>) {
    let grid = &grids[0];
    let Some((next, rest)) = coarser.split_first_mut() else {
        solve_coarsest(grid, level, coarsest);
        return;
    };
    level.smooth_first(grid);
    next.residual.fill(Lanes::default());
    for (n, r) in level.residual.iter().enumerate() {
        let sources = grid.sources(n);
        let share = *r * Lanes::splat(1.0 / sources.len().max(1) as Real);
        for s in sources {
            next.residual[*s as usize] += share;
        }
    }
    cycle(&grids[1..], next, rest, coarsest);
    level.correct(grid, &next.solution);
    level.smooth_last(grid);
}

/// Tangents of coarse cells from those of their cells: mean deformation, summed stiffness.
fn coarsen(fine_grid: &Grid, fine: &mut Level, coarse_grid: &Grid, coarse: &mut Level) {
    let sums = &mut fine.gathered;
    sums.fill([0.0; 12]);
    for (group, surrogate) in fine.surrogates.iter().enumerate() {
        let Surrogate { state: [a, b, c], shear, bulk, geometric, .. } = *surrogate;
        let columns = [a.x, a.y, a.z, b.x, b.y, b.z, c.x, c.y, c.z].map(Lanes::to_array);
        let coefficients = [shear, bulk, geometric].map(Lanes::to_array);
        for lane in 0..LANES {
            let Some(cell) = fine_grid.cell(group, lane) else { continue };
            let Some((parent, _)) = fine_grid.parents.get(cell) else { continue };
            let parent = *parent as usize;
            let share = (fine_grid.volumes[cell] / coarse_grid.volumes[parent]) as Real;
            let sum = &mut sums[parent];
            for (sum, column) in sum[..9].iter_mut().zip(&columns) {
                *sum += column[lane] * share;
            }
            for (sum, coefficient) in sum[9..].iter_mut().zip(&coefficients) {
                // Twice the edge: (1/4h)² is a quarter.
                *sum += coefficient[lane] * 0.25;
            }
        }
    }
    for (group, surrogate) in coarse.surrogates.iter_mut().enumerate() {
        let mut columns = [[0.0; LANES]; 12];
        for lane in 0..LANES {
            if let Some(sum) = coarse_grid.cell(group, lane).and_then(|c| sums.get(c)) {
                for (column, value) in columns.iter_mut().zip(sum) {
                    column[lane] = *value;
                }
            }
        }
        let [ax, ay, az, bx, by, bz, cx, cy, cz, shear, bulk, geometric] = columns.map(Lanes::new);
        let (a, b, c) = (Vector::new(ax, ay, az), Vector::new(bx, by, bz), Vector::new(cx, cy, cz));
        let dilatation = [b.cross(c), c.cross(a), a.cross(b)];
        *surrogate = Surrogate { state: [a, b, c], dilatation, shear, bulk, geometric };
    }
}
