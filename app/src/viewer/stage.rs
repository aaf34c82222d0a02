//! Canvas, events and frame loop around an [`Engine`]: the only place of the view that touches the browser.

use std::{
    cell::{Cell, RefCell},
    rc::{Rc, Weak},
};

use cases::twin::pack::Pack;
use gloo::events::{EventListener, EventListenerOptions};
use js_sys::{Object, Reflect};
use three_d::prelude::*;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{
    Event, HtmlCanvasElement, PointerEvent, ResizeObserver, WebGl2RenderingContext, WheelEvent,
};

use super::{
    ViewerError, ViewerEvent, ViewerOptions,
    engine::Engine,
    input::{Input, Press},
};
use crate::simulation::Simulation;

/// Device pixels a CSS pixel at most.
const MOST_SCALE: f64 = 2.0;
/// The same when drawing with less effort.
const LOW_SCALE: f64 = 0.6;

type FrameLoop = Closure<dyn FnMut(f64)>;

/// Watches the canvas' size; the closure lives as long as the observer.
struct SizeWatch {
    observer: ResizeObserver,
    _closure: Closure<dyn FnMut()>,
}

/// A view on its canvas.
pub struct Stage {
    canvas: HtmlCanvasElement,
    on_event: Box<dyn Fn(ViewerEvent)>,
    engine: RefCell<Engine>,
    input: RefCell<Input>,
    /// Closure of the frame loop, and the frame that is asked for.
    frame: RefCell<Option<FrameLoop>>,
    asked: Cell<Option<i32>>,
    stopped: Cell<bool>,
    listeners: RefCell<Vec<EventListener>>,
    observer: RefCell<Option<SizeWatch>>,
}

/// A WebGL2 context of the canvas with premultiplied alpha, so that the page shows through.
fn graphics(
    canvas: &HtmlCanvasElement,
    options: &ViewerOptions,
) -> Result<three_d::core::Context, ViewerError> {
    let attributes = Object::new();
    let set = |name: &str, value: bool| {
        let _ = Reflect::set(&attributes, &name.into(), &value.into());
    };
    set("alpha", true);
    set("premultipliedAlpha", true);
    set("depth", true);
    set("antialias", !options.low_quality);
    let context = canvas
        .get_context_with_context_options("webgl2", &attributes)
        .ok()
        .flatten()
        .and_then(|c| c.dyn_into::<WebGl2RenderingContext>().ok())
        .ok_or(ViewerError::NoWebGl2)?;
    wrap(context)
}

#[cfg(target_arch = "wasm32")]
fn wrap(context: WebGl2RenderingContext) -> Result<three_d::core::Context, ViewerError> {
    let context = three_d::context::Context::from_webgl2_context(context);
    three_d::core::Context::from_gl_context(std::sync::Arc::new(context))
        .map_err(|e| ViewerError::Driver(e.to_string()))
}

/// Off the web, where only lints and unit tests go, there is no canvas.
#[cfg(not(target_arch = "wasm32"))]
fn wrap(_: WebGl2RenderingContext) -> Result<three_d::core::Context, ViewerError> {
    Err(ViewerError::NoWebGl2)
}

impl Stage {
    /// Start the view on a canvas; the first frame follows.
    ///
    /// # Errors
    /// No WebGL2, or a driver that refuses.
    pub fn start(
        canvas: HtmlCanvasElement,
        pack: Rc<Pack>,
        options: ViewerOptions,
        on_event: Box<dyn Fn(ViewerEvent)>,
    ) -> Result<Rc<Self>, ViewerError> {
        let context = graphics(&canvas, &options)?;
        let engine = Engine::new(&context, pack, options)?;
        let stage = Rc::new(Self {
            canvas,
            on_event,
            engine: RefCell::new(engine),
            input: RefCell::default(),
            frame: RefCell::default(),
            asked: Cell::new(None),
            stopped: Cell::new(false),
            listeners: RefCell::default(),
            observer: RefCell::default(),
        });
        let weak = Rc::downgrade(&stage);
        *stage.frame.borrow_mut() = Some(Closure::new(move |now: f64| {
            if let Some(stage) = weak.upgrade() {
                stage.run_frame(now);
            }
        }));
        stage.listen();
        stage.observe_size();
        stage.measure();
        stage.wake();
        Ok(stage)
    }

