//! Slices of a series, in the order in which they lie.

use std::{borrow::Cow, collections::BTreeMap};

use super::{
    elements::{self as e, error},
    frames::{Frame, Shape, pixels, places, shape},
};
use crate::{
    Result,
    volume::{
        checked_dims,
        place::Place,
        raster::{Raster, Sample},
    },
};

/// Slices that may lie this far off even steps [part of a step].
const UNEVEN: f64 = 0.1;

/// Frames of the files that belong together: one series, one direction, one size.
struct Stack {
    shape: Shape,
    /// Where each frame lies, and its file and number there.
    frames: Vec<(Frame, usize, usize)>,
}

/// Read the series that most of the slices belong to, and tell how many files were left out. `files` are names and bytes.
///
/// # Errors
/// A file that cannot be read; slices that are missing, twice there, or unevenly spaced.
pub(crate) fn read(files: &[(String, Vec<u8>)]) -> Result<(Raster<'static>, Vec<String>)> {
    let folder = files.first().map(|f| f.0.as_str()).unwrap_or_default();
    let mut stacks: BTreeMap<(String, [i64; 6], usize, usize), Stack> = BTreeMap::new();
    let mut samples = Vec::new();
    for (number, (file, bytes)) in files.iter().enumerate() {
        let object = e::parse(file, bytes)?;
        let shape = shape(file, &object.dataset)?;
        let series = object.dataset.text(e::SERIES_UID).unwrap_or_default();
        let frames = places(file, &object.dataset, shape.frames)?;
        samples.push(widened(&pixels(file, &object, &shape)?, &shape));
        for (f, frame) in frames.into_iter().enumerate() {
            let [u, v] = frame.directions;
            let round = |c: f64| (c * 1e3).round() as i64;
            let directions = [u[0], u[1], u[2], v[0], v[1], v[2]].map(round);
            let key = (series.clone(), directions, shape.columns, shape.rows);
            let stack = stacks.entry(key).or_insert_with(|| Stack { shape, frames: Vec::new() });
            stack.frames.push((frame, number, f));
        }
    }
    let all: usize = stacks.values().map(|s| s.frames.len()).sum();
    let mut stack = stacks.into_values().max_by_key(|s| s.frames.len()).ok_or_else(|| {
        error(folder, "series", "holds no slice", "give the folder of a DICOM series")
    })?;
    let used = stack.frames.len();
    let notes = (all > used).then(|| {
        format!("Of {all} slices {} belong to other series and were left out.", all - used)
    });
    stack.frames.sort_by(|a, b| a.0.depth().total_cmp(&b.0.depth()));
    let place = place(folder, &stack)?;
    let Shape { columns, rows, .. } = stack.shape;
    let dims = checked_dims(folder, "series", [columns as i64, rows as i64, used as i64])?;
    let scale = stack.frames[0].0.scale;
    let even = stack.frames.iter().all(|(f, ..)| f.scale == scale);
    let length = columns * rows;
    let mut bytes = Vec::with_capacity(length * used * if even { 2 } else { 4 });
    for (frame, file, number) in &stack.frames {
        let samples = &samples[*file][number * length..(number + 1) * length];
        if even {
            bytes.extend(samples.iter().flat_map(|s| s.to_le_bytes()));
        } else {
            // Slices of their own scale (PET) become the values themselves.
            let [slope, intercept] = frame.scale;
            let raw = |s: u16| if stack.shape.signed { f64::from(s as i16) } else { f64::from(s) };
            let value = |s: &u16| (raw(*s) * slope + intercept) as f32;
            bytes.extend(samples.iter().flat_map(|s| value(s).to_le_bytes()));
        }
    }
    let sample = match (even, stack.shape.signed) {
        (false, _) => Sample::F32,
        (true, true) => Sample::I16,
        (true, false) => Sample::U16,
    };
    let raster = Raster::packed(dims, place, Cow::Owned(bytes));
    let scale = if even { scale } else { [1.0, 0.0] };
    Ok((Raster { sample, scale, ..raster }, notes.into_iter().collect()))
}

/// Samples of 8 or 16 bits in 16, with only the bits that are stored.
fn widened(pixels: &[u8], shape: &Shape) -> Vec<u16> {
    let (signed, unused) = (shape.signed, 16 - u32::from(shape.stored.min(16)));
    let wide = |raw: u16| {
        let high = raw << unused;
        if signed { (high as i16 >> unused) as u16 } else { high >> unused }
    };
    if shape.bits == 16 {
        pixels.chunks_exact(2).map(|b| wide(u16::from_le_bytes([b[0], b[1]]))).collect()
    } else {
        pixels.iter().map(|&b| wide(u16::from(b))).collect()
    }
}

/// The grid of sorted slices.
fn place(file: &str, stack: &Stack) -> Result<Place> {
    let field = "(0020,0032) image position";
    let fail = |reason: String, remedy| Err(error(file, field, reason, remedy));
    let frames: Vec<Frame> = stack.frames.iter().map(|f| f.0).collect();
    let ([first, .., last], true) = (&frames[..], stack.shape.bits > 1) else {
        return fail("one slice is no volume".to_owned(), "give the folder of the whole series");
    };
    let steps = (frames.len() - 1) as f64;
    let gap = (last.depth() - first.depth()) / steps;
    for (below, above) in frames.iter().zip(&frames[1..]) {
        let step = above.depth() - below.depth();
        let between = format!("between {:.1} and {:.1} mm", below.depth(), above.depth());
        if step < 0.01 {
            return fail(
                format!("two slices lie in one place, {:.1} mm", below.depth()),
                "give one phase or reconstruction of the series",
            );
        }
        if step > (1.0 + UNEVEN) * gap || step < (1.0 - UNEVEN) * gap {
            return fail(
                format!(
                    "the step {between} is {step:.2} mm, the mean is {gap:.2}: slices are missing or uneven"
                ),
                "fetch the missing slices, or resample the series evenly",
            );
        }
        if above.spacing != first.spacing {
            return fail(
                format!("the pixel spacing changes {between}"),
                "give slices of one reconstruction",
            );
        }
    }
    // From the first slice to the last: a tilted gantry shears the grid.
    let along: [f64; 3] = std::array::from_fn(|a| (last.position[a] - first.position[a]) / steps);
    for (k, frame) in frames.iter().enumerate() {
        let off = (0..3)
            .map(|a| (frame.position[a] - first.position[a] - k as f64 * along[a]).powi(2))
            .sum::<f64>()
            .sqrt();
        if off > UNEVEN * gap + 0.1 {
            return fail(
                format!("the slice at {:.1} mm lies {off:.1} mm off the others", frame.depth()),
                "give one series that was not moved while it was taken",
            );
        }
    }
    let [u, v] = first.directions;
    let [du, dv] = first.spacing;
    Place::new(file, field, [u.map(|c| c * du), v.map(|c| c * dv), along], first.position)
}
