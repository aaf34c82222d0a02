//! Real organ data: packages are fetched by name, only the named members are taken out of them, and each must match its hash.

use std::{
    fs,
    io::{Cursor, Read},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};
use flate2::read::GzDecoder;
use serde::Deserialize;

use crate::{
    place::{Place, publish, sha256},
    step::Running,
    tools::{apt_install, on_path},
};

/// No member may unpack to more than this: an archive that grows beyond it is not the one we know.
const MEMBER_LIMIT: u64 = 256 << 20;

#[derive(Deserialize)]
struct Sources {
    package: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    kind: Kind,
    name: String,
    version: Option<String>,
    sha256: Option<String>,
    archive: Option<String>,
    /// What pip needs to learn the name of an old source distribution; it gets an environment of its own for that.
    #[serde(default)]
    needs: Vec<String>,
    /// The Python that a wheel is for, whichever runs here: its version and platform.
    target: Option<[String; 2]>,
    member: Vec<Member>,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    PythonSdist,
    PythonWheel,
    Debian,
}

#[derive(Deserialize)]
struct Member {
    path: String,
    file: String,
    sha256: String,
}

/// Fetch what is missing. A package that this machine cannot have is skipped with one line, and its cases with it.
pub fn ensure(place: &Place, running: &Running) -> Result<String> {
    let sources: Sources =
        toml::from_str(include_str!("../sources.toml")).context("xtask/sources.toml")?;
    let (mut present, mut skipped) = (0, Vec::new());
    for package in &sources.package {
        if package.member.iter().all(|member| is_there(place, member)) {
            present += 1;
            continue;
        }
        running.show(&format!("fetching {}", package.name));
        match fetch(place, running, package) {
            Ok(()) => present += 1,
            Err(error) => skipped.push(format!("{}: {error:#}", package.name)),
        }
    }
    for line in &skipped {
        eprintln!("\n    skipped, and the cases built from it too: {line}");
    }
    if present == 0 {
        bail!(
            "no organ data could be fetched, for the reasons above. Remedy: mend one of them and run the same command again"
        );
    }
    Ok(format!("{present} of {} sources", sources.package.len()))
}

fn is_there(place: &Place, member: &Member) -> bool {
    fs::read(place.data().join(&member.file)).is_ok_and(|bytes| sha256(&bytes) == member.sha256)
}

fn fetch(place: &Place, running: &Running, package: &Package) -> Result<()> {
    let staged = place.staging(&package.name)?;
    let outcome = fetch_through(&staged, place, running, package);
    // Whatever came of it, nothing half-fetched stays behind.
    fs::remove_dir_all(staged)?;
    outcome
}

fn fetch_through(staged: &Path, place: &Place, running: &Running, package: &Package) -> Result<()> {
    let members = &package.member;
    let unpacked = match package.kind {
        Kind::PythonSdist => unpack(&python_package(running, package, staged)?, members)?,
        Kind::PythonWheel => wheel(&python_package(running, package, staged)?, package)?,
        Kind::Debian => unpack(&debian_archive(running, package, staged)?, members)?,
    };
    for (member, bytes) in members.iter().zip(unpacked) {
        let file = staged.join(&member.file);
        fs::write(&file, bytes)?;
        publish(&file, &place.data().join(&member.file))?;
    }
    Ok(())
}

/// A source distribution or a wheel, fetched by pip without building or installing anything.
fn python_package(running: &Running, package: &Package, staged: &Path) -> Result<Vec<u8>> {
    let version =
        package.version.as_deref().context("sources.toml: a Python package needs a version")?;
    let (choice, ending) = match package.kind {
        Kind::PythonWheel => ("--only-binary", ".whl"),
        _ => ("--no-binary", ".tar.gz"),
    };
    let python = ["python3", "python"].into_iter().find(|name| on_path(name).is_some());
    let python = match python {
        Some(python)
            if Command::new(python)
                .args(["-m", "pip", "--version"])
                .output()
                .is_ok_and(|output| output.status.success()) =>
        {
            python
        }
        _ => {
            apt_install(running, &["python3", "python3-pip"])?;
            "python3"
        }
    };
    let mut pip = if package.needs.is_empty() {
        Command::new(python)
    } else {
        Command::new(environment(running, python, &package.needs, staged)?)
    };
    pip.args(["-m", "pip", "download", "--no-deps", choice, ":all:", "-d"])
        .arg(staged)
        .arg(format!("{}=={version}", package.name));
    if !package.needs.is_empty() {
        pip.arg("--no-build-isolation");
    }
    if let Some([version, platform]) = &package.target {
        pip.args(["--python-version", version, "--platform", platform]);
    }
    running.run(&mut pip, "run the same command again")?;
    let file: PathBuf = fs::read_dir(staged)?
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.to_string_lossy().ends_with(ending))
        .context("pip downloaded no archive")?;
    let bytes = fs::read(file)?;
    let found = sha256(&bytes);
    match &package.sha256 {
        Some(expected) if *expected != found => {
            bail!(
                "{} {version} has SHA-256 {found}, expected {expected}. Remedy: do not use it, report it",
                package.name
            )
        }
        _ => Ok(bytes),
    }
}

