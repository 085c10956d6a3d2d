//! Constraints see every token of their choice, and nothing forbidden is ever said.

use std::sync::{Arc, Mutex};

use crate::testing::{Bench, Seen, prompt, request};
use crate::{Constraint, EngineError, FinishReason, Request, SamplingParams, TokenId};

/// Allows multiples of `step` that differ from the token before; nothing at all after `limit` tokens.
struct Multiples {
    step: u32,
    limit: usize,
    accepted: Arc<Mutex<Vec<TokenId>>>,
}

impl Constraint for Multiples {
    fn mask(&mut self, allowed: &mut [u64]) {
        let accepted = self.accepted.lock().unwrap();
        for (id, word) in (0..).step_by(64).zip(allowed) {
            for bit in 0..64u32 {
                let token: u32 = id + bit;
                let repeats = accepted.last() == Some(&token);
                if !token.is_multiple_of(self.step) || repeats || accepted.len() >= self.limit {
                    *word &= !(1 << bit);
                }
            }
        }
    }

    fn accept(&mut self, token: TokenId) {
        self.accepted.lock().unwrap().push(token);
    }

    fn roll_back(&mut self, count: usize) {
        let mut accepted = self.accepted.lock().unwrap();
        let kept = accepted.len() - count;
        accepted.truncate(kept);
    }

    fn forced(&mut self) -> Vec<TokenId> {
        Vec::new()
    }
}

fn constrained(steps: &[u32], limit: usize) -> (Request, Vec<Arc<Mutex<Vec<TokenId>>>>) {
    let said: Vec<_> = steps.iter().map(|_| Arc::default()).collect();
    let make = |(&step, accepted): (&u32, &Arc<_>)| -> Box<dyn Constraint> {
        Box::new(Multiples { step, limit, accepted: Arc::clone(accepted) })
    };
    let constraints = steps.iter().zip(&said).map(make).collect();
    let choices = u32::try_from(steps.len()).unwrap();
    (Request { constraints, choices, ..request(&prompt(1, 40), 60) }, said)
}

#[test]
fn each_choice_keeps_to_its_own_constraint_also_when_preempted() {
    let mut bench = Bench::new(10);
    let (request, accepted) = constrained(&[7, 2, 100], usize::MAX);
    let running = bench.submit(request);
    bench.run();
    assert!(bench.counters().preemptions > 0);
    for (choice, step) in (0..).zip([7, 2, 100]) {
        let seen = running.seen();
        assert_eq!(seen.text(choice).len(), 60);
        assert!(seen.text(choice).iter().all(|token| token.is_multiple_of(step)));
        assert!(seen.text(choice).windows(2).all(|pair| pair[0] != pair[1]));
        assert_eq!(seen.text(choice), *accepted[choice as usize].lock().unwrap());
    }
    bench.assert_empty();
}

#[test]
fn greedy_choices_keep_to_it_too() {
    let mut bench = Bench::new(20);
    let (mut request, _) = constrained(&[50], usize::MAX);
    request.sampling = SamplingParams { temperature: 0.0, ..SamplingParams::default() };
    let running = bench.submit(request);
    bench.run();
    assert!(running.seen().text(0).iter().all(|token| token.is_multiple_of(50)));
}

#[test]
fn a_constraint_that_allows_nothing_fails_the_request() {
    let mut bench = Bench::new(20);
    let (request, _) = constrained(&[3, 5], 10);
    let running = bench.submit(request);
    bench.run();
    assert_eq!(running.seen().text(0).len(), 10);
    let failed = running.seen().failed.clone();
    assert_eq!(failed, Some(EngineError::Invalid("the constraint allows no token")));
    bench.assert_empty();
}

/// Runs of settled tokens between free ones: of every ten positions the last six follow from the one before.
struct Settled {
    accepted: Vec<TokenId>,
    /// Whether settled tokens are forced, or only masked.
    forces: bool,
}

fn settled(position: usize, before: TokenId) -> Option<TokenId> {
    (position % 10 >= 4).then_some((before * 31 + 7) % 300)
}

impl Constraint for Settled {
    fn mask(&mut self, allowed: &mut [u64]) {
        let before = self.accepted.last().copied().unwrap_or(0);
        if let Some(token) = settled(self.accepted.len(), before) {
            for (index, word) in (0..).zip(allowed) {
                *word &= if index == token / 64 { 1 << (token % 64) } else { 0 };
            }
        }
    }

