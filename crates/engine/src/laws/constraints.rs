//! Constraints see every token of their choice, and nothing forbidden is ever said.

use std::sync::{Arc, Mutex};

use crate::testing::{Bench, prompt, request};
use crate::{Constraint, EngineError, Request, SamplingParams, TokenId};

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
