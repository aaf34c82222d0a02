//! The quality report of a pack as a page of Markdown; `docs/twins/` holds one for each twin that comes with the program.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use super::{
    derivation::depth,
    extract::UnionFind,
    inspect::{Report, StructureReport, inspect},
    measure::{Vec3, dot, norm, sub},
    pack::{Pack, ScanEnd, Surface, Volume},
};
use crate::volume::Grid;

/// The page for a decoded pack whose file is `bytes`. The same pack gives the same page.
pub fn markdown(pack: &Pack, bytes: &[u8]) -> String {
    let report = inspect(pack, bytes.len());
    let mut page = String::new();
    // Writing to a String cannot fail.
    let _ = write(&mut page, pack, &report, bytes);
    page
}

fn write(page: &mut String, pack: &Pack, report: &Report, bytes: &[u8]) -> std::fmt::Result {
    let hash: String = Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect();
    writeln!(page, "# Quality of the twin “{}”\n", report.title)?;
    writeln!(
        page,
        "Made from the pack by `sectio twin inspect PACK --report FILE`; `cargo xtask reports` does it for all.\n"
    )?;
    writeln!(page, "- pack: {:.2} MB, {} bytes", bytes.len() as f64 / 1e6, bytes.len())?;
    writeln!(page, "- SHA-256: `{hash}`")?;
    let triangles = |level: u8| -> usize {
        pack.surfaces.iter().filter(|s| s.level == level).map(|s| s.triangles.len()).sum()
    };
    let levels = pack.surfaces.iter().map(|s| s.level).max().map_or(0, |l| l + 1);
    let counts: Vec<String> = (0..levels).map(|l| triangles(l).to_string()).collect();
    writeln!(page, "- triangles by level of detail: {}", counts.join(", "))?;
    if let (Some(image), Some([low, high])) = (&pack.image, pack.manifest.image_window) {
        let [x, y, z] = image.dims;
        writeln!(
            page,
            "- scan: {x} × {y} × {z} voxels of {} mm, {low} to {high} in 8 bits",
            spacing(image)
        )?;
    }
    structures(page, pack, report)?;
    tissue(page, pack, report)?;
    writeln!(page, "\n## What a learner is told\n")?;
    for warning in &report.warnings {
        writeln!(page, "- {warning}")?;
    }
    for end in &report.scan_end {
        let axis = ["x", "y", "z"][usize::from(end.axis) % 3];
        writeln!(page, "- The scan ends at {axis} = {:.1} mm.", end.position)?;
    }
    writeln!(
        page,
        "\n## Sources\n\n| source | credit | licence | SHA-256 |\n| --- | --- | --- | --- |"
    )?;
    for source in &report.provenance {
        let (title, credit) = (&source.title, &source.credit);
        writeln!(page, "| {title} | {credit} | {} | `{}` |", source.licence, source.sha256)?;
    }
    Ok(())
}

fn spacing(volume: &Volume) -> String {
    let each: Vec<String> = volume.spacing.iter().map(|s| format!("{s:.2}")).collect();
    each.join(" × ")
}

fn structures(page: &mut String, pack: &Pack, report: &Report) -> std::fmt::Result {
    writeln!(page, "\n## Structures\n")?;
    writeln!(
        page,
        "Volumes are compared with the labels that the surfaces were made from, after all derivations. Dice and distances are taken at the \
         labels of the pack (voxels of {} mm), distances from the vertices of the finest surface, without the face where the scan ends. χ is Euler's number (2 for each \
         ball, 0 for a ring), the angle the 1st percentile of the smallest angles of triangles.\n",
        spacing(&pack.labels)
    )?;
    writeln!(
        page,
        "| structure | volume mL | of labels mL | error % | Dice | distance mean / 95 % mm | closed | pieces | χ | angle ° | triangles |"
    )?;
    writeln!(page, "| --- | ---: | ---: | ---: | ---: | ---: | --- | ---: | ---: | ---: | ---: |")?;
    for (i, s) in report.structures.iter().enumerate() {
        let surface = pack.surfaces.iter().find(|f| usize::from(f.structure) == i && f.level == 0);
        let Some(surface) = surface else { continue };
        row(page, s, surface, pack, pack.manifest.structures[i].label)?;
    }
    Ok(())
}

fn row(
    page: &mut String,
    s: &StructureReport,
    surface: &Surface,
    pack: &Pack,
    label: u8,
) -> std::fmt::Result {
    let (mean, most) = distances(surface, &pack.labels, label, &pack.manifest.scan_end);
    let (pieces, euler) = topology(surface);
    writeln!(
        page,
        "| {} | {:.1} | {:.1} | {:.2} | {:.3} | {mean:.2} / {most:.2} | {} | {pieces} | {euler} | {:.0} | {} |",
        s.id,
        s.volume_ml,
        s.label_volume_ml,
        // No minus before a nought.
        (100.0 * s.volume_error_percent).round() / 100.0 + 0.0,
        s.dice,
        if s.closed { "yes" } else { "no" },
        smallest_angle(surface),
        surface.triangles.len()
    )
}

