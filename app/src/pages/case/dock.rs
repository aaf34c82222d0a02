//! Under the organ: force, section plane, instruments.

use leptos::prelude::*;

use super::{
    incision::BladeControl,
    session::{Section, Session},
};
use crate::{
    components::icon::{Icon, icon},
    text::{tr, use_language},
    viewer::Tool,
};

/// Full length of the bar where no limit is known [N].
const SCALE: f64 = 5.0;
/// Share of the limit from which the bar warns.
const WARN: f64 = 0.75;
/// Where the limit's tick stands along the bar.
const TICK: f64 = 0.75;

/// How a force stands to the limit.
fn state(force: Option<f64>, limit: Option<f64>) -> &'static str {
    match (force, limit) {
        (None, _) => "idle",
        (Some(force), Some(limit)) if force >= limit => "bad",
        (Some(force), Some(limit)) if force >= WARN * limit => "warn",
        (Some(_), _) => "ok",
    }
}

/// Force at which gauge and contact ring are full [N]: the case's limit, or a plain scale where none is known.
pub fn full_force(session: Session) -> f32 {
    session.details.with_value(|details| {
        details.force_limit.as_ref().map_or(SCALE, |limit| limit.newton) as f32
    })
}

/// Force, section, instruments.
#[component]
pub fn Dock(session: Session) -> impl IntoView {
    view! {
        <section class="hud dock" aria-label=tr("tools.title")>
            <Show when=move || session.section.get().is_some()><SectionControl session /></Show>
            <BladeControl session />
            <Force session />
            <Instruments session />
        </section>
    }
}

#[component]
fn Force(session: Session) -> impl IntoView {
    let language = use_language();
    let limit = session.details.with_value(|details| details.force_limit.clone());
    let newton = limit.as_ref().map(|limit| limit.newton);
    let force = move || {
        let pull = session.pull.get().map(|pull| pull.force);
        pull.or(session.incision.force.get()).map(f64::from)
    };
    let state = move || state(force(), newton);
    let mark = move || match state() {
        "warn" => Icon::Alert,
        "bad" => Icon::Octagon,
        _ => Icon::Check,
    };
    let words = move || match state() {
        "warn" => "force.warn",
        "bad" => "force.bad",
        "ok" => "force.ok",
        _ => "force.idle",
    };
    let displacement = move || match session.pull.get() {
        Some(pull) => pull.displacement,
        None => session.vitals.with(|vitals| vitals.displacement),
    };
    let number = move |value: f64, decimals| language.get().number(value, decimals);
    let share = move || match newton {
        Some(limit) if limit > 0.0 => force().unwrap_or(0.0) / limit * TICK,
        _ => force().unwrap_or(0.0) / SCALE,
    };
    let limit_text = {
        let limit = limit.clone();
        move || {
            let language = language.get();
            let (key, newton) = match &limit {
                None => ("force.scale", SCALE),
                Some(limit) if limit.provisional => ("force.limit_provisional", limit.newton),
                Some(limit) => ("force.limit", limit.newton),
            };
            language.fill(key, &[("limit", &language.number(newton, 1))])
        }
    };
    let source = limit.map(|limit| limit.source);
    view! {
        <div class="glass force" role="group" aria-label=tr("force.title") data-state=state>
            <span class="mark">
                {move || icon(mark(), "icon-s")}
                <span class="unseen">{move || language.get().text(words())}</span>
            </span>
            <output id="force" data-newton=move || format!("{:.3}", force().unwrap_or(0.0))>
                {move || format!("{} N", number(force().unwrap_or(0.0), 1))}
            </output>
            <div class="gauge" aria-hidden="true">
                <i class="fill" style:width=move || format!("{:.1}%", share().clamp(0.0, 1.0) * 100.0)></i>
                {newton.map(|_| view! { <i class="limit"></i> })}
            </div>
            <span class="muted num" title=source>{limit_text}</span>
            <output id="displacement" class="muted" data-mm=move || format!("{:.3}", displacement())>
                {move || format!("{} mm", number(f64::from(displacement()), 0))}
            </output>
        </div>
    }
}

