//! What a person prefers, kept in this browser: theme, language, drawing quality.

use leptos::prelude::*;
use web_sys::Storage;

use crate::text::Language;

/// Light or dark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// The operating theatre at night.
    #[default]
    Dark,
    /// Bright rooms.
    Light,
}

impl Theme {
    /// The other one.
    pub fn other(self) -> Self {
        match self {
            Self::Dark => Self::Light,
            Self::Light => Self::Dark,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Dark => "dark",
            Self::Light => "light",
        }
    }
}

/// The theme in use.
pub fn use_theme() -> RwSignal<Theme> {
    expect_context::<RwSignal<Theme>>()
}

/// Put theme and language into the context, as the page's first script chose them, and keep page and storage in step.
pub fn provide_preferences() {
    let root = document().document_element();
    let attribute =
        |name| root.as_ref().and_then(|root| root.get_attribute(name)).unwrap_or_default();
    let theme = if attribute("data-theme") == "light" { Theme::Light } else { Theme::Dark };
    let theme = RwSignal::new(theme);
    let language = RwSignal::new(Language::from_tag(&attribute("lang")));
    provide_context(theme);
    provide_context(language);
    Effect::new(move |before: Option<(Theme, Language)>| {
        let now = (theme.get(), language.get());
        if let Some(root) = document().document_element() {
            // Refused only for names that are no attribute names.
            let _ = root.set_attribute("data-theme", now.0.name());
            let _ = root.set_attribute("lang", now.1.tag());
        }
        // What the system prefers is not remembered until the person chooses.
        if before.is_some_and(|before| before.0 != now.0) {
            remember("theme", now.0.name());
        }
        if before.is_some_and(|before| before.1 != now.1) {
            remember("language", now.1.tag());
        }
        now
    });
}

/// Draw with less effort? The address decides, then what was remembered, then whether drawing happens in software.
pub fn low_quality(query: Option<&str>, remembered: Option<&str>, renderer: &str) -> bool {
    match query.or(remembered) {
        Some("low") => true,
        Some("high") => false,
        _ => {
            let renderer = renderer.to_ascii_lowercase();
            ["swiftshader", "llvmpipe", "softpipe", "software", "basic render"]
                .iter()
                .any(|name| renderer.contains(name))
        }
    }
}

/// A remembered choice; none if there is none or the browser refuses storage.
pub fn recall(key: &str) -> Option<String> {
    storage()?.get_item(key).ok()?
}

/// Remember a choice; without storage it lasts as long as the page.
pub fn remember(key: &str, value: &str) {
    if let Some(storage) = storage() {
        let _ = storage.set_item(key, value);
    }
}

fn storage() -> Option<Storage> {
    window().local_storage().ok()?
}

/// Does the person ask for less motion?
pub fn reduced_motion() -> bool {
    window()
        .match_media("(prefers-reduced-motion: reduce)")
        .ok()
        .flatten()
        .is_some_and(|query| query.matches())
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn quality_follows_address_then_memory_then_renderer() {
        let gpu = "ANGLE (Intel, Mesa Intel(R) Iris(R) Xe Graphics)";
        let software = "ANGLE (Google, Vulkan 1.3.0 (SwiftShader Device), SwiftShader driver)";
        assert!(!low_quality(None, None, gpu));
        assert!(low_quality(None, None, software));
        assert!(!low_quality(None, Some("high"), software));
        assert!(low_quality(Some("low"), Some("high"), gpu));
    }
}
