//! What is measured on the answers of a cell. Definitions and sources: `docs/tune.md`.

use std::collections::{BTreeMap, BTreeSet};

use super::answers::Answer;
use super::check::Check;

/// Length of the pieces in which repetition is counted.
const REPEATED: usize = 4;

/// The measures of one cell. `None` where there is nothing to measure: one answer has no pairs, a short one no 4-grams.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Measured {
    equal: Option<f64>,
    similar: Option<f64>,
    distinct: [Option<f64>; 3],
    entropy: Option<f64>,
    length: Option<f64>,
    spread: Option<f64>,
    repeated: Option<f64>,
    valid: Option<f64>,
    /// How many answers ended for which reason.
    stops: BTreeMap<&'static str, usize>,
}

/// One measure: how it is called, what it says, how it is read and shown.
pub(super) struct Measure {
    pub(super) name: &'static str,
    pub(super) meaning: &'static str,
    pub(super) decimals: usize,
    pub(super) get: fn(&Measured) -> Option<f64>,
}

/// All measures, in the order in which they are shown.
pub(super) const MEASURES: &[Measure] = &[
    Measure {
        name: "equal",
        meaning: "share of pairs of seeds whose answers are the same text",
        decimals: 2,
        get: |m| m.equal,
    },
    Measure {
        name: "similar",
        meaning: "mean overlap of the tokens of two seeds' answers (Dice), 0 to 1",
        decimals: 2,
        get: |m| m.similar,
    },
    Measure {
        name: "distinct-1",
        meaning: "different tokens of all answers, by their number",
        decimals: 2,
        get: |m| m.distinct[0],
    },
    Measure {
        name: "distinct-2",
        meaning: "different pairs of neighbours of all answers, by their number",
        decimals: 2,
        get: |m| m.distinct[1],
    },
    Measure {
        name: "distinct-3",
        meaning: "different triples of neighbours of all answers, by their number",
        decimals: 2,
        get: |m| m.distinct[2],
    },
    Measure {
        name: "entropy",
        meaning: "mean entropy of the model's own next-token distribution, in nats",
        decimals: 3,
        get: |m| m.entropy,
    },
    Measure {
        name: "length",
        meaning: "mean length of an answer, in tokens",
        decimals: 1,
        get: |m| m.length,
    },
    Measure {
        name: "spread",
        meaning: "standard deviation of the lengths, in tokens",
        decimals: 1,
        get: |m| m.spread,
    },
    Measure {
        name: "repeated",
        meaning: "share of an answer's 4-grams that occurred in it before",
        decimals: 3,
        get: |m| m.repeated,
    },
    Measure {
        name: "valid",
        meaning: "share of answers that are JSON which the schema allows",
        decimals: 2,
        get: |m| m.valid,
    },
];

impl Measure {
    /// A value as text; a dash where there is none.
    pub(super) fn show(&self, measured: &Measured) -> String {
        let value = (self.get)(measured);
        value.map_or("-".to_owned(), |value| format!("{value:.*}", self.decimals))
    }
}

impl Measured {
    /// Stop reasons with their numbers.
    pub(super) fn stops(&self) -> String {
        let stops = self.stops.iter().map(|(reason, count)| format!("{reason} {count}"));
        stops.collect::<Vec<_>>().join(", ")
    }
}

/// Measures the answers of one cell.
pub(super) fn measure(answers: &[Answer], check: Option<&Check>) -> Measured {
    let lengths: Vec<f64> = answers.iter().map(|answer| answer.tokens.len() as f64).collect();
    let length = mean(lengths.iter().copied());
    let spread = length.and_then(|mean_length| {
        mean(lengths.iter().map(|length| (length - mean_length).powi(2))).map(f64::sqrt)
    });
    let mut stops = BTreeMap::new();
    for answer in answers {
        *stops.entry(answer.stop).or_default() += 1;
    }
    let entropies = answers.iter().flat_map(|answer| &answer.entropies);
    let valid = check.and_then(|check| {
        mean(answers.iter().map(|answer| f64::from(u8::from(check.passes(&answer.text)))))
    });
    Measured {
        equal: mean(pairs(answers).map(|(a, b)| f64::from(u8::from(a.text == b.text)))),
        similar: mean(pairs(answers).map(|(a, b)| overlap(&a.tokens, &b.tokens))),
        distinct: [1, 2, 3].map(|n| distinct(answers, n)),
        entropy: mean(entropies.map(|&entropy| f64::from(entropy))),
        length,
        spread,
        repeated: mean(answers.iter().filter_map(|answer| repeated(&answer.tokens))),
        valid,
        stops,
    }
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (mut sum, mut count) = (0.0, 0u32);
    for value in values {
        sum += value;
        count += 1;
    }
    (count > 0).then(|| sum / f64::from(count))
}

/// Every two answers, once.
fn pairs(answers: &[Answer]) -> impl Iterator<Item = (&Answer, &Answer)> {
    let after = move |at: usize| answers.iter().skip(at + 1);
    answers.iter().enumerate().flat_map(move |(at, a)| after(at).map(move |b| (a, b)))
}

