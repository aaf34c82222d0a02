//! "About this twin": what is real, what is derived, every constant with its source, and whom to credit.

use api::{Source, TissueConstant};
use leptos::{html, prelude::*};

use super::{
    facts::{quantity, spoken_source},
    session::Session,
};
use crate::{
    components::icon::{Icon, icon},
    phrases::use_phrases,
    text::{tr, use_language},
};

/// The dialog.
#[component]
pub fn Origins(session: Session, dialog: NodeRef<html::Dialog>) -> impl IntoView {
    let phrases = use_phrases();
    let (pathology, real, derived, constants, sources) = session.details.with_value(|details| {
        (
            details.pathology.clone(),
            details.real.clone(),
            details.derived.clone(),
            details.constants.clone(),
            details.sources.clone(),
        )
    });
    let list = move |items: Vec<String>| {
        items.into_iter().map(|one| view! { <li>{phrases.of(one)}</li> }).collect_view()
    };
    let close = move |_| {
        if let Some(dialog) = dialog.get_untracked() {
            dialog.close();
        }
    };
    view! {
        <dialog class="origins" node_ref=dialog aria-labelledby="origins-title">
            <div class="row between">
                <h2 id="origins-title">{tr("origins.title")}</h2>
                <button class="btn btn-ghost btn-s btn-icon" aria-label=tr("origins.close") on:click=close>
                    {icon(Icon::Close, "")}
                </button>
            </div>
            <p class="muted">{tr("origins.pathology")} " " {phrases.of(pathology)}</p>
            <div class="halves">
                <section>
                    <h3>{icon(Icon::Scan, "icon-s")}{tr("origins.real")}</h3>
                    <ul>{list(real)}</ul>
                </section>
                <section>
                    <h3>{icon(Icon::Layers, "icon-s")}{tr("origins.derived")}</h3>
                    <ul>{list(derived)}</ul>
                </section>
            </div>
            <h3>{tr("origins.constants")}</h3>
            <p class="small muted">{tr("origins.constants.what")}</p>
            <div class="scroll-x" tabindex="0" role="region" aria-label=tr("origins.constants")>
                // Roles by name: on a phone the rows are laid out as blocks, which would take them away.
                <table class="table" role="table">
                    <thead role="rowgroup">
                        <tr role="row">
                            <th scope="col" role="columnheader">{tr("origins.structure")}</th>
                            <th scope="col" role="columnheader">{tr("origins.quantity")}</th>
                            <th scope="col" role="columnheader">{tr("origins.value")}</th>
                            <th scope="col" role="columnheader">{tr("origins.source")}</th>
                        </tr>
                    </thead>
                    <tbody role="rowgroup">{constants.into_iter().map(|one| row(session, one)).collect_view()}</tbody>
                </table>
            </div>
            <h3>{tr("origins.sources")}</h3>
            {sources.into_iter().map(source).collect_view()}
        </dialog>
    }
}

fn row(session: Session, constant: TissueConstant) -> impl IntoView {
    let language = use_language();
    let phrases = use_phrases();
    let structure = session.index(&constant.structure);
    let name = move || structure.map(|structure| session.named(structure));
    let quantity_name = phrases.of(constant.quantity.clone());
    let constant = StoredValue::new(constant);
    let value = move || constant.with_value(|constant| quantity(constant, language.get()));
    let source =
        move || constant.with_value(|constant| spoken_source(constant, phrases, language.get()));
    view! {
        <tr role="row">
            <th scope="row" role="rowheader">{name}</th>
            <td role="cell">{quantity_name}</td>
            <td role="cell" class="num">{value}</td>
            <td role="cell" class="small muted">{source}</td>
        </tr>
    }
}

fn source(source: Source) -> impl IntoView {
    let phrases = use_phrases();
    view! {
        <p class="small muted">
            <b>{source.title}</b> <br /> {source.credit} " · " {source.licence} <br />
            {phrases.of(source.changes)}
        </p>
    }
}
