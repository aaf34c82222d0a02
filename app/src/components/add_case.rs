//! "Add your own case": files are dropped or chosen, and become a twin on this computer.

use std::rc::Rc;

use cases::importer::{About, MOST_BYTES, Step, Task};
use js_sys::{Array, Uint8Array};
use leptos::{ev, html, prelude::*, task::spawn_local};
use wasm_bindgen::JsValue;
use web_sys::{DragEvent, Event, HtmlInputElement};

use super::icon::{Icon, icon};
use crate::{
    files,
    own::{
        Own, OwnCase,
        files::{Named, chosen, dropped},
        importer::{Heard, Importer},
        store::StoreError,
        use_own,
    },
    text::{tr, use_language},
};

/// How far one is.
#[derive(Clone, Debug, PartialEq)]
enum State {
    /// Files are welcome; maybe something was just cancelled.
    Open {
        /// Was it?
        cancelled: bool,
    },
    /// A twin is being built.
    Busy {
        /// What with.
        step: Step,
        /// How much of the whole is done, from 0 to 1.
        done: f32,
    },
    /// It is kept.
    Kept(Box<OwnCase>),
    /// It is built, but the browser does not keep it.
    NotKept {
        /// The case.
        case: Box<OwnCase>,
        /// Is there no room, rather than no storage?
        full: bool,
    },
    /// It could not be built.
    Failed(Failure),
}

/// Why not.
#[derive(Clone, Debug, PartialEq)]
enum Failure {
    /// The files are not what they should be; file, field and remedy.
    Refused {
        /// In a sentence.
        reason: String,
        /// Can it be built anyway?
        doubt: bool,
    },
    /// The worker is not on this computer and there is no connection.
    Missing,
    /// The worker stopped.
    Stopped(String),
}

impl State {
    fn name(&self) -> &'static str {
        match self {
            Self::Open { .. } => "open",
            Self::Busy { .. } => "busy",
            Self::Kept(_) => "kept",
            Self::NotKept { .. } => "not-kept",
            Self::Failed(_) => "failed",
        }
    }
}

/// Key of what a step is called.
fn step_text(step: Step) -> &'static str {
    match step {
        Step::Read => "add.step.read",
        Step::Clean => "add.step.clean",
        Step::Surfaces => "add.step.surfaces",
        Step::Bake => "add.step.bake",
        Step::Lattice => "add.step.lattice",
        Step::Pack => "add.step.pack",
        Step::Draw => "add.step.draw",
    }
}

/// What the part remembers between events.
#[derive(Clone, Copy)]
struct Bench {
    own: Own,
    state: RwSignal<State>,
    /// The worker, while there is one.
    worker: StoredValue<Option<Importer>, LocalStorage>,
    /// What was given last, to be built anyway.
    given: StoredValue<Rc<Vec<Named>>, LocalStorage>,
    /// Pack of a case that is not kept.
    pack: StoredValue<Option<Uint8Array>, LocalStorage>,
}

impl Bench {
    /// Build a twin from these files.
    fn start(self, given: Rc<Vec<Named>>, anyway: bool) {
        if given.is_empty() || matches!(self.state.get_untracked(), State::Busy { .. }) {
            return;
        }
        self.given.set_value(given.clone());
        self.state.set(State::Busy { step: Step::Read, done: 0.0 });
        let payload: Array = given
            .iter()
            .map(|(name, file)| JsValue::from(Array::of2(&JsValue::from_str(name), file)))
            .collect();
        let started =
            Importer::start(Task::Import { anyway }, payload.into(), move |heard| match heard {
                Heard::Progress { step, done } => self.state.set(State::Busy { step, done }),
                Heard::Imported { about, pack, picture } => {
                    self.end();
                    self.keep(*about, pack, picture);
                }
                Heard::Refused { reason, doubt } => {
                    self.fail(Failure::Refused { reason, doubt });
                }
                Heard::Missing => self.fail(Failure::Missing),
                Heard::Lost(reason) => self.fail(Failure::Stopped(reason)),
                Heard::Exported(_) => {}
            });
        match started {
            Ok(worker) => self.worker.set_value(Some(worker)),
            Err(reason) => self.fail(Failure::Stopped(reason)),
        }
    }

    /// Keep a twin that is built.
    fn keep(self, about: About, pack: Uint8Array, picture: Uint8Array) {
        spawn_local(async move {
            let case = Box::new(OwnCase::new(about, u64::from(pack.length())));
            let done = match self.own.keep((*case).clone(), &pack, &picture).await {
                Ok(()) => State::Kept(case),
                Err(error) => {
                    leptos::logging::warn!("the case is not kept: {error}");
                    self.pack.set_value(Some(pack));
                    State::NotKept { case, full: matches!(error, StoreError::Full(_)) }
                }
            };
            self.state.try_set(done);
        });
    }

    /// End the worker, but not from inside its own call.
    fn end(self) {
        let worker = self.worker.try_update_value(Option::take).flatten();
        set_timeout(move || drop(worker), std::time::Duration::ZERO);
    }

