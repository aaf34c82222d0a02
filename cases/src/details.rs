//! What a case says, as its page asks for it: English, and a list of what that is in German.

use std::collections::BTreeMap;

use crate::{
    Error, Result, anatomy,
    case::{self, Case, Text},
    tissue::{self, Constant},
};
use api::{
    CaseDetails, Choice, ForceLimit, Question, Source, StructureDetails, TissueConstant,
    VolumeRange,
};

/// German of what is said, by the English.
#[derive(Debug, Default)]
pub struct German(BTreeMap<String, String>);

impl German {
    /// Note a text, and give its English.
    ///
    /// # Errors
    /// English that was noted with other German before: a page could not tell which is meant.
    pub fn say(&mut self, text: &Text) -> Result<String> {
        if text.en != text.de
            && let Some(other) = self.0.insert(text.en.clone(), text.de.clone())
            && other != text.de
        {
            return Err(unclear(format!(
                "“{}” is both “{}” and “{other}” in German; word one differently",
                text.en, text.de
            )));
        }
        Ok(text.en.clone())
    }

    /// Note several texts, and give their English.
    pub(crate) fn say_all<'t>(
        &mut self,
        texts: impl IntoIterator<Item = &'t Text>,
    ) -> Result<Vec<String>> {
        texts.into_iter().map(|text| self.say(text)).collect()
    }

    /// All of it.
    pub fn words(self) -> BTreeMap<String, String> {
        self.0
    }
}

fn unclear(reason: String) -> Error {
    Error::Recipe { file: "case.toml".to_owned(), field: "text".to_owned(), reason }
}

/// What the page of a case needs besides the pack.
///
/// # Errors
/// A table that does not load; English with two Germans.
pub fn details(case: &Case) -> Result<CaseDetails> {
    let mut german = German::default();
    let said = &mut german;
    let mut structures = Vec::new();
    for one in &case.twin.structures {
        structures.push(structure(one, said)?);
    }
    let mut objectives = Vec::new();
    for one in &case.objectives {
        objectives.push(said.say(&Text { en: one.en.clone(), de: one.de.clone() })?);
    }
    let mut questions = Vec::new();
    for one in &case.questions {
        questions.push(question(case, one, said)?);
    }
    let warnings = case.twin.warnings.iter();
    let warnings = Text {
        en: warnings.clone().map(|text| text.en.as_str()).collect::<Vec<_>>().join(" "),
        de: warnings.map(|text| text.de.as_str()).collect::<Vec<_>>().join(" "),
    };
    Ok(CaseDetails {
        id: case.id.clone(),
        story: said.say_all(&paragraphs(&case.story)?)?,
        objectives,
        structures,
        constants: constants(&case.twin.structures, said)?,
        force_limit: match &case.force_limit {
            Some(limit) => Some(ForceLimit {
                newton: limit.newton,
                source: said.say(&limit.source)?,
                provisional: limit.provisional,
            }),
            None => None,
        },
        sources: sources(&case.twin.sources, said)?,
        scan_end: match warnings.en.is_empty() {
            true => None,
            false => Some(said.say(&warnings)?),
        },
        pathology: said.say(&case.pathology)?,
        real: said.say_all(&case.real)?,
        derived: said.say_all(&case.derived)?,
        questions,
        german: german.words(),
    })
}

/// Whom to credit, and what was changed.
pub(crate) fn sources(sources: &[case::Source], german: &mut German) -> Result<Vec<Source>> {
    let changes = Text {
        en: "Labels turned into smooth closed surfaces and a lattice of tissue.".to_owned(),
        de: "Segmentierung in glatte geschlossene Oberflächen und ein Gewebegitter umgewandelt."
            .to_owned(),
    };
    let changes = german.say(&changes)?;
    let source = |s: &case::Source| Source {
        title: s.title.clone(),
        credit: s.credit.clone(),
        licence: s.licence.clone(),
        url: None,
        changes: changes.clone(),
    };
    Ok(sources.iter().map(source).collect())
}

/// Names and facts of a structure.
pub(crate) fn structure(
    recipe: &case::StructureRecipe,
    german: &mut German,
) -> Result<StructureDetails> {
    let published = anatomy::table()?.references();
    let known = recipe.anatomy;
    let cited = |key: &String| published.get(key).cloned().unwrap_or_else(|| key.clone());
    Ok(StructureDetails {
        id: recipe.id.clone(),
        name: german.say(&recipe.name)?,
        ta2: recipe.ta2.clone(),
        parent: None,
        function: german.say(&recipe.function)?,
        relations: german.say(&recipe.relations)?,
        colour: recipe.colour.clone(),
        differs: match &recipe.differs {
            Some(differs) => german.say(differs)?,
            None => String::new(),
        },
        fma: known.and_then(|anatomy| anatomy.fma),
        // The German name is among them: whichever language is shown, either finds it.
        aliases: known
            .map(|anatomy| anatomy.aliases.clone())
            .unwrap_or_default()
            .into_iter()
            .chain([recipe.name.de.clone()])
            .collect(),
        healthy: known.and_then(|anatomy| anatomy.volume.as_ref()).map(|range| VolumeRange {
            low: range.low,
            high: range.high,
            source: format!("{}: {}", cited(&range.reference), range.how),
        }),
        references: known
            .map(|anatomy| anatomy.references.iter().map(cited).collect())
            .unwrap_or_default(),
    })
}