#[component]
fn SectionControl(session: Session) -> impl IntoView {
    let language = use_language();
    let axes = [(2_u8, "scan.axial"), (1, "scan.coronal"), (0, "scan.sagittal")];
    let update = move |change: &dyn Fn(&mut Section)| {
        session.section.update(|section| {
            if let Some(section) = section {
                change(section);
            }
        });
    };
    let at = move || session.section.get().map_or(0.5, |section| section.at);
    view! {
        <div class="glass section-control" role="group" aria-label=tr("section.title")>
            <div class="segments">
                {axes
                    .map(|(axis, label)| view! {
                        <button
                            aria-pressed=move || {
                                session.section.get().is_some_and(|section| section.axis == axis).to_string()
                            }
                            on:click=move |_| update(&|section| section.axis = axis)
                        >
                            {move || language.get().text(label)}
                        </button>
                    })
                    .collect_view()}
            </div>
            <input
                type="range"
                min="0"
                max="1"
                step="0.005"
                aria-label=tr("section.position")
                prop:value=move || at().to_string()
                on:input=move |event| {
                    if let Ok(value) = event_target_value(&event).parse::<f32>() {
                        update(&|section| section.at = value);
                    }
                }
            />
        </div>
    }
}

#[component]
fn Instruments(session: Session) -> impl IntoView {
    let tool = move |tool: Tool,
                     picture: Icon,
                     label: &'static str,
                     tip: &'static str,
                     key: &'static str| {
        view! {
            <button
                class="tool"
                aria-pressed=move || (session.tool.get() == tool).to_string()
                aria-keyshortcuts=key
                title=tr(tip)
                on:click=move |_| session.tool.set(tool)
            >
                {icon(picture, "icon-l")}
                {tr(label)}
                <kbd aria-hidden="true">{key}</kbd>
            </button>
        }
    };
    view! {
        <div class="glass tools" role="toolbar" aria-label=tr("tools.title")>
            {tool(Tool::Orbit, Icon::Orbit, "tools.orbit", "tools.orbit.tip", "1")}
            {tool(Tool::Forceps, Icon::Forceps, "tools.forceps", "tools.forceps.tip", "2")}
            {tool(Tool::Probe, Icon::Probe, "tools.probe", "tools.probe.tip", "3")}
            {tool(Tool::Scalpel, Icon::Scalpel, "tools.scalpel", "tools.scalpel.tip", "4")}
            {tool(Tool::Scissors, Icon::Scissors, "tools.scissors", "tools.scissors.tip", "5")}
            {tool(Tool::Cautery, Icon::Cautery, "tools.cautery", "tools.cautery.tip", "6")}
            <span class="divider"></span>
            <button
                class="tool"
                aria-pressed=move || session.section.get().is_some().to_string()
                aria-keyshortcuts="7"
                title=tr("tools.section.tip")
                on:click=move |_| session.toggle_section()
            >
                {icon(Icon::Section, "icon-l")}
                {tr("tools.section")}
                <kbd aria-hidden="true">"7"</kbd>
            </button>
            {tool(Tool::Marker, Icon::Pencil, "tools.marker", "tools.marker.tip", "8")}
            {tool(Tool::Clamp, Icon::Clamp, "tools.clamp", "tools.clamp.tip", "9")}
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn the_bar_warns_before_the_limit() {
        assert_eq!(state(None, Some(3.0)), "idle");
        assert_eq!(state(Some(2.0), Some(3.0)), "ok");
        assert_eq!(state(Some(2.3), Some(3.0)), "warn");
        assert_eq!(state(Some(3.0), Some(3.0)), "bad");
        assert_eq!(state(Some(9.0), None), "ok");
    }
}