    fn fail(self, failure: Failure) {
        self.end();
        self.state.set(State::Failed(failure));
    }

    fn cancel(self) {
        self.worker.set_value(None);
        self.state.set(State::Open { cancelled: true });
    }
}

/// The part of the library where files are dropped.
#[component]
pub fn AddCase() -> impl IntoView {
    let language = use_language();
    let bench = Bench {
        own: use_own(),
        state: RwSignal::new(State::Open { cancelled: false }),
        worker: StoredValue::new_local(None),
        given: StoredValue::new_local(Rc::default()),
        pack: StoredValue::new_local(None),
    };
    let state = bench.state;
    let section = NodeRef::<html::Section>::new();
    let over = RwSignal::new(false);
    listen(bench, over);
    // What changed is where the keyboard is: the button that was pressed is gone.
    let kind = Memo::new(move |_| state.with(State::name));
    Effect::new(move |before: Option<&'static str>| {
        let now = kind.get();
        if before.is_some_and(|before| before != now)
            && let Some(section) = section.get_untracked()
        {
            // Refused by no browser for what can have the focus.
            let _ = section.focus();
            section.scroll_into_view_with_bool(false);
        }
        now
    });
    // A progress that changes within a state must not make its buttons anew.
    let step = Memo::new(move |_| match state.get() {
        State::Busy { step, .. } => Some(step),
        _ => None,
    });
    let percent = Memo::new(move |_| match state.get() {
        State::Busy { done, .. } => (100.0 * done).round() as u32,
        _ => 0,
    });
    let content = move || {
        kind.track();
        match state.get_untracked() {
            State::Open { cancelled } => open(bench, cancelled).into_any(),
            State::Busy { .. } => busy(bench, step, percent).into_any(),
            State::Kept(case) => kept(bench, *case).into_any(),
            State::NotKept { case, full } => not_kept(bench, *case, full).into_any(),
            State::Failed(failure) => failed(bench, failure).into_any(),
        }
    };
    view! {
        <section
            class="card add"
            id="add-case"
            tabindex="-1"
            aria-labelledby="add-title"
            data-state=kind
            node_ref=section
        >
            <h2 id="add-title">{icon(Icon::Add, "")}{tr("add.title")}</h2>
            {content}
        </section>
        <Show when=move || over.get()>
            <div class="drop-here" aria-hidden="true">
                <p>{icon(Icon::Add, "icon-l")}{move || language.get().text("add.drop")}</p>
            </div>
        </Show>
    }
}

/// The whole window takes what is dropped on it; `over` while something hovers.
fn listen(bench: Bench, over: RwSignal<bool>) {
    let has_files = |event: &DragEvent| {
        let types = event.data_transfer().map(|transfer| transfer.types());
        types.is_some_and(|types| types.includes(&"Files".into(), 0))
    };
    let hover = window_event_listener(ev::dragover, move |event| {
        if has_files(&event) {
            event.prevent_default();
            over.set(true);
        }
    });
    let leave = window_event_listener(ev::dragleave, move |event| {
        // Of the window, not of a part of it.
        if event.related_target().is_none() {
            over.set(false);
        }
    });
    let drop = window_event_listener(ev::drop, move |event| {
        over.set(false);
        let Some(transfer) = event.data_transfer().filter(|_| has_files(&event)) else { return };
        event.prevent_default();
        let files = dropped(&transfer);
        spawn_local(async move { bench.start(Rc::new(files.await), false) });
    });
    on_cleanup(move || {
        hover.remove();
        leave.remove();
        drop.remove();
        // Whoever leaves the page leaves the work too: nothing half-done stays.
        bench.worker.try_set_value(None);
    });
}

/// What is accepted, where it stays, and the buttons.
fn open(bench: Bench, cancelled: bool) -> impl IntoView {
    view! {
        {cancelled.then(|| view! {
            <div class="say" role="status">{icon(Icon::Info, "")}<span>{tr("add.cancelled")}</span></div>
        })}
        <p class="small muted">{tr("add.accepts")}</p>
        <p class="small private">{icon(Icon::Lock, "icon-s")}<span>{tr("add.private")}</span></p>
        {choose(bench)}
    }
}

/// Buttons for files and for a folder: labels of native inputs, reached by keyboard.
fn choose(bench: Bench) -> impl IntoView {
    let take = move |event: Event| {
        let input: HtmlInputElement = event_target(&event);
        let files = input.files().map(|list| chosen(&list)).unwrap_or_default();
        // The same files chosen again are a change again.
        input.set_value("");
        bench.start(Rc::new(files), false);
    };
    view! {
        <div class="row actions">
            <label class="btn btn-quiet">
                {icon(Icon::Layers, "icon-s")}
                <span>{tr("add.files")}</span>
                <input type="file" id="add-files" multiple on:change=take />
            </label>
            <label class="btn btn-ghost">
                {icon(Icon::Folder, "icon-s")}
                <span>{tr("add.folder")}</span>
                <input type="file" id="add-folder" prop:webkitdirectory=true on:change=take />
            </label>
        </div>
    }
}

