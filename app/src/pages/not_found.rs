//! An address that leads nowhere.

use leptos::prelude::*;

use crate::{
    components::shell::{Shell, use_title},
    text::{tr, use_language},
};

/// Says so, and leads back.
#[component]
pub fn NotFound() -> impl IntoView {
    let language = use_language();
    use_title(move || language.get().text("missing.title").to_owned());
    view! {
        <Shell>
            <article class="prose">
                <h1>{tr("missing.title")}</h1>
                <p class="lead">{tr("missing.what")}</p>
                <div class="actions"><a class="btn btn-primary" href="/">{tr("trouble.library")}</a></div>
            </article>
        </Shell>
    }
}
