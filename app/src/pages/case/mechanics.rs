//! How the tissue is computed, live: size, time, convergence, energy, volume, contact, and what had to be contained.

use leptos::prelude::*;
use solver_wasm::message::{Backend, STEP_DT};

use super::session::{Session, Simulation};
use crate::{
    components::icon::{Icon, icon},
    text::{Language, tr, use_language},
    viewer::Computed,
};

/// Figures: their name, what they mean, and how they are written.
type Figure = (&'static str, &'static str, fn(&Computed, Language) -> String);

const COST: [Figure; 2] = [
    ("mechanics.step", "mechanics.step.what", |computed, language| {
        let budget = f64::from(STEP_DT) * 1000.0;
        language.fill(
            "mechanics.step.of",
            &[
                ("ms", &milliseconds(computed.step_ms, language)),
                ("budget", &language.number(budget, 1)),
            ],
        )
    }),
    ("mechanics.iterations", "mechanics.iterations.what", |computed, language| {
        language.fill(
            "mechanics.iterations.count",
            &[
                ("newton", &computed.mechanics.newton.to_string()),
                ("cg", &computed.mechanics.cg.to_string()),
            ],
        )
    }),
];

const STATE: [Figure; 9] = [
    ("mechanics.residual", "mechanics.residual.what", |computed, language| {
        language.scientific(f64::from(computed.residual))
    }),
    ("mechanics.elastic", "mechanics.elastic.what", |computed, language| {
        millijoules(computed.mechanics.elastic_energy, language)
    }),
    ("mechanics.kinetic", "mechanics.kinetic.what", |computed, language| {
        millijoules(computed.mechanics.kinetic_energy, language)
    }),
    ("mechanics.volume", "mechanics.volume.what", |computed, language| {
        let percent = 100.0 * f64::from(computed.mechanics.volume_error);
        language.signed(percent, 3) + " %"
    }),
    ("mechanics.dilatation", "mechanics.dilatation.what", |computed, language| {
        let [least, most] =
            computed.mechanics.dilatation.map(|ratio| language.number(100.0 * f64::from(ratio), 1));
        format!("{least} – {most} %")
    }),
    ("mechanics.touches", "mechanics.touches.what", |computed, _| {
        computed.mechanics.touches.to_string()
    }),
    ("mechanics.penetration", "mechanics.penetration.what", |computed, language| {
        format!("{} mm", language.number(f64::from(computed.penetration), 2))
    }),
    ("mechanics.contained", "mechanics.contained.what", |computed, _| {
        computed.contained.to_string()
    }),
    ("mechanics.slowed", "mechanics.slowed.what", |computed, _| computed.slowed.to_string()),
];

/// A stage of a step: its name and its time [ms].
type Stage = (&'static str, fn(&Computed) -> f32);

const STAGES: [Stage; 4] = [
    ("mechanics.stage.contact", |computed| computed.mechanics.stages.contact),
    ("mechanics.stage.forces", |computed| computed.mechanics.stages.forces),
    ("mechanics.stage.refresh", |computed| computed.mechanics.stages.refresh),
    ("mechanics.stage.linear", |computed| computed.mechanics.stages.linear),
];

/// The panel. It is read when asked for, never announced: its figures change four times a second.
#[component]
pub fn Mechanics(session: Session) -> impl IntoView {
    let language = use_language();
    let computed = session.computed;
    let state = move || match session.simulation.get() {
        Simulation::Starting => "mechanics.settling",
        Simulation::Lost(_) => "mechanics.lost",
        Simulation::Ready { .. } if computed.with(|computed| computed.resting) => {
            "mechanics.resting"
        }
        Simulation::Ready { .. } => "mechanics.running",
    };
    let size = move || match session.simulation.get() {
        Simulation::Ready { cells, nodes } => format!("{cells} · {nodes}"),
        _ => "–".to_owned(),
    };
    let backend = move || {
        let backend = computed.with(|computed| computed.mechanics.backend);
        language
            .get()
            .text(match backend {
                Backend::Cpu => "mechanics.cpu",
                Backend::Gpu => "mechanics.gpu",
            })
            .to_owned()
    };
    let figure = move |(name, what, value): Figure| {
        let value = move || computed.with(|computed| value(computed, language.get()));
        row(name, what, value)
    };
    let explained = [
        ("mechanics.backend", "mechanics.backend.what"),
        ("mechanics.size", "mechanics.size.what"),
    ];
    let explained = explained
        .into_iter()
        .chain(COST.into_iter().chain(STATE).map(|(name, what, _)| (name, what)))
        .map(|(name, what)| view! { <dt>{tr(name)}</dt> <dd>{tr(what)}</dd> })
        .collect_view();
    view! {
        <section class="glass mechanics" id="mechanics" tabindex="0" aria-labelledby="mechanics-title">
            <div class="row between">
                <h2 id="mechanics-title">{tr("mechanics.title")}</h2>
                <button
                    class="btn btn-ghost btn-s btn-icon"
                    aria-label=tr("mechanics.close")
                    on:click=move |_| session.toggle_mechanics()
                >
                    {icon(Icon::Close, "icon-s")}
                </button>
            </div>
            <p class="tiny quiet" data-state=state>{move || language.get().text(state())}</p>
            <dl class="measures">
                {row("mechanics.backend", "mechanics.backend.what", backend)}
                {row("mechanics.size", "mechanics.size.what", size)}
                {COST.map(figure).collect_view()}
            </dl>
            <Stages session />
            <dl class="measures">{STATE.map(figure).collect_view()}</dl>
            <details>
                <summary>{tr("mechanics.explain")}</summary>
                <dl class="explained">{explained}</dl>
            </details>
            <a class="link tiny" href="/trust">{tr("mechanics.trust")}</a>
        </section>
    }
}

fn row(
    name: &'static str,
    what: &'static str,
    value: impl Fn() -> String + Send + 'static,
) -> impl IntoView {
    let id = name.strip_prefix("mechanics.");
    view! {
        <dt title=tr(what)>{tr(name)}</dt>
        <dd data-figure=id>{value}</dd>
    }
}

/// Where the time of a step goes: a bar against the time that a step may take, and the same as words.
#[component]
fn Stages(session: Session) -> impl IntoView {
    let language = use_language();
    let computed = session.computed;
    let share = move |time: fn(&Computed) -> f32| {
        let share = computed.with(time) / (STEP_DT * 1000.0);
        format!("{:.1}%", 100.0 * share.clamp(0.0, 1.0))
    };
    view! {
        <div class="stages" title=tr("mechanics.stages.what")>
            <div class="bar" aria-hidden="true">
                {STAGES.map(|(_, time)| view! { <i style:width=move || share(time)></i> }).collect_view()}
            </div>
            <dl aria-label=tr("mechanics.stages")>
                {STAGES
                    .map(|(name, time)| view! {
                        <dt>{tr(name)}</dt>
                        <dd>{move || milliseconds(computed.with(time), language.get()) + " ms"}</dd>
                    })
                    .collect_view()}
            </dl>
        </div>
    }
}

fn milliseconds(value: f32, language: Language) -> String {
    language.number(f64::from(value), if value < 10.0 { 2 } else { 1 })
}

/// Microjoules as millijoules.
fn millijoules(value: f32, language: Language) -> String {
    format!("{} mJ", language.number(f64::from(value) * 1e-3, 3))
}
