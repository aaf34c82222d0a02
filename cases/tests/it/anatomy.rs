//! The table of anatomy: whole, unambiguous, and found by any name.

use cases::anatomy::{self, Table, fold, name_key};

const SMALL: &str = r##"
[references]
Standring2020 = "Gray's Anatomy"

[group.kidney]
tissue = "kidney"
colour = "#7d3a32"
mechanics = "kidney"
function = { en = "Filters.", de = "Filtert." }
references = ["Standring2020"]

[[structure]]
id = "kidney_right"
en = "Right kidney"
de = "Rechte Niere"
ta2 = "Ren dexter"
fma = 7204
group = "kidney"
relations = { en = "Right.", de = "Rechts." }

[[structure]]
id = "kidney_left"
en = "Left kidney"
de = "Linke Niere"
aliases = ["Ren sinister"]
group = "kidney"
relations = { en = "Left.", de = "Links." }
volume = { low = 88.0, high = 275.0, reference = "Standring2020", how = "as an example" }
"##;

/// The classes of TotalSegmentator 2, task "total" [Wasserthal et al. 2023].
const TOTAL_SEGMENTATOR: &str = "spleen kidney_right kidney_left gallbladder liver stomach pancreas adrenal_gland_right \
adrenal_gland_left lung_upper_lobe_left lung_lower_lobe_left lung_upper_lobe_right lung_middle_lobe_right lung_lower_lobe_right \
esophagus trachea thyroid_gland small_bowel duodenum colon urinary_bladder prostate kidney_cyst_left kidney_cyst_right sacrum \
vertebrae_S1 vertebrae_L5 vertebrae_L4 vertebrae_L3 vertebrae_L2 vertebrae_L1 vertebrae_T12 vertebrae_T11 vertebrae_T10 \
vertebrae_T9 vertebrae_T8 vertebrae_T7 vertebrae_T6 vertebrae_T5 vertebrae_T4 vertebrae_T3 vertebrae_T2 vertebrae_T1 \
vertebrae_C7 vertebrae_C6 vertebrae_C5 vertebrae_C4 vertebrae_C3 vertebrae_C2 vertebrae_C1 heart aorta pulmonary_vein \
brachiocephalic_trunk subclavian_artery_right subclavian_artery_left common_carotid_artery_right common_carotid_artery_left \
brachiocephalic_vein_left brachiocephalic_vein_right atrial_appendage_left superior_vena_cava inferior_vena_cava \
portal_vein_and_splenic_vein iliac_artery_left iliac_artery_right iliac_vena_left iliac_vena_right humerus_left humerus_right \
scapula_left scapula_right clavicula_left clavicula_right femur_left femur_right hip_left hip_right spinal_cord \
gluteus_maximus_left gluteus_maximus_right gluteus_medius_left gluteus_medius_right gluteus_minimus_left \
gluteus_minimus_right autochthon_left autochthon_right iliopsoas_left iliopsoas_right brain skull rib_left_1 rib_left_2 \
rib_left_3 rib_left_4 rib_left_5 rib_left_6 rib_left_7 rib_left_8 rib_left_9 rib_left_10 rib_left_11 rib_left_12 rib_right_1 \
rib_right_2 rib_right_3 rib_right_4 rib_right_5 rib_right_6 rib_right_7 rib_right_8 rib_right_9 rib_right_10 rib_right_11 \
rib_right_12 sternum costal_cartilages";

#[test]
fn every_class_of_totalsegmentator_is_known_with_its_side() {
    let classes: Vec<&str> = TOTAL_SEGMENTATOR.split_whitespace().collect();
    assert_eq!(classes.len(), 117);
    for class in classes {
        let found = anatomy::find(class).unwrap_or_else(|| panic!("{class} is unknown"));
        for side in ["left", "right"] {
            assert_eq!(class.contains(side), found.id.contains(side), "{class}: {}", found.id);
        }
    }
}

