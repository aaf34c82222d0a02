//! What a case must hold beyond its schema: names that exist, questions that can be answered, texts in every language.

use toml::de::{DeTable, DeValue};

use super::{Case, Question, QuestionKind, StructureRecipe};
use crate::{
    anatomy, error,
    text::{self, Text},
    tissue,
    twin::derivation::Derivation,
};

/// A mistake in a `case.toml`, said so that its author can mend it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Line, from 1: of the field, or of what it should stand in.
    pub line: usize,
    /// Field: "twin.structures[2].labels".
    pub field: String,
    /// What is wrong.
    pub reason: String,
    /// What to do.
    pub remedy: String,
}

/// A mistake whose line is not yet known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    /// Names and numbers from the top, with dots between: "twin.structures.2.labels".
    pub path: String,
    pub reason: String,
    pub remedy: String,
}

/// Is `path` the same as `outer` or inside it?
pub(super) fn within(path: &str, outer: &str) -> bool {
    path.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// The mistakes of a case that was read from `text`, with their lines; none if there are none.
pub(super) fn located(case: &Case, text: &str) -> Option<Vec<Fault>> {
    let found = findings(case);
    if found.is_empty() {
        return None;
    }
    // The text was read before, so the table is whole.
    let (table, _) = DeTable::parse_recoverable(text);
    Some(in_lines(found, text, table.get_ref()))
}

/// Findings with their lines, in the order of the lines.
pub(super) fn in_lines(found: Vec<Finding>, text: &str, table: &DeTable) -> Vec<Fault> {
    let mut faults: Vec<Fault> = found
        .into_iter()
        .map(|finding| Fault {
            line: error::line(text, offset(table, &finding.path)),
            field: shown(&finding.path),
            reason: finding.reason,
            remedy: finding.remedy,
        })
        .collect();
    faults.sort_by_key(|fault| fault.line);
    faults
}

/// Byte at which `path` stands, or the last part of it that is there.
fn offset(table: &DeTable, path: &str) -> usize {
    let mut parts = path.split('.');
    let mut at = 0;
    let first = parts.next().unwrap_or_default();
    let entry = |table: &DeTable, name: &str| {
        table.iter().find(|(key, _)| key.get_ref() == name).map(|(key, _)| key.span().start)
    };
    let Some(found) = entry(table, first) else { return at };
    at = found;
    let mut value = table.get(first);
    for part in parts {
        let next = match value.map(|value| value.get_ref()) {
            Some(DeValue::Table(inner)) => {
                at = entry(inner, part).unwrap_or(at);
                inner.get(part)
            }
            Some(DeValue::Array(items)) => {
                let item = part.parse().ok().and_then(|i: usize| items.get(i));
                at = item.map_or(at, |item| item.span().start);
                item
            }
            _ => None,
        };
        let Some(next) = next else { break };
        value = Some(next);
    }
    at
}

/// "twin.structures.2.labels" as "twin.structures[3].labels": people count from one.
fn shown(path: &str) -> String {
    let mut field = String::new();
    for part in path.split('.') {
        match part.parse::<usize>() {
            Ok(index) => field.push_str(&format!("[{}]", index + 1)),
            Err(_) if field.is_empty() => field.push_str(part),
            Err(_) => field.push_str(&format!(".{part}")),
        }
    }
    field
}

/// The name most like `name`, if one is like it at all.
pub(super) fn nearest<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let allowed = 1 + name.chars().count() / 5;
    names
        .map(|other| (distance(name, other), other))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, other)| other)
}

