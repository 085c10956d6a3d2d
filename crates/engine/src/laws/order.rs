//! Who comes first, who must wait, and who may not starve.

use std::time::Duration;

use crate::cost::Work;
use crate::sequence::SeqId;
use crate::testing::{BLOCK_BYTES, Bench, Running, expected, prompt, request};
use crate::{Class, Config, EngineError, Request};

fn of(class: Class, seed: u32, max_tokens: usize) -> Request {
    Request { class, ..request(&prompt(seed, 30), max_tokens) }
}

fn bench(max_running: usize) -> Bench {
    let kv_budget_bytes = 400 * BLOCK_BYTES;
    Bench::with(Config { max_running, kv_budget_bytes, ..Config::default() })
}

/// Turns until `running` gave its first token.
fn turns_to_start(bench: &mut Bench, running: &Running) -> usize {
    for turn in 0..10_000 {
        if running.seen().started.is_some() {
            return turn;
        }
        bench.turn();
    }
    panic!("never started");
}

#[test]
fn higher_classes_are_admitted_first() {
    let mut bench = bench(1);
    let blocker = bench.submit(of(Class::Default, 0, 3));
    bench.turn();
    let classes = [Class::Batch, Class::Flex, Class::Default, Class::Priority, Class::Reserved];
    let waiting = classes.map(|class| bench.submit(of(class, 1, 3)));
    let mut order = Vec::new();
    while bench.turn() > 0 {
        for (running, class) in waiting.iter().zip(classes) {
            if running.seen().started.is_some() && !order.contains(&class) {
                order.push(class);
            }
        }
    }
    order.reverse();
    assert_eq!(order, classes);
    assert!(blocker.is_over());
}

#[test]
fn within_a_class_the_first_comes_first() {
    let mut bench = bench(1);
    let waiting: Vec<_> = (0..5).map(|i| bench.submit(of(Class::Default, i, 4))).collect();
    for running in &waiting {
        turns_to_start(&mut bench, running);
        let started = waiting.iter().filter(|r| r.seen().started.is_some()).count();
        let first = waiting.iter().position(|r| std::ptr::eq(r, running)).unwrap();
        assert_eq!(started, first + 1);
    }
}

#[test]
fn flex_does_not_starve_behind_a_steady_stream() {
    let mut bench = bench(2);
    let flex = bench.submit(of(Class::Flex, 1, 4));
    let mut others = 0;
    while flex.seen().started.is_none() {
        for class in [Class::Reserved, Class::Priority, Class::Default] {
            others += 1;
            bench.submit(of(class, 100 + others, 2));
        }
        bench.turn();
        assert!(others < 300, "flex starves");
    }
}

#[test]
fn batch_runs_only_where_nobody_else_wants_to() {
    let mut bench = bench(2);
    let batch: Vec<_> = (0..4).map(|i| bench.submit(of(Class::Batch, i, 2000))).collect();
    bench.turns(5);
    assert_eq!(batch.iter().filter(|r| r.seen().started.is_some()).count(), 2);
    let guests: Vec<_> = (10..12).map(|i| bench.submit(of(Class::Default, i, 50))).collect();
    bench.turn();
    assert!(guests.iter().all(|r| r.seen().started.is_some()), "batch yields within one step");
    let before: usize = batch.iter().map(|r| r.seen().text(0).len()).sum();
    bench.turn();
    let after: usize = batch.iter().map(|r| r.seen().text(0).len()).sum();
    assert_eq!(before, after, "both places are taken");
    batch.iter().skip(2).for_each(Running::cancel);
    bench.run();
    for (running, i) in batch.iter().zip(0..2) {
        assert_eq!(running.seen().text(0), expected(&of(Class::Batch, i, 2000), 0));
    }
}

#[test]
fn batch_gives_its_memory_to_others() {
    let mut bench = Bench::new(16);
    let batch = bench.submit(Request { class: Class::Batch, ..request(&prompt(1, 200), 40) });
    bench.turns(5);
    let guest = bench.submit(request(&prompt(2, 200), 5));
    bench.turns(4);
    assert!(guest.seen().started.is_some());
    bench.run();
    let wanted = expected(&request(&prompt(1, 200), 40), 0);
    assert_eq!(batch.seen().text(0), wanted);
    bench.assert_empty();
}

