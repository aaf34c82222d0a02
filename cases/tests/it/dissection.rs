//! The dissected aorta: its diameters, measured here from the labels, against those that came with the scan.

use std::{fs, path::PathBuf};

use cases::volume::{Voxels, read_labels};

/// Side of a pixel of a cross-section [mm], and pixels from its middle to its edge.
const PIXEL: f64 = 0.5;
const HALF: i32 = 90;

/// A cut through what is labelled, square to a vessel.
struct Section {
    /// Area [cm²].
    area: f64,
    /// Largest distance between two points of its outline [mm].
    diameter: f64,
    /// Width across the largest diameter [mm].
    across: f64,
}

fn difference(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    std::array::from_fn(|i| a[i] - b[i])
}

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    (0..3).map(|i| a[i] * b[i]).sum()
}

fn unit(a: [f64; 3]) -> [f64; 3] {
    a.map(|c| c / dot(a, a).sqrt())
}

/// Share of the label at a point, trilinear between voxel centres.
fn share(volume: &Voxels<f64>, p: [f64; 3]) -> f64 {
    let grid = &volume.grid;
    let at: [f64; 3] = std::array::from_fn(|a| (p[a] - grid.origin[a]) / grid.spacing[a]);
    let low = at.map(f64::floor);
    (0..8)
        .map(|corner| {
            let up: [f64; 3] = std::array::from_fn(|a| f64::from(corner >> a & 1));
            let voxel: [f64; 3] = std::array::from_fn(|a| low[a] + up[a]);
            if (0..3).any(|a| voxel[a] < 0.0 || voxel[a] >= grid.dims[a] as f64) {
                return 0.0;
            }
            let weight: f64 = (0..3).map(|a| 1.0 - (at[a] - voxel[a]).abs()).product();
            weight * volume.values[grid.index(voxel.map(|c| c as usize))]
        })
        .sum()
}

/// The piece around `centre` of the cut along two directions.
fn section(volume: &Voxels<f64>, centre: [f64; 3], along: [[f64; 3]; 2]) -> Section {
    let [u, v] = along;
    let inside = |i: i32, j: i32| {
        let (a, b) = (f64::from(i) * PIXEL, f64::from(j) * PIXEL);
        let p = std::array::from_fn(|k| centre[k] + a * u[k] + b * v[k]);
        i.abs() <= HALF && j.abs() <= HALF && share(volume, p) >= 0.5
    };
    let mut piece = std::collections::BTreeSet::new();
    let mut open: Vec<(i32, i32)> = (-3..=3)
        .flat_map(|i| (-3..=3).map(move |j| (i, j)))
        .filter(|&(i, j)| inside(i, j))
        .collect();
    while let Some((i, j)) = open.pop() {
        if piece.insert((i, j)) {
            let beside = [(i - 1, j), (i + 1, j), (i, j - 1), (i, j + 1)];
            open.extend(beside.into_iter().filter(|q| !piece.contains(q) && inside(q.0, q.1)));
        }
    }
    let rim: Vec<(i32, i32)> = piece
        .iter()
        .copied()
        .filter(|&(i, j)| {
            [(i - 1, j), (i + 1, j), (i, j - 1), (i, j + 1)].iter().any(|q| !piece.contains(q))
        })
        .collect();
    let mut longest = (0, (0, 0));
    for (n, a) in rim.iter().enumerate() {
        for b in &rim[n + 1..] {
            let way = (b.0 - a.0, b.1 - a.1);
            longest = longest.max((way.0 * way.0 + way.1 * way.1, way));
        }
    }
    let diameter = f64::from(longest.0).sqrt();
    let (i, j) = longest.1;
    let widths = rim.iter().map(|q| f64::from(q.0 * j - q.1 * i) / diameter.max(1e-9));
    let (low, high) = widths.fold((f64::MAX, f64::MIN), |(low, high), w| (low.min(w), high.max(w)));
    Section {
        area: piece.len() as f64 * PIXEL * PIXEL / 100.0,
        // Pixels have a width of their own.
        diameter: (diameter + 1.0) * PIXEL,
        across: (high - low + 1.0) * PIXEL,
    }
}

