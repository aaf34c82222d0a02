//! Milliseconds a frame of play for balls of about 1,000 to 20,000 cells, as one line of JSON.
//!
//! `cargo run --release -p solver-wasm --example bench [-- --batches DIR | --cuts]`
//!
//! What is timed is what the worker does for each frame: carry out an encoded batch (move the forceps, one step) and write the
//! displacements. With `--batches` the same batches are written to a folder as `<cells>-<nu in %>-<order>.batch`, so that a
//! browser can be timed on the very same work. All balls are played in turn, three times over: what differs between the rounds
//! is the machine. Beside the times stands the work counted in `work.rs`, against the limits of one core of this machine.

use std::{collections::BTreeMap, error::Error, fs, path::PathBuf, sync::Arc, time::Instant};

use serde_json::{Value, json};
use solver_wasm::{
    lattice::{Embedding, Lattice},
    message::{Command, Report, decode_commands, encode_commands},
    model::Model,
    real::to_f32,
    scene::{Material, Scene, Support},
    simulation::Simulation,
    state::State,
};

mod cut;
mod work;

/// Frames of steady pulling that are timed.
const FRAMES: u8 = 90;
/// How far the forceps move in a frame [mm].
const PULL: f32 = 0.3;
/// Frames of as many iterations that make a figure.
const FEWEST: usize = 15;
/// Times each ball is played.
const ROUNDS: usize = 3;
/// Diameter [mm], cells across it, Poisson ratio. All but one are one body, as large as a spleen: more cells are a finer lattice
/// of it and not another body, which a wave would take longer to cross. The last is as large as a liver.
const BALLS: [(f32, f32, f32); 8] = [
    (104.0, 12.0, 0.45),
    (104.0, 15.0, 0.45),
    (104.0, 20.0, 0.45),
    (104.0, 26.0, 0.45),
    (104.0, 28.0, 0.45),
    (104.0, 33.0, 0.45),
    (104.0, 24.3, 0.49),
    (208.0, 30.0, 0.45),
];

/// 5 kPa, hung by supports on the rear third, gravity towards the back: an organ-like load. The bed is as stiff for a volume
/// whatever the cells.
fn scene(radius: f32, spacing: f32, poisson: f32) -> Scene {
    let lattice = Lattice::ball(radius, spacing);
    let supports = (0..lattice.cells.len() as u32)
        .map(|cell| Embedding { cell, local: [0.5; 3] })
        .filter(|p| lattice.rest_position(p)[1] > 0.6 * radius)
        .map(|point| Support { point, stiffness: [20.0 * (spacing / 8.0).powi(3); 3] })
        .collect();
    Scene {
        lattice,
        materials: vec![Material { damping: 0.02, ..Material::neo_hookean(5.0, poisson, 1.06e-6) }],
        supports,
        gravity: [0.0, 9810.0, 0.0],
        ..Scene::default()
    }
}

/// Where the forceps close, and where they are wanted in each frame.
struct Pull {
    point: Embedding,
    way: Vec<[f32; 3]>,
}

const JAWS: f32 = 10.0;

impl Pull {
    /// At the front of the ball as it has settled, at a steady pace: from where the ball was modelled, the first frames would
    /// tear it out of its sag.
    fn on(model: &Model, settled: &State, radius: f32) -> Result<Self, Box<dyn Error>> {
        let point = model.index().embed(0, [0.0, -radius, 0.0]).ok_or("the ball has a front")?;
        let [x, y, z] = to_f32(model.position(&settled.displacements, &point));
        let way = (1..=FRAMES).map(f32::from);
        let way = way.map(|n| [x, y - n * PULL, z + n * 0.5 * PULL]).collect();
        Ok(Self { point, way })
    }
}

/// Start afresh and close the forceps; then a batch a frame.
fn batches(pull: &Pull) -> Vec<Vec<Command>> {
    let grasp = Command::Grasp { tool: 0, point: pull.point, radius: JAWS };
    let mut batches = vec![vec![Command::Reset, grasp, Command::Step(1)]];
    batches.extend(
        pull.way
            .iter()
            .map(|position| vec![Command::Move { tool: 0, position: *position }, Command::Step(1)]),
    );
    batches
}

/// A loaded ball and what was measured on it.
struct Ball {
    simulation: Simulation,
    batches: Vec<Vec<u8>>,
    row: Value,
    /// Median and 95th percentile of each round [ms].
    rounds: Vec<[f64; 2]>,
    /// Times of all frames [ms] by their conjugate-gradient iterations. What frames of as many iterations take at best (the first
    /// tenth) tells how time grows with the cells, whatever their number does to the iterations and others to the machine.
    frames: BTreeMap<u32, Vec<f64>>,
}

