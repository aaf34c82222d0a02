//! "Check yourself": one question at a time, with the reason after the answer.

use std::collections::BTreeSet;

use api::Question;
use leptos::{html, prelude::*};

use super::session::{Drawer, Session};
use crate::{
    components::icon::{Icon, icon},
    phrases::use_phrases,
    quiz::{self, Mark},
    text::{tr, use_language},
};

/// Open the dialog.
pub fn open(dialog: NodeRef<html::Dialog>) {
    if let Some(dialog) = dialog.get_untracked() {
        // Refused only when it is open already.
        let _ = dialog.show_modal();
    }
}

/// The dialog with the questions of the case.
#[component]
pub fn Quiz(session: Session, dialog: NodeRef<html::Dialog>) -> impl IntoView {
    let language = use_language();
    let questions = session.details.with_value(|details| details.questions.clone());
    let all = questions.len();
    let questions = StoredValue::new(questions);
    let at = RwSignal::new(0_usize);
    let close = move || {
        if let Some(dialog) = dialog.get_untracked() {
            dialog.close();
        }
    };
    // The place to go on is known once the journal has been read.
    let begun = RwSignal::new(false);
    Effect::new(move |_| {
        let answers = session.answers();
        if !begun.get_untracked() {
            at.set(questions.with_value(|questions| quiz::first(questions, &answers)));
        }
    });
    let counted = move || {
        let answers = session.answers();
        let right = questions.with_value(|questions| {
            quiz::right_count(&answers, questions.iter().map(|question| &question.id))
        });
        language
            .get()
            .fill("quiz.right_of", &[("right", &right.to_string()), ("all", &all.to_string())])
    };
    let go = move |to: usize| {
        begun.set(true);
        at.set(to);
    };
    let marks = (0..all)
        .map(|index| {
            let id = questions.with_value(|questions| questions[index].id.clone());
            let state = Memo::new(move |_| quiz::mark(&session.answers(), &id));
            let label = move || {
                let language = language.get();
                let state = language.text(match state.get() {
                    Mark::Open => "quiz.open",
                    Mark::Right => "quiz.right",
                    Mark::Wrong => "quiz.wrong",
                });
                language
                    .fill("quiz.mark", &[("number", &(index + 1).to_string()), ("state", state)])
            };
            view! {
                <li>
                    <button
                        class="mark"
                        class:right=move || state.get() == Mark::Right
                        class:wrong=move || state.get() == Mark::Wrong
                        aria-label=label
                        aria-current=move || (at.get() == index).then_some("step")
                        on:click=move |_| go(index)
                    >
                        {move || match state.get() {
                            Mark::Open => (index + 1).into_any(),
                            Mark::Right => icon(Icon::Check, "icon-s").into_any(),
                            Mark::Wrong => icon(Icon::Close, "icon-s").into_any(),
                        }}
                    </button>
                </li>
            }
        })
        .collect_view();
    view! {
        <dialog class="quiz" node_ref=dialog aria-labelledby="quiz-title">
            <div class="row between">
                <h2 id="quiz-title">{tr("quiz.title")}</h2>
                <span class="row">
                    <span class="small quiet num">{counted}</span>
                    <button class="btn btn-ghost btn-s btn-icon" aria-label=tr("quiz.close") on:click=move |_| close()>
                        {icon(Icon::Close, "")}
                    </button>
                </span>
            </div>
            <ol class="marks" aria-label=tr("quiz.questions")>{marks}</ol>
            {move || {
                let index = at.get();
                let question = questions.with_value(|questions| questions.get(index).cloned())?;
                let next = move || go((index + 1) % all);
                Some(view! { <Asked session question index all begun next close /> })
            }}
        </dialog>
    }
}

