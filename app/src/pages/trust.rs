//! "Can I trust it?": what was checked against theory and published benchmarks, what came out, and what nobody has checked.

use leptos::prelude::*;

use crate::{
    components::{
        icon::{Icon, icon},
        shell::{Shell, use_title},
    },
    text::{tr, use_language},
    validation::{self, Benchmark, Family, Orientation, Resolution, Row, Verdict},
};

/// The page.
#[component]
pub fn Trust() -> impl IntoView {
    let language = use_language();
    use_title(move || language.get().text("trust.title").to_owned());
    let rows = validation::rows();
    let families = Family::ALL
        .into_iter()
        .map(|family| (family, validation::benchmarks(&rows, family)))
        .filter(|(_, benchmarks)| !benchmarks.is_empty())
        .map(|(family, benchmarks)| view! { <FamilyTable family benchmarks /> })
        .collect_view();
    view! {
        <Shell>
            <article class="prose trust">
                <h1>{tr("trust.title")}</h1>
                <p class="lead">{tr("trust.lead")}</p>
                <div class="three">
                    <section class="card">
                        <h2>{tr("trust.checked")}</h2>
                        <p>{tr("trust.checked.what")}</p>
                    </section>
                    <section class="card">
                        <h2>{tr("trust.unchecked")}</h2>
                        <p>{tr("trust.unchecked.what")}</p>
                    </section>
                    <section class="card">
                        <h2>{tr("trust.meaning")}</h2>
                        <p>{tr("trust.meaning.what")}</p>
                    </section>
                </div>
                <h2>{tr("trust.results")}</h2>
                <Summary rows=rows.clone() />
                <p>{tr("trust.read")}</p>
                {families}
                <h2>{tr("trust.yourself")}</h2>
                <p>{tr("trust.yourself.what")}</p>
                <pre tabindex="0"><code>"cargo xtask validate"</code></pre>
            </article>
        </Shell>
    }
}

/// How many pass, and what the others have in common.
#[component]
fn Summary(rows: Vec<Row>) -> impl IntoView {
    let language = use_language();
    let count = |verdict| rows.iter().filter(|row| row.verdict() == verdict).count();
    let within = count(Verdict::Within);
    let counted = {
        let all = rows.len().to_string();
        move || {
            language.get().fill("trust.within", &[("within", &within.to_string()), ("all", &all)])
        }
    };
    let troubles = [
        (Verdict::Outside, "trust.outside"),
        (Verdict::NotConverged, "trust.not_converged"),
        (Verdict::NotMeasured, "trust.not_measured"),
    ]
    .map(|(verdict, words)| (count(verdict), words))
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, words)| {
        let text = move || language.get().fill(words, &[("count", &count.to_string())]);
        view! { <div class="say warn">{icon(Icon::Alert, "")}<span>{text}</span></div> }
    })
    .collect_view();
    view! {
        <div class="say ok" id="validation-summary" data-within=within data-all=rows.len()>
            {icon(Icon::Check, "")}
            <span>{counted}</span>
        </div>
        {troubles}
    }
}

/// What a family asks, and the table of its benchmarks.
#[component]
fn FamilyTable(family: Family, benchmarks: Vec<Benchmark>) -> impl IntoView {
    let language = use_language();
    let (title, what) = match family {
        Family::Consistency => ("trust.consistency", "trust.consistency.what"),
        Family::Motion => ("trust.motion", "trust.motion.what"),
        Family::Shape => ("trust.shape", "trust.shape.what"),
        Family::Pressure => ("trust.pressure", "trust.pressure.what"),
        Family::Heart => ("trust.heart", "trust.heart.what"),
        Family::Cutting => ("trust.cutting", "trust.cutting.what"),
        Family::Other => ("trust.other", "trust.other.what"),
    };
    let all: Vec<&Row> = benchmarks.iter().flat_map(|benchmark| &benchmark.rows).collect();
    let within = all.iter().filter(|row| row.verdict() == Verdict::Within).count();
    let counts = [within.to_string(), all.len().to_string()];
    let counted =
        move || language.get().fill("trust.count", &[("within", &counts[0]), ("all", &counts[1])]);
    let heads = [
        "trust.column.how",
        "trust.column.value",
        "trust.column.reference",
        "trust.column.error",
        "trust.column.allowed",
        "trust.column.result",
    ];
    view! {
        <section class="card family">
            <div class="row between">
                <h3>{tr(title)}</h3>
                <span class="tag num">{counted}</span>
            </div>
            <p>{tr(what)}</p>
            <div class="scroll-x" tabindex="0" role="group" aria-label=tr(title)>
                <table class="table">
                    <thead>
                        <tr>{heads.map(|head| view! { <th scope="col">{tr(head)}</th> }).collect_view()}</tr>
                    </thead>
                    {benchmarks.into_iter().map(|benchmark| view! { <BenchmarkRows benchmark /> }).collect_view()}
                </table>
            </div>
        </section>
    }
}

