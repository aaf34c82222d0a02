//! The page's side of the importer: a worker that is started when files are given and ended when it has answered, or before.

use std::rc::Rc;

use cases::importer::{About, PROTOCOL, Report, Request, Step, Task};
use js_sys::{Array, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{Event, MessageEvent, Worker};

/// What the importer says.
#[derive(Debug)]
pub enum Heard {
    /// It is busy.
    Progress {
        /// With what.
        step: Step,
        /// How much of the whole is done, from 0 to 1.
        done: f32,
    },
    /// A twin.
    Imported {
        /// What is shown of it.
        about: Box<About>,
        /// Its pack.
        pack: Uint8Array,
        /// Its picture, a PNG.
        picture: Uint8Array,
    },
    /// A file for another program.
    Exported(Uint8Array),
    /// It could not be done.
    Refused {
        /// File, field and remedy.
        reason: String,
        /// Can it be built anyway?
        doubt: bool,
    },
    /// The worker did not start.
    Missing,
    /// The worker stopped, most likely for want of memory.
    Lost(String),
}

/// A worker at work; it ends when this is dropped.
pub struct Importer {
    worker: Worker,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_error: Closure<dyn FnMut(Event)>,
}

impl Drop for Importer {
    fn drop(&mut self) {
        self.worker.set_onmessage(None);
        self.worker.set_onerror(None);
        self.worker.terminate();
    }
}

/// Address of the worker's loader: what `<meta name="sectio-importer">` says, else `/importer.js`.
fn address() -> String {
    web_sys::window()
        .and_then(|window| window.document())
        .and_then(|page| page.query_selector("meta[name=sectio-importer]").ok().flatten())
        .and_then(|meta| meta.get_attribute("content"))
        .filter(|address| !address.is_empty())
        .unwrap_or_else(|| "/importer.js".into())
}

impl Importer {
    /// Start a worker on `task` with what belongs to it: an array of [name, File], or bytes.
    ///
    /// # Errors
    /// The browser gives no worker; the reason.
    pub fn start(
        task: Task,
        payload: JsValue,
        heard: impl Fn(Heard) + 'static,
    ) -> Result<Self, String> {
        let worker = Worker::new(&address()).map_err(|error| format!("{error:?}"))?;
        let request = Request { protocol: PROTOCOL, task };
        let request = serde_json::to_string(&request).map_err(|error| error.to_string())?;
        let heard = Rc::new(heard);
        let started = Rc::new(std::cell::Cell::new(false));
        let on_message = {
            let (worker, heard, started) = (worker.clone(), heard.clone(), started.clone());
            Closure::new(move |event: MessageEvent| {
                let data = event.data();
                if data.is_null() {
                    // It listens only now; what was sent before would be lost.
                    started.set(true);
                    let message = Array::of2(&JsValue::from_str(&request), &payload);
                    if let Err(error) = worker.post_message(&message) {
                        heard(Heard::Lost(format!("{error:?}")));
                    }
                } else {
                    heard(read(data.unchecked_ref()));
                }
            })
        };
        let on_error = Closure::new(move |event: Event| {
            // A worker that cannot be fetched gives a plain event, one that crashes an ErrorEvent.
            let told = Reflect::get(&event, &"message".into()).ok().and_then(|m| m.as_string());
            heard(match (started.get(), told) {
                (true, told) => Heard::Lost(told.unwrap_or_default()),
                (false, _) => Heard::Missing,
            });
        });
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        Ok(Self { worker, _on_message: on_message, _on_error: on_error })
    }
}

/// An answer of the worker.
fn read(message: &Array) -> Heard {
    let bytes = |at: u32| message.get(at).dyn_into::<Uint8Array>().unwrap_or_default();
    let text = message.get(0).as_string().unwrap_or_default();
    match serde_json::from_str(&text) {
        Ok(Report::Progress { step, done }) => Heard::Progress { step, done },
        Ok(Report::Imported(about)) => Heard::Imported { about, pack: bytes(1), picture: bytes(2) },
        Ok(Report::Exported) => Heard::Exported(bytes(1)),
        Ok(Report::Refused { reason, doubt }) => Heard::Refused { reason, doubt },
        Err(error) => Heard::Lost(error.to_string()),
    }
}
