//! The page of a case: the twin arrives, then one operates.

mod coach;
mod dock;
mod facts;
mod help;
mod incision;
mod keys;
mod loading;
mod mechanics;
mod operate;
mod origins;
mod quiz;
mod scan;
mod session;
mod structures;
mod top;

use std::rc::Rc;

use api::{CaseDetails, CaseEntry, CaseIndex};
use cases::twin::pack::{self, Pack};
use leptos::{prelude::*, task::spawn_local};
use leptos_router::hooks::use_params_map;

use self::{loading::Loading, operate::Operate};
use crate::{
    components::trouble::{Trouble, TroublePage},
    download,
    own::{is_own, store::Store},
    phrases::{Phrases, use_phrases},
};

/// How far the twin is on its way.
#[derive(Clone, Debug, PartialEq)]
enum Stage {
    /// Index and details are asked for.
    Asking,
    /// Bytes of the pack arrive.
    Downloading {
        /// Arrived [byte].
        bytes: u64,
        /// Expected [byte].
        all: u64,
    },
    /// The pack is decoded.
    Unpacking,
}

#[derive(Clone)]
enum State {
    Arriving(Stage),
    Ready(StoredValue<Rc<Twin>, LocalStorage>),
    Failed(Trouble),
}

/// Everything a case page works on.
struct Twin {
    case: CaseEntry,
    details: CaseDetails,
    pack: Rc<Pack>,
}

/// The page at `/case/:id`.
#[component]
pub fn Case() -> impl IntoView {
    let params = use_params_map();
    let phrases = use_phrases();
    let id = Memo::new(move |_| params.read().get("id").unwrap_or_default());
    let state = RwSignal::new_local(State::Arriving(Stage::Asking));
    let load = move |id: String| {
        let damaged =
            state.with_untracked(|state| matches!(state, State::Failed(Trouble::CorruptPack(_))));
        state.set(State::Arriving(Stage::Asking));
        spawn_local(async move {
            let loaded = match fetch(&id, damaged, state, phrases).await {
                Ok(twin) => State::Ready(StoredValue::new_local(Rc::new(twin))),
                Err(trouble) => State::Failed(trouble),
            };
            // Someone who left meanwhile needs neither.
            state.try_set(loaded);
        });
    };
    Effect::new(move |_| load(id.get()));
    move || match state.get() {
        State::Failed(trouble) => {
            let retry = move |()| load(id.get_untracked());
            view! { <TroublePage trouble retry /> }.into_any()
        }
        State::Arriving(stage) => view! { <Loading stage /> }.into_any(),
        State::Ready(twin) => {
            let trouble = Callback::new(move |trouble| {
                state.try_set(State::Failed(trouble));
            });
            view! { <Operate twin=twin.get_value() trouble /> }.into_any()
        }
    }
}

async fn fetch(
    id: &str,
    damaged: bool,
    state: RwSignal<State, LocalStorage>,
    phrases: Phrases,
) -> Result<Twin, Trouble> {
    if is_own(id) {
        return from_this_browser(id, state, phrases).await;
    }
    let index: CaseIndex = download::json(download::INDEX).await?;
    phrases.learn(&index.german);
    let case = index
        .cases
        .into_iter()
        .find(|case| case.id == id)
        .ok_or_else(|| Trouble::NoCase(format!("/case/{id}")))?;
    let details: CaseDetails = download::json(&case.details).await?;
    phrases.learn(&details.german);
    let all = case.pack.bytes;
    let show = |stage| {
        state.try_set(State::Arriving(stage));
    };
    show(Stage::Downloading { bytes: 0, all });
    let bytes = download::bytes(&case.pack.url, damaged, |bytes| {
        state.try_set(State::Arriving(Stage::Downloading { bytes, all }));
    })
    .await?;
    show(Stage::Unpacking);
    // Decoding holds the page for a moment: first let it draw what is happening.
    next_task().await;
    let corrupt = |reason: String| Trouble::CorruptPack(format!("{}: {reason}", case.pack.url));
    if bytes.len() as u64 != all {
        return Err(corrupt(format!("{} bytes arrived, {all} expected", bytes.len())));
    }
    let pack = pack::decode(&bytes).map_err(|error| corrupt(error.to_string()))?;
    Ok(Twin { case, details, pack: Rc::new(pack) })
}

/// An own case: nothing is asked of the server.
async fn from_this_browser(
    id: &str,
    state: RwSignal<State, LocalStorage>,
    phrases: Phrases,
) -> Result<Twin, Trouble> {
    let unreadable = |reason: String| Trouble::OwnCase(format!("{id}: {reason}"));
    let case = Store::case(id).await.map_err(|error| unreadable(error.to_string()))?;
    let case = case.ok_or_else(|| Trouble::NoCase(format!("/case/{id}")))?;
    phrases.learn(&case.about.details.german);
    let bytes = Store::pack(id).await.map_err(|error| unreadable(error.to_string()))?;
    let bytes = bytes.ok_or_else(|| unreadable("its pack is gone".into()))?;
    state.try_set(State::Arriving(Stage::Unpacking));
    next_task().await;
    let pack = pack::decode(&bytes.to_vec()).map_err(|error| unreadable(error.to_string()))?;
    let (case, details) = case.opened();
    Ok(Twin { case, details, pack: Rc::new(pack) })
}

/// Let the browser draw before going on.
async fn next_task() {
    let (done, waiting) = futures::channel::oneshot::channel();
    set_timeout(
        move || {
            // The waiting side is a local variable two lines below.
            let _ = done.send(());
        },
        std::time::Duration::from_millis(20),
    );
    let _ = waiting.await;
}