/// The Python of a virtual environment that holds these packages.
fn environment(
    running: &Running,
    python: &str,
    needs: &[String],
    staged: &Path,
) -> Result<PathBuf> {
    let home = staged.join("environment");
    let made = Command::new(python)
        .args(["-m", "venv"])
        .arg(&home)
        .output()
        .is_ok_and(|o| o.status.success());
    if !made {
        apt_install(running, &["python3-venv"])?;
        let mut venv = Command::new(python);
        venv.args(["-m", "venv", "--clear"]).arg(&home);
        running.run(&mut venv, "install Python's venv module and run the same command again")?;
    }
    let inside = home.join("bin/python");
    let mut pip = Command::new(&inside);
    pip.args(["-m", "pip", "install", "--quiet"]).args(needs);
    running.run(&mut pip, "run the same command again")?;
    Ok(inside)
}

/// The named archive inside a Debian package, which is fetched but not installed.
fn debian_archive(running: &Running, package: &Package, staged: &Path) -> Result<Vec<u8>> {
    if on_path("apt-get").is_none() || on_path("dpkg-deb").is_none() {
        bail!("this machine has no apt");
    }
    let download = |running: &Running| {
        let mut apt = Command::new("apt-get");
        apt.args(["download", &package.name]).current_dir(staged);
        running.run(&mut apt, "run `apt-get update` and the same command again")
    };
    let found = |staged: &Path| -> Option<PathBuf> {
        fs::read_dir(staged)
            .ok()?
            .flatten()
            .map(|entry| entry.path())
            .find(|path| path.extension().is_some_and(|ext| ext == "deb"))
    };
    // A bare machine has empty package lists; asking for nothing in particular fills them.
    if !Command::new("apt-cache")
        .args(["show", &package.name])
        .output()
        .is_ok_and(|output| output.status.success())
    {
        apt_install(running, &[])?;
    }
    download(running)?;
    let deb = found(staged).context("apt downloaded no package")?;
    let wanted =
        package.archive.as_deref().context("sources.toml: a debian package needs an archive")?;
    let mut child = Command::new("dpkg-deb")
        .arg("--fsys-tarfile")
        .arg(deb)
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start dpkg-deb")?;
    let stream = child.stdout.take().context("dpkg-deb has no output")?;
    let bytes = member(stream, &[wanted])?.pop().flatten();
    let _ = child.kill();
    let _ = child.wait();
    bytes.with_context(|| format!("{wanted} is not in the package {}", package.name))
}

/// The wanted members of a gzipped tar, in the order wanted, each checked against its hash.
fn unpack(archive: &[u8], members: &[Member]) -> Result<Vec<Vec<u8>>> {
    let paths: Vec<&str> = members.iter().map(|member| member.path.as_str()).collect();
    let found = member(GzDecoder::new(Cursor::new(archive)), &paths)?;
    found
        .into_iter()
        .zip(members)
        .map(|(bytes, member)| {
            let path = &member.path;
            member.checked(bytes.with_context(|| format!("{path} is not in the archive"))?)
        })
        .collect()
}

/// The wanted members of a wheel, or of the zip archive inside it that the package names.
fn wheel(bytes: &[u8], package: &Package) -> Result<Vec<Vec<u8>>> {
    match &package.archive {
        Some(path) => unzip(&entry(&mut open(bytes)?, path)?, &package.member),
        None => unzip(bytes, &package.member),
    }
}

type Zip<'a> = zip::ZipArchive<Cursor<&'a [u8]>>;

fn open(bytes: &[u8]) -> Result<Zip<'_>> {
    zip::ZipArchive::new(Cursor::new(bytes)).context("the wheel is damaged")
}

