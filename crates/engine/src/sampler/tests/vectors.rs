//! Four tokens whose answer a reader can work out in the head.

use super::*;

/// Logits of the probabilities 0.4, 0.3, 0.2, 0.1.
fn four() -> [f32; 4] {
    [0.4f32.ln(), 0.3f32.ln(), 0.2f32.ln(), 0.1f32.ln()]
}

#[test]
fn temperature_zero_is_the_highest_logit_and_the_lowest_id_on_ties() {
    assert_eq!(token(&[1.0, 3.0, 2.0, 0.0], &greedy()), 1);
    assert_eq!(token(&[1.0, 3.0, 3.0, 3.0], &greedy()), 1);
    assert_eq!(token(&[-0.0, 0.0, -0.0, 0.0], &greedy()), 0);
    assert_eq!(token(&[-5.0; 4], &greedy()), 0);
}

#[test]
fn top_k_keeps_the_k_highest_and_zero_is_off() {
    let top_k = |top_k| SamplingParams { top_k, ..plain() };
    assert_eq!(support(&four(), &top_k(1)), [0]);
    assert_eq!(support(&four(), &top_k(2)), [0, 1]);
    assert_eq!(support(&four(), &top_k(4)), [0, 1, 2, 3]);
    assert_eq!(support(&four(), &top_k(99)), [0, 1, 2, 3]);
    assert_eq!(support(&four(), &top_k(0)), [0, 1, 2, 3]);
    assert_eq!(support(&[1.0, 2.0, 1.0, 1.0], &top_k(2)), [0, 1], "ties: the lowest ids");
}

#[test]
fn top_p_includes_the_crossing_token() {
    let top_p = |top_p| SamplingParams { top_p, ..plain() };
    assert_eq!(support(&four(), &top_p(0.0)), [0]);
    assert_eq!(support(&four(), &top_p(0.39)), [0]);
    assert_eq!(support(&four(), &top_p(0.41)), [0, 1], "0.4 does not reach 0.41, 0.7 does");
    assert_eq!(support(&four(), &top_p(0.69)), [0, 1]);
    assert_eq!(support(&four(), &top_p(0.71)), [0, 1, 2]);
    assert_eq!(support(&four(), &top_p(0.91)), [0, 1, 2, 3]);
    assert_eq!(support(&four(), &top_p(1.0)), [0, 1, 2, 3]);
    // Exact halves: the mass reaches one half with the first token, no more are needed.
    assert_eq!(support(&[0.0, 0.0], &top_p(0.5)), [0]);
}

#[test]
fn top_p_counts_within_what_top_k_left() {
    // Of 0.4 and 0.3 the first is 4/7 = 0.571 of the mass.
    let both = |top_p| SamplingParams { top_k: 2, top_p, ..plain() };
    assert_eq!(support(&four(), &both(0.57)), [0]);
    assert_eq!(support(&four(), &both(0.58)), [0, 1]);
}

#[test]
fn min_p_is_relative_to_the_highest() {
    let min_p = |min_p| SamplingParams { min_p, ..plain() };
    assert_eq!(support(&four(), &min_p(0.74)), [0, 1], "0.3 / 0.4 = 0.75");
    assert_eq!(support(&four(), &min_p(0.76)), [0]);
    assert_eq!(support(&four(), &min_p(0.49)), [0, 1, 2]);
    assert_eq!(support(&four(), &min_p(0.0)), [0, 1, 2, 3]);
    assert_eq!(support(&[1.0, 1.0, 0.0], &min_p(1.0)), [0, 1]);
}

#[test]
fn the_temperature_acts_before_top_p_and_min_p() {
    // At temperature 0.5 the probabilities are as 16 : 9 : 4 : 1, that is 0.53, 0.3, 0.13, 0.03.
    let hot = SamplingParams { temperature: 0.5, top_p: 0.52, ..plain() };
    assert_eq!(support(&four(), &hot), [0]);
    let min_p = SamplingParams { temperature: 0.5, min_p: 0.57, ..plain() };
    assert_eq!(support(&four(), &min_p), [0], "9 / 16 = 0.5625");
}

#[test]
fn presence_is_flat_and_frequency_counts() {
    let row = [2.0, 1.5, 0.0, 0.0];
    let presence = SamplingParams { presence_penalty: 0.4, ..greedy() };
    let said = |params: &SamplingParams, output: &[u32]| {
        sample_after(&row, params, &[0, 0, 0], output).unwrap().token
    };
    assert_eq!(said(&presence, &[]), 0, "the prompt does not count");
    assert_eq!(said(&presence, &[0, 0, 0, 0]), 0, "2.0 - 0.4 is still ahead of 1.5");
    let frequency = SamplingParams { frequency_penalty: 0.4, ..greedy() };
    assert_eq!(said(&frequency, &[0]), 0);
    assert_eq!(said(&frequency, &[0, 0]), 1, "2.0 - 0.8 is behind 1.5");
    let negative = SamplingParams { presence_penalty: -3.0, ..greedy() };
    assert_eq!(said(&negative, &[3]), 3, "a negative penalty draws on");
}

