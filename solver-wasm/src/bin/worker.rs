//! The solver in a dedicated worker: the only wasm-bindgen code of this crate. [`solver_wasm::message`] is the protocol.

#[cfg(target_arch = "wasm32")]
mod dedicated {
    use std::{cell::RefCell, collections::VecDeque};

    use js_sys::{Array, ArrayBuffer, Float32Array, Uint8Array};
    use solver_wasm::{
        gpu::Play,
        message::{Report, decode_commands, encode_report},
    };
    use wasm_bindgen::{JsCast, JsValue, closure::Closure};
    use web_sys::{DedicatedWorkerGlobalScope, MessageEvent};

    /// What lives as long as the worker.
    struct Worker {
        play: Play,
        /// Displacements on their way from the solver to a transferable buffer.
        staging: Vec<f32>,
    }

    thread_local! {
        /// None while it answers.
        static WORKER: RefCell<Option<Worker>> =
            RefCell::new(Some(Worker { play: Play::with_clock(now), staging: Vec::new() }));
        /// Messages that came meanwhile.
        static WAITING: RefCell<VecDeque<JsValue>> = RefCell::default();
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
            WAITING.with_borrow_mut(|waiting| waiting.push_back(event.data()));
            if let Some(worker) = WORKER.take() {
                wasm_bindgen_futures::spawn_local(work(worker, sender.clone()));
            }
        });
        scope.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        on_message.forget();
        scope.post_message(&Array::of2(&JsValue::NULL, &JsValue::NULL))
    }

    /// Answer what waits.
    async fn work(mut worker: Worker, scope: DedicatedWorkerGlobalScope) {
        while let Some(data) = WAITING.with_borrow_mut(VecDeque::pop_front) {
            if let Err(error) = worker.answer(&scope, &data).await {
                // Nothing here can mend a browser that refuses a message: the page hears an uncaught error.
                wasm_bindgen::throw_val(error);
            }
        }
        WORKER.set(Some(worker));
    }

    impl Worker {
        async fn answer(
            &mut self,
            scope: &DedicatedWorkerGlobalScope,
            data: &JsValue,
        ) -> Result<(), JsValue> {
            let message: &Array = data.unchecked_ref();
            if message.get(0).as_string().is_some_and(|word| word == "lose the GPU") {
                self.play.lose_gpu();
                return Ok(());
            }
            let before = now();
            let mut report = match message.get(0).dyn_into::<Uint8Array>() {
                Ok(bytes) => match decode_commands(&bytes.to_vec()) {
                    Ok(commands) => self.play.apply(commands).await,
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
            let simulation = self.play.simulation();
            self.staging.resize(simulation.node_count() * 4, 0.0);
            simulation.write_displacements(&mut self.staging);
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