#[test]
fn diameters_of_the_dissected_aorta_agree_with_the_report_of_the_scan() {
    let folder = std::env::var_os("SECTIO_DATA").map(PathBuf::from);
    let files = ["aorta_whole.nii.gz", "aorta_lumens.nii.gz", "aorta_report.json"];
    let whole = |folder: &PathBuf| files.iter().all(|file| folder.join(file).is_file());
    let Some(folder) = folder.filter(whole) else {
        eprintln!("SKIPPED: the aorta needs {files:?} in the folder that SECTIO_DATA names");
        return;
    };
    let read = |file: &str| {
        let bytes = fs::read(folder.join(file)).unwrap();
        read_labels(file, &bytes, None).unwrap_or_else(|e| panic!("{e}"))
    };
    let lumens = read("aorta_lumens.nii.gz");
    let of = |wanted: fn(u16) -> bool| -> Voxels<f64> {
        let values = lumens.values.iter().map(|&l| f64::from(u8::from(wanted(l)))).collect();
        Voxels { grid: lumens.grid, values }
    };
    let (true_lumen, false_lumen) = (of(|l| l == 1), of(|l| l == 2));
    let mut aorta = of(|l| l != 0);
    for (value, &label) in aorta.values.iter_mut().zip(&read("aorta_whole.nii.gz").values) {
        *value = value.max(f64::from(u8::from(label != 0)));
    }
    let report: serde_json::Value =
        serde_json::from_slice(&fs::read(folder.join("aorta_report.json")).unwrap()).unwrap();
    let volume = |v: &Voxels<f64>| v.values.iter().sum::<f64>() * v.grid.voxel_volume() / 1000.0;
    eprintln!(
        "true lumen {:.1} mL, false lumen {:.1} mL",
        volume(&true_lumen),
        volume(&false_lumen)
    );
    eprintln!("{:30} diameter/mm (report)  across/mm (report)  area/cm² (report)", "");
    let mut errors = Vec::new();
    for mark in report["landmarks"].as_object().unwrap().values() {
        // The report counts x to the right and y to the front.
        let point = |name: &str| -> Option<[f64; 3]> {
            let p = mark[name].as_array()?;
            Some([-p[0].as_f64()?, -p[1].as_f64()?, p[2].as_f64()?])
        };
        let (Some(a), Some(b)) = (point("start"), point("end")) else { continue };
        let (c, d) = (point("start_pd").unwrap(), point("end_pd").unwrap());
        let u = unit(difference(b, a));
        let way = difference(d, c);
        let v = unit(std::array::from_fn(|i| way[i] - dot(way, u) * u[i]));
        let centre = std::array::from_fn(|i| (a[i] + b[i] + c[i] + d[i]) / 4.0);
        let own = section(&aorta, centre, [u, v]);
        let theirs = |name: &str| mark[name].as_f64().unwrap();
        let name = mark["name"].as_str().unwrap();
        if name == "annulus" {
            // The report measures it in a label of its own; that of the aorta begins above it.
            continue;
        }
        eprintln!(
            "{name:30} {:5.1} ({:.0})             {:5.1} ({:.0})            {:4.1} ({:.1})",
            own.diameter,
            10.0 * theirs("diameter"),
            own.across,
            10.0 * theirs("diameter_pd"),
            own.area,
            theirs("area"),
        );
        errors.push((name.to_owned(), own.diameter - 10.0 * theirs("diameter")));
    }
    assert_eq!(errors.len(), 9);
    for (name, error) in &errors {
        assert!(error.abs() < 3.5, "{name}: {error:.1} mm");
    }
    let mean = errors.iter().map(|(_, error)| error.abs()).sum::<f64>() / 9.0;
    eprintln!("mean difference of the diameters {mean:.1} mm");
    assert!(mean < 2.0, "{mean} mm");
}
