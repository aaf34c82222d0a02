//! Milliseconds a step of play for balls of about 1,000 to 10,000 cells, as JSON.
//!
//! `cargo run --release -p solver-wasm --example bench`

use std::{sync::Arc, time::Instant};

use serde_json::json;
use solver_wasm::{
    control::Control,
    lattice::{Embedding, Lattice},
    model::Model,
    newton::Effort,
    scene::{Material, Scene, Support},
    state::State,
    step::Solver,
};

/// Cells of 8 mm, 5 kPa, ν .45, hung by supports on the rear third, gravity towards the back: a liver-like load.
fn scene(radius: f32) -> Scene {
    let lattice = Lattice::ball(radius, 8.0);
    let supports = (0..lattice.cells.len() as u32)
        .map(|cell| Embedding { cell, local: [0.5; 3] })
        .filter(|p| lattice.rest_position(p)[1] > 0.6 * radius)
        .map(|point| Support { point, stiffness: [20.0; 3] })
        .collect();
    Scene {
        lattice,
        materials: vec![Material { young: 5.0, poisson: 0.45, density: 1.06e-6, damping: 0.02 }],
        supports,
        gravity: [0.0, 9810.0, 0.0],
    }
}

fn main() {
    let mut rows = Vec::new();
    for cells_across in [12.0_f32, 15.0, 20.0, 26.0] {
        let radius = cells_across * 4.0;
        let scene = scene(radius);
        let model = Arc::new(Model::new(&scene).expect("the ball is a sound scene"));
        let mut solver = Solver::new(Arc::clone(&model));
        let mut state = State::at_rest(&model);
        let start = Instant::now();
        let settled = solver.settle(&mut state, &Control::default(), &Effort::ACCURATE);
        let settle_ms = start.elapsed().as_secs_f64() * 1e3;

        let front = model.index().embed(0, [0.0, -radius, 0.0]).expect("the front of the ball");
        model.grasp(&mut state, 0, front, 10.0).expect("the front can be grasped");
        let tip = state.tools[0].position.to_array();
        let mut control = Control::default();
        let mut times = Vec::new();
        let mut contained = 0;
        let mut last = None;
        for step in 0..120_u8 {
            let pull = f32::from(step.min(60)) * 0.4;
            #[allow(clippy::unnecessary_cast)]
            let goal = [tip[0] as f32, tip[1] as f32 - pull, tip[2] as f32 + 0.5 * pull];
            control.tool_goals[0] = Some(goal);
            let start = Instant::now();
            let report = solver.step(&mut state, &control);
            // A step that finds the forces balanced ends early: only whole steps count.
            if report.cg_iterations == 6 {
                times.push(start.elapsed().as_secs_f64() * 1e3);
            }
            contained += report.contained();
            last = Some(report);
        }
        times.sort_by(f64::total_cmp);
        rows.push(json!({
            "cells": model.cell_count(),
            "nodes": model.node_count(),
            "settle_ms": settle_ms,
            "settle_newton": settled.newton_iterations,
            "settle_cg": settled.cg_iterations,
            "settle_residual": settled.residual,
            "settle_converged": settled.converged,
            "step_ms_median": times[times.len() / 2],
            "whole_steps": times.len(),
            "step_ms_fastest": times[0],
            "step_ms_95": times[times.len() * 95 / 100],
            "contained": contained,
            "last_residual": last.map(|r| r.residual),
            "last_cg": last.map(|r| r.cg_iterations),
            "force_mN": state.tools[0].force().to_array()[..3],
            "max_displacement_mm": state.max_displacement(),
        }));
    }
    println!("{}", serde_json::to_string_pretty(&rows).expect("numbers and names only"));
}
