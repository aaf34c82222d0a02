//! A frame on the GPU.
//!
//! The state stays the CPU's between frames: what the kernels need of it goes up, the new displacements and a [`Journal`] come
//! down. A Newton iteration runs without a look at its results, and takes the whole step; in play one is mostly enough, so there
//! is one way down a frame. Where the CPU's line search would have halved the step (the energy did not fall) so do further kernels,
//! a look each. A direction of negative curvature, nothing but capped steps, a rough step that gains energy, no descent at all, or numbers
//! that are not finite make the CPU take the frame again from where it began. A GPU that is lost leaves the state as it was.

use std::sync::Arc;

use bytemuck::{Zeroable, bytes_of, cast_slice};

use super::{
    device::{Gpu, GpuError},
    kernels::{Binding, Counts, Dispatch, EVALUATION, RETREAT, iteration, opening},
    layout::{
        DISPLACEMENT, Frame, INERTIAL, Journal, LEVEL_FIELDS, Level, MAX_LEVELS, Packed,
        PackedSpring, VECTOR_BYTES, single, vector,
    },
    resources::{LEVEL_STRIDE, Room, buffers, pipelines},
    surfaces::{PackedSurfaces, SurfacePlaces},
    touches::{PackedTouches, Places},
};
use crate::{
    contact::MAX_TIES,
    control::{Control, TOOL_COUNT},
    model::{Model, Spring},
    newton::{Effort, MAX_BACKTRACKS, Phase},
    real::{Lanes, Real, from_f32, is_finite},
    state::State,
    step::{Solver, StepReport},
};

/// Dead loads that fit beside supports and ties.
const MAX_LOADS: usize = 256;
/// Newton iterations that a journal has room for.
const MAX_NEWTON: u32 = 2;

/// The kernels' scratch for a model.
pub struct GpuSolver {
    gpu: Gpu,
    model: Arc<Model>,
    pub(super) packed: Packed,
    effort: Effort,
    pub(super) opening: Vec<Dispatch>,
    iteration: Vec<Dispatch>,
    /// Pipeline and bindings of each [`Step`].
    pipelines: Vec<(wgpu::ComputePipeline, wgpu::BindGroup)>,
    /// By [`Binding`].
    pub(super) buffers: Vec<wgpu::Buffer>,
    /// Where displacements and journal come down.
    staging: wgpu::Buffer,
    /// Springs of the finest level as they were last sorted by cell, and the order.
    known: Vec<([u32; 8], [Real; 8])>,
    order: Vec<u32>,
    packed_springs: Vec<PackedSpring>,
    most_couplings: usize,
    touches: PackedTouches,
    /// Where they lie in their buffer.
    places: Places,
    surfaces: PackedSurfaces,
    surface_places: SurfacePlaces,
    upload: Vec<[f32; 4]>,
    /// Size of what acts from outside in the step [mN].
    force_scale: f64,
    /// Displacements that the GPU has.
    resident: Vec<Lanes>,
    /// Steps that it took.
    taken: u64,
}

