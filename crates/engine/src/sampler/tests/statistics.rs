//! Are the frequencies of 100,000 draws those of the distribution? Chi-square tests with a fixed seed.

use super::*;

const DRAWS: usize = 100_000;

/// Chi-square of draws against `wanted` probabilities; tokens with probability 0 must not occur.
fn chi_square(row: &[f32], params: &SamplingParams, wanted: &[f64]) -> f64 {
    let (mut sampler, history) = (Sampler::default(), History::default());
    let mut counts = vec![0u32; row.len()];
    for position in 0..DRAWS {
        let job = Job { params, history: &history, mask: None, seed: 2024, choice: 1, position };
        counts[sampler.sample(&mut row.to_vec(), &job).unwrap().token as usize] += 1;
    }
    let mut chi = 0.0;
    for (&count, &p) in counts.iter().zip(wanted) {
        let expected = p * DRAWS as f64;
        if p == 0.0 {
            assert_eq!(count, 0);
        } else {
            chi += (f64::from(count) - expected).powi(2) / expected;
        }
    }
    chi
}

fn softmax(row: &[f32], temperature: f64) -> Vec<f64> {
    let weights: Vec<f64> = row.iter().map(|&x| (f64::from(x) / temperature).exp()).collect();
    let sum: f64 = weights.iter().sum();
    weights.iter().map(|w| w / sum).collect()
}

fn renormalised(mut p: Vec<f64>, keep: impl Fn(f64) -> bool) -> Vec<f64> {
    p.iter_mut().for_each(|p| *p = if keep(*p) { *p } else { 0.0 });
    let sum: f64 = p.iter().sum();
    p.iter().map(|p| p / sum).collect()
}

/// Twenty tokens with probabilities from a few per mille to a quarter.
fn row() -> Vec<f32> {
    (0..20).map(|i| ((i * 7 % 20) as f32) * 0.2).collect()
}

// The limits are the 0.999 quantiles of the chi-square distribution.

#[test]
fn draws_follow_the_softmax() {
    let chi = chi_square(&row(), &plain(), &softmax(&row(), 1.0));
    assert!(chi < 43.8, "19 degrees of freedom: {chi}");
}

#[test]
fn draws_follow_the_temperature() {
    let params = SamplingParams { temperature: 1.6, ..plain() };
    let chi = chi_square(&row(), &params, &softmax(&row(), 1.6));
    assert!(chi < 43.8, "19 degrees of freedom: {chi}");
}

#[test]
fn draws_follow_top_k() {
    let params = SamplingParams { top_k: 5, ..plain() };
    let mut sorted = softmax(&row(), 1.0);
    sorted.sort_by(|a, b| b.total_cmp(a));
    let wanted = renormalised(softmax(&row(), 1.0), |p| p >= sorted[4]);
    let chi = chi_square(&row(), &params, &wanted);
    assert!(chi < 18.5, "4 degrees of freedom: {chi}");
}

#[test]
fn draws_follow_top_p() {
    let params = SamplingParams { top_p: 0.8, ..plain() };
    let mut sorted = softmax(&row(), 1.0);
    sorted.sort_by(|a, b| b.total_cmp(a));
    let mut mass = 0.0;
    let reaches = |p: &&f64| {
        mass += **p;
        mass >= 0.8
    };
    let last = *sorted.iter().find(reaches).unwrap();
    let wanted = renormalised(softmax(&row(), 1.0), |p| p >= last);
    assert_eq!(wanted.iter().filter(|p| **p > 0.0).count(), 8);
    let chi = chi_square(&row(), &params, &wanted);
    assert!(chi < 24.4, "7 degrees of freedom: {chi}");
}

#[test]
fn draws_follow_min_p() {
    let params = SamplingParams { min_p: 0.3, ..plain() };
    let p = softmax(&row(), 1.0);
    let highest = p.iter().copied().fold(0.0, f64::max);
    let wanted = renormalised(p, |p| p >= 0.3 * highest);
    let kept = wanted.iter().filter(|p| **p > 0.0).count();
    assert_eq!(kept, 7);
    let chi = chi_square(&row(), &params, &wanted);
    assert!(chi < 22.5, "6 degrees of freedom: {chi}");
}