/// Letters to add, drop or change, or neighbours to swap, to get from one word to the other.
fn distance(from: &str, to: &str) -> usize {
    let (from, to): (Vec<char>, Vec<char>) = (from.chars().collect(), to.chars().collect());
    let mut rows = vec![(0..=to.len()).collect::<Vec<_>>()];
    for i in 1..=from.len() {
        let mut row = vec![i];
        for j in 1..=to.len() {
            let change = usize::from(from[i - 1] != to[j - 1]);
            let mut best =
                (rows[i - 1][j] + 1).min(row[j - 1] + 1).min(rows[i - 1][j - 1] + change);
            if i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[from.len()][to.len()]
}

/// Lower-case letters, digits, dashes and underscores.
fn is_plain(id: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_".contains(&b);
    !id.is_empty() && id.bytes().all(plain)
}

/// Everything that is wrong with a case that has the right form.
pub(super) fn findings(case: &Case) -> Vec<Finding> {
    let mut check = Check { case, found: Vec::new() };
    check.head();
    check.questions();
    check.sources();
    check.derivations();
    check.beat();
    check.surface();
    check.structures();
    check.found
}

struct Check<'c> {
    case: &'c Case,
    found: Vec<Finding>,
}

impl Check<'_> {
    fn note(
        &mut self,
        path: impl Into<String>,
        reason: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.found.push(Finding {
            path: path.into(),
            reason: reason.into(),
            remedy: remedy.into(),
        });
    }

    fn text(&mut self, path: &str, text: &Text) {
        for (language, written) in [("en", &text.en), ("de", &text.de)] {
            if written.trim().is_empty() {
                self.note(format!("{path}.{language}"), "is empty", "write it in both languages");
            }
        }
    }

    fn id(&mut self, path: String, id: &str, earlier: bool) {
        if !is_plain(id) {
            let reason = format!("`{id}` is no identifier");
            self.note(path, reason, "use lower-case letters, digits, dashes and underscores");
        } else if earlier {
            self.note(path, format!("`{id}` is used twice"), "give each its own");
        }
    }

    fn head(&mut self) {
        let case = self.case;
        self.id("id".to_owned(), &case.id, false);
        self.id("organ".to_owned(), &case.organ, false);
        if !(1..=3).contains(&case.level) {
            self.note("level", format!("is {}", case.level), "write 1, 2 or 3");
        }
        if !(1..=240).contains(&case.minutes) {
            self.note("minutes", format!("is {}", case.minutes), "write 1 to 240");
        }
        for (path, text) in [
            ("title", &case.title),
            ("summary", &case.summary),
            ("pathology", &case.pathology),
            ("story", &case.story),
        ] {
            self.text(path, text);
        }
        let paragraphs =
            |text: &str| text.split("\n\n").filter(|one| !one.trim().is_empty()).count();
        let (en, de) = (paragraphs(&case.story.en), paragraphs(&case.story.de));
        if en != de && !case.story.is_incomplete() {
            let reason = format!("has {en} paragraphs in English and {de} in German");
            self.note("story", reason, "part both in the same way, by an empty line");
        }
        for (i, objective) in case.objectives.iter().enumerate() {
            let twice = case.objectives[..i].iter().any(|other| other.id == objective.id);
            self.id(format!("objectives.{i}.id"), &objective.id, twice);
            let text = Text { en: objective.en.clone(), de: objective.de.clone() };
            self.text(&format!("objectives.{i}"), &text);
        }
        if case.real.is_empty() && case.derived.is_empty() {
            let remedy =
                "say what comes from the patient in `real`, and what does not in `derived`";
            self.note("real", "says nothing, and nor does `derived`", remedy);
        }
        for (path, texts) in [
            ("real", &case.real),
            ("derived", &case.derived),
            ("twin.warnings", &case.twin.warnings),
        ] {
            for (i, text) in texts.iter().enumerate() {
                self.text(&format!("{path}.{i}"), text);
            }
        }
        if let Some(limit) = &case.force_limit {
            self.text("force_limit.source", &limit.source);
            if !(limit.newton > 0.0 && limit.newton < 1000.0) {
                let reason = format!("is {} N", limit.newton);
                self.note("force_limit.newton", reason, "write a force in newtons");
            }
        }
        for (i, procedure) in case.procedures.iter().enumerate() {
            let twice = case.procedures[..i].iter().any(|other| other.id == procedure.id);
            self.id(format!("procedures.{i}.id"), &procedure.id, twice);
            self.text(&format!("procedures.{i}.title"), &procedure.title);
            self.text(&format!("procedures.{i}.goal"), &procedure.goal);
        }
    }

    fn questions(&mut self) {
        let questions = &self.case.questions;
        if !questions.is_empty() && !(8..=12).contains(&questions.len()) {
            let reason = format!("has {} questions", questions.len());
            self.note("questions", reason, "write 8 to 12, or none while the case is made");
        }
        for (i, question) in questions.iter().enumerate() {
            let twice = questions[..i].iter().any(|other| other.id == question.id);
            self.id(format!("questions.{i}.id"), &question.id, twice);
            self.question(i, question);
        }
    }

    fn question(&mut self, i: usize, question: &Question) {
        let at = |field: &str| format!("questions.{i}.{field}");
        self.text(&at("stem"), &question.stem);
        self.text(&at("explanation"), &question.explanation);
        for (j, option) in question.options.iter().enumerate() {
            let text = Text { en: option.en.clone(), de: option.de.clone() };
            self.text(&at(&format!("options.{j}")), &text);
        }
        let (count, right) =
            (question.options.len(), question.options.iter().filter(|one| one.right).count());
        if !(2..=6).contains(&count) {
            self.note(at("options"), format!("has {count} answers"), "write 2 to 6");
        } else if question.kind == QuestionKind::Single && right != 1 {
            let remedy = "mark exactly one with `right = true`, or make the kind \"multiple\"";
            self.note(at("options"), format!("has {right} right answers"), remedy);
        } else if right == 0 || right == count {
            let reason = if right == 0 { "has no right answer" } else { "has no wrong answer" };
            self.note(at("options"), reason, "mark what is right with `right = true`");
        }
        let objectives = self.case.objectives.iter().map(|one| one.id.as_str());
        self.name(at("objective"), &question.objective, objectives, "objective");
        if let Some(structure) = &question.structure {
            let structures = self.case.twin.structures.iter().map(|one| one.id.as_str());
            self.name(at("structure"), structure, structures, "structure of the twin");
        }
        if question.references.is_empty() {
            self.note(at("references"), "is empty", "name the work that the answer follows");
        }
        for (j, key) in question.references.iter().enumerate() {
            let keys = self.case.references.keys().map(String::as_str);
            self.name(at(&format!("references.{j}")), key, keys, "key of [references]");
        }
    }

    /// `name` must be one of `names`.
    fn name<'n>(
        &mut self,
        path: String,
        name: &str,
        mut names: impl Iterator<Item = &'n str> + Clone,
        what: &str,
    ) {
        if names.clone().any(|other| other == name) {
            return;
        }
        let remedy = match nearest(name, names.clone()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if names.next().is_none() => format!("there is no {what} yet; add one"),
            None => "write one that is there".to_owned(),
        };
        self.note(path, format!("`{name}` is no {what}"), remedy);
    }

    fn sources(&mut self) {
        let twin = &self.case.twin;
        for (field, file) in [("labels", &twin.labels), ("image", &twin.image)] {
            let Some(file) = file else { continue };
            if !twin.sources.iter().any(|source| &source.file == file) {
                let remedy = "add it to [[twin.sources]] with its sha256, credit and licence";
                self.note(format!("twin.{field}"), format!("{file} is no source"), remedy);
            }
        }
        for (i, mask) in twin.masks.iter().enumerate() {
            if !twin.sources.iter().any(|source| source.file == mask.file) {
                let remedy = "add it to [[twin.sources]] with its sha256, credit and licence";
                self.note(
                    format!("twin.masks.{i}.file"),
                    format!("{} is no source", mask.file),
                    remedy,
                );
            }
        }
        for (i, source) in twin.sources.iter().enumerate() {
            let at = |field: &str| format!("twin.sources.{i}.{field}");
            if source.sha256.len() != 64 || !source.sha256.bytes().all(|b| b.is_ascii_hexdigit()) {
                let remedy = "write what `sha256sum` tells: 64 hexadecimal digits";
                self.note(at("sha256"), "is no SHA-256", remedy);
            }
            if source.licence.trim().is_empty() || source.credit.trim().is_empty() {
                let remedy = "a scan without credit and licence cannot be shown";
                self.note(at("licence"), "or the credit is empty", remedy);
            }
        }
        if twin.image.is_some() != twin.image_window.is_some() {
            let remedy = "give both or neither";
            self.note("twin.image_window", "goes with an image, and an image needs it", remedy);
        }
    }

    fn derivations(&mut self) {
        let twin = &self.case.twin;
        let made = twin.derivations.first().is_some_and(Derivation::makes_labels)
            || !twin.masks.is_empty();
        if twin.labels.is_none() && !made {
            let remedy = "name the file, or let the first derivation make them (kind = \"layers\")";
            self.note("twin.labels", "is missing", remedy);
        }
        if let Some(mesh) = &twin.mesh {
            for (field, reason, remedy) in mesh.faults() {
                self.note(format!("twin.mesh.{field}"), reason, remedy);
            }
        }
        for (i, derivation) in self.case.twin.derivations.iter().enumerate() {
            for (field, reason, remedy) in derivation.faults() {
                self.note(format!("twin.derivations.{i}.{field}"), reason, remedy);
            }
        }
    }

    fn beat(&mut self) {
        let twin = &self.case.twin;
        for (i, rule) in twin.fibres.iter().enumerate() {
            for (field, reason, remedy) in rule.faults() {
                self.note(format!("twin.fibres.{i}.{field}"), reason, remedy);
            }
            for (j, structure) in rule.structures.iter().enumerate() {
                let soft = twin.structures.iter().filter(|one| one.body.is_some());
                let soft = soft.map(|one| one.id.as_str());
                let path = format!("twin.fibres.{i}.structures.{j}");
                self.name(path, structure, soft, "soft structure of this twin");
            }
        }
        let Some(beat) = &twin.beat else { return };
        for (field, reason, remedy) in beat.faults() {
            self.note(format!("twin.beat.{field}"), reason, remedy);
        }
        for (i, cavity) in beat.cavities.iter().enumerate() {
            self.text(&format!("twin.beat.cavities.{i}.name"), &cavity.name);
        }
    }

    fn surface(&mut self) {
        let (surface, lattice) = (&self.case.twin.surface, &self.case.twin.lattice);
        let smoothing = surface.smoothing.iter().copied().fold(0.0, f64::max);
        let least = surface.smoothing.iter().copied().fold(f64::INFINITY, f64::min);
        for (field, value, low, high, unit) in [
            ("surface.smoothing", smoothing, 0.0, 20.0, "mm"),
            ("surface.smoothing", least, 0.0, 20.0, "mm"),
            ("surface.reach", surface.reach, 0.0, 10.0, "mm"),
            ("surface.rounds", f64::from(surface.rounds), 0.0, 1000.0, "rounds"),
            ("surface.levels", f64::from(surface.levels), 1.0, 4.0, "levels"),
            ("surface.label_spacing", surface.label_spacing, 0.3, 20.0, "mm"),
            ("lattice.spacing", lattice.spacing, 1.0, 50.0, "mm"),
        ] {
            if !(low..=high).contains(&value) {
                let remedy = format!("write {low} to {high} {unit}");
                self.note(format!("twin.{field}"), format!("is {value}"), remedy);
            }
        }
    }

    fn structures(&mut self) {
        let twin = &self.case.twin;
        if twin.structures.is_empty() || twin.structures.len() > 254 {
            let reason = format!("has {} structures", twin.structures.len());
            self.note("twin.structures", reason, "write 1 to 254");
        }
        let mut seen: Vec<u16> = Vec::new();
        for (i, structure) in twin.structures.iter().enumerate() {
            let twice = twin.structures[..i].iter().any(|other| other.id == structure.id);
            self.id(format!("twin.structures.{i}.id"), &structure.id, twice);
            let labels = format!("twin.structures.{i}.labels");
            match structure.labels.iter().find(|label| **label == 0 || seen.contains(label)) {
                Some(0) => self.note(labels, "has 0, which is the background", "remove it"),
                Some(label) => {
                    let reason = format!("has {label}, which another structure has");
                    self.note(labels, reason, "give each label to one structure");
                }
                None if structure.labels.is_empty() => {
                    self.note(labels, "is empty", "name the values in the label volume");
                }
                None => {}
            }
            seen.extend(&structure.labels);
            self.structure(i, structure);
        }
        for (i, support) in twin.supports.iter().enumerate() {
            let soft = twin.structures.iter().filter(|one| one.body.is_some());
            let soft = soft.map(|one| one.id.as_str());
            let path = format!("twin.supports.{i}.structure");
            self.name(path, &support.structure, soft, "soft structure of this twin");
        }
    }

    fn structure(&mut self, i: usize, structure: &StructureRecipe) {
        let at = |field: &str| format!("twin.structures.{i}.{field}");
        if !structure.missing.is_empty() {
            let reason = format!(
                "`{}` is not in the table of anatomy, and {} {} missing",
                structure.id,
                structure.missing.join(", "),
                if structure.missing.len() == 1 { "is" } else { "are" },
            );
            let ids = anatomy::table().ok().into_iter().flat_map(|table| table.structures());
            let remedy = match nearest(&structure.id, ids.map(|one| one.id.as_str())) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "name one of the table with `anatomy`, or write what is missing".to_owned(),
            };
            self.note(at("id"), reason, remedy);
            return;
        }
        self.text(&at("name"), &structure.name);
        self.text(&at("function"), &structure.function);
        self.text(&at("relations"), &structure.relations);
        if let Some(differs) = &structure.differs {
            self.text(&at("differs"), differs);
        }
        if text::colour(&structure.colour).is_none() {
            self.note(at("colour"), format!("is “{}”", structure.colour), "write it as #rrggbb");
        }
        match (&structure.body, &structure.mechanics) {
            (Some(_), None) => {
                let remedy = "name an entry of tissue.toml";
                self.note(at("mechanics"), "is missing, and a soft body needs it", remedy);
            }
            (None, Some(_)) => {
                let remedy = "name the soft body, or leave both out";
                self.note(at("mechanics"), "is given without a body", remedy);
            }
            (Some(_), Some(mechanics)) => {
                let table = tissue::table().ok();
                let names = table.into_iter().flat_map(|table| table.keys()).map(String::as_str);
                let names: Vec<&str> = names.collect();
                self.name(
                    at("mechanics"),
                    mechanics,
                    names.iter().copied(),
                    "entry of tissue.toml",
                );
            }
            (None, None) => {}
        }
    }
}
