//! The quality reports in docs/twins/, made from the packs as they are built now.

use std::{fs, process::Command};

use anyhow::{Context, Result};

use crate::{
    bundle, data,
    place::{Place, sha256},
    step::Steps,
};

/// Build every twin whose sources are here and write its report. A report whose twin was not built stays as it is.
pub fn run(place: &Place) -> Result<()> {
    let mut steps = Steps::new(3, place.cache.join("logs"))?;
    steps.step("organ data", |running| data::ensure(place, running))?;
    let mut twins = Vec::new();
    steps.step("twins", |running| {
        twins = bundle::twins(place, running)?;
        Ok(twins.iter().map(|twin| twin.id.as_str()).collect::<Vec<_>>().join(", "))
    })?;
    steps.step("reports", |running| {
        let program = bundle::server(place, running, None)?;
        let folder = place.root.join("docs/twins");
        fs::create_dir_all(&folder)?;
        let mut changed = 0;
        for twin in &twins {
            let file = folder.join(format!("{}.md", twin.id));
            let before = fs::read(&file).map(|bytes| sha256(&bytes)).ok();
            let mut inspect = Command::new(&program);
            inspect.args(["twin", "inspect"]).arg(&twin.pack).arg("--report").arg(&file);
            running.run(&mut inspect, "read the log, mend the case, run the same command again")?;
            let after = fs::read(&file).with_context(|| format!("reading {}", file.display()))?;
            changed += usize::from(before != Some(sha256(&after)));
        }
        Ok(format!("{} in docs/twins/, {changed} changed", twins.len()))
    })
}
