//! Grown trees beside those of a real patient, where `SECTIO_DATA` names the folder of the sources and `SECTIO_VEINS` the one with
//! `hepaticvessel_010_vsnet.nii.gz` (Medical Segmentation Decathlon, Task 08, re-annotated by VSNet: 1 vena cava and hepatic veins, 2 portal veins).
//!
//! Both are measured in the same way, on voxels of the same size: shells of equal distance along the vessel from its thickest place;
//! a shell that falls apart is a fork [Zahlten et al. 1995].

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
    path::PathBuf,
};

use cases::{
    Error, library, twin,
    volume::{Grid, Voxels, read_labels},
};

/// Thickness of a shell [mm].
const SHELL: f64 = 5.0;
/// Branches of the trunks' calibre are left out: the real labels go on to spleen, gut and heart.
const WIDEST: f64 = 6.5;

/// What is measured of a tree.
#[derive(Debug)]
struct Measures {
    branches: usize,
    length_sum: f64,
    radius: [f64; 3],
    length: [f64; 3],
    slenderness: [f64; 3],
    angle: [f64; 3],
    narrowing: [f64; 3],
}

/// Quartiles.
fn quartiles(mut values: Vec<f64>) -> [f64; 3] {
    values.sort_by(f64::total_cmp);
    [0.25, 0.5, 0.75]
        .map(|p| values.get((p * values.len() as f64) as usize).copied().unwrap_or(0.0))
}

/// A shell's connected part.
struct Node {
    centre: [f64; 3],
    volume: f64,
    parent: Option<usize>,
    children: Vec<usize>,
}

fn between(a: [f64; 3], b: [f64; 3]) -> f64 {
    (0..3).map(|i| (a[i] - b[i]).powi(2)).sum::<f64>().sqrt()
}

/// Neighbours over faces, edges and corners, with their distance [mm].
fn around(grid: &Grid, i: usize) -> impl Iterator<Item = (usize, f64)> + '_ {
    let [nx, ny, _] = grid.dims;
    let at = [i % nx, i / nx % ny, i / (nx * ny)].map(|c| c as i64);
    (0..27).filter(|k| *k != 13).filter_map(move |k: i64| {
        let step = [k % 3 - 1, k / 3 % 3 - 1, k / 9 - 1];
        let next: [i64; 3] = std::array::from_fn(|a| at[a] + step[a]);
        let inside = (0..3).all(|a| (0..grid.dims[a] as i64).contains(&next[a]));
        let length = (0..3).map(|a| (step[a] as f64 * grid.spacing[a]).powi(2)).sum::<f64>().sqrt();
        inside.then(|| (grid.index(next.map(|c| c as usize)), length))
    })
}

/// Distance along the vessel from `starts` [µm, so that a heap can order it].
fn along(grid: &Grid, mask: &[bool], starts: &[usize]) -> Vec<u64> {
    let mut far = vec![u64::MAX; mask.len()];
    let mut heap = BinaryHeap::new();
    for &start in starts {
        far[start] = 0;
        heap.push(Reverse((0, start)));
    }
    while let Some(Reverse((d, i))) = heap.pop() {
        if d > far[i] {
            continue;
        }
        for (n, length) in around(grid, i) {
            let next = d + (1000.0 * length) as u64;
            if mask[n] && next < far[n] {
                far[n] = next;
                heap.push(Reverse((next, n)));
            }
        }
    }
    far
}

