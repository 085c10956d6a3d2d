//! Limits of one engine.

use std::time::Duration;

/// Limits of one engine. All have defaults that suit a small machine.
#[derive(Clone, Debug)]
pub struct Config {
    /// Requests that may wait for their first step; one more is refused with `Overloaded`. At least 1.
    pub max_queue: usize,
    /// Sequences (choices) that are computed side by side. At least 1. Paused ones do not count.
    pub max_running: usize,
    /// Most tokens computed in one step, decode rows and prefill chunks together. At least 32.
    pub step_token_budget: usize,
    /// How long one step should take. Prefill chunks are cut so that the predicted time stays below it.
    pub step_time_target: Duration,
    /// Memory for the KV cache, in bytes; rounded down to whole blocks.
    pub kv_budget_bytes: usize,
    /// A request whose sink stays full for longer than this ends with `Stalled`.
    pub stall_limit: Duration,
    /// How often full sinks are tried again while nothing else is to be done.
    pub poll_interval: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            max_queue: 256,
            max_running: 64,
            step_token_budget: 1024,
            step_time_target: Duration::from_millis(50),
            kv_budget_bytes: 512 << 20,
            stall_limit: Duration::from_secs(60),
            poll_interval: Duration::from_millis(3),
        }
    }
}
