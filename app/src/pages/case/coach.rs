//! The case's story, its objectives, and first steps that tick off by doing.

use leptos::{html, prelude::*};

use super::{
    quiz::open,
    session::{Session, Sheet},
};
use crate::{
    components::icon::{Icon, icon},
    phrases::use_phrases,
    quiz,
    steps::Step,
    text::{tr, use_language},
};

/// The panel; on phones the sheet.
#[component]
pub fn Coach(
    session: Session,
    /// The dialog with the questions.
    quiz: NodeRef<html::Dialog>,
    /// The dialog about the twin.
    origins: NodeRef<html::Dialog>,
) -> impl IntoView {
    let language = use_language();
    let phrases = use_phrases();
    let questions: Vec<String> = session
        .details
        .with_value(|details| details.questions.iter().map(|one| one.id.clone()).collect());
    let asks = !questions.is_empty();
    let answered = move || {
        let right = quiz::right_count(&session.answers(), &questions);
        let (right, all) = (right.to_string(), questions.len().to_string());
        language.get().fill("quiz.right_of", &[("right", &right), ("all", &all)])
    };
    let now = Memo::new(move |_| Step::ALL.into_iter().find(|step| !session.is_done(*step)));
    let done =
        Memo::new(move |_| Step::ALL.into_iter().filter(|step| session.is_done(*step)).count());
    let (story, objectives, scan_end) = session.details.with_value(|details| {
        (details.story.clone(), details.objectives.clone(), details.scan_end.clone())
    });
    let counted = move || {
        language.get().fill(
            "stage.begun",
            &[("done", &done.get().to_string()), ("all", &Step::ALL.len().to_string())],
        )
    };
    let steps = Step::ALL.map(|step| {
        let is_now = move || now.get() == Some(step);
        let is_done = Memo::new(move |_| session.is_done(step));
        let number = Step::ALL.iter().position(|other| *other == step).unwrap_or_default() + 1;
        view! {
            <li
                class:now=is_now
                class:done=is_done
                aria-current=move || is_now().then_some("step")
                data-step=step.id()
                data-done=move || is_done.get().to_string()
            >
                <span class="n" aria-hidden="true">
                    {move || if is_done.get() {
                        icon(Icon::Check, "icon-s").into_any()
                    } else {
                        number.into_any()
                    }}
                </span>
                <span class="grow">
                    {move || language.get().text(step.title())}
                    <Show when=move || is_done.get()><span class="unseen">{tr("coach.done")}</span></Show>
                    <Show when=is_now>
                        <span class="how">{move || language.get().text(step.how())}</span>
                    </Show>
                </span>
            </li>
        }
    });
    let grow = move |_| {
        session.sheet.update(|sheet| {
            *sheet = match sheet {
                Sheet::Peek => Sheet::Half,
                Sheet::Half => Sheet::Full,
                Sheet::Full => Sheet::Peek,
            };
        });
    };
    view! {
        <section class="glass coach" aria-labelledby="coach-title" tabindex="0">
            <button class="grab" aria-label=tr("coach.grow") on:click=grow></button>
            <div class="row between">
                <h2 id="coach-title">{tr("coach.title")}</h2>
                <span class="tiny quiet num">{counted}</span>
            </div>
            <Show when=move || now.get().is_none()>
                <div class="say ok">{icon(Icon::Check, "")}<span>{tr("coach.all_done")}</span></div>
            </Show>
            <ol class="steps">{steps.into_iter().collect_view()}</ol>
            <div class="ways">
                {asks.then(|| view! {
                    <button class="btn btn-quiet" id="open-quiz" on:click=move |_| open(quiz)>
                        {icon(Icon::Ask, "icon-s")}
                        <span class="grow">{tr("quiz.title")}</span>
                        <span class="tiny quiet num">{answered}</span>
                    </button>
                })}
                <button class="btn btn-quiet" id="open-origins" on:click=move |_| open(origins)>
                    {icon(Icon::Info, "icon-s")}<span class="grow">{tr("origins.title")}</span>
                </button>
            </div>
            {scan_end.map(|end| view! {
                <div class="say info wide-only">
                    {icon(Icon::Info, "")}<span><b>{tr("coach.data")}</b> " " <span>{phrases.of(end)}</span></span>
                </div>
            })}
            {(!story.is_empty()).then(|| view! {
                <details>
                    <summary>{tr("coach.story")}</summary>
                    {story.into_iter().map(|paragraph| view! { <p>{phrases.of(paragraph)}</p> }).collect_view()}
                </details>
            })}
            {(!objectives.is_empty()).then(|| view! {
                <details>
                    <summary>{tr("coach.objectives")}</summary>
                    <ul>{objectives.into_iter().map(|one| view! { <li>{phrases.of(one)}</li> }).collect_view()}</ul>
                </details>
            })}
        </section>
    }
}