#[test]
fn a_structure_is_found_by_any_of_its_names() {
    for name in [
        "kidney_right",
        "Right Kidney",
        "kidney, right",
        "rechte niere",
        "REN DEXTER",
        "FMA 7204",
        "FMA:7204",
        "fma7204",
    ] {
        assert_eq!(anatomy::find(name).map(|a| a.id.as_str()), Some("kidney_right"), "{name}");
    }
    assert_eq!(anatomy::find("Speiseröhre").unwrap().id, "oesophagus");
    assert_eq!(anatomy::find("speiseroehre").unwrap().id, "oesophagus");
    assert_eq!(anatomy::find("L5 vertebra").unwrap().id, "vertebra_l5");
    assert_eq!(anatomy::find("5. Lendenwirbel").unwrap().id, "vertebra_l5");
    assert_eq!(anatomy::find("rib_left_11").unwrap().id, "rib_left_11");
    assert_eq!(anatomy::find("Segment_1"), None);
    assert_eq!(anatomy::find(""), None);
}

#[test]
fn keys_forget_spelling_and_keep_meaning() {
    assert_eq!(name_key("Vertebrae_L5"), name_key("l 5 vertebrae"));
    assert_eq!(name_key("Upper lobe of the left lung"), name_key("lung_upper_lobe_left"));
    assert_ne!(name_key("rib_left_1"), name_key("rib_left_11"));
    assert_eq!(fold("  Nebenniere, rechts (Ödem) "), "nebenniere rechts oedem");
}

#[test]
fn every_reference_of_the_table_is_in_the_bibliography() {
    let bibliography = include_str!("../../../REFERENCES.bib");
    for key in anatomy::table().unwrap().references().keys() {
        assert!(bibliography.contains(&format!("{{{key},")), "{key}");
    }
}

#[test]
fn numbers_of_the_fma_are_given_once() {
    let mut numbers: Vec<u32> =
        anatomy::table().unwrap().structures().iter().filter_map(|a| a.fma).collect();
    assert!(numbers.len() > 100, "{}", numbers.len());
    let count = numbers.len();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), count);
}

#[test]
fn what_a_group_says_holds_for_its_structures() {
    let table = Table::parse("a.toml", SMALL).unwrap();
    let left = table.find("kidney left").unwrap();
    assert_eq!(left.function.de, "Filtert.");
    assert_eq!(left.mechanics.as_deref(), Some("kidney"));
    assert_eq!(left.volume.as_ref().map(|range| range.high), Some(275.0));
}

#[test]
fn faults_are_named_with_file_line_and_field() {
    for (from, to, line, says) in [
        ("ta2 = \"Ren dexter\"", "latin = \"Ren dexter\"", 16, "latin"),
        ("fma = 7204", "fma = -1", 17, "invalid"),
        ("aliases = [\"Ren sinister\"]", "aliases = [\"dexter ren\"]", 21, "kidney_right"),
        ("id = \"kidney_left\"", "id = \"kidney left\"", 21, "id"),
        ("de = \"Linke Niere\"", "de = \" \"", 21, "language"),
        ("en = \"Left.\"", "en = \"\"", 21, "language"),
        (
            "group = \"kidney\"\nrelations = { en = \"Left",
            "relations = { en = \"Left",
            21,
            "tissue",
        ),
        (
            "group = \"kidney\"\nrelations = { en = \"Left",
            "group = \"k\"\nrelations = { en = \"Left",
            21,
            "group",
        ),
        ("high = 275.0", "high = 8.0", 21, "volume"),
        ("reference = \"Standring2020\"", "reference = \"Nobody1900\"", 21, "Nobody1900"),
        ("mechanics = \"kidney\"", "mechanics = \"stone\"", 12, "mechanics"),
        ("#7d3a32", "red", 12, "colour"),
        ("tissue = \"kidney\"", "tissue = \"stone\"", 6, "stone"),
    ] {
        assert!(SMALL.contains(from), "{from}");
        let error = Table::parse("a.toml", &SMALL.replacen(from, to, 1)).unwrap_err().to_string();
        assert!(error.starts_with(&format!("a.toml:{line}: ")), "{to}: {error}");
        assert!(error.contains(says), "{says}: {error}");
    }
}
