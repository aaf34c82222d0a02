//! Where things are: the checkout, and the cache outside of it.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

/// The checkout and its cache.
#[derive(Clone, Debug)]
pub struct Place {
    /// Root of the checkout.
    pub root: PathBuf,
    /// Tools, data, twins and build products, shared by every checkout of this user.
    pub cache: PathBuf,
}

impl Place {
    /// The checkout this program was built from; the cache is `$SECTIO_CACHE`, or `sectio` in the user's cache folder.
    pub fn find() -> Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .expect("xtask lies in a workspace")
            .to_owned();
        let cache = env::var_os("SECTIO_CACHE")
            .map(PathBuf::from)
            .or_else(|| env::var_os("XDG_CACHE_HOME").map(|dir| PathBuf::from(dir).join("sectio")))
            .or_else(|| env::var_os("HOME").map(|dir| PathBuf::from(dir).join(".cache/sectio")))
            .context("no cache folder: HOME is not set. Remedy: set SECTIO_CACHE to a folder with 8 GB free")?;
        fs::create_dir_all(&cache).with_context(|| {
            format!(
                "cannot create {}. Remedy: set SECTIO_CACHE to a folder you may write",
                cache.display()
            )
        })?;
        Ok(Self { root, cache })
    }

    /// Folder of a tool at one version.
    pub fn tool(&self, name: &str, version: &str) -> PathBuf {
        self.cache.join("tools").join(format!("{name}-{version}"))
    }

    /// Source files for twins.
    pub fn data(&self) -> PathBuf {
        self.cache.join("data")
    }

    /// Cargo's target folder for a kind of build ("native", "web").
    pub fn target(&self, kind: &str) -> PathBuf {
        self.cache.join("target").join(kind)
    }

    /// A fresh empty folder beside the final place of something, to be renamed into it when complete.
    pub fn staging(&self, name: &str) -> Result<PathBuf> {
        let dir = self.cache.join("staging").join(format!("{name}-{}", std::process::id()));
        if dir.exists() {
            fs::remove_dir_all(&dir)?;
        }
        fs::create_dir_all(&dir)?;
        Ok(dir)
    }
}

/// Replace `target` by the complete `staged` file or folder.
pub fn publish(staged: &Path, target: &Path) -> Result<()> {
    if let Some(parent) = target.parent() {
        fs::create_dir_all(parent)?;
    }
    if target.is_dir() {
        fs::remove_dir_all(target)?;
    }
    fs::rename(staged, target)
        .with_context(|| format!("cannot move {} to {}", staged.display(), target.display()))
}

/// Remove all but the `count` newest entries of `dir` whose name starts with `prefix`: products of older sources.
pub fn keep_newest(dir: &Path, prefix: &str, count: usize) -> Result<()> {
    let mut entries: Vec<_> = fs::read_dir(dir)
        .with_context(|| format!("cannot list {}", dir.display()))?
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix))
        .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
        .collect();
    entries.sort();
    entries.reverse();
    for (_, path) in entries.into_iter().skip(count) {
        fs::remove_dir_all(path)?;
    }
    Ok(())
}

/// SHA-256 of some bytes, hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Key of a build product: a digest over every file below `paths` (relative to `root`) and over `extra`.
pub fn digest(root: &Path, paths: &[&str], extra: &str) -> Result<String> {
    let mut files = Vec::new();
    for path in paths {
        collect(&root.join(path), &mut files)?;
    }
    files.sort();
    let mut hash = Sha256::new();
    hash.update(extra.as_bytes());
    for file in files {
        let bytes = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        hash.update(file.strip_prefix(root).unwrap_or(&file).to_string_lossy().as_bytes());
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(&bytes);
    }
    Ok(hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect())
}

/// Every file below `path`, build products and dependencies left out.
pub fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    if path.is_file() {
        files.push(path.to_owned());
        return Ok(());
    }
    if !path.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(path).with_context(|| format!("cannot list {}", path.display()))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !matches!(name.as_str(), "target" | "node_modules" | "dist" | ".git") {
            collect(&path, files)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_newest_builds_of_one_thing_stay() {
        let dir = std::env::temp_dir().join(format!("sectio-place-{}", std::process::id()));
        for (age, name) in ["liver-1", "liver-2", "heart-1", "liver-3"].iter().enumerate() {
            fs::create_dir_all(dir.join(name)).unwrap();
            let time =
                std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(age as u64);
            fs::File::open(dir.join(name)).unwrap().set_modified(time).unwrap();
        }
        keep_newest(&dir, "liver-", 2).unwrap();
        let mut left: Vec<_> =
            fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["heart-1", "liver-2", "liver-3"]);
        fs::remove_dir_all(dir).unwrap();
    }
}
