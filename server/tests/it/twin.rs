//! `sectio twin …` on a small case of its own, then on a server.

use std::{fs, path::Path, process::Output, sync::LazyLock};

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{
    http,
    program::{Folder, Server, sectio},
};

/// Voxels along each side of the label volume; 2 mm each.
const SIDE: usize = 40;

/// An INRIMAGE of a ball of liver (label 1, radius 28 mm) with a ball of gallbladder (label 2, radius 9 mm) in its side.
fn labels() -> Vec<u8> {
    let header = format!(
        "#INRIMAGE-4#{{\nXDIM={SIDE}\nYDIM={SIDE}\nZDIM={SIDE}\nVDIM=1\nTYPE=unsigned fixed\n\
         PIXSIZE=8 bits\nCPU=decm\nVX=2\nVY=2\nVZ=2\n"
    );
    let mut bytes = header.into_bytes();
    bytes.resize(256 - 4, b'\n');
    bytes.extend(b"##}\n");
    let inside = |p: [usize; 3], centre: [f64; 3], radius: f64| {
        let square: f64 = (0..3).map(|i| (2.0 * p[i] as f64 - centre[i]).powi(2)).sum();
        square < radius * radius
    };
    for z in 0..SIDE {
        for y in 0..SIDE {
            for x in 0..SIDE {
                let p = [x, y, z];
                let gallbladder = inside(p, [39.0, 12.0, 39.0], 9.0);
                let liver = inside(p, [39.0, 39.0, 39.0], 28.0);
                bytes.push(if gallbladder { 2 } else { u8::from(liver) });
            }
        }
    }
    bytes
}

/// A folder with the source `labels.inr` and the case `liver/case.toml` that turns it into a twin.
fn case_folder() -> Folder {
    let folder = Folder::new();
    let labels = labels();
    let sha256: String = Sha256::digest(&labels).iter().map(|byte| format!("{byte:02x}")).collect();
    folder.write("labels.inr", &labels);
    let structure = |id: &str, label: u8, tissue: &str| {
        format!(
            r##"
            [[twin.structures]]
            id = "{id}"
            labels = [{label}]
            name = {{ en = "{id}", de = "{id}" }}
            ta2 = ""
            tissue = "{tissue}"
            colour = "#7a3028"
            function = {{ en = "A ball.", de = "Eine Kugel." }}
            relations = {{ en = "Alone.", de = "Allein." }}
            body = "liver"
            mechanics = "liver"
            "##
        )
    };
    folder.write(
        "liver/case.toml",
        format!(
            r#"
            id = "liver"
            title = {{ en = "Two balls", de = "Zwei Kugeln" }}
            organ = "liver"
            level = 1
            minutes = 1
            summary = {{ en = "A test.", de = "Eine Probe." }}
            pathology = {{ en = "None.", de = "Keine." }}
            objectives = []
            story = {{ en = "A test.", de = "Eine Probe." }}
            real = []
            derived = [{{ en = "All of it.", de = "Alles." }}]
            [twin]
            labels = "labels.inr"
            axes = "LPS"
            front = [0.0, 1.0, 0.0]
            [[twin.sources]]
            file = "labels.inr"
            sha256 = "{sha256}"
            title = "Balls"
            credit = "Sectio"
            licence = "MIT OR Apache-2.0"
            [twin.surface]
            smoothing = [2.0, 2.0, 2.0]
            rounds = 25
            reach = 1.0
            levels = 2
            smallest_piece = 4
            label_spacing = 2.0
            [twin.lattice]
            spacing = 8.0
            gravity = [0.0, 9810.0, 0.0]
            {}
            {}
            [[twin.supports]]
            name = "Back"
            structure = "liver"
            facing = [0.0, 1.0, 0.0]
            stiffness = [1.0, 1.0]
            reason = "So that it stays."
            "#,
            structure("liver", 1, "liver"),
            structure("gallbladder", 2, "gallbladder"),
        ),
    );
    folder
}

fn build(folder: &Path, pack: &str) -> Output {
    // A folder goes by its path; the bare word is the case of the library.
    let arguments = ["twin", "build", "./liver", "--source", ".", "-o", pack];
    sectio(&arguments).current_dir(folder).output().unwrap()
}

fn line(output: &Output) -> String {
    let text = String::from_utf8(output.stderr.clone()).unwrap();
    text.lines().last().unwrap_or_default().to_owned()
}

/// A folder with the case, its pack and its picture, built once.
static BUILT: LazyLock<Folder> = LazyLock::new(|| {
    let folder = case_folder();
    let output = build(folder.path(), "liver.pack");
    assert!(output.status.success(), "{}", line(&output));
    let stages = String::from_utf8(output.stderr).unwrap();
    assert!(stages.contains("making surfaces") && stages.contains("wrote liver.pack"), "{stages}");
    folder
});

