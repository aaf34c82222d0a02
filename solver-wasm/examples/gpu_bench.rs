//! Milliseconds a step of play on the GPU that is here, for balls of about 10,000 to 100,000 cells, as one line of JSON.
//!
//! `cargo run --release -p solver-wasm --features gpu --example gpu_bench [-- CELLS...]`
//!
//! What is timed is a step until its displacements are back, and the CPU's on the same scene; beside them what the two differ by
//! after the same steps, over the largest displacement.

use std::{error::Error, sync::Arc, time::Instant};

use serde_json::{Value, json};
use solver_wasm::{
    control::Control,
    gpu::{Gpu, GpuSolver, supports},
    lattice::{Embedding, Lattice},
    model::Model,
    real::length_squared,
    scene::{Material, Scene, Support},
    state::State,
    step::Solver,
};

/// Steps that are timed, after [`WARM`] that are not.
const STEPS: u32 = 30;
const WARM: u32 = 5;
/// About how many cells, unless the command line says otherwise.
const CELLS: [f32; 4] = [10_000.0, 20_000.0, 50_000.0, 100_000.0];
/// Diameter of the ball [mm].
const ACROSS: f32 = 200.0;

fn main() -> Result<(), Box<dyn Error>> {
    let asked: Vec<f32> = std::env::args().skip(1).map(|a| a.parse()).collect::<Result<_, _>>()?;
    let gpu = pollster::block_on(Gpu::open())?;
    let rows = if asked.is_empty() { CELLS.to_vec() } else { asked }
        .into_iter()
        .map(|cells| {
            let row = row(&gpu, cells)?;
            eprintln!("{row}");
            Ok(row)
        })
        .collect::<Result<Vec<_>, Box<dyn Error>>>()?;
    println!("{}", json!({ "adapter": gpu.name(), "steps": STEPS, "balls": rows }));
    Ok(())
}

/// 5 kPa, hung by its rear third, falling from rest, with the forceps closed at the front.
fn scene(cells: f32) -> Scene {
    let spacing = ACROSS * (std::f32::consts::PI / 6.0 / cells).cbrt();
    let lattice = Lattice::ball(ACROSS / 2.0, spacing);
    let supports = (0..lattice.cells.len() as u32)
        .map(|cell| Embedding { cell, local: [0.5; 3] })
        .filter(|p| lattice.rest_position(p)[1] > 0.3 * ACROSS)
        .map(|point| Support { point, stiffness: [20.0; 3] })
        .collect();
    Scene {
        lattice,
        materials: vec![Material { damping: 0.02, ..Material::neo_hookean(5.0, 0.45, 1.06e-6) }],
        supports,
        gravity: [0.0, 2_000.0, 0.0],
        ..Scene::default()
    }
}

fn row(gpu: &Gpu, cells: f32) -> Result<Value, Box<dyn Error>> {
    let model = Arc::new(Model::new(&scene(cells))?);
    supports(&model)?;
    let (mut cpu, mut fallback) =
        (Solver::new(Arc::clone(&model)), Solver::new(Arc::clone(&model)));
    let start = Instant::now();
    let mut on_gpu = GpuSolver::new(gpu, &fallback)?;
    let set_up = start.elapsed();
    let mut state = State::at_rest(&model);
    let point = model.index().embed(0, [0.0, 2.0 - ACROSS / 2.0, 0.0]).ok_or("a front")?;
    model.grasp(&mut state, 0, point, 2.0 * model.lattice().spacing)?;
    let mut states = [state.clone(), state];
    let (mut times, mut redone) = ([Vec::new(), Vec::new()], 0);
    for step in 0..WARM + STEPS {
        let n = step as f32;
        let goal = [0.0, 2.0 - ACROSS / 2.0 - 0.2 * n, 0.1 * n];
        let mut control = Control::default();
        control.tool_goals[0] = Some(goal);
        let start = Instant::now();
        cpu.step(&mut states[0], &control);
        let between = Instant::now();
        let report = on_gpu.step(&mut fallback, &mut states[1], &control);
        redone += pollster::block_on(report)?.redone;
        if step >= WARM {
            times[0].push((between - start).as_secs_f64() * 1e3);
            times[1].push(between.elapsed().as_secs_f64() * 1e3);
        }
    }
    let squared = states[0].displacements.iter().zip(&states[1].displacements);
    let squared = squared.map(|(a, b)| length_squared(*a - *b)).fold(0.0, |a, b| b.max(a));
    let [cpu_ms, gpu_ms] = times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    });
    Ok(json!({
        "cells": model.cell_count(),
        "cpu_ms": cpu_ms,
        "gpu_ms": gpu_ms,
        "set_up_ms": set_up.as_secs_f64() * 1e3,
        "taken": on_gpu.taken(),
        "redone": redone,
        "difference": squared.sqrt() / states[0].max_displacement(),
    }))
}
