//! Puts the bundle (app, packs, pictures) into the program: the folder that `SECTIO_BUNDLE` names while building.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

/// Files of `folder`, with their names relative to `root`, in a fixed order.
fn collect(root: &Path, folder: &Path, files: &mut Vec<(String, PathBuf)>) {
    println!("cargo::rerun-if-changed={}", folder.display());
    let entries = fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("SECTIO_BUNDLE {}: {error}", folder.display()));
    for entry in entries {
        let path = entry.expect("a readable folder entry").path();
        if path.is_dir() {
            collect(root, &path, files);
        } else {
            println!("cargo::rerun-if-changed={}", path.display());
            let name = path.strip_prefix(root).expect("inside the bundle");
            files.push((name.to_string_lossy().replace('\\', "/"), path));
        }
    }
    files.sort();
}

fn main() {
    println!("cargo::rerun-if-env-changed=SECTIO_BUNDLE");
    let mut files = Vec::new();
    if let Some(root) = env::var_os("SECTIO_BUNDLE").filter(|root| !root.is_empty()) {
        let root = fs::canonicalize(&root)
            .unwrap_or_else(|error| panic!("SECTIO_BUNDLE {}: {error}", root.display()));
        collect(&root, &root, &mut files);
    }
    let entries: String = files
        .iter()
        .map(|(name, path)| format!("    ({name:?}, include_bytes!({path:?})),\n"))
        .collect();
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR")).join("bundle.rs");
    fs::write(out, format!("&[\n{entries}]\n")).expect("OUT_DIR is writable");
}
