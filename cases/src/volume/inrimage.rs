//! INRIMAGE-4: a text header in multiples of 256 bytes, then raw samples.

use std::borrow::Cow;

use super::{
    checked_dims, checked_spacing, orient,
    place::Place,
    raster::{Raster, Sample},
};
use crate::{Error, Result};

/// Read an inflated INRIMAGE-4 file. The format has no orientation: `axes` gives it; the corner lies at the origin.
pub(super) fn read<'a>(file: &str, bytes: Cow<'a, [u8]>, axes: Option<&str>) -> Result<Raster<'a>> {
    let error = |field, reason: String, remedy| Error::Volume {
        file: file.to_owned(),
        field,
        reason,
        remedy,
    };
    let axes = axes.ok_or_else(|| {
        error(
            "axes",
            "INRIMAGE does not say how the patient lies".to_owned(),
            "name the axes in the recipe, such as axes = \"LPS\"",
        )
    })?;
    let axes = orient::parse(file, axes)?;
    let length = (256..=bytes.len().min(1 << 16))
        .step_by(256)
        .find(|&end| bytes[..end].ends_with(b"##}\n"))
        .ok_or_else(|| {
            error("header", "has no end".to_owned(), "fetch the file again, it is damaged")
        })?;
    let header = String::from_utf8_lossy(&bytes[..length]).into_owned();
    let text =
        |key: &str| header.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
    let number = |key: &'static str| -> Result<f64> {
        let value = text(key)
            .ok_or_else(|| error(key, "is missing".to_owned(), "write the header anew"))?;
        let parsed = value.trim().parse().ok().filter(|v: &f64| v.is_finite());
        parsed.ok_or_else(|| {
            error(key, format!("`{value}` is not a number"), "write the header anew")
        })
    };
    let dims = [number("XDIM")?, number("YDIM")?, number("ZDIM")?].map(|d| d as i64);
    let dims = checked_dims(file, "XDIM, YDIM, ZDIM", dims)?;
    let spacing =
        checked_spacing(file, "VX, VY, VZ", [number("VX")?, number("VY")?, number("VZ")?])?;
    if text("VDIM").is_some_and(|v| v.trim() != "1") {
        return Err(error(
            "VDIM",
            "has several channels".to_owned(),
            "give a volume of one channel",
        ));
    }
    let kind =
        (text("TYPE").unwrap_or_default().trim(), text("PIXSIZE").unwrap_or_default().trim());
    let sample = match kind {
        ("unsigned fixed", "8 bits") => Sample::U8,
        ("unsigned fixed", "16 bits") => Sample::U16,
        ("signed fixed", "8 bits") => Sample::I8,
        ("signed fixed", "16 bits") => Sample::I16,
        ("float", "32 bits") => Sample::F32,
        ("float", "64 bits") => Sample::F64,
        (kind, size) => {
            return Err(error(
                "TYPE, PIXSIZE",
                format!("`{kind}` of `{size}`"),
                "write 8 or 16 bit whole numbers, or floats",
            ));
        }
    };
    let big_endian = match text("CPU").unwrap_or("decm").trim() {
        "decm" | "alpha" | "pc" => false,
        "sun" | "sgi" => true,
        other => {
            return Err(error("CPU", format!("`{other}` is unknown"), "write `decm` or `sun`"));
        }
    };
    let raster = Raster::packed(dims, Place::along(axes, spacing), bytes);
    Raster { start: length, sample, big_endian, ..raster }.checked(file, 1)
}
