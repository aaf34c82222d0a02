//! The library's decisions: which cards a search shows, where to continue, how a pathway stop stands.

use api::{CaseEntry, CaseIndex, Stop};

use crate::{
    journal::{Progress, Stage},
    own::OwnCase,
    quiz::right_count,
    steps::Step,
};

/// Minutes of a case that counts as short.
const SHORT: u16 = 10;

/// A chip over the cards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Filter {
    /// Every case.
    #[default]
    All,
    /// Never opened.
    New,
    /// Opened, steps left.
    Begun,
    /// Every first step done.
    Done,
    /// Under ten minutes.
    Short,
}

impl Filter {
    /// In the order of the chips.
    pub const ALL: [Self; 5] = [Self::All, Self::New, Self::Begun, Self::Done, Self::Short];

    /// Key of its label in the locale files.
    pub fn label(self) -> &'static str {
        match self {
            Self::All => "filter.all",
            Self::New => "filter.new",
            Self::Begun => "filter.begun",
            Self::Done => "filter.done",
            Self::Short => "filter.short",
        }
    }
}

/// How far a case is.
pub fn stage(progress: &Progress, case: &str) -> Stage {
    progress.get(case).map_or(Stage::New, |case| case.stage(Step::ALL.len()))
}

/// The cases that a filter and a search, in either language, leave, in the order of the library.
pub fn shown<'a>(
    index: &'a CaseIndex,
    progress: &Progress,
    filter: Filter,
    search: &str,
) -> Vec<&'a CaseEntry> {
    let words: Vec<String> = search.split_whitespace().map(str::to_lowercase).collect();
    index
        .cases
        .iter()
        .filter(|case| passes(filter, stage(progress, &case.id), Some(case.minutes)))
        .filter(|case| {
            let english = [&case.title, &case.organ, &case.summary];
            let german = english.iter().filter_map(|text| index.german.get(*text));
            let text: Vec<&str> =
                english.iter().copied().chain(german).map(String::as_str).collect();
            let text = text.join(" ").to_lowercase();
            words.iter().all(|word| text.contains(word))
        })
        .collect()
}

/// The own cases that a filter and a search, in either language, leave.
pub fn own_shown(
    own: Vec<OwnCase>,
    progress: &Progress,
    filter: Filter,
    search: &str,
) -> Vec<OwnCase> {
    let words: Vec<String> = search.split_whitespace().map(str::to_lowercase).collect();
    let fits = |case: &OwnCase| {
        let german = case.about.details.german.get(&case.title);
        let names = case.about.details.structures.iter().map(|structure| &structure.name);
        let text: Vec<&str> =
            std::iter::once(&case.title).chain(german).chain(names).map(String::as_str).collect();
        let text = text.join(" ").to_lowercase();
        words.iter().all(|word| text.contains(word))
    };
    own.into_iter()
        .filter(|case| passes(filter, stage(progress, case.id()), None) && fits(case))
        .collect()
}

/// Does a filter leave a case at this stage? How long an own case takes is not known.
fn passes(filter: Filter, stage: Stage, minutes: Option<u16>) -> bool {
    match filter {
        Filter::All => true,
        Filter::New => stage == Stage::New,
        Filter::Begun => stage == Stage::Begun,
        Filter::Done => stage == Stage::Done,
        Filter::Short => minutes.is_some_and(|minutes| minutes < SHORT),
    }
}

/// The case to continue: the one something last happened in; the first case for a new learner.
pub fn next<'a>(index: &'a CaseIndex, progress: &Progress) -> Option<&'a CaseEntry> {
    let last = |case: &&CaseEntry| progress.get(&case.id).map_or(0.0, |progress| progress.last);
    index
        .cases
        .iter()
        .filter(|case| last(case) > 0.0)
        .max_by(|a, b| last(a).total_cmp(&last(b)))
        .or(index.cases.first())
}

/// How a stop of a pathway stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// No case yet.
    Planned,
    /// A case, as far as it is.
    Case(Stage),
    /// Its steps are done, and enough of its questions answered right.
    Mastered,
}

/// How `stop` stands.
pub fn standing(index: &CaseIndex, stop: &Stop, progress: &Progress) -> Standing {
    let Some(case) = &stop.case else { return Standing::Planned };
    let stage = stage(progress, case);
    let questions =
        index.cases.iter().find(|entry| &entry.id == case).map(|entry| &entry.questions);
    let (Some(share), Some(questions), Some(done)) =
        (stop.mastery, questions.filter(|all| !all.is_empty()), progress.get(case))
    else {
        return Standing::Case(stage);
    };
    let right = right_count(&done.answers, questions) as f64;
    match stage == Stage::Done && right >= share * questions.len() as f64 {
        true => Standing::Mastered,
        false => Standing::Case(stage),
    }
}

