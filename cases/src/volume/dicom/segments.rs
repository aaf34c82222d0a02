//! DICOM segmentations.

use super::{
    elements::{self as e, error},
    frames::{Frame, Shape, pixels, places, shape},
};
use crate::{
    Result,
    volume::{
        checked_dims,
        place::Place,
        raster::Raster,
        segmentation::{Name, Names, flatten, unit_byte},
    },
};

/// Read a segmentation: binary, fractional (from one half on) or a label map.
///
/// # Errors
/// A file that is no segmentation, or whose frames do not lie on one grid.
pub(crate) fn read(file: &str, bytes: &[u8]) -> Result<(Raster<'static>, Names, Vec<String>)> {
    let object = e::parse(file, bytes)?;
    let Some(segments) = object.dataset.items(e::SEGMENT_SEQUENCE) else {
        return Err(error(
            file,
            "(0062,0002) segments",
            "are missing: this is no segmentation",
            "give the slices with --image, and a segmentation or a label volume",
        ));
    };
    let shape = shape(file, &object.dataset)?;
    let frames = places(file, &object.dataset, shape.frames)?;
    let (place, slices, slice_count) = grid(file, &object.dataset, &frames)?;
    let size = [shape.columns as i64, shape.rows as i64, slice_count];
    let dims = checked_dims(file, "frames", size)?;
    let pixels = pixels(file, &object, &shape)?;
    let mut numbers = Vec::new();
    let mut names = Vec::new();
    for (s, segment) in segments.iter().enumerate() {
        let number = segment.short(e::SEGMENT_NUMBER).unwrap_or(s as u16 + 1);
        let name = segment.text(e::SEGMENT_LABEL).unwrap_or_default();
        let colour = segment.bytes(e::CIELAB).and_then(|b| b.first_chunk()).map(|b| srgb(*b));
        numbers.push(number);
        names.push(Name::new(&name, colour));
    }
    let index = |number: u16| numbers.iter().position(|n| *n == number).map(|s| s as u16);
    let mut in_slice: Vec<Vec<(usize, Option<u16>)>> = vec![Vec::new(); dims[2]];
    for (f, (frame, &slice)) in frames.iter().zip(&slices).enumerate() {
        in_slice[slice].push((f, frame.segment.and_then(index)));
    }
    let kind = object.dataset.text(e::SEGMENTATION_TYPE).unwrap_or_default();
    let half = object.dataset.short(e::MAX_FRACTION).unwrap_or(255).div_ceil(2);
    let length = shape.columns * shape.rows;
    let sample = |f: usize, p: usize| sample(&pixels, &shape, f * length + p);
    let present = |v: usize, here: &mut Vec<u16>| {
        let (slice, p) = (v / length, v % length);
        for &(f, segment) in &in_slice[slice] {
            let value = sample(f, p);
            match kind.as_str() {
                "LABELMAP" => here.extend(index(value).filter(|_| value != 0)),
                "FRACTIONAL" => here.extend(segment.filter(|_| value >= half)),
                _ => here.extend(segment.filter(|_| value != 0)),
            }
        }
    };
    let (values, names, notes) = flatten(file, &names, dims.iter().product(), &present)?;
    Ok((Raster::of_labels(dims, place, values), names, notes))
}

/// Sample number `index`; bits run on over the frames, least significant first.
fn sample(pixels: &[u8], shape: &Shape, index: usize) -> u16 {
    let byte = |i: usize| u16::from(pixels.get(i).copied().unwrap_or(0));
    match shape.bits {
        1 => byte(index / 8) >> (index % 8) & 1,
        8 => byte(index),
        _ => byte(2 * index) | byte(2 * index + 1) << 8,
    }
}

