//! The same request and seed give the same tokens, whatever happens around them.

use crate::testing::{BLOCK_BYTES, Bench, expected, prompt, request};
use crate::{Config, Request, SamplingParams};

/// Requests with every kind of sampling.
fn mixed(count: u32) -> Vec<Request> {
    (0..count)
        .map(|i| {
            let mut request = request(&prompt(i, 5 + 23 * i as usize % 90), 20 + i as usize % 30);
            request.sampling = match i % 4 {
                0 => SamplingParams { temperature: 0.0, ..SamplingParams::default() },
                1 => SamplingParams { top_p: 0.9, top_k: 20, ..SamplingParams::default() },
                2 => SamplingParams {
                    frequency_penalty: 0.7,
                    presence_penalty: 0.3,
                    repetition_penalty: 1.2,
                    ..SamplingParams::default()
                },
                _ => SamplingParams { min_p: 0.05, temperature: 1.4, ..SamplingParams::default() },
            };
            request.sampling.seed = Some(u64::from(i) * 77);
            request
        })
        .collect()
}

#[test]
fn same_seed_same_tokens_and_another_seed_others() {
    let said = |seed| {
        let mut bench = Bench::new(64);
        let mut request = request(&prompt(1, 30), 40);
        request.sampling.seed = Some(seed);
        let running = bench.submit(request);
        bench.run();
        running.seen().text(0).to_vec()
    };
    assert_eq!(said(5), said(5));
    assert_ne!(said(5), said(6));
}

#[test]
fn alone_is_in_any_batch() {
    let mut bench = Bench::new(1000);
    let running: Vec<_> = mixed(20)
        .into_iter()
        .map(|request| {
            bench.turn();
            bench.submit(request)
        })
        .collect();
    bench.run();
    for (running, request) in running.iter().zip(mixed(20)) {
        assert_eq!(running.seen().text(0), expected(&request, 0));
    }
    bench.assert_empty();
}

#[test]
fn an_explanation_changes_nothing() {
    let mut bench = Bench::new(1000);
    let explained = |mut request: Request| {
        request.sampling.explain = Some(3);
        Request { choices: 2, ..request }
    };
    let running: Vec<_> =
        mixed(12).into_iter().map(|request| bench.submit(explained(request))).collect();
    bench.run();
    for (running, request) in running.iter().zip(mixed(12)) {
        for choice in 0..2 {
            assert_eq!(running.seen().text(choice), expected(&request, choice));
        }
    }
    bench.assert_empty();
}

#[test]
fn a_prefix_hit_changes_nothing() {
    let mut bench = Bench::new(100);
    for round in 0..2 {
        for request in mixed(8) {
            let wanted = expected(&request, 0);
            let prompt_len = request.prompt.len();
            let running = bench.submit(request);
            bench.run();
            assert_eq!(running.seen().text(0), wanted);
            let (cached, _) = running.seen().started.unwrap();
            let reusable = (prompt_len - 1) / 16 * 16;
            assert_eq!(cached, if round == 0 { 0 } else { reusable });
        }
    }
    bench.assert_empty();
}

#[test]
fn preempted_is_not_preempted() {
    // Each request needs up to 9 blocks; all together four times what there is.
    let mut bench = Bench::new(14);
    let requests = || (0..6).map(|i| request(&prompt(i, 40), 100));
    let running: Vec<_> = requests().map(|request| bench.submit(request)).collect();
    bench.run();
    assert!(bench.counters().preemptions > 0, "{:?}", bench.counters());
    for (running, request) in running.iter().zip(requests()) {
        assert_eq!(running.seen().text(0), expected(&request, 0));
    }
    bench.assert_empty();
}

#[test]
fn chunked_prefill_is_whole_prefill() {
    for budget in [32, 33, 47, 1024] {
        let mut bench = Bench::with(Config {
            step_token_budget: budget,
            kv_budget_bytes: 200 * BLOCK_BYTES,
            ..Config::default()
        });
        let requests =
            || [5, 500, 129].into_iter().zip(1..).map(|(len, i)| request(&prompt(i, len), 20));
        let running: Vec<_> = requests().map(|request| bench.submit(request)).collect();
        bench.run();
        for (running, request) in running.iter().zip(requests()) {
            assert_eq!(running.seen().text(0), expected(&request, 0), "budget {budget}");
        }
    }
}

#[test]
fn a_fork_is_a_separate_request_with_its_choice_number() {
    for prompt_len in [3, 16, 40, 48] {
        let mut bench = Bench::new(64);
        let request = || Request { choices: 4, ..request(&prompt(9, prompt_len), 30) };
        let running = bench.submit(request());
        bench.run();
        let texts: Vec<_> = (0..4).map(|choice| running.seen().text(choice).to_vec()).collect();
        for (choice, text) in (0..).zip(&texts) {
            assert_eq!(text, &expected(&request(), choice), "choice {choice} of {prompt_len}");
        }
        assert_ne!(texts[0], texts[1]);
        assert_eq!(bench.counters().prompt_tokens_computed, prompt_len as u64);
        bench.assert_empty();
    }
}

#[test]
fn forks_under_memory_pressure_are_still_the_same() {
    let mut bench = Bench::new(12);
    let request = || Request { choices: 5, ..request(&prompt(9, 40), 100) };
    let running = bench.submit(request());
    bench.run();
    assert!(bench.counters().preemptions > 0);
    for choice in 0..5 {
        assert_eq!(running.seen().text(choice), expected(&request(), choice));
    }
    bench.assert_empty();
}

#[test]
fn pauses_change_nothing() {
    let mut bench = Bench::new(20);
    let requests = || (0..5).map(|i| request(&prompt(i, 40), 60));
    let running: Vec<_> = requests().map(|request| bench.submit(request)).collect();
    for turn in 0..400 {
        running[turn % 5].pause(turn % 3 != 0);
        bench.turn();
    }
    running.iter().for_each(|running| running.pause(false));
    bench.run();
    for (running, request) in running.iter().zip(requests()) {
        assert_eq!(running.seen().text(0), expected(&request, 0));
    }
    bench.assert_empty();
}