impl GpuSolver {
    /// Buffers and pipelines for the model of a CPU solver, with its effort.
    ///
    /// # Errors
    /// The GPU was lost on the way.
    pub fn new(gpu: &Gpu, solver: &Solver) -> Result<Self, GpuError> {
        let model = Arc::clone(solver.model());
        let packed = Packed::new(&model, solver.multigrid());
        let effort = solver.effort;
        let spring_capacity = model.supports[0].len() + TOOL_COUNT * MAX_TIES + MAX_LOADS;
        let most_couplings = packed.levels[1..]
            .iter()
            .map(|level| (level.cell_count as usize).min(TOOL_COUNT * MAX_TIES))
            .sum();
        let surfaces = PackedSurfaces::new(&model, &packed);
        let places = Places::new(&model, &packed);
        let surface_places = surfaces.places(places.end);
        let room = Room {
            springs: spring_capacity,
            couplings: most_couplings,
            vertices: surfaces.count(),
            acting: surface_places.end,
        };
        let buffers = buffers(gpu, &packed, &room);
        let pipelines = pipelines(gpu, &buffers);
        let staging = gpu.device.create_buffer(&wgpu::BufferDescriptor {
            label: None,
            size: (model.node_count() * VECTOR_BYTES + size_of::<Journal>()) as u64,
            usage: wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ,
            mapped_at_creation: false,
        });
        let solver = Self {
            gpu: gpu.clone(),
            effort,
            opening: opening(model.branches.is_empty()),
            iteration: iteration(effort.cg, packed.levels.len(), packed.tail),
            pipelines,
            buffers,
            staging,
            known: Vec::new(),
            order: Vec::new(),
            packed_springs: Vec::with_capacity(spring_capacity),
            most_couplings,
            touches: PackedTouches::default(),
            places,
            surfaces,
            surface_places,
            upload: Vec::with_capacity(model.node_count()),
            force_scale: 0.0,
            resident: Vec::new(),
            taken: 0,
            packed,
            model,
        };
        let levels: Vec<[u32; LEVEL_STRIDE / 4]> = (0..MAX_LEVELS as u32)
            .map(|level| std::array::from_fn(|i| if i == 0 { level } else { 0 }))
            .collect();
        solver.write(Binding::AtLevel, 0, cast_slice(&levels));
        solver.write(Binding::Tissues, 0, cast_slice(&solver.packed.tissues));
        solver.write(Binding::Nodes, 0, cast_slice(&solver.packed.nodes));
        solver.write(Binding::Lists, 0, cast_slice(&solver.packed.lists));
        solver.write(Binding::Points, 0, cast_slice(&solver.packed.points));
        solver.write(Binding::Cells, 0, cast_slice(&solver.packed.cells));
        for (offset, part) in solver.surfaces.parts(&solver.surface_places) {
            solver.write(Binding::Acting, offset, part);
        }
        gpu.check()?;
        Ok(solver)
    }

    /// The GPU.
    pub fn gpu(&self) -> &Gpu {
        &self.gpu
    }

    /// Number of steps that the GPU took itself.
    pub fn taken(&self) -> u64 {
        self.taken
    }

    /// Advance `state` by `control.dt`, as [`Solver::step`] does; `solver` is the CPU's, of the same model, and takes what is not
    /// for the GPU: tissue that must be led back, and steps that went badly.
    ///
    /// # Errors
    /// The GPU was lost; the state is as it was before.
    pub async fn step(
        &mut self,
        solver: &mut Solver,
        state: &mut State,
        control: &Control,
    ) -> Result<StepReport, GpuError> {
        let mut report = StepReport::default();
        let Some(phase) = solver.open(state, control, &mut report) else {
            return Ok(solver.step(state, control));
        };
        if !self.send(solver, state, control, phase) {
            solver.abandon(state);
            return Ok(solver.step(state, control));
        }
        let most = self.effort.newton.clamp(1, MAX_NEWTON);
        for newton in 1..=most {
            let journal = match self.iterate(solver, newton == 1, &mut report).await {
                Ok(journal) => journal,
                Err(error) => {
                    solver.abandon(state);
                    return Err(error);
                }
            };
            let is_last = newton == most
                || journal.as_ref().is_none_or(|j| j.is_enough(self.effort.agreement));
            // Nothing but capped steps, or a rough one that gains energy: violent.
            let is_rough = report.step_caps + report.backtracks > 0;
            if journal.is_none()
                || (is_last && report.step_caps == newton)
                || (is_last && is_rough && solver.gains_energy(state, control, phase))
            {
                solver.abandon(state);
                let mut report = solver.step(state, control);
                report.redone += 1;
                return Ok(report);
            }
            if is_last {
                break;
            }
        }
        self.resident.clear();
        self.resident.extend_from_slice(solver.displacements());
        solver.close(state, control, &mut report);
        self.taken += 1;
        Ok(report)
    }