fn in_built(arguments: &[&str]) -> Output {
    sectio(arguments).current_dir(BUILT.path()).output().unwrap()
}

#[test]
fn a_built_twin_is_inspected() {
    let output = in_built(&["twin", "inspect", "liver.pack", "--json"]);
    assert!(output.status.success(), "{}", line(&output));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let file = fs::metadata(BUILT.path().join("liver.pack")).unwrap().len();
    assert_eq!(report["bytes"], file);
    assert!(report["lattice"]["cells"].as_u64().unwrap() > 100);
    let structures = report["structures"].as_array().unwrap();
    assert_eq!(structures.len(), 2);
    for (structure, id) in structures.iter().zip(["liver", "gallbladder"]) {
        assert_eq!((&structure["id"], &structure["closed"]), (&id.into(), &true.into()));
        let number = |key: &str| structure[key].as_f64().unwrap();
        assert!((number("volume_ml") / number("label_volume_ml") - 1.0).abs() < 0.01, "{id}");
    }
    let text = in_built(&["twin", "inspect", "liver.pack"]);
    assert!(String::from_utf8(text.stdout).unwrap().contains("gallbladder"));
}

#[test]
fn labels_alone_become_a_twin_that_verifies() {
    let folder = Folder::new();
    folder.write("labels.inr", labels());
    folder.write("names.csv", "1,liver\n2,gallbladder\n");
    let run = |arguments: &[&str]| sectio(arguments).current_dir(folder.path()).output().unwrap();
    let build = |more: &[&str]| {
        let mut arguments = vec!["twin", "build", "labels.inr", "-o", "own.pack"];
        arguments.extend(more);
        run(&arguments)
    };
    // A ball of 91 mL is no liver; the format has no axes.
    for (more, says) in [
        (&[][..], "name the axes"),
        (&["--axes", "LPS", "--labels", "none.csv"][..], "none.csv"),
        (&["--axes", "LPS", "--labels", "labels.inr"][..], "label table"),
        (&["--axes", "LPS", "--image", "names.csv"][..], "names.csv"),
    ] {
        let output = build(more);
        assert_eq!(output.status.code(), Some(1), "{}", line(&output));
        assert!(
            line(&output).starts_with("sectio: ") && line(&output).contains(says),
            "{says}: {}",
            line(&output)
        );
    }
    assert!(!folder.path().join("own.pack").exists());
    let output = build(&["--axes", "LPS", "--labels", "names.csv", "--title", "Mine", "--anyway"]);
    assert!(output.status.success(), "{}", line(&output));
    let notes = String::from_utf8(output.stderr).unwrap();
    assert!(notes.contains("Liver: 91 mL where healthy adults have"), "{notes}");
    let output = run(&["twin", "verify", "own.pack"]);
    assert!(output.status.success(), "{}", line(&output));
    assert!(String::from_utf8(output.stdout).unwrap().contains("sound; 2 structures"));
    let arguments = ["--axes", "LPS", "--labels", "names.csv", "--title", "DOE^JANE", "--anyway"];
    assert!(build(&arguments).status.success());
    let output = run(&["twin", "verify", "own.pack"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        line(&output).contains("title: ") && line(&output).contains("DOE^JANE"),
        "{}",
        line(&output)
    );
}

#[test]
fn a_portrait_is_a_png_of_the_size_asked_for() {
    let arguments = [
        "twin",
        "portrait",
        "liver.pack",
        "-o",
        "small.png",
        "--size",
        "120x80",
        "--view",
        "front",
    ];
    let output = in_built(&arguments);
    assert!(output.status.success(), "{}", line(&output));
    let file = fs::File::open(BUILT.path().join("small.png")).unwrap();
    let reader = png::Decoder::new(std::io::BufReader::new(file)).read_info().unwrap();
    assert_eq!((reader.info().width, reader.info().height), (120, 80));
}

#[test]
fn bad_input_is_one_line_and_leaves_nothing_behind() {
    let folder = case_folder();
    let path = folder.path();
    let refuse = |output: Output, says: &[&str]| {
        let text = line(&output);
        assert_eq!(output.status.code(), Some(1), "{text}");
        assert!(text.starts_with("sectio: "), "{text}");
        assert!(says.iter().all(|word| text.contains(word)), "{text}");
    };
    fs::write(path.join("broken.pack"), b"SECTIO? no").unwrap();
    let run = |arguments: &[&str]| sectio(arguments).current_dir(path).output().unwrap();
    refuse(run(&["twin", "inspect", "broken.pack"]), &["broken.pack"]);
    refuse(run(&["twin", "inspect", "missing.pack"]), &["missing.pack"]);
    refuse(run(&["twin", "portrait", "broken.pack", "-o", "a.png"]), &["broken.pack"]);
    refuse(run(&["twin", "verify", "broken.pack"]), &["broken.pack"]);
    refuse(run(&["twin", "export", "broken.pack", "-o", "a.glb"]), &["broken.pack"]);
    refuse(run(&["twin", "export", "broken.pack", "-o", "a.obj"]), &["a.obj", ".seg.nrrd"]);
    refuse(run(&["twin", "build", "nonesuch", "-o", "a.pack"]), &["nonesuch", "case.toml"]);
    // The source is not the one that the case names.
    fs::write(path.join("labels.inr"), b"something else").unwrap();
    refuse(build(path, "a.pack"), &["labels.inr", "SHA-256"]);
    fs::remove_file(path.join("labels.inr")).unwrap();
    refuse(build(path, "a.pack"), &["labels.inr", "--source"]);
    folder.write("labels.inr", labels());
    refuse(build(path, "no/such/folder/a.pack"), &["a.pack"]);
    let mut names: Vec<_> =
        fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["broken.pack", "labels.inr", "liver"]);
}

