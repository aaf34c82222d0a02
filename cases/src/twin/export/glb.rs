//! The surfaces as glTF 2.0 in one binary file.

use serde_json::{Value, json};

use crate::twin::pack::{Pack, Surface};

/// Patient space (LPS, mm) as glTF has it: metres, +y up (superior), +z towards the viewer (anterior), so +x to the patient's left.
fn placed([x, y, z]: [f32; 3], scale: f32) -> [f32; 3] {
    [x * scale, z * scale, -y * scale]
}

/// sRGB byte as the linear number that glTF wants.
fn linear(byte: u8) -> f64 {
    let c = f64::from(byte) / 255.0;
    let linear = if c <= 0.040_45 { c / 12.92 } else { libm::pow((c + 0.055) / 1.055, 2.4) };
    (linear * 1e5).round() / 1e5
}

/// A `.glb` of the finest surfaces: one node, mesh and material a structure, named as the structure; metres. Whom to credit and the
/// licences stand in its copyright.
pub fn glb(pack: &Pack) -> Vec<u8> {
    let manifest = &pack.manifest;
    let mut bin: Vec<u8> = Vec::new();
    let (mut nodes, mut meshes, mut materials) = (Vec::new(), Vec::new(), Vec::new());
    let (mut views, mut accessors) = (Vec::new(), Vec::new());
    for (i, structure) in manifest.structures.iter().enumerate() {
        let finest = pack.surfaces.iter().find(|s| usize::from(s.structure) == i && s.level == 0);
        let Some(surface) = finest.filter(|s| !s.triangles.is_empty()) else { continue };
        let first = accessors.len();
        append(surface, &surface.normals(&manifest.scan_end), &mut bin, &mut views, &mut accessors);
        let [r, g, b] = structure.colour.map(linear);
        materials.push(json!({
            "name": structure.name,
            "pbrMetallicRoughness": {
                "baseColorFactor": [r, g, b, 1.0], "metallicFactor": 0.0, "roughnessFactor": 0.5
            },
        }));
        nodes.push(json!({
            "name": structure.name,
            "mesh": meshes.len(),
            "extras": {
                "id": structure.id, "ta2": structure.ta2, "volume_ml": structure.volume_ml
            },
        }));
        meshes.push(json!({
            "name": structure.id,
            "primitives": [{
                "attributes": { "POSITION": first, "NORMAL": first + 1 },
                "indices": first + 2,
                "material": materials.len() - 1,
            }],
        }));
    }
    let credit: Vec<String> = manifest
        .provenance
        .iter()
        .map(|p| format!("{}: {} ({})", p.title, p.credit, p.licence))
        .collect();
    let roots: Vec<usize> = (0..nodes.len()).collect();
    let mut document = json!({
        "asset": { "version": "2.0", "generator": "sectio", "copyright": credit.join("; ") },
        "scene": 0,
        "scenes": [{ "name": manifest.title, "nodes": roots }],
    });
    // glTF has no empty lists: a twin without surfaces has none of these.
    let lists: [(&str, Vec<Value>); 5] = [
        ("nodes", nodes),
        ("meshes", meshes),
        ("materials", materials),
        ("bufferViews", views),
        ("accessors", accessors),
    ];
    if !bin.is_empty() {
        document["buffers"] = json!([{ "byteLength": bin.len() }]);
        for (name, list) in lists {
            document[name] = Value::Array(list);
        }
    } else if let Some(scene) = document["scenes"][0].as_object_mut() {
        scene.remove("nodes");
    }
    container(document.to_string().into_bytes(), bin)
}

/// Positions, normals and triangles into the buffer, with their views and accessors.
fn append(
    surface: &Surface,
    normals: &[[f32; 3]],
    bin: &mut Vec<u8>,
    views: &mut Vec<Value>,
    accessors: &mut Vec<Value>,
) {
    let mut view = |bytes: &[u8], target: u32| {
        views.push(json!({
            "buffer": 0, "byteOffset": bin.len(), "byteLength": bytes.len(), "target": target
        }));
        bin.extend_from_slice(bytes);
        views.len() - 1
    };
    let (vertices, elements) = (34_962, 34_963);
    let positions: Vec<[f32; 3]> = surface.positions.iter().map(|&p| placed(p, 1e-3)).collect();
    let normals: Vec<[f32; 3]> = normals.iter().map(|&n| placed(n, 1.0)).collect();
    let (mut low, mut high) = ([f32::INFINITY; 3], [f32::NEG_INFINITY; 3]);
    for p in &positions {
        for a in 0..3 {
            low[a] = low[a].min(p[a]);
            high[a] = high[a].max(p[a]);
        }
    }
    let (float, whole) = (5126, 5125);
    accessors.push(json!({
        "bufferView": view(bytemuck::cast_slice(&positions), vertices), "componentType": float,
        "count": positions.len(), "type": "VEC3", "min": low, "max": high,
    }));
    accessors.push(json!({
        "bufferView": view(bytemuck::cast_slice(&normals), vertices), "componentType": float,
        "count": normals.len(), "type": "VEC3",
    }));
    accessors.push(json!({
        "bufferView": view(bytemuck::cast_slice(&surface.triangles), elements), "componentType": whole,
        "count": 3 * surface.triangles.len(), "type": "SCALAR",
    }));
}

/// Header and the two chunks, each padded to four bytes.
fn container(mut json: Vec<u8>, bin: Vec<u8>) -> Vec<u8> {
    json.resize(json.len().next_multiple_of(4), b' ');
    let chunk = |bytes: &[u8]| if bytes.is_empty() { 0 } else { 8 + bytes.len() };
    let length = 12 + chunk(&json) + chunk(&bin);
    let mut glb = Vec::with_capacity(length);
    glb.extend(b"glTF");
    glb.extend(2_u32.to_le_bytes());
    glb.extend((length as u32).to_le_bytes());
    for (kind, bytes) in [(b"JSON", &json), (b"BIN\0", &bin)] {
        if !bytes.is_empty() {
            glb.extend((bytes.len() as u32).to_le_bytes());
            glb.extend(kind);
            glb.extend_from_slice(bytes);
        }
    }
    glb
}