/// What is happening, and how to stop it.
fn busy(bench: Bench, step: Memo<Option<Step>>, percent: Memo<u32>) -> impl IntoView {
    let language = use_language();
    let text = move || step.get().map(|step| language.get().text(step_text(step)));
    view! {
        <div class="work">
            <div
                class="bar"
                role="progressbar"
                aria-label=tr("add.busy")
                aria-valuemin="0"
                aria-valuemax="100"
                aria-valuenow=move || percent.get().to_string()
            >
                <i style:width=move || format!("{}%", percent.get())></i>
            </div>
            <div class="row between small">
                <span class="muted" role="status">{text}</span>
                <span class="quiet num" aria-hidden="true">{move || format!("{} %", percent.get())}</span>
            </div>
        </div>
        <p class="small private">{icon(Icon::Lock, "icon-s")}<span>{tr("add.private")}</span></p>
        <div class="row actions">
            <button class="btn btn-quiet" id="add-cancel" on:click=move |_| bench.cancel()>
                {icon(Icon::Close, "icon-s")}{tr("add.cancel")}
            </button>
        </div>
    }
}

/// It is there: what it is, what is doubtful about it, and the way to it.
fn kept(bench: Bench, case: OwnCase) -> impl IntoView {
    view! {
        <div class="say ok" role="status">{icon(Icon::Check, "")}<span>{tr("add.kept")}</span></div>
        {told(&case)}
        <div class="row actions">
            <a class="btn btn-primary" id="add-open" href=format!("/case/{}", case.id())>
                {icon(Icon::Play, "icon-s")}{tr("continue.open")}
            </a>
            {again(bench)}
        </div>
    }
}

/// It is built, but the browser does not keep it: it can be saved as a file.
fn not_kept(bench: Bench, case: OwnCase, full: bool) -> impl IntoView {
    let reason = if full { "add.full" } else { "add.no_storage" };
    let name = case.file_name("pack");
    let save = move |_| {
        if let Some(pack) = bench.pack.get_value() {
            files::save(&name, &pack, "application/octet-stream");
        }
    };
    view! {
        <div class="say warn" role="alert">{icon(Icon::Alert, "")}<span>{tr(reason)}</span></div>
        {told(&case)}
        <div class="row actions">
            <button class="btn btn-primary" on:click=save>
                {icon(Icon::Download, "icon-s")}{tr("add.save")}
            </button>
            {again(bench)}
        </div>
    }
}

/// Name, numbers, doubts.
fn told(case: &OwnCase) -> impl IntoView + use<> {
    let language = use_language();
    let phrases = crate::phrases::use_phrases();
    let (structures, soft) = (case.about.structures.to_string(), case.about.soft.to_string());
    let counted =
        move || language.get().fill("own.counted", &[("structures", &structures), ("soft", &soft)]);
    let warnings = case.about.warnings.clone();
    view! {
        <p><b>{phrases.of(case.title.clone())}</b> " " <span class="small muted">{counted}</span></p>
        {(!warnings.is_empty()).then(|| view! {
            <h3>{tr("add.doubts")}</h3>
            <ul class="doubts small muted" lang="en">
                {warnings.into_iter().map(|warning| view! { <li>{warning}</li> }).collect_view()}
            </ul>
        })}
    }
}

/// Begin anew.
fn again(bench: Bench) -> impl IntoView {
    view! {
        <button
            class="btn btn-ghost"
            id="add-again"
            on:click=move |_| bench.state.set(State::Open { cancelled: false })
        >
            {tr("add.again")}
        </button>
    }
}

/// What went wrong, that nothing was kept, and what to do.
fn failed(bench: Bench, failure: Failure) -> impl IntoView {
    let language = use_language();
    let gigabytes = (MOST_BYTES >> 30).to_string();
    let (title, reason, doubt) = match failure {
        Failure::Refused { reason, doubt: true } => ("add.doubtful", reason, true),
        Failure::Refused { reason, doubt: false } => ("add.refused", reason, false),
        Failure::Missing => ("add.missing", String::new(), false),
        Failure::Stopped(reason) => ("add.stopped", reason, false),
    };
    let anyway = move |_| bench.start(bench.given.get_value(), true);
    view! {
        <div class="say bad" role="alert">
            {icon(Icon::Octagon, "")}
            <div>
                <b>{move || language.get().fill(title, &[("most", &gigabytes)])}</b>
                {(!reason.is_empty()).then(|| view! { <p class="reason" lang="en">{reason}</p> })}
                <p>{tr("add.nothing_kept")}</p>
            </div>
        </div>
        {choose(bench)}
        {doubt.then(|| view! {
            <div class="row actions">
                <button class="btn btn-ghost" id="add-anyway" on:click=anyway>{tr("add.anyway")}</button>
            </div>
        })}
    }
}
