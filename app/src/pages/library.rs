//! The library: where to go on, what there is, how it hangs together.

use api::{CaseEntry, CaseIndex};
use leptos::{ev, prelude::*, task::spawn_local};

use crate::{
    catalogue::{Filter, next, own_shown, shown, stage},
    components::{
        add_case::AddCase,
        card::CaseCard,
        icon::{Icon, icon},
        own_card::{Asked, OwnCard, OwnDialogs},
        pathways::PathwayMap,
        shell::{Shell, use_title},
        trouble::{Trouble, TroublePage},
    },
    download,
    journal::{Progress, Stage, store::use_journal},
    offline::use_offline,
    own::use_own,
    phrases::use_phrases,
    steps::Step,
    text::{tr, use_language},
};

/// Cards drawn while the index is on its way.
const SKELETONS: usize = 3;

#[derive(Clone)]
enum State {
    Loading,
    Ready(StoredValue<CaseIndex>),
    Failed(Trouble),
}

/// The first page.
#[component]
pub fn Library() -> impl IntoView {
    let language = use_language();
    let offline = use_offline();
    let phrases = use_phrases();
    let progress = use_journal().progress();
    let state = RwSignal::new(State::Loading);
    use_title(move || language.get().text("library.title").to_owned());
    let load = move || {
        state.set(State::Loading);
        spawn_local(async move {
            let loaded = match download::json::<CaseIndex>(download::INDEX).await {
                Ok(index) => {
                    offline.keep(small_files(&index));
                    phrases.learn(&index.german);
                    State::Ready(StoredValue::new(index))
                }
                Err(error) => State::Failed(error.into()),
            };
            state.try_set(loaded);
        });
    };
    load();
    move || match state.get() {
        State::Failed(trouble) => {
            view! { <TroublePage trouble retry=move |()| load() /> }.into_any()
        }
        State::Loading => view! { <Shell><Skeleton /></Shell> }.into_any(),
        State::Ready(index) => view! { <Shell><Shelves index progress /></Shell> }.into_any(),
    }
}

/// What the library and the about page need without a connection; packs are kept when their case is opened.
fn small_files(index: &CaseIndex) -> Vec<String> {
    let of_cases = index.cases.iter().flat_map(|case| [case.details.clone(), case.picture.clone()]);
    std::iter::once(download::INDEX.to_owned())
        .chain(of_cases)
        .filter(|address| !address.is_empty())
        .collect()
}

/// The page's shape before the index is there.
#[component]
fn Skeleton() -> impl IntoView {
    view! {
        <div class="library" aria-busy="true">
            <p class="unseen" role="status">{tr("library.loading")}</p>
            <aside class="side"><section class="card pad"><h2>{tr("paths.title")}</h2></section></aside>
            <div>
                <section class="card continue"></section>
                <div class="filters"></div>
                <section class="cases">
                    {(0..SKELETONS)
                        .map(|_| view! {
                            <div class="card case"><div class="stage-card skeleton"></div><div class="body"></div></div>
                        })
                        .collect_view()}
                </section>
            </div>
        </div>
    }
}

