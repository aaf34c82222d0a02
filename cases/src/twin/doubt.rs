//! What is doubtful about labels: sizes no patient has, sides that are mirrored, organs in pieces or cut off, noise.
//!
//! Sizes come from the table of anatomy. A single organ out of its range may be ill, a child's, or badly drawn: a warning. Several
//! rulers that are out by about the same factor of length are a wrong voxel size: an error.

use std::{collections::BTreeMap, fmt};

use super::{
    clean::{self, Piece},
    derive::Found,
};
use crate::volume::{Grid, Voxels};

/// How grave a doubt is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// To be known.
    Note,
    /// To be looked at.
    Warning,
    /// Cannot be a patient: no twin without being asked for anyway.
    Error,
}

/// One doubt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// How grave it is.
    pub severity: Severity,
    /// The structure, by its name; "labels" when it is all of them.
    pub structure: String,
    /// What is doubtful about it.
    pub reason: String,
    /// What to do.
    pub remedy: &'static str,
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}.", self.structure, self.reason, self.remedy)
    }
}

/// Distance from a lumbar vertebra to the next [mm]: body of 24 to 31 and disc of 8 to 12 in adults [Zhou 2000], with room for
/// the curve of the spine and for labels with their processes.
const LUMBAR_PITCH: [f64; 2] = [26.0, 50.0];

/// Height of a whole lumbar vertebra with its processes [mm]: never less than its body's 24 to 31 [Zhou 2000]; the upper end is a
/// generous guess.
const LUMBAR_HEIGHT: [f64; 2] = [22.0, 80.0];

/// Share of the voxels of a structure at the border of the scan from which it is cut off there.
const CUT: f64 = 0.002;

/// Labels of fewer voxels than this are specks, not structures.
const SPECK: usize = 20;

/// What is measured of one structure.
struct Shape {
    voxels: usize,
    /// Mean of its voxels' centres [mm].
    centroid: [f64; 3],
    /// Extent from below to above [mm].
    height: f64,
    /// Voxels at the low and high border of each axis.
    border: [[usize; 2]; 3],
}

impl Shape {
    /// The border faces at which it is cut off.
    fn cuts(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        let least = (CUT * self.voxels as f64).max(3.0);
        (0..6).map(|f| (f / 2, f % 2)).filter(move |&(a, s)| self.border[a][s] as f64 > least)
    }
}

/// Sizes, sides, and where the scan ends. `labels` are structure numbers, their box being the scan's or inside it.
pub(super) fn of_shapes(structures: &[Found], labels: &Voxels<u8>) -> Vec<Doubt> {
    let shapes = shapes(structures.len(), labels);
    let mut doubts = Vec::new();
    soup(structures, &shapes, &mut doubts);
    names(structures, &mut doubts);
    header(&labels.grid, &mut doubts);
    sizes(structures, &shapes, &labels.grid, &mut doubts);
    sides(structures, &shapes, &mut doubts);
    for (axis, names) in FACES.into_iter().enumerate() {
        for (side, face) in names.into_iter().enumerate() {
            let cut: Vec<&str> = structures
                .iter()
                .zip(&shapes)
                .filter(|(_, shape)| shape.cuts().any(|c| c == (axis, side)))
                .map(|(found, _)| found.name.as_str())
                .collect();
            if !cut.is_empty() {
                doubts.push(Doubt {
                    severity: Severity::Warning,
                    structure: cut.join(", "),
                    reason: format!("cut off by the end of the scan {face}"),
                    remedy: "the flat face there is no anatomy and the volume is that of a part; give a scan that holds all of it if that matters",
                });
            }
        }
    }
    doubts
}

/// Sides of the scan, by axis.
const FACES: [[&str; 2]; 3] =
    [["on the right", "on the left"], ["in front", "behind"], ["below", "above"]];

fn shapes(count: usize, labels: &Voxels<u8>) -> Vec<Shape> {
    let grid = labels.grid;
    let [nx, ny, nz] = grid.dims;
    let mut sums = vec![([0_u64; 3], 0_usize, [[0_usize; 2]; 3], [usize::MAX, 0]); count + 1];
    for (row, values) in labels.values.chunks_exact(nx).enumerate() {
        let (y, z) = (row % ny, row / ny);
        for (x, &label) in values.iter().enumerate() {
            if label == 0 {
                continue;
            }
            let (sum, voxels, border, slices) = &mut sums[usize::from(label)];
            *voxels += 1;
            *slices = [slices[0].min(z), slices[1].max(z + 1)];
            for (a, (i, n)) in [(x, nx), (y, ny), (z, nz)].into_iter().enumerate() {
                sum[a] += i as u64;
                border[a][0] += usize::from(i == 0);
                border[a][1] += usize::from(i + 1 == n);
            }
        }
    }
    sums.into_iter()
        .skip(1)
        .map(|(sum, voxels, border, slices)| Shape {
            height: slices[1].saturating_sub(slices[0]) as f64 * grid.spacing[2],
            voxels,
            centroid: std::array::from_fn(|a| {
                grid.origin[a] + sum[a] as f64 / voxels.max(1) as f64 * grid.spacing[a]
            }),
            border,
        })
        .collect()
}

