//! Labels without a case become a twin, and labels that cannot be a patient's are refused by name.

use cases::{
    Error,
    twin::{
        Imported, Input, import,
        pack::{decode, encode},
        verify,
    },
};
use proptest::prelude::*;

use crate::phantom::Phantom;

/// Boxes as organs: identifier, low and high corner [mm, LPS], label.
type Organ = (&'static str, [f32; 3], [f32; 3]);

/// Liver 1.4 L, spleen .2 L, two kidneys of .16 L and two lumbar vertebrae 36 mm apart: a plausible patient of boxes.
const PATIENT: [Organ; 6] = [
    ("liver", [10.0, 10.0, 110.0], [130.0, 110.0, 230.0]),
    ("spleen", [180.0, 50.0, 130.0], [230.0, 110.0, 200.0]),
    ("kidney_right", [30.0, 120.0, 60.0], [80.0, 160.0, 140.0]),
    ("kidney_left", [160.0, 120.0, 60.0], [210.0, 160.0, 140.0]),
    ("vertebrae_L3", [100.0, 120.0, 16.0], [140.0, 160.0, 44.0]),
    ("vertebrae_L2", [100.0, 120.0, 52.0], [140.0, 160.0, 80.0]),
];

/// Voxels of 4 mm, unless scaled; a margin all around.
fn phantom(organs: &[Organ]) -> Phantom {
    Phantom::new([60, 42, 60], [4.0; 3], |p| {
        let inside = |(_, low, high): &Organ| (0..3).all(|a| p[a] > low[a] && p[a] < high[a]);
        organs.iter().position(inside).map_or(0, |o| o as u8 + 1)
    })
}

fn table(organs: &[Organ]) -> Vec<u8> {
    let rows: Vec<String> =
        organs.iter().enumerate().map(|(o, organ)| format!("{},{}", o + 1, organ.0)).collect();
    rows.join("\n").into_bytes()
}

fn run(volume: &[u8], table: &[u8], anyway: bool) -> Result<Imported, Error> {
    let read = |file: &str| -> Result<Vec<u8>, Error> {
        Ok(if file == "table.csv" { table.to_vec() } else { volume.to_vec() })
    };
    let labels = ["labels.nii".to_owned()];
    let input = Input {
        labels: &labels,
        image: &[],
        table: Some("table.csv"),
        axes: None,
        title: None,
        anyway,
        read: &read,
    };
    import(&input, &mut |_, _| {})
}

fn warnings(imported: &Imported) -> String {
    imported.pack.manifest.warnings.join("\n")
}

#[test]
fn labels_with_names_become_a_sound_twin() {
    let phantom = phantom(&PATIENT);
    let imported = run(&phantom.nifti(phantom.straight()), &table(&PATIENT), false)
        .unwrap_or_else(|e| panic!("{e}"));
    let pack = &imported.pack;
    assert_eq!(verify(pack), Vec::<String>::new());
    let ids: Vec<&str> = pack.manifest.structures.iter().map(|s| s.id.as_str()).collect();
    let named = ["liver", "spleen", "kidney_right", "kidney_left", "vertebra_l3", "vertebra_l2"];
    assert_eq!(ids, named);
    // What a person knows of these organs is soft, bone is not.
    let soft: Vec<bool> = pack.manifest.structures.iter().map(|s| s.body.is_some()).collect();
    assert_eq!(soft, [true, true, true, true, false, false]);
    assert!(pack.manifest.structures[0].function.contains("bile"));
    for (structure, organ) in pack.manifest.structures.iter().zip(&PATIENT) {
        let ml: f32 = (0..3).map(|a| organ.2[a] - organ.1[a]).product::<f32>() / 1000.0;
        let error = structure.volume_ml / f64::from(ml) - 1.0;
        // Edges lie within a voxel of the box's.
        assert!(error.abs() < 0.16, "{}: {} mL for {ml}", structure.id, structure.volume_ml);
    }
    assert!(imported.doubts.is_empty(), "{:?}", imported.doubts);
    assert!(warnings(&imported).contains("modelling choice"), "{}", warnings(&imported));
    assert!(pack.manifest.supports.iter().all(|s| s.reason.contains("modelling choice")));
    assert!(pack.manifest.scan_end.is_empty());
}

#[test]
fn the_same_files_give_the_same_bytes() {
    let phantom = phantom(&PATIENT);
    let bytes = || {
        let imported = run(&phantom.nifti(phantom.straight()), &table(&PATIENT), false).unwrap();
        encode(&imported.pack).unwrap()
    };
    let first = bytes();
    assert!(first == bytes());
    assert!(verify(&decode(&first).unwrap()).is_empty());
}

/// The gravest doubt of a phantom, as the error that a person reads.
fn refusal(volume: &[u8], table: &[u8]) -> String {
    let error = match run(volume, table, false) {
        Ok(imported) => panic!("built, with {:?}", imported.doubts),
        Err(error) => error.to_string(),
    };
    assert!(error.starts_with("labels.nii: "), "{error}");
    // Asked for, it is built, and says so.
    let built = run(volume, table, true).unwrap_or_else(|e| panic!("{e}"));
    assert!(warnings(&built).contains(error.trim_start_matches("labels.nii: ")));
    error
}

#[test]
fn a_wrong_voxel_size_is_told_from_the_sizes_of_organs() {
    let phantom = phantom(&PATIENT);
    let rows = |scale: f32| phantom.straight().map(|row| row.map(|v| v * scale));
    // A liver of 181 mL and vertebrae 18 mm apart.
    let small = refusal(&phantom.nifti(rows(0.5)), &table(&PATIENT));
    assert!(small.contains("too small") && small.contains("voxel size of 2.00"), "{small}");
    assert!(small.contains("mL where healthy adults have"), "{small}");
    let large = refusal(&phantom.nifti(rows(1.8)), &table(&PATIENT));
    assert!(large.contains("too large"), "{large}");
}

#[test]
fn one_organ_out_of_its_range_is_a_warning_only() {
    let mut organs = PATIENT;
    organs[1].2 = [230.0, 110.0, 145.0];
    organs[1].1 = [200.0, 90.0, 130.0];
    let phantom = phantom(&organs);
    let imported = run(&phantom.nifti(phantom.straight()), &table(&organs), false)
        .unwrap_or_else(|e| panic!("{e}"));
    let text = warnings(&imported);
    assert!(text.contains("Spleen: ") && text.contains("22 to 374"), "{text}");
}

#[test]
fn mirrored_and_upside_down_volumes_are_refused() {
    let phantom = phantom(&PATIENT);
    let mut mirrored = phantom.straight();
    mirrored[0] = mirrored[0].map(|v| -v);
    let message = refusal(&phantom.nifti(mirrored), &table(&PATIENT));
    assert!(message.contains("mirrored") && message.contains("liver and spleen"), "{message}");
    let mut upside_down = phantom.straight();
    upside_down[2] = upside_down[2].map(|v| -v);
    let message = refusal(&phantom.nifti(upside_down), &table(&PATIENT));
    assert!(
        message.contains("upside down") && message.contains("spine_low and spine_high"),
        "{message}"
    );
}

#[test]
fn swapped_names_of_sides_are_a_warning() {
    let mut organs = PATIENT;
    (organs[2].0, organs[3].0) = (organs[3].0, organs[2].0);
    let phantom = phantom(&organs);
    let imported = run(&phantom.nifti(phantom.straight()), &table(&organs), false)
        .unwrap_or_else(|e| panic!("{e}"));
    assert!(
        warnings(&imported).contains("Right kidney: lies to the left"),
        "{:?}",
        imported.doubts
    );
}

#[test]
fn islands_holes_and_the_end_of_the_scan_are_named() {
    let mut phantom = phantom(&PATIENT);
    let at = |p: &[usize; 3]| p[0] + 60 * (p[1] + 42 * p[2]);
    for z in 34..40 {
        for y in 6..14 {
            for x in 8..16 {
                phantom.labels[at(&[x, y, z])] = 0; // a hole in the liver
            }
        }
    }
    for z in 2..8 {
        for y in 2..8 {
            for x in 2..8 {
                phantom.labels[at(&[x, y, z])] = 2; // a piece of spleen far from it
            }
        }
    }
    for z in 48..60 {
        for y in 12..20 {
            for x in 50..56 {
                phantom.labels[at(&[x, y, z])] = 2; // and on, up to the last slice
            }
        }
    }
    let imported = run(&phantom.nifti(phantom.straight()), &table(&PATIENT), false)
        .unwrap_or_else(|e| panic!("{e}"));
    let text = warnings(&imported);
    for part in [
        "Liver: has 1 holes",
        "Spleen: is in 2 pieces",
        "Spleen: cut off by the end of the scan above",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(imported.pack.manifest.scan_end.iter().any(|e| e.axis == 2 && e.upper));
}

#[test]
fn noise_and_nothing_are_no_labels() {
    let mut noise = phantom(&PATIENT);
    for (i, label) in noise.labels.iter_mut().enumerate() {
        *label = if i % 997 == 0 { (i / 997 % 200) as u8 + 1 } else { 0 };
    }
    let message = run(&noise.nifti(noise.straight()), b"1,liver", false).unwrap_err().to_string();
    assert!(message.contains("noise"), "{message}");
    let empty = phantom(&[]);
    let message = run(&empty.nifti(empty.straight()), b"1,liver", false).unwrap_err().to_string();
    assert!(message.contains("no voxel has a label"), "{message}");
}

#[test]
fn what_is_unknown_inside_an_organ_moves_with_it() {
    let mut organs = PATIENT.to_vec();
    organs.insert(0, ("lesion 7", [40.0, 40.0, 150.0], [80.0, 80.0, 190.0]));
    let phantom = phantom(&organs);
    let imported = run(&phantom.nifti(phantom.straight()), &table(&organs), false)
        .unwrap_or_else(|e| panic!("{e}"));
    let structures = &imported.pack.manifest.structures;
    assert_eq!((structures[0].id.as_str(), structures[0].body), ("lesion_7", structures[1].body));
    let text = warnings(&imported);
    assert!(
        text.contains("lesion 7: no mechanics is known") && text.contains("lies in Liver"),
        "{text}"
    );
}

#[test]
fn masks_of_one_structure_each_are_named_by_their_files() {
    let mask = |organ: usize| {
        let mut phantom = phantom(&PATIENT);
        phantom.labels.iter_mut().for_each(|l| *l = u8::from(*l == organ as u8 + 1));
        phantom.nifti(phantom.straight())
    };
    let files: Vec<String> = PATIENT.iter().map(|o| format!("masks/{}.nii", o.0)).collect();
    let read = |file: &str| -> Result<Vec<u8>, Error> {
        Ok(mask(files.iter().position(|f| f == file).unwrap()))
    };
    let input = Input {
        labels: &files,
        image: &[],
        table: None,
        axes: None,
        title: None,
        anyway: false,
        read: &read,
    };
    let imported = import(&input, &mut |_, _| {}).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(imported.pack.manifest.structures.len(), 6);
    assert_eq!(imported.pack.manifest.structures[5].id, "vertebra_l2");
}

#[test]
fn a_name_that_could_be_a_patients_does_not_get_into_a_pack() {
    let mut organs = PATIENT;
    organs[5].0 = "MUELLER^HANS 19610305";
    let phantom = phantom(&organs);
    let imported = run(&phantom.nifti(phantom.straight()), &table(&organs), false)
        .unwrap_or_else(|e| panic!("{e}"));
    let mut pack = imported.pack;
    assert_eq!(pack.manifest.structures[5].name, "Label 6");
    assert!(!format!("{:?}", pack.manifest).contains("MUELLER"));
    assert_eq!(verify(&pack), Vec::<String>::new());
    // Written into a pack by hand, it is found.
    pack.manifest.title = "Liver of MUELLER^HANS".to_owned();
    let faults = verify(&pack);
    assert!(faults.len() == 1 && faults[0].contains("title: "), "{faults:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Any small volume of any labels ends in a twin or an error, never in a panic.
    #[test]
    fn any_labels_end_well(
        labels in prop::collection::vec(prop_oneof![4 => Just(0_u8), 3 => Just(1), 2 => Just(2), 1 => any::<u8>()], 512),
        spacing in prop_oneof![Just(0.3_f32), Just(1.0), Just(9.0)],
        anyway in any::<bool>(),
    ) {
        let phantom = Phantom { dims: [8; 3], spacing: [spacing; 3], labels };
        let _ = run(&phantom.nifti(phantom.straight()), b"1,liver\n2,spleen\n3,bone", anyway);
    }
}
