//! What was computed once is not computed again.

use crate::testing::{BLOCK_BYTES, Bench, expected, prompt, request};
use crate::{BLOCK_TOKENS, Class, Config, Request, TokenId};

fn with_prefix(prefix: &[TokenId], suffix: u32) -> Request {
    let mut tokens = prefix.to_vec();
    tokens.extend(prompt(suffix, 10));
    request(&tokens, 8)
}

fn bench(blocks: usize, max_running: usize) -> Bench {
    let kv_budget_bytes = blocks * BLOCK_BYTES;
    Bench::with(Config { kv_budget_bytes, max_running, ..Config::default() })
}

#[test]
fn sixty_four_at_once_with_one_prefix_compute_it_once() {
    let prefix = prompt(1, 800);
    let mut bench = bench(1000, 64);
    let running: Vec<_> = (0..64).map(|i| bench.submit(with_prefix(&prefix, i))).collect();
    bench.run();
    let counters = bench.counters();
    assert_eq!(counters.prompt_tokens_computed, 800 + 64 * 10);
    assert_eq!(counters.prompt_tokens_cached, 63 * 800);
    for (running, i) in running.iter().zip(0..) {
        assert_eq!(running.seen().text(0), expected(&with_prefix(&prefix, i), 0));
    }
    bench.assert_empty();
}

#[test]
fn equal_prompts_at_once_compute_all_but_one_block_once() {
    let mut bench = bench(1000, 64);
    let running: Vec<_> = (0..10).map(|_| bench.submit(request(&prompt(1, 100), 5))).collect();
    bench.run();
    assert_eq!(bench.counters().prompt_tokens_computed, 100 + 9 * 4);
    running.iter().for_each(|r| assert_eq!(r.seen().text(0).len(), 5));
}

#[test]
fn another_account_shares_nothing() {
    let mut bench = bench(1000, 64);
    bench.submit(request(&prompt(1, 100), 1));
    bench.submit(Request { cache_root: 2, ..request(&prompt(1, 100), 1) });
    bench.run();
    assert_eq!(bench.counters().prompt_tokens_computed, 200);
    assert_eq!(bench.counters().prompt_tokens_cached, 0);
}

/// Lets the leader compute a part of the prefix, then takes it away by `how`; the follower goes on from there.
fn leader_leaves(how: impl Fn(&mut Bench, &crate::testing::Running)) -> Bench {
    let prefix = prompt(1, 800);
    let mut bench = bench(1000, 64);
    let leader = bench.submit(with_prefix(&prefix, 1));
    let followers = [2, 3].map(|i| bench.submit(with_prefix(&prefix, i)));
    bench.turn();
    bench.turn();
    assert!(leader.seen().started.is_none(), "mid-prefill");
    how(&mut bench, &leader);
    bench.run();
    for (follower, i) in followers.iter().zip(2..) {
        assert_eq!(follower.seen().text(0), expected(&with_prefix(&prefix, i), 0));
    }
    bench
}

#[test]
fn a_follower_takes_over_when_the_leader_is_cancelled() {
    let mut bench = leader_leaves(|_, leader| leader.cancel());
    let computed = bench.counters().prompt_tokens_computed;
    assert!(computed <= 800 + 2 * 10 + BLOCK_TOKENS as u64, "{computed}");
    bench.assert_empty();
}

#[test]
fn a_follower_takes_over_when_the_leader_is_paused() {
    let bench = leader_leaves(|_, leader| leader.pause(true));
    let computed = bench.counters().prompt_tokens_computed;
    assert!(computed <= 800 + 2 * 10 + BLOCK_TOKENS as u64, "{computed}");
}

#[test]
fn a_follower_of_a_higher_class_does_not_wait_for_a_low_leader() {
    let prefix = prompt(1, 800);
    let mut bench = bench(1000, 64);
    bench.submit(Request { class: Class::Batch, ..with_prefix(&prefix, 1) });
    bench.turn();
    let high = bench.submit(Request { class: Class::Priority, ..with_prefix(&prefix, 2) });
    let mut turns = 0;
    while high.seen().started.is_none() {
        bench.turn();
        turns += 1;
    }
    assert!(turns <= 800 / 128 + 1, "{turns}");
    bench.run();
    assert!(bench.counters().prompt_tokens_computed <= 800 + 2 * 10 + BLOCK_TOKENS as u64);
}

#[test]
fn turn_ten_of_a_conversation_computes_its_new_tokens_and_one_block() {
    let mut bench = Bench::new(400);
    let mut history: Vec<TokenId> = prompt(1, 37);
    for turn in 0..10u32 {
        let new = if turn == 0 { history.len() } else { 21 };
        if turn > 0 {
            history.extend(prompt(100 + turn, new));
        }
        let before = bench.counters().prompt_tokens_computed;
        let running = bench.submit(request(&history, 33));
        bench.run();
        let computed = bench.counters().prompt_tokens_computed - before;
        assert!(computed <= (new + BLOCK_TOKENS) as u64, "turn {turn}: {computed} for {new}");
        history.extend(running.seen().text(0));
    }
    bench.assert_empty();
}

#[test]
fn a_small_budget_evicts_the_least_recently_used() {
    let mut bench = Bench::new(16);
    let mut computed = |seed| {
        let before = bench.counters().prompt_tokens_computed;
        let running = bench.submit(request(&prompt(seed, 97), 3));
        bench.run();
        assert_eq!(running.seen().text(0), expected(&request(&prompt(seed, 97), 3), 0));
        bench.counters().prompt_tokens_computed - before
    };
    // Seven blocks each, six of them full: two prefixes and a bit fit.
    assert_eq!([computed(1), computed(2)], [97, 97]);
    assert_eq!([computed(1), computed(2)], [1, 1]);
    assert_eq!(computed(1), 1);
    assert_eq!(computed(3), 97);
    assert_eq!(computed(1), 1, "used last before the eviction");
    assert!(computed(2) > 1, "least recently used");
    bench.assert_empty();
}

#[test]
fn idle_blocks_count_as_cached_and_not_as_used() {
    let mut bench = Bench::new(20);
    bench.submit(request(&prompt(1, 64), 1));
    bench.run();
    let counters = bench.counters();
    assert_eq!((counters.kv_blocks_used, counters.kv_blocks_cached), (0, 4));
    assert_eq!(counters.kv_blocks_total, 20);
}
