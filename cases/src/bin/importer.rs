//! The importer in a dedicated worker: reads the files that a person dropped, on that person's computer. The only wasm-bindgen code of
//! this crate; [`cases::importer`] is the protocol.

#[cfg(target_arch = "wasm32")]
mod dedicated {
    use cases::{
        Error,
        importer::{self, PROTOCOL, Report, Request, Step, Task},
        twin::{portrait::Picture, sort::Offered},
    };
    use js_sys::{Array, Uint8Array};
    use wasm_bindgen::{JsCast, JsValue, closure::Closure};
    use web_sys::{DedicatedWorkerGlobalScope, File, FileReaderSync, MessageEvent};

    /// Progress is told when so much more of the whole is done.
    const NEWS: f32 = 0.004;

    fn scope() -> DedicatedWorkerGlobalScope {
        js_sys::global().unchecked_into()
    }

    /// Listen, and tell the page that requests are welcome.
    pub fn start() -> Result<(), JsValue> {
        console_error_panic_hook::set_once();
        let on_message = Closure::<dyn Fn(MessageEvent)>::new(|event: MessageEvent| {
            if let Err(error) = answer(&event.data()) {
                // Nothing here can mend a browser that refuses a message: the page hears an uncaught error.
                wasm_bindgen::throw_val(error);
            }
        });
        scope().set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        on_message.forget();
        scope().post_message(&JsValue::NULL)
    }

    /// Do what a message asks for.
    fn answer(data: &JsValue) -> Result<(), JsValue> {
        let message: &Array = data.unchecked_ref();
        let request: Option<Request> =
            message.get(0).as_string().and_then(|text| serde_json::from_str(&text).ok());
        let payload = message.get(1);
        match request {
            Some(Request { protocol: PROTOCOL, task: Task::Import { anyway } }) => {
                import(&payload.unchecked_into(), anyway)
            }
            Some(Request { protocol: PROTOCOL, task: Task::Export(form) }) => {
                let bytes: Uint8Array = payload.unchecked_into();
                match importer::export(&bytes.to_vec(), form) {
                    Ok(bytes) => send(&Report::Exported, &[&bytes]),
                    Err(error) => refuse(&error),
                }
            }
            _ => send(
                &Report::Refused {
                    reason: "page and importer are of different versions; reload the page".into(),
                    doubt: false,
                },
                &[],
            ),
        }
    }

    /// Build a twin from an array of [name, File].
    fn import(given: &Array, anyway: bool) -> Result<(), JsValue> {
        let files: Vec<(String, File)> = given
            .iter()
            .filter_map(|pair| {
                let pair: Array = pair.dyn_into().ok()?;
                Some((pair.get(0).as_string()?, pair.get(1).dyn_into().ok()?))
            })
            .collect();
        let offered: Vec<Offered> = files
            .iter()
            .map(|(name, file)| Offered { name: name.clone(), bytes: file.size() as u64 })
            .collect();
        let reader = FileReaderSync::new()?;
        let read = |name: &str, most: u64| {
            let error = |reason: &str, remedy| Error::Source {
                file: name.to_owned(),
                reason: reason.to_owned(),
                remedy,
            };
            let file = files.iter().find(|(other, _)| other == name).map(|(_, file)| file);
            let file =
                file.ok_or_else(|| error("was not given", "give it together with the others"))?;
            let end = file.size().min(most as f64);
            file.slice_with_f64_and_f64(0.0, end)
                .and_then(|part| reader.read_as_array_buffer(&part))
                .map(|buffer| Uint8Array::new(&buffer).to_vec())
                .map_err(|_| {
                    error("cannot be read", "check that it is still there and not open elsewhere")
                })
        };
        let mut told: Option<(Step, f32)> = None;
        let mut tell = |step: Step, done: f32| {
            if told.is_some_and(|(last, before)| last == step && done - before < NEWS) {
                return;
            }
            told = Some((step, done));
            // A page that no longer listens has ended this worker.
            let _ = send(&Report::Progress { step, done }, &[]);
        };
        match importer::import(&offered, anyway, &read, &mut tell) {
            Ok(imported) => {
                let picture = png(&imported.picture)
                    .map_err(|error| JsValue::from_str(&error.to_string()))?;
                send(&Report::Imported(Box::new(imported.about)), &[&imported.pack, &picture])
            }
            Err(error) => refuse(&error),
        }
    }

    fn refuse(error: &Error) -> Result<(), JsValue> {
        let doubt = matches!(error, Error::Doubt { .. });
        send(&Report::Refused { reason: error.to_string(), doubt }, &[])
    }

    /// Send a report and the bytes that belong to it, which the page then owns.
    fn send(report: &Report, bytes: &[&[u8]]) -> Result<(), JsValue> {
        let text =
            serde_json::to_string(report).map_err(|error| JsValue::from_str(&error.to_string()))?;
        let message = Array::of1(&JsValue::from_str(&text));
        let transfer = Array::new();
        for part in bytes {
            let part = Uint8Array::from(*part);
            transfer.push(&part.buffer());
            message.push(&part);
        }
        scope().post_message_with_transfer(&message, &transfer)
    }

    /// A picture as a PNG file.
    fn png(picture: &Picture) -> Result<Vec<u8>, png::EncodingError> {
        let mut bytes = Vec::new();
        let mut encoder =
            png::Encoder::new(&mut bytes, picture.width as u32, picture.height as u32);
        encoder.set_color(png::ColorType::Rgba);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(bytemuck::cast_slice(&picture.rgba))?;
        writer.finish()?;
        Ok(bytes)
    }
}

#[cfg(target_arch = "wasm32")]
fn main() -> Result<(), wasm_bindgen::JsValue> {
    dedicated::start()
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    eprintln!("the importer runs in a browser: build it for wasm32-unknown-unknown");
}
