//! From sources to one program: twins, their pictures, the app, and the server that holds them all.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};

use crate::{
    data,
    place::{Place, digest, keep_newest, publish, sha256},
    step::{Running, Steps},
    toolchain::Toolchain,
    tools,
};

/// Number of steps that [`build`] takes.
pub const STEPS: usize = 9;

/// How many builds of one thing stay in the cache, so that going back and forth between branches is quick.
const KEPT: usize = 4;

/// What a build leaves behind.
pub struct Built {
    /// The `sectio` program with app and packs inside.
    pub sectio: PathBuf,
    /// The folder that went into it: app/, packs/, pictures/.
    pub bundle: PathBuf,
    /// How WebAssembly is compiled here.
    pub toolchain: Toolchain,
    /// Folders of the tools, for a PATH.
    pub paths: Vec<PathBuf>,
}

/// Everything from a bare machine to the finished program; each step is skipped when its inputs have not changed.
pub fn build(place: &Place, steps: &mut Steps) -> Result<Built> {
    let first_time = !place.cache.join("tools").is_dir();
    tools::ensure_space(&place.cache, if first_time { 8_000 } else { 1_000 })?;
    tools::ensure_space(&place.root, 200)?;

    let mut toolchain = Toolchain::Rustup;
    steps.step("Rust for WebAssembly", |running| {
        toolchain = Toolchain::ensure(place, running)?;
        Ok(toolchain.describe())
    })?;
    let mut paths = Vec::new();
    let bindgen = tools::wasm_bindgen_version(place)?;
    steps.step("wasm-bindgen", |running| {
        paths.push(tools::cargo_tool(place, running, "wasm-bindgen-cli", &bindgen, false)?);
        Ok(bindgen.clone())
    })?;
    steps.step("Trunk", |running| {
        paths.push(tools::cargo_tool(place, running, "trunk", tools::TRUNK, true)?);
        Ok(tools::TRUNK.into())
    })?;
    steps.step("wasm-opt", |running| {
        paths.push(tools::wasm_opt(place, running)?);
        Ok(format!("binaryen {}", tools::BINARYEN))
    })?;
    steps.step("organ data", |running| data::ensure(place, running))?;

    let mut packs = Vec::new();
    steps.step("twins", |running| {
        packs = twins(place, running)?;
        Ok(packs.iter().map(|pack| pack.id.as_str()).collect::<Vec<_>>().join(", "))
    })?;
    let mut app = PathBuf::new();
    steps.step("app", |running| {
        app = frontend(place, running, &toolchain, &paths)?;
        Ok(String::new())
    })?;
    let mut bundle = PathBuf::new();
    steps.step("bundle", |_| {
        bundle = assemble(place, &app, &packs)?;
        Ok(String::new())
    })?;
    let mut sectio = PathBuf::new();
    steps.step("server", |running| {
        sectio = server(place, running, Some(&bundle))?;
        Ok(format!("{:.1} MB", fs::metadata(&sectio)?.len() as f64 / 1e6))
    })?;
    Ok(Built { sectio, bundle, toolchain, paths })
}

/// A built twin.
pub struct Twin {
    /// Case that it belongs to.
    pub id: String,
    /// Its pack.
    pub pack: PathBuf,
    picture: PathBuf,
}

/// Build the pack and the picture of every case whose sources are here.
pub fn twins(place: &Place, running: &Running) -> Result<Vec<Twin>> {
    let code = digest(
        &place.root,
        &["cases/src", "cases/Cargo.toml", "solver-wasm/src", "Cargo.lock"],
        "",
    )?;
    let mut modules: Vec<PathBuf> = fs::read_dir(place.root.join("cases/modules"))?
        .flatten()
        .map(|entry| entry.path())
        .collect();
    modules.sort();
    let mut twins = Vec::new();
    let mut sectio = None;
    for module in modules.iter().filter(|module| module.join("case.toml").is_file()) {
        let id = module.file_name().context("a module has a name")?.to_string_lossy().into_owned();
        let missing = missing_sources(place, module)?;
        if !missing.is_empty() {
            eprintln!("\n    skipped {id}: {} not available on this machine", missing.join(", "));
            continue;
        }
        let key = digest(&place.root, &[&format!("cases/modules/{id}")], &code)?;
        let home = place.cache.join("twins").join(format!("{id}-{key}"));
        let twin = Twin {
            pack: home.join(format!("{id}.pack")),
            picture: home.join(format!("{id}.png")),
            id,
        };
        if !twin.pack.is_file() || !twin.picture.is_file() {
            let program = match &sectio {
                Some(program) => program,
                None => sectio.insert(server(place, running, None)?),
            };
            running.show(&format!("building {}", twin.id));
            let staged = place.staging(&twin.id)?;
            let pack = staged.join(format!("{}.pack", twin.id));
            let remedy = "read the log, mend the case, run the same command again";
            let mut build = Command::new(program);
            build
                .args(["twin", "build"])
                .arg(module)
                .arg("--source")
                .arg(place.data())
                .arg("-o")
                .arg(&pack);
            running.run(&mut build, remedy)?;
            let mut portrait = Command::new(program);
            portrait
                .args(["twin", "portrait"])
                .arg(&pack)
                .arg("-o")
                .arg(staged.join(format!("{}.png", twin.id)));
            running.run(&mut portrait, remedy)?;
            publish(&staged, &home)?;
            keep_newest(&place.cache.join("twins"), &format!("{}-", twin.id), KEPT)?;
        }
        twins.push(twin);
    }
    if twins.is_empty() {
        bail!("no twin could be built. Remedy: run the same command again with a network");
    }
    Ok(twins)
}

