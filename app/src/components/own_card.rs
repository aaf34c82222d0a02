//! An own case in the library: marked as nobody's but the person's, with renaming, exporting and deleting.

use cases::importer::{Form, Task};
use js_sys::{Date, Uint8Array};
use leptos::{html, prelude::*, task::spawn_local};
use leptos_router::components::A;
use wasm_bindgen::JsValue;

use super::icon::{Icon, icon};
use crate::{
    files,
    journal::{Progress, Stage},
    own::{
        OwnCase,
        importer::{Heard, Importer},
        store::Store,
        use_own,
    },
    phrases::use_phrases,
    steps::Step,
    text::{Language, tr, use_language},
};

/// Bytes in a megabyte.
const MEGABYTE: f64 = 1e6;

/// Which dialog is open on which case.
#[derive(Clone, Debug, PartialEq)]
pub enum Asked {
    /// Another title.
    Rename(OwnCase),
    /// A file of it.
    Export(OwnCase),
    /// To be sure.
    Delete(OwnCase),
}

/// Day of the addition and length, as the language writes them.
pub fn when_and_size(case: &OwnCase, language: Language) -> String {
    let date = Date::new(&JsValue::from_f64(case.added));
    let date = String::from(date.to_locale_date_string(language.tag(), &JsValue::UNDEFINED));
    let size = language.number(case.bytes as f64 / MEGABYTE, 1);
    format!("{date} · {size} MB")
}

/// The card.
#[component]
pub fn OwnCard(
    /// As it is kept.
    case: OwnCase,
    /// What the journal says.
    progress: Memo<Progress>,
    /// Opens a dialog.
    asked: RwSignal<Option<Asked>>,
) -> impl IntoView {
    let language = use_language();
    let phrases = use_phrases();
    let id = case.id().to_owned();
    let state = {
        let id = id.clone();
        move || {
            let language = language.get();
            let stage = progress.with(|progress| crate::catalogue::stage(progress, &id));
            match stage {
                Stage::New => language.text("stage.new").to_owned(),
                Stage::Done => language.text("stage.done").to_owned(),
                Stage::Begun => {
                    let done = progress
                        .with(|progress| progress.get(&id).map_or(0, |case| case.steps.len()));
                    let all = Step::ALL.len().to_string();
                    language.fill("stage.begun", &[("done", &done.to_string()), ("all", &all)])
                }
            }
        }
    };
    let (structures, soft) = (case.about.structures.to_string(), case.about.soft.to_string());
    let counted =
        move || language.get().fill("own.counted", &[("structures", &structures), ("soft", &soft)]);
    let kept = StoredValue::new(case.clone());
    let named = case.title.clone();
    let told = move || kept.with_value(|case| when_and_size(case, language.get()));
    let button = move |picture: Icon, label: &'static str, ask: fn(OwnCase) -> Asked| {
        let title = named.clone();
        let name = move || language.get().fill(label, &[("title", &phrases.say(&title))]);
        view! {
            <button
                class="btn btn-ghost btn-s btn-icon"
                aria-label=name.clone()
                title=name
                on:click=move |_| asked.set(Some(ask(kept.get_value())))
            >
                {icon(picture, "icon-s")}
            </button>
        }
    };
    let (picture, title) = (case.picture, case.title);
    let own = id.clone();
    view! {
        <article class="card case own" data-own=own>
            <A href=format!("/case/{id}") attr:class="open" attr:data-case=id>
                <div class="stage-card">
                    <img src=picture alt="" />
                    <span class="tag own">{icon(Icon::Person, "icon-s")}{tr("own.tag")}</span>
                </div>
                <div class="body">
                    <span class="eyebrow">{tr("own.not_reviewed")}</span>
                    <h3>{phrases.of(title)}</h3>
                    <p class="small muted">{counted}</p>
                </div>
            </A>
            <div class="meta">
                <span class="num">{state}</span>
                <span class="grow"></span>
                {button.clone()(Icon::Pencil, "own.rename", Asked::Rename)}
                {button.clone()(Icon::Download, "own.export", Asked::Export)}
                {button(Icon::Bin, "own.delete", Asked::Delete)}
            </div>
            <p class="tiny quiet num when">{told}</p>
        </article>
    }
}

/// The dialogs of all own cases.
#[component]
pub fn OwnDialogs(
    /// Which is open.
    asked: RwSignal<Option<Asked>>,
) -> impl IntoView {
    let dialog = NodeRef::<html::Dialog>::new();
    Effect::new(move |_| {
        let open = asked.with(Option::is_some);
        let Some(dialog) = dialog.get() else { return };
        match open {
            true if !dialog.open() => {
                // Refused only when it is open already.
                let _ = dialog.show_modal();
            }
            false if dialog.open() => dialog.close(),
            _ => {}
        }
    });
    let close = Callback::new(move |()| asked.set(None));
    let content = move || {
        Some(match asked.get()? {
            Asked::Rename(case) => view! { <Rename case close /> }.into_any(),
            Asked::Export(case) => view! { <Export case close /> }.into_any(),
            Asked::Delete(case) => view! { <Delete case close /> }.into_any(),
        })
    };
    view! {
        <dialog node_ref=dialog class="own-dialog" aria-labelledby="own-title" on:close=move |_| asked.set(None)>
            {content}
        </dialog>
    }
}

