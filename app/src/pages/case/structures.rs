//! The structure tree: the organ's twin in the DOM. Everything the mouse does to a structure, a button does here.

use api::StructureDetails;
use cases::text::fold;
use leptos::{html, prelude::*};

use super::{
    keys,
    session::{Drawer, Session},
};
use crate::{
    components::icon::{Icon, icon},
    text::{tr, use_language},
    viewer::Visibility,
};

/// The panel.
#[component]
pub fn Structures(session: Session) -> impl IntoView {
    let language = use_language();
    let search = RwSignal::new(String::new());
    let input = NodeRef::<html::Input>::new();
    keys::focus_on_slash(input);
    let count = session.names.with_value(Vec::len);
    let found = Memo::new(move |_| {
        let search = search.get();
        (0..count).filter(|&one| is_shown(session, one, &search)).collect::<Vec<_>>()
    });
    let nothing = move || language.get().fill("tree.nothing", &[("search", search.get().trim())]);
    view! {
        <section class="glass structures" aria-labelledby="tree-title">
            <div class="row between">
                <h2 id="tree-title">{tr("tree.title")}</h2>
                <button class="btn btn-ghost btn-s" on:click=move |_| session.show_all()>
                    {tr("tree.show_all")}
                </button>
            </div>
            <label class="search">
                {icon(Icon::Search, "icon-s")}
                <input
                    type="search"
                    node_ref=input
                    placeholder=tr("tree.search")
                    aria-label=tr("tree.search")
                    prop:value=search
                    on:input=move |event| search.set(event_target_value(&event))
                />
                <kbd class="wide-only">"/"</kbd>
            </label>
            <ul class="tree" aria-label=tr("tree.title")>
                <For each=move || found.get() key=|structure| *structure let:structure>
                    <Row session structure />
                </For>
            </ul>
            <Show when=move || found.with(Vec::is_empty)>
                <p class="small muted" role="status">{nothing}</p>
            </Show>
        </section>
    }
}

/// Does a search for `search` show this structure?
fn is_shown(session: Session, structure: usize, search: &str) -> bool {
    match session.facts(structure) {
        Some(facts) => is_called(&facts, search),
        None => fold(&session.name(structure)).contains(&fold(search)),
    }
}

/// Is every word of `search` in one of the names: English, German, Latin, FMA number, alias, identifier?
fn is_called(facts: &StructureDetails, search: &str) -> bool {
    // "FMA 7204", "FMA:7204" and "fma7204".
    let fma = facts.fma.map(|number| [format!("FMA {number}"), format!("FMA{number}")]);
    let names = [&facts.name, &facts.ta2, &facts.id].into_iter().chain(&facts.aliases);
    let search = fold(search);
    names.cloned().chain(fma.into_iter().flatten()).any(|name| {
        let name = fold(&name);
        search.split(' ').all(|word| name.contains(word))
    })
}

/// One structure.
#[component]
fn Row(session: Session, structure: usize) -> impl IntoView {
    let language = use_language();
    let name = move || session.named(structure);
    let facts = session.facts(structure);
    let child = facts.is_some_and(|facts| facts.parent.is_some());
    let colour = session.colour(structure);
    let is = move |visibility: Visibility| {
        session.visibility.with(|all| all.get(structure) == Some(&visibility))
    };
    let label =
        move |key: &'static str| move || language.get().fill(key, &[("structure", &name())]);
    let selected = move || session.selected.get() == Some(structure);
    let select = move |_| {
        session.select(if selected() { None } else { Some(structure) });
        if session.drawer.get_untracked() == Drawer::Structures
            && session.selected.get_untracked().is_some()
        {
            session.drawer.set(Drawer::Facts);
        }
    };
    view! {
        <li
            class:child=child
            class:off=move || is(Visibility::Hidden)
            class:selected=selected
            data-structure=session.id(structure)
        >
            <button class="name" aria-pressed=move || selected().to_string() on:click=select>
                <i class="swatch" style:background=colour></i>
                <span>{name}</span>
            </button>
            <button
                class="act"
                aria-label=label("tree.isolate")
                aria-pressed=move || session.isolated(structure).to_string()
                on:click=move |_| session.isolate(structure)
            >
                {icon(Icon::Isolate, "icon-s")}
            </button>
            <button
                class="act"
                aria-label=label("tree.fade")
                aria-pressed=move || is(Visibility::Faded).to_string()
                on:click=move |_| session.toggle(structure, Visibility::Faded)
            >
                {icon(Icon::Fade, "icon-s")}
            </button>
            <button
                class="act"
                aria-label=label("tree.hide")
                aria-pressed=move || is(Visibility::Hidden).to_string()
                on:click=move |_| session.toggle(structure, Visibility::Hidden)
            >
                {move || icon(if is(Visibility::Hidden) { Icon::EyeOff } else { Icon::EyeOn }, "icon-s")}
            </button>
        </li>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn a_structure_is_found_by_any_name() {
        let kidney = StructureDetails {
            id: "kidney_right".into(),
            name: "Right kidney".into(),
            ta2: "Ren dexter".into(),
            parent: None,
            function: String::new(),
            relations: String::new(),
            colour: String::new(),
            differs: String::new(),
            fma: Some(7204),
            aliases: vec!["Rechte Niere".into(), "Nierenkörper".into()],
            healthy: None,
            references: Vec::new(),
        };
        for name in [
            "",
            "kid",
            "right kidney",
            "kidney right",
            "Niere",
            "REN DEX",
            "FMA 7204",
            "fma:7204",
            "FMA7204",
            "7204",
            "nierenkoerper",
            "nierenkörp",
            "kidney_right",
        ] {
            assert!(is_called(&kidney, name), "{name}");
        }
        for other in ["left", "liver", "right niere", "7205"] {
            assert!(!is_called(&kidney, other), "{other}");
        }
    }
}
