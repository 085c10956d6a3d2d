use std::sync::mpsc::RecvTimeoutError;

use super::*;
use crate::testing::{BLOCK_BYTES, expected, fake, probe, prompt, request};
use crate::{Chunk, EventReceiver, FakeModel, FinishReason, ModelError, TokenId, channel_sink};

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
