//! What the page of a twin says that nobody wrote a case for: names and facts by the table of anatomy, what is real, what is derived.

use api::CaseDetails;

use super::pack::Pack;
use crate::{
    Result, anatomy,
    case::{Source, StructureEntry, StructureRecipe},
    details::{self, German},
    text::Text,
};

/// Structures that a title names.
const TITLED: usize = 2;

/// A title by the largest structures: "Liver · Spleen · 4 more".
pub(crate) fn title(pack: &Pack) -> Text {
    let mut largest: Vec<_> = pack.manifest.structures.iter().collect();
    largest.sort_by(|a, b| b.label_volume_ml.total_cmp(&a.label_volume_ml));
    let names: Vec<Text> =
        largest.iter().take(TITLED).map(|s| named(&s.id, &s.name).name).collect();
    let joined = |of: fn(&Text) -> &String, more: &str| {
        let mut parts: Vec<String> = names.iter().map(|name| of(name).clone()).collect();
        if largest.len() > TITLED {
            parts.push(format!("{} {more}", largest.len() - TITLED));
        }
        parts.join(" · ")
    };
    Text { en: joined(|t| &t.en, "more"), de: joined(|t| &t.de, "weitere") }
}

/// Names and facts of every structure, what is real and what is derived; no story, no questions.
///
/// # Errors
/// A table that does not load.
pub(crate) fn describe(pack: &Pack) -> Result<CaseDetails> {
    let manifest = &pack.manifest;
    let structures: Vec<StructureRecipe> = manifest
        .structures
        .iter()
        .map(|s| {
            let body = s.body.and_then(|b| manifest.bodies.get(usize::from(b)).cloned());
            let [r, g, b] = s.colour;
            let mut recipe = named(&s.id, &s.name);
            recipe.colour = format!("#{r:02x}{g:02x}{b:02x}");
            recipe.mechanics = recipe
                .anatomy
                .filter(|_| body.is_some())
                .and_then(|anatomy| anatomy.mechanics.clone());
            recipe.body = body;
            recipe
        })
        .collect();
    let sources: Vec<Source> = manifest
        .provenance
        .iter()
        .map(|p| Source {
            file: String::new(),
            sha256: p.sha256.clone(),
            title: p.title.clone(),
            credit: p.credit.clone(),
            licence: p.licence.clone(),
        })
        .collect();
    let mut real = vec![Text {
        en: "Shape, size and place of every structure: they follow the labels that were given.".to_owned(),
        de: "Form, Größe und Lage jeder Struktur: Sie folgen der Segmentierung, aus der dieser Zwilling gebaut wurde.".to_owned(),
    }];
    if pack.image.is_some() {
        real.push(Text {
            en: "The scan in the slices, reduced to 8 bits.".to_owned(),
            de: "Das Schnittbild, auf 8 Bit verkleinert.".to_owned(),
        });
    }
    let mut derived = vec![
        Text {
            en: "How stiff each tissue is: values from the literature, chosen by the structure's name, not measured in this patient.".to_owned(),
            de: "Wie steif jedes Gewebe ist: Werte aus der Literatur, nach dem Namen der Struktur gewählt, nicht an diesem Menschen gemessen.".to_owned(),
        },
        Text {
            en: "Colours and surface detail.".to_owned(),
            de: "Farben und Feinzeichnung der Oberflächen.".to_owned(),
        },
        Text {
            en: "Nobody has reviewed this case.".to_owned(),
            de: "Niemand hat diesen Fall geprüft.".to_owned(),
        },
    ];
    derived.extend(manifest.warnings.iter().map(|warning| Text::same(warning.clone())));
    let pathology = Text {
        en: "Nothing is known of it here.".to_owned(),
        de: "Hier ist nichts darüber bekannt.".to_owned(),
    };
    let mut german = German::default();
    let said = &mut german;
    said.say(&title(pack))?;
    let named = structures.iter().map(|one| details::structure(one, said));
    Ok(CaseDetails {
        id: manifest.id.clone(),
        story: Vec::new(),
        objectives: Vec::new(),
        structures: named.collect::<Result<_>>()?,
        constants: details::constants(&structures, said)?,
        force_limit: None,
        sources: details::sources(&sources, said)?,
        scan_end: None,
        pathology: said.say(&pathology)?,
        real: said.say_all(&real)?,
        derived: said.say_all(&derived)?,
        questions: Vec::new(),
        german: german.words(),
    })
}

/// A structure with all that the table of anatomy knows of it by its identifier, else with its name alone.
fn named(id: &str, name: &str) -> StructureRecipe {
    let unknown = anatomy::find(id).is_none();
    let german = |name: &str| match name.strip_prefix("Label ") {
        Some(number) => format!("Nummer {number}"),
        None => name.to_owned(),
    };
    let text = Text { en: name.to_owned(), de: german(name) };
    StructureEntry {
        id: id.to_owned(),
        anatomy: None,
        labels: Vec::new(),
        name: unknown.then_some(text),
        ta2: None,
        tissue: None,
        colour: None,
        function: unknown.then(Text::default),
        relations: unknown.then(Text::default),
        differs: None,
        body: None,
        mechanics: None,
        sheet: false,
    }
    .into()
}
