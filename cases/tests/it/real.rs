//! The real scans, where `SECTIO_DATA` names a folder that holds them.

use std::path::{Path, PathBuf};

use cases::{
    Error, library,
    twin::{
        self,
        inspect::{Report, inspect},
        pack::{decode, encode},
    },
};

/// Build a case of the library from the real sources and report on what comes back from its bytes; none without the sources.
fn built(id: &str) -> Option<Report> {
    let case = library::find(id).expect("the library has the case");
    let folder = std::env::var_os("SECTIO_DATA").map(PathBuf::from);
    let whole = |folder: &Path| case.twin.sources.iter().all(|s| folder.join(&s.file).is_file());
    let Some(folder) = folder.filter(|f| whole(f)) else {
        eprintln!("SKIPPED: `{id}` needs its sources in the folder that SECTIO_DATA names");
        return None;
    };
    let read = |file: &str| {
        std::fs::read(folder.join(file)).map_err(|e| Error::Source {
            file: file.to_owned(),
            reason: e.to_string(),
            remedy: "make it readable",
        })
    };
    let pack = twin::build(case, &read, &mut |_, _| {}).unwrap_or_else(|e| panic!("{e}"));
    let bytes = encode(&pack).unwrap();
    let back = decode(&bytes).unwrap();
    assert!(back == pack, "the pack came back changed");
    let report = inspect(&back, bytes.len());
    assert!(report.bytes <= 3_000_000, "{} bytes", report.bytes);
    assert!((2_000..=5_500).contains(&report.lattice.cells), "{} cells", report.lattice.cells);
    assert_eq!(report.lattice.settles, Some(true));
    for body in &report.lattice.bodies {
        assert!(body.sag_mean_mm < 4.0, "{} sags by {} mm", body.name, body.sag_mean_mm);
    }
    for s in &report.structures {
        assert!(s.closed, "{} is not closed", s.id);
        assert!(s.volume_error_percent.abs() < 0.1, "{}: {} %", s.id, s.volume_error_percent);
    }
    Some(report)
}

fn volume(report: &Report, id: &str) -> f64 {
    report.structures.iter().find(|s| s.id == id).map_or(0.0, |s| s.volume_ml)
}

#[test]
fn the_complete_liver() {
    let Some(report) = built("liver") else { return };
    for (id, expected) in [("liver", 1605.0), ("kidney_right", 160.0), ("gallbladder", 9.0)] {
        assert!((volume(&report, id) - expected).abs() < 1.0, "{id}: {} mL", volume(&report, id));
    }
    assert!(report.lattice.bodies[0].cells >= 2_000);
    assert!(report.scan_end.is_empty());
    assert_eq!(report.lattice.pieces, 2);
    let liver = &report.structures[0];
    assert!(liver.dice > 0.98, "{}", liver.dice);
    assert!(liver.levels[0].dihedral_median < 2.3, "{:?}", liver.levels[0]);
}

#[test]
fn the_abdomen_whose_scan_ends() {
    let Some(report) = built("abdomen") else { return };
    for (id, expected) in [("liver", 1126.0), ("spleen", 261.0)] {
        assert!((volume(&report, id) - expected).abs() < 1.5, "{id}: {} mL", volume(&report, id));
    }
    let liver = &report.structures[0];
    // The cap is left out of the angles: with it the crisp edge would show.
    assert!(liver.levels[0].dihedral_p99 < 60.0, "{:?}", liver.levels[0]);
    assert!(report.scan_end.iter().any(|e| e.axis == 2 && e.upper), "{:?}", report.scan_end);
    assert!(report.warnings.iter().any(|w| w.contains("ends below the dome of the liver")));
}
