//! NRRD, and the segmentations that 3D Slicer keeps in it (`.seg.nrrd`).

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use super::{
    bounded, checked_dims,
    place::Place,
    raster::{Raster, Sample},
    segmentation::{MOST_NAMES, Name, Names, flatten, unit_byte},
};
use crate::{Error, Result};

/// Bytes that a header may have.
const LONGEST_HEADER: usize = 1 << 22;

/// One segment that a header names.
pub(super) struct Entry {
    /// Layer of the volume that it is in.
    pub(super) layer: usize,
    /// Its value there.
    pub(super) value: f32,
    /// What it is called.
    pub(super) name: Name,
}

/// A volume of one or several layers, and the segments in them.
pub(super) struct Nrrd<'a> {
    /// Layer 0.
    pub(super) raster: Raster<'a>,
    /// Number of layers.
    pub(super) layers: usize,
    /// Samples from a layer to the next.
    pub(super) layer_stride: usize,
    /// Segments that the header names.
    pub(super) segments: Vec<Entry>,
}

impl<'a> Nrrd<'a> {
    /// The segments as one volume of labels, what they are called, and what was done to them.
    ///
    /// # Errors
    /// More segments than a table has names.
    pub(super) fn flat(self, file: &str) -> Result<(Raster<'a>, Names, Vec<String>)> {
        if self.layers == 1 {
            let named = |e: Entry| (e.value as u16, e.name);
            return Ok((self.raster, self.segments.into_iter().map(named).collect(), Vec::new()));
        }
        let mut of_layer: Vec<Vec<(f32, u16)>> = vec![Vec::new(); self.layers];
        for (s, entry) in self.segments.iter().enumerate() {
            of_layer[entry.layer].push((entry.value, s as u16));
        }
        let names: Vec<Name> = self.segments.iter().map(|e| e.name.clone()).collect();
        let raster = &self.raster;
        let [ni, nj, nk] = raster.dims;
        let present = |v: usize, here: &mut Vec<u16>| {
            let voxel = [v % ni, v / ni % nj, v / (ni * nj)];
            let base = raster.index(voxel);
            for (l, entries) in of_layer.iter().enumerate() {
                let value = raster.value(base + l * self.layer_stride);
                if value != 0.0 {
                    here.extend(entries.iter().filter(|e| e.0 == value).map(|e| e.1));
                }
            }
        };
        let (values, names, notes) = flatten(file, &names, ni * nj * nk, &present)?;
        Ok((Raster::of_labels(raster.dims, raster.place, values), names, notes))
    }
}

/// Fields and key/value pairs of a header.
struct Header {
    fields: BTreeMap<String, String>,
    keys: BTreeMap<String, String>,
    /// Byte behind the empty line.
    end: usize,
}

impl Header {
    fn parse(file: &str, bytes: &[u8]) -> Result<Self> {
        let (mut fields, mut keys, mut at) = (BTreeMap::new(), BTreeMap::new(), 0);
        let head = &bytes[..bytes.len().min(LONGEST_HEADER)];
        loop {
            let Some(rest) = head.get(at..).filter(|r| !r.is_empty()) else {
                // A detached header may end without the empty line.
                if head.len() < LONGEST_HEADER && fields.contains_key("datafile") {
                    break;
                }
                return Err(error(
                    file,
                    "header",
                    "has no end".to_owned(),
                    "fetch the file again, it is damaged",
                ));
            };
            let length = rest.iter().position(|&b| b == b'\n').unwrap_or(rest.len());
            let line = String::from_utf8_lossy(&rest[..length]);
            let line = line.trim_end_matches('\r');
            at += length + 1;
            if line.is_empty() {
                break;
            }
            if line.starts_with('#') {
                continue;
            }
            if let Some((key, value)) = line.split_once(":=") {
                keys.insert(key.to_owned(), value.trim().to_owned());
            } else if let Some((field, value)) = line.split_once(':') {
                // "data file" and "datafile" are the same field.
                let field = field.to_lowercase().replace(' ', "");
                fields.insert(field, value.trim().to_owned());
            }
        }
        Ok(Self { fields, keys, end: at.min(bytes.len()) })
    }

    fn field(&self, name: &str) -> Option<&str> {
        self.fields.get(name).map(String::as_str)
    }
}

fn error(file: &str, field: &'static str, reason: String, remedy: &'static str) -> Error {
    Error::Volume { file: file.to_owned(), field, reason, remedy }
}

