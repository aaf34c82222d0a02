//! Cuts: what an update takes while the blade is drawn through a ball of about 5,000 cells, and what thirty strokes do to the
//! iterations of a pull.

use std::{error::Error, fs, path::Path, time::Instant};

use serde_json::{Value, json};
use solver_wasm::{
    incision::Edge,
    message::{Command, Report, decode_commands, encode_commands},
    model::Model,
    simulation::Simulation,
};

use super::{Pull, batches, scene, sorted};

/// Radius of the ball [mm], and its cells.
const RADIUS: f32 = 80.0;
const SPACING: f32 = 8.0;
/// Strokes, and the parts of each.
const STROKES: u16 = 30;
const PARTS: u16 = 10;
/// How deep the blade goes [mm].
const DEPTH: f32 = 20.0;
/// How long a stroke is [mm].
const LENGTH: f32 = 40.0;
/// Of liver [J/m²].
const TOUGHNESS: f32 = 164.0;
/// Frames in which the wounds come to rest before they are pulled at.
const REST: u8 = 120;
/// Frames of the pull that are counted, before and after.
const COUNTED: usize = 60;

/// A batch, and whether it is an update of the tissue or a frame.
type Batch = (&'static str, Vec<Command>);

/// The places of the blade's edge in a stroke: forty millimetres over the front half of the ball, thirty of them spread evenly and
/// turned every way, so that some cross.
fn stroke(radius: f32, n: u16) -> Vec<Edge> {
    // The spiral of the sunflower, in whole turns of which no two are alike.
    let share = (f32::from(n) + 0.5) / f32::from(STROKES);
    let golden = std::f32::consts::TAU * 0.381_966;
    let (turn, out) = (golden * f32::from(n), 0.85 * radius * share.sqrt());
    let (middle, way) = ([out * turn.cos(), out * turn.sin()], 2.4 * f32::from(n));
    (0..=PARTS)
        .map(|i| {
            let along = LENGTH * (f32::from(i) / f32::from(PARTS) - 0.5);
            let [x, z] = [middle[0] + along * way.cos(), middle[1] + along * way.sin()];
            let front = -(radius * radius - x * x - z * z).max(0.0).sqrt();
            [[x, front - 10.0, z], [x, front + DEPTH, z]]
        })
        .collect()
}

/// Thirty strokes, a part a frame.
fn strokes(radius: f32) -> Vec<Batch> {
    let mut all = Vec::new();
    for n in 0..STROKES {
        for (i, edges) in stroke(radius, n).windows(2).enumerate() {
            let mut update = vec![Command::Cut { from: edges[0], to: edges[1] }];
            if i == 0 {
                update.insert(0, Command::Stroke);
            }
            all.push(("update", update));
            all.push(("frame", vec![Command::Step(1)]));
        }
    }
    all
}

/// The row; batches go to `folder` as `cut-<order>-<kind>.batch`, for a browser to be timed on the same.
pub fn measure(folder: Option<&Path>) -> Result<Value, Box<dyn Error>> {
    let radius = RADIUS;
    let scene = scene(radius, SPACING, 0.45);
    let model = Model::new(&scene)?;
    let mut simulation = Simulation::default();
    let load = vec![Command::Load(Box::new(scene))];
    simulation.apply(load.clone());
    let settled = simulation.state().ok_or("nothing is loaded")?.clone();
    let pull = Pull::on(&model, &settled, radius)?;

    let before = iterations(&mut simulation, batches(&pull))?;
    let strokes = strokes(radius);
    let (mut updates, mut frames) = (Vec::new(), Vec::new());
    simulation.apply(vec![Command::Reset]);
    for (kind, batch) in &strokes {
        let bytes = encode_commands(batch)?;
        let start = Instant::now();
        let report = simulation.apply(decode_commands(&bytes)?);
        let ms = start.elapsed().as_secs_f64() * 1e3;
        if let Report::Refused { reason } = report {
            return Err(reason.into());
        }
        if *kind == "update" { updates.push(ms) } else { frames.push(ms) }
    }
    if let Some(folder) = folder {
        fs::create_dir_all(folder)?;
        let load = ("load", load);
        for (order, (kind, batch)) in std::iter::once(&load).chain(&strokes).enumerate() {
            fs::write(folder.join(format!("cut-{order}-{kind}.batch")), encode_commands(batch)?)?;
        }
    }
    // The same pull on what was cut, which must not go back to the whole ball.
    let mut pulled = batches(&pull);
    pulled[0].remove(0);
    simulation.apply(vec![Command::Step(REST)]);
    let after = iterations(&mut simulation, pulled)?;
    let (updates, frames) = (sorted(updates), sorted(frames));
    let of = |times: &[f64], share: usize| times[(times.len() - 1) * share / 100];
    let by_force = sorted(by_force(radius)?);
    Ok(json!({
        "cells": model.elements().len(),
        "strokes": STROKES,
        "updates": updates.len(),
        "update_ms_median": of(&updates, 50),
        "update_ms_p99": of(&updates, 99),
        "frame_ms_max": of(&frames, 100),
        "by_force_ms_median": of(&by_force, 50),
        "by_force_ms_p99": of(&by_force, 99),
        "iterations_before": before,
        "iterations_after": after,
    }))
}

/// The same strokes, half as fast, in tissue as tough as liver, where the blade cuts in the frames themselves: what each takes, with
/// the cut in it [ms].
fn by_force(radius: f32) -> Result<Vec<f64>, Box<dyn Error>> {
    let mut tough = scene(radius, SPACING, 0.45);
    tough.materials[0].toughness = TOUGHNESS;
    let mut simulation = Simulation::default();
    simulation.apply(vec![Command::Load(Box::new(tough))]);
    let mut times = Vec::new();
    for batch in strokes(radius).chunks(2) {
        // A frame more than at once, so slow that nothing tears.
        let all = batch.iter().flat_map(|(_, commands)| commands.iter().cloned()).collect();
        for commands in [all, vec![Command::Step(1)]] {
            let start = Instant::now();
            if let Report::Refused { reason } = simulation.apply(commands) {
                return Err(reason.into());
            }
            times.push(start.elapsed().as_secs_f64() * 1e3);
        }
    }
    Ok(times)
}

/// Conjugate-gradient iterations of a frame, the mean of a pull.
fn iterations(simulation: &mut Simulation, pull: Vec<Vec<Command>>) -> Result<f64, Box<dyn Error>> {
    let mut sum = 0;
    for batch in pull.into_iter().take(COUNTED + 1).enumerate() {
        match simulation.apply(batch.1) {
            Report::Stepped(stepped) if batch.0 > 0 => sum += stepped.mechanics.cg,
            Report::Refused { reason } => return Err(reason.into()),
            _ => {}
        }
    }
    Ok(f64::from(sum) / COUNTED as f64)
}