/// Source files that a module names and the data folder lacks.
fn missing_sources(place: &Place, module: &Path) -> Result<Vec<String>> {
    let file = module.join("case.toml");
    let text =
        fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let case: toml::Table = text.parse().with_context(|| format!("{}", file.display()))?;
    // A pad that its case makes has none.
    let sources = case.get("twin").and_then(|twin| twin.get("sources")?.as_array());
    Ok(sources
        .into_iter()
        .flatten()
        .filter_map(|source| source.get("file")?.as_str())
        .filter(|name| !place.data().join(name).is_file())
        .map(str::to_owned)
        .collect())
}

/// The app as Trunk builds it: hashed files ready to be served.
fn frontend(
    place: &Place,
    running: &Running,
    toolchain: &Toolchain,
    paths: &[PathBuf],
) -> Result<PathBuf> {
    let inputs = [
        "app",
        "api",
        "cases/src",
        "cases/modules",
        "cases/Cargo.toml",
        "solver-wasm",
        "style",
        "public",
        "Cargo.toml",
        "Cargo.lock",
        "Trunk.toml",
        ".cargo",
    ];
    let key = digest(&place.root, &inputs, &format!("{toolchain:?}"))?;
    let home = place.cache.join("apps").join(key);
    if home.join("index.html").is_file() {
        return Ok(home);
    }
    let staged = place.staging("app")?;
    let mut trunk = Command::new("trunk");
    toolchain.apply(&mut trunk, paths);
    // Trunk is found on the new PATH only when named by its full path.
    let program = paths
        .iter()
        .map(|dir| dir.join("trunk"))
        .find(|path| path.is_file())
        .context("Trunk is not installed")?;
    let mut command = Command::new(program);
    for (name, value) in trunk.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command
        .args(["build", "--release", "--cargo-profile", "web", "--offline", "--dist"])
        .arg(&staged)
        .env("CARGO_TARGET_DIR", place.target("web"))
        .env_remove("NO_COLOR")
        .current_dir(&place.root);
    running.run(&mut command, "read the log, mend the code, run the same command again")?;
    publish(&staged, &home)?;
    keep_newest(&place.cache.join("apps"), "", KEPT)?;
    Ok(home)
}

/// Put app, packs and pictures side by side, as the server embeds them.
fn assemble(place: &Place, app: &Path, twins: &[Twin]) -> Result<PathBuf> {
    let names: Vec<String> = std::iter::once(app)
        .chain(twins.iter().map(|twin| twin.pack.as_path()))
        .map(|path| path.display().to_string())
        .collect();
    let home = place.cache.join("bundles").join(&sha256(names.join("\n").as_bytes())[..16]);
    if home.is_dir() {
        return Ok(home);
    }
    let staged = place.staging("bundle")?;
    let mut files = Vec::new();
    crate::place::collect(app, &mut files)?;
    for file in files {
        let to = staged.join("app").join(file.strip_prefix(app)?);
        fs::create_dir_all(to.parent().context("a file lies in a folder")?)?;
        fs::copy(&file, to)?;
    }
    for dir in ["packs", "pictures"] {
        fs::create_dir_all(staged.join(dir))?;
    }
    for twin in twins {
        fs::copy(&twin.pack, staged.join("packs").join(format!("{}.pack", twin.id)))?;
        fs::copy(&twin.picture, staged.join("pictures").join(format!("{}.png", twin.id)))?;
    }
    publish(&staged, &home)?;
    keep_newest(&place.cache.join("bundles"), "", KEPT)?;
    Ok(home)
}

/// The `sectio` program; without a bundle it only builds and inspects twins.
pub fn server(place: &Place, running: &Running, bundle: Option<&Path>) -> Result<PathBuf> {
    let target = place.target("native");
    let mut cargo = Command::new("cargo");
    cargo
        .args(["build", "--release", "--package", "server", "--bin", "sectio"])
        .env("CARGO_TARGET_DIR", &target)
        .env_remove("SECTIO_BUNDLE")
        .current_dir(&place.root);
    if let Some(bundle) = bundle {
        cargo.env("SECTIO_BUNDLE", bundle);
    }
    running.run(&mut cargo, "read the log, mend the code, run the same command again")?;
    let built = target.join("release/sectio");
    // The next build (with or without a bundle) replaces cargo's copy; a server that runs must keep its own.
    let name = if bundle.is_some() { "sectio" } else { "sectio-bare" };
    let kept = place.cache.join("bin").join(name);
    fs::create_dir_all(place.cache.join("bin"))?;
    let staged = kept.with_extension("new");
    fs::copy(built, &staged)?;
    fs::rename(staged, &kept)?;
    Ok(kept)
}