fn measure(grid: &Grid, mask: &[bool]) -> Measures {
    let [nx, ny, _] = grid.dims;
    let place = |i: usize| -> [f64; 3] {
        let voxel = [i % nx, i / nx % ny, i / (nx * ny)];
        std::array::from_fn(|a| grid.origin[a] + voxel[a] as f64 * grid.spacing[a])
    };
    // The thickest place: furthest along from everything that touches the outside in the plane of the slice.
    let edge: Vec<usize> = (0..mask.len())
        .filter(|&i| {
            mask[i]
                && [1, nx]
                    .iter()
                    .any(|s| !mask[i.saturating_sub(*s)] || !mask[(i + s).min(mask.len() - 1)])
        })
        .collect();
    let depth = along(grid, mask, &edge);
    let root = (0..mask.len())
        .filter(|&i| mask[i] && depth[i] < u64::MAX)
        .max_by_key(|&i| (depth[i], Reverse(i)))
        .expect("a vessel");
    let far = along(grid, mask, &[root]);
    let shell = |i: usize| (far[i] as f64 / 1000.0 / SHELL) as usize;
    let mut order: Vec<usize> = (0..mask.len()).filter(|&i| mask[i] && far[i] < u64::MAX).collect();
    order.sort_by_key(|&i| (shell(i), i));
    let mut node_of: BTreeMap<usize, usize> = BTreeMap::new();
    let mut nodes: Vec<Node> = Vec::new();
    for &first in &order {
        if node_of.contains_key(&first) {
            continue;
        }
        let own = nodes.len();
        let (mut stack, mut members, mut parent) = (vec![first], Vec::new(), None);
        node_of.insert(first, own);
        while let Some(i) = stack.pop() {
            members.push(i);
            for (n, _) in around(grid, i).filter(|(n, _)| mask[*n] && far[*n] < u64::MAX) {
                if shell(n) == shell(i) && !node_of.contains_key(&n) {
                    node_of.insert(n, own);
                    stack.push(n);
                } else if shell(n) + 1 == shell(i) {
                    parent = parent.or(node_of.get(&n).copied());
                }
            }
        }
        let count = members.len() as f64;
        let centre =
            std::array::from_fn(|a| members.iter().map(|&i| place(i)[a]).sum::<f64>() / count);
        nodes.push(Node {
            centre,
            volume: count * grid.voxel_volume(),
            parent,
            children: Vec::new(),
        });
    }
    for n in (0..nodes.len()).rev() {
        let Some(parent) = nodes[n].parent else { continue };
        // A last shell of a few voxels is the roughness of the label, no branch.
        if nodes[n].children.is_empty() && nodes[n].volume < 8.0 * grid.voxel_volume() {
            nodes[n].parent = None;
        } else {
            nodes[parent].children.push(n);
        }
    }
    summary(&nodes)
}

/// A chain of nodes between forks.
struct Chain {
    length: f64,
    radius: f64,
    angles: Vec<f64>,
    parent: Option<usize>,
}

fn summary(nodes: &[Node]) -> Measures {
    let mut chains: Vec<Chain> = Vec::new();
    let mut waiting = vec![(0_usize, None::<usize>)];
    while let Some((first, parent)) = waiting.pop() {
        let from = nodes[first].parent.map_or(nodes[first].centre, |p| nodes[p].centre);
        let (mut length, mut volume, mut last) = (0.0, 0.0, from);
        let mut at = first;
        loop {
            length += between(last, nodes[at].centre);
            volume += nodes[at].volume;
            last = nodes[at].centre;
            let [next] = nodes[at].children.as_slice() else { break };
            at = *next;
        }
        let heading = |n: usize| -> [f64; 3] {
            // Two shells on, where there are: the first of a branch still hangs on its parent.
            let on = nodes[n].children.first().copied().unwrap_or(n);
            std::array::from_fn(|a| nodes[on].centre[a] - nodes[at].centre[a])
        };
        let mut angles = Vec::new();
        for (i, &a) in nodes[at].children.iter().enumerate() {
            for &b in &nodes[at].children[..i] {
                let (u, v) = (heading(a), heading(b));
                let dot: f64 = (0..3).map(|k| u[k] * v[k]).sum();
                angles.push(
                    (dot / (between(u, [0.0; 3]) * between(v, [0.0; 3])).max(1e-9))
                        .clamp(-1.0, 1.0)
                        .acos()
                        .to_degrees(),
                );
            }
        }
        let own = chains.len();
        if length > 0.0 {
            let radius = (volume / (std::f64::consts::PI * length)).sqrt();
            chains.push(Chain { length, radius, angles, parent });
        }
        let parent = if length > 0.0 { Some(own) } else { parent };
        waiting.extend(nodes[at].children.iter().map(|&c| (c, parent)));
    }
    let kept: Vec<&Chain> = chains.iter().filter(|c| c.radius <= WIDEST).collect();
    let over = |f: &dyn Fn(&&Chain) -> f64| quartiles(kept.iter().map(f).collect());
    Measures {
        branches: kept.len(),
        length_sum: kept.iter().map(|c| c.length).sum(),
        radius: over(&|c| c.radius),
        length: over(&|c| c.length),
        slenderness: over(&|c| c.length / (2.0 * c.radius)),
        angle: quartiles(kept.iter().flat_map(|c| c.angles.clone()).collect()),
        narrowing: quartiles(
            kept.iter().filter_map(|c| Some(c.radius / chains[c.parent?].radius)).collect(),
        ),
    }
}