fn tissue(page: &mut String, pack: &Pack, report: &Report) -> std::fmt::Result {
    let lattice = &report.lattice;
    writeln!(page, "\n## Tissue\n")?;
    writeln!(
        page,
        "{} cells of {} mm, {} nodes, {} connected pieces. Cells are cubes, so none is badly shaped; what can be poor is how little tissue one holds.",
        lattice.cells, lattice.spacing_mm, lattice.nodes, lattice.pieces
    )?;
    let mut filling: Vec<u32> =
        pack.scene.lattice.cells.iter().map(|c| c.samples.count_ones()).collect();
    filling.sort_unstable();
    let share = |p: f64| {
        let at = filling.get((p * filling.len() as f64) as usize);
        100.0 * f64::from(at.copied().unwrap_or(0)) / 64.0
    };
    writeln!(
        page,
        "Filled: least {:.0} %, 10th percentile {:.0} %, median {:.0} %. Points that overlap in the scan: {}, by up to {:.1} mm. Forces balance under the whole weight: {}.",
        share(0.0),
        share(0.1),
        share(0.5),
        lattice.overlaps,
        lattice.overlap_max_mm,
        match lattice.settles {
            Some(true) => "yes",
            Some(false) => "no",
            None => "the solver refuses the scene",
        }
    )?;
    writeln!(
        page,
        "\n| body | cells | volume mL | mass g | sag under its weight, mean / most mm |"
    )?;
    writeln!(page, "| --- | ---: | ---: | ---: | ---: |")?;
    for b in &lattice.bodies {
        writeln!(
            page,
            "| {} | {} | {:.1} | {:.0} | {:.1} / {:.1} |",
            b.name, b.cells, b.sample_volume_ml, b.mass_g, b.sag_mean_mm, b.sag_max_mm
        )?;
    }
    writeln!(
        page,
        "\n| held at | structure | area cm² | along, across kPa/mm |\n| --- | --- | ---: | ---: |"
    )?;
    for held in &report.supports {
        let [along, across] = held.stiffness;
        let area = held.area_mm2 / 100.0;
        writeln!(page, "| {} | {} | {area:.1} | {along}, {across} |", held.name, held.structure)?;
    }
    Ok(())
}

/// Distance of a surface's vertices from the border of its label: mean and 95th percentile [mm].
fn distances(surface: &Surface, labels: &Volume, label: u8, ends: &[ScanEnd]) -> (f64, f64) {
    // Only the box around the surface.
    let (mut low, mut high) = ([f64::INFINITY; 3], [f64::NEG_INFINITY; 3]);
    for p in &surface.positions {
        for a in 0..3 {
            low[a] = low[a].min(f64::from(p[a]));
            high[a] = high[a].max(f64::from(p[a]));
        }
    }
    let mut first = [0; 3];
    let mut dims = [0; 3];
    for a in 0..3 {
        let (origin, step) = (f64::from(labels.origin[a]), f64::from(labels.spacing[a]));
        let last = i64::from(labels.dims[a]) - 1;
        let at = |c: f64, more: i64| ((c - origin) / step) as i64 + more;
        first[a] = at(low[a], -3).clamp(0, last) as usize;
        dims[a] = at(high[a], 4).clamp(0, last) as usize - first[a] + 1;
    }
    let grid = Grid {
        dims,
        origin: std::array::from_fn(|a| {
            f64::from(labels.origin[a]) + first[a] as f64 * f64::from(labels.spacing[a])
        }),
        spacing: labels.spacing.map(f64::from),
    };
    let [nx, ny, _] = labels.dims.map(|d| d as usize);
    let depths = depth::depth(&grid, |i| {
        let voxel = [i % dims[0], i / dims[0] % dims[1], i / (dims[0] * dims[1])];
        let [x, y, z]: [usize; 3] = std::array::from_fn(|a| voxel[a] + first[a]);
        labels.voxels[x + nx * (y + ny * z)] == label
    });
    // The face at which the scan ends is no border of the label.
    let at_end =
        |p: &[f32; 3]| ends.iter().any(|e| (p[usize::from(e.axis)] - e.position).abs() < 0.01);
    let mut far: Vec<f64> = surface
        .positions
        .iter()
        .filter(|p| !at_end(p))
        .map(|p| depth::at(&grid, &depths, p.map(f64::from)).abs())
        .filter(|d| d.is_finite())
        .collect();
    far.sort_by(f64::total_cmp);
    let mean = far.iter().sum::<f64>() / far.len().max(1) as f64;
    (mean, far.get((0.95 * far.len() as f64) as usize).copied().unwrap_or(0.0))
}

/// Connected pieces of a surface, and vertices − edges + triangles.
fn topology(surface: &Surface) -> (usize, i64) {
    let vertices = surface.positions.len();
    let mut joined = UnionFind::new(vertices);
    for t in &surface.triangles {
        joined.union(t[0], t[1]);
        joined.union(t[1], t[2]);
    }
    let pieces = (0..vertices as u32).filter(|&v| joined.find(v) == v).count();
    // Each triangle of a closed surface has three edges, each shared by two.
    let euler = vertices as i64 - surface.triangles.len() as i64 / 2;
    (pieces, euler)
}

/// 1st percentile of the smallest angles of the triangles [degrees].
fn smallest_angle(surface: &Surface) -> f64 {
    let mut angles: Vec<f64> = surface
        .triangles
        .iter()
        .map(|t| {
            let p: [Vec3; 3] = t.map(|v| surface.positions[v as usize].map(f64::from));
            (0..3)
                .map(|i| {
                    let (a, b) = (sub(p[(i + 1) % 3], p[i]), sub(p[(i + 2) % 3], p[i]));
                    (dot(a, b) / (norm(a) * norm(b)).max(1e-12)).clamp(-1.0, 1.0).acos()
                })
                .fold(f64::INFINITY, f64::min)
                .to_degrees()
        })
        .collect();
    angles.sort_by(f64::total_cmp);
    angles.get(angles.len() / 100).copied().unwrap_or(0.0)
}