    /// Everything that changes from frame to frame; `false` if some spring has no place here.
    pub(super) fn send(
        &mut self,
        solver: &Solver,
        state: &State,
        control: &Control,
        phase: Phase,
    ) -> bool {
        if !self.send_springs(solver) {
            return false;
        }
        self.send_acting(solver);
        self.force_scale = solver.force_scale();
        let spacing = self.model.grids[0].spacing;
        let mut levels = [Level::default(); MAX_LEVELS];
        levels[..self.packed.levels.len()].copy_from_slice(&self.packed.levels);
        let coarsest = self.packed.levels.len() - 1;
        let unknowns = 3 * self.packed.levels[coarsest].node_count;
        let frame = Frame {
            gravity: vector(from_f32(self.model.gravity)),
            rate: 1.0 / control.dt,
            inertia: single(phase.inertia),
            shift: single(phase.shift),
            mode_scale: (1.0 / (4.0 * spacing)) as f32,
            reach: single(phase.reach) * spacing as f32,
            tolerance: self.effort.tolerance as f32,
            cg_tolerance: self.effort.cg_tolerance as f32,
            force_scale: self.force_scale as f32,
            node_total: self.packed.nodes.len() as u32,
            coarsest: coarsest as u32,
            tail: self.packed.tail as u32,
            couplings: unknowns * unknowns,
            touch_count: self.touches.count() as u32,
            pulls: self.places.pulls as u32,
            order: self.places.order as u32,
            starts: self.places.starts as u32,
            vertex_count: self.surfaces.acting_count() as u32,
            vertices: self.surface_places.vertices as u32,
            fans: self.surface_places.fans as u32,
            loads: self.surface_places.loads as u32,
            load_order: self.surface_places.order as u32,
            load_starts: self.surface_places.starts as u32,
            pressures: self.surface_places.pressures as u32,
            active_ends: self.places.active_ends as u32,
            least_gain: self.effort.least_gain(phase) as f32,
            activation: single(solver.activation()),
            strained_count: self.packed.strained_cells() as u32,
            unused: 0,
            levels,
        };
        self.write(Binding::Frame, 0, bytes_of(&frame));
        self.write(Binding::Journal, 0, bytes_of(&Journal::zeroed()));
        self.upload.clear();
        self.upload.extend(solver.inertial().iter().map(|u| vector(*u)));
        self.write(Binding::Vectors, self.field(INERTIAL), cast_slice(&self.upload));
        if self.resident != state.displacements {
            self.upload.clear();
            self.upload.extend(state.displacements.iter().map(|u| vector(*u)));
            self.write(Binding::Vectors, self.field(DISPLACEMENT), cast_slice(&self.upload));
        }
        self.send_viscosity(solver);
        // Until the frame is over no one knows what it has.
        self.resident.clear();
        true
    }

    /// What Maxwell branches draw to; without them the kernels find it.
    fn send_viscosity(&mut self, solver: &Solver) {
        if self.model.branches.is_empty() {
            return;
        }
        let viscosity = solver.viscosity();
        self.upload.clear();
        for cell in 0..self.packed.tissues.len() {
            let (group, lane) = self.model.grids[0].slot(cell);
            let at = |column: Lanes| single(column.to_array()[lane]);
            let [xx, yy, zz, xy, yz, zx] = viscosity.targets[group].map(at);
            self.upload.extend([[xx, yy, zz, at(viscosity.ratios[group])], [xy, yz, zx, 0.0]]);
        }
        self.write(Binding::Strains, 0, cast_slice(&self.upload));
    }