#[test]
fn memory_goes_to_the_higher_class_and_then_to_the_older() {
    let mut bench = Bench::new(12);
    let low = bench.submit(of(Class::Flex, 1, 120));
    let old = bench.submit(of(Class::Default, 2, 120));
    let young = bench.submit(of(Class::Default, 3, 120));
    let mut ended = Vec::new();
    while bench.turn() > 0 {
        for (name, running) in [("low", &low), ("old", &old), ("young", &young)] {
            if running.is_over() && !ended.contains(&name) {
                ended.push(name);
            }
        }
    }
    assert_eq!(ended, ["old", "young", "low"]);
    assert!(bench.counters().preemptions > 0);
    bench.assert_empty();
}

#[test]
fn the_lowest_class_gives_way_first_then_the_paused_then_the_youngest() {
    let mut bench = bench(8);
    let id = |request| SeqId { request, choice: 0 };
    bench.submit(of(Class::Flex, 1, 100));
    bench.submit(of(Class::Default, 2, 100));
    let paused = bench.submit(of(Class::Default, 3, 100));
    bench.submit(of(Class::Default, 4, 100));
    bench.submit(of(Class::Reserved, 5, 100));
    bench.turns(3);
    paused.pause(true);
    let mut order = Vec::new();
    while let Some(victim) = bench.core.who_gives_blocks_to(id(2)) {
        order.push(victim.request);
        bench.core.preempt(victim);
    }
    assert_eq!(order, [1, 3, 4], "the highest class and the asker itself keep theirs");
    paused.pause(false);
    bench.run();
    bench.assert_empty();
}

#[test]
fn a_big_request_that_finds_no_room_is_overtaken_by_higher_classes_only() {
    let mut bench = Bench::new(16);
    let holder = bench.submit(request(&prompt(1, 100), 100));
    bench.turns(3);
    let big = bench.submit(Request { class: Class::Flex, ..request(&prompt(2, 200), 5) });
    bench.turn();
    let small_flex = bench.submit(of(Class::Flex, 3, 3));
    let small_high = bench.submit(of(Class::Priority, 4, 3));
    bench.turns(2);
    assert!(small_high.seen().started.is_some());
    assert!(small_flex.seen().started.is_none() && big.seen().started.is_none());
    bench.run();
    assert!(holder.is_over() && big.is_over() && small_flex.is_over());
    bench.assert_empty();
}

#[test]
fn a_short_prompt_does_not_wait_for_a_long_one() {
    let mut bench = bench(8);
    let long = bench.submit(request(&prompt(1, 4000), 2));
    bench.turn();
    let short = bench.submit(request(&prompt(2, 40), 2));
    assert!(turns_to_start(&mut bench, &short) <= 2);
    assert!(long.seen().started.is_none());
    bench.run();
    assert!(long.seen().started.is_some());
}

#[test]
fn decode_goes_on_while_a_long_prompt_is_computed() {
    let mut bench = bench(8);
    let talker = bench.submit(request(&prompt(1, 20), 500));
    bench.turn();
    let long = bench.submit(request(&prompt(2, 4000), 2));
    while long.seen().started.is_none() {
        let before = talker.seen().text(0).len();
        bench.turn();
        assert_eq!(talker.seen().text(0).len(), before + 1);
    }
}

#[test]
fn streams_do_not_stutter_while_a_long_prompt_is_computed() {
    let micros = |work: Work| 50 * (work.rows + work.prefill) + 200 * work.rows;
    let mut bench = bench(20);
    for work in [(0, 200), (16, 0), (8, 30)].map(|(rows, prefill)| Work { rows, prefill }) {
        (0..100).for_each(|_| {
            let duration = Duration::from_micros(micros(work) as u64);
            bench.core.cost.observe(work, duration);
        });
    }
    let talkers: Vec<_> = (0..16).map(|i| bench.submit(request(&prompt(i, 10), 400))).collect();
    bench.turns(20);
    assert_eq!(bench.core.work, Work { rows: 16, prefill: 0 });
    let usual = micros(bench.core.work);
    let long = bench.submit(request(&prompt(99, 2000), 1));
    let mut turns = 0;
    while long.seen().started.is_none() {
        bench.turn();
        turns += 1;
        assert_eq!(bench.core.work.rows, 16);
        assert!(micros(bench.core.work) <= 3 * usual + 100, "{:?}", bench.core.work);
    }
    assert!(turns < 2000 / 100, "and the prompt gets on: {turns}");
    drop(talkers);
}