fn question(case: &Case, question: &case::Question, german: &mut German) -> Result<Question> {
    let mut options = Vec::new();
    for one in &question.options {
        let text = german.say(&Text { en: one.en.clone(), de: one.de.clone() })?;
        options.push(Choice { text, right: one.right });
    }
    let objective = case.objectives.iter().find(|one| one.id == question.objective);
    Ok(Question {
        id: question.id.clone(),
        multiple: question.kind == case::QuestionKind::Multiple,
        stem: german.say(&question.stem)?,
        options,
        explanation: german.say(&question.explanation)?,
        references: question
            .references
            .iter()
            .filter_map(|key| case.references.get(key).cloned())
            .collect(),
        objective: objective.map(|one| one.en.clone()).unwrap_or_default(),
        structure: question.structure.clone(),
    })
}

/// Paragraphs of a text, each on one line.
///
/// # Errors
/// Languages with different numbers of paragraphs.
fn paragraphs(text: &Text) -> Result<Vec<Text>> {
    let parted = |text: &str| -> Vec<String> {
        text.split("\n\n")
            .map(|paragraph| paragraph.split_whitespace().collect::<Vec<_>>().join(" "))
            .filter(|paragraph| !paragraph.is_empty())
            .collect()
    };
    let (en, de) = (parted(&text.en), parted(&text.de));
    if en.len() != de.len() {
        return Err(unclear(format!(
            "the story has {} paragraphs in English and {} in German",
            en.len(),
            de.len()
        )));
    }
    Ok(en.into_iter().zip(de).map(|(en, de)| Text { en, de }).collect())
}

/// The constants that the simulation of these structures uses.
pub(crate) fn constants(
    structures: &[case::StructureRecipe],
    german: &mut German,
) -> Result<Vec<TissueConstant>> {
    let table = tissue::table()?;
    let mut constants = Vec::new();
    for structure in structures {
        let Some(mechanics) = structure.mechanics.as_ref().and_then(|name| table.get(name)) else {
            continue;
        };
        for (quantity, one) in mechanics.constants() {
            for word in [quantity, &one.species, &one.method, &one.source] {
                if let Some(de) = tissue::german(word)? {
                    german.say(&Text { en: word.to_owned(), de: de.to_owned() })?;
                }
            }
            constants.push(constant(&structure.id, quantity, one));
        }
    }
    Ok(constants)
}

fn constant(structure: &str, quantity: &str, constant: &Constant) -> TissueConstant {
    // "± 1.6" is a half-range; a range in words has no single number.
    let spread =
        constant.spread.as_ref().and_then(|text| text.strip_prefix('±')?.trim().parse().ok());
    TissueConstant {
        structure: structure.to_owned(),
        quantity: quantity.to_owned(),
        value: constant.value,
        spread,
        unit: constant.unit.replace("^2", "²").replace("^3", "³"),
        source: constant.source.clone(),
        species: constant.species.clone(),
        method: constant.method.clone(),
        provisional: !constant.checked || constant.source.starts_with("modelling choice"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn english_has_one_german() {
        let mut german = German::default();
        let text = |en: &str, de: &str| Text { en: en.to_owned(), de: de.to_owned() };
        assert_eq!(german.say(&text("Left", "Links")).unwrap(), "Left");
        assert!(german.say(&text("Left", "Links")).is_ok());
        assert!(german.say(&text("Left", "Verlassen")).is_err());
        german.say(&text("Pancreas", "Pancreas")).unwrap();
        assert_eq!(german.words().len(), 1);
    }

    #[test]
    fn every_case_says_everything_in_german_too() {
        for case in crate::library() {
            let details = details(case).unwrap();
            let mut said: Vec<&String> = Vec::new();
            said.extend(details.story.iter().chain(&details.objectives));
            said.extend(details.real.iter().chain(&details.derived));
            said.extend(details.structures.iter().flat_map(|s| [&s.function, &s.relations]));
            said.extend(details.questions.iter().flat_map(|q| [&q.stem, &q.explanation]));
            assert!(said.len() > 30, "{}", case.id);
            for text in said {
                assert!(details.german.contains_key(text), "{}: {text}", case.id);
            }
            for question in &details.questions {
                assert!(!question.references.is_empty() && !question.objective.is_empty());
            }
        }
    }

    #[test]
    fn a_story_has_the_same_paragraphs_in_both_languages() {
        let story = Text { en: "One\ntwo.\n\nThree.".to_owned(), de: "Eins\n zwei.".to_owned() };
        assert!(paragraphs(&story).is_err());
        let story = Text { de: "Eins\n zwei.\n\nDrei.".to_owned(), ..story };
        assert_eq!(paragraphs(&story).unwrap()[0].de, "Eins zwei.");
    }
}
