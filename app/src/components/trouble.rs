//! What went wrong, what was kept, what to do next.

use leptos::prelude::*;

use super::icon::{Icon, icon};
use crate::{download::DownloadError, text::use_language, viewer::ViewerError};

/// Why a page cannot be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The browser gives no WebGL2.
    NoWebGl2,
    /// The graphics driver refused.
    Driver(String),
    /// The twin did not arrive whole, or is not what it should be.
    CorruptPack(String),
    /// An own case that this browser no longer has whole.
    OwnCase(String),
    /// No connection and nothing kept.
    Offline(String),
    /// No such case.
    NoCase(String),
    /// The server answered with an error, or with something unreadable.
    Server(String),
}

impl From<DownloadError> for Trouble {
    fn from(error: DownloadError) -> Self {
        let detail = error.to_string();
        match error {
            DownloadError::Offline { .. } => Self::Offline(detail),
            DownloadError::NotFound { .. }
            | DownloadError::Status { .. }
            | DownloadError::Content { .. } => Self::Server(detail),
        }
    }
}

impl From<ViewerError> for Trouble {
    fn from(error: ViewerError) -> Self {
        match error {
            ViewerError::NoWebGl2 => Self::NoWebGl2,
            ViewerError::Driver(detail) => Self::Driver(detail),
        }
    }
}

impl Trouble {
    /// Keys of the title, of what happened and was kept, and of what to do next.
    fn keys(&self) -> [&'static str; 3] {
        match self {
            Self::NoWebGl2 => ["trouble.webgl", "trouble.webgl.what", "trouble.webgl.next"],
            Self::Driver(_) => ["trouble.driver", "trouble.driver.what", "trouble.driver.next"],
            Self::CorruptPack(_) => ["trouble.pack", "trouble.pack.what", "trouble.pack.next"],
            Self::OwnCase(_) => ["trouble.own", "trouble.own.what", "trouble.own.next"],
            Self::Offline(_) => ["trouble.offline", "trouble.offline.what", "trouble.offline.next"],
            Self::NoCase(_) => ["trouble.case", "trouble.case.what", "trouble.case.next"],
            Self::Server(_) => ["trouble.server", "trouble.server.what", "trouble.server.next"],
        }
    }

    /// For tests and for people who report a problem.
    fn kind(&self) -> &'static str {
        match self {
            Self::NoWebGl2 => "no-webgl2",
            Self::Driver(_) => "driver",
            Self::CorruptPack(_) => "corrupt-pack",
            Self::OwnCase(_) => "own-case",
            Self::Offline(_) => "offline",
            Self::NoCase(_) => "no-case",
            Self::Server(_) => "server",
        }
    }

    fn detail(&self) -> Option<&str> {
        match self {
            Self::NoWebGl2 => None,
            Self::Driver(detail)
            | Self::CorruptPack(detail)
            | Self::OwnCase(detail)
            | Self::Offline(detail)
            | Self::NoCase(detail)
            | Self::Server(detail) => Some(detail),
        }
    }
}

/// A whole page for a trouble.
#[component]
pub fn TroublePage(
    /// What went wrong.
    trouble: Trouble,
    /// What the button does; without it the page is loaded anew.
    #[prop(into)]
    retry: Callback<()>,
) -> impl IntoView {
    let language = use_language();
    let text = move |key: &'static str| move || language.get().text(key);
    let [title, what, next] = trouble.keys();
    let retryable = !matches!(trouble, Trouble::NoWebGl2 | Trouble::NoCase(_));
    let detail = trouble.detail().map(str::to_owned);
    view! {
        <main class="trouble" data-trouble=trouble.kind()>
            <section class="card" role="alert">
                <div class="mark">{icon(Icon::Alert, "icon-l")}</div>
                <h1>{text(title)}</h1>
                <p>{text(what)}</p>
                <p>{text(next)}</p>
                {detail.map(|detail| view! {
                    <details><summary>{text("trouble.detail")}</summary>{detail}</details>
                })}
                <div class="actions">
                    {retryable.then(|| view! {
                        <button class="btn btn-primary" on:click=move |_| retry.run(())>
                            {icon(Icon::Restart, "icon-s")}{text("trouble.retry")}
                        </button>
                    })}
                    <a class="btn btn-quiet" href="/">{text("trouble.library")}</a>
                </div>
            </section>
        </main>
    }
}