/// Read a NRRD file. `sibling` gives the bytes of a file beside it, for a header whose data are apart.
pub(super) fn read<'a>(
    file: &str,
    bytes: Cow<'a, [u8]>,
    sibling: &dyn Fn(&str) -> Result<Vec<u8>>,
) -> Result<Nrrd<'a>> {
    let header = Header::parse(file, &bytes)?;
    let fail = |field, reason, remedy| Err(error(file, field, reason, remedy));
    let sizes: Vec<i64> = list(header.field("sizes").unwrap_or_default());
    let dimension = header.field("dimension").unwrap_or_default();
    if dimension.parse().ok() != Some(sizes.len()) || !(3..=4).contains(&sizes.len()) {
        return fail(
            "dimension, sizes",
            format!("`{dimension}` and {} sizes", sizes.len()),
            "write one volume of three axes, or a segmentation with a list of layers",
        );
    }
    let directions = directions(file, &header, sizes.len())?;
    let layer_axis = directions.iter().position(Option::is_none);
    let space: Vec<usize> = (0..sizes.len()).filter(|&a| Some(a) != layer_axis).collect();
    let (Ok(space), true) =
        (<[usize; 3]>::try_from(space), layer_axis.is_some() == (sizes.len() == 4))
    else {
        return fail(
            "space directions",
            "do not span three axes".to_owned(),
            "write one direction for each axis of space, `none` for the layers",
        );
    };
    let dims = checked_dims(file, "sizes", space.map(|a| sizes[a]))?;
    let layers = layer_axis.map_or(1, |a| sizes[a]);
    let most = super::MAX_VOXELS * 8 / dims.iter().product::<usize>() as u64;
    if !(1..=most.min(MOST_NAMES as u64) as i64).contains(&layers) {
        return fail("sizes", format!("{layers} layers"), "write fewer layers");
    }
    let layers = layers as usize;
    let mut stride_of = Vec::new();
    sizes.iter().fold(1, |stride, &size| {
        stride_of.push(stride);
        stride * size as usize
    });
    let place = place(file, &header, space.map(|a| directions[a].unwrap_or_default()))?;
    let sample = sample(file, &header)?;
    let big_endian = match header.field("endian").map(str::to_lowercase).as_deref() {
        Some("big") => true,
        Some("little") => false,
        None if sample.bytes() == 1 => false,
        other => {
            return fail(
                "endian",
                format!("`{}` is unknown", other.unwrap_or_default()),
                "write `little` or `big`",
            );
        }
    };
    let count = dims.iter().product::<usize>() * layers;
    let (bytes, start, sample) = data(file, &header, bytes, sibling, sample, count)?;
    let raster = Raster {
        dims,
        strides: space.map(|a| stride_of[a]),
        place,
        bytes,
        start,
        sample,
        // Text has no byte order of its own; it is kept as little-endian floats.
        big_endian: big_endian && !is_text(&header),
        scale: [1.0, 0.0],
    };
    Ok(Nrrd {
        raster: raster.checked(file, layers)?,
        layers,
        layer_stride: layer_axis.map_or(0, |a| stride_of[a]),
        segments: segments(&header, layers),
    })
}

/// Numbers between white space; what is no number ends the list.
fn list<T: std::str::FromStr>(text: &str) -> Vec<T> {
    text.split_whitespace().map_while(|word| word.parse().ok()).take(64).collect()
}

/// "(a,b,c)" as a vector; "none" as none.
fn vectors(text: &str) -> Option<Vec<Option<[f64; 3]>>> {
    let mut found = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() && found.len() < 8 {
        if let Some(after) = rest.strip_prefix("none") {
            found.push(None);
            rest = after.trim_start();
            continue;
        }
        let (inside, after) = rest.strip_prefix('(')?.split_once(')')?;
        let parts: Option<Vec<f64>> = inside
            .split(',')
            .map(|p| p.trim().parse().ok().filter(|v: &f64| v.is_finite()))
            .collect();
        found.push(Some(<[f64; 3]>::try_from(parts?).ok()?));
        rest = after.trim_start();
    }
    Some(found)
}

/// The step along each axis, in the file's space; none for the axis of layers.
fn directions(file: &str, header: &Header, axes: usize) -> Result<Vec<Option<[f64; 3]>>> {
    let text = header.field("spacedirections").ok_or_else(|| {
        error(
            file,
            "space directions",
            "are missing: nobody knows how the patient lies".to_owned(),
            "write the volume with a space, as 3D Slicer does",
        )
    })?;
    vectors(text).filter(|v| v.len() == axes).ok_or_else(|| {
        error(
            file,
            "space directions",
            format!("`{}`", text.chars().take(80).collect::<String>()),
            "write one vector of three numbers for each axis",
        )
    })
}

fn place(file: &str, header: &Header, columns: [[f64; 3]; 3]) -> Result<Place> {
    let space = header.field("space").unwrap_or_default().to_lowercase();
    let signs = match space.as_str() {
        "left-posterior-superior" | "lps" => [1.0, 1.0, 1.0],
        "right-anterior-superior" | "ras" => [-1.0, -1.0, 1.0],
        "left-anterior-superior" | "las" => [1.0, -1.0, 1.0],
        _ => {
            return Err(error(
                file,
                "space",
                format!("`{space}` does not say how the patient lies"),
                "write left-posterior-superior, right-anterior-superior or left-anterior-superior",
            ));
        }
    };
    let origin = match header.field("spaceorigin").map(vectors) {
        None => [0.0; 3],
        Some(found) => match found.as_deref() {
            Some([Some(origin)]) => *origin,
            _ => {
                return Err(error(
                    file,
                    "space origin",
                    "is no place".to_owned(),
                    "write it as (x,y,z) in mm",
                ));
            }
        },
    };
    let turn = |v: [f64; 3]| std::array::from_fn(|a| v[a] * signs[a]);
    Place::new(file, "space directions, space origin", columns.map(turn), turn(origin))
}

