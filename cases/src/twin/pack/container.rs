//! The file: a versioned header, a hash of all that follows, and compressed sections.
//!
//! ```text
//! magic "SECTIOTW" | version u16 | flags u16 | section count u32 | SHA-256 of the rest
//! per section: tag [u8; 4] | bytes inflated u32 | bytes stored u32
//! the sections' gzip streams, in the same order
//! ```
//! All numbers are little-endian. Flags are 0 until a meaning is given to one.

use std::io::{Read, Write};

use flate2::{Compression, GzBuilder, read::GzDecoder};
use sha2::{Digest, Sha256};

use super::{Manifest, Pack, Volume, error::PackError, mesh, scene, stream::Reader};

/// Version of the format that this program writes and reads.
pub const FORMAT_VERSION: u16 = 6;

const MAGIC: &[u8; 8] = b"SECTIOTW";
const HEADER: usize = 8 + 2 + 2 + 4 + 32;
/// Bytes that one section may inflate to.
const MAX_SECTION: u32 = 64 << 20;
const MANIFEST: &[u8; 4] = b"MANI";
const SURFACES: &[u8; 4] = b"SURF";
const SCENE: &[u8; 4] = b"SCEN";
const LABELS: &[u8; 4] = b"LABL";
const IMAGE: &[u8; 4] = b"IMAG";

/// Write a pack. The same pack gives the same bytes.
///
/// Surfaces come back with vertices and triangles in the order of the pack; `build` leaves them in it.
///
/// # Errors
/// A surface that is not oriented, or a scene that does not hold together.
pub fn encode(pack: &Pack) -> Result<Vec<u8>, PackError> {
    let manifest = serde_json::to_vec(&pack.manifest)
        .map_err(|_| PackError::Content { section: "manifest", reason: "cannot be written" })?;
    let mut sections = vec![
        (MANIFEST, manifest),
        (SURFACES, mesh::encode(&pack.surfaces)?),
        (SCENE, scene::encode(&pack.scene)?),
        (LABELS, encode_volume(&pack.labels, false)?),
    ];
    if let Some(image) = &pack.image {
        sections.push((IMAGE, encode_volume(image, true)?));
    }
    let (mut table, mut data) = (Vec::new(), Vec::new());
    for (tag, raw) in &sections {
        let too_long = PackError::Length("content");
        let raw_len =
            u32::try_from(raw.len()).ok().filter(|&l| l <= MAX_SECTION).ok_or(too_long)?;
        let start = data.len();
        // No name and no time in the gzip header: the same content gives the same bytes.
        let mut encoder = GzBuilder::new().mtime(0).write(&mut data, Compression::best());
        let written = encoder.write_all(raw).and_then(|()| encoder.finish().map(|_| ()));
        written.map_err(|_| PackError::Length("content"))?;
        table.extend_from_slice(*tag);
        table.extend(raw_len.to_le_bytes());
        table.extend(((data.len() - start) as u32).to_le_bytes());
    }
    table.extend(data);
    let mut out = MAGIC.to_vec();
    out.extend(FORMAT_VERSION.to_le_bytes());
    out.extend(0_u16.to_le_bytes());
    out.extend((sections.len() as u32).to_le_bytes());
    out.extend(Sha256::digest(&table));
    out.extend(table);
    Ok(out)
}

