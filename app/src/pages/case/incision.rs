//! The scalpel's settings: how deep it cuts, how long the cut is, and the way back.

use leptos::prelude::*;

use super::session::Session;
use crate::{
    components::icon::{Icon, icon},
    text::{tr, use_language},
    viewer::{DEPTH, DEPTHS, Tool, ViewerEvent},
};

/// What is known of the blade.
#[derive(Clone, Copy)]
pub struct Incision {
    /// How deep it cuts [mm].
    pub depth: RwSignal<f32>,
    /// Length of the stroke under way [mm].
    pub length: RwSignal<Option<f32>>,
    /// Strokes that can be undone, and done again.
    pub strokes: RwSignal<[usize; 2]>,
    /// How wide the widest wound gapes [mm].
    pub gape: RwSignal<f32>,
}

impl Incision {
    /// Nothing is cut.
    pub fn new() -> Self {
        Self {
            depth: RwSignal::new(DEPTH),
            length: RwSignal::new(None),
            strokes: RwSignal::new([0, 0]),
            gape: RwSignal::new(0.0),
        }
    }

    /// What the view reports of it.
    pub fn hear(self, event: &ViewerEvent) {
        match *event {
            ViewerEvent::Cutting { length, .. } => self.length.set(Some(length)),
            ViewerEvent::Incised { .. } | ViewerEvent::SimulationLost(_) => self.length.set(None),
            ViewerEvent::Strokes(strokes) => self.strokes.set(strokes),
            ViewerEvent::Gape(gape) => self.gape.set(gape),
            ViewerEvent::Depth(depth) => self.depth.set(depth),
            _ => {}
        }
    }
}

/// Depth, length, and the way back and forth; there while the scalpel is in the hand or something is cut.
#[component]
pub fn BladeControl(session: Session) -> impl IntoView {
    let language = use_language();
    let Incision { depth, length, strokes, gape } = session.incision;
    let millimetres = move |value: f32| {
        format!("{} mm", language.get().number(f64::from(value), u8::from(value < 10.0).into()))
    };
    let cutting = move || match length.get() {
        Some(length) => {
            let length = millimetres(length);
            language.get().fill("blade.length", &[("length", &length)])
        }
        None => language.get().text("blade.ready").to_owned(),
    };
    let gaping = move || {
        let gape = millimetres(gape.get());
        language.get().fill("blade.gape", &[("gape", &gape)])
    };
    let back = move |redo: bool, picture: Icon, label: &'static str, key: &'static str| {
        let index = usize::from(redo);
        view! {
            <button
                class="btn btn-icon btn-s"
                aria-label=tr(label)
                title=tr(label)
                aria-keyshortcuts=key
                disabled=move || strokes.get()[index] == 0
                on:click=move |_| session.undo(redo)
            >
                {icon(picture, "icon-s")}
            </button>
        }
    };
    let shown = move || session.tool.get() == Tool::Scalpel || strokes.get() != [0, 0];
    view! {
        <Show when=shown>
            <div
                class="glass blade-control"
                role="group"
                aria-label=tr("blade.title")
                data-strokes=move || strokes.get()[0].to_string()
            >
                <Show when=move || session.tool.get() == Tool::Scalpel>
                    <label for="depth">{tr("blade.depth")}</label>
                    <input
                        id="depth"
                        type="range"
                        min=DEPTHS[0].to_string()
                        max=DEPTHS[1].to_string()
                        step="1"
                        aria-valuetext=move || millimetres(depth.get())
                        prop:value=move || depth.get().to_string()
                        on:input=move |event| {
                            if let Ok(value) = event_target_value(&event).parse::<f32>() {
                                session.set_depth(value);
                            }
                        }
                    />
                    <output class="num" for="depth">{move || millimetres(depth.get())}</output>
                    <span class="muted num" id="cutting">{cutting}</span>
                </Show>
                <Show when=move || strokes.get()[0] != 0>
                    <span class="muted num" id="gape" data-mm=move || format!("{:.2}", gape.get())>
                        {gaping}
                    </span>
                </Show>
                {back(false, Icon::Undo, "blade.undo", "Z")}
                {back(true, Icon::Redo, "blade.redo", "Y")}
            </div>
        </Show>
    }
}
