//! Offline: the service worker, what it keeps, and whether there is a connection.

use gloo::events::EventListener;
use js_sys::{Array, Object, Reflect};
use leptos::{ev, prelude::*, task::spawn_local};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{MessageEvent, ServiceWorker, ServiceWorkerContainer, ServiceWorkerRegistration};

/// What is known about working without a connection.
#[derive(Clone, Copy)]
pub struct Offline {
    /// Is there a connection, as far as the browser knows?
    pub online: RwSignal<bool>,
    /// Is the app itself kept, so that it opens without a connection?
    pub shell_kept: RwSignal<bool>,
    /// Addresses of packs that are kept.
    pub kept: RwSignal<Vec<String>>,
    /// Is a newer version of the app fetched and waiting?
    pub new_version: RwSignal<bool>,
}

/// The offline state in the context.
pub fn use_offline() -> Offline {
    expect_context::<Offline>()
}

impl Offline {
    /// Register the service worker and follow what it reports.
    pub fn start() -> Self {
        let offline = Self {
            online: RwSignal::new(window().navigator().on_line()),
            shell_kept: RwSignal::new(false),
            kept: RwSignal::new(Vec::new()),
            new_version: RwSignal::new(false),
        };
        let online = window_event_listener(ev::online, move |_| offline.online.set(true));
        let lost = window_event_listener(ev::offline, move |_| offline.online.set(false));
        // Both live as long as the page.
        std::mem::forget((online, lost));
        let Some(container) = container() else { return offline };
        EventListener::new(&container, "message", move |event| {
            if let Some(message) = event.dyn_ref::<MessageEvent>() {
                offline.heard(&message.data());
            }
        })
        .forget();
        spawn_local(async move {
            // A refusal leaves the app without offline use, which the indicator then says.
            if let Err(error) = JsFuture::from(container.register("/sw.js")).await {
                leptos::logging::warn!("no offline use: {error:?}");
                return;
            }
            if let Ok(ready) = container.ready()
                && JsFuture::from(ready).await.is_ok()
            {
                offline.look().await;
            }
        });
        offline
    }

    /// Ask the caches what is really there.
    async fn look(self) {
        let Some(keys) = cached_paths().await else { return };
        self.shell_kept.set(keys.iter().any(|path| path == "/"));
        self.kept.set(keys.into_iter().filter(|path| path != "/").collect());
    }

    fn heard(self, message: &JsValue) {
        let field = |name: &str| Reflect::get(message, &name.into()).unwrap_or(JsValue::NULL);
        match field("kind").as_string().as_deref() {
            Some("kept") => spawn_local(self.look()),
            Some("new-version") => self.new_version.set(true),
            Some("updated") => {
                // The person asked for the new version.
                let _ = window().location().reload();
            }
            Some("not-kept") => {
                leptos::logging::warn!("not kept for offline use: {:?}", field("reason"));
            }
            _ => {}
        }
    }

    /// Keep these files of a visited case.
    pub fn keep(self, urls: Vec<String>) {
        spawn_local(async move {
            let Some(worker) = active_worker().await else { return };
            let message = Object::new();
            let urls: Array = urls.iter().map(|url| JsValue::from_str(url)).collect();
            // Setting a property of a fresh object cannot fail.
            let _ = Reflect::set(&message, &"kind".into(), &"keep".into());
            let _ = Reflect::set(&message, &"urls".into(), &urls);
            let _ = worker.post_message(&message);
        });
    }

    /// Let the waiting version take over; the page then loads anew.
    pub fn update(self) {
        spawn_local(async move {
            let Some(worker) = active_worker().await else { return };
            let message = Object::new();
            let _ = Reflect::set(&message, &"kind".into(), &"update".into());
            let _ = worker.post_message(&message);
        });
    }

    /// Does this pack open without a connection?
    pub fn ready(self, pack: &str) -> bool {
        self.shell_kept.get() && self.kept.with(|kept| kept.iter().any(|path| path == pack))
    }
}

/// The container; none where the browser or an insecure address offers no service worker.
fn container() -> Option<ServiceWorkerContainer> {
    let navigator = window().navigator();
    let offered = Reflect::has(&navigator, &"serviceWorker".into()).unwrap_or(false);
    offered.then(|| navigator.service_worker())
}

async fn active_worker() -> Option<ServiceWorker> {
    let ready = container()?.ready().ok()?;
    let registration: ServiceWorkerRegistration =
        JsFuture::from(ready).await.ok()?.unchecked_into();
    registration.active()
}

/// Paths of everything in the caches of this origin.
async fn cached_paths() -> Option<Vec<String>> {
    let caches = window().caches().ok()?;
    let names: Array = JsFuture::from(caches.keys()).await.ok()?.unchecked_into();
    let mut paths = Vec::new();
    for name in names.iter().filter_map(|name| name.as_string()) {
        let cache: web_sys::Cache = JsFuture::from(caches.open(&name)).await.ok()?.unchecked_into();
        let requests: Array = JsFuture::from(cache.keys()).await.ok()?.unchecked_into();
        for request in requests.iter() {
            let url = Reflect::get(&request, &"url".into()).ok()?.as_string()?;
            if let Ok(url) = web_sys::Url::new(&url) {
                paths.push(url.pathname());
            }
        }
    }
    Some(paths)
}
