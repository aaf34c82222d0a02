//! `case.toml`: what it refuses, and where it says the fault is.

use cases::case::Case;

use crate::phantom::{FINE, recipe};

fn error(change: impl Fn(String) -> String) -> String {
    let text = change(recipe(b"", 2, FINE, false));
    Case::parse("x/case.toml", &text).expect_err("should be refused").to_string()
}

#[test]
fn a_recipe_is_read() {
    let case = Case::parse("x/case.toml", &recipe(b"", 2, FINE, false)).unwrap();
    assert_eq!(case.twin.structures.len(), 2);
}

#[test]
fn faults_are_named_with_file_and_place() {
    let unknown = error(|t| t.replace("minutes = 1", "minuets = 1"));
    assert!(unknown.contains("x/case.toml:6") && unknown.contains("minuets"), "{unknown}");
    for (from, to, field) in [
        ("level = 1", "level = 4", "level"),
        ("labels = \"phantom.nii\"", "labels = \"other.nii\"", "other.nii"),
        ("labels = [2]", "labels = [1]", "labels"),
        ("id = \"s2\"", "id = \"s1\"", "id"),
        ("#7a3028", "red", "colour"),
        ("spacing = 5.0", "spacing = 0.0", "lattice"),
        ("levels = 3", "levels = 9", "surface"),
    ] {
        let message = error(|t| t.replace(from, to));
        assert!(message.contains("x/case.toml") && message.contains(field), "{field}: {message}");
    }
}
