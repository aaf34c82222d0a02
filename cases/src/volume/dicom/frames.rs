//! Frames of a DICOM object: where each lies, and its samples.

use super::{
    elements::{self as e, Coding, Dataset, Object, error},
    rle,
};
use crate::{Error, Result, volume::checked_dims};

/// Where one frame lies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Frame {
    /// Centre of the first pixel [mm, LPS].
    pub(super) position: [f64; 3],
    /// Directions of increasing column and row.
    pub(super) directions: [[f64; 3]; 2],
    /// Distance between columns, and between rows [mm].
    pub(super) spacing: [f64; 2],
    /// Slope and intercept.
    pub(super) scale: [f64; 2],
    /// Segment that it shows, in a segmentation.
    pub(super) segment: Option<u16>,
}

impl Frame {
    /// Unit normal of the plane.
    pub(super) fn normal(&self) -> [f64; 3] {
        let [u, v] = self.directions;
        [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]]
    }

    /// Position along the normal [mm].
    pub(super) fn depth(&self) -> f64 {
        self.normal().iter().zip(self.position).map(|(n, p)| n * p).sum()
    }
}

/// The size of the frames and how their samples are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) columns: usize,
    pub(super) rows: usize,
    pub(super) frames: usize,
    /// Bits of a sample in the file: 1, 8 or 16.
    pub(super) bits: u16,
    /// Bits of them that count.
    pub(super) stored: u16,
    pub(super) signed: bool,
}

/// Read the shape.
///
/// # Errors
/// Missing or unusual numbers; colour; more frames than the largest volume.
pub(super) fn shape(file: &str, dataset: &Dataset) -> Result<Shape> {
    let number = |tag, field: &'static str| {
        dataset.short(tag).ok_or_else(|| error(file, field, "is missing", "export the series anew"))
    };
    let rows = number(e::ROWS, "(0028,0010) rows")?;
    let columns = number(e::COLUMNS, "(0028,0011) columns")?;
    let frames = match dataset.decimals::<1>(e::FRAME_COUNT) {
        Some([n]) => n as i64,
        None => 1,
    };
    checked_dims(file, "(0028,0008) frames", [i64::from(columns), i64::from(rows), frames])?;
    if dataset.short(e::SAMPLES_PER_PIXEL).unwrap_or(1) != 1 {
        return Err(error(
            file,
            "(0028,0002) samples per pixel",
            "says that it is in colour",
            "give a series of grey values",
        ));
    }
    let bits = number(e::BITS_ALLOCATED, "(0028,0100) bits allocated")?;
    if ![1, 8, 16].contains(&bits) {
        return Err(error(
            file,
            "(0028,0100) bits allocated",
            format!("is {bits}"),
            "export the series with 8 or 16 bits a pixel",
        ));
    }
    let stored = dataset.short(e::BITS_STORED).filter(|s| (1..=bits).contains(s)).unwrap_or(bits);
    let signed = dataset.short(e::PIXEL_REPRESENTATION) == Some(1);
    Ok(Shape {
        columns: usize::from(columns),
        rows: usize::from(rows),
        frames: frames as usize,
        bits,
        stored,
        signed,
    })
}

/// Where the frames of an object lie: of one slice by its own elements, of many by its functional groups.
///
/// # Errors
/// A frame without a place, or on a grid that is not at right angles.
pub(super) fn places(file: &str, dataset: &Dataset, count: usize) -> Result<Vec<Frame>> {
    let shared = dataset.item(e::SHARED_GROUPS);
    let frames = dataset.items(e::FRAME_GROUPS).unwrap_or_default();
    if count > 1 && frames.len() != count {
        return Err(error(
            file,
            "(5200,9230) per-frame groups",
            format!("are {} for {count} frames", frames.len()),
            "export the object anew, or as single slices",
        ));
    }
    (0..count).map(|f| place(file, dataset, shared, frames.get(f))).collect()
}

fn place(
    file: &str,
    own: &Dataset,
    shared: Option<&Dataset>,
    frame: Option<&Dataset>,
) -> Result<Frame> {
    // A frame's own group, then what all frames share, then the object itself.
    let groups = [frame, shared];
    let found = |sequence: u32| groups.into_iter().flatten().find_map(|g| g.item(sequence));
    let missing = |field| -> Error {
        error(file, field, "is missing or no number", "export the series with its geometry")
    };
    let position = found(e::PLANE_POSITION_SEQUENCE).unwrap_or(own).decimals(e::POSITION);
    let position: [f64; 3] = position.ok_or_else(|| missing("(0020,0032) image position"))?;
    let orientation = found(e::PLANE_ORIENTATION_SEQUENCE).unwrap_or(own).decimals(e::ORIENTATION);
    let [a, b, c, d, e_, f]: [f64; 6] =
        orientation.ok_or_else(|| missing("(0020,0037) image orientation"))?;
    let measures = found(e::PIXEL_MEASURES_SEQUENCE).unwrap_or(own);
    let [between_rows, between_columns] =
        measures.decimals(e::PIXEL_SPACING).ok_or_else(|| missing("(0028,0030) pixel spacing"))?;
    let values = found(e::PIXEL_VALUE_SEQUENCE).unwrap_or(own);
    let one = |tag| values.decimals::<1>(tag).map(|[v]| v);
    let segment = found(e::SEGMENT_ID_SEQUENCE).and_then(|s| s.short(e::REFERENCED_SEGMENT));
    let directions = [[a, b, c], [d, e_, f]];
    let dot = |u: [f64; 3], v: [f64; 3]| u[0] * v[0] + u[1] * v[1] + u[2] * v[2];
    let square = directions.iter().all(|&u| (dot(u, u) - 1.0).abs() < 1e-2)
        && dot(directions[0], directions[1]).abs() < 1e-2;
    if !square {
        return Err(error(
            file,
            "(0020,0037) image orientation",
            "is not two directions at right angles",
            "export the series with its geometry",
        ));
    }
    Ok(Frame {
        position,
        directions,
        spacing: [between_columns, between_rows],
        scale: [
            one(e::SLOPE).filter(|s| *s != 0.0).unwrap_or(1.0),
            one(e::INTERCEPT).unwrap_or(0.0),
        ],
        segment,
    })
}

/// The samples of all frames as the file keeps them, run lengths undone.
///
/// # Errors
/// Pixel data that are missing, shorter than the shape promises, or damaged.
pub(super) fn pixels(file: &str, object: &Object, shape: &Shape) -> Result<Vec<u8>> {
    let pixels = shape.columns * shape.rows;
    let field = "(7FE0,0010) pixel data";
    if object.coding == Coding::Rle {
        let fragments = object.dataset.fragments().unwrap_or_default();
        if fragments.len() < shape.frames || shape.bits == 1 {
            return Err(error(
                file,
                field,
                format!("{} fragments for {} frames", fragments.len(), shape.frames),
                "export the series uncompressed",
            ));
        }
        let mut all = Vec::new();
        for fragment in &fragments[..shape.frames] {
            all.extend(rle::frame(file, fragment, pixels, usize::from(shape.bits / 8))?);
        }
        return Ok(all);
    }
    let wanted = (pixels * shape.frames * usize::from(shape.bits)).div_ceil(8);
    let found = object.dataset.bytes(e::PIXEL_DATA).unwrap_or_default();
    match found.get(..wanted) {
        Some(pixels) => Ok(pixels.to_vec()),
        None => Err(error(
            file,
            field,
            format!("{} bytes where the header promises {wanted}", found.len()),
            "fetch the file again, it is cut short or holds no image",
        )),
    }
}
