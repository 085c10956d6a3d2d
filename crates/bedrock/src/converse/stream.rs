//! The events of ConverseStream, in Bedrock's order: `messageStart`; per block `contentBlockStart` (only of tool calls),
//! `contentBlockDelta`s, `contentBlockStop`; `messageStop`; `metadata`.

use serde_json::{Map, Value, json};

use super::response::{Echo, additional_fields, insert_served, response_fields, usage_value};
use crate::canonical::{
    BlockKind, Choice, Event, Latency, ResponseContext, StopReason, TokenLogprob, Usage,
};

/// An event's type and its payload.
pub type Frame = (&'static str, Value);

/// Turns canonical events into those of one ConverseStream response.
#[derive(Clone, Debug)]
pub struct StreamEncoder {
    echo: Echo,
    seed: u64,
    open: Option<Open>,
    logprobs: Vec<TokenLogprob>,
    stopped: bool,
}

#[derive(Clone, Debug)]
struct Open {
    index: u32,
    kind: BlockKind,
    /// Whether a delta was sent.
    said: bool,
}

impl StreamEncoder {
    /// An encoder for one response.
    #[must_use]
    pub fn new(context: &ResponseContext, echo: Echo) -> Self {
        StreamEncoder { echo, seed: context.seed, open: None, logprobs: Vec::new(), stopped: false }
    }

    /// The frames before the first event.
    #[must_use]
    pub fn start(&mut self) -> Vec<Frame> {
        vec![("messageStart", json!({"role": "assistant"}))]
    }

    /// The frames of an event. Text blocks without text show nothing.
    #[must_use]
    pub fn push(&mut self, event: &Event) -> Vec<Frame> {
        match event {
            Event::BlockStart { index, kind, .. } => self.block_start(*index, kind),
            Event::Delta { text, .. } => self.delta(text),
            Event::BlockStop { .. } => self.block_stop(),
            Event::Logprobs { tokens, .. } => {
                self.keep_logprobs(tokens);
                Vec::new()
            }
            Event::Stop { reason, stop_sequence, .. } => {
                self.message_stop(*reason, stop_sequence.clone())
            }
            Event::Usage(_) => Vec::new(),
        }
    }

    /// The last frames. An answer that never stopped gets a stop reason that says so.
    #[must_use]
    pub fn finish(&mut self, usage: Usage, latency: Latency) -> Vec<Frame> {
        let mut frames = Vec::new();
        if !self.stopped {
            frames.extend(self.message_stop(StopReason::MalformedModelOutput, None));
        }
        let mut metadata = Map::new();
        metadata.insert("usage".into(), usage_value(usage));
        metadata.insert("metrics".into(), json!({"latencyMs": latency.total_ms}));
        insert_served(&mut metadata, &self.echo);
        frames.push(("metadata", Value::Object(metadata)));
        frames
    }

    fn block_start(&mut self, index: u32, kind: &BlockKind) -> Vec<Frame> {
        let mut frames = self.block_stop();
        if let BlockKind::ToolUse { id, name } = kind {
            let start = json!({"toolUse": {"toolUseId": id, "name": name}});
            frames.push(("contentBlockStart", json!({"start": start, "contentBlockIndex": index})));
        }
        self.open = Some(Open { index, kind: kind.clone(), said: false });
        frames
    }

    fn delta(&mut self, text: &str) -> Vec<Frame> {
        let Some(open) = self.open.as_mut().filter(|_| !text.is_empty()) else {
            return Vec::new();
        };
        open.said = true;
        let delta = match open.kind {
            BlockKind::Text => json!({"text": text}),
            BlockKind::Reasoning => json!({"reasoningContent": {"text": text}}),
            BlockKind::ToolUse { .. } => json!({"toolUse": {"input": text}}),
        };
        vec![("contentBlockDelta", json!({"delta": delta, "contentBlockIndex": open.index}))]
    }

    /// Ends the open block. A call without arguments gets an empty object: its text must be JSON.
    fn block_stop(&mut self) -> Vec<Frame> {
        let mut frames = Vec::new();
        let is_call = |open: &Open| matches!(open.kind, BlockKind::ToolUse { .. });
        if self.open.as_ref().is_some_and(|open| is_call(open) && !open.said) {
            frames.extend(self.delta("{}"));
        }
        if let Some(open) = self.open.take().filter(|open| open.said) {
            frames.push(("contentBlockStop", json!({"contentBlockIndex": open.index})));
        }
        frames
    }

    fn keep_logprobs(&mut self, tokens: &[TokenLogprob]) {
        let kept = ["/logprobs", "/explain"];
        let asked = |path: &String| {
            let rest = kept.iter().find_map(|name| path.strip_prefix(name));
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        if self.echo.response_fields.iter().any(asked) {
            self.logprobs.extend_from_slice(tokens);
        }
    }

    fn message_stop(&mut self, reason: StopReason, stop_sequence: Option<String>) -> Vec<Frame> {
        self.stopped = true;
        let mut frames = self.block_stop();
        let logprobs = std::mem::take(&mut self.logprobs);
        let choice = Choice { content: Vec::new(), stop_reason: reason, stop_sequence, logprobs };
        let mut payload = Map::new();
        payload.insert("stopReason".into(), reason.as_str().into());
        let fields = response_fields(&choice, self.seed);
        if let Some(fields) = additional_fields(&self.echo.response_fields, &fields) {
            payload.insert("additionalModelResponseFields".into(), fields);
        }
        frames.push(("messageStop", Value::Object(payload)));
        frames
    }
}