#[test]
fn repetition_divides_what_is_positive_and_multiplies_what_is_negative() {
    let params = SamplingParams { repetition_penalty: 2.0, ..greedy() };
    let said = |row: &[f32], prompt: &[u32], output: &[u32]| {
        sample_after(row, &params, prompt, output).unwrap().token
    };
    assert_eq!(said(&[3.0, 2.0, 1.0], &[], &[]), 0);
    assert_eq!(said(&[3.0, 2.0, 1.0], &[0], &[]), 1, "the prompt counts: 1.5 < 2");
    assert_eq!(said(&[3.0, 2.0, 1.0], &[], &[0, 0, 0]), 1, "and so does the output, once");
    assert_eq!(said(&[3.0, 2.0, 1.0], &[0, 1], &[0]), 0, "3 / 2, 2 / 2 and 1");
    assert_eq!(said(&[-1.0, -1.5, -9.0], &[0], &[]), 1, "-1 becomes -2");
}

#[test]
fn penalties_act_in_their_order() {
    // Repetition first: 4 / 2 - 1 = 1 (the other order would give 1.5); bias last.
    let params = SamplingParams {
        repetition_penalty: 2.0,
        presence_penalty: 1.0,
        logit_bias: vec![(0, 0.3)],
        ..greedy()
    };
    assert_eq!(sample_after(&[4.0, 1.25], &params, &[], &[0]).unwrap().token, 0, "1.3 > 1.25");
    assert_eq!(sample_after(&[4.0, 1.35], &params, &[], &[0]).unwrap().token, 1, "1.3 < 1.35");
}

#[test]
fn bias_is_added_and_acts_at_temperature_zero_too() {
    let params = SamplingParams { logit_bias: vec![(2, 5.0), (0, -1.0)], ..greedy() };
    assert_eq!(token(&[3.0, 2.5, 0.0, 0.0], &params), 2);
    let ban = SamplingParams { logit_bias: vec![(0, -100.0)], ..plain() };
    assert_eq!(support(&four(), &ban), [1, 2, 3]);
}

#[test]
fn huge_changes_stay_finite() {
    let params = SamplingParams {
        logit_bias: vec![(0, f32::MAX), (0, f32::MAX), (1, f32::MIN), (1, f32::MIN)],
        ..plain()
    };
    assert_eq!(support(&[1.0, 1.0, 1.0], &params), [0]);
    let cold = SamplingParams { temperature: 1e-40, ..plain() };
    assert_eq!(support(&[1.0, 1.000_001, 0.0], &cold), [1]);
    let hot = SamplingParams { temperature: f32::MAX, ..plain() };
    assert_eq!(support(&[100.0, -100.0], &hot), [0, 1]);
}

#[test]
fn the_mask_acts_before_everything_that_narrows() {
    let history = History::default();
    let said = |params: &SamplingParams, mask: u64| {
        let job =
            Job { params, history: &history, mask: Some(&[mask]), seed: 3, choice: 0, position: 0 };
        Sampler::default().sample(&mut four(), &job).map(|sampled| sampled.token)
    };
    assert_eq!(said(&greedy(), 0b1100), Ok(2));
    assert_eq!(said(&SamplingParams { top_k: 1, ..plain() }, 0b1000), Ok(3));
    assert_eq!(said(&SamplingParams { top_k: 3, ..plain() }, 0b1000), Ok(3));
    assert_eq!(said(&SamplingParams { top_p: 0.1, ..plain() }, 0b1000), Ok(3));
    assert_eq!(said(&plain(), 0b0010), Ok(1));
    assert_eq!(said(&plain(), 0), Err(SampleError::NothingAllowed));
    assert_eq!(said(&greedy(), 0), Err(SampleError::NothingAllowed));
}

#[test]
fn logprobs_are_of_the_raw_distribution() {
    let params = SamplingParams {
        logprobs: Some(2),
        temperature: 0.0,
        logit_bias: vec![(3, 50.0)],
        ..plain()
    };
    let sampled = sample_after(&four(), &params, &[], &[]).unwrap();
    let logprob = sampled.logprob.unwrap();
    assert_eq!((sampled.token, logprob.token), (3, 3));
    assert!((logprob.logprob - 0.1f32.ln()).abs() < 1e-6, "without the bias");
    let ids: Vec<_> = logprob.top.iter().map(|(id, _)| *id).collect();
    assert_eq!(ids, [0, 1]);
    assert!((logprob.top[0].1 - 0.4f32.ln()).abs() < 1e-6);
    assert!((logprob.top[1].1 - 0.3f32.ln()).abs() < 1e-6);
    let none = SamplingParams { logprobs: Some(0), ..greedy() };
    let logprob = sample_after(&four(), &none, &[], &[]).unwrap().logprob.unwrap();
    assert!(logprob.top.is_empty() && (logprob.logprob - 0.4f32.ln()).abs() < 1e-6);
    let all = SamplingParams { logprobs: Some(99), ..greedy() };
    let logprob = sample_after(&four(), &all, &[], &[]).unwrap().logprob.unwrap();
    let sum: f32 = logprob.top.iter().map(|(_, logprob)| logprob.exp()).sum();
    assert!(logprob.top.len() == 4 && (sum - 1.0).abs() < 1e-6);
}

#[test]
fn what_is_not_finite_is_refused() {
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        for params in [greedy(), plain(), SamplingParams { logprobs: Some(1), ..plain() }] {
            let refused = sample_after(&[0.0, bad, 1.0], &params, &[], &[]);
            assert_eq!(refused, Err(SampleError::NotFinite));
        }
    }
}

#[test]
fn a_vocabulary_of_one_always_says_it() {
    for params in [greedy(), plain(), SamplingParams { top_p: 0.5, top_k: 1, ..plain() }] {
        assert_eq!(token(&[7.0], &params), 0);
    }
}