#[component]
fn Shelves(index: StoredValue<CaseIndex>, progress: Memo<Progress>) -> impl IntoView {
    let language = use_language();
    let filter = RwSignal::new(Filter::default());
    let search = RwSignal::new(String::new());
    let input = NodeRef::<leptos::html::Input>::new();
    let slash = window_event_listener(ev::keydown, move |event| {
        let typing =
            document().active_element().is_some_and(|element| element.tag_name() == "INPUT");
        if event.key() == "/"
            && !typing
            && let Some(input) = input.get_untracked()
        {
            event.prevent_default();
            // A refused focus leaves everything as it is.
            let _ = input.focus();
        }
    });
    on_cleanup(move || slash.remove());
    let visible = Memo::new(move |_| {
        index.with_value(|index| {
            progress.with(|progress| {
                let shown = shown(index, progress, filter.get(), &search.get());
                shown.into_iter().cloned().collect::<Vec<CaseEntry>>()
            })
        })
    });
    let own = use_own();
    own.refresh();
    let mine = Memo::new(move |_| {
        progress.with(|progress| own_shown(own.cases(), progress, filter.get(), &search.get()))
    });
    let asked = RwSignal::new(None::<Asked>);
    let counted = move |filter: Filter| {
        progress.with(|progress| {
            index.with_value(|index| shown(index, progress, filter, "").len())
                + own_shown(own.cases(), progress, filter, "").len()
        })
    };
    let clear = move |_| {
        filter.set(Filter::All);
        search.set(String::new());
    };
    view! {
        <div class="library">
            <aside class="side" aria-label=tr("paths.title")><PathwayMap index progress /></aside>
            <div>
                <Continue index progress />
                <div class="filters" role="group" aria-label=tr("filter.group")>
                    <label class="search">
                        {icon(Icon::Search, "icon-s")}
                        <input
                            type="search"
                            node_ref=input
                            placeholder=tr("filter.search")
                            aria-label=tr("filter.search_label")
                            prop:value=search
                            on:input=move |event| search.set(event_target_value(&event))
                        />
                        <kbd class="wide-only">"/"</kbd>
                    </label>
                    {Filter::ALL
                        .map(|choice| view! {
                            <button
                                class="chip"
                                aria-pressed=move || (filter.get() == choice).to_string()
                                on:click=move |_| filter.set(choice)
                            >
                                {move || language.get().text(choice.label())}
                                <span class="num">{move || counted(choice)}</span>
                            </button>
                        })
                        .collect_view()}
                </div>
                <h2 class="unseen">{tr("library.cases")}</h2>
                <section class="cases" aria-label=tr("library.cases")>
                    <For each=move || visible.get() key=|case| case.id.clone() let:case>
                        <CaseCard case progress />
                    </For>
                    <For
                        each=move || mine.get()
                        key=|case| (case.about.id.clone(), case.title.clone(), case.picture.clone())
                        let:case
                    >
                        <OwnCard case progress asked />
                    </For>
                </section>
                <OwnDialogs asked />
                <Show when=move || visible.with(Vec::is_empty) && mine.with(Vec::is_empty)>
                    <div class="empty" role="status">
                        <p>{tr("filter.none")}</p>
                        <button class="btn btn-quiet" on:click=clear>{tr("filter.clear")}</button>
                    </div>
                </Show>
                <AddCase />
                <p class="tiny quiet note">{tr("education")}</p>
            </div>
        </div>
    }
}

/// Where one stopped; for a new learner, where to begin.
#[component]
fn Continue(index: StoredValue<CaseIndex>, progress: Memo<Progress>) -> impl IntoView {
    let language = use_language();
    let phrases = use_phrases();
    let case = Memo::new(move |_| {
        index.with_value(|index| progress.with(|progress| next(index, progress).cloned()))
    });
    move || {
        let case = case.get()?;
        let language = language.get();
        let (stage, steps) = progress.with(|progress| {
            (stage(progress, &case.id), progress.get(&case.id).map_or(0, |case| case.steps.len()))
        });
        let (eyebrow, action) = match stage {
            Stage::New => ("continue.begin", "continue.open"),
            Stage::Begun => ("continue.stopped", "continue.resume"),
            Stage::Done => ("continue.again", "continue.open"),
        };
        let all = Step::ALL.len();
        let counted = language
            .fill("stage.begun", &[("done", &steps.to_string()), ("all", &all.to_string())]);
        let left = language.fill("card.minutes", &[("minutes", &case.minutes.to_string())]);
        Some(view! {
            <section class="card continue" aria-label=language.text("continue.label")>
                <div class="text">
                    <span class="eyebrow">{language.text(eyebrow)}</span>
                    <h1>{phrases.of(case.title.clone())}</h1>
                    <p class="muted">{phrases.of(case.summary.clone())}</p>
                    <div class="progress">
                        <div
                            class="bar"
                            role="progressbar"
                            aria-valuemin="0"
                            aria-valuemax=all.to_string()
                            aria-valuenow=steps.to_string()
                            aria-label=counted.clone()
                        >
                            <i style:width=format!("{}%", 100 * steps / all)></i>
                        </div>
                        <div class="row between tiny quiet num"><span>{counted.clone()}</span><span>{left}</span></div>
                    </div>
                    <div class="row actions">
                        <a class="btn btn-primary" href=format!("/case/{}", case.id)>
                            {icon(Icon::Play, "icon-s")}{language.text(action)}
                        </a>
                    </div>
                </div>
                <img class="picture" src=case.picture.clone() alt=phrases.of(case.picture_alt.clone()) />
            </section>
        })
    }
}