/// Too many labels of too few voxels are noise or grey values.
fn soup(structures: &[Found], shapes: &[Shape], doubts: &mut Vec<Doubt>) {
    let specks = shapes.iter().filter(|s| s.voxels < SPECK).count();
    if specks > 3 && 2 * specks > structures.len() {
        doubts.push(Doubt {
            severity: Severity::Error,
            structure: "labels".to_owned(),
            reason: format!(
                "{specks} of {} labels have fewer than {SPECK} voxels: noise, not structures",
                structures.len()
            ),
            remedy: "give the label volume, saved without smoothing or compression that changes values",
        });
        return;
    }
    for (found, shape) in structures.iter().zip(shapes).filter(|(_, s)| s.voxels < SPECK) {
        doubts.push(Doubt {
            severity: Severity::Warning,
            structure: found.name.clone(),
            reason: format!("has {} voxels only", shape.voxels),
            remedy: "remove it, or draw it on a finer scan",
        });
    }
}

fn names(structures: &[Found], doubts: &mut Vec<Doubt>) {
    let unknown: Vec<&str> =
        structures.iter().filter(|f| f.anatomy.is_none()).map(|f| f.name.as_str()).collect();
    if unknown.is_empty() {
        return;
    }
    let shown = unknown.iter().take(8).copied().collect::<Vec<_>>().join(", ");
    let more = if unknown.len() > 8 { ", …" } else { "" };
    doubts.push(Doubt {
        severity: Severity::Warning,
        structure: "labels".to_owned(),
        reason: format!("{} of {} have no name that is known: {shown}{more}", unknown.len(), structures.len()),
        remedy: "give a label table, with the names of TotalSegmentator or of anatomy; without one nothing is checked of them and they stay rigid",
    });
}

/// A grid that no scanner wrote: voxels of exactly 1 mm from exactly 0.
fn header(grid: &Grid, doubts: &mut Vec<Doubt>) {
    let whole = (0..3).all(|a| {
        let steps = grid.origin[a] / grid.spacing[a];
        grid.spacing[a] == 1.0 && steps == steps.round() && steps.abs() <= grid.dims[a] as f64
    });
    if whole {
        doubts.push(Doubt {
            severity: Severity::Note,
            structure: "labels".to_owned(),
            reason: "voxels of exactly 1 mm on whole millimetres may be a header that was lost on the way".to_owned(),
            remedy: "compare the sizes of the organs with the scan",
        });
    }
}

/// A known size, and what was found.
struct Ruler<'a> {
    name: &'a str,
    found: String,
    /// Factor of length by which it is too large; below 1 too small; 1 inside its range.
    factor: f64,
}

