//! Formats and orientations, held against what SimpleITK and highdicom say of the same files (`tests/fixtures/make.py`), and against
//! damage.

use std::{collections::BTreeMap, fs, path::PathBuf};

use cases::{
    Error,
    volume::{Segmentation, read_scan, read_segmentation},
};
use proptest::prelude::*;
use serde::Deserialize;

#[derive(Deserialize)]
struct Expected {
    file: Vec<File>,
}

#[derive(Deserialize)]
struct File {
    file: String,
    oblique: bool,
    label: Vec<Label>,
}

#[derive(Deserialize)]
struct Label {
    value: u16,
    volume_ml: f64,
    centroid: [f64; 3],
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn bytes(file: &str) -> Vec<u8> {
    fs::read(folder().join(file)).unwrap_or_else(|e| panic!("{file}: {e}"))
}

fn beside(name: &str) -> Result<Vec<u8>, Error> {
    // A damaged header may name any file.
    fs::read(folder().join(name)).map_err(|e| Error::Source {
        file: name.to_owned(),
        reason: e.to_string(),
        remedy: "put it beside the header",
    })
}

fn read(file: &str) -> Segmentation {
    read_segmentation(file, &bytes(file), None, &beside).unwrap_or_else(|e| panic!("{e}"))
}

/// Volume [mL] and centroid [mm] of each label.
fn shapes(segmentation: &Segmentation) -> BTreeMap<u16, (f64, [f64; 3])> {
    let grid = segmentation.voxels.grid;
    let mut sums: BTreeMap<u16, (f64, [f64; 3])> = BTreeMap::new();
    for (v, &label) in segmentation.voxels.values.iter().enumerate().filter(|(_, l)| **l != 0) {
        let voxel =
            [v % grid.dims[0], v / grid.dims[0] % grid.dims[1], v / grid.dims[0] / grid.dims[1]];
        let entry = sums.entry(label).or_default();
        entry.0 += 1.0;
        for (a, &i) in voxel.iter().enumerate() {
            entry.1[a] += grid.origin[a] + i as f64 * grid.spacing[a];
        }
    }
    let ml = grid.voxel_volume() / 1000.0;
    sums.into_iter().map(|(l, (n, c))| (l, (n * ml, c.map(|c| c / n)))).collect()
}

#[test]
fn volumes_and_centroids_are_those_of_an_independent_reader() {
    let expected: Expected =
        toml::from_str(&String::from_utf8(bytes("expected.toml")).unwrap()).unwrap();
    assert!(expected.file.len() >= 10);
    for file in expected.file {
        let segmentation = read(&file.file);
        let found = shapes(&segmentation);
        assert_eq!(found.len(), file.label.len(), "{}", file.file);
        // A grid that is sampled anew moves boundaries by half a voxel at random; an aligned one moves nothing.
        let (volume, place) = if file.oblique { (0.06, 0.3) } else { (1e-5, 1e-3) };
        for label in file.label {
            let (ml, centroid) = found[&label.value];
            let name = format!("{}: label {}", file.file, label.value);
            assert!((ml / label.volume_ml - 1.0).abs() < volume, "{name}: {ml} mL");
            for a in 0..3 {
                let off = (centroid[a] - label.centroid[a]).abs();
                assert!(off < place, "{name}: {centroid:?}, not {:?}", label.centroid);
            }
        }
        let resampled = segmentation.notes.iter().any(|n| n.contains("resampled"));
        assert_eq!(resampled, file.oblique, "{}: {:?}", file.file, segmentation.notes);
    }
}

#[test]
fn an_oblique_scan_keeps_its_grey_values_in_place() {
    let (scan, notes) =
        read_scan("oblique.nii.gz", &bytes("oblique.nii.gz"), None, &beside).unwrap();
    assert!(notes[0].contains("trilinear"), "{notes:?}");
    // Read as grey values, the sum is the volumes weighted by the labels, and no value lies outside what was there.
    let labels = shapes(&read("oblique.nii.gz"));
    let sum: f64 = scan.values.iter().map(|&v| f64::from(v)).sum();
    let weighted: f64 = labels.iter().map(|(l, (ml, _))| f64::from(*l) * ml).sum();
    let found = sum * scan.grid.voxel_volume() / 1000.0;
    assert!((found / weighted - 1.0).abs() < 0.05, "{found} and {weighted}");
    assert!(scan.values.iter().all(|v| (0.0..=3.0).contains(v)));
}

#[test]
fn what_an_oblique_scan_cuts_off_is_named() {
    let notes = |labels: &dyn Fn([f32; 3]) -> u8| {
        let phantom = crate::phantom::Phantom::new([12, 12, 12], [2.0; 3], labels);
        let turned = [[-1.8, 0.9, 0.0, 0.0], [-0.9, -1.8, 0.0, 0.0], [0.0, 0.0, 2.0, 0.0]];
        read_segmentation("a.nii", &phantom.nifti(turned), None, &beside).unwrap().notes.join("\n")
    };
    let inside = notes(&|p| u8::from(p.iter().all(|c| (6.0..18.0).contains(c))));
    assert!(inside.contains("resampled") && !inside.contains("cut off"), "{inside}");
    let cut = notes(&|p| 3 * u8::from(p[2] > 12.0 && p[0] < 18.0 && p[0] > 6.0));
    assert!(cut.contains("label 3: cut off by the border"), "{cut}");
}

#[test]
fn slicer_names_colours_and_layers_are_kept() {
    for file in ["one.seg.nrrd", "layers.seg.nrrd"] {
        let segmentation = read(file);
        let named: Vec<_> = segmentation
            .names
            .iter()
            .map(|(value, name)| (*value, name.name.as_str(), name.colour))
            .collect();
        let colour = |r| Some([r, 128, 255]);
        assert_eq!(
            named,
            [(1, "liver", colour(26)), (2, "spleen", colour(51)), (3, "cyst", colour(77))],
            "{file}"
        );
    }
    let notes = read("layers.seg.nrrd").notes;
    assert!(notes[0].contains("cyst") && notes[0].contains("liver"), "{notes:?}");
}

#[test]
fn detached_data_stay_beside_their_header() {
    let header = String::from_utf8(bytes("apart.nhdr")).unwrap();
    let error = |from: &str, to: &str| {
        let text = header.replace(from, to);
        let outcome = read_segmentation("apart.nhdr", text.as_bytes(), None, &beside);
        outcome.expect_err(to).to_string()
    };
    for path in ["/etc/passwd", "../apart.raw", "LIST", "a%03d.raw", ""] {
        let message = error("apart.raw", path);
        assert!(message.contains("data file"), "{path}: {message}");
    }
    let (alone, none) = (header.clone(), |_: &str| -> Result<Vec<u8>, Error> {
        Err(Error::Source { file: "apart.raw".into(), reason: "absent".into(), remedy: "add it" })
    });
    let message =
        read_segmentation("apart.nhdr", alone.as_bytes(), None, &none).unwrap_err().to_string();
    assert!(message.contains("apart.raw"), "{message}");
}

#[test]
fn what_a_nrrd_header_may_not_say() {
    let header = String::from_utf8(bytes("apart.nhdr")).unwrap();
    for (from, to, field) in [
        ("space: RAS", "space: scanner-xyz", "space"),
        ("space: RAS\n", "", "space"),
        ("sizes: 26 22 10", "sizes: 26 22", "sizes"),
        ("sizes: 26 22 10", "sizes: 999999 999999 10", "sizes"),
        ("sizes: 26 22 10", "sizes: -26 22 10", "sizes"),
        ("sizes: 26 22 10", "sizes: 26 22 11", "promises"),
        ("dimension: 3", "dimension: 4", "dimension"),
        ("(-1.5,0,0) (0,-2,0)", "(-1.5,0,0) (-1.5,0,0)", "same way"),
        ("(-1.5,0,0)", "(-1.5,0)", "space directions"),
        ("(-1.5,0,0)", "(nan,0,0)", "space directions"),
        ("(-1.5,0,0)", "(-1500,0,0)", "space directions"),
        ("type: uint8", "type: block", "type"),
        ("type: uint8", "type: int16", "endian"),
        ("encoding: raw", "encoding: bzip2", "encoding"),
        ("(31,-12.5,140)", "(31,-12.5)", "space origin"),
    ] {
        let text = header.replace(from, to);
        assert_ne!(text, header, "{from}");
        let outcome = read_segmentation("apart.nhdr", text.as_bytes(), None, &beside);
        let message = outcome.expect_err(to).to_string();
        assert!(message.contains("apart.nhdr") && message.contains(field), "{to}: {message}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Whatever happens to a file, reading ends in a volume or an error.
    #[test]
    fn damaged_files_never_panic(
        damage in prop::collection::vec((0.0_f64..1.0, any::<u8>()), 1..12),
        whole in 0.2_f64..1.0,
        which in 0_usize..6,
    ) {
        let file = ["oblique.nii.gz", "gzip.nrrd", "text.nrrd", "apart.nhdr", "one.seg.nrrd", "layers.seg.nrrd"][which];
        let mut bytes = bytes(file);
        if which == 0 {
            // Behind the checksum, where damage reaches the parser.
            let mut plain = Vec::new();
            std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&bytes[..]), &mut plain).unwrap();
            bytes = plain;
        }
        // Most of a header is at the head.
        for &(at, with) in &damage {
            let at = (at * at * bytes.len() as f64) as usize;
            bytes[at] = with;
        }
        let cut = (whole.sqrt() * bytes.len() as f64) as usize;
        for bytes in [&bytes[..], &bytes[..cut]] {
            let _ = read_segmentation(file, bytes, Some("LPS"), &beside);
            let _ = read_scan(file, bytes, None, &beside);
        }
    }

    /// Label tables too.
    #[test]
    fn damaged_tables_never_panic(text in "[0-9a-z{}\":,; \n#-]{0,200}") {
        let _ = cases::volume::read_table("t", text.as_bytes());
    }
}
