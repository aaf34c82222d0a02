//! The door through which the GPU takes the points.

use super::{StrainPoints, law::StrainLaw};
use crate::{
    hierarchy::Grid,
    real::{LANES, Lanes, Real, Vector},
};

/// One point of one cell.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CellPoint {
    /// Of the finest grid.
    pub cell: usize,
    /// ν/(1 − ν) of the cell.
    pub lateral: Real,
    /// From the material's centroid, local coordinates.
    pub local: [Real; 3],
    /// Fraction of the cell's volume.
    pub weight: Real,
    /// Fibre and sheet; the normal is their vector product.
    pub axes: [[Real; 3]; 2],
    /// Greatest active stress along the fibre [kPa].
    pub active: Real,
    /// See [`StrainLaw::packed`].
    pub law: (u32, [Real; 8]),
}

impl StrainPoints {
    /// Every point of every cell; those of a cell follow each other.
    pub fn of_cells<'a>(&'a self, grid: &'a Grid) -> impl Iterator<Item = CellPoint> + 'a {
        let lanes = self.groups.iter().flat_map(|group| (0..LANES).map(move |lane| (group, lane)));
        lanes.flat_map(move |(group, lane)| {
            let cell = grid.cell(group.shape as usize, lane);
            let at = move |column: Lanes| column.to_array()[lane];
            let vector = move |v: Vector| [v.x, v.y, v.z].map(at);
            let points = &self.points[group.points.start as usize..group.points.end as usize];
            points.iter().filter_map(move |point| {
                Some(CellPoint {
                    cell: cell?,
                    lateral: at(group.lateral),
                    local: vector(point.local),
                    weight: Some(at(point.weight)).filter(|w| *w > 0.0)?,
                    axes: [vector(point.frame[0]), vector(point.frame[1])],
                    active: at(point.active),
                    law: point.laws[lane].packed(),
                })
            })
        })
    }
}

impl StrainLaw {
    /// Its number and its constants, as `strain.wgsl` reads them.
    fn packed(&self) -> (u32, [Real; 8]) {
        match *self {
            Self::None => (0, [0.0; 8]),
            Self::Guccione { c, fibre, transverse, shear } => {
                (1, [c, fibre, transverse, shear, 0.0, 0.0, 0.0, 0.0])
            }
            Self::HolzapfelOgden { matrix, fibre, sheet, shear } => {
                let pairs = [matrix, fibre, sheet, shear];
                (
                    2,
                    std::array::from_fn(
                        |i| if i % 2 == 0 { pairs[i / 2].0 } else { pairs[i / 2].1 },
                    ),
                )
            }
            Self::Ogden { terms: [(mu, alpha), (nu, beta)], base } => {
                (3, [mu, alpha, nu, beta, base, 0.0, 0.0, 0.0])
            }
            Self::Sheet { modulus, poisson, stiffening } => {
                (4, [modulus, poisson, stiffening, 0.0, 0.0, 0.0, 0.0, 0.0])
            }
        }
    }
}
