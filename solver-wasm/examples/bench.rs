//! Milliseconds a frame of play for balls of about 1,000 to 10,000 cells, as one line of JSON.
//!
//! `cargo run --release -p solver-wasm --example bench [-- --batches DIR]`
//!
//! What is timed is what the worker does for each frame: carry out an encoded batch (move the forceps, one step) and write the
//! displacements. With `--batches` the same batches are written to a folder as `<cells>-<order>.batch`, so that a browser can be
//! timed on the very same work.

use std::{error::Error, fs, path::PathBuf, time::Instant};

use serde_json::json;
use solver_wasm::{
    lattice::{Embedding, Lattice},
    message::{Command, Report, decode_commands, encode_commands},
    model::Model,
    scene::{Material, Scene, Support},
    simulation::Simulation,
};

/// Frames of steady pulling that are timed.
const FRAMES: u8 = 90;
/// How far the forceps move in a frame [mm].
const PULL: f32 = 0.3;

/// Cells of 8 mm, 5 kPa, ν .45, hung by supports on the rear third, gravity towards the back: an organ-like load.
fn scene(radius: f32) -> Scene {
    let lattice = Lattice::ball(radius, 8.0);
    let supports = (0..lattice.cells.len() as u32)
        .map(|cell| Embedding { cell, local: [0.5; 3] })
        .filter(|p| lattice.rest_position(p)[1] > 0.6 * radius)
        .map(|point| Support { point, stiffness: [20.0; 3] })
        .collect();
    Scene {
        lattice,
        materials: vec![Material { damping: 0.02, ..Material::neo_hookean(5.0, 0.45, 1.06e-6) }],
        supports,
        gravity: [0.0, 9810.0, 0.0],
        ..Scene::default()
    }
}

/// Load, close the forceps on the front, and pull at a steady pace.
fn batches(radius: f32) -> Result<Vec<Vec<Command>>, Box<dyn Error>> {
    let scene = scene(radius);
    let model = Model::new(&scene)?;
    let front = model.index().embed(0, [0.0, -radius, 0.0]).ok_or("the ball has a front")?;
    let mut tip = scene.lattice.rest_position(&front);
    let mut batches = vec![
        vec![Command::Load(Box::new(scene))],
        vec![Command::Grasp { tool: 0, point: front, radius: 10.0 }, Command::Step(1)],
    ];
    for _ in 0..FRAMES {
        tip = [tip[0], tip[1] - PULL, tip[2] + 0.5 * PULL];
        batches.push(vec![Command::Move { tool: 0, position: tip }, Command::Step(1)]);
    }
    Ok(batches)
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let folder = match arguments.as_slice() {
        [] => None,
        [flag, folder] if flag == "--batches" => Some(PathBuf::from(folder)),
        _ => return Err("usage: bench [--batches DIR]".into()),
    };
    let mut rows = Vec::new();
    for cells_across in [12.0_f32, 15.0, 20.0, 26.0] {
        let mut simulation = Simulation::default();
        let mut displacements = Vec::new();
        let (mut settle_ms, mut cells, mut contained) = (0.0, 0, 0);
        let mut times = Vec::new();
        let encoded = batches(cells_across * 4.0)?
            .iter()
            .map(|batch| encode_commands(batch))
            .collect::<Result<Vec<_>, _>>()?;
        for (order, batch) in encoded.iter().enumerate() {
            let start = Instant::now();
            let report = simulation.apply(decode_commands(batch)?);
            displacements.resize(simulation.node_count() * 4, 0.0);
            simulation.write_displacements(&mut displacements);
            let spent = start.elapsed().as_secs_f64() * 1e3;
            match report {
                Report::Ready { cells: count, .. } => (settle_ms, cells) = (spent, count),
                Report::Stepped(stepped) => contained = stepped.contained,
                Report::Refused { reason } => return Err(reason.into()),
            }
            if order >= 2 {
                times.push(spent);
            }
        }
        times.sort_by(f64::total_cmp);
        rows.push(json!({
            "cells": cells,
            "ms_per_frame": times[times.len() / 2],
            "ms_p95": times[times.len() * 95 / 100],
            "settle_ms": settle_ms,
            "contained": contained,
        }));
        if let Some(folder) = &folder {
            fs::create_dir_all(folder)?;
            for (order, batch) in encoded.iter().enumerate() {
                fs::write(folder.join(format!("{cells}-{order}.batch")), batch)?;
            }
        }
    }
    println!("{}", json!({ "solver": rows }));
    Ok(())
}