    /// Supports, closed jaws and loads, sorted by cell.
    fn send_springs(&mut self, solver: &Solver) -> bool {
        let levels = &solver.multigrid().levels;
        let springs = || levels[0].springs.iter().chain(solver.loads());
        let key = |spring: &Spring| (spring.nodes, spring.weights);
        if !springs().map(key).eq(self.known.iter().copied()) {
            self.known.clear();
            if !self.sort_springs(solver) {
                return false;
            }
            self.known.extend(springs().map(key));
        }
        let count = levels[0].springs.len();
        self.packed_springs.clear();
        for i in &self.order {
            let i = *i as usize;
            let spring = if i < count { &levels[0].springs[i] } else { &solver.loads()[i - count] };
            self.packed_springs.push(PackedSpring::new(spring));
        }
        self.write(Binding::Springs, 0, cast_slice(&self.packed_springs));
        true
    }

    /// Give every spring to the cell that it is in, and tell the cells; `false` if one has no cell or they are too many.
    fn sort_springs(&mut self, solver: &Solver) -> bool {
        let levels = &solver.multigrid().levels;
        let mut placed = Vec::new();
        for (i, spring) in levels[0].springs.iter().chain(solver.loads()).enumerate() {
            let Some(cell) = self.packed.cell_of(0, &spring.nodes) else { return false };
            placed.push((cell, i as u32));
        }
        if placed.len() > self.packed_springs.capacity() {
            return false;
        }
        placed.sort_unstable();
        self.packed.clear_held();
        self.order.clear();
        for (cell, spring) in placed {
            let at = self.order.len() as u32;
            let held = &mut self.packed.cells[cell as usize].held;
            if held[0] == held[1] {
                held[0] = at;
            }
            held[1] = at + 1;
            self.order.push(spring);
        }
        let mut couplings: Vec<[f32; 64]> = Vec::new();
        for (g, level) in levels.iter().enumerate().skip(1) {
            let first = self.packed.levels[g].first_cell;
            for spring in &level.springs {
                let Some(cell) = self.packed.cell_of(g, &spring.nodes) else { return false };
                let held = &mut self.packed.cells[(first + cell) as usize].held;
                if held[2] == u32::MAX {
                    held[2] = couplings.len() as u32;
                    couplings.push([0.0; 64]);
                }
                let [x, y, z, _] = vector(spring.stiffness);
                if x != y || y != z {
                    return false;
                }
                let coupling = &mut couplings[held[2] as usize];
                for (k, sum) in coupling.iter_mut().enumerate() {
                    *sum += x * single(spring.weights[k / 8]) * single(spring.weights[k % 8]);
                }
            }
        }
        if couplings.len() > self.most_couplings {
            return false;
        }
        self.write(Binding::Cells, 0, cast_slice(&self.packed.cells));
        let unknowns = 3 * self.packed.levels[self.packed.levels.len() - 1].node_count as usize;
        self.write(Binding::Dense, unknowns * unknowns * 4, cast_slice(&couplings));
        true
    }

    /// What touches, and what presses on surfaces.
    fn send_acting(&mut self, solver: &Solver) {
        if let Some((offset, pressures)) =
            self.surfaces.take(solver.pressures(), &self.surface_places)
        {
            let buffer = &self.buffers[Binding::Acting as usize];
            self.gpu.queue.write_buffer(buffer, offset as u64, pressures);
        }
        let (laws, found) = solver.touches();
        self.touches.take(&self.model, &self.packed, laws, found, solver.multigrid());
        if self.touches.count() > 0 {
            for (offset, part) in self.touches.parts(&self.places) {
                self.write(Binding::Acting, offset, part);
            }
        }
    }

