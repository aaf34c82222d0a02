//! `sectio case …`: a folder full of mistakes, and the cases that come with the program.

use std::path::Path;

use crate::program::{Folder, sectio};

/// The case of the liver as it is shipped.
const LIVER: &str = include_str!("../../../cases/modules/liver/case.toml");

fn check(dir: &Path) -> (bool, String, String) {
    let output = sectio(&["case", "check", dir.to_str().unwrap()]).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.success(), text(output.stdout), text(output.stderr))
}

fn line(text: &str, words: &str) -> usize {
    text.split(words).next().unwrap().matches('\n').count() + 1
}

#[test]
fn the_cases_of_the_library_have_nothing_to_mend() {
    let modules = Path::new(env!("CARGO_MANIFEST_DIR")).join("../cases/modules");
    for case in cases::library() {
        let (good, said, mistakes) = check(&modules.join(&case.id));
        assert!(good, "{mistakes}");
        assert!(said.contains(&format!("{} questions", case.questions.len())), "{said}");
    }
}

#[test]
fn a_folder_full_of_mistakes_is_told_in_full() {
    let folder = Folder::new();
    let mut text = LIVER.to_owned();
    let mut expected = Vec::new();
    for (right, wrong, field) in [
        ("level = 1", "level = 7", "level"),
        ("minutes = 12", "minuets = 12", "minuets"),
        ("objective = \"flow\"", "objective = \"flaw\"", "questions[7].objective"),
        ("kind = \"multiple\"", "kind = \"many\"", "questions[3].kind"),
        (
            "references = [\"Vauthey2002\"",
            "references = [\"Vauthey2003\"",
            "questions[10].references[1]",
        ),
        ("labels = [127]", "labels = [84]", "twin.structures[3].labels"),
        ("id = \"gallbladder\"", "id = \"galbladder\"", "twin.structures[2].id"),
        ("licence = \"CC0-1.0\"", "license = \"CC0-1.0\"", "twin.sources[1].license"),
        ("spacing = 8.0", "spacing = \"8 mm\"", "twin.lattice.spacing"),
    ] {
        assert!(text.contains(right), "{right}");
        expected.push((line(&text, right), field));
        text = text.replacen(right, wrong, 1);
    }
    folder.write("case.toml", &text);
    let (good, _, said) = check(folder.path());
    assert!(!good);
    for (line, field) in expected {
        let place = format!("case.toml:{line}: {field}: ");
        assert!(said.contains(&place), "{place} is not in\n{said}");
    }
    assert!(
        said.contains("did you mean `minutes`?") && said.contains("did you mean `gallbladder`?")
    );
}

#[test]
fn what_lies_beside_must_be_what_is_meant() {
    let folder = Folder::new();
    folder.write("case.toml", LIVER);
    let (good, _, said) = check(folder.path());
    assert!(!good && said.contains("SOURCES.md: is not in the folder"), "{said}");
    folder.write("SOURCES.md", "# Sources");
    assert!(check(folder.path()).0);
    folder.write("liver.inr.gz", "another liver");
    let (good, _, said) = check(folder.path());
    let place = format!("case.toml:{}: twin.sources[1].sha256: ", line(LIVER, "sha256 = "));
    assert!(!good && said.contains(&place), "{said}");
}

#[test]
fn a_folder_without_a_case_is_named() {
    let folder = Folder::new();
    let (good, _, said) = check(folder.path());
    assert!(!good && said.contains("case.toml cannot be read"), "{said}");
    assert!(!said.contains("panicked"));
}

#[test]
fn the_schema_is_json() {
    let output = sectio(&["case", "schema"]).output().unwrap();
    let schema: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(schema["properties"]["questions"].is_object());
}
