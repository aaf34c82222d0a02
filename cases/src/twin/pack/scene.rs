//! The lattice in few bytes: nodes follow from the cells, and a corner mostly says "the node that is already there".

use std::collections::HashMap;

use solver_wasm::{
    lattice::{Cell, Lattice},
    scene::Scene,
};

use super::{
    error::PackError,
    stream::{Reader, put_varint, unzigzag, zigzag},
};

/// Write a scene. Its nodes must be numbered in the order in which the cells first name them, as `build` leaves them.
pub(super) fn encode(scene: &Scene) -> Result<Vec<u8>, PackError> {
    let unsound = |reason| PackError::Content { section: "scene", reason };
    let lattice = &scene.lattice;
    let mut out = Vec::new();
    let frame = Lattice { origin: lattice.origin, spacing: lattice.spacing, ..Lattice::default() };
    let rest = Scene { lattice: frame, ..scene.clone() };
    let rest = postcard::to_stdvec(&rest).map_err(|_| unsound("cannot be written"))?;
    out.extend((rest.len() as u32).to_le_bytes());
    out.extend(rest);

    // Columns, so that like stands beside like.
    let mut columns: [Vec<u8>; 6] = Default::default();
    let mut before = [0_u16; 3];
    let mut at: HashMap<([u16; 3], u16), Vec<u32>> = HashMap::new();
    let mut known = 0_u32;
    for cell in &lattice.cells {
        for a in 0..3 {
            put_varint(&mut columns[a], zigzag(i32::from(cell.coord[a]) - i32::from(before[a])));
        }
        before = cell.coord;
        columns[3].extend(cell.body.to_le_bytes());
        columns[3].extend(cell.material.to_le_bytes());
        columns[4].extend(cell.samples.to_le_bytes());
        for (corner, &node) in cell.nodes.iter().enumerate() {
            let place = corner_place(cell.coord, corner)
                .ok_or_else(|| unsound("a cell lies beyond the lattice"))?;
            if lattice.nodes.get(node as usize) != Some(&place) {
                return Err(unsound("a cell and its nodes lie in different places"));
            }
            let here = at.entry((place, cell.body)).or_default();
            // 0: new; 1: the last one made here; 2: the one before …
            let code = match here.iter().rev().position(|&n| n == node) {
                Some(back) => back as u32 + 1,
                None if node == known => {
                    here.push(node);
                    known += 1;
                    0
                }
                None => return Err(unsound("nodes are not in the order of their first use")),
            };
            put_varint(&mut columns[5], code);
        }
    }
    if known as usize != lattice.nodes.len() {
        return Err(unsound("a node belongs to no cell"));
    }
    out.extend((lattice.cells.len() as u32).to_le_bytes());
    for column in columns {
        out.extend((column.len() as u32).to_le_bytes());
        out.extend(column);
    }
    Ok(out)
}

fn corner_place(coord: [u16; 3], corner: usize) -> Option<[u16; 3]> {
    let mut place = coord;
    for (a, c) in place.iter_mut().enumerate() {
        *c = c.checked_add((corner >> a & 1) as u16)?;
    }
    Some(place)
}

/// Read a scene that the solver accepts.
pub(super) fn decode(bytes: &[u8]) -> Result<Scene, PackError> {
    let mut reader = Reader::new("scene", bytes);
    let rest_len = reader.count(1)?;
    let mut scene: Scene =
        postcard::from_bytes(reader.take(rest_len)?).map_err(|_| reader.error("cannot be read"))?;
    let Lattice { origin, spacing, .. } = scene.lattice;
    scene.lattice = decode_lattice(&mut reader, origin, spacing)?;
    reader.finish()?;
    // A twin of rigid structures alone has no tissue.
    if !scene.lattice.cells.is_empty() {
        scene.check().map_err(|_| reader.error("holds what the solver refuses"))?;
    }
    Ok(scene)
}

