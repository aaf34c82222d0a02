//! Axial, coronal and sagittal slices of the scan the twin was made from.

use js_sys::Uint8Array;
use leptos::prelude::*;
use web_sys::Url;

use super::session::Session;
use crate::{
    components::icon::{Icon, icon},
    files,
    slice::{Picture, Plane, Tint, parse_colour, slice},
    text::{Language, tr, use_language},
    viewer::Visibility,
};

impl Plane {
    fn label(self) -> &'static str {
        match self {
            Self::Axial => "scan.axial",
            Self::Coronal => "scan.coronal",
            Self::Sagittal => "scan.sagittal",
        }
    }

    fn describe(self, session: Session, language: Language) -> String {
        let axis = self.axes()[2];
        let at = session.cut.with(|cut| position(session, axis, cut[axis]));
        language
            .fill("scan.alt", &[("plane", language.text(self.label())), ("at", &at.to_string())])
    }
}

/// The panel.
#[component]
pub fn Scan(session: Session) -> impl IntoView {
    let language = use_language();
    let tints = Memo::new(move |_| tints(session));
    let detail = move || {
        let language = language.get();
        session.pack.with_value(|pack| match &pack.image {
            Some(image) => language.fill(
                "scan.detail",
                &[("spacing", &language.number(f64::from(image.spacing[2]), 1))],
            ),
            None => language.text("scan.labels_only").to_owned(),
        })
    };
    let sliders = Plane::ALL.map(|plane| {
        let axis = plane.axes()[2];
        let id = format!("slice-{axis}");
        let steps = session.pack.with_value(|pack| {
            pack.image.as_ref().unwrap_or(&pack.labels).dims[axis].saturating_sub(1).max(1)
        });
        let value = move || (session.cut.with(|cut| cut[axis]) * steps as f32).round().to_string();
        let set = move |event| {
            if let Ok(value) = event_target_value(&event).parse::<f32>() {
                session.cut.update(|cut| cut[axis] = value / steps as f32);
            }
        };
        let millimetres = move || {
            let at = session.cut.with(|cut| position(session, axis, cut[axis]));
            language.get().fill("scan.position", &[("at", &at.to_string())])
        };
        view! {
            <label for=id.clone()>{tr(plane.label())}</label>
            <input
                id=id
                type="range"
                min="0"
                max=steps.to_string()
                step="1"
                prop:value=value
                aria-valuetext=millimetres
                on:input=set
            />
            <output class="num">{millimetres}</output>
        }
    });
    view! {
        <section class="glass scan" aria-labelledby="scan-title">
            <div class="row between">
                <h2 id="scan-title">{tr("scan.title")}</h2>
                <span class="tiny quiet num">{detail}</span>
            </div>
            <div class="slices">
                <Slice session plane=Plane::Axial tints class="slice axial" />
                <div class="two">
                    <Slice session plane=Plane::Coronal tints class="slice" />
                    <Slice session plane=Plane::Sagittal tints class="slice" />
                </div>
            </div>
            <div class="sliders">{sliders.into_iter().collect_view()}</div>
            <p class="unseen">{icon(Icon::Info, "icon-s")}{tr("scan.convention")}</p>
        </section>
    }
}

/// One slice with the places of the other two drawn over it.
#[component]
fn Slice(
    session: Session,
    plane: Plane,
    tints: Memo<Vec<Tint>>,
    class: &'static str,
) -> impl IntoView {
    let language = use_language();
    let depth = plane.axes()[2];
    let at = Memo::new(move |_| session.cut.with(|cut| cut[depth]));
    let size = RwSignal::new((1, 1));
    let url = RwSignal::new(None::<String>);
    Effect::new(move |_| {
        let picture = tints.with(|tints| {
            let tints = std::array::from_fn(|label| tints.get(label).copied().unwrap_or_default());
            session.pack.with_value(|pack| slice(pack, plane, at.get(), &tints))
        });
        size.set((picture.width, picture.height));
        let before = url.get_untracked();
        url.set(object_url(&picture));
        revoke(before);
    });
    on_cleanup(move || revoke(url.try_get_untracked().flatten()));
    let cross = move || session.cut.with(|cut| plane.picture_fraction(*cut));
    let scaled = move |fraction: f32, size: usize| (fraction * size as f32).to_string();
    view! {
        <div class=class>
            <img src=move || url.get() alt=move || plane.describe(session, language.get()) />
            <svg
                viewBox=move || format!("0 0 {} {}", size.get().0, size.get().1)
                preserveAspectRatio="xMidYMid meet"
                aria-hidden="true"
            >
                <line
                    x1="0"
                    x2=move || size.get().0.to_string()
                    y1=move || scaled(cross()[1], size.get().1)
                    y2=move || scaled(cross()[1], size.get().1)
                />
                <line
                    y1="0"
                    y2=move || size.get().1.to_string()
                    x1=move || scaled(cross()[0], size.get().0)
                    x2=move || scaled(cross()[0], size.get().0)
                />
            </svg>
            <span>{tr(plane.label())}</span>
        </div>
    }
}

/// Colours by label, as the tree has them: hidden structures are not tinted, the selected one is stronger.
fn tints(session: Session) -> Vec<Tint> {
    let visibility = session.visibility.get();
    let selected = session.selected.get();
    let mut tints = vec![Tint::default(); 256];
    session.pack.with_value(|pack| {
        for (index, structure) in pack.manifest.structures.iter().enumerate() {
            let hidden = visibility.get(index) == Some(&Visibility::Hidden);
            let colour = session.facts(index).and_then(|facts| parse_colour(&facts.colour));
            tints[usize::from(structure.label)] =
                Tint { colour: colour.filter(|_| !hidden), selected: selected == Some(index) };
        }
    });
    tints
}

/// Patient position of a fraction along an axis [mm], rounded.
fn position(session: Session, axis: usize, fraction: f32) -> i32 {
    session.pack.with_value(|pack| {
        let grid = pack.image.as_ref().unwrap_or(&pack.labels);
        let voxel = fraction * grid.dims[axis] as f32 - 0.5;
        (grid.origin[axis] + voxel * grid.spacing[axis]).round() as i32
    })
}

fn object_url(picture: &Picture) -> Option<String> {
    files::object_url(&Uint8Array::from(&picture.bitmap()[..]), "image/bmp")
}

fn revoke(url: Option<String>) {
    if let Some(url) = url {
        // An address of ours is always revocable.
        let _ = Url::revoke_object_url(&url);
    }
}