#[test]
fn a_slow_machine_gets_small_steps() {
    let mut bench = bench(8);
    for prefill in [1, 10, 100] {
        let duration = Duration::from_millis(prefill as u64);
        bench.core.cost.observe(Work { rows: 0, prefill }, duration);
    }
    bench.submit(request(&prompt(1, 400), 2));
    let tokens = bench.turn();
    assert!((45..=50).contains(&tokens), "{tokens}");
}

#[test]
fn a_paused_request_gives_way_when_memory_is_short_and_comes_back() {
    let mut bench = Bench::new(16);
    let paused = bench.submit(request(&prompt(1, 100), 60));
    bench.turns(5);
    paused.pause(true);
    bench.turn();
    assert_eq!(bench.counters().kv_blocks_used, 7, "a pause keeps the blocks");
    let other = bench.submit(request(&prompt(2, 180), 30));
    bench.run();
    assert!(other.is_over());
    assert_eq!(bench.counters().preemptions, 1);
    paused.pause(false);
    bench.run();
    assert_eq!(paused.seen().text(0), expected(&request(&prompt(1, 100), 60), 0));
    bench.assert_empty();
}

#[test]
fn paused_requests_leave_their_places_to_others() {
    let mut bench = bench(1);
    let paused = bench.submit(request(&prompt(1, 20), 50));
    bench.turn();
    paused.pause(true);
    let other = bench.submit(request(&prompt(2, 20), 5));
    bench.run();
    assert!(other.is_over() && !paused.is_over());
}

#[test]
fn a_full_sink_pauses_and_sixty_seconds_of_it_end_the_request() {
    let mut bench = bench(8);
    let stuck = bench.submit(request(&prompt(1, 20), 50));
    stuck.seen().room = 4;
    bench.run();
    assert_eq!(stuck.seen().text(0), &expected(&request(&prompt(1, 20), 50), 0)[..3]);
    bench.now += Duration::from_secs(59);
    bench.turn();
    assert!(!stuck.is_over());
    bench.now += Duration::from_secs(2);
    stuck.seen().room = 0;
    bench.turn();
    assert!(stuck.is_over());
    bench.assert_empty();
}

#[test]
fn a_stalled_request_hears_why_if_there_is_room_at_last() {
    let mut bench = bench(8);
    let stuck = bench.submit(request(&prompt(1, 20), 50));
    stuck.seen().room = 4;
    bench.run();
    bench.now += Duration::from_secs(61);
    stuck.seen().room = 0;
    bench.core.groups.values_mut().for_each(|group| {
        stuck.seen().room = 2;
        group.output.fail(EngineError::Stalled);
    });
    assert_eq!(stuck.seen().failed, Some(EngineError::Stalled));
}

#[test]
fn a_pause_on_purpose_is_no_stall() {
    let mut bench = bench(8);
    let held = bench.submit(request(&prompt(1, 20), 50));
    held.seen().room = 4;
    bench.run();
    held.pause(true);
    for _ in 0..10 {
        bench.now += Duration::from_secs(50);
        bench.turn();
    }
    assert!(!held.is_over());
    held.pause(false);
    held.seen().room = usize::MAX;
    bench.run();
    assert_eq!(held.seen().text(0), expected(&request(&prompt(1, 20), 50), 0));
}

#[test]
fn a_closed_sink_frees_everything_within_one_step() {
    let mut bench = bench(8);
    let gone = bench.submit(Request { choices: 3, ..request(&prompt(1, 70), 50) });
    bench.turns(5);
    gone.seen().closed = true;
    bench.turn();
    bench.assert_empty();
    let queued = bench.submit(request(&prompt(1, 70), 50));
    queued.seen().closed = true;
    bench.turn();
    assert!(queued.seen().started.is_none(), "noticed before the first token");
    bench.assert_empty();
}
