//! The sampler against the reference on random rows.

use super::reference::Case;
use super::*;
use crate::fake::mix;

/// Plain random numbers for the tests' inputs.
struct Random(u64);

impl Random {
    fn next(&mut self) -> f64 {
        self.0 += 1;
        (mix(self.0) >> 11) as f64 / (1u64 << 53) as f64
    }

    fn below(&mut self, limit: usize) -> usize {
        let scaled = self.next() * limit as f64;
        (0..limit).rfind(|&i| i as f64 <= scaled).unwrap_or(0)
    }

    fn float(&mut self, low: f32, high: f32) -> f32 {
        let unit: f32 = (self.below(1 << 12) as f32) / 4096.0;
        low + (high - low) * unit
    }

    fn coin(&mut self) -> bool {
        self.next() < 0.5
    }

    fn token(&mut self, vocab: usize) -> TokenId {
        u32::try_from(self.below(vocab)).unwrap()
    }
}

fn row(random: &mut Random, vocab: usize) -> Vec<f32> {
    let spread = [0.01, 2.0, 10.0, 30.0][random.below(4)];
    // Some rows are coarse, so that many logits tie.
    let step = if random.coin() { spread / 8.0 } else { 0.0 };
    (0..vocab)
        .map(|_| {
            let x = random.float(-spread, spread);
            if step > 0.0 { (x / step).round() * step } else { x }
        })
        .collect()
}

fn params(random: &mut Random, vocab: usize) -> SamplingParams {
    let mut params = SamplingParams { seed: Some(mix(random.0)), ..plain() };
    params.temperature = [0.0, 0.3, 0.7, 1.0, 1.7][random.below(5)];
    if random.coin() {
        params.top_k = [1, 2, 5, 40, 64, 300, 1000][random.below(7)];
    }
    if random.coin() {
        params.top_p = random.float(0.01, 1.0);
    }
    if random.coin() {
        params.min_p = random.float(0.001, 0.3);
    }
    if random.coin() {
        params.repetition_penalty = random.float(0.7, 1.8);
        params.frequency_penalty = random.float(-0.5, 1.5);
    }
    if random.coin() {
        params.presence_penalty = random.float(-0.5, 1.5);
    }
    if random.coin() {
        let bias = |random: &mut Random| (random.token(vocab), random.float(-9.0, 9.0));
        params.logit_bias = vec![bias(random), bias(random), bias(random)];
    }
    params
}

pub(super) fn case(number: u64) -> Case {
    let mut random = Random(number << 32);
    let vocab = [1, 3, 64, 65, 500, 4096][random.below(6)];
    let row = row(&mut random, vocab);
    let mut params = params(&mut random, vocab);
    let tokens = |random: &mut Random| (0..random.below(30)).map(|_| random.token(vocab)).collect();
    let (prompt, output) = (tokens(&mut random), tokens(&mut random));
    let mut mask = None;
    if random.coin() {
        let mut words: Vec<u64> = (0..vocab.div_ceil(64)).map(|i| mix(number ^ i as u64)).collect();
        words[0] |= 1;
        mask = Some(words);
    }
    if random.below(4) == 0 {
        params.logprobs = Some(3);
    }
    Case { row, params, prompt, output, mask }
}

#[test]
fn the_sampler_agrees_with_the_reference() {
    let mut sampler = Sampler::default();
    let mut close_calls = 0;
    for number in 0..3000 {
        let case = case(number);
        let mut history = History::new(&case.params, &case.prompt);
        case.output.iter().for_each(|&token| history.record(token));
        let job = Job {
            params: &case.params,
            history: &history,
            mask: case.mask.as_deref(),
            seed: case.params.seed.unwrap(),
            choice: 0,
            position: case.output.len(),
        };
        let sampled = sampler.sample(&mut case.row.clone(), &job).unwrap();
        let (wanted, margin) = case.solve();
        if margin < 1e-5 {
            close_calls += 1;
        } else {
            assert_eq!(sampled.token, wanted, "case {number}: {:?}", case.params);
        }
    }
    assert!(close_calls < 30, "{close_calls} cases too close to compare");
}

#[test]
fn flat_and_steep_nuclei_of_a_large_vocabulary_agree() {
    let mut close_calls = 0;
    for number in 0..40 {
        let mut case = case(number);
        let mut random = Random(number << 20);
        case.row = row(&mut random, 32_000);
        case.params = SamplingParams {
            top_p: [0.2, 0.9, 0.999][random.below(3)],
            top_k: [0, 0, 20_000][random.below(3)],
            seed: Some(number),
            ..plain()
        };
        case.mask = None;
        let (wanted, margin) = case.solve();
        let sampled = sample_after(&case.row, &case.params, &case.prompt, &case.output).unwrap();
        if margin < 1e-6 {
            close_calls += 1;
        } else {
            assert_eq!(sampled.token, wanted, "case {number}: {:?}", case.params);
        }
    }
    assert!(close_calls <= 12, "{close_calls} cases too close to compare");
}

#[test]
fn logprobs_agree_with_64_bit_arithmetic() {
    for number in 0..300 {
        let mut case = case(number);
        case.params.logprobs = Some(7);
        let row: Vec<f64> = case.row.iter().map(|&x| f64::from(x) + 0.0).collect();
        let max = row.iter().copied().fold(f64::MIN, f64::max);
        let normaliser = max + row.iter().map(|x| (x - max).exp()).sum::<f64>().ln();
        let sampled = sample_after(&case.row, &case.params, &case.prompt, &case.output).unwrap();
        let logprob = sampled.logprob.unwrap();
        let near = |token: TokenId, value: f32| {
            (row[token as usize] - normaliser - f64::from(value)).abs() < 1e-5
        };
        assert!(near(logprob.token, logprob.logprob));
        assert!(logprob.top.iter().all(|&(token, value)| near(token, value)));
        let mut order: Vec<usize> = (0..row.len()).collect();
        order.sort_by(|&a, &b| row[b].total_cmp(&row[a]).then(a.cmp(&b)));
        let wanted: Vec<usize> = order.into_iter().take(7).collect();
        let ids: Vec<usize> = logprob.top.iter().map(|&(token, _)| token as usize).collect();
        assert_eq!(ids, wanted);
    }
}
