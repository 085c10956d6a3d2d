use std::sync::mpsc::RecvTimeoutError;

use super::*;
use crate::testing::{BLOCK_BYTES, Seen, expected, fake, probe, prompt, request};
use crate::{
    BlockId, Chunk, EventReceiver, FakeModel, FinishReason, ModelError, TokenId, channel_sink,
};

const LONG: Duration = Duration::from_secs(20);

fn spawn(config: Config) -> Handle {
    Engine::spawn(Box::new(fake()), config).unwrap()
}

fn submit(handle: &Handle, request: Request, capacity: usize) -> (Ticket, EventReceiver) {
    let (sink, receiver) = channel_sink(capacity);
    (handle.submit(request, Box::new(sink)).unwrap(), receiver)
}

fn tokens(receiver: EventReceiver) -> Vec<TokenId> {
    let token = |event| match event {
        Event::Token { token, .. } => Some(token),
        Event::Started { .. } | Event::Finished { .. } => None,
        Event::Failed(error) => panic!("{error}"),
    };
    receiver.filter_map(token).collect()
}

fn wait_for(handle: &Handle, holds: impl Fn(&Counters) -> bool) {
    for _ in 0..4000 {
        if holds(&handle.counters()) {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("{:?}", handle.counters());
}

/// A fake that misbehaves at its n-th step.
struct Breaking {
    fake: FakeModel,
    steps_left: usize,
    how: Break,
}

/// What becomes of the logits.
type Break = fn(&mut Vec<f32>) -> Result<(), ModelError>;

impl Model for Breaking {
    fn info(&self) -> &ModelInfo {
        self.fake.info()
    }
    fn reserve_kv(&mut self, num_blocks: usize) -> Result<(), ModelError> {
        self.fake.reserve_kv(num_blocks)
    }
    fn copy_block(&mut self, from: BlockId, to: BlockId) {
        self.fake.copy_block(from, to);
    }
    fn forward(&mut self, chunks: &[Chunk<'_>], logits: &mut Vec<f32>) -> Result<(), ModelError> {
        self.fake.forward(chunks, logits)?;
        if self.steps_left == 0 {
            return (self.how)(logits);
        }
        self.steps_left -= 1;
        Ok(())
    }
}

fn breaking(steps_left: usize, how: Break) -> Handle {
    let model = Breaking { fake: fake(), steps_left, how };
    Engine::spawn(Box::new(model), Config::default()).unwrap()
}

#[test]
fn a_request_is_answered_as_the_slow_engine_would() {
    let handle = spawn(Config::default());
    let wanted = expected(&request(&prompt(1, 50), 40), 0);
    let (_ticket, receiver) = submit(&handle, request(&prompt(1, 50), 40), 100);
    assert_eq!(tokens(receiver), wanted);
    let counters = handle.counters();
    assert_eq!(counters.tokens_generated, 40);
    assert_eq!(counters.prompt_tokens_computed, 50);
    assert_eq!((counters.running, counters.waiting, counters.kv_blocks_used), (0, 0, 0));
    handle.shutdown();
}

#[test]
fn log_probabilities_come_with_their_tokens() {
    let handle = spawn(Config::default());
    let mut ask = request(&prompt(1, 20), 5);
    ask.sampling.logprobs = Some(2);
    let (_ticket, receiver) = submit(&handle, ask, 100);
    let mut count = 0;
    for event in receiver {
        if let Event::Token { token, logprob, .. } = event {
            let logprob = logprob.unwrap();
            assert_eq!((logprob.token, logprob.top.len()), (token, 2));
            assert!(logprob.logprob <= logprob.top[0].1 && logprob.top[0].1 < 0.0);
            count += 1;
        }
    }
    assert_eq!(count, 5);
}

#[test]
fn a_drawn_seed_is_reported_and_gives_the_same_tokens_again() {
    let handle = spawn(Config::default());
    let mut open = request(&prompt(1, 20), 30);
    open.sampling.seed = None;
    let (_ticket, receiver) = submit(&handle, open, 100);
    let Ok(Event::Started { seed, cached_tokens: 0 }) = receiver.recv() else {
        panic!("the first event is Started");
    };
    let first = tokens(receiver);
    let mut again = request(&prompt(1, 20), 30);
    again.sampling.seed = Some(seed);
    assert_eq!(tokens(submit(&handle, again, 100).1), first);
}

#[test]
fn a_full_sink_loses_nothing_and_the_others_go_on() {
    let handle = spawn(Config::default());
    let (_a, slow) = submit(&handle, request(&prompt(1, 20), 50), 1);
    let (_b, fast) = submit(&handle, request(&prompt(2, 20), 50), 100);
    assert_eq!(tokens(fast), expected(&request(&prompt(2, 20), 50), 0));
    wait_for(&handle, |counters| counters.paused == 1 && counters.running == 0);
    assert_eq!(tokens(slow), expected(&request(&prompt(1, 20), 50), 0));
}

#[test]
fn a_stalled_receiver_ends_with_an_error() {
    let config = Config { stall_limit: Duration::from_millis(30), ..Config::default() };
    let handle = spawn(config);
    let (_ticket, receiver) = submit(&handle, request(&prompt(1, 20), 50), 3);
    wait_for(&handle, |counters| counters.tokens_generated > 0 && counters.kv_blocks_used == 0);
    // Started and two tokens were taken; the channel has no room for the error itself, but it ends.
    assert_eq!(receiver.count(), 3);
}

#[test]
fn a_dropped_receiver_cancels() {
    let handle = Engine::spawn(
        Box::new(fake().with_delays(Duration::from_millis(1), Duration::ZERO)),
        Config::default(),
    )
    .unwrap();
    let (_ticket, receiver) = submit(&handle, request(&prompt(1, 20), 4000), 5000);
    receiver.recv().unwrap();
    drop(receiver);
    wait_for(&handle, |counters| counters.running == 0 && counters.kv_blocks_used == 0);
    assert!(handle.counters().tokens_generated < 4000);
}

#[test]
fn tickets_pause_resume_and_cancel() {
    let delayed = fake().with_delays(Duration::from_millis(1), Duration::ZERO);
    let config = Config { stall_limit: Duration::from_millis(20), ..Config::default() };
    let handle = Engine::spawn(Box::new(delayed), config).unwrap();
    let (ticket, receiver) = submit(&handle, request(&prompt(1, 20), 4000), 5000);
    receiver.recv_timeout(LONG).unwrap();
    ticket.pause();
    wait_for(&handle, |counters| counters.paused == 1);
    while receiver.try_recv().is_ok() {}
    let quiet = receiver.recv_timeout(Duration::from_millis(100));
    assert!(matches!(quiet, Err(RecvTimeoutError::Timeout)), "no stall and no token: {quiet:?}");
    assert!(handle.counters().kv_blocks_used > 0, "a pause keeps the KV blocks");
    ticket.resume();
    assert!(matches!(receiver.recv_timeout(LONG), Ok(Event::Token { .. })));
    ticket.cancel();
    while receiver.recv_timeout(LONG).is_ok() {}
    wait_for(&handle, |counters| counters.kv_blocks_used == 0);
    assert!(handle.counters().tokens_generated < 4000);
}

#[test]
fn a_paused_engine_takes_no_steps_and_wakes_up() {
    let delayed = fake().with_delays(Duration::from_millis(1), Duration::ZERO);
    let handle = Engine::spawn(Box::new(delayed), Config::default()).unwrap();
    let (ticket, receiver) = submit(&handle, request(&prompt(1, 20), 1000), 2000);
    ticket.pause();
    wait_for(&handle, |counters| counters.paused == 1);
    let steps = handle.counters().steps;
    std::thread::sleep(Duration::from_millis(60));
    assert_eq!(handle.counters().steps, steps);
    ticket.resume();
    assert_eq!(tokens(receiver), expected(&request(&prompt(1, 20), 1000), 0));
}

#[test]
fn the_queue_is_bounded() {
    let config = Config { max_queue: 2, max_running: 1, ..Config::default() };
    let delayed = fake().with_delays(Duration::from_millis(2), Duration::ZERO);
    let handle = Engine::spawn(Box::new(delayed), config).unwrap();
    let (_running, running) = submit(&handle, request(&prompt(1, 20), 3000), 5000);
    wait_for(&handle, |counters| counters.running == 1);
    let waiting = [2, 3].map(|seed| submit(&handle, request(&prompt(seed, 20), 5), 50));
    let (sink, _receiver) = channel_sink(5);
    let refused = handle.submit(request(&prompt(4, 20), 5), Box::new(sink));
    assert_eq!(refused.err(), Some(EngineError::Overloaded));
    assert_eq!(handle.counters().waiting, 2);
    drop(running);
    for (_ticket, receiver) in waiting {
        assert_eq!(tokens(receiver).len(), 5);
    }
    let (_ticket, receiver) = submit(&handle, request(&prompt(5, 20), 5), 50);
    assert_eq!(tokens(receiver).len(), 5, "places in the queue are given back");
}

#[test]
fn a_receiver_that_leaves_the_queue_gives_its_place_back() {
    let config = Config { max_queue: 1, max_running: 1, ..Config::default() };
    let delayed = fake().with_delays(Duration::from_millis(2), Duration::ZERO);
    let handle = Engine::spawn(Box::new(delayed), config).unwrap();
    let (_running, _events) = submit(&handle, request(&prompt(1, 20), 3000), 5000);
    wait_for(&handle, |counters| counters.running == 1);
    let (_waiting, receiver) = submit(&handle, request(&prompt(2, 20), 5), 50);
    drop(receiver);
    wait_for(&handle, |counters| counters.waiting == 0);
    submit(&handle, request(&prompt(3, 20), 5), 50);
}

#[test]
fn shutdown_fails_what_runs_and_refuses_more() {
    let delayed = fake().with_delays(Duration::from_millis(1), Duration::ZERO);
    let handle = Engine::spawn(Box::new(delayed), Config::default()).unwrap();
    let (_ticket, receiver) = submit(&handle, request(&prompt(1, 20), 4000), 5000);
    receiver.recv().unwrap();
    handle.shutdown();
    let last = receiver.last();
    assert!(matches!(last, Some(Event::Failed(EngineError::Stopped))), "{last:?}");
    let refused = handle.submit(request(&prompt(1, 20), 1), probe().0);
    assert_eq!(refused.err(), Some(EngineError::Stopped));
    handle.shutdown();
}

#[test]
fn without_handles_accepted_requests_are_finished() {
    let handle = spawn(Config::default());
    let (_ticket, receiver) = submit(&handle, request(&prompt(1, 20), 50), 100);
    drop(handle);
    assert_eq!(tokens(receiver), expected(&request(&prompt(1, 20), 50), 0));
}

#[test]
fn a_panic_in_the_model_hangs_nobody() {
    // Slow enough that both requests are there when the first step with two rows comes.
    let fake = fake().with_delays(Duration::from_millis(1), Duration::ZERO);
    let how: Break = |logits| match logits.len() {
        600 => panic!("broken on purpose"),
        _ => Ok(()),
    };
    let model = Box::new(Breaking { fake, steps_left: 0, how });
    let handle = Engine::spawn(model, Config::default()).unwrap();
    let receivers = [1, 2].map(|seed| submit(&handle, request(&prompt(seed, 20), 4000), 5000));
    for (_ticket, receiver) in receivers {
        let Some(Event::Failed(EngineError::Model(message))) = receiver.last() else {
            panic!("the last event is Failed");
        };
        assert!(message.contains("broken on purpose"), "{message}");
    }
    let refused = handle.submit(request(&prompt(1, 20), 1), probe().0);
    assert_eq!(refused.err(), Some(EngineError::Stopped));
    handle.shutdown();
}

#[test]
fn a_model_error_fails_its_step_and_the_engine_lives_on() {
    let handle = breaking(0, |_| Err(ModelError::WeightsLost));
    for _ in 0..2 {
        let (_ticket, receiver) = submit(&handle, request(&prompt(1, 20), 5), 50);
        let last = receiver.last();
        let Some(Event::Failed(EngineError::Model(message))) = last else { panic!("{last:?}") };
        assert_eq!(message, ModelError::WeightsLost.to_string());
    }
    assert_eq!(handle.counters().kv_blocks_used, 0);
}

#[test]
fn logits_that_are_not_finite_are_an_error() {
    let poisons: [Break; 3] = [
        |logits| {
            logits[7] = f32::NAN;
            Ok(())
        },
        |logits| {
            logits[299] = f32::INFINITY;
            Ok(())
        },
        |logits| {
            logits.clear();
            Ok(())
        },
    ];
    for poison in poisons {
        let handle = breaking(4, poison);
        let (_ticket, receiver) = submit(&handle, request(&prompt(1, 20), 50), 100);
        let events: Vec<Event> = receiver.collect();
        assert_eq!(events.len(), 1 + 4 + 1, "Started, four tokens, Failed");
        let Some(Event::Failed(EngineError::Model(message))) = events.last() else {
            panic!("{events:?}");
        };
        assert_eq!(message, &ModelError::NotFinite.to_string());
    }
}

#[test]
fn impossible_requests_are_refused_with_a_reason() {
    let handle = spawn(Config { kv_budget_bytes: 10 * BLOCK_BYTES, ..Config::default() });
    let refused = |request| handle.submit(request, probe().0).err().unwrap();
    let base = || request(&prompt(1, 20), 10);
    assert!(matches!(refused(request(&[], 10)), EngineError::Invalid(_)));
    assert!(matches!(refused(request(&[300], 10)), EngineError::Invalid(_)));
    assert!(matches!(refused(request(&[1], 0)), EngineError::Invalid(_)));
    assert!(matches!(refused(Request { choices: 0, ..base() }), EngineError::Invalid(_)));
    assert!(matches!(refused(Request { choices: 65, ..base() }), EngineError::Invalid(_)));
    let long = refused(request(&prompt(1, 4096), 10));
    assert_eq!(long, EngineError::PromptTooLong { tokens: 4096, limit: 4096 });
    let big = refused(request(&prompt(1, 161), 1));
    assert_eq!(big, EngineError::CacheTooSmall { needed: 11, available: 10 });
    let (_ticket, receiver) = submit(&handle, request(&prompt(1, 160), 1), 200);
    assert_eq!(tokens(receiver).len(), 1, "the limit itself can be served");
    let bad: [fn(&mut crate::SamplingParams); 10] = [
        |p| p.temperature = -0.1,
        |p| p.temperature = f32::NAN,
        |p| p.top_p = 1.1,
        |p| p.min_p = -0.1,
        |p| p.presence_penalty = f32::INFINITY,
        |p| p.frequency_penalty = f32::NAN,
        |p| p.repetition_penalty = 0.0,
        |p| p.logit_bias = vec![(300, 1.0)],
        |p| p.explain = Some(0),
        |p| p.explain = Some(21),
    ];
    for spoil in bad {
        let mut request = base();
        spoil(&mut request.sampling);
        assert!(matches!(refused(request), EngineError::Invalid(_)));
    }
}

#[test]
fn output_that_outgrows_the_cache_ends_as_context_full() {
    let handle = spawn(Config { kv_budget_bytes: 10 * BLOCK_BYTES, ..Config::default() });
    assert_eq!(handle.sequence_limit(), 161);
    for _ in 0..2 {
        let (_ticket, receiver) = submit(&handle, request(&prompt(1, 20), 4000), 200);
        let events: Vec<Event> = receiver.collect();
        assert_eq!(events.len(), 1 + 141 + 1);
        let Some(Event::Finished { choice: 0, reason }) = events.last() else { panic!() };
        assert_eq!(*reason, FinishReason::ContextFull);
    }
}

#[test]
fn an_engine_without_room_does_not_start() {
    let tiny = Config { kv_budget_bytes: BLOCK_BYTES - 1, ..Config::default() };
    let refused = Engine::spawn(Box::new(fake()), tiny).err();
    assert_eq!(refused, Some(EngineError::CacheTooSmall { needed: 1, available: 0 }));
}

#[test]
fn the_ends_of_a_request_have_their_reasons() {
    let handle = spawn(Config::default());
    let last = |request: Request| submit(&handle, request, 5000).1.last().unwrap();
    let reason = |event| match event {
        Event::Finished { choice: 0, reason } => reason,
        other => panic!("{other:?}"),
    };
    assert_eq!(reason(last(request(&prompt(1, 20), 9))), FinishReason::MaxTokens);
    assert_eq!(reason(last(request(&prompt(1, 4090), 100))), FinishReason::ContextFull);
    assert_eq!(reason(last(request(&prompt(1, 4090), 6))), FinishReason::MaxTokens);
    let said = expected(&request(&prompt(1, 20), 9), 0);
    let stopped = Request { stop_tokens: vec![said[4]], ..request(&prompt(1, 20), 9) };
    let (sink, seen) = probe();
    handle.submit(stopped, sink).unwrap();
    wait_for(&handle, |counters| counters.running + counters.waiting == 0);
    let seen: &Seen = &seen.lock().unwrap();
    assert_eq!(seen.finished[&0], FinishReason::StopToken);
    let before = said.iter().position(|token| *token == said[4]).unwrap();
    assert_eq!(seen.text(0), &said[..before], "the stop token is not sent");
}

#[test]
fn many_threads_with_many_moods_hang_nobody_and_leave_nothing() {
    let config = Config { kv_budget_bytes: 40 * BLOCK_BYTES, max_running: 8, ..Config::default() };
    let handle = spawn(config);
    std::thread::scope(|scope| {
        for thread in 0..6u32 {
            let handle = handle.clone();
            scope.spawn(move || {
                for round in 0..25u32 {
                    one_mood(&handle, thread, round);
                }
            });
        }
    });
    wait_for(&handle, |counters| {
        counters.running + counters.waiting + counters.paused + counters.kv_blocks_used == 0
    });
    handle.shutdown();
}

/// A request that is read slowly, dropped, cancelled or paused, as it comes.
fn one_mood(handle: &Handle, thread: u32, round: u32) {
    let mood = (thread + round) % 5;
    let ask = || {
        let mut ask = request(&prompt(thread, 10 + 7 * round as usize % 60), 30);
        ask.sampling.seed = Some(u64::from(thread * 100 + round));
        ask
    };
    let (ticket, receiver) = submit(handle, ask(), if mood == 0 { 1 } else { 40 });
    match mood {
        1 => drop(receiver),
        2 => {
            receiver.recv().unwrap();
            ticket.cancel();
            drop(receiver);
        }
        _ => {
            if mood == 3 {
                ticket.pause();
                std::thread::sleep(Duration::from_millis(u64::from(round % 4)));
                ticket.resume();
            }
            assert_eq!(tokens(receiver), expected(&ask(), 0));
        }
    }
}