/// The grid of all frames, the slice of each, and how many there are; slices without a frame are empty.
fn grid(file: &str, dataset: &e::Dataset, frames: &[Frame]) -> Result<(Place, Vec<usize>, i64)> {
    let field = "(0020,9113) plane positions";
    let mut depths: Vec<f64> = frames.iter().map(Frame::depth).collect();
    depths.sort_by(f64::total_cmp);
    depths.dedup_by(|a, b| (*a - *b).abs() < 0.01);
    let lowest = frames.iter().min_by(|a, b| a.depth().total_cmp(&b.depth()));
    let Some(lowest) = lowest else {
        return Err(error(file, field, "are missing", "export the segmentation anew"));
    };
    let measures = dataset.item(e::SHARED_GROUPS).and_then(|g| g.item(e::PIXEL_MEASURES_SEQUENCE));
    let said = measures.and_then(|m| {
        m.decimals(e::SPACING_BETWEEN_SLICES).or_else(|| m.decimals(e::SLICE_THICKNESS))
    });
    let least = depths.windows(2).map(|w| w[1] - w[0]).fold(f64::INFINITY, f64::min);
    let gap = match said {
        Some([said]) if said > 0.0 && said < least * 1.1 => said,
        Some([said]) if said > 0.0 && least.is_infinite() => said,
        _ => least,
    };
    let mut slices = Vec::new();
    for frame in frames {
        let steps = (frame.depth() - lowest.depth()) / gap;
        if !(0.0..1e5).contains(&steps.abs())
            || (steps - steps.round()).abs() > 0.1
            || frame.directions != lowest.directions
        {
            return Err(error(
                file,
                field,
                format!(
                    "a frame at {:.2} mm lies between the slices of {gap:.2} mm, or is turned",
                    frame.depth()
                ),
                "export the segmentation on the grid of its series",
            ));
        }
        slices.push(steps.round() as usize);
    }
    let count = slices.iter().max().map_or(0, |m| m + 1) as i64;
    let [u, v] = lowest.directions;
    let [du, dv] = lowest.spacing;
    let columns = [u.map(|c| c * du), v.map(|c| c * dv), lowest.normal().map(|c| c * gap)];
    Ok((Place::new(file, field, columns, lowest.position)?, slices, count))
}

/// A colour of CIELab as DICOM scales it (PS3.3 C.10.7.1.1, D50) in sRGB.
fn srgb(bytes: [u8; 6]) -> [u8; 3] {
    let value = |i: usize| f64::from(u16::from_le_bytes([bytes[i], bytes[i + 1]]));
    let (l, a, b) = (
        value(0) / 65535.0 * 100.0,
        value(2) / 65535.0 * 255.0 - 128.0,
        value(4) / 65535.0 * 255.0 - 128.0,
    );
    let fy = (l + 16.0) / 116.0;
    let cube = |f: f64| if f > 6.0 / 29.0 { f * f * f } else { (f - 4.0 / 29.0) * 108.0 / 841.0 };
    let (x, y, z) = (0.9642 * cube(fy + a / 500.0), cube(fy), 0.8249 * cube(fy - b / 200.0));
    // From D50 to the primaries of sRGB, adapted after Bradford.
    let linear = [
        3.134_187 * x - 1.617_209 * y - 0.490_694 * z,
        -0.978_749 * x + 1.916_130 * y + 0.033_433 * z,
        0.071_964 * x - 0.228_994 * y + 1.405_754 * z,
    ];
    linear.map(|c| {
        unit_byte(if c <= 0.003_130_8 {
            12.92 * c
        } else {
            1.055 * libm::pow(c, 1.0 / 2.4) - 0.055
        })
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn colours_come_from_cielab() {
        let code = |lab: [f64; 3]| {
            let scaled = [lab[0] / 100.0, (lab[1] + 128.0) / 255.0, (lab[2] + 128.0) / 255.0];
            let [l, a, b] = scaled.map(|v| ((v * 65535.0).round() as u16).to_le_bytes());
            super::srgb([l[0], l[1], a[0], a[1], b[0], b[1]])
        };
        // White, black, and the red of sRGB (D50).
        assert_eq!(code([100.0, 0.0, 0.0]), [255, 255, 255]);
        assert_eq!(code([0.0, 0.0, 0.0]), [0, 0, 0]);
        let [r, g, b] = code([54.29, 80.81, 69.89]);
        assert!(r > 252 && g < 6 && b < 6, "{r} {g} {b}");
    }
}