fn sample(file: &str, header: &Header) -> Result<Sample> {
    let text = header.field("type").unwrap_or_default().to_lowercase();
    Ok(match text.as_str() {
        "uchar" | "unsigned char" | "uint8" | "uint8_t" => Sample::U8,
        "signed char" | "int8" | "int8_t" => Sample::I8,
        "ushort" | "unsigned short" | "unsigned short int" | "uint16" | "uint16_t" => Sample::U16,
        "short" | "short int" | "signed short" | "signed short int" | "int16" | "int16_t" => {
            Sample::I16
        }
        "uint" | "unsigned int" | "uint32" | "uint32_t" => Sample::U32,
        "int" | "signed int" | "int32" | "int32_t" => Sample::I32,
        "float" => Sample::F32,
        "double" => Sample::F64,
        _ => {
            return Err(error(
                file,
                "type",
                format!("`{}` is not supported", text.chars().take(40).collect::<String>()),
                "write whole numbers of at most 32 bits, or floats",
            ));
        }
    })
}

fn is_text(header: &Header) -> bool {
    matches!(header.field("encoding"), Some("ascii" | "text" | "txt"))
}

/// The samples: their bytes, where they start, and what they are (text becomes floats).
fn data<'a>(
    file: &str,
    header: &Header,
    bytes: Cow<'a, [u8]>,
    sibling: &dyn Fn(&str) -> Result<Vec<u8>>,
    sample: Sample,
    count: usize,
) -> Result<(Cow<'a, [u8]>, usize, Sample)> {
    for skip in ["lineskip", "byteskip"] {
        if header.field(skip).is_some_and(|v| v != "0") {
            return Err(error(
                file,
                "line skip, byte skip",
                "are not supported".to_owned(),
                "write the file anew, without a gap before the data",
            ));
        }
    }
    let (bytes, start) = match header.field("datafile") {
        None => (bytes, header.end),
        Some(name) => {
            let plain = !name.is_empty()
                && !name.contains(['/', '\\', '%', ' '])
                && !name.starts_with('.')
                && name != "LIST";
            if !plain {
                return Err(error(
                    file,
                    "data file",
                    format!("`{}`", name.chars().take(80).collect::<String>()),
                    "keep the data in one file beside the header, or in the header's own file",
                ));
            }
            (Cow::Owned(sibling(name)?), 0)
        }
    };
    match header.field("encoding").unwrap_or_default() {
        "raw" => Ok((bytes, start, sample)),
        "gzip" | "gz" => {
            // A few bytes too many are no harm; gigabytes would be.
            let most = (count * sample.bytes()) as u64 + (1 << 16);
            let inflated = bounded::inflate_at_most(file, &bytes[start..], most)?;
            Ok((Cow::Owned(inflated), 0, sample))
        }
        _ if is_text(header) => {
            let text = String::from_utf8_lossy(&bytes[start..]);
            // At most as many numbers as the text has characters: nothing is allocated for a promise.
            let mut floats = Vec::new();
            for word in text.split_whitespace().take(count) {
                let value: f32 = word.parse().map_err(|_| {
                    error(file, "data", format!("`{word}` is not a number"), "write numbers")
                })?;
                floats.extend(value.to_le_bytes());
            }
            Ok((Cow::Owned(floats), 0, Sample::F32))
        }
        other => Err(error(
            file,
            "encoding",
            format!("`{}` is not supported", other.chars().take(40).collect::<String>()),
            "write it as gzip or raw",
        )),
    }
}

/// Segments by the keys that 3D Slicer writes. Without a layer and a value a segment is the layer of its own number, as in
/// older files.
fn segments(header: &Header, layers: usize) -> Vec<Entry> {
    let numbers: BTreeSet<usize> = header
        .keys
        .keys()
        .filter_map(|key| key.strip_prefix("Segment")?.split_once('_')?.0.parse().ok())
        .take(16 * MOST_NAMES)
        .collect();
    numbers
        .into_iter()
        .filter_map(|n| {
            let key = |name: &str| header.keys.get(&format!("Segment{n}_{name}"));
            let number = |name: &str| key(name).and_then(|v| v.parse::<u32>().ok());
            let name = key("Name").or_else(|| key("ID"))?;
            let colour = key("Color").map(|text| list::<f64>(text));
            let colour =
                colour.and_then(|c| <[f64; 3]>::try_from(c).ok()).map(|c| c.map(unit_byte));
            let layer = number("Layer").map_or(if layers > 1 { n } else { 0 }, |l| l as usize);
            let value = number("LabelValue").unwrap_or(1) as f32;
            (layer < layers).then(|| Entry { layer, value, name: Name::new(name, colour) })
        })
        .collect()
}
