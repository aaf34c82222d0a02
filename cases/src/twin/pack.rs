//! The decoded pack: what a browser downloads for one twin.

mod container;
mod error;
pub(crate) mod mesh;
mod scene;
mod stream;

pub use container::{FORMAT_VERSION, decode, encode, is_pack};
pub use error::PackError;

use serde::{Deserialize, Serialize};
use solver_wasm::{
    incision::facets::{Anchor, anchors},
    scene::Scene,
};

use super::measure;

/// A twin, decoded.
#[derive(Clone, Debug, PartialEq)]
pub struct Pack {
    /// Everything small: names, provenance, colours, quality.
    pub manifest: Manifest,
    /// Closed surfaces; structure-major, finest level of detail first.
    pub surfaces: Vec<Surface>,
    /// The mechanics of the soft structures.
    pub scene: Scene,
    /// Labels on the scan's grid (maybe resampled), `manifest.structures[i].label` at each voxel, 0 for none.
    pub labels: Volume,
    /// The scan itself, windowed to 8 bits, if the source has one.
    pub image: Option<Volume>,
}

/// The pack's description.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Case identifier, as in the URL.
    pub id: String,
    /// Title of the case.
    pub title: String,
    /// Where it comes from and under which licence.
    pub provenance: Vec<Provenance>,
    /// The structures, in the order of the tree.
    pub structures: Vec<Structure>,
    /// Faces where the scan ends: shown as a section, never as tissue.
    pub scan_end: Vec<ScanEnd>,
    /// Grey-value window of `Pack::image`: value of 0 and of 255 [HU for CT].
    pub image_window: Option<[f32; 2]>,
    /// Direction in which a camera in front looks, patient space.
    pub front: [f32; 3],
    /// What a learner must know about the data ("The scan ends below the dome of the liver …").
    pub warnings: Vec<String>,
    /// Names of the soft bodies, by `Cell::body`.
    pub bodies: Vec<String>,
    /// What holds the soft bodies, and how stiffly: a modelling choice, said as such.
    pub supports: Vec<SupportNote>,
    /// Chambers that pump: one for each of the scene's first surfaces.
    pub cavities: Vec<CavityNote>,
}

/// A chamber that pumps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CavityNote {
    /// "Left ventricle".
    pub name: String,
    /// Volume of its voxels: what it holds at the end of diastole [mL].
    pub volume_ml: f64,
}

/// How one region of a surface is held.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SupportNote {
    /// "Bare area".
    pub name: String,
    /// Structure that is held.
    pub structure: String,
    /// Area that is held [mm²].
    pub area_mm2: f64,
    /// Stiffness a unit area, along and across the surface normal [mN/mm³ = kPa/mm].
    pub stiffness: [f64; 2],
    /// Why this region and this stiffness.
    pub reason: String,
}

/// One source of the twin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// Title of the source.
    pub title: String,
    /// Who is to be credited.
    pub credit: String,
    /// SPDX expression or name of the licence.
    pub licence: String,
    /// SHA-256 of the source file, hexadecimal.
    pub sha256: String,
}

/// One anatomical structure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Structure {
    /// Identifier: "liver", "kidney_right".
    pub id: String,
    /// Value in the label volume of the pack.
    pub label: u8,
    /// Volume enclosed by the finest surface [mL].
    pub volume_ml: f64,
    /// Volume of its voxels [mL].
    pub label_volume_ml: f64,
    /// Is the finest surface closed and oriented?
    pub closed: bool,
    /// Body of the lattice, or none when the structure is rigid scenery.
    pub body: Option<u16>,
    /// Name for a learner: "Right kidney".
    pub name: String,
    /// Latin name (Terminologia Anatomica, 2nd edition).
    pub ta2: String,
    /// What it looks like.
    pub tissue: Tissue,
    /// Base colour, sRGB.
    pub colour: [u8; 3],
    /// What it does, in a sentence or two.
    pub function: String,
    /// Where it lies, in a sentence or two.
    pub relations: String,
}

