//! "Your data on this laptop": what is kept, taking it along, deleting it.

use js_sys::Date;
use leptos::prelude::*;
use wasm_bindgen::JsValue;

use crate::{
    components::{
        icon::{Icon, icon},
        own_card::{Asked, OwnDialogs, when_and_size},
        shell::{Shell, use_title},
    },
    files,
    journal::{
        Deed,
        store::{Keeping, use_journal},
    },
    own::use_own,
    phrases::use_phrases,
    text::{Language, tr, use_language},
};

/// Newest events shown.
const LATEST: usize = 20;

/// The page.
#[component]
pub fn Data() -> impl IntoView {
    let language = use_language();
    let journal = use_journal();
    let own = use_own();
    own.refresh();
    let progress = journal.progress();
    let confirm = NodeRef::<leptos::html::Dialog>::new();
    use_title(move || language.get().text("data.title").to_owned());
    let keeping = move || {
        match journal.keeping() {
        Keeping::Opening => view! { <p>{tr("data.opening")}</p> }.into_any(),
        Keeping::Kept => {
            view! { <div class="say ok">{icon(Icon::Check, "")}<span>{tr("data.kept")}</span></div> }.into_any()
        }
        Keeping::InMemory => {
            view! { <div class="say warn">{icon(Icon::Alert, "")}<span>{tr("data.memory")}</span></div> }.into_any()
        }
    }
    };
    let rows = move || {
        let language = language.get();
        journal.with_events(|events| {
            events
                .iter()
                .rev()
                .take(LATEST)
                .map(|event| {
                    let time = Date::new(&JsValue::from_f64(event.time));
                    let time =
                        String::from(time.to_locale_string(language.tag(), &JsValue::UNDEFINED));
                    view! {
                        <tr>
                            <td class="num">{time}</td>
                            <td>{event.case.clone()}</td>
                            <td>{told(&event.deed, language)}</td>
                        </tr>
                    }
                })
                .collect_view()
        })
    };
    let erase = move |_| {
        journal.erase();
        own.erase();
        close(confirm);
    };
    let count = move || journal.with_events(<[_]>::len);
    let totals = move || {
        progress.with(|progress| {
            let grasps: u32 = progress.values().map(|case| case.grasps).sum();
            let found: usize = progress.values().map(|case| case.found.len()).sum();
            (progress.len(), found, grasps)
        })
    };
    view! {
        <Shell>
            <article class="prose">
                <h1>{tr("data.title")}</h1>
                <p class="lead">{tr("data.lead")}</p>
                {keeping}
                <dl class="facts">
                    <div class="card"><dt>{tr("data.events")}</dt><dd id="event-count">{count}</dd></div>
                    <div class="card"><dt>{tr("data.cases")}</dt><dd>{move || totals().0}</dd></div>
                    <div class="card"><dt>{tr("data.found")}</dt><dd>{move || totals().1}</dd></div>
                    <div class="card"><dt>{tr("data.grasps")}</dt><dd>{move || totals().2}</dd></div>
                </dl>
                <div class="actions">
                    <button
                        class="btn btn-primary"
                        on:click=move |_| files::save_text("sectio-journal.json", &journal.export(), "application/json")
                    >
                        {icon(Icon::Download, "icon-s")}{tr("data.export")}
                    </button>
                    <button
                        class="btn btn-bad"
                        on:click=move |_| {
                            if let Some(dialog) = confirm.get_untracked() {
                                // Refused only when it is open already.
                                let _ = dialog.show_modal();
                            }
                        }
                    >
                        {tr("data.delete")}
                    </button>
                </div>
                <OwnCases />
                <h2>{tr("data.latest")}</h2>
                <Show when=move || count() == 0><p>{tr("data.none")}</p></Show>
                <Show when=move || { count() > 0 }>
                    <div class="scroll-x" tabindex="0" role="region" aria-label=tr("data.latest")>
                        <table class="table">
                            <thead>
                                <tr>
                                    <th scope="col">{tr("data.when")}</th>
                                    <th scope="col">{tr("data.case")}</th>
                                    <th scope="col">{tr("data.what")}</th>
                                </tr>
                            </thead>
                            <tbody>{rows}</tbody>
                        </table>
                    </div>
                </Show>
                <dialog node_ref=confirm aria-labelledby="confirm-title">
                    <h2 id="confirm-title">{tr("data.confirm")}</h2>
                    <p>{tr("data.confirm.what")}</p>
                    {move || {
                        let count = own.cases().len();
                        (count > 0).then(|| view! {
                            <div class="say warn">
                                {icon(Icon::Alert, "")}
                                <span>{language.get().fill("data.confirm.own", &[("count", &count.to_string())])}</span>
                            </div>
                        })
                    }}
                    <div class="actions">
                        <button class="btn btn-quiet" on:click=move |_| close(confirm)>{tr("data.keep")}</button>
                        <button class="btn btn-bad" on:click=erase>{tr("data.delete_now")}</button>
                    </div>
                </dialog>
            </article>
        </Shell>
    }
}

