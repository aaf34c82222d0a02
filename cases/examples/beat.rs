//! How much a twin's chambers hold over a beat, and what that costs: `cargo run --release -p cases --example beat -- CASE.toml FOLDER`.
//!
//! The surfaces that the blood presses on are those that the solver deforms; their volumes are measured, not prescribed.

use std::{path::PathBuf, sync::Arc};

use cases::{Error, case::Case, twin};
use solver_wasm::{beat::Beat, control::Control, model::Model, state::State, step::Solver};

/// Beats that are left to swing in before one is measured.
const LEAD: u32 = 2;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(file), Some(folder)) = (arguments.next(), arguments.next()) else {
        return Err("name a case.toml and the folder with its sources".into());
    };
    let case = Case::parse(&file.display().to_string(), &std::fs::read_to_string(&file)?)?;
    let read = |name: &str| {
        std::fs::read(folder.join(name)).map_err(|e| Error::Source {
            file: name.to_owned(),
            reason: e.to_string(),
            remedy: "make it readable",
        })
    };
    let pack = twin::build(&case, &read, &mut |_, _| {})?;
    let bytes = twin::pack::encode(&pack)?;
    println!("{} cells, {} bytes", pack.scene.lattice.cells.len(), bytes.len());
    let Some(beat) = &pack.scene.beat else { return Err("the case does not beat".into()) };
    let model = Arc::new(Model::new(&pack.scene)?);
    let rest = State::at_rest(&model);
    for (i, cavity) in pack.manifest.cavities.iter().enumerate() {
        let volume = model.enclosed_volume(i, &rest.displacements) / 1e3;
        let triangles = pack.scene.surfaces[i].triangles.len();
        println!(
            "{}: {:.1} mL of voxels, {volume:.1} mL in {triangles} triangles",
            cavity.name, cavity.volume_ml
        );
    }
    measure(&model, beat, pack.manifest.cavities.len());
    Ok(())
}

fn measure(model: &Arc<Model>, beat: &Beat, cavities: usize) {
    let mut solver = Solver::new(Arc::clone(model));
    let mut state = State::at_rest(model);
    let mut control = Control::default();
    let steps = (beat.period / control.dt).round() as u32;
    let (mut newton, mut cg, mut contained, mut backtracks) = (0, 0, 0, 0);
    let mut most = 0;
    let start = std::time::Instant::now();
    let mut courses: Vec<Vec<f64>> = vec![Vec::new(); cavities];
    for step in 1..=(LEAD + 1) * steps {
        beat.set(step as f32 * control.dt, &mut control);
        let report = solver.step(&mut state, &control);
        newton += report.newton_iterations;
        cg += report.cg_iterations;
        most = most.max(report.cg_iterations);
        contained += report.contained();
        backtracks += report.backtracks;
        if step > LEAD * steps {
            for (i, course) in courses.iter_mut().enumerate() {
                course.push(model.enclosed_volume(i, &state.displacements) / 1e3);
            }
        }
    }
    let all = f64::from((LEAD + 1) * steps);
    println!(
        "{:.2} Newton, {:.1} conjugate-gradient iterations a step (most {most}), {contained} contained, {backtracks} halved, {:.1} ms a step",
        f64::from(newton) / all,
        f64::from(cg) / all,
        start.elapsed().as_secs_f64() * 1e3 / all
    );
    for (i, course) in courses.iter().enumerate() {
        let most = course.iter().copied().fold(0.0, f64::max);
        let least = course.iter().copied().fold(f64::INFINITY, f64::min);
        println!(
            "cavity {i}: {most:.1} → {least:.1} mL, ejection fraction {:.1} %",
            100.0 * (1.0 - least / most)
        );
        let line: Vec<String> = course.iter().step_by(4).map(|v| format!("{v:.0}")).collect();
        println!("  {}", line.join(" "));
    }
}