fn sizes(structures: &[Found], shapes: &[Shape], grid: &Grid, doubts: &mut Vec<Doubt>) {
    let mut rulers: Vec<Ruler> = Vec::new();
    for (found, shape) in structures.iter().zip(shapes) {
        let Some(range) = found.anatomy.and_then(|a| a.volume.as_ref()) else { continue };
        let ml = shape.voxels as f64 * grid.voxel_volume() / 1000.0;
        let cut = shape.cuts().next().is_some();
        let ratio = if ml > range.high {
            ml / range.high
        } else if ml < range.low && !cut {
            ml / range.low
        } else {
            1.0
        };
        rulers.push(Ruler {
            name: &found.name,
            found: format!(
                "{ml:.0} mL where healthy adults have {:.0} to {:.0} ({})",
                range.low, range.high, range.reference
            ),
            factor: libm::cbrt(ratio),
        });
    }
    let lumbar = |n: usize| {
        let id = format!("vertebra_l{n}");
        structures.iter().position(|f| f.id == id).map(|s| &shapes[s])
    };
    for shape in (1..=5).filter_map(lumbar).filter(|s| s.cuts().next().is_none()) {
        let [low, high] = LUMBAR_HEIGHT;
        rulers.push(Ruler {
            name: "Lumbar vertebrae",
            found: format!(
                "{:.0} mm high where adults have {low} to {high} (Zhou 2000)",
                shape.height
            ),
            factor: if shape.height < low {
                shape.height / low
            } else {
                (shape.height / high).max(1.0)
            },
        });
    }
    for n in 1..5 {
        let (Some(upper), Some(lower)) = (lumbar(n), lumbar(n + 1)) else { continue };
        let pitch =
            (0..3).map(|a| (upper.centroid[a] - lower.centroid[a]).powi(2)).sum::<f64>().sqrt();
        let [low, high] = LUMBAR_PITCH;
        let whole = upper.cuts().next().is_none() && lower.cuts().next().is_none();
        if whole {
            rulers.push(Ruler {
                name: "Lumbar vertebrae",
                found: format!("{pitch:.0} mm from one to the next where adults have {low} to {high} (Zhou 2000)"),
                factor: if pitch < low { pitch / low } else { (pitch / high).max(1.0) },
            });
        }
    }
    for (sign, word) in [(-1.0, "small"), (1.0, "large")] {
        let out: Vec<&Ruler> = rulers.iter().filter(|r| sign * r.factor.ln() > 0.0).collect();
        // Clearly out: a third of the length or more than half again.
        let far = out.iter().filter(|r| sign * r.factor.ln() > 0.25).count();
        let absurd = out.iter().find(|r| sign * r.factor.ln() > 1.0);
        if (far >= 1 && out.len() >= 2 && 2 * out.len() > rulers.len()) || absurd.is_some() {
            let first = absurd.copied().or(out.first().copied());
            let named: Vec<String> = first
                .into_iter()
                .chain(
                    out.iter().copied().filter(|r| first.is_none_or(|f| f.name != r.name)).take(1),
                )
                .map(|r| format!("{} {}", r.name, r.found))
                .collect();
            doubts.push(Doubt {
                severity: Severity::Error,
                structure: "labels".to_owned(),
                reason: format!("everything is too {word}, so the voxel size of {:.2} × {:.2} × {:.2} mm is wrong: {}", grid.spacing[0], grid.spacing[1], grid.spacing[2], named.join(", ")),
                remedy: "export the labels again with the scan's geometry, or correct the header",
            });
            return;
        }
    }
    for ruler in rulers.iter().filter(|r| r.factor != 1.0) {
        doubts.push(Doubt {
            severity: Severity::Warning,
            structure: ruler.name.to_owned(),
            reason: ruler.found.clone(),
            remedy: "look whether it is ill, a child's, or wrongly drawn",
        });
    }
}

/// Pairs of which the first lies further to the right, further in front, or lower. "spine" is the mean of the vertebrae, "spine_low"
/// and "spine_high" the ends of what there is of them.
const ORDER: [&[(&str, &str)]; 3] = [
    &[
        ("liver", "spleen"),
        ("liver", "stomach"),
        ("gallbladder", "spleen"),
        ("gallbladder", "stomach"),
        ("inferior_vena_cava", "aorta"),
        ("duodenum", "spleen"),
        ("superior_vena_cava", "heart"),
        ("gallbladder", "pancreas"),
    ],
    &[
        ("liver", "spine"),
        ("pancreas", "spine"),
        ("stomach", "spine"),
        ("heart", "spine"),
        ("sternum", "spine"),
        ("sternum", "heart"),
        ("urinary_bladder", "sacrum"),
        ("stomach", "kidney_left"),
    ],
    &[
        ("spine_low", "spine_high"),
        ("urinary_bladder", "liver"),
        ("urinary_bladder", "stomach"),
        ("hip_right", "liver"),
        ("hip_left", "spleen"),
        ("liver", "heart"),
        ("sacrum", "liver"),
    ],
];

/// Centres of the organs by their identifiers, and of the spine.
fn centres<'a>(structures: &'a [Found], shapes: &[Shape]) -> BTreeMap<&'a str, [f64; 3]> {
    let mut centres: BTreeMap<&str, [f64; 3]> =
        structures.iter().zip(shapes).map(|(f, s)| (f.id.as_str(), s.centroid)).collect();
    let names = |part: char, count: usize| (1..=count).map(move |n| format!("vertebra_{part}{n}"));
    let downwards = names('c', 7).chain(names('t', 12)).chain(names('l', 5));
    let spine: Vec<[f64; 3]> =
        downwards.filter_map(|id| centres.get(id.as_str()).copied()).collect();
    if let [high, .., low] = spine[..] {
        centres.insert("spine_high", high);
        centres.insert("spine_low", low);
    }
    if !spine.is_empty() {
        let mean = |a: usize| spine.iter().map(|c| c[a]).sum::<f64>() / spine.len() as f64;
        centres.insert("spine", std::array::from_fn(mean));
    }
    centres
}