#[test]
fn a_served_case_leads_to_its_pack_and_picture() {
    let bundle = Folder::new();
    bundle.write("app/index.html", "<!doctype html><title>t</title>");
    let pack = fs::read(BUILT.path().join("liver.pack")).unwrap();
    bundle.write("packs/liver.pack", &pack);
    let output = in_built(&["twin", "portrait", "liver.pack", "-o", "card.png", "--size", "60x40"]);
    assert!(output.status.success(), "{}", line(&output));
    let picture = fs::read(BUILT.path().join("card.png")).unwrap();
    bundle.write("pictures/liver.png", &picture);
    let server = Server::start(&bundle);
    let fetch = |target: &str| {
        let answer = http::get(&server.address, target);
        assert_eq!(answer.status, 200, "{target}");
        answer
    };
    let json = |target: &str| -> Value { serde_json::from_slice(&fetch(target).body).unwrap() };

    let index = json("/cases/index.json");
    let cases = index["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 1, "only cases with a pack are offered");
    let case = &cases[0];
    assert_eq!((&case["id"], &case["organ"]), (&"liver".into(), &"Liver".into()));
    assert_eq!(case["pack"]["bytes"], pack.len());
    let sha256: String = Sha256::digest(&pack).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(case["pack"]["sha256"], sha256.as_str());
    let url = case["pack"]["url"].as_str().unwrap();
    assert_eq!(url, format!("/packs/liver-{}.pack", &sha256[..12]));
    let served = fetch(url);
    assert!(served.body == pack && served.header("content-encoding").is_none());
    assert_eq!(served.header("cache-control"), Some("public, max-age=31536000, immutable"));
    let served = fetch(case["picture"].as_str().unwrap());
    assert!(served.body == picture && served.header("content-type") == Some("image/png"));

    let details = json(case["details"].as_str().unwrap());
    assert!(details["structures"].as_array().unwrap().iter().any(|s| s["id"] == "gallbladder"));
    for constant in details["constants"].as_array().unwrap() {
        for key in ["unit", "source", "species", "method"] {
            assert!(constant[key].as_str().is_some_and(|text| !text.is_empty()), "{constant}");
        }
    }
    // The map shows what is planned, and opens what is here.
    let liver = &index["pathways"][0]["stops"];
    assert_eq!(liver[1]["after"][0], "Normal");
    assert_eq!(liver[0]["mastery"], 0.8);
    assert_eq!(case["questions"].as_array().unwrap().len(), 10);
    // What the page says in German it knows without asking again.
    assert_eq!(index["german"]["Liver: normal"], "Leber: normal");
    let explained = details["questions"][0]["explanation"].as_str().unwrap();
    assert!(details["german"][explained].as_str().is_some_and(|german| german.contains("Cantlie")));
    let kidney =
        details["structures"].as_array().unwrap().iter().find(|s| s["id"] == "kidney_right");
    assert_eq!(kidney.unwrap()["fma"], 7204);
    assert_eq!((&liver[0]["case"], &liver[1]["case"]), (&"liver".into(), &Value::Null));
    assert_eq!(http::get(&server.address, "/case/liver").status, 200);
    let health: Value = json("/healthz");
    assert_eq!(health["cases"], 1);
}
