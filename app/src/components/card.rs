//! A case in the library.

use api::{CaseEntry, Origin};
use leptos::prelude::*;
use leptos_router::components::A;

use super::icon::{Icon, icon};
use crate::{
    catalogue::stage,
    journal::{Progress, Stage},
    offline::use_offline,
    phrases::use_phrases,
    steps::Step,
    text::use_language,
};

/// The tag of a picture: icon and key of the words.
pub fn origin_tag(origin: Origin) -> (Icon, &'static str) {
    match origin {
        Origin::Ct => (Icon::Scan, "origin.ct"),
        Origin::Mr => (Icon::Scan, "origin.mr"),
        Origin::Reference => (Icon::Layers, "origin.reference"),
        Origin::DerivedFromCt => (Icon::Layers, "origin.derived"),
        Origin::Model => (Icon::Layers, "origin.model"),
    }
}

/// A picture, what is done here, and how far one is.
#[component]
pub fn CaseCard(
    /// As in the index.
    case: CaseEntry,
    /// What the journal says.
    progress: Memo<Progress>,
) -> impl IntoView {
    let language = use_language();
    let offline = use_offline();
    let phrases = use_phrases();
    let missing = RwSignal::new(false);
    let (origin_icon, origin_text) = origin_tag(case.origin);
    let pack = case.pack.url.clone();
    let kept = move || offline.ready(&pack);
    let id = case.id.clone();
    let done = Memo::new(move |_| {
        let steps = progress.with(|progress| progress.get(&id).map_or(0, |case| case.steps.len()));
        (steps, progress.with(|progress| stage(progress, &id)))
    });
    let state = move || {
        let (steps, stage) = done.get();
        let language = language.get();
        match stage {
            Stage::New => language.text("stage.new").to_owned(),
            Stage::Begun => language.fill(
                "stage.begun",
                &[("done", &steps.to_string()), ("all", &Step::ALL.len().to_string())],
            ),
            Stage::Done => language.text("stage.done").to_owned(),
        }
    };
    let level = case.level.clamp(1, 3);
    let level_text = move || language.get().fill("card.level", &[("level", &level.to_string())]);
    let minutes = case.minutes.to_string();
    view! {
        <A href=format!("/case/{}", case.id) attr:class="card case" attr:data-case=case.id.clone()>
            <div class="stage-card">
                <Show
                    when=move || !missing.get()
                    fallback=move || view! { <span class="missing">{move || language.get().text("card.no_picture")}</span> }
                >
                    <img
                        src=case.picture.clone()
                        alt=phrases.of(case.picture_alt.clone())
                        loading="lazy"
                        on:error=move |_| missing.set(true)
                    />
                </Show>
                <span class="tag">{icon(origin_icon, "icon-s")}{move || language.get().text(origin_text)}</span>
                <Show when=kept>
                    <span class="tag kept">
                        {icon(Icon::Download, "icon-s")}{move || language.get().text("card.kept")}
                    </span>
                </Show>
            </div>
            <div class="body">
                <span class="eyebrow">{phrases.of(case.organ)}</span>
                <h3>{phrases.of(case.title)}</h3>
                <p class="small muted">{phrases.of(case.summary)}</p>
                <div class="meta">
                    {move || ring(done.get().0, Step::ALL.len())}
                    <span class="num">{state}</span>
                    <span class="grow"></span>
                    <span class="pips" role="img" aria-label=level_text>
                        {(1..=3).map(|pip| view! { <i class:on=pip <= level></i> }).collect_view()}
                    </span>
                    <span class="num">
                        {move || language.get().fill("card.minutes", &[("minutes", &minutes)])}
                    </span>
                </div>
            </div>
        </A>
    }
}

/// Share of steps done, as a ring.
fn ring(done: usize, all: usize) -> impl IntoView {
    let round = 2.0 * std::f64::consts::PI * 15.0;
    let part = round * done as f64 / all.max(1) as f64;
    view! {
        <svg class="ring" viewBox="0 0 36 36" aria-hidden="true">
            <circle class="track" cx="18" cy="18" r="15" />
            {(done > 0).then(|| view! {
                <circle class="value" cx="18" cy="18" r="15" stroke-dasharray=format!("{part:.1} {round:.1}") />
            })}
        </svg>
    }
}
