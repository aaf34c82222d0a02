//! Settings of the blade: how deep it cuts and through what, how long the cut is, the planned line, and the way back.

use leptos::prelude::*;

use super::session::Session;
use crate::{
    components::icon::{Icon, icon},
    text::{tr, use_language},
    viewer::{Bled, DEPTH, DEPTHS, Measures, Tool, ViewerEvent},
};

/// What is known of the blade.
#[derive(Clone, Copy)]
pub struct Incision {
    /// How deep it cuts [mm].
    pub depth: RwSignal<f32>,
    /// The stroke under way.
    pub stroke: RwSignal<Option<Measures>>,
    /// Force of the blade on the tissue [N], while it cuts.
    pub force: RwSignal<Option<f32>>,
    /// What the blade would go through under the pointer: structures, with how far each goes [mm].
    pub layers: RwSignal<Vec<(usize, f32)>>,
    /// How hard the left hand pulls [N], while it holds tissue.
    pub held: RwSignal<Option<f32>>,
    /// Length of the planned line [mm], if there is one.
    pub planned: RwSignal<Option<f32>>,
    /// Strokes that can be undone, and done again.
    pub strokes: RwSignal<[usize; 2]>,
    /// How wide the widest wound gapes [mm].
    pub gape: RwSignal<f32>,
    /// What was lost of blood, once any was.
    pub bled: RwSignal<Option<Bled>>,
    /// Are vessels sealed by bipolar jaws, or by a monopolar tip?
    pub is_bipolar: RwSignal<bool>,
}

impl Incision {
    /// Nothing is cut.
    pub fn new() -> Self {
        Self {
            depth: RwSignal::new(DEPTH),
            stroke: RwSignal::new(None),
            force: RwSignal::new(None),
            layers: RwSignal::new(Vec::new()),
            held: RwSignal::new(None),
            planned: RwSignal::new(None),
            strokes: RwSignal::new([0, 0]),
            gape: RwSignal::new(0.0),
            bled: RwSignal::new(None),
            is_bipolar: RwSignal::new(false),
        }
    }

    /// What the view reports of it.
    pub fn hear(self, event: &ViewerEvent) {
        match *event {
            ViewerEvent::Cutting(measures, force) => {
                self.stroke.set(Some(measures));
                self.force.set(Some(force));
            }
            ViewerEvent::Incised { .. } | ViewerEvent::SimulationLost(_) => {
                self.stroke.set(None);
                self.force.set(None);
            }
            ViewerEvent::Held(force) => self.held.set(force),
            ViewerEvent::Planned(length) => self.planned.set(length),
            ViewerEvent::Layers(ref layers) => self.layers.set(layers.clone()),
            ViewerEvent::Strokes(strokes) => self.strokes.set(strokes),
            ViewerEvent::Gape(gape) => self.gape.set(gape),
            ViewerEvent::Bleeding(bled) => self.bled.set(bled),
            ViewerEvent::Depth(depth) => self.depth.set(depth),
            _ => {}
        }
    }
}

