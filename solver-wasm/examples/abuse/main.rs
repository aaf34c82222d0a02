//! Abuse of the solver: random scenes in random hands, a number of steps of it, and a report of what had to be contained.
//!
//! `cargo run --release -p solver-wasm --example abuse -- [--steps N] [--seed N] [FILE…]`
//!
//! Every choice is read from bytes (`bytes.rs`), so a file is a case: a fuzzer's, or one that failed here. Without files the
//! bytes come from seeds, counted up until the steps are taken. What does not hold is named with its seed, and its bytes are
//! written beside; the exit status says whether anything did not.

use std::{error::Error, fs, panic, time::Instant};

mod allocations;
mod bytes;
mod scene;
mod script;

use allocations::allocations;
use script::{Tally, play};

/// Bytes of a case.
const BYTES: usize = 6000;

/// Play a case; what did not hold.
fn case(bytes: &[u8], limit: u64, tally: &mut Tally) -> Result<(), String> {
    let mut played = *tally;
    let outcome = panic::catch_unwind(panic::AssertUnwindSafe(|| {
        play(bytes, limit, allocations, &mut played)
    }));
    *tally = played;
    outcome.unwrap_or_else(|_| Err("panic".into()))
}

fn main() -> Result<(), Box<dyn Error>> {
    let (mut steps, mut seed, mut files) = (100_000, 0, Vec::new());
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--steps" => steps = arguments.next().ok_or("--steps needs a number")?.parse()?,
            "--seed" => seed = arguments.next().ok_or("--seed needs a number")?.parse()?,
            _ => files.push(argument),
        }
    }
    let start = Instant::now();
    let (mut tally, mut failures) = (Tally::default(), 0);
    for file in &files {
        if let Err(problem) = case(&fs::read(file)?, steps, &mut tally) {
            failures += 1;
            println!("{file}: {problem}");
        }
    }
    while files.is_empty() && tally.steps < steps {
        let bytes = bytes::from_seed(seed, BYTES);
        if let Err(problem) = case(&bytes, steps - tally.steps, &mut tally) {
            failures += 1;
            let file = std::env::temp_dir().join(format!("abuse-{seed}.bytes"));
            fs::write(&file, &bytes)?;
            println!("seed {seed}, kept as {}: {problem}", file.display());
        }
        seed += 1;
    }
    println!("{tally}\n{:.0} s", start.elapsed().as_secs_f64());
    if failures > 0 {
        return Err(format!("{failures} cases did not hold").into());
    }
    Ok(())
}