    /// Start a new worker with the twin's scene; without soft tissue there is nothing to simulate.
    pub fn start_simulation(self: &Rc<Self>) {
        let pack = self.engine.borrow().pack.clone();
        if pack.scene.lattice.cells.is_empty() {
            return;
        }
        let weak = Rc::downgrade(self);
        let wake = move || {
            if let Some(stage) = weak.upgrade() {
                stage.wake();
            }
        };
        let started = Simulation::start(&pack.scene, wake);
        self.change(|e| match started {
            Ok(simulation) => e.simulation = Some(simulation),
            Err(reason) => e.events.push(ViewerEvent::SimulationLost(reason)),
        });
    }

    /// Change the engine's state and draw soon.
    pub fn change<T>(&self, change: impl FnOnce(&mut Engine) -> T) -> T {
        let result = change(&mut self.engine.borrow_mut());
        self.tell();
        self.wake();
        result
    }

    /// End for good.
    pub fn stop(&self) {
        self.stopped.set(true);
        if let (Some(id), Some(window)) = (self.asked.take(), web_sys::window()) {
            let _ = window.cancel_animation_frame(id);
        }
        self.listeners.borrow_mut().clear();
        if let Some(watch) = self.observer.borrow_mut().take() {
            watch.observer.disconnect();
        }
        self.engine.borrow_mut().simulation = None;
    }

    /// Ask for a frame.
    fn wake(&self) {
        if self.asked.get().is_some() || self.stopped.get() {
            return;
        }
        if let (Some(window), Some(frame)) = (web_sys::window(), self.frame.borrow().as_ref()) {
            let function = frame.as_ref().unchecked_ref();
            self.asked.set(window.request_animation_frame(function).ok());
        }
    }

    fn run_frame(&self, now: f64) {
        self.asked.set(None);
        let more = self.engine.borrow_mut().frame(now);
        self.tell();
        if more {
            self.wake();
        }
    }

    /// Hand out the events; the engine is free then, so that a listener may call the view.
    fn tell(&self) {
        let events = std::mem::take(&mut self.engine.borrow_mut().events);
        for event in events {
            (self.on_event)(event);
        }
    }

    /// Fit the drawing buffer to the canvas on the page.
    fn measure(&self) {
        let (width, height) = (self.canvas.client_width(), self.canvas.client_height());
        if width <= 0 || height <= 0 {
            return;
        }
        let ratio = web_sys::window().map_or(1.0, |w| w.device_pixel_ratio());
        let low = self.engine.borrow().options.low_quality;
        let scale = if low { LOW_SCALE } else { ratio.clamp(0.5, MOST_SCALE) };
        let device = [width, height].map(|n| (f64::from(n) * scale).round().max(1.0) as u32);
        if [self.canvas.width(), self.canvas.height()] != device {
            self.canvas.set_width(device[0]);
            self.canvas.set_height(device[1]);
        }
        self.engine.borrow_mut().resize([width as f32, height as f32], device);
        self.wake();
    }

    fn observe_size(self: &Rc<Self>) {
        let weak = Rc::downgrade(self);
        let closure = Closure::<dyn FnMut()>::new(move || {
            if let Some(stage) = weak.upgrade() {
                stage.measure();
            }
        });
        if let Ok(observer) = ResizeObserver::new(closure.as_ref().unchecked_ref()) {
            observer.observe(&self.canvas);
            *self.observer.borrow_mut() = Some(SizeWatch { observer, _closure: closure });
        }
    }

