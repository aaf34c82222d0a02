//! Which scenes the kernels can take.

use super::layout::{MAX_LEVELS, MAX_UNKNOWNS, StrainPoint};
use crate::model::Model;

/// Strain points that every browser's largest buffer has room for.
const MAX_POINTS: usize = (128 << 20) / size_of::<StrainPoint>();

/// Why a scene stays on the CPU.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsupported {
    /// More points with fibres, membranes and the like than a buffer of the web holds.
    #[error("too many points with laws of their own")]
    Points,
    /// So few cells that there is nothing to gain.
    #[error("too few cells")]
    Small,
    /// Coarsening ends at too many cells: thousands of separate pieces.
    #[error("too many separate pieces")]
    Pieces,
}

/// Can the GPU simulate this model?
///
/// # Errors
/// Why not.
pub fn supports(model: &Model) -> Result<(), Unsupported> {
    if model.strain_points.of_cells(&model.grids[0]).count() > MAX_POINTS {
        return Err(Unsupported::Points);
    }
    if model.grids.len() < 2 {
        return Err(Unsupported::Small);
    }
    let coarsest = &model.grids[model.grids.len() - 1];
    if model.grids.len() > MAX_LEVELS || 3 * coarsest.node_count() > MAX_UNKNOWNS {
        return Err(Unsupported::Pieces);
    }
    Ok(())
}