fn decode_lattice(
    reader: &mut Reader,
    origin: [f32; 3],
    spacing: f32,
) -> Result<Lattice, PackError> {
    let cell_count = reader.count(23)?;
    let mut columns = Vec::with_capacity(6);
    for _ in 0..6 {
        let len = reader.count(1)?;
        columns.push(Reader::new("scene", reader.take(len)?));
    }
    let mut lattice =
        Lattice { origin, spacing, nodes: Vec::new(), cells: Vec::with_capacity(cell_count) };
    let mut at: HashMap<([u16; 3], u16), Vec<u32>> = HashMap::new();
    let mut coord = [0_u16; 3];
    for _ in 0..cell_count {
        for a in 0..3 {
            let c = i32::from(coord[a]).checked_add(unzigzag(columns[a].varint()?));
            coord[a] = c
                .and_then(|c| u16::try_from(c).ok())
                .ok_or_else(|| reader.error("has a cell beyond the lattice"))?;
        }
        let mut cell = Cell {
            coord,
            nodes: [0; 8],
            body: columns[3].u16()?,
            material: columns[3].u16()?,
            samples: columns[4].u64()?,
        };
        for corner in 0..8 {
            let place = corner_place(coord, corner)
                .ok_or_else(|| reader.error("has a cell beyond the lattice"))?;
            let here = at.entry((place, cell.body)).or_default();
            cell.nodes[corner] = match columns[5].varint()? as usize {
                0 => {
                    let node = lattice.nodes.len() as u32;
                    lattice.nodes.push(place);
                    here.push(node);
                    node
                }
                back => *here
                    .len()
                    .checked_sub(back)
                    .and_then(|i| here.get(i))
                    .ok_or_else(|| reader.error("names a node that does not exist"))?,
            };
        }
        lattice.cells.push(cell);
    }
    for column in &columns {
        column.finish()?;
    }
    Ok(lattice)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use solver_wasm::{
        lattice::Embedding,
        scene::{Law, Material, Support},
    };

    use super::*;

    /// Two cells at one place that share no node, and one beside the first that shares four.
    fn scene() -> Scene {
        let place =
            |x: u16| (0..8).map(move |c: u16| [x + (c & 1), 2 + (c >> 1 & 1), 3 + (c >> 2 & 1)]);
        let mut nodes: Vec<[u16; 3]> = place(1).chain(place(1)).collect();
        nodes.extend(place(2).filter(|p| p[0] == 3));
        let cell = |x, body, nodes| Cell { coord: [x, 2, 3], nodes, body, material: 0, samples: 5 };
        Scene {
            lattice: Lattice {
                origin: [1.0, -2.0, 3.0],
                spacing: 8.0,
                nodes,
                cells: vec![
                    cell(1, 0, [0, 1, 2, 3, 4, 5, 6, 7]),
                    cell(1, 0, [8, 9, 10, 11, 12, 13, 14, 15]),
                    cell(2, 0, [1, 16, 3, 17, 5, 18, 7, 19]),
                ],
            },
            materials: vec![Material::neo_hookean(5.0, 0.45, 1e-6)],
            supports: vec![Support {
                point: Embedding { cell: 2, local: [0.5, 0.25, 1.0] },
                stiffness: [1.0, 2.0, 0.0],
            }],
            gravity: [0.0, 9810.0, 0.0],
            rest_gravity: [0.0, 9810.0, 0.0],
            ..Scene::default()
        }
    }

    #[test]
    fn a_scene_comes_back() {
        assert_eq!(decode(&encode(&scene()).unwrap()).unwrap(), scene());
    }

    #[test]
    fn what_does_not_hold_together_is_refused() {
        let refused = |change: fn(&mut Scene)| {
            let mut scene = scene();
            change(&mut scene);
            let bytes = encode(&scene);
            assert!(bytes.is_err() || decode(&bytes.unwrap_or_default()).is_err());
        };
        refused(|s| s.lattice.nodes.swap(0, 1));
        refused(|s| s.lattice.nodes.push([0; 3]));
        refused(|s| s.lattice.cells[0].coord[0] = u16::MAX);
        refused(|s| s.lattice.cells[0].samples = 0);
        refused(|s| s.lattice.cells[2].material = 1);
        refused(|s| s.supports[0].point.cell = 3);
        refused(|s| s.supports[0].stiffness[0] = f32::NAN);
        refused(|s| s.materials[0].law = Law::NeoHookean { young: 5.0, poisson: 0.5 });
    }

    proptest! {
        #[test]
        fn damaged_bytes_never_panic(damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8), keep in any::<prop::sample::Index>()) {
            let mut bytes = encode(&scene()).unwrap();
            for (at, with) in damage {
                let at = at.index(bytes.len());
                bytes[at] = with;
            }
            let _ = decode(&bytes);
            prop_assert!(decode(&bytes[..keep.index(bytes.len())]).is_err());
        }
    }
}
