//! While the twin arrives: what is happening, and how far it is.

use leptos::prelude::*;

use super::Stage;
use crate::{
    components::icon::{Icon, icon},
    text::{tr, use_language},
};

const MEGABYTE: f64 = 1e6;

/// The stage with its progress.
#[component]
pub fn Loading(stage: Stage) -> impl IntoView {
    let language = use_language();
    let (share, words) = match stage {
        Stage::Asking => (0.02, "loading.asking"),
        Stage::Downloading { bytes, all } => {
            (0.05 + 0.85 * bytes as f64 / all.max(1) as f64, "loading.downloading")
        }
        Stage::Unpacking => (0.95, "loading.unpacking"),
    };
    let share = share.min(1.0);
    let text = move || {
        let language = language.get();
        match stage {
            Stage::Downloading { bytes, all } => {
                let megabytes = |bytes: u64| language.number(bytes as f64 / MEGABYTE, 1);
                language.fill(words, &[("bytes", &megabytes(bytes)), ("all", &megabytes(all))])
            }
            _ => language.text(words).to_owned(),
        }
    };
    let percent = (share * 100.0).round();
    view! {
        <main class="operate" aria-busy="true">
            <header class="hud bar-top">
                <a class="btn btn-ghost btn-icon" href="/" aria-label=tr("case.back")>{icon(Icon::Back, "")}</a>
            </header>
            <div class="loading">
                <section class="glass">
                    <h1 class="eyebrow">{tr("loading.title")}</h1>
                    <div
                        class="bar"
                        role="progressbar"
                        aria-label=tr("loading.title")
                        aria-valuemin="0"
                        aria-valuemax="100"
                        aria-valuenow=percent.to_string()
                    >
                        <i style:width=format!("{percent}%")></i>
                    </div>
                    <p class="small muted num" role="status">{text}</p>
                </section>
            </div>
        </main>
    }
}
