//! Build a twin from its description and its sources: `build_twin CASE.TOML FOLDER PACK`.

use std::{fs, path::Path, time::Instant};

use cases::{Error, case::Case, twin};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [recipe, folder, out] = arguments.as_slice() else {
        return Err("usage: build_twin CASE.TOML FOLDER PACK".into());
    };
    let case = Case::parse(recipe, &fs::read_to_string(recipe)?)?;
    let start = Instant::now();
    let read = |file: &str| {
        fs::read(Path::new(folder).join(file)).map_err(|e| Error::Source {
            file: file.to_owned(),
            reason: e.to_string(),
            remedy: "put it into the folder",
        })
    };
    let pack = twin::build(&case, &read, &mut |stage, part| {
        eprintln!(
            "{:6.2} s  {} {:.0} %",
            start.elapsed().as_secs_f32(),
            stage.name(),
            part * 100.0
        );
    })?;
    let bytes = twin::pack::encode(&pack)?;
    eprintln!("{:6.2} s  {} bytes", start.elapsed().as_secs_f32(), bytes.len());
    let decoding = Instant::now();
    let decoded = twin::pack::decode(&bytes)?;
    eprintln!(
        "decoded in {:.0} ms, same: {}",
        decoding.elapsed().as_secs_f32() * 1e3,
        decoded == pack
    );
    fs::write(out, &bytes)?;
    println!("{}", serde_json::to_string_pretty(&twin::inspect::inspect(&decoded, bytes.len()))?);
    Ok(())
}
