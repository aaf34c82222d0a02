//! Around every page but the operating view: top bar, tab bar, the toast.

use leptos::prelude::*;
use leptos_router::{components::A, hooks::use_location};

use super::icon::{Icon, icon};
use crate::{
    offline::use_offline,
    preference::use_theme,
    text::{tr, use_language},
};

/// The pages of the main navigation: address, key of the label, icon.
const PAGES: [(&str, &str, Icon); 4] = [
    ("/", "nav.library", Icon::Grid),
    ("/trust", "nav.trust", Icon::Check),
    ("/about", "nav.about", Icon::Info),
    ("/data", "nav.data", Icon::Person),
];

/// Top bar, the page, and on phones the tab bar.
#[component]
pub fn Shell(children: Children) -> impl IntoView {
    let language = use_language();
    let offline = use_offline();
    let links = move || {
        PAGES
            .map(|(address, label, _)| view! { <A href=address exact=true>{move || language.get().text(label)}</A> })
            .collect_view()
    };
    let tabs = move || {
        PAGES
            .map(|(address, label, picture)| {
                view! { <A href=address exact=true>{icon(picture, "icon-l")}{move || language.get().text(label)}</A> }
            })
            .collect_view()
    };
    view! {
        <a class="skip" href="#main">{tr("nav.skip")}</a>
        <header class="top">
            <Brand />
            <nav class="nav" aria-label=tr("nav.main")>{links}</nav>
            <div class="grow"></div>
            <Connection />
            <LanguageSwitch />
            <ThemeSwitch />
        </header>
        <main id="main" tabindex="-1">{children()}</main>
        <nav class="tab-bar" aria-label=tr("nav.main")>{tabs}</nav>
        <Show when=move || offline.new_version.get()>
            <div class="toast" role="status">
                <span>{tr("update.ready")}</span>
                <button class="btn btn-primary btn-s" on:click=move |_| offline.update()>
                    {tr("update.now")}
                </button>
                <button
                    class="btn btn-ghost btn-s btn-icon"
                    aria-label=tr("update.later")
                    on:click=move |_| offline.new_version.set(false)
                >
                    {icon(Icon::Close, "icon-s")}
                </button>
            </div>
        </Show>
    }
}

/// The sign and the name.
#[component]
fn Brand() -> impl IntoView {
    view! {
        <a class="brand" href="/" aria-label=tr("nav.home")>
            <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
                <path d="M12 3c5 0 9 3.400 9 8.200 0 4.600-3.600 9.800-9 9.800s-9-5.200-9-9.800C3 6.400 7 3 12 3Z" />
                <path class="cut" d="M6.500 15.500 17.500 8" />
                <path class="stitch" d="m9 10.600 2.200 3.400M13 8.600l2.200 3.200" />
            </svg>
            "Sectio"
        </a>
    }
}

/// Says whether the app works without a connection; nothing while that is not known to be so.
#[component]
fn Connection() -> impl IntoView {
    let offline = use_offline();
    let language = use_language();
    move || {
        let text = match (offline.online.get(), offline.shell_kept.get()) {
            (false, _) => "offline.now",
            (true, true) => "offline.ready",
            (true, false) => return None,
        };
        Some(view! {
            <span class="tag bare wide-only" data-offline=text>
                {icon(Icon::Download, "icon-s")}
                {language.get().text(text)}
            </span>
        })
    }
}

/// English or German.
#[component]
pub fn LanguageSwitch() -> impl IntoView {
    let language = use_language();
    view! {
        <button
            class="btn btn-ghost btn-icon lang"
            aria-label=tr("nav.language")
            on:click=move |_| language.update(|language| *language = language.other())
        >
            {move || language.get().other().tag().to_uppercase()}
        </button>
    }
}

/// Dark or light.
#[component]
pub fn ThemeSwitch() -> impl IntoView {
    let theme = use_theme();
    view! {
        <button
            class="btn btn-ghost btn-icon"
            aria-label=tr("nav.theme")
            on:click=move |_| theme.update(|theme| *theme = theme.other())
        >
            {icon(Icon::Sun, "")}
        </button>
    }
}

/// Give the document the title of the page, and move focus to its start when the address changes.
pub fn use_title(title: impl Fn() -> String + 'static) {
    let location = use_location();
    Effect::new(move |before: Option<String>| {
        let path = location.pathname.get();
        document().set_title(&format!("{} · Sectio", title()));
        if before.is_some_and(|before| before != path)
            && let Some(main) = document().get_element_by_id("main")
        {
            use wasm_bindgen::JsCast;
            // A page without that element keeps its focus.
            let _ = main.unchecked_into::<web_sys::HtmlElement>().focus();
        }
        path
    });
}
