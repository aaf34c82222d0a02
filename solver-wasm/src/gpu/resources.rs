//! What is made once for a model: buffers and pipelines.

use super::{
    device::Gpu,
    kernels::{Binding, Counts, Over, SOURCE, Step},
    layout::{
        FINEST_FIELDS, Frame, Journal, LEVEL_FIELDS, MAX_LEVELS, Packed, PackedSpring,
        STRAIN_FIELD_BYTES, TANGENT_BYTES, VECTOR_BYTES,
    },
    touches::UNIT,
};
use crate::contact::MAX_TOUCHES;

/// Distance of the levels' numbers in their buffer: what every browser grants.
pub(crate) const LEVEL_STRIDE: usize = 256;

/// What may come in a step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Room {
    pub springs: usize,
    /// Coarse cells that closed jaws hold.
    pub couplings: usize,
    /// Vertices of surfaces.
    pub vertices: usize,
    /// Units of what acts.
    pub acting: usize,
}

/// A buffer for each [`Binding`].
pub(crate) fn buffers(gpu: &Gpu, packed: &Packed, room: &Room) -> Vec<wgpu::Buffer> {
    let buffer = |binding: &Binding| {
        let usage = match binding.kind() {
            wgpu::BufferBindingType::Uniform => wgpu::BufferUsages::UNIFORM,
            wgpu::BufferBindingType::Storage { .. } => wgpu::BufferUsages::STORAGE,
        };
        gpu.device.create_buffer(&wgpu::BufferDescriptor {
            label: None,
            size: size_of_binding(*binding, packed, room).max(256) as u64,
            usage: usage | wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::COPY_SRC,
            mapped_at_creation: false,
        })
    };
    Binding::ALL.iter().map(buffer).collect()
}

/// Bytes of a buffer.
fn size_of_binding(binding: Binding, packed: &Packed, room: &Room) -> usize {
    let (cells, nodes) = (packed.cells.len(), packed.nodes.len());
    let finest = packed.levels[0];
    let (finest_cells, finest_nodes) = (finest.cell_count as usize, finest.node_count as usize);
    let unknowns = 3 * packed.levels[packed.levels.len() - 1].node_count as usize;
    match binding {
        Binding::AtLevel => MAX_LEVELS * LEVEL_STRIDE,
        Binding::Frame => size_of::<Frame>(),
        Binding::Cells => size_of_val(&packed.cells[..]),
        Binding::Tissues => size_of_val(&packed.tissues[..]),
        Binding::Nodes => size_of_val(&packed.nodes[..]),
        Binding::Lists => size_of_val(&packed.lists[..]),
        Binding::Springs => room.springs * size_of::<PackedSpring>(),
        Binding::Tangents => cells * TANGENT_BYTES,
        Binding::Vectors => {
            (LEVEL_FIELDS * nodes + FINEST_FIELDS * finest_nodes + 8 * cells) * VECTOR_BYTES
        }
        Binding::Strains => finest_cells * 2 * VECTOR_BYTES,
        Binding::Partials => {
            let most = Counts {
                cells: finest_cells,
                nodes: finest_nodes,
                touches: MAX_TOUCHES,
                cells_if_touching: 0,
                strained_cells: packed.strained_cells(),
                vertices: room.vertices,
            };
            let groups = |over: Over| over.groups(most) as usize;
            let all = [
                Over::EachCell,
                Over::EachNode,
                Over::EachTouch,
                Over::EachStrainedCell,
                Over::EachVertex,
            ];
            all.map(groups).iter().sum::<usize>() * VECTOR_BYTES
        }
        Binding::Journal => size_of::<Journal>(),
        Binding::Dense => (unknowns * unknowns + 64 * room.couplings) * 4,
        Binding::Acting => room.acting * UNIT,
        Binding::Points => size_of_val(&packed.points[..]),
        Binding::Stresses => packed.strained_cells() * STRAIN_FIELD_BYTES,
    }
}

/// Pipeline and bindings of each [`Step`].
pub(crate) fn pipelines(
    gpu: &Gpu,
    buffers: &[wgpu::Buffer],
) -> Vec<(wgpu::ComputePipeline, wgpu::BindGroup)> {
    let device = &gpu.device;
    let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
        label: None,
        source: wgpu::ShaderSource::Wgsl(SOURCE.into()),
    });
    let pipeline = |step: &Step| {
        let kernel = step.kernel();
        let entries: Vec<_> = kernel
            .bindings
            .iter()
            .map(|binding| wgpu::BindGroupLayoutEntry {
                binding: *binding as u32,
                visibility: wgpu::ShaderStages::COMPUTE,
                ty: wgpu::BindingType::Buffer {
                    ty: binding.kind(),
                    has_dynamic_offset: *binding == Binding::AtLevel,
                    min_binding_size: None,
                },
                count: None,
            })
            .collect();
        let layout = device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
            label: Some(kernel.entry),
            entries: &entries,
        });
        let resources: Vec<_> = kernel
            .bindings
            .iter()
            .map(|binding| wgpu::BindGroupEntry {
                binding: *binding as u32,
                resource: wgpu::BindingResource::Buffer(wgpu::BufferBinding {
                    buffer: &buffers[*binding as usize],
                    offset: 0,
                    size: (*binding == Binding::AtLevel)
                        .then_some(const { std::num::NonZeroU64::new(16).unwrap() }),
                }),
            })
            .collect();
        let group = device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some(kernel.entry),
            layout: &layout,
            entries: &resources,
        });
        let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some(kernel.entry),
            layout: Some(&device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
                label: None,
                bind_group_layouts: &[Some(&layout)],
                immediate_size: 0,
            })),
            module: &module,
            entry_point: Some(kernel.entry),
            compilation_options: Default::default(),
            cache: None,
        });
        (pipeline, group)
    };
    Step::ALL.iter().map(pipeline).collect()
}