/// Dice coefficient of two multisets: twice the number of common tokens by the number of all. Two empty ones are alike.
fn overlap(a: &[u32], b: &[u32]) -> f64 {
    if a.is_empty() && b.is_empty() {
        return 1.0;
    }
    let mut counts: BTreeMap<u32, usize> = BTreeMap::new();
    a.iter().for_each(|&token| *counts.entry(token).or_default() += 1);
    let mut common = 0u32;
    for token in b {
        if let Some(count) = counts.get_mut(token).filter(|count| **count > 0) {
            *count -= 1;
            common += 1;
        }
    }
    2.0 * f64::from(common) / (a.len() + b.len()) as f64
}

/// Different n-grams of all answers by their number; no n-gram spans two answers.
fn distinct(answers: &[Answer], n: usize) -> Option<f64> {
    let grams = || answers.iter().flat_map(move |answer| answer.tokens.windows(n));
    let all = grams().count();
    let different = grams().collect::<BTreeSet<_>>().len();
    (all > 0).then(|| different as f64 / all as f64)
}

/// Share of 4-grams that occurred before in the same answer.
fn repeated(tokens: &[u32]) -> Option<f64> {
    let all = tokens.windows(REPEATED).count();
    let different = tokens.windows(REPEATED).collect::<BTreeSet<_>>().len();
    (all > 0).then(|| (all - different) as f64 / all as f64)
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::check::tests::name;
    use super::*;

    /// An answer of these tokens, each drawn at this entropy.
    pub(crate) fn answer(text: &str, tokens: &[u32], entropy: f32) -> Answer {
        Answer {
            text: text.to_owned(),
            tokens: tokens.to_vec(),
            entropies: vec![entropy; tokens.len()],
            stop: "end_turn",
            explained: Vec::new(),
        }
    }

    #[test]
    fn agreement_counts_each_pair_of_seeds_once() {
        let answers =
            [answer("a b", &[1, 2], 0.0), answer("a b", &[1, 2], 0.0), answer("a c", &[1, 3], 0.0)];
        let measured = measure(&answers, None);
        assert_eq!(measured.equal, Some(1.0 / 3.0));
        // One pair is alike, two share one token of two.
        assert_eq!(measured.similar, Some((1.0 + 0.5 + 0.5) / 3.0));
        let alone = measure(&answers[..1], None);
        assert_eq!((alone.equal, alone.similar), (None, None));
    }

    #[test]
    fn overlap_counts_a_token_as_often_as_both_have_it() {
        assert_eq!(overlap(&[1, 1, 2], &[1, 2, 2]), 2.0 / 3.0);
        assert_eq!(overlap(&[1, 2], &[2, 1]), 1.0, "order does not matter");
        assert_eq!(overlap(&[1], &[]), 0.0);
        assert_eq!(overlap(&[], &[]), 1.0);
    }

    #[test]
    fn distinct_counts_over_all_seeds_and_not_across_answers() {
        let answers = [answer("", &[1, 2, 1, 2], 0.0), answer("", &[2, 1], 0.0)];
        let [one, two, three] = measure(&answers, None).distinct;
        assert_eq!(one, Some(2.0 / 6.0));
        assert_eq!(two, Some(2.0 / 4.0), "12 21 12 and 21");
        assert_eq!(three, Some(2.0 / 2.0), "121 212");
        assert_eq!(measure(&[answer("", &[], 0.0)], None).distinct, [None; 3]);
    }

    #[test]
    fn repetition_is_the_share_of_4_grams_seen_before_in_the_same_answer() {
        assert_eq!(repeated(&[1, 1, 1, 1, 1, 1]), Some(2.0 / 3.0));
        assert_eq!(repeated(&[1, 2, 3, 4, 5]), Some(0.0));
        assert_eq!(repeated(&[1, 1, 1]), None);
        let answers = [answer("", &[1; 6], 0.0), answer("", &[1; 3], 0.0)];
        assert_eq!(measure(&answers, None).repeated, Some(2.0 / 3.0), "short ones do not count");
    }

    #[test]
    fn length_spread_entropy_and_stops_are_over_all_answers() {
        let mut answers = vec![answer("", &[1, 2], 1.0), answer("", &[1, 2, 3, 4, 5, 6], 2.0)];
        answers[1].stop = "max_tokens";
        let measured = measure(&answers, None);
        assert_eq!((measured.length, measured.spread), (Some(4.0), Some(2.0)));
        assert_eq!(measured.entropy, Some(14.0 / 8.0), "a mean over tokens, not over answers");
        assert_eq!(measured.stops(), "end_turn 1, max_tokens 1");
        assert_eq!(measured.valid, None);
    }

    #[test]
    fn validity_is_the_share_of_answers_that_the_schema_allows() {
        let answers = [answer("{\"name\": \"Ada\"}", &[1], 0.0), answer("Ada", &[2], 0.0)];
        assert_eq!(measure(&answers, Some(&name())).valid, Some(0.5));
    }

    #[test]
    fn a_measure_without_a_value_is_a_dash() {
        let none = Measured::default();
        assert!(MEASURES.iter().all(|measure| measure.show(&none) == "-"));
        let some = Measured { entropy: Some(1.25), ..none };
        let entropy = MEASURES.iter().find(|measure| measure.name == "entropy").unwrap();
        assert_eq!(entropy.show(&some), "1.250");
    }

    #[test]
    fn every_measure_is_documented() {
        let page = include_str!("../../../docs/tune.md");
        for measure in MEASURES {
            let row = format!("| `{}` |", measure.name);
            assert!(page.contains(&row), "docs/tune.md lacks {row}");
        }
    }
}
