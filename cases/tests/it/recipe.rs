//! `case.toml`: what it refuses, and where it says the fault is.

use cases::{
    case::{Case, Fault},
    library,
};

use crate::phantom::{FINE, recipe};

fn faults(change: impl Fn(String) -> String) -> Vec<Fault> {
    let text = change(recipe(b"", 2, FINE, false));
    Case::check(&text).expect_err("should be refused")
}

/// Line of the first mention of `words`, from 1.
fn line(text: &str, words: &str) -> usize {
    text.split(words).next().unwrap().matches('\n').count() + 1
}

#[test]
fn a_recipe_is_read() {
    let case = Case::parse("x/case.toml", &recipe(b"", 2, FINE, false)).unwrap();
    assert_eq!(case.twin.structures.len(), 2);
}

#[test]
fn faults_are_named_with_their_field_and_line() {
    for (from, to, field) in [
        ("minutes = 1", "minuets = 1", "minuets"),
        ("minutes = 1", "minutes = \"long\"", "minutes"),
        ("minutes = 1", "minutes = 1.5", "minutes"),
        ("level = 1", "level = 4", "level"),
        ("level = 1", "level = -1", "level"),
        ("de = \"z\"", "de = \" \"", "summary.de"),
        ("de = \"z\"", "fr = \"z\"", "summary.fr"),
        ("objectives = []", "objectives = [{ id = \"a\", en = \"b\" }]", "objectives[1].de"),
        ("de = \"g\"", "de = \"g\\n\\nh\"", "story"),
        ("origin = \"ct\"", "origin = \"xray\"", "origin"),
        ("labels = \"phantom.nii\"", "labels = \"other.nii\"", "twin.labels"),
        ("front = [0.0, 1.0, 0.0]", "front = [0.0, 1.0]", "twin.front"),
        ("labels = [2]", "labels = [1]", "twin.structures[2].labels"),
        ("labels = [2]", "labels = [0]", "twin.structures[2].labels"),
        ("labels = [2]", "labels = [70000]", "twin.structures[2].labels[1]"),
        ("id = \"s2\"", "id = \"s1\"", "twin.structures[2].id"),
        ("#7a3028", "red", "twin.structures[1].colour"),
        ("mechanics = \"liver\"", "mechanics = \"stone\"", "twin.structures[1].mechanics"),
        ("spacing = 4.0", "spacing = 0.0", "twin.lattice.spacing"),
        ("levels = 3", "levels = 9", "twin.surface.levels"),
        ("licence = \"CC0-1.0\"", "licence = \"\"", "twin.sources[1].licence"),
        ("title = {", "title {", "TOML"),
    ] {
        let text =
            recipe(b"", 2, FINE, false).replacen("level = 1", "level = 1\norigin = \"ct\"", 1);
        assert!(text.contains(from), "{from}");
        let changed = text.replacen(from, to, 1);
        let found = Case::check(&changed).expect_err(to);
        let named: Vec<&str> = found.iter().map(|fault| fault.field.as_str()).collect();
        let fault = found
            .iter()
            .find(|fault| fault.field == field)
            .unwrap_or_else(|| panic!("{to}: {named:?}"));
        assert_eq!(fault.line, line(&text, from), "{to}: {fault:?}");
        assert!(!fault.remedy.is_empty());
    }
}

#[test]
fn every_mistake_is_told_not_only_the_first() {
    let found = faults(|text| {
        text.replace("minutes = 1", "minuets = 1")
            .replace("level = 1", "level = \"one\"")
            .replace("organ = \"phantom\"\n", "")
            .replace("labels = [2]", "labels = [1]")
            .replacen("tissue = \"liver\"", "tissue = \"lever\"", 1)
            .replace("spacing = 4.0", "spacing = 500.0")
    });
    let named: Vec<&str> = found.iter().map(|fault| fault.field.as_str()).collect();
    for field in [
        "minuets",
        "minutes",
        "level",
        "organ",
        "twin.structures[2].labels",
        "twin.structures[1].tissue",
        "twin.lattice.spacing",
    ] {
        assert!(named.contains(&field), "{field} is not in {named:?}");
    }
    assert_eq!(named.len(), 7, "nothing is blamed twice: {named:?}");
    assert!(found.is_sorted_by_key(|fault| fault.line));
    let misspelt = found.iter().find(|fault| fault.field == "minuets").unwrap();
    assert!(misspelt.remedy.contains("`minutes`"), "{misspelt:?}");
}

#[test]
fn derivations_are_checked_like_the_rest() {
    let with = |entry: &str| {
        let text = recipe(b"", 1, FINE, false);
        text.replacen(
            "[twin.surface]",
            &format!("[[twin.derivations]]\n{entry}\n[twin.surface]"),
            1,
        )
    };
    let good = "kind = \"crop\"\nlow = [0.0, 0.0, 0.0]\nhigh = [9, 9.0, 9.0]";
    Case::check(&with(good)).unwrap();
    for (from, to, field, remedy) in [
        ("\"crop\"", "\"corp\"", "twin.derivations[1].kind", "write one of crop, "),
        ("kind = \"crop\"", "", "twin.derivations[1].kind", "write one of crop, "),
        ("low", "lows", "twin.derivations[1].lows", "`low`"),
        ("[9,", "[-9,", "twin.derivations[1].high", "swap"),
    ] {
        let found = Case::check(&with(&good.replacen(from, to, 1))).expect_err(to);
        let fault = found.iter().find(|fault| fault.field == field);
        assert!(fault.is_some_and(|fault| fault.remedy.contains(remedy)), "{found:?}");
    }
}

