//! The files the server gives out: put into the program when it was built, or read from a folder.
//!
//! Layout: `app/` (the built application), `packs/<id>.pack`, `pictures/<id>.png` or `.webp`.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context, bail};
use axum::body::Bytes;

/// What `SECTIO_BUNDLE` named while building; empty without it.
static EMBEDDED: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/bundle.rs"));

/// Folders nested deeper than this are a mistake (or a loop of links).
const DEPTH_LIMIT: usize = 8;

/// Files by their name in the bundle: "app/index.html".
pub type Bundle = BTreeMap<String, Bytes>;

/// The bundle inside this program.
pub fn embedded() -> Bundle {
    EMBEDDED.iter().map(|&(name, bytes)| (name.to_owned(), Bytes::from_static(bytes))).collect()
}

/// The bundle in `folder`, read once: a file that changes later shows after a restart.
///
/// # Errors
/// The folder or one of its files cannot be read, or holds no `app/index.html`.
pub fn from_folder(folder: &Path) -> anyhow::Result<Bundle> {
    let mut bundle = Bundle::new();
    for part in ["app", "packs", "pictures"] {
        let part_folder = folder.join(part);
        if part_folder.is_dir() {
            read_folder(&part_folder, part, DEPTH_LIMIT, &mut bundle)?;
        }
    }
    if !bundle.contains_key("app/index.html") {
        bail!(
            "{}: no app/index.html inside; `cargo xtask serve` builds a bundle",
            folder.display()
        );
    }
    Ok(bundle)
}

fn read_folder(folder: &Path, name: &str, depth: usize, bundle: &mut Bundle) -> anyhow::Result<()> {
    if depth == 0 {
        bail!("{}: nested too deep for a bundle", folder.display());
    }
    let entries = fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))?;
    for entry in entries {
        let path = entry.with_context(|| format!("reading {}", folder.display()))?.path();
        let Some(file_name) = path.file_name().and_then(|name| name.to_str()) else {
            bail!("{}: the name is not UTF-8; rename the file", path.display());
        };
        let name = format!("{name}/{file_name}");
        if path.is_dir() {
            read_folder(&path, &name, depth - 1, bundle)?;
        } else {
            let bytes = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
            bundle.insert(name, bytes.into());
        }
    }
    Ok(())
}
