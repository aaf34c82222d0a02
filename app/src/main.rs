//! The learner's application: library, operating view, journal; everything runs in the browser.

pub mod catalogue;
pub mod components;
pub mod download;
pub mod files;
pub mod journal;
pub mod offline;
pub mod own;
pub mod pages;
pub mod phrases;
pub mod preference;
pub mod quiz;
pub mod simulation;
pub mod slice;
pub mod steps;
pub mod text;
pub mod validation;
pub mod viewer;

#[cfg(all(test, target_arch = "wasm32"))]
wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);

fn main() {
    console_error_panic_hook::set_once();
    leptos::mount::mount_to_body(pages::App);
}
