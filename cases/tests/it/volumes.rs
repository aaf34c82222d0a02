//! Readers: axes, units and what they refuse.

use std::io::Write;

use cases::volume::{read_image, read_labels};
use proptest::prelude::*;

use crate::phantom::Phantom;

fn corner() -> Phantom {
    // Label 7 in one corner voxel only, so that every flip shows.
    let mut phantom = Phantom::new([4, 5, 6], [1.0, 2.0, 3.0], |_| 0);
    phantom.labels[0] = 7;
    phantom
}

#[test]
fn nifti_axes_become_the_patients() {
    let phantom = corner();
    let straight = read_labels("a.nii", &phantom.nifti(phantom.straight()), None).unwrap();
    assert_eq!((straight.grid.dims, straight.grid.spacing), ([4, 5, 6], [1.0, 2.0, 3.0]));
    assert_eq!(straight.grid.origin, [0.5, 1.0, 1.5]);
    assert_eq!(straight.values[0], 7);

    // RAS: voxel 0 is the patient's right... of x = -10: in LPS x runs from high to low.
    let ras = [[1.0, 0.0, 0.0, 10.0], [0.0, 2.0, 0.0, 20.0], [0.0, 0.0, 3.0, 30.0]];
    let flipped = read_labels("a.nii", &phantom.nifti(ras), None).unwrap();
    assert_eq!(flipped.grid.origin, [-13.0, -28.0, 30.0]);
    assert_eq!(flipped.values[flipped.grid.index([3, 4, 0])], 7);

    // Axes in another order: i up, j to the left, k to the front.
    let turned = [[0.0, -2.0, 0.0, 0.0], [0.0, 0.0, 3.0, 0.0], [1.0, 0.0, 0.0, 0.0]];
    let turned = read_labels("a.nii", &phantom.nifti(turned), None).unwrap();
    assert_eq!((turned.grid.dims, turned.grid.spacing), ([5, 6, 4], [2.0, 3.0, 1.0]));
    assert_eq!(turned.values[turned.grid.index([0, 5, 0])], 7);
}

#[test]
fn the_qform_serves_where_there_is_no_sform() {
    let phantom = corner();
    let mut bytes = phantom.nifti(phantom.straight());
    bytes[254..256].fill(0);
    bytes[252..254].copy_from_slice(&1_i16.to_le_bytes());
    // Half a turn about z: the quaternion (0, 0, 0, 1) turns RAS into LPS.
    for (i, v) in [0.0_f32, 0.0, 1.0, -0.5, -1.0, 1.5].into_iter().enumerate() {
        bytes[256 + 4 * i..260 + 4 * i].copy_from_slice(&v.to_le_bytes());
    }
    let straight = read_labels("a.nii", &phantom.nifti(phantom.straight()), None).unwrap();
    assert_eq!(read_labels("a.nii", &bytes, None).unwrap(), straight);
}

#[test]
fn gzip_changes_nothing() {
    let phantom = corner();
    let plain = phantom.nifti(phantom.straight());
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(&plain).unwrap();
    let gzip = gzip.finish().unwrap();
    assert_eq!(read_labels("a.nii.gz", &gzip, None), read_labels("a.nii", &plain, None));
    let error = read_labels("a.nii.gz", &gzip[..gzip.len() - 9], None).unwrap_err().to_string();
    assert!(error.contains("a.nii.gz") && error.contains("fetch"), "{error}");
}

/// A small file that would fill the memory is refused by what its header promises, or by not being a volume at all.
#[test]
fn a_bomb_is_not_inflated() {
    let gzip = |head: &[u8], zeros: usize| {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(head).unwrap();
        gzip.write_all(&vec![0; zeros]).unwrap();
        gzip.finish().unwrap()
    };
    let phantom = corner();
    let error = |bytes: &[u8]| read_labels("bomb.nii.gz", bytes, None).unwrap_err().to_string();
    let message = error(&gzip(&phantom.nifti(phantom.straight()), 8 << 20));
    assert!(message.contains("inflates to more than the 1049888 bytes"), "{message}");
    let message = error(&gzip(&[], 8 << 20));
    assert!(message.contains("sizeof_hdr"), "{message}");
}

fn inrimage(header: &str, data: &[u8]) -> Vec<u8> {
    let mut bytes = format!("#INRIMAGE-4#{{\n{header}").into_bytes();
    bytes.resize(252, b'\n');
    bytes.extend(b"##}\n");
    bytes.extend(data);
    bytes
}

