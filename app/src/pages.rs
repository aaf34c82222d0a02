//! The pages and their addresses.

pub mod about;
pub mod case;
pub mod data;
pub mod library;
pub mod not_found;
pub mod trust;

use leptos::prelude::*;
use leptos_router::{
    components::{Route, Router, Routes},
    path,
};

use crate::{
    journal::store::Journal, offline::Offline, own::Own, pages, phrases::Phrases,
    preference::provide_preferences, text::use_language,
};

/// Everything.
#[component]
pub fn App() -> impl IntoView {
    provide_preferences();
    provide_context(Journal::open(None));
    provide_context(Offline::start());
    let phrases = Phrases::new(use_language());
    provide_context(phrases);
    provide_context(Own::open(phrases));
    view! {
        <Router>
            <Routes fallback=pages::not_found::NotFound>
                <Route path=path!("/") view=pages::library::Library />
                <Route path=path!("/case/:id") view=pages::case::Case />
                <Route path=path!("/about") view=pages::about::About />
                <Route path=path!("/trust") view=pages::trust::Trust />
                <Route path=path!("/data") view=pages::data::Data />
            </Routes>
        </Router>
    }
}