/// The grown tree on voxels like those of the real labels, as thin as those show vessels.
fn voxels_of(
    tree: &twin::derivation::vessels::Tree,
    thinnest: f64,
    like: &Grid,
) -> (Grid, Vec<bool>) {
    let (mut low, mut high) = ([f64::INFINITY; 3], [f64::NEG_INFINITY; 3]);
    let drawn: Vec<_> = tree.branches.iter().filter(|b| b.radius >= thinnest).collect();
    for p in drawn.iter().flat_map(|b| [b.from, b.to]) {
        for a in 0..3 {
            low[a] = low[a].min(p[a] - 12.0);
            high[a] = high[a].max(p[a] + 12.0);
        }
    }
    let dims = std::array::from_fn(|a| ((high[a] - low[a]) / like.spacing[a]).ceil() as usize);
    let grid = Grid { dims, origin: low, spacing: like.spacing };
    let mut mask = vec![false; grid.len()];
    for b in drawn {
        let near = |a: usize| {
            let at = |c: f64| ((c - low[a]) / grid.spacing[a]).clamp(0.0, dims[a] as f64) as usize;
            at(b.from[a].min(b.to[a]) - b.radius)
                ..at(b.from[a].max(b.to[a]) + b.radius + grid.spacing[a])
        };
        for z in near(2) {
            for y in near(1) {
                for x in near(0) {
                    let voxel = [x, y, z];
                    let p: [f64; 3] =
                        std::array::from_fn(|a| low[a] + voxel[a] as f64 * grid.spacing[a]);
                    let way: [f64; 3] = std::array::from_fn(|a| b.to[a] - b.from[a]);
                    let square = way.iter().map(|w| w * w).sum::<f64>().max(1e-9);
                    let t = ((0..3).map(|a| (p[a] - b.from[a]) * way[a]).sum::<f64>() / square)
                        .clamp(0.0, 1.0);
                    let foot = std::array::from_fn(|a| b.from[a] + t * way[a]);
                    mask[grid.index(voxel)] |= between(p, foot) <= b.radius;
                }
            }
        }
    }
    (grid, mask)
}

fn line(name: &str, m: &Measures) {
    let show = |q: [f64; 3]| format!("{:.1} [{:.1}–{:.1}]", q[1], q[0], q[2]);
    eprintln!(
        "| {name} | {} | {:.0} | {} | {} | {} | {} | {:.2} [{:.2}–{:.2}] |",
        m.branches,
        m.length_sum,
        show(m.radius),
        show(m.length),
        show(m.slenderness),
        show(m.angle),
        m.narrowing[1],
        m.narrowing[0],
        m.narrowing[2]
    );
}

#[test]
fn grown_trees_resemble_those_of_a_real_patient() {
    let folder = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let real = folder("SECTIO_VEINS").map(|f| f.join("hepaticvessel_010_vsnet.nii.gz"));
    let sources = folder("SECTIO_DATA").filter(|f| f.join("liver.inr.gz").is_file());
    let (Some(real), Some(sources)) = (real.filter(|f| f.is_file()), sources) else {
        eprintln!(
            "SKIPPED: the comparison needs the folders that SECTIO_VEINS and SECTIO_DATA name"
        );
        return;
    };
    let Voxels { grid, values } =
        read_labels("veins.nii.gz", &std::fs::read(real).unwrap(), None).unwrap();
    let case = library::find("liver_tumour").expect("the library has the case");
    let read = |file: &str| {
        std::fs::read(sources.join(file)).map_err(|e| Error::Source {
            file: file.to_owned(),
            reason: e.to_string(),
            remedy: "make it readable",
        })
    };
    let trees = twin::vessel_trees(case, &read).unwrap_or_else(|e| panic!("{e}"));
    eprintln!(
        "| tree | branches | length mm | radius mm | length of a branch mm | length / diameter | angle ° | radius / parent's |"
    );
    eprintln!("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    for (name, label, grown) in [("portal", 2, 403), ("hepatic", 1, 402)] {
        let mask: Vec<bool> = values.iter().map(|&l| l == label).collect();
        let patient = measure(&grid, &mask);
        let (_, tree) = trees.iter().find(|(l, _)| *l == grown).expect("a grown tree");
        let (own_grid, own_mask) = voxels_of(tree, 1.8, &grid);
        let own = measure(&own_grid, &own_mask);
        line(&format!("{name}, patient"), &patient);
        line(&format!("{name}, grown"), &own);
        let near = |a: f64, b: f64| (0.5..2.0).contains(&(a / b));
        assert!(near(own.radius[1], patient.radius[1]), "radius");
        assert!(near(own.length[1], patient.length[1]), "length");
        assert!(near(own.angle[1], patient.angle[1]), "angle");
        assert!(near(own.narrowing[1], patient.narrowing[1]), "narrowing");
    }
}