#[test]
fn the_table_of_anatomy_stands_behind_a_structure() {
    let known = recipe(b"", 1, FINE, false)
        + "[[twin.structures]]\nid = \"spleen\"\nlabels = [7]\nbody = \"spleen\"\n\
           [[twin.structures]]\nid = \"vessel\"\nanatomy = \"Bauchaorta\"\nlabels = [8]\ncolour = \"#ffffff\"\n";
    let case = Case::parse("x/case.toml", &known).unwrap();
    let [_, spleen, vessel] = &case.twin.structures[..] else { panic!("three structures") };
    assert_eq!((spleen.name.de.as_str(), spleen.ta2.as_str()), ("Milz", "Splen"));
    assert_eq!(spleen.mechanics.as_deref(), Some("spleen"));
    assert_eq!(vessel.anatomy.map(|a| a.id.as_str()), Some("abdominal_aorta"));
    assert_eq!((vessel.colour.as_str(), vessel.mechanics.as_deref()), ("#ffffff", None));

    let unknown = known.replace("id = \"spleen\"", "id = \"splean\"");
    let found = Case::check(&unknown).unwrap_err();
    assert_eq!(found[0].field, "twin.structures[2].id");
    assert!(found[0].remedy.contains("`spleen`"), "{found:?}");
}

#[test]
fn questions_can_be_answered() {
    let question = r#"
[[questions]]
id = "q"
kind = "single"
objective = "o"
structure = "s1"
stem = { en = "s", de = "s" }
options = [{ en = "a", de = "a", right = true }, { en = "b", de = "b" }]
explanation = { en = "e", de = "e" }
references = ["Gray"]
"#;
    let whole = |question: &str| {
        let head = recipe(b"", 1, FINE, false)
            .replace("objectives = []", "objectives = [{ id = \"o\", en = \"a\", de = \"c\" }]");
        let questions: String =
            (0..8).map(|i| question.replacen("id = \"q\"", &format!("id = \"q{i}\""), 1)).collect();
        format!("{head}{questions}\n[references]\nGray = \"Gray's Anatomy\"\n")
    };
    assert_eq!(Case::check(&whole(question)).unwrap().questions.len(), 8);
    for (from, to, field, says) in [
        (", right = true", "", "questions[1].options", "0 right"),
        ("de = \"b\" }", "de = \"b\", right = true }", "questions[1].options", "2 right"),
        ("\"single\"", "\"both\"", "questions[1].kind", "both"),
        ("objective = \"o\"", "objective = \"p\"", "questions[1].objective", "`p`"),
        ("structure = \"s1\"", "structure = \"s9\"", "questions[1].structure", "`s9`"),
        ("[\"Gray\"]", "[\"Grey\"]", "questions[1].references[1]", "`Grey`"),
        ("[\"Gray\"]", "[]", "questions[1].references", "empty"),
        (
            "{ en = \"e\", de = \"e\" }",
            "{ en = \"e\", de = \"\" }",
            "questions[1].explanation.de",
            "empty",
        ),
        ("{ en = \"a\", de = \"a\", right = true }, ", "", "questions[1].options", "1 answers"),
    ] {
        assert!(question.contains(from), "{from}");
        let found = Case::check(&whole(question).replacen(from, to, 1)).unwrap_err();
        assert_eq!(found[0].field, field, "{found:?}");
        assert!(found[0].reason.contains(says), "{found:?}");
    }
    let few =
        whole(question).replacen("[[questions]]\nid = \"q0\"", "[[procedures]]\nid = \"q0\"", 1);
    assert!(
        Case::check(&few).unwrap_err().iter().any(|fault| fault.reason.contains("7 questions"))
    );
}

#[test]
fn every_case_of_the_library_asks_and_follows_published_works() {
    let bibliography = include_str!("../../../REFERENCES.bib");
    for case in library() {
        assert!((8..=12).contains(&case.questions.len()), "{}", case.id);
        assert!(!case.real.is_empty() && !case.derived.is_empty(), "{}", case.id);
        for objective in &case.objectives {
            let asked = |question: &cases::case::Question| question.objective == objective.id;
            assert!(case.questions.iter().any(asked), "{}: nothing asks {}", case.id, objective.id);
        }
        for key in case.references.keys() {
            assert!(bibliography.contains(&format!("{{{key},")), "{}: {key}", case.id);
            let used = case.questions.iter().any(|question| question.references.contains(key));
            assert!(used, "{}: nothing follows {key}", case.id);
        }
    }
}

#[test]
fn the_published_schema_is_that_of_the_types() {
    let published: serde_json::Value =
        serde_json::from_str(include_str!("../../case.schema.json")).unwrap();
    assert!(
        published == Case::json_schema(),
        "write it anew: cargo run --bin sectio -- case schema > cases/case.schema.json"
    );
}