    fn on(
        self: &Rc<Self>,
        name: &'static str,
        passive: bool,
        handle: impl Fn(&Rc<Self>, &Event) + 'static,
    ) {
        let weak: Weak<Self> = Rc::downgrade(self);
        let options = EventListenerOptions { passive, ..EventListenerOptions::default() };
        let listener =
            EventListener::new_with_options(&self.canvas, name, options, move |event: &Event| {
                if let Some(stage) = weak.upgrade() {
                    handle(&stage, event);
                }
            });
        self.listeners.borrow_mut().push(listener);
    }

    fn listen(self: &Rc<Self>) {
        let _ = self.canvas.style().set_property("touch-action", "none");
        self.on("pointerdown", false, |stage, event| {
            let Some(pointer) = event.dyn_ref::<PointerEvent>() else { return };
            let _ = stage.canvas.set_pointer_capture(pointer.pointer_id());
            stage.gesture(|input, engine| input.press(engine, press(pointer)));
        });
        self.on("pointermove", true, |stage, event| {
            let Some(pointer) = event.dyn_ref::<PointerEvent>() else { return };
            stage.gesture(|input, engine| input.shift(engine, press(pointer)));
        });
        for (name, cancelled) in [("pointerup", false), ("pointercancel", true)] {
            self.on(name, true, move |stage, event| {
                let Some(pointer) = event.dyn_ref::<PointerEvent>() else { return };
                stage.gesture(|input, engine| input.lift(engine, press(pointer), cancelled));
            });
        }
        self.on("pointerleave", true, |stage, _| {
            stage.gesture(|input, engine| {
                if !input.is_active() {
                    engine.hover(None);
                }
            });
        });
        self.on("contextmenu", false, |_, event| event.prevent_default());
        self.on("wheel", false, |stage, event| {
            let Some(wheel) = event.dyn_ref::<WheelEvent>() else { return };
            event.prevent_default();
            let unit = match wheel.delta_mode() {
                WheelEvent::DOM_DELTA_LINE => 18.0,
                WheelEvent::DOM_DELTA_PAGE => 400.0,
                _ => 1.0,
            };
            // a pinch on a touch pad arrives as a wheel with ctrl and small deltas
            let unit = if wheel.ctrl_key() { unit * 5.0 } else { unit };
            let at = vec2(wheel.offset_x() as f32, wheel.offset_y() as f32);
            let pixels = wheel.delta_y() as f32 * unit;
            stage.gesture(|input, engine| input.wheel(engine, at, pixels));
        });
        self.on("webglcontextlost", false, |stage, event| {
            event.prevent_default();
            stage.engine.borrow_mut().renderer = None;
        });
        self.on("webglcontextrestored", true, |stage, _| {
            let options = stage.engine.borrow().options;
            let rebuilt = graphics(&stage.canvas, &options)
                .and_then(|context| stage.engine.borrow_mut().rebuild(&context));
            if let Err(e) = rebuilt {
                web_sys::console::error_1(&e.to_string().into());
            }
            stage.wake();
        });
    }

    fn gesture(&self, act: impl FnOnce(&mut Input, &mut Engine)) {
        act(&mut self.input.borrow_mut(), &mut self.engine.borrow_mut());
        self.tell();
        self.wake();
    }
}

fn press(event: &PointerEvent) -> Press {
    Press {
        id: event.pointer_id(),
        at: vec2(event.offset_x() as f32, event.offset_y() as f32),
        shifts: event.shift_key() || event.button() == 1 || event.button() == 2,
        finger: event.pointer_type() == "touch",
        pressure: match event.pointer_type().as_str() {
            "pen" => (2.0 * event.pressure()).clamp(0.1, 2.0),
            _ => 1.0,
        },
        time: JsValue::from(event.time_stamp()).as_f64().unwrap_or_default(),
    }
}