    fn accept(&mut self, token: TokenId) {
        self.accepted.push(token);
    }

    fn roll_back(&mut self, count: usize) {
        self.accepted.truncate(self.accepted.len() - count);
    }

    fn forced(&mut self) -> Vec<TokenId> {
        let mut before = self.accepted.last().copied().unwrap_or(0);
        let positions = self.accepted.len()..;
        let run = positions.map_while(|position| {
            before = settled(position, before)?;
            Some(before)
        });
        if self.forces { run.collect() } else { Vec::new() }
    }
}

fn with_settled(choices: u32, max_tokens: usize, forces: bool) -> Request {
    let make = |_| -> Box<dyn Constraint> { Box::new(Settled { accepted: Vec::new(), forces }) };
    let constraints = (0..choices).map(make).collect();
    Request { constraints, choices, ..request(&prompt(3, 40), max_tokens) }
}

fn texts(seen: &Seen) -> Vec<Vec<TokenId>> {
    seen.tokens.values().cloned().collect()
}

#[test]
fn forced_tokens_are_those_that_masks_would_have_left_and_cost_fewer_steps() {
    let run = |forces| {
        let mut bench = Bench::new(100);
        let running = bench.submit(with_settled(3, 75, forces));
        bench.run();
        let seen = texts(&running.seen());
        bench.assert_empty();
        (seen, bench.counters())
    };
    let ((forced, few), (masked, many)) = (run(true), run(false));
    assert_eq!(forced, masked);
    assert!(forced.iter().all(|text| text.len() == 75));
    assert_eq!(few.tokens_generated, many.tokens_generated);
    assert!(few.steps * 2 < many.steps, "{} and {} steps", few.steps, many.steps);
}

#[test]
fn forced_tokens_survive_preemption_and_company() {
    let mut alone = Bench::new(1000);
    let expected = alone.submit(with_settled(2, 90, true));
    alone.run();
    let expected = texts(&expected.seen());

    let mut crowded = Bench::new(14);
    let others: Vec<_> =
        (0..4).map(|seed| crowded.submit(request(&prompt(seed + 10, 30), 60))).collect();
    let running = crowded.submit(with_settled(2, 90, true));
    crowded.run();
    assert!(crowded.counters().preemptions > 0);
    assert_eq!(texts(&running.seen()), expected);
    assert!(others.iter().all(|other| other.seen().text(0).len() == 60));
    crowded.assert_empty();
}

#[test]
fn a_forced_run_ends_at_the_limit_and_at_a_stop_token() {
    let mut bench = Bench::new(100);
    let whole = bench.submit(with_settled(1, 40, true));
    bench.run();
    let whole = whole.seen().text(0).to_vec();
    for max_tokens in 1..40 {
        let cut = bench.submit(with_settled(1, max_tokens, true));
        bench.run();
        assert_eq!(cut.seen().text(0), &whole[..max_tokens]);
        assert_eq!(cut.seen().finished[&0], FinishReason::MaxTokens);
    }
    let at = (4..10).find(|at| !whole[..*at].contains(&whole[*at])).unwrap();
    let stop_tokens = vec![whole[at]];
    let stopped = bench.submit(Request { stop_tokens, ..with_settled(1, 40, true) });
    bench.run();
    assert_eq!(stopped.seen().text(0), &whole[..at]);
    assert_eq!(stopped.seen().finished[&0], FinishReason::StopToken);
    bench.assert_empty();
}

#[test]
fn forced_tokens_have_log_probabilities_and_explanations_if_asked_for() {
    let mut bench = Bench::new(100);
    let plain = bench.submit(with_settled(2, 50, true));
    let mut request = with_settled(2, 50, true);
    request.sampling.logprobs = Some(2);
    let scored = bench.submit(request);
    let mut request = with_settled(2, 50, true);
    request.sampling.explain = Some(2);
    let explained = bench.submit(request);
    bench.run();
    assert_eq!(texts(&scored.seen()), texts(&plain.seen()));
    assert_eq!(texts(&explained.seen()), texts(&plain.seen()));
    let counts = [scored.seen().scored, explained.seen().scored, plain.seen().scored];
    assert_eq!(counts, [100, 100, 0]);
}