impl Ball {
    fn load(diameter: f32, across: f32, poisson: f32) -> Result<Self, Box<dyn Error>> {
        let radius = diameter / 2.0;
        let scene = scene(radius, diameter / across, poisson);
        let load = encode_commands(&[Command::Load(Box::new(scene.clone()))])?;
        let mut simulation = Simulation::default();
        let start = Instant::now();
        let report = simulation.apply(decode_commands(&load)?);
        let settle_ms = start.elapsed().as_secs_f64() * 1e3;
        let Report::Ready { .. } = report else { return Err("the ball is refused".into()) };
        let settled = simulation.state().ok_or("nothing is loaded")?;
        let model = Arc::new(Model::new(&scene)?);
        let pull = Pull::on(&model, settled, radius)?;
        let mut played = vec![load];
        for batch in batches(&pull) {
            played.push(encode_commands(&batch)?);
        }
        let work = work::count(&model, settled.clone(), &pull)?;
        let row = json!({
            // What is solved for: slivers are no elements.
            "cells": work["elements"],
            "diameter_mm": diameter,
            "nu": (f64::from(poisson) * 100.0).round() / 100.0,
            "settle_ms": settle_ms,
            "work": work,
        });
        Ok(Self { simulation, batches: played, row, rounds: Vec::new(), frames: BTreeMap::new() })
    }

    fn play(&mut self) -> Result<(), Box<dyn Error>> {
        let mut displacements = vec![0.0; self.simulation.node_count() * 4];
        let mut times = Vec::new();
        for batch in &self.batches[1..] {
            let start = Instant::now();
            let report = self.simulation.apply(decode_commands(batch)?);
            self.simulation.write_displacements(&mut displacements);
            times.push(start.elapsed().as_secs_f64() * 1e3);
            match report {
                Report::Stepped(stepped) => {
                    self.row["contained"] = json!(stepped.contained);
                    let like = self.frames.entry(stepped.mechanics.cg).or_default();
                    like.extend(times.last());
                }
                Report::Ready { .. } => return Err("a scene came back".into()),
                Report::Refused { reason } => return Err(reason.into()),
            }
        }
        // The first batch starts afresh and closes the forceps.
        let times = sorted(times.split_off(1));
        self.rounds.push([times[times.len() / 2], times[times.len() * 95 / 100]]);
        Ok(())
    }

    /// The row with its times and its share of what the machine could do.
    fn report(self, limits: &work::Limits) -> Value {
        let of = |column: usize| sorted(self.rounds.iter().map(|round| round[column]).collect());
        let (medians, tails) = (of(0), of(1));
        let ms = medians[ROUNDS / 2];
        let mut row = self.row;
        row["ms_per_frame"] = json!(ms);
        row["ms_p95"] = json!(tails[ROUNDS / 2]);
        row["ms_rounds"] = json!(medians);
        let like = self.frames.into_iter().filter(|(_, times)| times.len() >= FEWEST);
        row["ms_by_iterations"] = like
            .map(|(cg, times)| {
                let (frames, times) = (times.len(), sorted(times));
                json!({ "cg": cg, "frames": frames, "ms": times[frames / 10] })
            })
            .collect();
        limits.compare(&mut row["work"], ms);
        row
    }
}

fn sorted(mut values: Vec<f64>) -> Vec<f64> {
    values.sort_by(f64::total_cmp);
    values
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let folder = match arguments.as_slice() {
        [] => None,
        [flag, folder] if flag == "--batches" => Some(PathBuf::from(folder)),
        [flag] if flag == "--cuts" => {
            println!("{}", cut::measure(None)?);
            return Ok(());
        }
        _ => return Err("usage: bench [--batches DIR | --cuts]".into()),
    };
    let limits = work::Limits::measured();
    let mut balls = Vec::new();
    for (diameter, across, poisson) in BALLS {
        balls.push(Ball::load(diameter, across, poisson)?);
    }
    for _ in 0..ROUNDS {
        for ball in &mut balls {
            ball.play()?;
        }
    }
    if let Some(folder) = &folder {
        fs::create_dir_all(folder)?;
        for Ball { batches, row, .. } in &balls {
            let percent = (row["nu"].as_f64().unwrap_or_default() * 100.0).round();
            for (order, batch) in batches.iter().enumerate() {
                fs::write(folder.join(format!("{}-{percent}-{order}.batch", row["cells"])), batch)?;
            }
        }
    }
    let cut = cut::measure(folder.as_deref())?;
    let rows: Vec<_> = balls.into_iter().map(|ball| ball.report(&limits)).collect();
    println!("{}", json!({ "solver": rows, "cut": cut, "limits": limits.figures() }));
    Ok(())
}
