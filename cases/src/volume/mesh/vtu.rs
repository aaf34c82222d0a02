//! VTK's XML format for unstructured grids, as far as a mesh of labels needs it: one piece, arrays in base64 between the tags, with
//! or without zlib. What a header promises is not believed: memory grows as the data come.

use std::io::Read;

use flate2::read::ZlibDecoder;

use super::{Mesh, MeshRecipe, fault};
use crate::Result;

/// VTK's numbers of the shapes of cells.
const TRIANGLE: u8 = 5;
const TETRAHEDRON: u8 = 10;
/// Bytes that one array may have.
const MAX_ARRAY: usize = 1 << 29;

/// An array's tag and what stands between it and its end.
#[derive(Clone, Copy)]
struct Array<'t> {
    tag: &'t str,
    text: &'t str,
}

struct File<'t> {
    name: &'t str,
    text: &'t str,
    /// Bytes of a number in the head of an array.
    head: usize,
    is_compressed: bool,
}

/// Read a mesh with the arrays that the recipe names.
pub(super) fn read(name: &str, bytes: &[u8], recipe: &MeshRecipe) -> Result<Mesh> {
    let damaged = |reason: &str| {
        fault(name, "VTKFile", reason.to_owned(), "save it as VTK XML unstructured grid (.vtu)")
    };
    let text = std::str::from_utf8(bytes).map_err(|_| damaged("is no text"))?;
    let start = text.find("<VTKFile").ok_or_else(|| damaged("is no VTK XML file"))?;
    let tag = text[start..].split('>').next().unwrap_or_default();
    if attribute(tag, "type") != Some("UnstructuredGrid") {
        return Err(damaged("holds no unstructured grid"));
    }
    if attribute(tag, "byte_order") != Some("LittleEndian") {
        return Err(damaged("is not in little-endian order"));
    }
    let is_compressed = match attribute(tag, "compressor") {
        None => false,
        Some("vtkZLibDataCompressor") => true,
        Some(_) => return Err(damaged("is not compressed by zlib")),
    };
    let head = if attribute(tag, "header_type") == Some("UInt64") { 8 } else { 4 };
    let file = File { name, text, head, is_compressed };

    let points = file.numbers(file.section("<Points>", None)?)?;
    let types = file.whole("types", file.section("<Cells>", Some("types"))?)?;
    let offsets = file.whole("offsets", file.section("<Cells>", Some("offsets"))?)?;
    let corners = file.whole("connectivity", file.section("<Cells>", Some("connectivity"))?)?;
    let regions = file.whole("regions", file.section("<CellData", Some(&recipe.regions))?)?;
    let surfaces = match &recipe.surfaces {
        Some(surfaces) => file.whole("surfaces", file.section("<CellData", Some(surfaces))?)?,
        None => vec![0; types.len()],
    };
    let wrong = |field, reason: String| fault(name, field, reason, "write the mesh anew");
    if points.len() % 3 != 0 || points.iter().any(|c| !c.is_finite() || c.abs() > 1e5) {
        return Err(wrong("Points", "are no positions in mm".to_owned()));
    }
    let count = types.len();
    if [offsets.len(), regions.len(), surfaces.len()] != [count; 3] {
        return Err(wrong("Cells", "have arrays of different lengths".to_owned()));
    }
    let points: Vec<[f64; 3]> = points.chunks_exact(3).map(|p| [p[0], p[1], p[2]]).collect();
    let mut mesh = Mesh { points, ..Mesh::default() };
    let mut from = 0;
    for cell in 0..count {
        let to = usize::try_from(offsets[cell]).unwrap_or(usize::MAX);
        let own = corners
            .get(from..to)
            .filter(|own| own.iter().all(|c| (0..mesh.points.len() as i64).contains(c)))
            .ok_or_else(|| wrong("connectivity", format!("cell {cell} names no point")))?;
        from = to;
        let corner = |i: usize| own[i] as u32;
        match (types[cell] as u8, own.len()) {
            (TETRAHEDRON, 4) => {
                let region = u16::try_from(regions[cell]).map_err(|_| {
                    wrong("regions", format!("{} is no label of 0 to 65535", regions[cell]))
                })?;
                mesh.tetrahedra.push(([0, 1, 2, 3].map(corner), region));
            }
            (TRIANGLE, 3) => {
                let surface = u32::try_from(surfaces[cell]).unwrap_or(u32::MAX);
                mesh.triangles.push(([0, 1, 2].map(corner), surface));
            }
            _ => {}
        }
    }
    if mesh.tetrahedra.is_empty() {
        return Err(wrong("types", "name no tetrahedron".to_owned()));
    }
    Ok(mesh)
}

/// Value of an attribute in a tag.
fn attribute<'t>(tag: &'t str, name: &str) -> Option<&'t str> {
    let mut rest = tag;
    while let Some(at) = rest.find(name) {
        let whole = rest[..at].ends_with(char::is_whitespace);
        rest = &rest[at + name.len()..];
        if let (true, Some(value)) = (whole, rest.strip_prefix("=\"")) {
            return value.split('"').next();
        }
    }
    None
}

