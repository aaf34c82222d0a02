//! The selected structure: names, function, relations, and its tissue's constants with their sources.

use api::TissueConstant;
use leptos::prelude::*;

use super::session::Session;
use crate::text::{Language, tr, use_language};

/// The card; the organ as a whole while nothing is selected.
#[component]
pub fn Facts(session: Session) -> impl IntoView {
    let language = use_language();
    let card = move || {
        let Some(structure) = session.selected.get() else {
            let (title, summary) =
                session.case.with_value(|case| (case.title.clone(), case.summary.clone()));
            return view! {
                <h2 lang="en">{title}</h2>
                <p class="small muted" lang="en">{summary}</p>
                <p class="small quiet">{tr("facts.hint")}</p>
            }
            .into_any();
        };
        let id = session.id(structure);
        let facts = session.facts(structure);
        let volume = session.pack.with_value(|pack| {
            pack.manifest.structures.get(structure).map(|structure| structure.volume_ml)
        });
        let constants: Vec<TissueConstant> = session.details.with_value(|details| {
            details.constants.iter().filter(|constant| constant.structure == id).cloned().collect()
        });
        let language = language.get();
        view! {
            <h2 lang="en">{session.name(structure)}</h2>
            {facts
                .filter(|facts| !facts.ta2.is_empty())
                .map(|facts| view! { <i class="tiny" lang="la">{facts.ta2}</i> })}
            {session.facts(structure).map(|facts| view! {
                <p class="small muted" lang="en">{facts.function}</p>
                <p class="small muted" lang="en">{facts.relations}</p>
            })}
            <dl class="measures">
                {volume.map(|volume| view! {
                    <dt>{language.text("facts.volume")}</dt>
                    <dd>{format!("{} mL", language.number(volume, if volume < 10.0 { 1 } else { 0 }))}</dd>
                })}
                {constants.into_iter().map(|constant| measure(constant, language)).collect_view()}
            </dl>
        }
        .into_any()
    };
    view! { <section class="glass facts-card" id="facts" tabindex="0" aria-label=tr("facts.title")>{card}</section> }
}

fn measure(constant: TissueConstant, language: Language) -> impl IntoView {
    let mut source = format!("{} · {} · {}", constant.source, constant.species, constant.method);
    if constant.provisional {
        source = format!("{} · {source}", language.text("facts.provisional"));
    }
    view! {
        <dt lang="en">{constant.quantity.clone()}</dt>
        <dd>{quantity(&constant, language)}</dd>
        <dd class="source" lang="en">{source}</dd>
    }
}

/// Value with spread and unit; as many decimals as the value has significant places to show.
fn quantity(constant: &TissueConstant, language: Language) -> String {
    let decimals = match constant.value.abs() {
        value if value >= 100.0 => 0,
        value if value >= 10.0 => 1,
        _ => 2,
    };
    let number = |value: f64| {
        let text = language.number(value, decimals);
        match text.contains(['.', ',']) {
            true => text.trim_end_matches('0').trim_end_matches(['.', ',']).to_owned(),
            false => text,
        }
    };
    let value = match constant.spread {
        Some(spread) => format!("{} ± {}", number(constant.value), number(spread)),
        None => number(constant.value),
    };
    // A ratio has the unit 1, which is not written.
    if constant.unit == "1" { value } else { format!("{value} {}", constant.unit) }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn a_quantity_has_spread_and_unit() {
        let mut constant = TissueConstant {
            structure: "liver".into(),
            quantity: "Young's modulus".into(),
            value: 2.5,
            spread: Some(0.5),
            unit: "kPa".into(),
            source: String::new(),
            species: String::new(),
            method: String::new(),
            provisional: false,
        };
        assert_eq!(quantity(&constant, Language::English), "2.5 ± 0.5 kPa");
        assert_eq!(quantity(&constant, Language::German), "2,5 ± 0,5 kPa");
        (constant.value, constant.spread) = (1060.0, None);
        assert_eq!(quantity(&constant, Language::English), "1060 kPa");
    }
}