/// What a structure looks like: the viewer has one shading for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Tissue {
    /// Liver parenchyma under its capsule.
    Liver,
    /// Gallbladder with bile.
    Gallbladder,
    /// Kidney.
    Kidney,
    /// Spleen.
    Spleen,
    /// Stomach and bowel: serosa with vessels.
    Bowel,
    /// Lobulated gland: pancreas, adrenal.
    Gland,
    /// Artery.
    Artery,
    /// Vein.
    Vein,
    /// Bone.
    Bone,
    /// Cartilage.
    Cartilage,
    /// Lung: pleura over air.
    Lung,
    /// Skeletal muscle and the heart's.
    Muscle,
    /// Brain under its thin meninges.
    Brain,
    /// Spinal cord and nerves.
    Nerve,
    /// Epidermis and dermis.
    Skin,
    /// Fat.
    Fat,
    /// A tumour, as it looks when it comes to the surface.
    Tumour,
}

/// An axis-aligned plane at which the scan ends.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScanEnd {
    /// 0, 1, 2 for x, y, z.
    pub axis: u8,
    /// Is the tissue on the lower side of the plane?
    pub upper: bool,
    /// Position of the plane [mm].
    pub position: f32,
}

/// A closed, outward-oriented triangle surface of one structure at one level of detail.
#[derive(Clone, Debug, PartialEq)]
pub struct Surface {
    /// Index into `Manifest::structures`.
    pub structure: u16,
    /// 0 is the finest.
    pub level: u8,
    /// Rest positions, shape [vertex_count, 3], mm, patient space. Where two structures touch, both surfaces hold the
    /// very same positions.
    pub positions: Vec<[f32; 3]>,
    /// Baked at each vertex: ambient occlusion and self-occlusion (255 is open, occluders within 60 mm), mean curvature
    /// (128 is flat, above is convex, 127 steps are 1/10 mm⁻¹), thickness (255 is 40 mm and more).
    pub baked: Vec<[u8; 4]>,
    /// Dual cell of each vertex on the grid of the lattice's samples: between the samples that are named by it and those one further along x, y
    /// and z. Only at the finest level of what is soft, where surfaces are the dual of the samples; else empty.
    pub dual_cells: Vec<[u16; 3]>,
    /// Triangles, shape [triangle_count, 3].
    pub triangles: Vec<[u32; 3]>,
}

impl Pack {
    /// Where the surface of a structure, by its label, passes the dual cells of the lattice's samples; nothing for what is not soft.
    pub fn anchors(&self, label: u8) -> Vec<Anchor> {
        let own = |s: &&Surface| {
            s.level == 0
                && self.manifest.structures[usize::from(s.structure)].label == label
                && !s.dual_cells.is_empty()
        };
        let Some(surface) = self.surfaces.iter().find(own) else { return Vec::new() };
        let cells = surface.dual_cells.iter().map(|cell| cell.map(i32::from));
        anchors(cells, &surface.positions, &surface.triangles)
    }
}

impl Surface {
    /// Unit normals of the vertices, weighted by area. On the rim of a face where the scan ends only the organ's own side counts,
    /// so that the edge stays crisp; inside that face the normal is the plane's.
    pub fn normals(&self, ends: &[ScanEnd]) -> Vec<[f32; 3]> {
        let at_end = |t: &[u32; 3]| {
            ends.iter().any(|end| {
                let axis = usize::from(end.axis);
                t.iter().all(|&v| self.positions[v as usize][axis] == end.position)
            })
        };
        let (face, own): (Vec<_>, Vec<_>) = self.triangles.iter().copied().partition(at_end);
        let mut held = vec![false; self.positions.len()];
        for v in own.iter().flatten() {
            held[*v as usize] = true;
        }
        let own = measure::vertex_normals(&self.positions, &own);
        let face = measure::vertex_normals(&self.positions, &face);
        (0..self.positions.len())
            .map(|v| if held[v] { own[v] } else { face[v] }.map(|c| c as f32))
            .collect()
    }
}

/// A box of 8-bit voxels.
#[derive(Clone, Debug, PartialEq)]
pub struct Volume {
    /// Number of voxels along x, y, z.
    pub dims: [u32; 3],
    /// Patient position of the centre of voxel (0, 0, 0) [mm].
    pub origin: [f32; 3],
    /// Voxel size along x, y, z [mm]; axes are the patient's.
    pub spacing: [f32; 3],
    /// Values, x fastest.
    pub voxels: Vec<u8>,
}
