//! The shaders against what Rust thinks of them: no GPU is needed for that.

use std::mem::offset_of;

use naga::{AddressSpace, TypeInner, valid};

use super::{
    kernels::{Binding, SOURCE, Step, iteration, opening},
    layout::{
        Cell, Frame, Journal, Level, MAX_LEVELS, MAX_UNKNOWNS, Node, PackedSpring,
        STRAIN_FIELD_BYTES, StrainPoint, TANGENT_BYTES, Tissue, WORKGROUP,
    },
};
use crate::contact::MAX_TOUCHES;

/// What every browser grants a stage and a workgroup.
const STORAGE_BUFFERS: usize = 8;
const WORKGROUP_BYTES: u32 = 16_384;
const INVOCATIONS: u32 = 256;

fn module() -> (naga::Module, valid::ModuleInfo) {
    let module = naga::front::wgsl::parse_str(SOURCE)
        .unwrap_or_else(|error| panic!("{}", error.emit_to_string(SOURCE)));
    let info = valid::Validator::new(valid::ValidationFlags::all(), valid::Capabilities::empty())
        .validate(&module)
        .unwrap_or_else(|error| panic!("{}", error.emit_to_string(SOURCE)));
    (module, info)
}

#[test]
fn every_kernel_binds_what_it_uses_within_the_limits_of_the_web() {
    let (module, info) = module();
    assert_eq!(module.entry_points.len(), Step::ALL.len());
    for step in Step::ALL {
        let kernel = step.kernel();
        let at = module.entry_points.iter().position(|e| e.name == kernel.entry);
        let at = at.unwrap_or_else(|| panic!("no entry point {}", kernel.entry));
        let entry = &module.entry_points[at];
        let alone = matches!(step, Step::Factor | Step::CycleTail);
        let size = if alone { INVOCATIONS } else { WORKGROUP as u32 };
        assert_eq!(entry.workgroup_size, [size, 1, 1], "{}", kernel.entry);
        let (mut bindings, mut shared) = (Vec::new(), 0);
        for (handle, global) in module.global_variables.iter() {
            if info.get_entry_point(at)[handle].is_empty() {
                continue;
            }
            match (&global.binding, global.space) {
                (Some(binding), _) => bindings.push(Binding::ALL[binding.binding as usize]),
                (None, AddressSpace::WorkGroup) => {
                    shared += module.types[global.ty].inner.size(module.to_ctx());
                }
                _ => panic!("{}: {:?}", kernel.entry, global.name),
            }
        }
        bindings.sort_unstable();
        assert_eq!(bindings, kernel.bindings, "{}", kernel.entry);
        let is_storage = |b: &&Binding| matches!(b.kind(), wgpu::BufferBindingType::Storage { .. });
        let storage = bindings.iter().filter(is_storage).count();
        assert!(storage <= STORAGE_BUFFERS, "{}: {storage}", kernel.entry);
        assert!(shared <= WORKGROUP_BYTES, "{}: {shared} bytes", kernel.entry);
    }
}

#[test]
fn bindings_have_the_numbers_and_kinds_of_the_shaders() {
    let (module, _) = module();
    for (i, binding) in Binding::ALL.iter().enumerate() {
        assert_eq!(*binding as usize, i);
        let global =
            module.global_variables.iter().map(|(_, g)| g).find(|g| {
                g.binding.as_ref().is_some_and(|b| b.group == 0 && b.binding as usize == i)
            });
        let space = global.unwrap_or_else(|| panic!("no binding {i}")).space;
        let kind = match space {
            AddressSpace::Uniform => wgpu::BufferBindingType::Uniform,
            AddressSpace::Storage { access } => wgpu::BufferBindingType::Storage {
                read_only: !access.contains(naga::StorageAccess::STORE),
            },
            other => panic!("{other:?}"),
        };
        assert_eq!(binding.kind(), kind, "{binding:?}");
    }
}

/// Size and members (name, offset) of a structure in the shaders.
fn structure(module: &naga::Module, name: &str) -> (usize, Vec<(String, usize)>) {
    let ty = module.types.iter().map(|(_, t)| t).find(|t| t.name.as_deref() == Some(name));
    let Some(TypeInner::Struct { members, span }) = ty.map(|t| &t.inner) else {
        panic!("no structure {name}")
    };
    let member = |m: &naga::StructMember| (m.name.clone().unwrap_or_default(), m.offset as usize);
    (*span as usize, members.iter().map(member).collect())
}

macro_rules! same {
    ($module:expr, $shader:literal, $rust:ident: $($field:ident),*) => {
        assert_eq!(
            structure($module, $shader),
            (
                size_of::<$rust>(),
                vec![$((stringify!($field).to_owned(), offset_of!($rust, $field))),*],
            ),
            $shader
        );
    };
}

#[test]
#[rustfmt::skip]
fn structures_lie_where_the_shaders_read_them() {
    let (module, _) = module();
    let m = &module;
    same!(m, "Cell", Cell: corners, centroid, moments, held, children);
    same!(m, "Node", Node: support, cells, coarse, fine, share, unused);
    same!(m, "Tissue", Tissue: mu, lambda, rest, shear, gradient, damping, volume, unused);
    same!(m, "Spring", PackedSpring: weights, stiffness, goal, multiplier);
    same!(m, "StrainPoint", StrainPoint: local, weight, fibre, muscle, sheet, law, constants, first, second, diagonal, ranks);
    same!(m, "Level", Level: first_node, node_count, first_cell, cell_count, chebyshev);
    same!(m, "Frame", Frame: gravity, rate, inertia, shift, mode_scale, reach, tolerance, cg_tolerance,
        force_scale, node_total, coarsest, tail, couplings, touch_count, pulls, order, starts,
        vertex_count, vertices, fans, loads, load_order, load_starts, pressures, active_ends,
        least_gain, activation, strained_count, unused, levels);
    same!(m, "Journal", Journal: energies, steps, roundings, evaluations, newton_iterations, cg_iterations,
        negative, product, gained, alpha, beta, finished, iteration, balanced, unused);
    assert_eq!(structure(m, "Tangent").0, TANGENT_BYTES);
    assert_eq!(structure(m, "StrainField").0, STRAIN_FIELD_BYTES);
    assert!(SOURCE.contains(&format!("array<Level, {MAX_LEVELS}>")));
    assert!(SOURCE.contains(&format!("MAX_TOUCHES = {MAX_TOUCHES}u")));
    assert!(SOURCE.contains(&format!("MOST_UNKNOWNS = {MAX_UNKNOWNS}u")));
}

#[test]
fn an_iteration_is_a_fixed_list_of_kernels() {
    let play = iteration(8, 5, 2);
    let count = |step: Step| play.iter().filter(|(s, _)| *s == step).count();
    assert_eq!(count(Step::CycleTail), 8);
    assert_eq!(count(Step::Evaluate), 1);
    assert_eq!(count(Step::ProductFinest), 32);
    assert_eq!(count(Step::Product), 32);
    assert_eq!(count(Step::Pull), 64);
    assert_eq!(play.len(), 359);
    assert_eq!(opening(true).len(), opening(false).len() + 1);
}