    /// A Newton iteration: the whole step, or what is left of it after as many halvings as the CPU's line search would have made.
    /// Nothing if it leads nowhere.
    async fn iterate(
        &self,
        solver: &mut Solver,
        is_first: bool,
        report: &mut StepReport,
    ) -> Result<Option<Journal>, GpuError> {
        let opening = if is_first { &self.opening[..] } else { &[] };
        let mut journal = self.run(solver, [opening, &self.iteration]).await?;
        report.newton_iterations = journal.newton_iterations;
        report.cg_iterations = journal.cg_iterations;
        report.step_caps += u32::from(journal.is_capped());
        for _ in 0..MAX_BACKTRACKS {
            if !journal.is_downhill() || journal.is_lower() {
                break;
            }
            report.backtracks += 1;
            journal = self.run(solver, [&RETREAT, &EVALUATION]).await?;
        }
        report.residual = journal.residual(self.force_scale);
        let is_good =
            journal.is_downhill() && journal.is_lower() && is_finite(solver.displacements());
        Ok(is_good.then_some(journal))
    }

    /// Run kernels and fetch what came of them.
    async fn run(&self, solver: &mut Solver, parts: [&[Dispatch]; 2]) -> Result<Journal, GpuError> {
        let mut encoder = self.gpu.device.create_command_encoder(&Default::default());
        self.encode(parts.into_iter().flatten(), &mut encoder);
        let bytes = (self.model.node_count() * VECTOR_BYTES) as u64;
        let journal_bytes = size_of::<Journal>() as u64;
        let from = self.field(DISPLACEMENT) as u64;
        let vectors = &self.buffers[Binding::Vectors as usize];
        encoder.copy_buffer_to_buffer(vectors, from, &self.staging, 0, bytes);
        let journal = &self.buffers[Binding::Journal as usize];
        encoder.copy_buffer_to_buffer(journal, 0, &self.staging, bytes, journal_bytes);
        self.gpu.queue.submit([encoder.finish()]);
        let displacements = solver.displacements_mut();
        self.gpu
            .read(&self.staging, bytes + journal_bytes, |data| {
                let (vectors, journal) = data.split_at(bytes as usize);
                for (u, bytes) in displacements.iter_mut().zip(vectors.chunks_exact(VECTOR_BYTES)) {
                    let [x, y, z, _]: [f32; 4] = bytemuck::pod_read_unaligned(bytes);
                    *u = from_f32([x, y, z]);
                }
                bytemuck::pod_read_unaligned(journal)
            })
            .await
    }

    /// Kernels in their order; those that have nothing to run over are left out.
    pub(super) fn encode<'a>(
        &self,
        dispatches: impl IntoIterator<Item = &'a Dispatch>,
        encoder: &mut wgpu::CommandEncoder,
    ) {
        let mut pass = encoder.begin_compute_pass(&Default::default());
        for (step, level) in dispatches {
            let kernel = step.kernel();
            let here = self.packed.levels[*level];
            let groups = kernel.over.groups(Counts {
                cells: here.cell_count as usize,
                nodes: here.node_count as usize,
                touches: self.touches.count(),
                cells_if_touching: if self.touches.count() > 0 {
                    self.packed.cells.len()
                } else {
                    0
                },
                strained_cells: self.packed.strained_cells(),
                vertices: self.surfaces.acting_count(),
            });
            if groups == 0 {
                continue;
            }
            let (pipeline, bindings) = &self.pipelines[*step as usize];
            let offset = [(level * LEVEL_STRIDE) as u32];
            let needs_level = kernel.bindings[0] == Binding::AtLevel;
            pass.set_pipeline(pipeline);
            pass.set_bind_group(0, bindings, if needs_level { &offset } else { &[] });
            pass.dispatch_workgroups(groups, 1, 1);
        }
    }

    pub(super) fn write(&self, binding: Binding, offset: usize, data: &[u8]) {
        if !data.is_empty() {
            self.gpu.queue.write_buffer(&self.buffers[binding as usize], offset as u64, data);
        }
    }

    /// Where a field of the finest level starts, in bytes.
    pub(super) fn field(&self, field: usize) -> usize {
        let before = LEVEL_FIELDS * self.packed.nodes.len() + field * self.model.node_count();
        before * VECTOR_BYTES
    }
}
