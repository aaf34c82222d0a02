//! The bar over the operating view: where one is, reset, time, machine, theme.

use std::time::Duration;

use leptos::{html, prelude::*};

use super::{
    keys,
    session::{Session, Simulation},
};
use crate::{
    components::{
        card::origin_tag,
        icon::{Icon, icon},
        shell::{LanguageSwitch, ThemeSwitch},
    },
    offline::use_offline,
    own::is_own,
    phrases::use_phrases,
    text::{tr, use_language},
    viewer::CameraMove,
};

/// The bar.
#[component]
pub fn Top(
    /// The opened case.
    session: Session,
    /// The dialog with the keys.
    help: NodeRef<html::Dialog>,
) -> impl IntoView {
    let language = use_language();
    let (title, (origin_icon, origin_text)) = session.case.with_value(|case| {
        let tag = match is_own(&case.id) {
            true => (Icon::Person, "own.tag"),
            false => origin_tag(case.origin),
        };
        (case.title.clone(), tag)
    });
    view! {
        <header class="hud bar-top">
            <a class="btn btn-ghost btn-icon" href="/" aria-label=tr("case.back")>{icon(Icon::Back, "")}</a>
            <h1>{use_phrases().of(title)}</h1>
            <span class="tag wide-only">
                {icon(origin_icon, "icon-s")}{move || language.get().text(origin_text)}
            </span>
            <Kept session />
            <span class="grow"></span>
            <button
                class="btn btn-ghost btn-s btn-icon wide-only"
                aria-label=tr("case.reset_view")
                title=tr("case.reset_view.tip")
                on:click=move |_| session.move_camera(CameraMove::Reset)
            >
                {icon(Icon::Isolate, "")}
            </button>
            <button
                class="btn btn-ghost btn-s btn-icon"
                aria-label=tr("case.reset_tissue")
                title=tr("case.reset_tissue.tip")
                on:click=move |_| session.reset_tissue()
            >
                {icon(Icon::Restart, "")}
            </button>
            <span class="divider wide-only"></span>
            <Clock session />
            <span class="divider wide-only"></span>
            <Machine session />
            <button
                class="btn btn-ghost btn-s btn-icon wide-only"
                aria-label=tr("help.open")
                title=tr("help.tip")
                on:click=move |_| keys::open(help)
            >
                {icon(Icon::Keyboard, "")}
            </button>
            <LanguageSwitch />
            <ThemeSwitch />
        </header>
    }
}

/// Says that this case opens without a connection, once that is so.
#[component]
fn Kept(session: Session) -> impl IntoView {
    let offline = use_offline();
    let (pack, own) = session.case.with_value(|case| (case.pack.url.clone(), is_own(&case.id)));
    view! {
        <Show when=move || if own { offline.shell_kept.get() } else { offline.ready(&pack) }>
            <span class="tag bare wide-only" data-offline="ready">
                {icon(Icon::Download, "icon-s")}{tr("offline.ready")}
            </span>
        </Show>
    }
}

/// Time since the organ was on the screen.
#[component]
fn Clock(session: Session) -> impl IntoView {
    let language = use_language();
    let seconds = RwSignal::new(0_u32);
    let timer = set_interval_with_handle(
        move || {
            if session.first_frame.get_untracked() {
                seconds.update(|seconds| *seconds += 1);
            }
        },
        Duration::from_secs(1),
    );
    on_cleanup(move || {
        if let Ok(timer) = timer {
            timer.clear();
        }
    });
    let parts = move || (seconds.get() / 60, seconds.get() % 60);
    let label = move || {
        let (minutes, seconds) = parts();
        language.get().fill(
            "case.elapsed",
            &[("minutes", &minutes.to_string()), ("seconds", &seconds.to_string())],
        )
    };
    view! {
        <span class="clock num" role="timer" aria-label=label>
            {icon(Icon::Clock, "icon-s")}
            {move || format!("{}:{:02}", parts().0, parts().1)}
        </span>
    }
}

/// What computes, and how fast it draws; opens the panel that says more.
#[component]
fn Machine(session: Session) -> impl IntoView {
    let language = use_language();
    let text = move || {
        let language = language.get();
        match session.simulation.get() {
            Simulation::Starting => language.text("machine.settling").to_owned(),
            Simulation::Lost(_) => language.text("machine.lost").to_owned(),
            Simulation::Ready { .. } => language.fill(
                "machine.rate",
                &[("rate", &format!("{:.0}", session.vitals.with(|vitals| vitals.frame_rate)))],
            ),
        }
    };
    let tip = move || {
        let language = language.get();
        let cells = match session.simulation.get() {
            Simulation::Ready { cells, .. } => cells,
            _ => 0,
        };
        session.vitals.with(|vitals| {
            language.fill(
                "machine.tip",
                &[
                    ("cells", &cells.to_string()),
                    ("solve", &language.number(f64::from(vitals.solve_ms), 1)),
                    ("calls", &vitals.draw_calls.to_string()),
                    ("kilobytes", &(vitals.upload_bytes / 1000).to_string()),
                ],
            )
        })
    };
    view! {
        <button
            class="tag num wide-only"
            id="machine"
            title=tip
            aria-expanded=move || session.mechanics.get().to_string()
            aria-keyshortcuts="M"
            on:click=move |_| session.toggle_mechanics()
        >
            {icon(Icon::Chip, "icon-s")}
            <span class="unseen">{tr("mechanics.title")}", "</span>
            {text}
        </button>
    }
}