/// Depth, length, and the way back and forth; there while the scalpel is in the hand or something is cut.
#[component]
pub fn BladeControl(session: Session) -> impl IntoView {
    let language = use_language();
    let Incision {
        depth,
        stroke,
        force: _,
        layers,
        held,
        planned,
        strokes,
        gape,
        bled,
        is_bipolar,
    } = session.incision;
    let millimetres = move |value: f32| {
        format!("{} mm", language.get().number(f64::from(value), u8::from(value < 10.0).into()))
    };
    let cutting = move || match stroke.get() {
        Some(measures) => {
            let length = millimetres(measures.length);
            let told = language.get().fill("blade.length", &[("length", &length)]);
            let off = measures.deviation.map(|[mean, _]| {
                let off = language.get().number(f64::from(mean), 1);
                language.get().fill("blade.off", &[("off", &off)])
            });
            let torn = if measures.torn > 0.0 { language.get().text("blade.torn") } else { "" };
            told + &off.unwrap_or_default() + torn
        }
        None if strokes.get() == [0, 0] => language.get().text("blade.ready").to_owned(),
        None => String::new(),
    };
    let through = move || {
        layers
            .get()
            .into_iter()
            .map(|(structure, thick)| {
                view! {
                    <span class="layer">
                        <i class="swatch" style:background=session.colour(structure)></i>
                        {session.named(structure)}
                        " "
                        <b class="num">{millimetres(thick)}</b>
                    </span>
                }
            })
            .collect_view()
    };
    let line = move || match planned.get() {
        Some(length) => language.get().fill("blade.planned", &[("length", &millimetres(length))]),
        None => language.get().text("blade.plan").to_owned(),
    };
    let cuts = move || matches!(session.tool.get(), Tool::Scalpel | Tool::Scissors);
    let plans = move || session.tool.get() == Tool::Marker;
    let gaping = move || {
        let gape = millimetres(gape.get());
        language.get().fill("blade.gape", &[("gape", &gape)])
    };
    let bleeding = move || {
        let bled = bled.get().unwrap_or_default();
        let language = language.get();
        let number = |value: f32| language.number(f64::from(value), usize::from(value < 10.0));
        let values = [("lost", &*number(bled.lost)), ("rate", &*number(bled.rate))];
        let mut told = language.fill("blood.lost", &values);
        if bled.open > 0 {
            let widest = language.number(f64::from(bled.widest), 1);
            let values = [("count", &*bled.open.to_string()), ("calibre", &*widest)];
            told +=
                &language.fill(if bled.open == 1 { "blood.one" } else { "blood.open" }, &values);
        }
        told
    };
    let seals = move || session.tool.get() == Tool::Cautery;
    let clamps = move || session.tool.get() == Tool::Clamp;
    let energy = move |bipolar: bool, label: &'static str| {
        view! {
            <button
                class="btn btn-quiet btn-s"
                aria-pressed=move || (is_bipolar.get() == bipolar).to_string()
                on:click=move |_| session.set_bipolar(bipolar)
            >
                {tr(label)}
            </button>
        }
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
    let left = move || {
        let force = language.get().number(f64::from(held.get().unwrap_or(0.0)), 1);
        language.get().fill("blade.left", &[("force", &force)])
    };
    let shown = move || {
        cuts() || plans() || seals() || clamps() || held.get().is_some() || strokes.get() != [0, 0]
    };
    view! {
        <Show when=shown>
            <div
                class="glass blade-control"
                role="group"
                aria-label=tr("blade.title")
                data-strokes=move || strokes.get()[0].to_string()
            >
                <Show when=cuts>
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
                <Show when=plans>
                    <span class="muted num" id="planned" data-mm=move || planned.get().unwrap_or(0.0).to_string()>
                        {line}
                    </span>
                    <Show when=move || planned.get().is_some()>
                        <button class="btn btn-quiet btn-s" on:click=move |_| session.view(|viewer| viewer.wipe_plan())>
                            {tr("blade.wipe")}
                        </button>
                    </Show>
                </Show>
                <Show when=seals>
                    <span class="pair" role="group" aria-label=tr("tools.cautery")>
                        {energy(false, "blood.monopolar")}
                        {energy(true, "blood.bipolar")}
                    </span>
                    <span class="muted">{tr("blood.hold")}</span>
                </Show>
                <Show when=clamps>
                    <span class="muted">{tr("blood.click")}</span>
                </Show>
                <Show when=move || held.get().is_some()>
                    <span class="muted num" id="left" data-newton=move || format!("{:.2}", held.get().unwrap_or(0.0))>
                        {left}
                    </span>
                </Show>
                <Show when=move || strokes.get()[0] != 0>
                    <span class="muted num" id="gape" data-mm=move || format!("{:.2}", gape.get())>
                        {gaping}
                    </span>
                </Show>
                <Show when=move || bled.get().is_some_and(|bled| bled.lost > 0.0)>
                    <span
                        class="num blood"
                        id="blood"
                        data-ml=move || format!("{:.3}", bled.get().unwrap_or_default().lost)
                        data-rate=move || format!("{:.2}", bled.get().unwrap_or_default().rate)
                        data-open=move || bled.get().unwrap_or_default().open.to_string()
                        title=tr("blood.model")
                    >
                        {bleeding}
                    </span>
                </Show>
                <span class="pair">
                    {back(false, Icon::Undo, "blade.undo", "Z")}
                    {back(true, Icon::Redo, "blade.redo", "Y")}
                </span>
                <Show when=move || cuts() && !layers.get().is_empty()>
                    <div class="layers num" id="layers">{through}</div>
                </Show>
            </div>
        </Show>
    }
}