/// One entry of a zip archive.
fn entry(archive: &mut Zip, path: &str) -> Result<Vec<u8>> {
    let entry = archive.by_name(path).with_context(|| format!("{path} is not in the archive"))?;
    let mut bytes = Vec::new();
    // What the archive says of the size is not believed.
    entry.take(MEMBER_LIMIT + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MEMBER_LIMIT {
        bail!("{path} is larger than {MEMBER_LIMIT} bytes: refused");
    }
    Ok(bytes)
}

/// The wanted members of a zip archive, in the order wanted, each checked against its hash; nothing else is inflated.
fn unzip(archive: &[u8], members: &[Member]) -> Result<Vec<Vec<u8>>> {
    let mut archive = open(archive)?;
    members.iter().map(|member| member.checked(entry(&mut archive, &member.path)?)).collect()
}

impl Member {
    /// The bytes, if they are the member's.
    fn checked(&self, bytes: Vec<u8>) -> Result<Vec<u8>> {
        let (path, expected, found) = (&self.path, &self.sha256, sha256(&bytes));
        if found != *expected {
            bail!(
                "{path} has SHA-256 {found}, expected {expected}. Remedy: the package changed; do not use it, report it"
            );
        }
        Ok(bytes)
    }
}

/// Read regular files of a tar stream by exact path. Links, devices, other paths and oversized members are never unpacked.
fn member(stream: impl Read, paths: &[&str]) -> Result<Vec<Option<Vec<u8>>>> {
    let mut found: Vec<Option<Vec<u8>>> = vec![None; paths.len()];
    for entry in tar::Archive::new(stream).entries()? {
        let entry = entry.context("the archive is damaged")?;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let Some(index) = paths.iter().position(|wanted| *wanted == path) else { continue };
        if entry.size() > MEMBER_LIMIT {
            bail!("{path} claims {} bytes: refused", entry.size());
        }
        let mut bytes = Vec::new();
        entry.take(MEMBER_LIMIT).read_to_end(&mut bytes)?;
        found[index] = Some(bytes);
        if found.iter().all(Option::is_some) {
            break;
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_named_regular_files_leave_an_archive() {
        let mut builder = tar::Builder::new(Vec::new());
        let mut add = |path: &str, kind: tar::EntryType, bytes: &[u8]| {
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            header.set_entry_type(kind);
            header.set_mode(0o644);
            if kind == tar::EntryType::Symlink {
                header.set_link_name("/etc/passwd").unwrap();
            }
            builder.append_data(&mut header, path, bytes).unwrap();
        };
        add("a/wanted", tar::EntryType::Regular, b"yes");
        add("a/other", tar::EntryType::Regular, b"no");
        add("a/link", tar::EntryType::Symlink, b"");
        let archive = builder.into_inner().unwrap();
        let found = member(Cursor::new(&archive), &["a/wanted", "a/link", "a/missing"]).unwrap();
        assert_eq!(found, [Some(b"yes".to_vec()), None, None]);
    }

    #[test]
    fn a_wrong_hash_is_refused() {
        let mut builder = tar::Builder::new(flate2::write::GzEncoder::new(
            Vec::new(),
            flate2::Compression::fast(),
        ));
        let mut header = tar::Header::new_gnu();
        header.set_size(5);
        builder.append_data(&mut header, "a/organ", &b"liver"[..]).unwrap();
        let archive = builder.into_inner().unwrap().finish().unwrap();
        let wanted =
            |hash: String| Member { path: "a/organ".into(), file: "organ".into(), sha256: hash };
        assert_eq!(unpack(&archive, &[wanted(sha256(b"liver"))]).unwrap(), [b"liver"]);
        let error = unpack(&archive, &[wanted(sha256(b"lung"))]).unwrap_err().to_string();
        assert!(error.contains("a/organ has SHA-256") && error.contains("Remedy"), "{error}");
    }

    #[test]
    fn a_wheel_gives_its_member_and_no_other() {
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        let options = zip::write::SimpleFileOptions::default();
        for (path, bytes) in [("a/other", &b"no"[..]), ("a/organ", b"heart")] {
            writer.start_file(path, options).unwrap();
            std::io::Write::write_all(&mut writer, bytes).unwrap();
        }
        let archive = writer.finish().unwrap().into_inner();
        let wanted = |path: &str, hash: String| Member {
            path: path.into(),
            file: "organ".into(),
            sha256: hash,
        };
        let right = wanted("a/organ", sha256(b"heart"));
        assert_eq!(unzip(&archive, &[right]).unwrap(), [b"heart"]);
        let error = unzip(&archive, &[wanted("a/organ", sha256(b"liver"))]).unwrap_err();
        assert!(error.to_string().contains("Remedy"), "{error}");
        assert!(unzip(&archive, &[wanted("../organ", sha256(b"heart"))]).is_err());
        assert!(unzip(&archive[..40], &[wanted("a/organ", sha256(b"heart"))]).is_err());
    }

    #[test]
    fn sources_are_pinned() {
        let sources: Sources = toml::from_str(include_str!("../sources.toml")).unwrap();
        for package in &sources.package {
            assert!(!package.member.is_empty(), "{}", package.name);
            assert!(
                package.member.iter().all(|member| member.sha256.len() == 64),
                "{}",
                package.name
            );
        }
    }
}
