//! The selected structure: names, function, relations, and its tissue's constants with their sources.

use api::{StructureDetails, TissueConstant};
use leptos::prelude::*;

use super::session::Session;
use crate::{
    phrases::{Phrases, use_phrases},
    text::{Language, tr, use_language},
};

/// The card; the organ as a whole while nothing is selected.
#[component]
pub fn Facts(session: Session) -> impl IntoView {
    let language = use_language();
    let phrases = use_phrases();
    let card = move || {
        let Some(structure) = session.selected.get() else {
            let (title, summary) =
                session.case.with_value(|case| (case.title.clone(), case.summary.clone()));
            return view! {
                <h2>{phrases.of(title)}</h2>
                <p class="small muted">{phrases.of(summary)}</p>
                <p class="small quiet">{tr("facts.hint")}</p>
            }
            .into_any();
        };
        let id = session.id(structure);
        let volume = session.pack.with_value(|pack| {
            pack.manifest.structures.get(structure).map(|structure| structure.volume_ml)
        });
        let constants: Vec<TissueConstant> = session.details.with_value(|details| {
            details.constants.iter().filter(|constant| constant.structure == id).cloned().collect()
        });
        let language = language.get();
        let facts = session.facts(structure);
        let healthy = facts.as_ref().and_then(|facts| facts.healthy.clone());
        view! {
            <h2>{session.named(structure)}</h2>
            {facts.map(|facts| known(facts, phrases, language))}
            <dl class="measures">
                {volume.map(|volume| view! {
                    <dt>{language.text("facts.volume")}</dt>
                    <dd>{format!("{} mL", language.number(volume, if volume < 10.0 { 1 } else { 0 }))}</dd>
                })}
                {healthy.map(|range| view! {
                    <dt>{language.text("facts.healthy")}</dt>
                    <dd>{format!("{}–{} mL", language.number(range.low, 0), language.number(range.high, 0))}</dd>
                    <dd class="source" lang="en">{range.source}</dd>
                })}
                {constants.into_iter().map(|constant| measure(constant, phrases, language)).collect_view()}
            </dl>
        }
        .into_any()
    };
    view! { <section class="glass facts-card" id="facts" tabindex="0" aria-label=tr("facts.title")>{card}</section> }
}

/// Names, what it does, where it lies, what is different here.
fn known(facts: StructureDetails, phrases: Phrases, language: Language) -> impl IntoView {
    let cited = facts.references.join("; ");
    view! {
        <p class="names tiny">
            <i lang="la">{facts.ta2}</i>
            {facts.fma.map(|number| view! { <span class="num">{format!("FMA {number}")}</span> })}
        </p>
        {(!facts.differs.is_empty()).then(|| view! {
            <p class="small differs"><b>{language.text("facts.differs")}</b> " " {phrases.say(&facts.differs)}</p>
        })}
        <p class="small muted">{phrases.say(&facts.function)}</p>
        <p class="small muted">{phrases.say(&facts.relations)}</p>
        {(!cited.is_empty()).then(|| view! { <p class="tiny quiet">{language.text("facts.follows")} " " {cited}</p> })}
    }
}

fn measure(constant: TissueConstant, phrases: Phrases, language: Language) -> impl IntoView {
    view! {
        <dt>{phrases.say(&constant.quantity)}</dt>
        <dd>{quantity(&constant, language)}</dd>
        <dd class="source">{spoken_source(&constant, phrases, language)}</dd>
    }
}

/// Where a constant comes from: source, species, method; that it is provisional first.
pub(super) fn spoken_source(
    constant: &TissueConstant,
    phrases: Phrases,
    language: Language,
) -> String {
    let said = [&constant.source, &constant.species, &constant.method].map(|one| phrases.say(one));
    let provisional = constant.provisional.then(|| language.text("facts.provisional").to_owned());
    provisional.into_iter().chain(said).collect::<Vec<_>>().join(" · ")
}

/// Value with spread and unit; as many decimals as the value has significant places to show.
pub(super) fn quantity(constant: &TissueConstant, language: Language) -> String {
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