/// Does a file begin as a pack does?
pub fn is_pack(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

/// Read a pack. Never panics, and never allocates more than the sections' bound, whatever the bytes.
///
/// # Errors
/// Anything that is not what [`encode`] writes; see [`PackError`].
pub fn decode(bytes: &[u8]) -> Result<Pack, PackError> {
    let (header, body) = bytes.split_at_checked(HEADER).ok_or(PackError::Magic)?;
    let mut reader = Reader::new("header", header);
    if reader.take(8)? != MAGIC {
        return Err(PackError::Magic);
    }
    let version = reader.u16()?;
    if version != FORMAT_VERSION || reader.u16()? != 0 {
        return Err(PackError::Version { found: version, known: FORMAT_VERSION });
    }
    let section_count = reader.u32()?;
    if Sha256::digest(body).as_slice() != reader.take(32)? {
        return Err(PackError::Hash);
    }
    if section_count > 16 {
        return Err(PackError::Length("header"));
    }
    let mut reader = Reader::new("header", body);
    let mut table = Vec::new();
    for _ in 0..section_count {
        let tag: [u8; 4] = reader.array()?;
        let (raw, stored) = (reader.u32()?, reader.u32()?);
        if raw > MAX_SECTION {
            return Err(PackError::Length("content"));
        }
        table.push((tag, raw as usize, stored as usize));
    }
    let (mut manifest, mut surfaces, mut scene, mut labels, mut image) =
        (None, None, None, None, None);
    for (tag, raw_len, stored_len) in table {
        let raw = inflate(reader.take(stored_len)?, raw_len)?;
        match &tag {
            MANIFEST => manifest = Some(decode_manifest(&raw)?),
            SURFACES => surfaces = Some(mesh::decode(&raw)?),
            SCENE => scene = Some(scene::decode(&raw)?),
            LABELS => labels = Some(decode_volume(&raw, false)?),
            IMAGE => image = Some(decode_volume(&raw, true)?),
            // A section from a later time that this program can do without.
            _ => {}
        }
    }
    reader.finish()?;
    let pack = Pack {
        manifest: manifest.ok_or(PackError::Missing("manifest"))?,
        surfaces: surfaces.ok_or(PackError::Missing("surfaces"))?,
        scene: scene.ok_or(PackError::Missing("scene"))?,
        labels: labels.ok_or(PackError::Missing("labels"))?,
        image,
    };
    check(&pack)?;
    Ok(pack)
}

/// What one section says about another must hold.
fn check(pack: &Pack) -> Result<(), PackError> {
    let unsound = |section, reason| Err(PackError::Content { section, reason });
    let structures = &pack.manifest.structures;
    if pack.surfaces.iter().any(|s| usize::from(s.structure) >= structures.len()) {
        return unsound("surfaces", "has a surface of no structure");
    }
    let bodies = pack.manifest.bodies.len();
    if structures.iter().filter_map(|s| s.body).any(|b| usize::from(b) >= bodies) {
        return unsound("manifest", "has a structure of no body");
    }
    if pack.scene.lattice.cells.iter().any(|c| usize::from(c.body) >= bodies) {
        return unsound("scene", "has a cell of no body");
    }
    if pack.manifest.scan_end.iter().any(|e| e.axis > 2) {
        return unsound("manifest", "has a scan that ends along no axis");
    }
    if pack.manifest.image_window.is_some() != pack.image.is_some() {
        return unsound(
            "manifest",
            "has a grey-value window without an image, or an image without one",
        );
    }
    Ok(())
}

fn inflate(stored: &[u8], raw_len: usize) -> Result<Vec<u8>, PackError> {
    // A gzip byte inflates to at most about 1032: no more is reserved than can come.
    let mut raw = Vec::with_capacity(raw_len.min(stored.len().saturating_mul(1032)));
    GzDecoder::new(stored)
        .take(raw_len as u64 + 1)
        .read_to_end(&mut raw)
        .map_err(|_| PackError::Length("content"))?;
    if raw.len() != raw_len {
        return Err(PackError::Length("content"));
    }
    Ok(raw)
}

fn decode_manifest(raw: &[u8]) -> Result<Manifest, PackError> {
    serde_json::from_slice(raw)
        .map_err(|_| PackError::Content { section: "manifest", reason: "is not understood" })
}

/// Write a volume; `difference` stores each voxel less the one before, which helps a scan but not labels.
fn encode_volume(volume: &Volume, difference: bool) -> Result<Vec<u8>, PackError> {
    let voxels: u64 = volume.dims.iter().map(|&d| u64::from(d)).product();
    if voxels != volume.voxels.len() as u64 {
        return Err(PackError::Content {
            section: "volume",
            reason: "has another size than its number of voxels",
        });
    }
    let mut out = Vec::with_capacity(36 + volume.voxels.len());
    for d in volume.dims {
        out.extend(d.to_le_bytes());
    }
    for v in volume.origin.into_iter().chain(volume.spacing) {
        out.extend(v.to_le_bytes());
    }
    if difference {
        let mut before = 0_u8;
        out.extend(
            volume.voxels.iter().map(|&v| v.wrapping_sub(std::mem::replace(&mut before, v))),
        );
    } else {
        out.extend_from_slice(&volume.voxels);
    }
    Ok(out)
}

fn decode_volume(raw: &[u8], difference: bool) -> Result<Volume, PackError> {
    let mut reader = Reader::new("volume", raw);
    let dims = [reader.u32()?, reader.u32()?, reader.u32()?];
    let origin = [reader.f32()?, reader.f32()?, reader.f32()?];
    let spacing = [reader.f32()?, reader.f32()?, reader.f32()?];
    if spacing.iter().any(|s| *s <= 0.0) {
        return Err(reader.error("has voxels without size"));
    }
    let len = dims
        .iter()
        .try_fold(1_usize, |n, &d| n.checked_mul(d as usize).filter(|&n| n <= MAX_SECTION as usize))
        .ok_or_else(|| reader.error("is too large"))?;
    let mut voxels = reader.take(len)?.to_vec();
    reader.finish()?;
    if difference {
        let mut before = 0_u8;
        for v in &mut voxels {
            *v = v.wrapping_add(before);
            before = *v;
        }
    }
    Ok(Volume { dims, origin, spacing, voxels })
}
