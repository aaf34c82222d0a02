//! The solver in a dedicated worker: the only wasm-bindgen code of this crate. [`solver_wasm::message`] is the protocol.

#[cfg(target_arch = "wasm32")]
mod dedicated {
    use std::cell::RefCell;

    use js_sys::{Array, ArrayBuffer, Float32Array, Uint8Array};
    use solver_wasm::{
        message::{Report, decode_commands, encode_report},
        simulation::Simulation,
    };
    use wasm_bindgen::{JsCast, JsValue, closure::Closure};
    use web_sys::{DedicatedWorkerGlobalScope, MessageEvent};

    /// What lives as long as the worker.
    struct Worker {
        simulation: Simulation,
        /// Displacements on their way from the solver to a transferable buffer.
        staging: Vec<f32>,
    }

    thread_local! {
        static WORKER: RefCell<Worker> = RefCell::new(Worker {
            simulation: Simulation::with_clock(now),
            staging: Vec::new(),
        });
    }

    /// Milliseconds since the worker began.
    fn now() -> f64 {
        let scope: DedicatedWorkerGlobalScope = js_sys::global().unchecked_into();
        scope.performance().map_or(0.0, |clock| clock.now())
    }

    /// Listen, and tell the page that commands are welcome.
    pub fn start() -> Result<(), JsValue> {
        console_error_panic_hook::set_once();
        let scope: DedicatedWorkerGlobalScope = js_sys::global().unchecked_into();
        let sender = scope.clone();
        let on_message = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
            let sent = WORKER.with_borrow_mut(|worker| worker.answer(&sender, &event.data()));
            if let Err(error) = sent {
                // Nothing here can mend a browser that refuses a message: the page hears an uncaught error.
                wasm_bindgen::throw_val(error);
            }
        });
        scope.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        on_message.forget();
        scope.post_message(&Array::of2(&JsValue::NULL, &JsValue::NULL))
    }

    impl Worker {
        fn answer(
            &mut self,
            scope: &DedicatedWorkerGlobalScope,
            data: &JsValue,
        ) -> Result<(), JsValue> {
            let message: &Array = data.unchecked_ref();
            let before = now();
            let mut report = match message.get(0).dyn_into::<Uint8Array>() {
                Ok(bytes) => match decode_commands(&bytes.to_vec()) {
                    Ok(commands) => self.simulation.apply(commands),
                    Err(error) => Report::Refused { reason: error.to_string() },
                },
                Err(_) => Report::Refused {
                    reason: "message: the first entry is no Uint8Array; send encoded commands"
                        .into(),
                },
            };
            let spent = (now() - before) as f32;
            match &mut report {
                Report::Ready { settle_ms, .. } => *settle_ms = spent,
                Report::Stepped(stepped) => stepped.solve_ms = spent,
                Report::Refused { .. } => {}
            }

            // Recycle the page's spent buffer if it has the right size.
            self.staging.resize(self.simulation.node_count() * 4, 0.0);
            self.simulation.write_displacements(&mut self.staging);
            let bytes = (self.staging.len() * 4) as u32;
            let buffer = match message.get(1).dyn_into::<ArrayBuffer>() {
                Ok(spent) if spent.byte_length() == bytes => spent,
                _ => ArrayBuffer::new(bytes),
            };
            Float32Array::new(&buffer).copy_from(&self.staging);

            let encoded = match encode_report(&report) {
                Ok(encoded) => encoded,
                Err(error) => return Err(JsValue::from_str(&error.to_string())),
            };
            let encoded = Uint8Array::from(encoded.as_slice());
            let transfer = Array::of2(&encoded.buffer(), &buffer);
            scope.post_message_with_transfer(&Array::of2(&encoded, &buffer), &transfer)
        }
    }
}

#[cfg(target_arch = "wasm32")]
fn main() -> Result<(), wasm_bindgen::JsValue> {
    dedicated::start()
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    eprintln!("the worker runs in a browser: build it for wasm32-unknown-unknown");
}