#[component]
fn BenchmarkRows(benchmark: Benchmark) -> impl IntoView {
    view! {
        <tbody>
            <tr>
                <th class="benchmark" scope="rowgroup" colspan="6" lang="en">
                    <div><b>{benchmark.title}</b> " " <span>{benchmark.source}</span></div>
                </th>
            </tr>
            {benchmark.rows.into_iter().map(|row| view! { <ResultRow row /> }).collect_view()}
        </tbody>
    }
}

#[component]
fn ResultRow(row: Row) -> impl IntoView {
    let language = use_language();
    let verdict = row.verdict();
    let (name, words, picture) = match verdict {
        Verdict::Within => ("within", "trust.verdict.within", Icon::Check),
        Verdict::Outside => ("outside", "trust.verdict.outside", Icon::Octagon),
        Verdict::NotConverged => ("not-converged", "trust.verdict.not_converged", Icon::Alert),
        Verdict::NotMeasured => ("not-measured", "trust.verdict.not_measured", Icon::Alert),
    };
    let how = {
        let cells = row.cells.to_string();
        let (resolution, orientation) = (row.resolution, row.orientation);
        move || {
            let language = language.get();
            let resolution = match resolution {
                Resolution::Realtime => "trust.realtime",
                Resolution::Fine => "trust.fine",
            };
            let orientation = match orientation {
                Orientation::Aligned => "trust.aligned",
                Orientation::Angled => "trust.angled",
            };
            let values = [
                ("resolution", language.text(resolution)),
                ("orientation", language.text(orientation)),
                ("cells", &*cells),
            ];
            language.fill("trust.how", &values)
        }
    };
    let quantity = {
        let unit = row.unit.clone();
        move |value: Option<f64>| {
            let value = value.map_or("–".into(), |value| language.get().significant(value));
            format!("{value} {unit}").trim_end().to_owned()
        }
    };
    let value = {
        let (quantity, value) = (quantity.clone(), row.value);
        move || quantity(value)
    };
    let reference = move || quantity(Some(row.reference));
    let error = move || {
        row.error_percent.map_or("–".into(), |error| language.get().signed(error, 2) + " %")
    };
    let allowed = move || format!("± {} %", language.get().significant(row.tolerance_percent));
    let note = (!row.note.is_empty())
        .then(|| view! { <span class="note" lang="en">{row.note.clone()}</span> });
    view! {
        <tr data-verdict=name>
            <td>{how}</td>
            <td class="num">{value}</td>
            <td class="num">{reference}</td>
            <td class="num">
                {error}
                {row.error_percent.map(|error| gauge(error / row.tolerance_percent, verdict))}
            </td>
            <td class="num">{allowed}</td>
            <td>
                <span class="verdict">{icon(picture, "icon-s")}{tr(words)}</span>
                {note}
            </td>
        </tr>
    }
}

/// The error in its tolerance: a dot on a band that is twice as wide on each side; beyond it, at the end. The number beside it
/// says the same.
fn gauge(share: f64, verdict: Verdict) -> impl IntoView {
    let x = 40.0 + 18.0 * share.clamp(-2.0, 2.0);
    let mark = match verdict {
        Verdict::Within => format!("M{:.1} 7a3 3 0 1 0 6 0 3 3 0 1 0-6 0z", x - 3.0),
        _ => format!("M{x:.1} 2.500l4.500 4.500-4.500 4.500-4.500-4.500z"),
    };
    view! {
        <svg class="tolerance" viewBox="0 0 80 14" aria-hidden="true">
            <rect x="0" y="5" width="80" height="4" rx="2" />
            <rect class="band" x="22" y="4" width="36" height="6" rx="2" />
            <path class="mark" d=mark />
        </svg>
    }
}