/// Pairs of organs that exist on both sides are told by "_right" and "_left".
fn sides(structures: &[Found], shapes: &[Shape], doubts: &mut Vec<Doubt>) {
    let centres = centres(structures, shapes);
    let centre = |id: &str| centres.get(id).copied();
    let mut axes_wrong = [false; 3];
    let mut witnesses: [Vec<String>; 3] = Default::default();
    for axis in 0..3 {
        let mut seen = 0;
        for &(low, high) in ORDER[axis] {
            let (Some(a), Some(b)) = (centre(low), centre(high)) else { continue };
            // Beyond doubt only where they are apart by more than a voxel or two.
            if (a[axis] - b[axis]).abs() < 3.0 {
                continue;
            }
            seen += 1;
            if a[axis] > b[axis] {
                witnesses[axis].push(format!("{low} and {high}"));
            }
        }
        axes_wrong[axis] = 2 * witnesses[axis].len() > seen && seen > 0;
    }
    let wrong = axes_wrong.iter().filter(|w| **w).count();
    let words = [
        "lie on the wrong sides: is the volume mirrored?",
        "lie the wrong way round from front to back: is it turned?",
        "lie upside down: is the order of the slices reversed?",
    ];
    for axis in (0..3).filter(|&a| axes_wrong[a]) {
        doubts.push(Doubt {
            severity: Severity::Error,
            structure: witnesses[axis].first().cloned().unwrap_or_default(),
            reason: if wrong > 1 {
                format!("{} (other axes are wrong too)", words[axis])
            } else {
                words[axis].to_owned()
            },
            remedy: "export the labels again with the scan's orientation, or mend the affine; situs inversus is rare",
        });
    }
    // Names of sides against the sides themselves: wrong only where the patient's sides are right.
    let swapped: Vec<&Found> = structures
        .iter()
        .filter(|f| {
            let Some(stem) = f.id.strip_suffix("_right") else { return false };
            let (Some(right), Some(left)) = (centre(&f.id), centre(&format!("{stem}_left"))) else {
                return false;
            };
            right[0] > left[0] + 3.0
        })
        .collect();
    if let Some(first) = swapped.first()
        && !axes_wrong[0]
    {
        let pairs = structures.iter().filter(|f| f.id.ends_with("_right")).count();
        let no_witness = ORDER[0].iter().all(|(a, b)| centre(a).is_none() || centre(b).is_none());
        doubts.push(Doubt {
            severity: if no_witness && swapped.len() == pairs { Severity::Error } else { Severity::Warning },
            structure: first.name.clone(),
            reason: "lies to the left of its left counterpart: mirrored volume, or names of sides swapped?".to_owned(),
            remedy: "mend the affine, or swap the names in the label table",
        });
    }
}

/// Pieces that cleaning leaves where they are.
fn whole(pieces: &[Piece]) -> impl Iterator<Item = &Piece> {
    pieces.iter().filter(|p| p.voxels >= clean::SPECK)
}

/// Islands and holes.
pub(super) fn of_pieces(structures: &[Found], grid: &Grid, pieces: &[Piece]) -> Vec<Doubt> {
    let ml = |voxels: usize| voxels as f64 * grid.voxel_volume() / 1000.0;
    let mut doubts = Vec::new();
    for (s, found) in structures.iter().enumerate() {
        let number = s as u8 + 1;
        let mut parts: Vec<usize> =
            whole(pieces).filter(|p| p.label == number).map(|p| p.voxels).collect();
        parts.sort_unstable_by(|a, b| b.cmp(a));
        let islands: usize = parts.iter().skip(1).sum();
        let total: usize = parts.iter().sum();
        // A structure of several labels (ribs) is in pieces by nature.
        if found.labels.len() == 1 && (islands * 20 > total || parts.len() > 20) {
            doubts.push(Doubt {
                severity: Severity::Warning,
                structure: found.name.clone(),
                reason: format!(
                    "is in {} pieces, {:.1} mL of {:.1} away from the largest",
                    parts.len(),
                    ml(islands),
                    ml(total)
                ),
                remedy: "look whether the islands belong to it, and remove those that do not",
            });
        }
        let holes: Vec<usize> =
            whole(pieces).filter(|p| p.inside == Some(number)).map(|p| p.voxels).collect();
        let hollow = ml(holes.iter().sum());
        if hollow > 0.1 && hollow > 0.002 * ml(total) {
            doubts.push(Doubt {
                severity: Severity::Warning,
                structure: found.name.clone(),
                reason: format!("has {} holes of {hollow:.1} mL inside", holes.len()),
                remedy: "fill them, unless they are meant",
            });
        }
    }
    doubts
}

/// A face can be made from the scan of a head.
pub(super) fn of_faces(structures: &[Found], with_image: bool) -> Vec<Doubt> {
    let head = |f: &&Found| {
        ["skull", "brain", "face", "mandible", "head"]
            .iter()
            .any(|h| f.id.split('_').any(|w| w == *h))
    };
    let first = structures.iter().find(head).filter(|_| with_image);
    first
        .map(|found| Doubt {
            severity: Severity::Warning,
            structure: found.name.clone(),
            reason: "is part of a head: the patient's face can be made from this scan".to_owned(),
            remedy: "deface the scan, or leave it out, before the twin goes to anybody else",
        })
        .into_iter()
        .collect()
}
