//! The cases that come with the program.

use std::sync::LazyLock;

use crate::case::Case;

/// Name and text of each module's description.
const MODULES: [(&str, &str); 11] = [
    ("liver/case.toml", include_str!("../modules/liver/case.toml")),
    ("cirrhosis/case.toml", include_str!("../modules/cirrhosis/case.toml")),
    ("liver_tumour/case.toml", include_str!("../modules/liver_tumour/case.toml")),
    ("abdomen/case.toml", include_str!("../modules/abdomen/case.toml")),
    ("lung/case.toml", include_str!("../modules/lung/case.toml")),
    ("dissection/case.toml", include_str!("../modules/dissection/case.toml")),
    ("brain/case.toml", include_str!("../modules/brain/case.toml")),
    ("hip/case.toml", include_str!("../modules/hip/case.toml")),
    ("heart/case.toml", include_str!("../modules/heart/case.toml")),
    ("heart_hcm/case.toml", include_str!("../modules/heart_hcm/case.toml")),
    ("skin/case.toml", include_str!("../modules/skin/case.toml")),
];

static LIBRARY: LazyLock<Vec<Case>> = LazyLock::new(|| {
    // A description that does not parse fails the test below, so the list is whole in every build that passed.
    MODULES.iter().filter_map(|(file, text)| Case::parse(file, text).ok()).collect()
});

/// All cases, in the order of the pathway map.
pub fn library() -> &'static [Case] {
    &LIBRARY
}

/// The case with this identifier.
pub fn find(id: &str) -> Option<&'static Case> {
    LIBRARY.iter().find(|case| case.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_module_parses_and_is_named_after_its_folder() {
        for (file, text) in MODULES {
            let case = Case::parse(file, text).unwrap_or_else(|e| panic!("{e}"));
            assert_eq!(file, format!("{}/case.toml", case.id));
        }
        assert_eq!(library().len(), MODULES.len());
    }
}