impl<'t> File<'t> {
    /// The array of this name (or the first) in a section.
    fn section(&self, opening: &str, name: Option<&str>) -> Result<Array<'t>> {
        let missing = || {
            let reason = format!("has no array {} in {opening}", name.unwrap_or_default());
            fault(self.name, "DataArray", reason, "name an array that the file has")
        };
        let start = self.text.find(opening).ok_or_else(missing)?;
        let closing = format!("</{}", opening.trim_matches(['<', '>']));
        let section = &self.text[start..];
        let mut rest = &section[..section.find(&closing).unwrap_or(section.len())];
        while let Some(at) = rest.find("<DataArray") {
            rest = &rest[at..];
            let Some(end) = rest.find('>') else { break };
            let (tag, after) = rest.split_at(end);
            let until = after.find("</DataArray").unwrap_or(after.len());
            if name.is_none_or(|name| attribute(tag, "Name") == Some(name)) {
                // Notes on the array stand in tags of their own behind or before the data.
                let text = after[1..until].split('<').next().unwrap_or_default();
                return Ok(Array { tag, text: text.trim() });
            }
            rest = &after[until..];
        }
        Err(missing())
    }

    /// The bytes of an array.
    fn bytes(&self, array: Array) -> Result<Vec<u8>> {
        let damaged = |reason: &str| {
            let field = attribute(array.tag, "Name").unwrap_or_default();
            let reason = format!("{field}: {reason}");
            fault(self.name, "DataArray", reason, "save the file again, arrays binary and inline")
        };
        if attribute(array.tag, "format") != Some("binary") {
            return Err(damaged("is not binary between its tags"));
        }
        let number = |bytes: &[u8], i: usize| -> Option<usize> {
            let part = bytes.get(i * self.head..(i + 1) * self.head)?;
            part.iter()
                .rev()
                .try_fold(0_usize, |n, b| n.checked_mul(256)?.checked_add(usize::from(*b)))
        };
        // Characters of base64 for so many bytes.
        let characters = |bytes: usize| bytes.div_ceil(3) * 4;
        let part = |from: usize, to: usize| array.text.get(from..to).and_then(decode);
        let cut = || damaged("ends early");
        if !self.is_compressed {
            let all = decode(array.text).ok_or_else(|| damaged("is no base64"))?;
            let length = number(&all, 0).ok_or_else(cut)?;
            return all
                .get(self.head..self.head.saturating_add(length))
                .map(<[u8]>::to_vec)
                .ok_or_else(cut);
        }
        let first =
            part(0, characters(self.head)).and_then(|head| number(&head, 0)).ok_or_else(cut)?;
        let head = first.checked_add(3).and_then(|n| n.checked_mul(self.head)).ok_or_else(cut)?;
        let data = characters(head);
        let sizes = part(0, data).ok_or_else(cut)?;
        let packed = array.text.get(data..).and_then(decode).ok_or_else(cut)?;
        let (mut out, mut at) = (Vec::new(), 0_usize);
        for block in 0..first {
            let size = number(&sizes, 3 + block).ok_or_else(cut)?;
            let end = at.checked_add(size).ok_or_else(cut)?;
            let block = packed.get(at..end).ok_or_else(cut)?;
            at = end;
            let room = (MAX_ARRAY - out.len()) as u64;
            let read = ZlibDecoder::new(block).take(room + 1).read_to_end(&mut out);
            read.map_err(|e| damaged(&e.to_string()))?;
            if out.len() > MAX_ARRAY {
                return Err(damaged("is larger than any mesh of a patient"));
            }
        }
        Ok(out)
    }

    fn numbers(&self, array: Array) -> Result<Vec<f64>> {
        let bytes = self.bytes(array)?;
        let kind = attribute(array.tag, "type").unwrap_or_default();
        fn all<const N: usize>(bytes: &[u8], of: impl Fn([u8; N]) -> f64) -> Vec<f64> {
            bytes.as_chunks::<N>().0.iter().map(|chunk| of(*chunk)).collect()
        }
        Ok(match kind {
            "Float64" => all(&bytes, f64::from_le_bytes),
            "Float32" => all(&bytes, |b| f32::from_le_bytes(b).into()),
            "Int64" => all(&bytes, |b| i64::from_le_bytes(b) as f64),
            "Int32" => all(&bytes, |b| i32::from_le_bytes(b).into()),
            "UInt8" => all(&bytes, |[b]: [u8; 1]| b.into()),
            other => {
                let reason = format!("numbers of type `{other}`");
                let remedy = "write Float64, Float32, Int64, Int32 or UInt8";
                return Err(fault(self.name, "DataArray", reason, remedy));
            }
        })
    }

    fn whole(&self, field: &'static str, array: Array) -> Result<Vec<i64>> {
        // A cell of another shape may have no number.
        let known = |n: f64| if n.is_nan() { 0.0 } else { n };
        let numbers: Vec<f64> = self.numbers(array)?.into_iter().map(known).collect();
        match numbers.iter().find(|n| n.fract() != 0.0 || n.abs() > 1e15) {
            None => Ok(numbers.into_iter().map(|n| n as i64).collect()),
            Some(n) => {
                let remedy = "name an array of whole numbers";
                Err(fault(self.name, field, format!("{n} is no whole number"), remedy))
            }
        }
    }
}

