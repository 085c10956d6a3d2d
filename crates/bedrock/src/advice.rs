//! What is worth telling of a request's parameters: those that have no effect together, and those that fight each other.
//!
//! It never changes a request and never refuses one. Parameters are judged as they act, a family's own defaults included.

use crate::canonical::{Request, Sampling};

/// When a piece of advice is due, and what it says. Texts are ASCII without line breaks: they travel in a header.
struct Rule {
    due: fn(&Request) -> bool,
    says: &'static str,
}

/// Claude's own default of top_p. It leaves out next to nothing, and bodies that do not name it have it, too.
const CLAUDE_TOP_P: f32 = 0.999;
/// Temperatures from here on are meant to make answers various.
const HIGH_TEMPERATURE: f32 = 0.7;
/// Nuclei below this hold few tokens in most places.
const SMALL_TOP_P: f32 = 0.5;

const RULES: &[Rule] = &[
    Rule {
        due: |r| is_greedy(&r.sampling) && r.sampling.top_p.is_some_and(|p| p < CLAUDE_TOP_P),
        says: "top_p has no effect at temperature 0",
    },
    Rule {
        due: |r| is_greedy(&r.sampling) && top_k(&r.sampling) > 0,
        says: "top_k has no effect at temperature 0",
    },
    Rule {
        due: |r| is_greedy(&r.sampling) && min_p(&r.sampling) > 0.0,
        says: "min_p has no effect at temperature 0",
    },
    Rule {
        due: |r| is_greedy(&r.sampling) && r.sampling.seed.is_some(),
        says: "seed has no effect at temperature 0, where nothing is random",
    },
    Rule {
        due: |r| r.choices > 1 && keeps_one(&r.sampling),
        says: "all choices will be equal: only one token is left at each place",
    },
    Rule {
        due: |r| !is_greedy(&r.sampling) && is_high(&r.sampling) && top_k(&r.sampling) == 1,
        says: "top_k 1 keeps only the best token, so the temperature has no effect",
    },
    Rule {
        due: |r| !is_greedy(&r.sampling) && is_high(&r.sampling) && r.sampling.top_p == Some(0.0),
        says: "top_p 0 keeps only the best token, so the temperature has no effect",
    },
    Rule {
        due: |r| {
            let top_p = r.sampling.top_p.is_some_and(|p| 0.0 < p && p < SMALL_TOP_P);
            !is_greedy(&r.sampling) && top_p && min_p(&r.sampling) > 0.0
        },
        says: "a small top_p and min_p cut the same tail: the stricter one decides at each place, so set one of them",
    },
    Rule {
        due: |r| above_one(r.sampling.repetition_penalty) && writes_json(r),
        says: "repetition_penalty also punishes the quotes, braces and keys that tool calls and structured output repeat",
    },
    Rule {
        due: |r| {
            let penalties = [r.sampling.frequency_penalty, r.sampling.presence_penalty];
            penalties.into_iter().flatten().any(|penalty| penalty > 0.0) && writes_json(r)
        },
        says: "frequency_penalty and presence_penalty also punish the quotes, braces and keys that tool calls and \
               structured output repeat",
    },
    Rule {
        due: |r| {
            let draws = r.sampling.frequency_penalty.is_some_and(|penalty| penalty < 0.0);
            draws && above_one(r.sampling.repetition_penalty)
        },
        says: "a negative frequency_penalty draws towards what repetition_penalty pushes away",
    },
    Rule {
        due: |r| r.sampling.temperature == Some(2.0) && is_unfiltered(&r.sampling),
        says: "at temperature 2 without top_p, top_k or min_p the long tail of unlikely tokens takes over",
    },
];

/// What is to be said of `request`, in the order of the rules; empty for most.
#[must_use]
pub fn advise(request: &Request) -> Vec<&'static str> {
    RULES.iter().filter(|rule| (rule.due)(request)).map(|rule| rule.says).collect()
}

fn is_greedy(sampling: &Sampling) -> bool {
    sampling.temperature == Some(0.0)
}

/// An absent temperature was not asked for, so nothing is lost.
fn is_high(sampling: &Sampling) -> bool {
    sampling.temperature.is_some_and(|temperature| temperature >= HIGH_TEMPERATURE)
}

fn keeps_one(sampling: &Sampling) -> bool {
    is_greedy(sampling) || top_k(sampling) == 1 || sampling.top_p == Some(0.0)
}

fn is_unfiltered(sampling: &Sampling) -> bool {
    let top_p = sampling.top_p.is_some_and(|p| p < 1.0);
    !top_p && top_k(sampling) == 0 && min_p(sampling) == 0.0
}