#[component]
fn Rename(case: OwnCase, close: Callback<()>) -> impl IntoView {
    let own = use_own();
    let phrases = use_phrases();
    let title = RwSignal::new(phrases.say_now(&case.title));
    let id = case.id().to_owned();
    let done = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let title = title.get_untracked().trim().to_owned();
        if !title.is_empty() {
            own.rename(&id, title);
        }
        close.run(());
    };
    view! {
        <form on:submit=done>
            <h2 id="own-title">{tr("own.rename.title")}</h2>
            <label class="field">
                <span class="small muted">{tr("own.rename.what")}</span>
                <input
                    type="text"
                    id="own-name"
                    maxlength="80"
                    autocomplete="off"
                    prop:value=title
                    on:input=move |event| title.set(event_target_value(&event))
                />
            </label>
            <div class="actions">
                <button class="btn btn-quiet" type="button" on:click=move |_| close.run(())>{tr("own.back")}</button>
                <button class="btn btn-primary" type="submit">{tr("own.rename.done")}</button>
            </div>
        </form>
    }
}

#[component]
fn Delete(case: OwnCase, close: Callback<()>) -> impl IntoView {
    let language = use_language();
    let own = use_own();
    let phrases = use_phrases();
    let title = case.title.clone();
    let heading =
        move || language.get().fill("own.delete.title", &[("title", &phrases.say(&title))]);
    let delete = move |_| {
        own.delete(case.id().to_owned());
        close.run(());
    };
    view! {
        <h2 id="own-title">{heading}</h2>
        <p>{tr("own.delete.what")}</p>
        <div class="actions">
            <button class="btn btn-quiet" on:click=move |_| close.run(())>{tr("own.delete.keep")}</button>
            <button class="btn btn-bad" id="own-delete" on:click=delete>{tr("own.delete.now")}</button>
        </div>
    }
}

/// How an export stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Writing {
    Not,
    Now,
    Failed,
}

#[component]
fn Export(case: OwnCase, close: Callback<()>) -> impl IntoView {
    let writing = RwSignal::new(Writing::Not);
    let worker = StoredValue::new_local(None::<Importer>);
    let case = StoredValue::new(case);
    on_cleanup(move || {
        worker.try_set_value(None);
    });
    let write = move |form: Option<Form>| {
        writing.set(Writing::Now);
        spawn_local(async move {
            let Some((id, name)) = case.try_with_value(|case| {
                let ending = match form {
                    None => "pack",
                    Some(Form::Glb) => "glb",
                    Some(Form::SegNrrd) => "seg.nrrd",
                };
                (case.id().to_owned(), case.file_name(ending))
            }) else {
                return;
            };
            let Ok(Some(pack)) = Store::pack(&id).await else {
                writing.try_set(Writing::Failed);
                return;
            };
            let Some(form) = form else { return finished(writing, &name, &pack) };
            let started =
                Importer::start(Task::Export(form), pack.into(), move |heard| match heard {
                    Heard::Exported(bytes) => finished(writing, &name, &bytes),
                    _ => {
                        writing.try_set(Writing::Failed);
                    }
                });
            match started {
                Ok(running) => {
                    worker.try_set_value(Some(running));
                }
                Err(_) => {
                    writing.try_set(Writing::Failed);
                }
            }
        });
    };
    let way =
        move |form: Option<Form>, id: &'static str, title: &'static str, what: &'static str| {
            view! {
                <button
                    class="way"
                    id=id
                    disabled=move || writing.get() == Writing::Now
                    on:click=move |_| write(form)
                >
                    {icon(Icon::Download, "")}
                    <span><b>{tr(title)}</b><span class="small muted">{tr(what)}</span></span>
                </button>
            }
        };
    view! {
        <h2 id="own-title">{tr("own.export.title")}</h2>
        <div class="ways">
            {way(None, "export-pack", "own.export.pack", "own.export.pack.what")}
            {way(Some(Form::Glb), "export-glb", "own.export.glb", "own.export.glb.what")}
            {way(Some(Form::SegNrrd), "export-seg", "own.export.seg", "own.export.seg.what")}
        </div>
        <p class="small muted" role="status">
            {move || match writing.get() {
                Writing::Not => "",
                Writing::Now => tr("own.export.now")(),
                Writing::Failed => tr("own.export.failed")(),
            }}
        </p>
        <div class="actions">
            <button class="btn btn-quiet" on:click=move |_| close.run(())>{tr("own.back")}</button>
        </div>
    }
}

fn finished(writing: RwSignal<Writing>, name: &str, bytes: &Uint8Array) {
    files::save(name, bytes, "application/octet-stream");
    writing.try_set(Writing::Not);
}