/// Base64 [RFC 4648]; none for what is none.
fn decode(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0_u32, 0);
    for byte in text.trim_end_matches('=').bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn encode(bytes: &[u8]) -> String {
        const LETTERS: &[u8; 64] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut text = String::new();
        for chunk in bytes.chunks(3) {
            let all =
                chunk.iter().fold(0_u32, |n, b| n << 8 | u32::from(*b)) << (8 * (3 - chunk.len()));
            for i in 0..4 {
                let letter = LETTERS[(all >> (18 - 6 * i) & 63) as usize];
                text.push(if i <= chunk.len() { letter as char } else { '=' });
            }
        }
        text
    }

    fn array(name: &str, kind: &str, bytes: &[u8], compress: bool) -> String {
        let text = if compress {
            let mut out = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
            out.write_all(bytes).unwrap();
            let packed = out.finish().unwrap();
            let head = [1, bytes.len() as u32, 0, packed.len() as u32];
            let head: Vec<u8> = head.iter().flat_map(|n| n.to_le_bytes()).collect();
            encode(&head) + &encode(&packed)
        } else {
            let mut all = (bytes.len() as u32).to_le_bytes().to_vec();
            all.extend(bytes);
            encode(&all)
        };
        format!(
            "<DataArray type=\"{kind}\" Name=\"{name}\" format=\"binary\">\n{text}\n</DataArray>"
        )
    }

    /// One tetrahedron of region 4 and one triangle of surface 9.
    fn file(compress: bool) -> String {
        let points = [[0.0_f64; 3], [10.0, 0.0, 0.0], [0.0, 10.0, 0.0], [0.0, 0.0, 10.0]];
        let bytes = |n: &[f64]| n.iter().flat_map(|n| n.to_le_bytes()).collect::<Vec<u8>>();
        let whole = |n: &[i64]| n.iter().flat_map(|n| n.to_le_bytes()).collect::<Vec<u8>>();
        let compressor = if compress { " compressor=\"vtkZLibDataCompressor\"" } else { "" };
        format!(
            "<?xml version=\"1.0\"?><VTKFile type=\"UnstructuredGrid\" byte_order=\"LittleEndian\"{compressor}>\
             <CellData Scalars=\"r\">{}{}</CellData><Points>{}</Points><Cells>{}{}{}</Cells></VTKFile>",
            array("r", "Int64", &whole(&[4, 0]), compress),
            array("s", "Float64", &bytes(&[0.0, 9.0]), compress),
            array("Points", "Float64", &bytes(points.as_flattened()), compress),
            array("connectivity", "Int64", &whole(&[0, 1, 2, 3, 0, 2, 1]), compress),
            array("offsets", "Int64", &whole(&[4, 7]), compress),
            array("types", "UInt8", &[TETRAHEDRON, TRIANGLE], compress),
        )
    }

    fn recipe() -> MeshRecipe {
        let (regions, surfaces) = ("r".to_owned(), Some("s".to_owned()));
        MeshRecipe { regions, spacing: 1.0, surfaces, cavities: Vec::new() }
    }

    #[test]
    fn a_mesh_is_read_with_and_without_compression() {
        for compress in [false, true] {
            let mesh = read("a.vtu", file(compress).as_bytes(), &recipe()).unwrap();
            assert_eq!(mesh.tetrahedra, [([0, 1, 2, 3], 4)]);
            assert_eq!(mesh.triangles, [([0, 2, 1], 9)]);
            assert_eq!(mesh.points[3], [0.0, 0.0, 10.0]);
        }
    }

    #[test]
    fn what_is_no_mesh_is_refused_with_a_remedy() {
        let refused =
            |text: String| read("a.vtu", text.as_bytes(), &recipe()).unwrap_err().to_string();
        assert!(refused(String::new()).contains("no VTK XML"));
        assert!(refused(file(true).replace("vtkZLib", "vtkLZ4")).contains("zlib"));
        assert!(refused(file(false).replace("Name=\"r\"", "Name=\"q\"")).contains("no array r"));
        assert!(refused(file(false).replace("Int64", "Int16")).contains("Int16"));
    }

    #[test]
    fn damaged_files_never_panic() {
        for compress in [false, true] {
            let whole = file(compress);
            for cut in 0..whole.len() {
                let _ = read("a.vtu", &whole.as_bytes()[..cut], &recipe());
                let mut bytes = whole.clone().into_bytes();
                bytes[cut] ^= 5;
                let _ = read("a.vtu", &bytes, &recipe());
            }
        }
    }
}
