//! DICOM series and segmentations, held against SimpleITK and highdicom, against missing slices and damage, and against a header
//! full of a patient.

use std::{fs, path::PathBuf, sync::LazyLock};

use cases::{
    Error,
    twin::{Input, import, pack::encode, verify},
    volume::{is_dicom_segmentation, read_segmentation, read_series},
};
use proptest::prelude::*;
use serde::Deserialize;

#[derive(Deserialize)]
struct Expected {
    series: Series,
}

#[derive(Deserialize)]
struct Series {
    files: usize,
    least: f32,
    greatest: f32,
    mean: f64,
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// The slices in the order of their names, which is not that of their places.
static SLICES: LazyLock<Vec<(String, Vec<u8>)>> = LazyLock::new(|| {
    let entries = fs::read_dir(folder().join("series")).unwrap();
    let mut names: Vec<_> = entries.map(|e| e.unwrap().path()).collect();
    names.sort();
    names.into_iter().map(|p| (p.display().to_string(), fs::read(&p).unwrap())).collect()
});

static SEGMENTS: LazyLock<Vec<u8>> =
    LazyLock::new(|| fs::read(folder().join("segments.dcm")).unwrap());

fn nothing(_: &str) -> Result<Vec<u8>, Error> {
    unreachable!("DICOM has nothing beside it")
}

#[test]
fn a_series_in_any_order_and_coding_is_the_scan_that_simpleitk_reads() {
    let text = fs::read_to_string(folder().join("expected.toml")).unwrap();
    let expected = toml::from_str::<Expected>(&text).unwrap().series;
    assert_eq!(SLICES.len(), expected.files);
    let (scan, notes) = read_series(&SLICES).unwrap_or_else(|e| panic!("{e}"));
    // 23 degrees about (1, 2, .5): the third axis moves by acos(cos 23° + (1 − cos 23°) .25/5.25).
    assert!(notes[0].contains("22.4 degrees"), "{notes:?}");
    let greatest = scan.values.iter().copied().fold(f32::MIN, f32::max);
    // Interpolation blunts a peak; air around the turned grid is as low as the least value the scale allows.
    assert!(greatest <= expected.greatest && greatest > 0.8 * expected.greatest, "{greatest}");
    let inside = scan.values.iter().filter(|v| **v >= expected.least);
    let sum: f64 = inside.map(|v| f64::from(*v)).sum::<f64>() * scan.grid.voxel_volume();
    let whole = expected.mean * (26 * 22 * 14) as f64 * 1.5 * 2.0 * 2.5;
    assert!((sum / whole - 1.0).abs() < 0.05, "{sum} and {whole}");
}

/// The centre of what is brighter than half of a label lies where the segmentation has that label.
#[test]
fn the_scan_and_its_segmentation_lie_in_one_place() {
    let (scan, _) = read_series(&SLICES).unwrap();
    let labels = read_segmentation("segments.dcm", &SEGMENTS, None, &nothing).unwrap();
    let names: Vec<&str> = labels.names.values().map(|n| n.name.as_str()).collect();
    assert_eq!(names, ["liver", "spleen", "cyst"]);
    assert!(labels.notes[0].contains("cyst") && labels.notes[0].contains("liver"));
    let (mut agree, mut all) = (0, 0);
    for (v, &label) in labels.voxels.values.iter().enumerate() {
        let grid = labels.voxels.grid;
        let voxel =
            [v % grid.dims[0], v / grid.dims[0] % grid.dims[1], v / grid.dims[0] / grid.dims[1]];
        let point = [0, 1, 2].map(|a| grid.origin[a] + voxel[a] as f64 * grid.spacing[a]);
        // The spleen, whose 80 no overlap changes.
        if label == 2
            && let Some(at) = scan.grid.voxel_at(point)
        {
            all += 1;
            // A corner of the box keeps an eighth of it; a shift by a voxel would take a sixth of all.
            agree += usize::from(scan.values[at] > 10.0);
        }
    }
    assert!(all > 150 && agree * 100 > all * 95, "{agree} of {all}");
}

fn error(files: &[(String, Vec<u8>)]) -> String {
    read_series(files).expect_err("should be refused").to_string()
}

#[test]
fn missing_and_double_slices_are_named() {
    let without = |skip: usize| {
        let kept = SLICES.iter().enumerate().filter(|(i, _)| *i != skip);
        kept.map(|(_, slice)| slice.clone()).collect::<Vec<_>>()
    };
    // The slice in the middle of the patient, wherever its file is.
    let refused = (0..SLICES.len()).filter(|&i| read_series(&without(i)).is_err()).count();
    assert_eq!(refused, SLICES.len() - 2, "all but the two ends");
    let message = error(&without(1));
    assert!(message.contains("slices are missing") && message.contains("mm"), "{message}");
    let mut double = SLICES.clone();
    double.push(SLICES[3].clone());
    assert!(error(&double).contains("two slices lie in one place"), "{}", error(&double));
    assert!(error(&SLICES[..1]).contains("one slice is no volume"));
    assert!(error(&[]).contains("no slice"));
    let segments = ("segments.dcm".to_owned(), SEGMENTS.clone());
    assert!(is_dicom_segmentation(&segments.0, &segments.1));
    assert!(!is_dicom_segmentation(&SLICES[0].0, &SLICES[0].1));
}

#[test]
fn what_cannot_be_read_is_refused_by_name() {
    let (name, plain) = &SLICES[0];
    let replaced = |from: &[u8], to: &[u8]| {
        let at = plain.windows(from.len()).position(|w| w == from).unwrap();
        let mut bytes = plain.clone();
        bytes[at..at + to.len()].copy_from_slice(to);
        vec![(name.clone(), bytes)]
    };
    for (files, field) in [
        (vec![(name.clone(), b"DICM".to_vec())], "preamble"),
        (vec![(name.clone(), plain[..plain.len() - 1].to_vec())], "cut short"),
        (replaced(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.4."), "transfer syntax"),
        // Rows, bits, and samples of a pixel, by group, element, VR and length.
        (replaced(b"\x28\0\x10\0US\x02\0", b"\x28\0\x10\0US\x02\0\xff\xff"), "pixel data"),
        (replaced(b"\x28\0\x00\x01US\x02\0", b"\x28\0\x00\x01US\x02\0\x20\0"), "bits allocated"),
        (replaced(b"\x28\0\x02\0US\x02\0", b"\x28\0\x02\0US\x02\0\x03\0"), "colour"),
        (replaced(b"\x20\0\x32\0DS", b"\x20\0\x33\0DS"), "image position"),
        // Pixel data of 4 GB in a file of 2 kB: told before anything is allocated.
        (replaced(b"\xe0\x7f\x10\0OW\0\0", b"\xe0\x7f\x10\0OW\0\0\xf0\xff\xff\xff"), "cut short"),
    ] {
        let message = error(&files);
        assert!(message.contains(".dcm") && message.contains(field), "{field}: {message}");
    }
}

#[test]
fn nothing_of_a_header_reaches_a_pack() {
    let mut labels: Vec<String> = SLICES.iter().map(|s| s.0.clone()).collect();
    labels.push("PHANTOM^BOX/segments.dcm".to_owned());
    let read = |file: &str| -> Result<Vec<u8>, Error> {
        let slice = SLICES.iter().find(|s| s.0 == file);
        Ok(slice.map_or_else(|| SEGMENTS.clone(), |s| s.1.clone()))
    };
    // Small organs, in a small phantom: what is doubted here is not what is tested.
    let input = Input {
        labels: &labels,
        image: &[],
        table: None,
        axes: None,
        title: None,
        anyway: true,
        read: &read,
    };
    let pack = import(&input, &mut |_, _| {}).unwrap_or_else(|e| panic!("{e}")).pack;
    assert!(pack.image.is_some() && pack.manifest.structures.len() == 3);
    assert_eq!(verify(&pack), Vec::<String>::new());
    assert!(encode(&pack).is_ok());
    let everything = format!("{:?}", pack.manifest);
    let header: String = SLICES.iter().map(|s| String::from_utf8_lossy(&s.1)).collect();
    for secret in ["PHANTOM", "4711007", "19610305", "20210305", "1.2.826.0.1.3680043"] {
        assert!(header.contains(secret), "{secret} is in no header, so nothing is tested");
        assert!(!everything.contains(secret), "{secret}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn damaged_files_never_panic(
        damage in prop::collection::vec((0.0_f64..1.0, any::<u8>()), 1..10),
        whole in 0.1_f64..1.0,
        which in 0_usize..15,
    ) {
        let mut files = SLICES.clone();
        let bytes = if which < 14 { &mut files[which].1 } else { &mut SEGMENTS.clone() };
        for &(at, with) in &damage {
            let at = 132 + (at * (bytes.len() - 132) as f64) as usize;
            bytes[at] = with;
        }
        let cut = bytes[..(whole * bytes.len() as f64) as usize].to_vec();
        let damaged = bytes.clone();
        let _ = read_segmentation("a.dcm", &damaged, None, &nothing);
        let _ = read_segmentation("a.dcm", &cut, None, &nothing);
        let _ = read_series(&files);
        let _ = read_series(&[("a.dcm".to_owned(), cut)]);
    }
}
