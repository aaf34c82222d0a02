//! Slivers: cells that hold next to no tissue, and the cells that carry them.
//!
//! A node that only slivers hold has next to no stiffness and no mass of its own: it flutters, and nearly incompressible tissue never
//! comes to rest there. So a sliver is no element. A fuller neighbour carries it: its tissue is integrated with the neighbour's,
//! whose displacement it extrapolates, and the nodes that no element is left to hold follow the same extrapolation. All
//! of it is exact for affine motion [Badia et al. 2018].

use nalgebra::Vector3;

use crate::{
    embed::weights,
    hierarchy::Incidence,
    lattice::{Cell, Embedding, Lattice},
    real::{Lanes, Real},
    scene::Scene,
};

/// Up to this many samples of 64 a cell is a sliver.
const SLIVER: u32 = 8;

/// Who carries the tissue of each cell.
#[derive(Clone, Debug)]
pub(crate) struct Carriers {
    /// The lattice's cells that are elements, in their order.
    pub elements: Vec<u32>,
    /// Element of each of the lattice's cells, and where the cell lies from it.
    of: Vec<(u32, [i8; 3])>,
    /// Nodes that no element has.
    followers: Vec<Follower>,
}

/// A node that follows the extrapolation of an element.
#[derive(Clone, Copy, Debug)]
struct Follower {
    node: u32,
    nodes: [u32; 8],
    weights: [Real; 8],
}

impl Carriers {
    /// Find a carrier for every sliver of a sound lattice among the cells of its tissue that share a node with it. A sliver without
    /// one is an element for itself.
    pub fn new(lattice: &Lattice) -> Self {
        let cells = &lattice.cells;
        let is_sliver = |cell: &Cell| cell.samples.count_ones() <= SLIVER;
        let corners: Vec<_> = cells.iter().map(|c| c.nodes).collect();
        let incident = Incidence::new(lattice.nodes.len(), &corners);
        let carrier = |sliver: u32| {
            let mine = &cells[sliver as usize];
            let around = mine.nodes.iter().flat_map(|node| incident.of(*node as usize));
            let fits = |c: &&u32| {
                let theirs = &cells[**c as usize];
                !is_sliver(theirs) && (theirs.body, theirs.material) == (mine.body, mine.material)
            };
            // Over a face rather than an edge, over an edge rather than a corner; then the fullest.
            around.filter(fits).copied().min_by_key(|c| {
                let theirs = &cells[*c as usize];
                let shared = theirs.nodes.iter().filter(|n| mine.nodes.contains(n)).count();
                (8 - shared, 64 - theirs.samples.count_ones(), *c)
            })
        };
        let carried: Vec<u32> = (0..cells.len() as u32)
            .map(|c| if is_sliver(&cells[c as usize]) { carrier(c).unwrap_or(c) } else { c })
            .collect();

        let mut number = vec![u32::MAX; cells.len()];
        let mut elements = Vec::with_capacity(cells.len());
        for (cell, carrier) in carried.iter().enumerate() {
            if *carrier as usize == cell {
                number[cell] = elements.len() as u32;
                elements.push(cell as u32);
            }
        }
        let of: Vec<_> = carried
            .iter()
            .zip(cells)
            .map(|(carrier, cell)| {
                let there = cells[*carrier as usize].coord;
                let away = |axis: usize| i32::from(cell.coord[axis]) - i32::from(there[axis]);
                (number[*carrier as usize], [0, 1, 2].map(|axis| away(axis) as i8))
            })
            .collect();

        let mut is_held = vec![false; lattice.nodes.len()];
        for cell in &elements {
            for node in cells[*cell as usize].nodes {
                is_held[node as usize] = true;
            }
        }
        let mut carriers = Self { elements, of, followers: Vec::new() };
        // The fullest of a node's slivers says whom it follows.
        let mut order: Vec<u32> = (0..cells.len() as u32).collect();
        order.retain(|c| carried[*c as usize] != *c);
        order.sort_by_key(|c| (64 - cells[*c as usize].samples.count_ones(), *c));
        for sliver in order {
            for (corner, node) in cells[sliver as usize].nodes.into_iter().enumerate() {
                if std::mem::replace(&mut is_held[node as usize], true) {
                    continue;
                }
                let local = [0, 1, 2].map(|axis| (corner >> axis & 1) as f32);
                let point = carriers.carry(&Embedding { cell: sliver, local });
                let element = carriers.elements[point.cell as usize];
                carriers.followers.push(Follower {
                    node,
                    nodes: cells[element as usize].nodes,
                    weights: weights(point.local),
                });
            }
        }
        carriers
    }

    /// The same material point, in an element.
    pub fn resolve(&self, point: &Embedding) -> Embedding {
        let carried = self.carry(point);
        Embedding { cell: self.elements[carried.cell as usize], ..carried }
    }

    /// The same material point by the number of its element.
    pub fn carry(&self, point: &Embedding) -> Embedding {
        let (cell, offset) = self.of[point.cell as usize];
        let local = [0, 1, 2].map(|axis| point.local[axis] + f32::from(offset[axis]));
        Embedding { cell, local }
    }

