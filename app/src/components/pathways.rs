//! The pathway map: each organ from healthy to operated.

use api::{CaseIndex, Stop};
use leptos::prelude::*;

use super::icon::{Icon, icon};
use crate::{
    catalogue::{Standing, done_of, standing},
    journal::{Progress, Stage},
    phrases::use_phrases,
    text::{tr, use_language},
};

/// Stops a row has room for.
const COLUMNS: usize = 3;

/// All pathways with how each stop stands.
#[component]
pub fn PathwayMap(
    /// The library.
    index: StoredValue<CaseIndex>,
    /// What the journal says.
    progress: Memo<Progress>,
) -> impl IntoView {
    let language = use_language();
    let phrases = use_phrases();
    let count = move || {
        let (done, all) =
            index.with_value(|index| progress.with(|progress| done_of(index, progress)));
        language
            .get()
            .fill("paths.count", &[("done", &done.to_string()), ("all", &all.to_string())])
    };
    // One share for the whole map, as far as the map says; a stop that differs says so in its label.
    let share = index.with_value(|index| {
        index.pathways.iter().flat_map(|row| &row.stops).find_map(|stop| stop.mastery)
    });
    let mastery = move || {
        let percent = format!("{:.0}", 100.0 * share.unwrap_or(1.0));
        language.get().fill("paths.mastery", &[("percent", &percent)])
    };
    let rows = index.with_value(|index| index.pathways.clone());
    view! {
        <section class="card pad">
            <div class="row between"><h2>{tr("paths.title")}</h2><span class="tiny quiet num">{count}</span></div>
            <p class="small muted">{tr("paths.lead")}</p>
            {rows
                .into_iter()
                .map(|pathway| {
                    let last = pathway.stops.len().saturating_sub(1);
                    let gaps = COLUMNS.saturating_sub(pathway.stops.len());
                    view! {
                        <div class="track">
                            <span>{phrases.of(pathway.title)}</span>
                            <div class="stops">
                                {pathway
                                    .stops
                                    .into_iter()
                                    .enumerate()
                                    .map(|(at, stop)| view! { <PathwayStop index stop end=at == last progress /> })
                                    .collect_view()}
                                {(0..gaps).map(|_| view! { <div class="stop gap"></div> }).collect_view()}
                            </div>
                        </div>
                    }
                })
                .collect_view()}
            <div class="legend" aria-hidden="true">
                <span><i></i>{tr("paths.open")}</span>
                <span><i class="dashed"></i>{tr("paths.planned")}</span>
                <span><i class="mastered">{icon(Icon::Check, "icon-s")}</i>{tr("paths.mastered")}</span>
            </div>
            <p class="tiny quiet">{mastery}</p>
        </section>
    }
}

/// One stop; a link where there is a case, a dashed ring where one is planned.
#[component]
fn PathwayStop(
    index: StoredValue<CaseIndex>,
    stop: Stop,
    end: bool,
    progress: Memo<Progress>,
) -> impl IntoView {
    let language = use_language();
    let phrases = use_phrases();
    let title = stop.title.clone();
    let after = stop.after.clone();
    let address = stop.case.as_ref().map(|case| format!("/case/{case}"));
    let stands = Memo::new(move |_| {
        index.with_value(|index| progress.with(|progress| standing(index, &stop, progress)))
    });
    let is = move |stage: Stage| move || stands.get() == Standing::Case(stage);
    let label = {
        let title = title.clone();
        let after = after.clone();
        move || {
            let state = match stands.get() {
                Standing::Planned => "paths.planned",
                Standing::Case(Stage::New) => "stage.new",
                Standing::Case(Stage::Begun) => "paths.begun",
                Standing::Case(Stage::Done) => "stage.done",
                Standing::Mastered => "paths.mastered",
            };
            let language = language.get();
            let mut label = format!("{}, {}", phrases.say(&title), language.text(state));
            if !after.is_empty() {
                let after: Vec<String> = after.iter().map(|one| phrases.say(one)).collect();
                label += ", ";
                label += &language.fill("paths.after", &[("stops", &after.join(", "))]);
            }
            label
        }
    };
    let tip = label.clone();
    let mark = move || {
        let checked = matches!(stands.get(), Standing::Mastered | Standing::Case(Stage::Done));
        checked.then(|| icon(Icon::Check, "icon-s"))
    };
    view! {
        <div
            class="stop"
            class:end=end
            class:planned=move || stands.get() == Standing::Planned
            class:begun=is(Stage::Begun)
            class:done=is(Stage::Done)
            class:mastered=move || stands.get() == Standing::Mastered
            title=tip
        >
            {match address {
                Some(address) => view! { <a class="dot" href=address aria-label=label>{mark}</a> }.into_any(),
                None => view! { <span class="dot" role="img" aria-label=label></span> }.into_any(),
            }}
            <small>{phrases.of(title)}</small>
        </div>
    }
}