fn top_k(sampling: &Sampling) -> u32 {
    sampling.top_k.unwrap_or(0)
}

fn min_p(sampling: &Sampling) -> f32 {
    sampling.min_p.unwrap_or(0.0)
}

fn above_one(penalty: Option<f32>) -> bool {
    penalty.is_some_and(|penalty| penalty > 1.0)
}

/// Whether the answer may hold JSON that somebody will parse.
fn writes_json(request: &Request) -> bool {
    !request.tools.is_empty() || request.output_format.is_some()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::canonical::{Markup, Prompt, Tool};

    fn request(sampling: Sampling) -> Request {
        let prompt = Prompt::Raw { text: "a".into(), markup: Markup::None };
        Request { sampling, ..Request::new(prompt) }
    }

    fn with_tool(sampling: Sampling) -> Request {
        let tool =
            Tool { name: "w".into(), description: None, input_schema: json!({}), strict: false };
        Request { tools: vec![tool], ..request(sampling) }
    }

    fn none() -> Sampling {
        Sampling::default()
    }

    /// A request for each rule, in their order: the one that it is due for, and a near one that it is not due for.
    fn examples() -> Vec<(Request, Request)> {
        let zero = || Sampling { temperature: Some(0.0), ..none() };
        let warm = || Sampling { temperature: Some(1.0), ..none() };
        let pair = |due: Sampling, not: Sampling| (request(due), request(not));
        let choices = |sampling| Request { choices: 2, ..request(sampling) };
        vec![
            pair(
                Sampling { top_p: Some(0.9), ..zero() },
                Sampling { top_p: Some(0.999), ..zero() },
            ),
            pair(Sampling { top_k: Some(5), ..zero() }, Sampling { top_k: Some(0), ..zero() }),
            pair(Sampling { min_p: Some(0.1), ..zero() }, Sampling { min_p: Some(0.0), ..zero() }),
            pair(Sampling { seed: Some(1), ..zero() }, Sampling { seed: Some(1), ..warm() }),
            (choices(zero()), choices(warm())),
            pair(
                Sampling { top_k: Some(1), ..warm() },
                Sampling { top_k: Some(1), temperature: Some(0.2), ..none() },
            ),
            pair(Sampling { top_p: Some(0.0), ..warm() }, Sampling { top_p: Some(0.1), ..warm() }),
            pair(
                Sampling { top_p: Some(0.2), min_p: Some(0.1), ..warm() },
                Sampling { top_p: Some(0.9), min_p: Some(0.1), ..warm() },
            ),
            (
                with_tool(Sampling { repetition_penalty: Some(1.2), ..none() }),
                request(Sampling { repetition_penalty: Some(1.2), ..none() }),
            ),
            (
                with_tool(Sampling { presence_penalty: Some(0.5), ..none() }),
                with_tool(Sampling { presence_penalty: Some(0.0), ..none() }),
            ),
            pair(
                Sampling { frequency_penalty: Some(-0.5), repetition_penalty: Some(1.2), ..none() },
                Sampling { frequency_penalty: Some(0.5), repetition_penalty: Some(1.2), ..none() },
            ),
            pair(
                Sampling { temperature: Some(2.0), ..none() },
                Sampling { temperature: Some(2.0), min_p: Some(0.1), ..none() },
            ),
        ]
    }

    #[test]
    fn every_rule_speaks_when_it_is_due_and_only_then() {
        let examples = examples();
        assert_eq!(examples.len(), RULES.len());
        for (rule, (due, not)) in RULES.iter().zip(&examples) {
            assert_eq!(advise(due), [rule.says], "{:?}", due.sampling);
            assert!(!advise(not).contains(&rule.says), "{} {:?}", rule.says, not.sampling);
        }
    }

    #[test]
    fn sound_parameters_need_no_advice() {
        for sampling in [
            none(),
            Sampling { temperature: Some(0.0), ..none() },
            Sampling { temperature: Some(0.7), top_p: Some(0.9), seed: Some(1), ..none() },
            Sampling { temperature: Some(1.0), top_p: Some(0.999), top_k: Some(40), ..none() },
        ] {
            assert_eq!(advise(&request(sampling.clone())), [""; 0], "{sampling:?}");
        }
    }

    #[test]
    fn advice_fits_a_header() {
        for rule in RULES {
            assert!(rule.says.bytes().all(|b| (0x20..0x7f).contains(&b)), "{}", rule.says);
            assert!(!rule.says.contains(';'), "advice is joined by semicolons: {}", rule.says);
        }
    }
}
