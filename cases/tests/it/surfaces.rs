//! Surfaces and tissue of shapes that are known.

use std::collections::{BTreeSet, HashMap};

use cases::twin::{
    inspect::inspect,
    pack::{Pack, Surface, decode, encode},
};

use solver_wasm::embed::LatticeIndex;

use crate::phantom::{FINE, Phantom};

fn distance(p: [f32; 3], q: [f32; 3]) -> f32 {
    (0..3).map(|a| (p[a] - q[a]).powi(2)).sum::<f32>().sqrt()
}

fn ball(radius: f32) -> Phantom {
    let centre = [27.0, 28.0, 29.0];
    Phantom::new([56; 3], [1.0; 3], |p| u8::from(distance(p, centre) < radius))
}

/// Two boxes that share a wall at x = 24, with a third that stands on both.
fn boxes() -> Phantom {
    Phantom::new([48, 40, 40], [1.0; 3], |[x, y, z]| {
        let across = (8.0..40.0).contains(&x) && (8.0..32.0).contains(&y);
        match (across, z) {
            (true, z) if (8.0..20.0).contains(&z) => 1 + u8::from(x > 24.0),
            (true, z) if (20.0..30.0).contains(&z) => 3,
            _ => 0,
        }
    })
}

/// Every structure closed at every level, outwards, and within 0.1 % of its voxels' volume.
fn assert_sound(pack: &Pack) {
    let report = inspect(pack, 0);
    for s in &report.structures {
        assert!(s.closed, "{} is not closed", s.id);
        assert!(s.volume_error_percent.abs() < 0.1, "{}: {} %", s.id, s.volume_error_percent);
        for level in &s.levels {
            let error = level.volume_ml / s.label_volume_ml - 1.0;
            assert!(error.abs() < 0.01, "{}: a coarse level is off by {error}", s.id);
        }
    }
    assert_covered(pack);
}

/// Every vertex of a soft structure lies in a cell of its body, and bodies share no node.
fn assert_covered(pack: &Pack) {
    let lattice = &pack.scene.lattice;
    let index = LatticeIndex::new(lattice);
    for surface in &pack.surfaces {
        let Some(body) = pack.manifest.structures[usize::from(surface.structure)].body else {
            continue;
        };
        for &p in &surface.positions {
            let at = index
                .embed(body, p)
                .unwrap_or_else(|| panic!("{p:?} is in no cell of body {body}"));
            assert!(at.local.iter().all(|c| (-0.01..=1.01).contains(c)), "{:?}", at.local);
            assert_eq!(lattice.cells[at.cell as usize].body, body);
        }
    }
    let mut owner = HashMap::new();
    for cell in &lattice.cells {
        assert_ne!(cell.samples, 0);
        for (corner, node) in cell.nodes.iter().enumerate() {
            assert_eq!(
                *owner.entry(node).or_insert(cell.body),
                cell.body,
                "two bodies share a node"
            );
            let place: [u16; 3] = std::array::from_fn(|a| cell.coord[a] + (corner >> a & 1) as u16);
            assert_eq!(lattice.nodes[*node as usize], place);
        }
    }
}

fn euler_characteristic(surface: &Surface) -> i64 {
    let edges: BTreeSet<_> = surface
        .triangles
        .iter()
        .flat_map(|t| (0..3).map(|c| (t[c].min(t[(c + 1) % 3]), t[c].max(t[(c + 1) % 3]))))
        .collect();
    surface.positions.len() as i64 - edges.len() as i64 + surface.triangles.len() as i64
}

#[test]
fn a_ball_is_a_sphere_at_every_level() {
    let pack = ball(20.0).build(1, FINE, true);
    assert_sound(&pack);
    assert_eq!(pack.surfaces.len(), 3);
    for (surface, tolerance) in pack.surfaces.iter().zip([0.25, 0.5, 1.5]) {
        assert_eq!(euler_characteristic(surface), 2);
        for &p in &surface.positions {
            let r = distance(p, [27.0, 28.0, 29.0]);
            assert!((r - 20.0).abs() < tolerance, "level {}: radius {r}", surface.level);
        }
    }
    let triangles: Vec<usize> = pack.surfaces.iter().map(|s| s.triangles.len()).collect();
    assert!(triangles[0] > 3 * triangles[1] && triangles[1] > 3 * triangles[2], "{triangles:?}");
    let report = inspect(&pack, 0);
    assert!(
        report.structures[0].levels[0].dihedral_p99 < 8.0,
        "{:?}",
        report.structures[0].levels[0]
    );
    assert!(report.structures[0].dice > 0.98);
    assert_eq!(report.lattice.pieces, 1);
    assert_eq!(pack.manifest.scan_end, []);
}

