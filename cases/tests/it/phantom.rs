//! Label volumes whose surfaces are known, written as NIfTI and built like any other twin.

use cases::{
    Error,
    case::Case,
    twin::{self, pack::Pack},
};
use sha2::{Digest, Sha256};

/// A box of labels with the scan's axes along the patient's.
#[derive(Clone)]
pub struct Phantom {
    pub dims: [usize; 3],
    pub spacing: [f32; 3],
    pub labels: Vec<u8>,
}

impl Phantom {
    /// `label` gives the label at a voxel centre [mm]; the box starts at 0.
    pub fn new(dims: [usize; 3], spacing: [f32; 3], label: impl Fn([f32; 3]) -> u8) -> Self {
        let mut labels = Vec::new();
        for z in 0..dims[2] {
            for y in 0..dims[1] {
                for x in 0..dims[0] {
                    let p = [x, y, z];
                    labels.push(label(std::array::from_fn(|a| (p[a] as f32 + 0.5) * spacing[a])));
                }
            }
        }
        Self { dims, spacing, labels }
    }

    /// As an uncompressed NIfTI-1 file with the given rows of the sform (RAS).
    pub fn nifti(&self, rows: [[f32; 4]; 3]) -> Vec<u8> {
        let mut bytes = vec![0_u8; 352];
        bytes[..4].copy_from_slice(&348_i32.to_le_bytes());
        for (i, d) in
            [3, self.dims[0], self.dims[1], self.dims[2], 1, 1, 1, 1].into_iter().enumerate()
        {
            bytes[40 + 2 * i..42 + 2 * i].copy_from_slice(&(d as i16).to_le_bytes());
        }
        bytes[70..72].copy_from_slice(&2_i16.to_le_bytes());
        bytes[72..74].copy_from_slice(&8_i16.to_le_bytes());
        for (i, s) in
            [1.0, self.spacing[0], self.spacing[1], self.spacing[2]].into_iter().enumerate()
        {
            bytes[76 + 4 * i..80 + 4 * i].copy_from_slice(&s.to_le_bytes());
        }
        bytes[108..112].copy_from_slice(&352_f32.to_le_bytes());
        bytes[254..256].copy_from_slice(&1_i16.to_le_bytes());
        for (r, row) in rows.iter().enumerate() {
            for (c, v) in row.iter().enumerate() {
                let at = 280 + 16 * r + 4 * c;
                bytes[at..at + 4].copy_from_slice(&v.to_le_bytes());
            }
        }
        bytes[344..348].copy_from_slice(b"n+1\0");
        bytes.extend(&self.labels);
        bytes
    }

    /// The sform of a volume whose axes are the patient's and whose box starts at 0 (LPS).
    pub fn straight(&self) -> [[f32; 4]; 3] {
        let [x, y, z] = self.spacing;
        [[-x, 0.0, 0.0, -x / 2.0], [0.0, -y, 0.0, -y / 2.0], [0.0, 0.0, z, z / 2.0]]
    }

    /// Build a twin: structure `s1` has label 1, `s2` label 2 …, each a soft body of its own; or all one body.
    pub fn build(&self, structures: u8, surface: &str, one_body: bool) -> Pack {
        self.try_build(structures, surface, one_body).unwrap_or_else(|e| panic!("{e}"))
    }

    pub fn try_build(&self, structures: u8, surface: &str, one_body: bool) -> Result<Pack, Error> {
        let bytes = self.nifti(self.straight());
        let case = Case::parse("phantom.toml", &recipe(&bytes, structures, surface, one_body))?;
        twin::build(&case, &|_| Ok(bytes.clone()), &mut |_, _| {})
    }
}

/// What most phantoms are built with.
pub const FINE: &str = "smoothing = [1.1, 1.1, 1.1]\nrounds = 25\nreach = 0.5\nlevels = 3\nsmallest_piece = 12\nlabel_spacing = 1.0";

/// A description for a phantom.
pub fn recipe(source: &[u8], structures: u8, surface: &str, one_body: bool) -> String {
    let sha256: String = Sha256::digest(source).iter().map(|b| format!("{b:02x}")).collect();
    let mut text = format!(
        r##"
id = "phantom"
title = {{ en = "Phantom", de = "Phantom" }}
organ = "phantom"
level = 1
minutes = 1
summary = {{ en = "s", de = "z" }}
pathology = {{ en = "p", de = "p" }}
objectives = []
story = {{ en = "s", de = "g" }}
real = []
derived = [{{ en = "all", de = "alles" }}]
[twin]
labels = "phantom.nii"
front = [0.0, 1.0, 0.0]
[[twin.sources]]
file = "phantom.nii"
sha256 = "{sha256}"
title = "t"
credit = "c"
licence = "CC0-1.0"
[twin.surface]
{surface}
[twin.lattice]
spacing = 4.0
gravity = [0.0, 9810.0, 0.0]
"##
    );
    for s in 1..=structures {
        let body = if one_body { 1 } else { s };
        text += &format!(
            r##"
[[twin.structures]]
id = "s{s}"
labels = [{s}]
name = {{ en = "S{s}", de = "S{s}" }}
ta2 = "S{s}"
tissue = "liver"
colour = "#7a3028"
function = {{ en = "f", de = "f" }}
relations = {{ en = "r", de = "l" }}
body = "b{body}"
mechanics = "liver"
"##
        );
    }
    text
}