/// Number of stops whose case is done, and number of stops that have a case.
pub fn done_of(index: &CaseIndex, progress: &Progress) -> (usize, usize) {
    let stops = || index.pathways.iter().flat_map(|pathway| &pathway.stops);
    let done = stops().filter(|stop| {
        let standing = standing(index, stop, progress);
        matches!(standing, Standing::Mastered | Standing::Case(Stage::Done))
    });
    (done.count(), stops().filter(|stop| stop.case.is_some()).count())
}

#[cfg(test)]
mod tests {
    use api::{Origin, PackFile, Pathway};

    use super::*;
    use crate::journal::{Deed, Event, progress};
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn case(id: &str, title: &str, minutes: u16) -> CaseEntry {
        CaseEntry {
            id: id.into(),
            title: title.into(),
            organ: "Liver".into(),
            summary: "Handle a healthy lobe".into(),
            level: 1,
            minutes,
            origin: Origin::Ct,
            pack: PackFile { url: String::new(), bytes: 0, sha256: String::new() },
            picture: String::new(),
            picture_alt: String::new(),
            details: String::new(),
            questions: Vec::new(),
        }
    }

    fn index(cases: Vec<CaseEntry>) -> CaseIndex {
        CaseIndex { cases, ..CaseIndex::default() }
    }

    fn opened(case: &str, time: f64) -> Event {
        Event { seq: 0, time, case: case.into(), deed: Deed::Opened }
    }

    #[test]
    fn search_and_filter_narrow() {
        let mut index =
            index(vec![case("liver", "Normal liver", 8), case("abdomen", "Orientation", 12)]);
        index.german.insert("Orientation".into(), "Überblick".into());
        let progress = progress(&[opened("abdomen", 1.0)]);
        let ids = |filter, search| {
            shown(&index, &progress, filter, search)
                .iter()
                .map(|case| &*case.id)
                .collect::<Vec<_>>()
        };
        assert_eq!(ids(Filter::All, ""), ["liver", "abdomen"]);
        assert_eq!(ids(Filter::All, "  LIVER orient"), ["abdomen"]);
        assert_eq!(ids(Filter::All, "überblick"), ["abdomen"]);
        assert_eq!(ids(Filter::New, ""), ["liver"]);
        assert_eq!(ids(Filter::Begun, ""), ["abdomen"]);
        assert_eq!(ids(Filter::Short, ""), ["liver"]);
        assert!(ids(Filter::Done, "").is_empty());
    }

    #[test]
    fn one_continues_where_one_stopped() {
        let index = index(vec![case("liver", "", 8), case("abdomen", "", 12)]);
        assert_eq!(next(&index, &Progress::new()).unwrap().id, "liver");
        let progress = progress(&[opened("liver", 1.0), opened("abdomen", 2.0)]);
        assert_eq!(next(&index, &progress).unwrap().id, "abdomen");
    }

    #[test]
    fn a_stop_without_a_case_is_planned() {
        let stop = |case: Option<&str>| Stop {
            title: String::new(),
            case: case.map(str::to_owned),
            after: Vec::new(),
            mastery: Some(0.5),
        };
        let mut liver = case("liver", "", 8);
        liver.questions = vec!["a".into(), "b".into(), "c".into()];
        let mut index = index(vec![liver]);
        index.pathways.push(Pathway {
            id: "liver".into(),
            title: "Liver".into(),
            stops: vec![stop(Some("liver")), stop(None)],
        });
        let steps = Step::ALL.map(|step| Event {
            seq: 0,
            time: 1.0,
            case: "liver".into(),
            deed: Deed::StepDone { step: step.id().into() },
        });
        let answer = |question: &str| Event {
            seq: 0,
            time: 2.0,
            case: "liver".into(),
            deed: Deed::Answered { question: question.into(), chosen: vec![0], right: true },
        };
        let [open, planned] = &index.pathways[0].stops[..] else { panic!("two stops") };
        let mut events = steps.to_vec();
        let stands = |events: &[Event]| standing(&index, open, &progress(events));
        assert_eq!(stands(&events), Standing::Case(Stage::Done));
        events.push(answer("a"));
        assert_eq!(stands(&events), Standing::Case(Stage::Done), "a third is not half");
        events.push(answer("b"));
        assert_eq!(stands(&events), Standing::Mastered);
        assert_eq!(stands(&events[1..]), Standing::Case(Stage::Begun), "a step is left");
        assert_eq!(standing(&index, planned, &progress(&events)), Standing::Planned);
        assert_eq!(done_of(&index, &progress(&events)), (1, 1));
    }
}