/// One question with its answers; after the answer, the reason.
#[component]
fn Asked(
    session: Session,
    question: Question,
    index: usize,
    all: usize,
    begun: RwSignal<bool>,
    next: impl Fn() + Copy + Send + Sync + 'static,
    close: impl Fn() + Copy + Send + Sync + 'static,
) -> impl IntoView {
    let language = use_language();
    let phrases = use_phrases();
    let chosen = RwSignal::new(BTreeSet::<usize>::new());
    let answered = RwSignal::new(false);
    let nothing = RwSignal::new(false);
    let verdict = NodeRef::<html::Div>::new();
    let top = NodeRef::<html::Div>::new();
    // The button that led here is gone with the last question: keys go on at the new one.
    top.on_load(move |top| {
        if begun.get_untracked() {
            // A refused focus leaves everything as it is.
            let _ = top.focus();
        }
    });
    let multiple = question.multiple;
    let options = quiz::order(&question.id, question.options.len())
        .into_iter()
        .map(|choice| {
            let option = question.options[choice].clone();
            let is_chosen = move || chosen.with(|chosen| chosen.contains(&choice));
            let pick = move |_| {
                nothing.set(false);
                chosen.update(|chosen| {
                    if !multiple {
                        chosen.clear();
                        chosen.insert(choice);
                    } else if !chosen.remove(&choice) {
                        chosen.insert(choice);
                    }
                });
            };
            let right = option.right;
            // Said only where it teaches: of what is right, and of what was chosen wrongly.
            let shown = move || answered.get() && (right || is_chosen());
            let words = move || {
                language.get().text(match (right, is_chosen()) {
                    (true, true) => "quiz.option.right",
                    (true, false) => "quiz.option.missed",
                    _ => "quiz.option.wrong",
                })
            };
            view! {
                <label
                    class="option"
                    class:right=move || answered.get() && right
                    class:wrong=move || answered.get() && !right && is_chosen()
                >
                    <input
                        type=if multiple { "checkbox" } else { "radio" }
                        name="answer"
                        prop:checked=is_chosen
                        disabled=move || answered.get()
                        on:change=pick
                    />
                    <span class="grow">{phrases.of(option.text)}</span>
                    <Show when=shown>
                        <span class="verdict">
                            {move || icon(if right { Icon::Check } else { Icon::Close }, "icon-s")}{words}
                        </span>
                    </Show>
                </label>
            }
        })
        .collect_view();
    let asked = StoredValue::new(question.clone());
    let check = move |_| {
        let picked = chosen.get_untracked();
        if picked.is_empty() {
            nothing.set(true);
            return;
        }
        begun.set(true);
        asked.with_value(|question| session.answer(question, &picked));
        answered.set(true);
        // Whoever reads by ear or by key goes on where the reason stands.
        request_animation_frame(move || {
            if let Some(verdict) = verdict.get_untracked() {
                // A refused focus leaves everything as it is.
                let _ = verdict.focus();
            }
        });
    };
    let again = move |_| {
        chosen.set(BTreeSet::new());
        answered.set(false);
    };
    let is_right = move || asked.with_value(|q| chosen.with(|chosen| quiz::is_right(q, chosen)));
    let place = question
        .structure
        .as_deref()
        .and_then(|id| session.index(id))
        .map(|structure| {
            let show = move |_| {
                session.select(Some(structure));
                session.drawer.set(Drawer::Facts);
                close();
            };
            let label = move || {
                language.get().fill("quiz.show", &[("structure", &session.named(structure))])
            };
            view! {
                <button class="btn btn-ghost btn-s" on:click=show>{icon(Icon::Isolate, "icon-s")}{label}</button>
            }
        });
    let number = move || {
        language
            .get()
            .fill("quiz.number", &[("number", &(index + 1).to_string()), ("all", &all.to_string())])
    };
    let how = if multiple { "quiz.several" } else { "quiz.one" };
    view! {
        <div class="asked" data-question=question.id.clone() node_ref=top tabindex="-1">
            <fieldset>
                <legend>
                    <span class="eyebrow">{number} " · " {tr(how)}</span>
                    <span class="stem">{phrases.of(question.stem)}</span>
                </legend>
                {options}
            </fieldset>
            <div class="outcome" node_ref=verdict tabindex="-1">
                <Show when=move || nothing.get()>
                    <p class="say warn" role="alert">{icon(Icon::Alert, "")}<span>{tr("quiz.nothing")}</span></p>
                </Show>
                <Show when=move || answered.get()>
                    <p class="say" class:ok=is_right class:warn=move || !is_right() role="status">
                        {move || icon(if is_right() { Icon::Check } else { Icon::Alert }, "")}
                        <b>{move || language.get().text(if is_right() { "quiz.yes" } else { "quiz.no" })}</b>
                    </p>
                    <p class="explanation">{phrases.of(asked.with_value(|q| q.explanation.clone()))}</p>
                    <p class="tiny quiet">
                        {tr("quiz.references")} " "
                        {asked.with_value(|q| q.references.join("; "))}
                    </p>
                    <p class="tiny quiet">
                        {tr("quiz.objective")} " " {phrases.of(asked.with_value(|q| q.objective.clone()))}
                    </p>
                </Show>
            </div>
            <div class="row between foot">
                {place.map_or_else(|| view! { <span></span> }.into_any(), IntoAny::into_any)}
                <span class="row">
                    <Show
                        when=move || answered.get()
                        fallback=move || view! {
                            <button class="btn btn-ghost" on:click=move |_| next()>{tr("quiz.skip")}</button>
                            <button class="btn btn-primary" id="quiz-check" on:click=check>{tr("quiz.check")}</button>
                        }
                    >
                        <button class="btn btn-ghost" on:click=again>{tr("quiz.again")}</button>
                        <button class="btn btn-primary" id="quiz-next" on:click=move |_| next()>{tr("quiz.next")}</button>
                    </Show>
                </span>
            </div>
        </div>
    }
}