/// The own cases: what is kept of them, and taking them along or deleting them.
#[component]
fn OwnCases() -> impl IntoView {
    let language = use_language();
    let phrases = use_phrases();
    let own = use_own();
    let asked = RwSignal::new(None::<Asked>);
    let rows = move || {
        own.cases()
            .into_iter()
            .map(|case| {
                let kept = StoredValue::new(case.clone());
                let told = move || kept.with_value(|case| when_and_size(case, language.get()));
                view! {
                    <li data-own=case.id().to_owned()>
                        <span class="grow">
                            <a class="link" href=format!("/case/{}", case.id())>{phrases.of(case.title.clone())}</a>
                            <span class="small quiet num">{told}</span>
                        </span>
                        <button class="btn btn-quiet btn-s" on:click=move |_| asked.set(Some(Asked::Export(kept.get_value())))>
                            {tr("data.own.export")}
                        </button>
                        <button class="btn btn-bad btn-s" on:click=move |_| asked.set(Some(Asked::Delete(kept.get_value())))>
                            {tr("data.own.delete")}
                        </button>
                    </li>
                }
            })
            .collect_view()
    };
    view! {
        <h2>{tr("data.own")}</h2>
        <p>{tr("data.own.what")}</p>
        <Show when=move || own.cases().is_empty()><p class="small quiet">{tr("data.own.none")}</p></Show>
        <ul class="own-list">{rows}</ul>
        <OwnDialogs asked />
    }
}

fn close(dialog: NodeRef<leptos::html::Dialog>) {
    if let Some(dialog) = dialog.get_untracked() {
        dialog.close();
    }
}

/// An event in words.
fn told(deed: &Deed, language: Language) -> String {
    match deed {
        Deed::Opened => language.text("deed.opened").to_owned(),
        Deed::StructureFound { structure } => {
            language.fill("deed.found", &[("structure", &spoken(structure))])
        }
        Deed::Hidden { structure } => {
            language.fill("deed.hidden", &[("structure", &spoken(structure))])
        }
        Deed::Grasped { structure, peak_force, peak_displacement } => {
            felt("deed.grasped", structure, [*peak_force, *peak_displacement], language)
        }
        Deed::Pushed { structure, peak_force, peak_displacement } => {
            felt("deed.pushed", structure, [*peak_force, *peak_displacement], language)
        }
        Deed::Incised {
            structure,
            length,
            depth,
            duration,
            deviation,
            areas,
            peak_force,
            torn,
            blood,
            openings,
            ..
        } => {
            let [length, depth] = [length, depth].map(|mm| language.number(f64::from(*mm), 0));
            let name = spoken(structure);
            let values = [("structure", &*name), ("length", &*length), ("depth", &*depth)];
            let mut told = language.fill("deed.incised", &values);
            if *duration > 0.0 {
                let seconds = language.number(f64::from(*duration), 1);
                told += &language.fill("deed.incised.time", &[("seconds", &seconds)]);
            }
            if *peak_force > 0.0 {
                let force = language.number(f64::from(*peak_force), 1);
                told += &language.fill("deed.incised.force", &[("force", &force)]);
            }
            if let Some([mean, most]) = deviation {
                let [mean, most] = [mean, most].map(|mm| language.number(f64::from(*mm), 1));
                told += &language.fill("deed.incised.off", &[("mean", &mean), ("most", &most)]);
            }
            if *torn > 0.0 {
                let area = language.number(f64::from(*torn) / 100.0, 1);
                told += &language.fill("deed.incised.torn", &[("area", &area)]);
            }
            let through: Vec<String> = areas
                .iter()
                .map(|(id, area)| {
                    let area = language.number(f64::from(*area) / 100.0, 1);
                    format!("{} {area} cm²", spoken(id))
                })
                .collect();
            if !through.is_empty() {
                told += &language.fill("deed.incised.through", &[("areas", &through.join(", "))]);
            }
            if *blood > 0.0 {
                let blood = language.number(f64::from(*blood), 1);
                let values = [("blood", &*blood), ("openings", &*openings.to_string())];
                told += &language.fill("deed.incised.blood", &values);
            }
            told
        }
        Deed::Stanched { structure, calibre, clamped, blood } => {
            let [calibre, blood] = [calibre, blood].map(|x| language.number(f64::from(*x), 1));
            let name = spoken(structure);
            let values = [("structure", &*name), ("calibre", &*calibre), ("blood", &*blood)];
            language.fill(if *clamped { "deed.clamped" } else { "deed.sealed" }, &values)
        }
        Deed::Answered { question, right, .. } => language.fill(
            if *right { "deed.answered" } else { "deed.answered_wrong" },
            &[("question", &spoken(question))],
        ),
        Deed::StepDone { step } => language.fill("deed.step", &[("step", step)]),
    }
}

/// A pull or a push with its largest force [N] and displacement [mm].
fn felt(
    key: &'static str,
    structure: &str,
    [force, displacement]: [f32; 2],
    language: Language,
) -> String {
    language.fill(
        key,
        &[
            ("structure", &spoken(structure)),
            ("force", &language.number(f64::from(force), 1)),
            ("displacement", &language.number(f64::from(displacement), 0)),
        ],
    )
}

/// An identifier as words.
fn spoken(id: &str) -> String {
    id.replace('_', " ")
}
