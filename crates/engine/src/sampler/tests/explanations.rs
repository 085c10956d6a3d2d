//! Explanations say what the draw did: same tokens, the reference's sets, distributions that sum to 1.

use proptest::prelude::*;

use super::random_rows::case;
use super::reference::Case;
use super::*;
use crate::{Explanation, Stage, Step};

/// Samples a case with and without explanation of so many candidates; both must be the same draw.
fn explained(case: &Case, shown: u32) -> (TokenId, Explanation) {
    let mut history = History::new(&case.params, &case.prompt);
    case.output.iter().for_each(|&token| history.record(token));
    let sample = |explain| {
        let params = SamplingParams { explain, ..case.params.clone() };
        let job = Job {
            params: &params,
            history: &history,
            mask: case.mask.as_deref(),
            seed: params.seed.unwrap_or(1),
            choice: 0,
            position: case.output.len(),
        };
        Sampler::default().sample(&mut case.row.clone(), &job).unwrap()
    };
    let (plain, mut told) = (sample(None), sample(Some(shown)));
    let explanation = *told.logprob.as_mut().unwrap().explanation.take().unwrap();
    assert_eq!(plain.token, told.token, "{:?}", case.params);
    if case.params.logprobs.is_some() {
        assert_eq!(plain.logprob, told.logprob);
    }
    (plain.token, explanation)
}

fn mass(stage: &Stage) -> f64 {
    stage.candidates.iter().map(|c| f64::from(c.probability)).sum::<f64>() + f64::from(stage.rest)
}

fn ids(stage: &Stage) -> Vec<TokenId> {
    let mut ids: Vec<TokenId> = stage.candidates.iter().map(|c| c.token).collect();
    ids.sort_unstable();
    ids
}

/// What must hold of every explanation, however many candidates it lists.
fn check(case: &Case, drawn: TokenId, told: &Explanation, shown: usize) {
    let steps: Vec<Step> = told.stages.iter().map(|stage| stage.step).collect();
    assert_eq!(steps, Step::ALL);
    assert_eq!(told.random.is_some(), case.params.temperature > 0.0);
    let mut kept = case.row.len();
    for stage in &told.stages {
        assert!((mass(stage) - 1.0).abs() < 1e-5, "{:?} sums to {}", stage.step, mass(stage));
        assert!(stage.candidates.iter().any(|c| c.token == drawn), "{:?}: no {drawn}", stage.step);
        let listed = shown.min(stage.kept);
        assert!((listed..=listed + 1).contains(&stage.candidates.len()));
        assert!(stage.candidates.is_sorted_by_key(|c| c.rank), "{:?}", stage.candidates);
        assert!(stage.candidates.iter().zip(1..).take(listed).all(|(c, rank)| c.rank == rank));
        assert!(
            stage.candidates.is_sorted_by(|a, b| {
                a.logit > b.logit || a.logit == b.logit && a.token < b.token
            })
        );
        assert!(stage.kept <= kept && (stage.changed || stage.kept == kept || kept == 0));
        kept = stage.kept;
    }
    let drawn_last = told.stages.last().unwrap().candidates.iter().find(|c| c.token == drawn);
    assert!(drawn_last.unwrap().probability > 0.0);
    assert!(told.entropy >= 0.0 && f64::from(told.entropy) <= (case.row.len() as f64).ln() + 1e-5);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn an_explanation_changes_no_token_and_its_distributions_are_whole(
        number in 0u64..1 << 20,
        shown in 1u32..=20,
    ) {
        let case = case(number);
        let (drawn, told) = explained(&case, shown);
        check(&case, drawn, &told, shown as usize);
    }

    #[test]
    fn what_a_step_keeps_is_what_the_reference_keeps(number in 0u64..1 << 20) {
        let case = case(number);
        let all = u32::try_from(case.row.len()).unwrap();
        let (drawn, told) = explained(&case, all);
        check(&case, drawn, &told, case.row.len());
        let (sets, margin) = case.kept();
        if margin >= 1e-5 {
            for (step, wanted) in sets {
                let stage = told.stages.iter().find(|stage| stage.step == step).unwrap();
                prop_assert_eq!(ids(stage), wanted, "{:?} of {:?}", step, &case.params);
            }
        }
    }

    #[test]
    fn probabilities_agree_with_64_bit_arithmetic(number in 0u64..1 << 20) {
        let case = case(number);
        let (_, told) = explained(&case, u32::try_from(case.row.len()).unwrap());
        let temperature = f64::from(case.params.temperature);
        for stage in &told.stages {
            let warm = if stage.step < Step::Temperature { 1.0 } else { temperature };
            if warm == 0.0 {
                prop_assert_eq!(stage.candidates.len(), 1);
                continue;
            }
            let best = f64::from(stage.candidates[0].logit);
            let weight = |logit: f32| ((f64::from(logit) - best) / warm).exp();
            let total: f64 = stage.candidates.iter().map(|c| weight(c.logit)).sum();
            for c in &stage.candidates {
                let wanted = weight(c.logit) / total;
                prop_assert!((f64::from(c.probability) - wanted).abs() < 1e-5);
            }
        }
    }
}

