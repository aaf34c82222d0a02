//! The keys, and the switch that turns single characters off.

use leptos::{html, prelude::*};

use super::keys;
use crate::{
    preference,
    text::{tr, use_language},
};

/// Keys and what they do.
const KEYS: [(&[&str], &str); 20] = [
    (&["1", "2", "3", "4", "5", "6", "7", "8", "9"], "help.tools"),
    (&["←", "→", "↑", "↓"], "help.turn"),
    (&["⇧ ←", "⇧ →", "⇧ ↑", "⇧ ↓"], "help.shift"),
    (&["+", "-"], "help.zoom"),
    (&["0"], "help.front"),
    (&["2", "←", "→", "↑", "↓"], "help.pull"),
    (&["3", "←", "→", "↑", "↓"], "help.push"),
    (&["4", "←", "→", "↑", "↓"], "help.cut"),
    (&["6", "9"], "help.stanch"),
    (&["8", "←", "→", "↑", "↓"], "help.plan"),
    (&["H"], "help.left"),
    (&[",", "."], "help.depth"),
    (&["Z", "Y"], "help.undo"),
    (&["R"], "help.reset"),
    (&["/"], "help.search"),
    (&["[", "]"], "help.panels"),
    (&["M"], "help.mechanics"),
    (&["Esc"], "help.escape"),
    (&["Tab"], "help.tab"),
    (&["?"], "help.help"),
];

/// The dialog.
#[component]
pub fn Help(dialog: NodeRef<html::Dialog>) -> impl IntoView {
    let language = use_language();
    let letters = RwSignal::new(keys::letters());
    let switch = move |_| {
        letters.update(|letters| *letters = !*letters);
        preference::remember("shortcuts", if letters.get_untracked() { "on" } else { "off" });
    };
    view! {
        <dialog node_ref=dialog aria-labelledby="help-title">
            <h2 id="help-title">{tr("help.title")}</h2>
            <dl class="keys">
                {KEYS
                    .map(|(keys, text)| view! {
                        <dt>{keys.iter().map(|key| view! { <kbd>{*key}</kbd> " " }).collect_view()}</dt>
                        <dd>{move || language.get().text(text)}</dd>
                    })
                    .collect_view()}
            </dl>
            <p class="small muted">{tr("help.touch")}</p>
            <div class="actions">
                <button class="btn btn-quiet" aria-pressed=move || letters.get().to_string() on:click=switch>
                    {tr("help.letters")}
                </button>
                <button
                    class="btn btn-primary"
                    on:click=move |_| {
                        if let Some(dialog) = dialog.get_untracked() {
                            dialog.close();
                        }
                    }
                >
                    {tr("help.close")}
                </button>
            </div>
        </dialog>
    }
}
