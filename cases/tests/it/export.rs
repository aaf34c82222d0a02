//! What is written for other programs says what the pack says.

use std::sync::LazyLock;

use cases::{
    Error,
    twin::{
        export::{glb, seg_nrrd},
        pack::Pack,
    },
    volume::read_segmentation,
};
use serde_json::Value;

use crate::phantom::{FINE, Phantom};

/// Two boxes, the second beyond the first along x, away from the origin.
static PACK: LazyLock<Pack> = LazyLock::new(|| {
    let phantom = Phantom::new([40, 30, 24], [1.0; 3], |p| {
        let inside = p[1] > 6.0 && p[1] < 16.0 && p[2] > 5.0 && p[2] < 20.0;
        if !inside || p[0] < 4.0 || p[0] > 34.0 { 0 } else { 1 + u8::from(p[0] > 24.0) }
    });
    phantom.build(2, FINE, false)
});

fn chunks(bytes: &[u8]) -> (Value, Vec<u8>) {
    let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
    assert_eq!((&bytes[..4], word(4), word(8)), (&b"glTF"[..], 2, bytes.len()));
    let json = word(12);
    assert!(json % 4 == 0 && &bytes[16..20] == b"JSON");
    let bin = 20 + json;
    assert!(&bytes[bin + 4..bin + 8] == b"BIN\0" && word(bin) % 4 == 0);
    (serde_json::from_slice(&bytes[20..bin]).unwrap(), bytes[bin + 8..].to_vec())
}

#[test]
fn gltf_has_the_surfaces_in_metres_with_names_and_colours() {
    let (document, bin) = chunks(&glb(&PACK));
    assert_eq!(document["buffers"][0]["byteLength"], bin.len());
    for (i, structure) in PACK.manifest.structures.iter().enumerate() {
        let node = &document["nodes"][i];
        assert_eq!(
            (&node["name"], &node["extras"]["id"]),
            (&structure.name.as_str().into(), &structure.id.as_str().into())
        );
        let primitive = &document["meshes"][i]["primitives"][0];
        let accessor = |key: &Value| &document["accessors"][key.as_u64().unwrap() as usize];
        let read = |accessor: &Value, width: usize| -> Vec<[u8; 4]> {
            let view = &document["bufferViews"][accessor["bufferView"].as_u64().unwrap() as usize];
            let at = view["byteOffset"].as_u64().unwrap() as usize;
            let count = accessor["count"].as_u64().unwrap() as usize * width;
            assert_eq!(view["byteLength"].as_u64().unwrap() as usize, 4 * count);
            bin[at..at + 4 * count].chunks_exact(4).map(|b| b.try_into().unwrap()).collect()
        };
        let positions = accessor(&primitive["attributes"]["POSITION"]);
        let points: Vec<f64> =
            read(positions, 3).into_iter().map(|b| f64::from(f32::from_le_bytes(b))).collect();
        let triangles: Vec<usize> = read(accessor(&primitive["indices"]), 1)
            .into_iter()
            .map(|b| u32::from_le_bytes(b) as usize)
            .collect();
        // Enclosed volume in m³: right only if the scale is, and positive only if nothing is mirrored.
        let p = |v: usize| [points[3 * v], points[3 * v + 1], points[3 * v + 2]];
        let volume: f64 = triangles
            .chunks_exact(3)
            .map(|t| {
                let [a, b, c] = [p(t[0]), p(t[1]), p(t[2])];
                (a[0] * (b[1] * c[2] - b[2] * c[1])
                    + a[1] * (b[2] * c[0] - b[0] * c[2])
                    + a[2] * (b[0] * c[1] - b[1] * c[0]))
                    / 6.0
            })
            .sum();
        assert!((volume * 1e6 / structure.volume_ml - 1.0).abs() < 1e-3, "{volume} m³");
        // Up is the head: the boxes reach from 5 to 20 mm; behind the viewer is the back: y 6 to 16 becomes −16 to −6.
        let bound = |key: &str, a: usize| positions[key][a].as_f64().unwrap() * 1000.0;
        assert!((bound("min", 1) - 5.0).abs() < 1.0 && (bound("max", 1) - 20.0).abs() < 1.0);
        assert!((bound("min", 2) + 16.0).abs() < 1.0 && (bound("max", 2) + 6.0).abs() < 1.0);
        let normals = read(accessor(&primitive["attributes"]["NORMAL"]), 3);
        assert_eq!(normals.len(), points.len());
        let colour = &document["materials"][i]["pbrMetallicRoughness"]["baseColorFactor"];
        // #7a3028, linear.
        assert!((colour[0].as_f64().unwrap() - 0.19462).abs() < 1e-4, "{colour}");
    }
    assert!(document["asset"]["copyright"].as_str().unwrap().contains("CC0-1.0"));
}

#[test]
fn slicer_gets_labels_names_and_colours() {
    let none = |_: &str| -> Result<Vec<u8>, Error> { unreachable!("one file") };
    let bytes = seg_nrrd(&PACK);
    let back =
        read_segmentation("own.seg.nrrd", &bytes, None, &none).unwrap_or_else(|e| panic!("{e}"));
    let values: Vec<u8> = back.voxels.values.iter().map(|&v| v as u8).collect();
    assert!(values == PACK.labels.voxels);
    let grid = back.voxels.grid;
    for a in 0..3 {
        assert_eq!(grid.dims[a], PACK.labels.dims[a] as usize);
        assert!((grid.origin[a] - f64::from(PACK.labels.origin[a])).abs() < 1e-5);
        assert!((grid.spacing[a] - f64::from(PACK.labels.spacing[a])).abs() < 1e-5);
    }
    for structure in &PACK.manifest.structures {
        let name = &back.names[&u16::from(structure.label)];
        assert_eq!(
            (name.name.as_str(), name.colour),
            (structure.name.as_str(), Some(structure.colour))
        );
    }
}
