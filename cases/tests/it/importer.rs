//! What a person drops in the browser: told apart, built, described, taken in again.

use std::collections::BTreeMap;

use cases::{
    Error,
    importer::{self, Form, Imported, MOST_BYTES, Step},
    twin::{
        pack::{decode, encode},
        sort::{Offered, Sorted, sort},
    },
};

use crate::phantom::Phantom;

type Files = BTreeMap<&'static str, Vec<u8>>;

/// Liver and spleen of plausible size as boxes, voxels of 4 mm.
fn phantom() -> Phantom {
    Phantom::new([60, 42, 60], [4.0; 3], |p| {
        let inside =
            |low: [f32; 3], high: [f32; 3]| (0..3).all(|a| p[a] > low[a] && p[a] < high[a]);
        if inside([10.0, 10.0, 110.0], [130.0, 110.0, 230.0]) {
            1
        } else if inside([180.0, 50.0, 130.0], [230.0, 110.0, 200.0]) {
            2
        } else {
            0
        }
    })
}

fn labels() -> Vec<u8> {
    let phantom = phantom();
    phantom.nifti(phantom.straight())
}

/// The labels with other numbers, so that hardly two neighbours are alike: a scan.
fn scan() -> Vec<u8> {
    let mut bytes = labels();
    for (i, byte) in bytes.iter_mut().enumerate().skip(352) {
        *byte = (*byte).wrapping_mul(40).wrapping_add((i * 7 % 31) as u8);
    }
    bytes
}

fn table() -> Vec<u8> {
    b"1,liver\n2,spleen\n".to_vec()
}

fn offered(files: &Files) -> Vec<Offered> {
    files.iter().map(|(name, b)| Offered { name: (*name).into(), bytes: b.len() as u64 }).collect()
}

fn reader(files: &Files) -> impl Fn(&str, u64) -> Result<Vec<u8>, Error> {
    |name, most| {
        let bytes = files.get(name).ok_or_else(|| Error::Source {
            file: name.to_owned(),
            reason: "was not given".to_owned(),
            remedy: "give it",
        })?;
        Ok(bytes[..bytes.len().min(most.min(1 << 40) as usize)].to_vec())
    }
}

fn sorted(files: &Files) -> Result<Sorted, Error> {
    sort(&offered(files), &reader(files))
}

fn import(files: &Files) -> Result<Imported, Error> {
    importer::import(&offered(files), false, &reader(files), &mut |_, _| {})
}

#[test]
fn files_are_told_apart_by_what_is_in_them() {
    let expected = Sorted::Sources {
        labels: vec!["a.nii".into()],
        image: vec!["b.nii".into()],
        table: Some("names.csv".into()),
    };
    let files = Files::from([
        ("a.nii", labels()),
        ("b.nii", scan()),
        ("names.csv", table()),
        ("folder/.DS_Store", vec![0; 9]),
    ]);
    assert_eq!(sorted(&files).unwrap(), expected);
    // Whatever they are called.
    let swapped = Files::from([("b.nii", labels()), ("a.nii", scan())]);
    let Sorted::Sources { labels, image, .. } = sorted(&swapped).unwrap() else {
        panic!("sources")
    };
    assert_eq!((labels, image), (vec!["b.nii".to_owned()], vec!["a.nii".to_owned()]));
}

#[test]
fn what_makes_no_twin_is_named() {
    let told = |files: &Files| sorted(files).unwrap_err().to_string();
    let two = Files::from([("a.nii", labels()), ("b.nii", scan()), ("c.nii", scan())]);
    assert!(told(&two).starts_with("b.nii: and 1 more are scans"), "{}", told(&two));
    let strange = Files::from([("a.nii", labels()), ("letter.docx", b"PK".to_vec())]);
    assert!(told(&strange).starts_with("letter.docx: is nothing"), "{}", told(&strange));
    let alone = Files::from([("names.csv", table())]);
    assert!(told(&alone).starts_with("names.csv: comes without labels"), "{}", told(&alone));
    let tables = Files::from([("a.nii", labels()), ("b.csv", table()), ("c.csv", table())]);
    assert!(told(&tables).starts_with("b.csv: and 1 more could be tables"), "{}", told(&tables));
}

#[test]
fn too_much_is_refused_before_it_is_read() {
    let files = [Offered { name: "huge.nrrd".into(), bytes: MOST_BYTES + 1 }];
    let read = |_: &str, _: u64| -> Result<Vec<u8>, Error> { panic!("it was read") };
    let error = importer::import(&files, false, &read, &mut |_, _| {}).unwrap_err().to_string();
    assert!(error.starts_with("huge.nrrd: 1.1 of 1.1 GB"), "{error}");
    let none = importer::import(&[], false, &read, &mut |_, _| {}).unwrap_err().to_string();
    assert!(none.contains("give a label volume"), "{none}");
}

#[test]
fn a_twin_is_built_described_and_taken_in_again() {
    let files = Files::from([("labels.nii", labels()), ("names.csv", table())]);
    let told = std::sync::Mutex::new(Vec::new());
    let imported = importer::import(&offered(&files), false, &reader(&files), &mut |step, done| {
        told.lock().unwrap().push((step, done));
    })
    .unwrap_or_else(|e| panic!("{e}"));
    let told = told.into_inner().unwrap();
    assert!(told.windows(2).all(|w| w[0].0 <= w[1].0 && w[0].1 <= w[1].1 + 1e-6), "{told:?}");
    assert!(told.len() > 10 && told.iter().all(|(_, done)| (0.0..=1.0).contains(done)));
    assert_eq!(told.last().unwrap().0, Step::Draw);

    let about = &imported.about;
    assert!(about.id.starts_with("own-"), "{}", about.id);
    assert_eq!((about.structures, about.soft, about.scan), (2, 2, false));
    assert_eq!(about.title, "Liver · Spleen");
    let details = &about.details;
    assert_eq!(details.german[&about.title], "Leber · Milz");
    assert!(details.structures[0].fma.is_some() && !details.structures[0].function.is_empty());
    assert!(details.questions.is_empty() && details.story.is_empty());
    assert!(details.constants.iter().any(|c| c.structure == "spleen" && !c.source.is_empty()));
    assert!(details.derived.iter().any(|text| text.contains("soft elastic bed")));
    assert!(imported.picture.rgba.iter().any(|pixel| pixel[3] > 0));

    let again = import(&Files::from([("x.pack", imported.pack.clone())])).unwrap();
    assert_eq!(again, imported, "a twin that was exported is the same twin");
    assert!(importer::export(&imported.pack, Form::Glb).unwrap().starts_with(b"glTF"));
    assert!(importer::export(&imported.pack, Form::SegNrrd).unwrap().starts_with(b"NRRD"));
}

#[test]
fn a_twin_that_names_somebody_is_not_taken_in() {
    let files = Files::from([("labels.nii", labels()), ("names.csv", table())]);
    let mut pack = decode(&import(&files).unwrap().pack).unwrap();
    pack.manifest.structures[1].name = "MUELLER^HANS".to_owned();
    let named = Files::from([("x.pack", encode(&pack).unwrap())]);
    let error = import(&named).unwrap_err().to_string();
    assert!(error.starts_with("x.pack: ") && error.contains("MUELLER^HANS"), "{error}");
}
