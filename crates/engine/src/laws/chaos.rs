//! Random schedules: whatever the order of events, tokens are right and no block is lost.

use std::collections::HashMap;

use proptest::prelude::*;

use crate::sequence::State;
use crate::testing::{BLOCK_BYTES, Bench, Running, expected, prompt, request};
use crate::{BlockId, Class, Config, Request};

const CLASSES: [Class; 5] =
    [Class::Reserved, Class::Priority, Class::Default, Class::Flex, Class::Batch];

#[derive(Clone, Debug)]
enum Act {
    Submit {
        family: u32,
        prefix: usize,
        suffix: usize,
        max_tokens: usize,
        choices: u32,
        class: usize,
    },
    Turns(usize),
    Cancel(usize),
    Pause(usize, bool),
    Room(usize, usize),
}

fn act() -> impl Strategy<Value = Act> {
    let submit = (0..3u32, 0..90usize, 1..20usize, 1..40usize, 1..4u32, 0..5usize).prop_map(
        |(family, prefix, suffix, max_tokens, choices, class)| Act::Submit {
            family,
            prefix,
            suffix,
            max_tokens,
            choices,
            class,
        },
    );
    prop_oneof![
        4 => submit,
        5 => (1..12usize).prop_map(Act::Turns),
        1 => any::<usize>().prop_map(Act::Cancel),
        2 => (any::<usize>(), any::<bool>()).prop_map(|(i, on)| Act::Pause(i, on)),
        1 => (any::<usize>(), 0..5usize).prop_map(|(i, room)| Act::Room(i, room)),
    ]
}

/// Every block is free, idle, or held by exactly as many tables as its count says; every table covers what it
/// computed, and waiting sequences hold nothing.
fn check_blocks(bench: &Bench) {
    let mut held: HashMap<BlockId, u32> = HashMap::new();
    for sequence in bench.core.sequences.values() {
        let table = &sequence.table;
        assert!(table.computed < sequence.tokens.len());
        assert!(table.blocks.len() * 16 >= table.computed);
        assert!(sequence.state == State::Running || table.blocks.is_empty());
        table.blocks.iter().for_each(|&block| *held.entry(block).or_default() += 1);
    }
    let blocks = &bench.core.kv.blocks;
    for (&block, &count) in &held {
        assert_eq!(blocks.references(block), count, "{block:?}");
    }
    assert_eq!(blocks.available() + held.len(), blocks.total());
}

fn request_of(act: &Act) -> Option<Request> {
    let Act::Submit { family, prefix, suffix, max_tokens, choices, class } = *act else {
        return None;
    };
    let mut tokens = prompt(family, prefix);
    tokens.extend(prompt(50 + u32::try_from(suffix).unwrap(), suffix));
    Some(Request { choices, class: CLASSES[class], ..request(&tokens, max_tokens) })
}

fn play(acts: &[Act], blocks: usize, max_running: usize) {
    let config = Config {
        kv_budget_bytes: blocks * BLOCK_BYTES,
        max_running,
        step_token_budget: 64,
        ..Config::default()
    };
    let mut bench = Bench::with(config);
    let mut all: Vec<(Running, Request, bool)> = Vec::new();
    for act in acts {
        let len = all.len().max(1);
        match *act {
            Act::Submit { .. } => {
                let wanted = request_of(act).unwrap();
                let running = bench.submit(request_of(act).unwrap());
                all.push((running, wanted, false));
            }
            Act::Turns(count) => {
                for _ in 0..count {
                    bench.turn();
                    check_blocks(&bench);
                }
            }
            Act::Cancel(i) => {
                all.iter_mut().skip(i % len).take(1).for_each(|(running, _, cancelled)| {
                    running.cancel();
                    *cancelled = true;
                })
            }
            Act::Pause(i, on) => all.iter().skip(i % len).take(1).for_each(|(r, _, _)| r.pause(on)),
            Act::Room(i, room) => {
                all.iter().skip(i % len).take(1).for_each(|(r, _, _)| r.seen().room = room);
            }
        }
    }
    for (running, _, _) in &all {
        running.pause(false);
        running.seen().room = usize::MAX;
    }
    bench.run();
    check_blocks(&bench);
    bench.assert_empty();
    for (running, request, cancelled) in &all {
        assert!(running.is_over());
        for choice in 0..request.choices {
            let (seen, wanted) = (running.seen(), expected(request, choice));
            if *cancelled {
                assert!(wanted.starts_with(seen.text(choice)));
            } else {
                assert_eq!(seen.text(choice), wanted);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 200,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn random_schedules_keep_the_tokens_and_the_blocks(
        acts in prop::collection::vec(act(), 1..40),
        blocks in 10..60usize,
        max_running in 3..10usize,
    ) {
        play(&acts, blocks, max_running);
    }
}