#[test]
fn what_is_baked_on_a_ball_is_what_a_ball_has() {
    let pack = ball(15.0).build(1, FINE, true);
    for [open, self_open, curvature, thickness] in &pack.surfaces[0].baked {
        // Nothing is in sight of a ball; 1/15 mm⁻¹ is 85 steps above flat; the cone inwards is 25 to 30 mm long.
        assert!(*open > 240 && *self_open > 240, "{open} {self_open}");
        assert!(*curvature > 160, "{curvature}");
        assert!((130..=200).contains(thickness), "{thickness}");
    }
    let mean = |c: usize| {
        let baked = &pack.surfaces[0].baked;
        baked.iter().map(|b| f64::from(b[c])).sum::<f64>() / baked.len() as f64
    };
    assert!((mean(2) - 128.0 - 127.0 / 1.5).abs() < 5.0, "mean curvature {}", mean(2));
}

#[test]
fn walls_are_shared_to_the_last_bit() {
    let pack = boxes().build(3, FINE, false);
    assert_sound(&pack);
    let bits = |s: &Surface| -> BTreeSet<[u32; 3]> {
        s.positions.iter().map(|p| p.map(f32::to_bits)).collect()
    };
    for level in 0..2 {
        let of = |structure| {
            pack.surfaces.iter().find(|s| s.structure == structure && s.level == level).unwrap()
        };
        let wall = bits(of(0)).intersection(&bits(of(1))).count();
        // 24 × 12 mm, a vertex each mm (2 mm): the interior of the wall at least.
        let least = [200, 40][usize::from(level)];
        assert!(wall > least, "level {level}: {wall} shared vertices");
        // Each triangle of one side with all corners on the wall is there on the other side, turned round.
        let corners =
            |s: &Surface, t: [u32; 3]| t.map(|v| s.positions[v as usize].map(f32::to_bits));
        let turned: BTreeSet<_> = of(1)
            .triangles
            .iter()
            .map(|&t| {
                let mut c = corners(of(1), [t[0], t[2], t[1]]);
                let first = (0..3).min_by_key(|&i| c[i]).unwrap();
                c.rotate_left(first);
                c
            })
            .collect();
        let shared = of(0)
            .triangles
            .iter()
            .filter(|&&t| {
                let mut c = corners(of(0), t);
                let first = (0..3).min_by_key(|&i| c[i]).unwrap();
                c.rotate_left(first);
                turned.contains(&c)
            })
            .count();
        assert!(shared > least, "level {level}: {shared} shared triangles");
    }
}

#[test]
fn a_slab_of_two_voxels_keeps_its_volume() {
    let slab = Phantom::new([40, 40, 16], [1.0; 3], |[x, y, z]| {
        u8::from((6.0..34.0).contains(&x) && (6.0..34.0).contains(&y) && (7.0..9.0).contains(&z))
    });
    assert_sound(&slab.build(1, &FINE.replace("levels = 3", "levels = 2"), true));
}

#[test]
fn the_end_of_the_scan_is_a_plane() {
    // A cylinder that leaves through the top of the scan at z = 30.
    let cylinder = Phantom::new([40, 40, 30], [1.0; 3], |[x, y, z]| {
        u8::from(distance([x, y, 0.0], [20.0, 20.0, 0.0]) < 12.0 && z > 8.0)
    });
    let pack = cylinder.build(1, FINE, true);
    assert_sound(&pack);
    let [end] = pack.manifest.scan_end[..] else { panic!("{:?}", pack.manifest.scan_end) };
    assert_eq!((end.axis, end.upper, end.position), (2, true, 30.0));
    for (surface, tolerance) in pack.surfaces.iter().zip([0.4_f32, 0.8, 2.0]) {
        let rim: Vec<_> = surface.positions.iter().filter(|p| p[2] == 30.0).collect();
        assert!(surface.positions.iter().all(|p| p[2] <= 30.0));
        let radius =
            rim.iter().map(|p| distance([p[0], p[1], 0.0], [20.0, 20.0, 0.0])).fold(0.0, f32::max);
        assert!(
            (radius - 12.0).abs() < tolerance,
            "level {}: the face ends at {radius}",
            surface.level
        );
        let normals = surface.normals(&pack.manifest.scan_end);
        for (p, n) in surface.positions.iter().zip(normals) {
            let r = distance([p[0], p[1], 0.0], [20.0, 20.0, 0.0]);
            if p[2] == 30.0 && r < 8.0 {
                assert!(n[2] > 0.999, "{n:?}");
            } else if p[2] == 30.0 && r > 12.0 - tolerance {
                assert!(n[2].abs() < 0.5, "the rim's normal is the wall's: {n:?}");
            }
        }
    }
}