const INR: &str = "XDIM=2\nYDIM=3\nZDIM=1\nVDIM=1\nTYPE=unsigned fixed\nPIXSIZE=8 bits\nCPU=decm\nVX=0.5\nVY=1\nVZ=2\n";

#[test]
fn inrimage_is_read_along_the_named_axes() {
    let bytes = inrimage(INR, &[1, 2, 3, 4, 5, 6]);
    let labels = read_labels("a.inr", &bytes, Some("LPS")).unwrap();
    assert_eq!((labels.grid.dims, labels.grid.spacing), ([2, 3, 1], [0.5, 1.0, 2.0]));
    assert_eq!(labels.values, [1, 2, 3, 4, 5, 6]);
    let mirrored = read_labels("a.inr", &bytes, Some("RPS")).unwrap();
    assert_eq!(mirrored.values, [2, 1, 4, 3, 6, 5]);
    assert_eq!(mirrored.grid.origin, [-0.5, 0.0, 0.0]);
}

/// Each refusal names the file and what to look at.
#[test]
fn what_cannot_be_read_is_refused_by_name() {
    let phantom = corner();
    let flat = [[-1.0, 2.0, 0.0, 0.0], [-1.0, 2.0, 0.0, 0.0], [0.0, 0.0, 3.0, 0.0]];
    let change = |at: usize, with: &[u8]| {
        let mut bytes = phantom.nifti(phantom.straight());
        bytes[at..at + with.len()].copy_from_slice(with);
        bytes
    };
    let cases: [(Vec<u8>, &str); 11] = [
        (vec![], "header"),
        (vec![0; 400], "sizeof_hdr"),
        (phantom.nifti(flat), "the same way"),
        (change(344, b"ni1"), "magic"),
        (change(42, &i16::MAX.to_le_bytes()), "promises"),
        (change(44, &(-5_i16).to_le_bytes()), "dim"),
        (change(42, &[0xff, 0x7f, 0xff, 0x7f, 0xff, 0x7f]), "dim"),
        (change(70, &128_i16.to_le_bytes()), "datatype"),
        (change(108, &f32::NAN.to_le_bytes()), "vox_offset"),
        (change(280, &f32::INFINITY.to_le_bytes()), "srow"),
        (change(254, &[0, 0]), "sform_code"),
    ];
    for (bytes, field) in cases {
        let error = read_labels("scan.nii", &bytes, None).unwrap_err().to_string();
        assert!(error.contains("scan.nii") && error.contains(field), "{field}: {error}");
    }
    for (header, field) in [
        (INR.replace("XDIM=2", "XDIM=999999999"), "XDIM"),
        (INR.replace("XDIM=2", "XDIM=two"), "XDIM"),
        (INR.replace("XDIM=2", "XDIM=3"), "data"),
        (INR.replace("VX=0.5", "VX=-1"), "VX"),
        (INR.replace("PIXSIZE=8", "PIXSIZE=7"), "PIXSIZE"),
        (INR.replace("VDIM=1", "VDIM=3"), "VDIM"),
    ] {
        let error =
            read_labels("a.inr", &inrimage(&header, &[0; 6]), Some("LPS")).unwrap_err().to_string();
        assert!(error.contains("a.inr") && error.contains(field), "{field}: {error}");
    }
    assert!(
        read_labels("a.inr", &inrimage(INR, &[0; 6]), None)
            .unwrap_err()
            .to_string()
            .contains("axes")
    );
}

#[test]
fn a_scan_is_no_label_volume() {
    let mut bytes = corner().nifti(corner().straight());
    bytes[112..116].copy_from_slice(&0.5_f32.to_le_bytes());
    let error = read_labels("ct.nii", &bytes, None).unwrap_err().to_string();
    assert!(error.contains("3.5 is not a label"), "{error}");
    assert_eq!(read_image("ct.nii", &bytes, None).unwrap().values[0], 3.5);
}

proptest! {
    /// Whatever the header, reading ends in a volume or an error.
    #[test]
    fn damaged_headers_never_panic(damage in prop::collection::vec((0_usize..470, any::<u8>()), 1..20)) {
        let phantom = corner();
        for mut bytes in [phantom.nifti(phantom.straight()), inrimage(INR, &[1; 6])] {
            for &(at, with) in &damage {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = with;
                }
            }
            let _ = read_image("a", &bytes, Some("LPS"));
            let _ = read_labels("a", &bytes, Some("LPS"));
        }
    }
}
