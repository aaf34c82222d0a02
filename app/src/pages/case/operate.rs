//! The operating view: the canvas with its running view, and the panels around it.

use std::rc::Rc;

use js_sys::Reflect;
use leptos::{ev, html, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::{HtmlCanvasElement, PointerEvent, UrlSearchParams, WebGl2RenderingContext};

use super::{
    Twin,
    coach::Coach,
    dock::{Dock, full_force},
    facts::Facts,
    help::Help,
    keys,
    mechanics::Mechanics,
    origins::Origins,
    quiz::{self, Quiz},
    scan::Scan,
    session::{Drawer, Session, Sheet, Simulation},
    structures::Structures,
    top::Top,
};
use crate::{
    components::{
        icon::{Icon, icon},
        shell::use_title,
        trouble::Trouble,
    },
    journal::store::use_journal,
    offline::use_offline,
    own::is_own,
    phrases::use_phrases,
    preference::{self, Theme, use_theme},
    text::{tr, use_language},
    viewer::{Viewer, ViewerEvent, ViewerOptions},
};

/// WebGL's name of the renderer behind the debug extension.
const UNMASKED_RENDERER: u32 = 0x9246;

/// The page once the twin is there.
#[component]
pub fn Operate(twin: Rc<Twin>, #[prop(into)] trouble: Callback<Trouble>) -> impl IntoView {
    let language = use_language();
    let theme = use_theme();
    let offline = use_offline();
    let phrases = use_phrases();
    let session = Session::new(&twin, use_journal(), language, phrases);
    let canvas = NodeRef::<html::Canvas>::new();
    let help = NodeRef::<html::Dialog>::new();
    let quiz = NodeRef::<html::Dialog>::new();
    let origins = NodeRef::<html::Dialog>::new();
    use_title(phrases.of(twin.case.title.clone()));
    // An own case is in the browser already.
    let keep = match is_own(&twin.case.id) {
        true => Vec::new(),
        false => vec![
            crate::download::INDEX.to_owned(),
            twin.case.details.clone(),
            twin.case.picture.clone(),
            twin.case.pack.url.clone(),
        ],
    };

    Effect::new(move |_| {
        let Some(canvas) = canvas.get() else { return };
        let options = ViewerOptions {
            light: theme.get_untracked() == Theme::Light,
            low_quality: low_quality(),
            reduced_motion: preference::reduced_motion(),
            full_force: full_force(session),
        };
        let keep = keep.clone();
        let on_event = move |event: ViewerEvent| {
            session.hear(&event);
            if event == ViewerEvent::FirstFrame && !keep.is_empty() {
                offline.keep(keep.clone());
            }
        };
        let pack = session.pack.get_value();
        match Viewer::start(canvas, pack, options, on_event) {
            Ok(viewer) => session.viewer.set_value(Some(viewer)),
            Err(error) => trouble.run(error.into()),
        }
    });
    on_cleanup(move || session.viewer.set_value(None));
    follow(session);
    keys::listen(session, help);

    let selected_from_address = UrlSearchParams::new_with_str(&search())
        .ok()
        .and_then(|query| query.get("structure"))
        .and_then(|id| twin.pack.manifest.structures.iter().position(|one| one.id == id));
    session.selected.set(selected_from_address);

    let label = {
        let title = twin.case.title.clone();
        move || language.get().fill("case.canvas", &[("title", &phrases.say(&title))])
    };
    let last = StoredValue::new(None::<(f32, f32)>);
    let moved = move |event: PointerEvent| {
        let at = (event.client_x() as f32, event.client_y() as f32);
        if event.buttons() == 0 {
            last.set_value(None);
            return;
        }
        if session.pull.with_untracked(Option::is_some) {
            // The callout stays beside the tip; the canvas fills the window.
            session.hovered.update(|hovered| {
                if let Some(hovered) = hovered {
                    (hovered.1, hovered.2) = at;
                }
            });
        }
        if let Some(before) = last.get_value() {
            session.dragged((at.0 - before.0).hypot(at.1 - before.1));
        }
        last.set_value(Some(at));
    };
    let drawer = move || match session.drawer.get() {
        Drawer::None => "none",
        Drawer::Structures => "structures",
        Drawer::Scan => "scan",
        Drawer::Facts => "facts",
    };
    let sheet = move || match session.sheet.get() {
        Sheet::Peek => "peek",
        Sheet::Half => "half",
        Sheet::Full => "full",
    };
    let open = |open: bool| if open { "open" } else { "closed" };
    view! {
        <div
            class="operate"
            data-case=twin.case.id.clone()
            data-simulation=move || session.simulation.with(Simulation::name)
            data-first-frame=move || session.first_frame.get().to_string()
            data-drawer=drawer
            data-sheet=sheet
            data-selected=move || if session.selected.get().is_some() { "one" } else { "none" }
            data-mechanics=move || open(session.mechanics.get())
            data-left=move || open(session.panels.get().0)
            data-right=move || open(session.panels.get().1)
        >
            <Top session help />
            <main id="main" tabindex="-1">
                <canvas
                    node_ref=canvas
                    tabindex="0"
                    role="application"
                    aria-label=label
                    on:pointermove=moved
                ></canvas>
                <Callout session />
                <Show when=move || !session.first_frame.get()>
                    <div class="loading">
                        <p class="glass small muted" role="status">{tr("loading.starting")}</p>
                    </div>
                </Show>
            </main>
            <aside class="hud panels left" aria-label=tr("coach.title")>
                <Coach session quiz origins />
                <Scan session />
            </aside>
            <aside class="hud panels right" aria-label=tr("tree.title")>
                <Structures session />
                <Show when=move || session.mechanics.get()><Mechanics session /></Show>
                <Facts session />
            </aside>
            <Floating session help quiz />
            <Dock session />
            <Lost session />
            <p class="unseen" role="status" aria-live="polite" id="said">{session.said}</p>
            <Help dialog=help />
            <Quiz session dialog=quiz />
            <Origins session dialog=origins />
        </div>
    }
}

/// What the person prefers, else what the machine can do.
fn low_quality() -> bool {
    let query =
        UrlSearchParams::new_with_str(&search()).ok().and_then(|query| query.get("quality"));
    if let Some(quality) = query.as_deref().filter(|quality| ["low", "high"].contains(quality)) {
        preference::remember("quality", quality);
    }
    let remembered = preference::recall("quality");
    preference::low_quality(
        query.as_deref(),
        remembered.as_deref(),
        &renderer().unwrap_or_default(),
    )
}

/// Name of the graphics hardware, from a context that is never drawn to.
fn renderer() -> Option<String> {
    let canvas: HtmlCanvasElement = document().create_element("canvas").ok()?.unchecked_into();
    let context: WebGl2RenderingContext = canvas.get_context("webgl2").ok()??.dyn_into().ok()?;
    // Without the extension some browsers name the hardware under the plain constant.
    let _ = context.get_extension("WEBGL_debug_renderer_info");
    let name = context
        .get_parameter(UNMASKED_RENDERER)
        .ok()
        .filter(|name| !name.is_null())
        .or_else(|| context.get_parameter(WebGl2RenderingContext::RENDERER).ok())?;
    // Free the context now: browsers allow few at a time.
    if let Ok(Some(extension)) = context.get_extension("WEBGL_lose_context")
        && let Ok(lose) = Reflect::get(&extension, &"loseContext".into())
        && let Ok(lose) = lose.dyn_into::<js_sys::Function>()
    {
        let _ = lose.call0(&extension);
    }
    name.as_string()
}

fn search() -> String {
    window().location().search().unwrap_or_default()
}

/// The view follows the store.
fn follow(session: Session) {
    let theme = use_theme();
    Effect::new(move |_| {
        let visibility = session.visibility.get();
        // Also when the view starts: it may start after the first change.
        session.first_frame.track();
        session.view(|viewer| viewer.set_visibility(&visibility));
    });
    Effect::new(move |_| {
        let selected = session.selected.get();
        session.first_frame.track();
        session.view(|viewer| viewer.select(selected));
        remember_selection(selected.map(|structure| session.id(structure)));
    });
    Effect::new(move |_| {
        let tool = session.tool.get();
        session.view(|viewer| viewer.set_tool(tool));
    });
    Effect::new(move |_| {
        let light = theme.get() == Theme::Light;
        session.view(|viewer| viewer.set_light(light));
    });
    Effect::new(move |_| {
        let section = session.section.get().map(|section| (section.axis, section.at));
        session.view(|viewer| viewer.set_section(section));
    });
    Effect::new(move |_| {
        let watch = session.mechanics.get();
        session.first_frame.track();
        session.view(|viewer| viewer.watch_steps(watch));
    });
    let width = RwSignal::new(window_width());
    let resized = window_event_listener(ev::resize, move |_| width.set(window_width()));
    on_cleanup(move || resized.remove());
    Effect::new(move |_| {
        let side = session.drawer.get() == Drawer::Structures || session.mechanics.get();
        let insets = insets(width.get(), session.panels.get(), side);
        session.first_frame.track();
        session.view(|viewer| viewer.set_insets(insets));
    });
}

/// What panels cover at the left, top, right and bottom [CSS px]; the same break points as the style sheet. `side`: is
/// something open at the right of a window of medium width?
fn insets(width: f64, (left, right): (bool, bool), side: bool) -> [f32; 4] {
    let if_open = |open: bool, size: f32| if open { size } else { 0.0 };
    if width > 1060.0 {
        [if_open(left, 304.0), 52.0, if_open(right, 288.0), 128.0]
    } else if width > 720.0 {
        [if_open(left, 276.0), 52.0, if_open(side, 288.0) + 64.0, 128.0]
    } else {
        [0.0, 52.0, 0.0, 250.0]
    }
}

fn window_width() -> f64 {
    window().inner_width().ok().and_then(|width| width.as_f64()).unwrap_or(1280.0)
}

/// The selected structure is part of the address: a link leads to it.
fn remember_selection(structure: Option<String>) {
    let (Ok(path), Ok(history)) = (window().location().pathname(), window().history()) else {
        return;
    };
    let address = structure.map_or(path.clone(), |id| format!("{path}?structure={id}"));
    let state = history.state().unwrap_or_default();
    // Refused only when called hundreds of times a minute.
    let _ = history.replace_state_with_url(&state, "", Some(&address));
}

/// Name of what is under the pointer; force and way while it is pulled.
#[component]
fn Callout(session: Session) -> impl IntoView {
    let language = use_language();
    move || {
        let (hovered, x, y) = session.hovered.get()?;
        let pull = session.pull.get();
        let structure = pull.map_or(hovered, |pull| pull.structure);
        let second = pull.map(|pull| {
            let language = language.get();
            language.fill(
                "callout.pull",
                &[
                    ("force", &language.number(f64::from(pull.force), 1)),
                    ("displacement", &language.number(f64::from(pull.displacement), 0)),
                ],
            )
        });
        Some(view! {
            <div
                class="callout"
                aria-hidden="true"
                style:transform=format!("translate({:.0}px, {:.0}px)", x + 22.0, (y - 52.0).max(56.0))
            >
                <b>{session.named(structure)}</b>
                {second.map(|second| view! { <span class="num">{second}</span> })}
            </div>
        })
    }
}

/// Buttons that open drawers on small windows.
#[component]
fn Floating(
    session: Session,
    help: NodeRef<html::Dialog>,
    quiz: NodeRef<html::Dialog>,
) -> impl IntoView {
    let asks = session.details.with_value(|details| !details.questions.is_empty());
    let button = move |drawer: Drawer, picture: Icon, label: &'static str| {
        let toggle = move |_| {
            session.mechanics.set(false);
            session
                .drawer
                .update(|open| *open = if *open == drawer { Drawer::None } else { drawer });
        };
        view! {
            <button
                class="btn btn-icon"
                aria-label=tr(label)
                aria-pressed=move || (session.drawer.get() == drawer).to_string()
                on:click=toggle
            >
                {icon(picture, "")}
            </button>
        }
    };
    view! {
        <nav class="floating" aria-label=tr("case.panels")>
            {button(Drawer::Structures, Icon::Layers, "tree.title")}
            {button(Drawer::Scan, Icon::Scan, "scan.title")}
            {button(Drawer::Facts, Icon::Info, "facts.title")}
            <button
                class="btn btn-icon"
                aria-label=tr("mechanics.title")
                aria-pressed=move || session.mechanics.get().to_string()
                on:click=move |_| session.toggle_mechanics()
            >
                {icon(Icon::Chip, "")}
            </button>
            {asks.then(|| view! {
                <button class="btn btn-icon" aria-label=tr("quiz.title") on:click=move |_| quiz::open(quiz)>
                    {icon(Icon::Ask, "")}
                </button>
            })}
            <button class="btn btn-icon" aria-label=tr("help.open") on:click=move |_| keys::open(help)>
                {icon(Icon::Keyboard, "")}
            </button>
        </nav>
    }
}

/// The worker is gone: the view goes on, and a new worker is one button away.
#[component]
fn Lost(session: Session) -> impl IntoView {
    move || {
        let Simulation::Lost(reason) = session.simulation.get() else { return None };
        Some(view! {
            <section class="hud glass notice" role="alert">
                <div class="say bad">
                    {icon(Icon::Octagon, "")}
                    <span><b>{tr("lost.title")}</b> " " {tr("lost.what")}</span>
                </div>
                <p class="tiny quiet">{reason}</p>
                <div class="row">
                    <button
                        class="btn btn-primary btn-s"
                        id="restart-simulation"
                        on:click=move |_| session.restart_simulation()
                    >
                        {icon(Icon::Restart, "icon-s")}{tr("lost.restart")}
                    </button>
                </div>
            </section>
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn the_middle_stays_free() {
        let [left, _, right, _] = insets(1280.0, (true, true), false);
        assert!(1280.0 - left - right >= 672.0);
        assert_eq!(insets(390.0, (true, true), true)[0], 0.0);
        assert_eq!(insets(1280.0, (false, false), false)[..3], [0.0, 52.0, 0.0]);
    }
}