#[test]
fn the_end_of_the_scan_is_exact_where_it_is_no_round_number() {
    // Voxels of 1.013 mm: the top lies at 30.39 mm, which is no multiple of the pack's step.
    let bar = Phantom::new([24, 24, 30], [1.013; 3], |p| {
        u8::from((6.0..18.0).contains(&p[0]) && (6.0..18.0).contains(&p[1]) && p[2] > 8.0)
    });
    let pack = bar.build(1, FINE, true);
    let [end] = pack.manifest.scan_end[..] else { panic!("{:?}", pack.manifest.scan_end) };
    for surface in &pack.surfaces {
        let on = surface.positions.iter().filter(|p| p[2] == end.position).count();
        let top = surface.positions.iter().map(|p| p[2]).fold(f32::MIN, f32::max);
        assert!(
            on > 4 && top == end.position,
            "{on} vertices on {}, the highest at {top}",
            end.position
        );
    }
}

#[test]
fn a_narrow_gap_keeps_two_lobes_apart() {
    // Two lobes, joined on one side, 2 mm apart on the other: less than a cell of 5 mm.
    let lobes = Phantom::new([50, 40, 40], [1.0; 3], |[x, y, z]| {
        let inside =
            (6.0..44.0).contains(&x) && (6.0..34.0).contains(&y) && (6.0..34.0).contains(&z);
        u8::from(inside && !(x > 16.0 && (19.0..21.0).contains(&z)))
    });
    let pack = lobes.build(
        1,
        &FINE.replace("smoothing = [1.1, 1.1, 1.1]", "smoothing = [0.5, 0.5, 0.5]"),
        true,
    );
    assert_covered(&pack);
    assert_eq!(inspect(&pack, 0).lattice.pieces, 1);
    let index = LatticeIndex::new(&pack.scene.lattice);
    let nodes = |z| {
        let at = index.embed(0, [40.0, 20.0, z]).unwrap();
        pack.scene.lattice.cells[at.cell as usize].nodes
    };
    let (below, above) = (nodes(18.5), nodes(21.5));
    assert!(below.iter().all(|n| !above.contains(n)), "the lobes hang together across the gap");
}

#[test]
fn specks_go_to_what_surrounds_them() {
    let mut phantom = ball(20.0);
    let clean = phantom.build(1, FINE, true);
    let index = |[x, y, z]: [usize; 3]| x + 56 * (y + 56 * z);
    for (voxel, label) in [([27, 28, 29], 0), ([30, 28, 29], 2), ([2, 2, 2], 1), ([50, 50, 50], 1)]
    {
        phantom.labels[index(voxel)] = label;
    }
    // One voxel of label 2 goes, and a structure without voxels is an error: so ask for structure 1 alone.
    assert_eq!(phantom.build(1, FINE, true).surfaces, clean.surfaces);
}

#[test]
fn a_label_that_is_not_there_is_named() {
    let error = ball(10.0).try_build(2, FINE, true).unwrap_err().to_string();
    assert!(error.contains("s2") && error.contains("labels"), "{error}");
}

#[test]
fn the_same_source_gives_the_same_bytes_and_they_come_back() {
    let phantom = boxes();
    let (one, two) = (phantom.build(3, FINE, false), phantom.build(3, FINE, false));
    let bytes = encode(&one).unwrap();
    assert_eq!(bytes, encode(&two).unwrap());
    assert_eq!(decode(&bytes).unwrap(), one);
}