    /// Each of the lattice's cells with the number of its element and where it lies from that.
    pub fn pieces<'a>(
        &'a self,
        lattice: &'a Lattice,
    ) -> impl Iterator<Item = (&'a Cell, usize, [i8; 3])> {
        let of = lattice.cells.iter().zip(&self.of);
        of.map(|(cell, (element, offset))| (cell, *element as usize, *offset))
    }

    /// The scene with elements for cells: what the finest grid is built from. It has the carriers' samples only, and neither
    /// distances nor obstacles.
    pub fn elements_of(&self, scene: &Scene) -> Scene {
        let cells = &scene.lattice.cells;
        let lattice = Lattice {
            origin: scene.lattice.origin,
            spacing: scene.lattice.spacing,
            nodes: scene.lattice.nodes.clone(),
            cells: self.elements.iter().map(|c| cells[*c as usize]).collect(),
        };
        let mut elements = Scene {
            lattice,
            fibres: self.fibres_of(scene),
            materials: scene.materials.clone(),
            surfaces: scene.surfaces.clone(),
            membranes: scene.membranes.clone(),
            ..Scene::default()
        };
        for point in elements.surfaces.iter_mut().flat_map(|s| &mut s.points) {
            *point = self.carry(point);
        }
        elements
    }

    /// Mean directions of the tissue of each element.
    fn fibres_of(&self, scene: &Scene) -> Vec<[[f32; 3]; 2]> {
        if scene.fibres.is_empty() {
            return Vec::new();
        }
        let mut sums = vec![[Vector3::zeros(); 2]; self.elements.len()];
        for ((cell, element, _), mine) in self.pieces(&scene.lattice).zip(&scene.fibres) {
            let weight = cell.samples.count_ones() as f32;
            let reference = scene.fibres[self.elements[element] as usize];
            for which in 0..2 {
                let direction = Vector3::from(mine[which]).normalize();
                // A fibre has no head.
                let sign = direction.dot(&Vector3::from(reference[which])).signum();
                sums[element][which] += direction * (weight * sign);
            }
        }
        sums.into_iter().map(|sum| sum.map(Into::into)).collect()
    }

    /// Let the nodes without elements follow.
    pub fn lead(&self, displacements: &mut [Lanes]) {
        for follower in &self.followers {
            let mut sum = Lanes::default();
            for (node, weight) in follower.nodes.iter().zip(follower.weights) {
                sum += displacements[*node as usize] * Lanes::splat(weight);
            }
            displacements[follower.node as usize] = sum;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::Model,
        real::{from_f32, node_vector, to_f32},
        scene::{Material, Support},
    };

    /// A ball in a lattice that it does not fit, and a skew direction for each cell.
    fn scene() -> Scene {
        let lattice = Lattice::ball(23.0, 5.0);
        let fibres = vec![[[1.0, 0.2, 0.1], [0.0, 1.0, 0.3]]; lattice.cells.len()];
        let materials = vec![Material::neo_hookean(5.0, 0.45, 1.06e-6)];
        let support =
            Support { point: Embedding { cell: 0, local: [0.5; 3] }, stiffness: [1.0; 3] };
        Scene { lattice, materials, fibres, supports: vec![support], ..Scene::default() }
    }

    #[test]
    fn every_sliver_is_carried_and_nothing_is_lost() {
        let scene = scene();
        let model = Model::new(&scene).expect("a sound scene");
        let full = |c: &&Cell| c.samples.count_ones() > SLIVER;
        let elements = scene.lattice.cells.iter().filter(full).count();
        assert_eq!(model.carriers.elements.len(), elements);
        assert!(elements < scene.lattice.cells.len() && !model.carriers.followers.is_empty());

        let samples: u32 = scene.lattice.cells.iter().map(|c| c.samples.count_ones()).sum();
        let volume = f64::from(samples) * 1.25_f64.powi(3);
        let carried: f64 = model.grids[0].volumes.iter().sum();
        assert!((carried / volume - 1.0).abs() < 1e-9, "{carried} of {volume} mm³");
        let mass: f64 = model.masses().iter().map(|m| f64::from(*m)).sum();
        assert!((mass / (1.06e-6 * volume) - 1.0).abs() < 1e-5, "{mass} kg");
        assert!(model.masses().iter().all(|m| *m >= 0.0));
    }

    #[test]
    fn an_affine_motion_carries_all_along() {
        let scene = scene();
        let carriers = Carriers::new(&scene.lattice);
        let rest =
            |n: &[u16; 3]| [0, 1, 2].map(|i| scene.lattice.origin[i] + 5.0 * f32::from(n[i]));
        let exact = |[x, y, z]: [f32; 3]| [0.2 * x - 0.1 * y + 3.0, 0.3 * z, 0.1 * x - 0.2 * z];
        let mut displacements: Vec<Lanes> =
            scene.lattice.nodes.iter().map(|n| from_f32(exact(rest(n)))).collect();
        for follower in &carriers.followers {
            displacements[follower.node as usize] = node_vector([99.0; 3]);
        }
        carriers.lead(&mut displacements);
        for (n, u) in scene.lattice.nodes.iter().zip(&displacements) {
            let (u, exact) = (to_f32(*u), exact(rest(n)));
            assert!((0..3).all(|i| (u[i] - exact[i]).abs() < 1e-4), "{u:?} is not {exact:?}");
        }
        for cell in 0..scene.lattice.cells.len() as u32 {
            let point = Embedding { cell, local: [0.3, 0.6, 0.9] };
            let same = carriers.resolve(&point);
            let places = [point, same].map(|p| scene.lattice.rest_position(&p));
            assert!((0..3).all(|i| (places[0][i] - places[1][i]).abs() < 1e-4), "{places:?}");
            assert!(carriers.elements.contains(&same.cell));
        }
    }
}
