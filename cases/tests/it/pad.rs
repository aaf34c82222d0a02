//! The skin pad, which its case makes from nothing: it needs no source, so it is built in every test run.

use std::sync::Arc;

use cases::{
    Error, library,
    twin::{
        self,
        inspect::inspect,
        pack::{Pack, encode},
    },
};
use solver_wasm::{control::Control, model::Model, state::State, step::Solver};

fn built() -> Pack {
    let case = library::find("skin").expect("the library has the case");
    let nothing = |file: &str| {
        Err(Error::Source {
            file: file.to_owned(),
            reason: "a pad asks for no file".to_owned(),
            remedy: "none",
        })
    };
    twin::build(case, &nothing, &mut |_, _| {}).unwrap_or_else(|e| panic!("{e}"))
}

#[test]
fn a_pad_is_made_from_no_file_and_is_soft_in_layers() {
    let pack = built();
    let bytes = encode(&pack).unwrap();
    assert_eq!(twin::verify(&pack), Vec::<String>::new());
    let report = inspect(&pack, bytes.len());
    assert!(report.bytes < 700_000, "{} bytes", report.bytes);
    assert!((4_000..=6_000).contains(&report.lattice.cells), "{}", report.lattice.cells);
    assert_eq!(report.lattice.settles, Some(true));
    assert_eq!(report.lattice.pieces, 1);
    let volume = |ids: &[&str]| -> f64 {
        let named = report.structures.iter().filter(|s| ids.contains(&s.id.as_str()));
        named.map(|s| s.volume_ml).sum()
    };
    // 80 × 60 mm times the thickness of the layer, with what lies in it.
    for (ids, thickness) in [
        (&["skin", "skin_tumour", "incision_mark"][..], 2.2),
        (&["subcutaneous_fat", "cephalic_vein"], 10.8),
        (&["deep_fascia"], 1.2),
        (&["skeletal_muscle"], 10.8),
    ] {
        let expected = 4.8 * thickness;
        assert!((volume(ids) / expected - 1.0).abs() < 0.01, "{ids:?}: {} mL", volume(ids));
    }

    // Each layer has whole rows of cells: the stiff sheet of skin, soft fat, the fascia, muscle.
    let scene = &pack.scene;
    let rows = scene.lattice.cells.iter().map(|c| c.coord[1]).max().unwrap() + 1;
    let of_row: Vec<f32> = (0..rows)
        .map(|row| {
            let cells: Vec<_> = scene.lattice.cells.iter().filter(|c| c.coord[1] == row).collect();
            let mut counts = vec![0; scene.materials.len()];
            cells.iter().for_each(|c| counts[usize::from(c.material)] += 1);
            let most = (0..counts.len()).max_by_key(|&m| counts[m]).unwrap();
            assert!(counts[most] * 10 > cells.len() * 9, "row {row}: {counts:?}");
            match scene.materials[most].law {
                solver_wasm::scene::Law::NeoHookean { young, .. } => young,
                ref other => panic!("{other:?}"),
            }
        })
        .collect();
    assert_eq!(of_row, [130.0, 2.0, 2.0, 2.0, 200.0, 11.1, 11.1, 11.1, 11.1]);
}

#[test]
fn lifted_skin_draws_the_fat_along_and_leaves_the_muscle() {
    let pack = built();
    let model = Arc::new(Model::new(&pack.scene).expect("a sound scene"));
    let mut solver = Solver::new(Arc::clone(&model));
    let mut state = State::at_rest(&model);
    let mut control = Control::default();
    for _ in 0..10 {
        solver.step(&mut state, &control);
    }
    assert!(state.max_displacement() < 0.01, "{}", state.max_displacement());

    let from = [-10.0, 1.0, 16.0];
    let point = model.index().embed(0, from).expect("skin");
    model.grasp(&mut state, 0, point, 5.0).expect("tissue");
    let rise = |state: &State, depth: f32| {
        let place = model.index().embed(0, [from[0], depth, from[2]]).expect("tissue");
        let nodes = pack.scene.lattice.cells[place.cell as usize].nodes;
        -nodes.iter().map(|&n| state.displacements[n as usize].to_array()[1]).sum::<f32>() / 8.0
    };
    for step in 1..=120_u8 {
        let up = 8.0 * f32::from(step.min(80)) / 80.0;
        control.tool_goals[0] = Some([from[0], from[1] - up, from[2]]);
        let report = solver.step(&mut state, &control);
        assert_eq!(report.roll_backs, 0, "step {step}: {report:?}");
    }
    let [skin, fat, muscle] = [1.0, 10.5, 20.0].map(|depth| rise(&state, depth));
    eprintln!("skin lifted by {skin:.1} mm, fat by {fat:.1}, muscle by {muscle:.2}");
    assert!(skin > 5.0 && (0.2 * skin..0.9 * skin).contains(&fat), "{skin}, {fat} mm");
    assert!(muscle.abs() < 0.15 * skin, "{muscle} mm");
}
