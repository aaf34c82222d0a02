//! Checking oneself: the order of answers, when one is right, and how one stands. No view, no store.

use std::collections::{BTreeMap, BTreeSet};

use api::Question;

/// How one stands with a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Not answered yet.
    Open,
    /// Right at the last try.
    Right,
    /// Wrong at the last try.
    Wrong,
}

/// Answers of the learner: question and whether the last try was right.
pub type Answers = BTreeMap<String, bool>;

/// How one stands with a question.
pub fn mark(answers: &Answers, question: &str) -> Mark {
    match answers.get(question) {
        None => Mark::Open,
        Some(true) => Mark::Right,
        Some(false) => Mark::Wrong,
    }
}

/// How many of these questions were right at the last try.
pub fn right_count<'q>(
    answers: &Answers,
    questions: impl IntoIterator<Item = &'q String>,
) -> usize {
    questions.into_iter().filter(|id| mark(answers, id) == Mark::Right).count()
}

/// Is this choice the right one: all right answers and no wrong one?
pub fn is_right(question: &Question, chosen: &BTreeSet<usize>) -> bool {
    question.options.iter().enumerate().all(|(index, one)| one.right == chosen.contains(&index))
}

/// The question to begin with: the first open one, then the first wrong one, then the first.
pub fn first(questions: &[Question], answers: &Answers) -> usize {
    let with = |wanted| questions.iter().position(|one| mark(answers, &one.id) == wanted);
    with(Mark::Open).or_else(|| with(Mark::Wrong)).unwrap_or(0)
}

/// In which order the answers are shown: mixed, since authors write the right one first, and the same at every visit, so
/// that two learners can speak of "the second one".
pub fn order(question: &str, count: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    // FNV-1a of the identifier is the seed of a small linear congruential generator.
    let mut seed = question.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, b| {
        (hash ^ u64::from(b)).wrapping_mul(0x100_0000_01b3)
    });
    for last in (1..count).rev() {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        order.swap(last, ((seed >> 33) % (last as u64 + 1)) as usize);
    }
    order
}

#[cfg(test)]
mod tests {
    use api::Choice;

    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn question(id: &str, right: &[bool]) -> Question {
        Question {
            id: id.into(),
            multiple: right.iter().filter(|right| **right).count() > 1,
            stem: String::new(),
            options: right.iter().map(|&right| Choice { text: String::new(), right }).collect(),
            explanation: String::new(),
            references: Vec::new(),
            objective: String::new(),
            structure: None,
        }
    }

    #[test]
    fn all_right_answers_and_no_wrong_one() {
        let several = question("a", &[true, false, true]);
        assert!(is_right(&several, &BTreeSet::from([0, 2])));
        assert!(!is_right(&several, &BTreeSet::from([0])));
        assert!(!is_right(&several, &BTreeSet::from([0, 1, 2])));
        assert!(!is_right(&several, &BTreeSet::new()));
    }

    #[test]
    fn one_goes_on_where_something_is_open_or_wrong() {
        let questions = [question("a", &[true]), question("b", &[true]), question("c", &[true])];
        let answers = |all: &[(&str, bool)]| {
            all.iter().map(|(id, right)| ((*id).to_owned(), *right)).collect()
        };
        assert_eq!(first(&questions, &answers(&[])), 0);
        assert_eq!(first(&questions, &answers(&[("a", false)])), 1);
        assert_eq!(first(&questions, &answers(&[("a", true), ("b", false), ("c", true)])), 1);
        assert_eq!(first(&questions, &answers(&[("a", true), ("b", true), ("c", true)])), 0);
        let ids: Vec<String> = questions.iter().map(|one| one.id.clone()).collect();
        assert_eq!(right_count(&answers(&[("a", true), ("b", false), ("z", true)]), &ids), 1);
    }

    #[test]
    fn answers_are_mixed_once_for_all() {
        assert_eq!(order("halves", 4), order("halves", 4));
        let mut sorted = order("halves", 5);
        sorted.sort_unstable();
        assert_eq!(sorted, [0, 1, 2, 3, 4]);
        // The first answer, which authors make the right one, is found at every place.
        let places: BTreeSet<usize> = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"]
            .iter()
            .filter_map(|id| order(id, 4).iter().position(|index| *index == 0))
            .collect();
        assert_eq!(places.len(), 4, "{places:?}");
        assert!(order("x", 0).is_empty());
    }
}
