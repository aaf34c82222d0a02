//! What Sectio is and is not, where every organ comes from, and what happens to data.

use api::{CaseDetails, CaseIndex};
use leptos::{prelude::*, task::spawn_local};

use crate::{
    components::shell::{Shell, use_title},
    download,
    phrases::use_phrases,
    text::{tr, use_language},
};

/// The page.
#[component]
pub fn About() -> impl IntoView {
    let language = use_language();
    use_title(move || language.get().text("about.title").to_owned());
    view! {
        <Shell>
            <article class="prose">
                <h1>{tr("about.title")}</h1>
                <p class="lead">{tr("about.lead")}</p>
                <h2>{tr("about.education")}</h2>
                <p>{tr("about.education.what")}</p>
                <h2>{tr("about.sources")}</h2>
                <p>{tr("about.sources.what")}</p>
                <Sources />
                <h2>{tr("about.mechanics")}</h2>
                <p>{tr("about.mechanics.what")}</p>
                <p>{tr("about.trust")} " " <a href="/trust">{tr("trust.title")}</a></p>
                <h2>{tr("about.privacy")}</h2>
                <ul class="plain">
                    <li>{tr("about.privacy.local")}</li>
                    <li>{tr("about.privacy.cookies")}</li>
                    <li>{tr("about.privacy.delete")} " " <a href="/data">{tr("nav.data")}</a></li>
                </ul>
                <h2>{tr("about.software")}</h2>
                <p>{tr("about.software.what")}</p>
            </article>
        </Shell>
    }
}

/// Every source of every case, with credit and licence.
#[component]
fn Sources() -> impl IntoView {
    let language = use_language();
    let phrases = use_phrases();
    let cases = RwSignal::new(Vec::<(String, CaseDetails)>::new());
    let failed = RwSignal::new(None::<String>);
    spawn_local(async move {
        let loaded = async {
            let index: CaseIndex = download::json(download::INDEX).await?;
            let mut cases = Vec::new();
            phrases.learn(&index.german);
            for case in index.cases {
                let details: CaseDetails = download::json(&case.details).await?;
                phrases.learn(&details.german);
                cases.push((case.title, details));
            }
            Ok::<_, download::DownloadError>(cases)
        };
        match loaded.await {
            Ok(loaded) => {
                cases.try_set(loaded);
            }
            Err(error) => {
                failed.try_set(Some(error.to_string()));
            }
        }
    });
    let source = move |source: api::Source| {
        view! {
            <p>
                {match source.url {
                    Some(url) => view! { <a href=url rel="noopener">{source.title}</a> }.into_any(),
                    None => view! { <b>{source.title}</b> }.into_any(),
                }}
                <br />
                {move || language.get().text("about.credit")} " " {source.credit}
                <br />
                {move || language.get().text("about.licence")} " " {source.licence}
                {(!source.changes.is_empty()).then(|| view! { <br /> {phrases.of(source.changes)} })}
            </p>
        }
    };
    view! {
        {move || failed.get().map(|error| view! { <p class="say warn">{tr("about.sources.failed")} " " {error}</p> })}
        {move || {
            cases
                .get()
                .into_iter()
                .map(|(title, details)| view! {
                    <section class="card">
                        <h3>{phrases.of(title)}</h3>
                        {details.sources.into_iter().map(source).collect_view()}
                        {details.scan_end.map(|end| view! { <p>{phrases.of(end)}</p> })}
                    </section>
                })
                .collect_view()
        }}
    }
}
