//! One log line for each request, whatever becomes of it. Never prompts, answers or keys.

use std::time::Duration;

use bedrock::canonical::{Latency, Usage};
use tokio::time::Instant;
use tokio_util::task::task_tracker::TaskTrackerToken;

/// What is known about a request so far. Dropped unfinished, it says that the client went away.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) request_id: String,
    pub(crate) operation: &'static str,
    pub(crate) account: String,
    pub(crate) region: String,
    /// The model id asked for.
    pub(crate) model: String,
    /// The model that served.
    pub(crate) served_by: String,
    pub(crate) usage: Usage,
    started: Instant,
    first_token: Option<Instant>,
    outcome: Option<&'static str>,
    /// Counts the request as running until the record is gone.
    _running: TaskTrackerToken,
}

impl Record {
    pub(crate) fn new(request_id: String, running: TaskTrackerToken) -> Self {
        Self {
            request_id,
            operation: "",
            account: String::new(),
            region: String::new(),
            model: String::new(),
            served_by: String::new(),
            usage: Usage::default(),
            started: Instant::now(),
            first_token: None,
            outcome: None,
            _running: running,
        }
    }

    /// Notes the time of the first token; later calls change nothing.
    pub(crate) fn first_token(&mut self) {
        self.first_token.get_or_insert_with(Instant::now);
    }

    /// Times so far. Without a token the first byte counts as the last.
    pub(crate) fn latency(&self) -> Latency {
        let total = self.started.elapsed();
        let first = self.time_to_first_token().unwrap_or(total);
        Latency { total_ms: millis(total), first_byte_ms: millis(first) }
    }

    /// Says how the request ended: `ok`, or an error's code.
    pub(crate) fn finish(&mut self, outcome: &'static str) {
        self.outcome = Some(outcome);
    }

    fn time_to_first_token(&self) -> Option<Duration> {
        Some(self.first_token?.duration_since(self.started))
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        tracing::info!(
            request_id = %self.request_id,
            operation = self.operation,
            account = %self.account,
            region = %self.region,
            model = %self.model,
            served_by = %self.served_by,
            input_tokens = self.usage.input,
            output_tokens = self.usage.output,
            ttft_ms = self.time_to_first_token().map(millis),
            duration_ms = millis(self.started.elapsed()),
            outcome = self.outcome.unwrap_or("client_gone"),
            "request"
        );
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
