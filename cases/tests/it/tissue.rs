//! A number of biology without value, unit, source, species and method does not load.

use cases::{library, tissue};
use solver_wasm::scene::{Law, Supply};

const WHOLE: &str = r#"
[liver]
young = { value = 5.5, unit = "kPa", source = "a", species = "human", method = "m", checked = false }
poisson = { value = 0.45, unit = "1", source = "a", species = "none", method = "m", checked = false }
density = { value = 1060.0, unit = "kg/m^3", source = "a", species = "human", method = "m", checked = false }
damping = { value = 0.01, unit = "s", source = "a", species = "human", method = "m", checked = false }
"#;

#[test]
fn each_part_of_a_constant_is_needed() {
    let table = tissue::parse("t.toml", WHOLE).unwrap();
    let material = table["liver"].material();
    assert_eq!(material.law, Law::NeoHookean { young: 5.5, poisson: 0.45 });
    assert!((material.density - 1.06e-6).abs() < 1e-12);
    for part in [
        "value = 5.5, ",
        "unit = \"kPa\", ",
        "source = \"a\", ",
        "species = \"human\", ",
        "method = \"m\", ",
    ] {
        let text = WHOLE.replacen(part, "", 1);
        let error = tissue::parse("t.toml", &text).unwrap_err().to_string();
        assert!(error.contains("t.toml:3"), "{part}: {error}");
    }
    for (from, to) in
        [("source = \"a\"", "source = \" \""), ("kPa", "Pa"), ("5.5", "-1.0"), ("0.45", "0.5")]
    {
        assert!(tissue::parse("t.toml", &WHOLE.replacen(from, to, 1)).is_err(), "{to}");
    }
}

#[test]
fn the_constants_make_one_whole_law() {
    let fault = |from: &str, to: &str| {
        tissue::parse("t.toml", &WHOLE.replacen(from, to, 1)).unwrap_err().to_string()
    };
    assert!(fault("poisson =", "bulk =").contains("liver.bulk"), "unit of a modulus");
    assert!(fault("poisson =", "toughness =").contains("needs"), "unit of toughness");
    assert!(fault("young =", "capsule_young =").contains("exactly one"));
    assert!(fault("young =", "guccione_c =").contains("guccione_fibre"));
    assert!(fault("damping =", "relaxation_time =").contains("liver.damping"));
    assert!(fault("young =", "stiffness =").contains("no constant that the solver knows"));
    let table = tissue::table().unwrap();
    assert!(table["myocardium"].material().law.has_fibres());
    assert_eq!(table["brain"].material().law.moduli(), (f64::from(0.67_f32), 148.0));
}

#[test]
fn every_soft_structure_of_the_library_has_its_mechanics() {
    let table = tissue::table().unwrap();
    for case in library() {
        for structure in &case.twin.structures {
            if let Some(name) = &structure.mechanics {
                assert!(table.contains_key(name), "{}: {}: {name}", case.id, structure.id);
            }
        }
    }
}

/// Tissue that nobody decided on would not bleed, which a learner would take for the truth.
#[test]
fn every_tissue_bleeds_but_those_that_are_known_not_to() {
    let dry = tissue::table().unwrap().iter().filter(|(_, m)| m.supply() == Supply::None);
    let dry: Vec<&str> = dry.map(|(name, _)| name.as_str()).collect();
    // Fascia has next to no vessels, ventricles hold liquor, and of great arteries of hearts there is but the wall.
    assert_eq!(dry, ["deep_fascia", "great_artery", "ventricles"]);
    let both = WHOLE.to_owned()
        + "oozing = { value = 0.5, unit = \"mL/min/cm^2\", source = \"a\", species = \"none\", method = \"m\", checked = false }\n"
        + &["pressure", "supply", "backflow"].map(|what| {
            let unit = match what { "pressure" => "mmHg", "supply" => "mL/min", _ => "1" };
            format!("blood_{what} = {{ value = 0.5, unit = \"{unit}\", source = \"a\", species = \"none\", method = \"m\", checked = false }}\n")
        }).concat();
    let error = tissue::parse("t.toml", &both).unwrap_err().to_string();
    assert!(error.contains("oozing"), "{error}");
    let one = both.replace("blood_supply", "# blood_supply").replace("oozing", "# oozing");
    assert!(tissue::parse("t.toml", &one).unwrap_err().to_string().contains("blood_supply"));
}

#[test]
fn the_words_of_the_table_have_their_german() {
    let named = |name: &str| name.contains(['–', '₁', '₂']) || name.starts_with("Guccione");
    for (tissue, mechanics) in tissue::table().unwrap() {
        for (quantity, constant) in mechanics.constants() {
            let choice = constant.source.starts_with("modelling choice");
            let words = [&constant.species, &constant.method]
                .into_iter()
                .chain(choice.then_some(&constant.source))
                .map(String::as_str)
                .chain((!named(quantity)).then_some(quantity));
            for word in words {
                assert!(tissue::german(word).unwrap().is_some(), "{tissue}: “{word}”");
            }
        }
    }
    assert_eq!(tissue::german("ICRU Report 46 (1992)").unwrap(), None);
}