/// Logits of the probabilities 0.4, 0.3, 0.2, 0.1.
fn four() -> Vec<f32> {
    [0.4f32, 0.3, 0.2, 0.1].map(f32::ln).to_vec()
}

fn of_four(params: SamplingParams) -> (TokenId, Explanation) {
    let case = Case { row: four(), params, prompt: vec![0], output: vec![], mask: None };
    explained(&case, 4)
}

fn stage(told: &Explanation, step: Step) -> &Stage {
    told.stages.iter().find(|stage| stage.step == step).unwrap()
}

#[test]
fn neutral_parameters_are_marked_as_changing_nothing() {
    let (_, told) = of_four(SamplingParams { seed: Some(1), ..plain() });
    assert!(told.stages.iter().all(|stage| !stage.changed && stage.kept == 4));
    let probabilities: Vec<f32> =
        told.stages[0].candidates.iter().map(|c| (c.probability * 1000.0).round()).collect();
    assert_eq!(probabilities, [400.0, 300.0, 200.0, 100.0]);
    // 0.4 ln 0.4 + 0.3 ln 0.3 + 0.2 ln 0.2 + 0.1 ln 0.1
    assert!((told.entropy - 1.279_854_2).abs() < 1e-5, "{}", told.entropy);
}

#[test]
fn each_step_shows_its_own_work() {
    let params = SamplingParams {
        seed: Some(3),
        repetition_penalty: 2.0,
        logit_bias: vec![(3, 0.5)],
        temperature: 0.5,
        top_k: 3,
        top_p: 0.8,
        min_p: 0.9,
        ..plain()
    };
    let (drawn, told) = of_four(params);
    // ln 0.4 is negative, so token 0 of the prompt becomes 2 ln 0.4 = ln 0.16; token 3 ln 0.1 + 0.5 = ln 0.165.
    assert_eq!(ids(stage(&told, Step::TopK)), [1, 2, 3]);
    // Squared: 0.09, 0.04, 0.0272 of 0.157; the first is 0.57, two are 0.83.
    assert_eq!(ids(stage(&told, Step::TopP)), [1, 2]);
    // 0.04 / 0.09 is below 0.9.
    assert_eq!(ids(stage(&told, Step::MinP)), [1]);
    assert_eq!(drawn, 1);
    let changed: Vec<Step> =
        told.stages.iter().filter(|stage| stage.changed).map(|stage| stage.step).collect();
    let wanted =
        [Step::Repetition, Step::Bias, Step::Temperature, Step::TopK, Step::TopP, Step::MinP];
    assert_eq!(changed, wanted);
}

#[test]
fn a_token_beyond_the_list_is_shown_with_its_rank() {
    let case = Case {
        row: vec![2.0, 1.0, 0.0, -1.0],
        params: SamplingParams { seed: Some(0), logit_bias: vec![(3, 90.0)], ..plain() },
        prompt: vec![],
        output: vec![],
        mask: None,
    };
    let (drawn, told) = explained(&case, 1);
    assert_eq!(drawn, 3);
    let raw = &stage(&told, Step::Raw).candidates;
    assert_eq!((raw.len(), raw[0].token, raw[1].token, raw[1].rank), (2, 0, 3, 4));
    assert_eq!(stage(&told, Step::Bias).candidates.len(), 1);
}

#[test]
fn at_temperature_zero_one_token_is_left_and_nothing_is_random() {
    let (drawn, told) = of_four(SamplingParams { top_k: 2, top_p: 0.1, min_p: 0.9, ..greedy() });
    assert_eq!((drawn, told.random), (0, None));
    assert!(stage(&told, Step::Temperature).changed);
    for step in [Step::TopK, Step::TopP, Step::MinP] {
        assert_eq!((stage(&told, step).changed, stage(&told, step).kept), (false, 1));
    }
}

#[test]
fn a_mask_takes_away_what_it_forbids() {
    let mask = Some(vec![0b1010]);
    let params = SamplingParams { top_k: 3, seed: Some(5), ..plain() };
    let case = Case { row: four(), params, prompt: vec![], output: vec![], mask };
    let (_, told) = explained(&case, 4);
    assert_eq!(ids(stage(&told, Step::Constraint)), [1, 3]);
    // Top-k 3 of two allowed tokens is no change: forbidden ones are not counted.
    assert_eq!((stage(&told, Step::TopK).kept, stage(&told, Step::TopK).changed), (2, false));
}
