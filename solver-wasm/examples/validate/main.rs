//! The solver against theory and published benchmarks: one JSON list of rows on standard output, progress on standard error.
//!
//! `cargo run --release -p solver-wasm --example validate -- [--quick] [--resolution fine|realtime] [--only PART] [--list]`
//!
//! Every body is sampled into a lattice along its axes and into one at an angle. Real-time rows are meant for the f32
//! build, which plays, and fine rows for the f64 build (`--features f64`); each is the default of its build.

mod bars;
mod blade;
mod cook;
mod dynamics;
mod ellipsoids;
mod invariants;
mod patch;
mod row;
mod specimen;
mod spheres;

use std::{error::Error, process::ExitCode, time::Instant};

use solver_wasm::real::Real;

use row::{Case, Orientation, Resolution, Row};

/// Rows that come from one set of experiments.
struct Family {
    name: &'static str,
    /// Cheap enough at real-time resolution to be run with every test.
    quick: bool,
    orientations: &'static [Orientation],
    rows: fn(Case) -> Vec<Row>,
}

const BOTH: &[Orientation] = &[Orientation::Aligned, Orientation::Angled];
const ALIGNED: &[Orientation] = &[Orientation::Aligned];

const FAMILIES: [Family; 16] = [
    Family { name: "patch-test", quick: true, orientations: ALIGNED, rows: invariants::patch_test },
    Family { name: "rotation", quick: true, orientations: BOTH, rows: invariants::rotation },
    Family { name: "refinement", quick: true, orientations: ALIGNED, rows: invariants::refinement },
    Family { name: "free-body", quick: true, orientations: ALIGNED, rows: dynamics::free_body },
    Family { name: "frequency", quick: true, orientations: BOTH, rows: dynamics::frequency },
    Family { name: "uniaxial", quick: true, orientations: BOTH, rows: bars::uniaxial },
    Family { name: "elastica-tip", quick: true, orientations: BOTH, rows: bars::tip_load },
    Family { name: "elastica-weight", quick: true, orientations: BOTH, rows: bars::own_weight },
    Family { name: "cook-linear", quick: true, orientations: BOTH, rows: cook::linear },
    Family { name: "cook-neo-hookean", quick: false, orientations: BOTH, rows: cook::neo_hookean },
    Family { name: "lame-sphere", quick: true, orientations: BOTH, rows: spheres::lame },
    Family { name: "sphere-inflation", quick: false, orientations: BOTH, rows: spheres::inflation },
    Family { name: "land-1", quick: true, orientations: BOTH, rows: bars::land },
    Family { name: "land-2", quick: false, orientations: BOTH, rows: ellipsoids::inflation },
    Family { name: "land-3", quick: false, orientations: BOTH, rows: ellipsoids::contraction },
    Family { name: "liver-cutting-force", quick: true, orientations: BOTH, rows: blade::cutting },
];

/// What the command line asks for.
struct Options {
    quick: bool,
    resolution: Resolution,
    only: String,
}

fn options() -> Result<Options, String> {
    let single = size_of::<Real>() == 4;
    let resolution = if single { Resolution::Realtime } else { Resolution::Fine };
    let mut options = Options { quick: false, resolution, only: String::new() };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match (argument.as_str(), argument.as_str() != "--quick") {
            ("--quick", _) => options.quick = true,
            ("--only", true) => options.only = arguments.next().unwrap_or_default(),
            ("--resolution", true) => {
                options.resolution = match arguments.next().as_deref() {
                    Some("fine") => Resolution::Fine,
                    Some("realtime") => Resolution::Realtime,
                    other => return Err(format!("--resolution {other:?}: fine or realtime")),
                }
            }
            _ => return Err(format!("{argument}: unknown; --quick, --resolution, --only")),
        }
    }
    Ok(options)
}

fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    let mut rows = Vec::new();
    for family in &FAMILIES {
        if options.quick && !family.quick || !family.name.contains(&options.only) {
            continue;
        }
        for orientation in family.orientations {
            eprintln!("{} {orientation:?} {:?}", family.name, options.resolution);
            let start = Instant::now();
            let case = Case { resolution: options.resolution, orientation: *orientation };
            let mut found = (family.rows)(case);
            let seconds = start.elapsed().as_secs_f64() / found.len().max(1) as f64;
            for row in &mut found {
                row.seconds = (seconds * 100.0).round() / 100.0;
                eprintln!(
                    "  {:4} {}: {:.6} against {:.5}, error {:.3e} %, {} s {}",
                    if row.pass { "pass" } else { "FAIL" },
                    row.id,
                    row.value.unwrap_or(f64::NAN),
                    row.reference,
                    row.error_percent.unwrap_or(f64::NAN),
                    row.seconds,
                    row.note
                );
            }
            rows.append(&mut found);
        }
    }
    println!("{}", serde_json::to_string(&rows)?);
    Ok(())
}

fn main() -> ExitCode {
    let outcome = options().map_err(Into::into).and_then(|options| run(&options));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
