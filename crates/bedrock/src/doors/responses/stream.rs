//! The typed events of one response, numbered: `response.created` and `response.in_progress`; of each item
//! `response.output_item.added`, its parts and deltas, `response.output_item.done`; then `response.completed`,
//! `response.incomplete` or `response.failed`.

use serde_json::{Map, Value, json};

use super::Echo;
use super::response::{
    NO_ARGUMENTS, Status, end, error_value, item, item_id, part, response, usage_value,
};
use crate::canonical::{
    AnswerBlock, BlockKind, Event, Latency, ResponseContext, StopReason, Usage,
};
use crate::error::WireError;
use crate::sse;

/// Turns canonical events into those of one stream.
#[derive(Clone, Debug)]
pub struct StreamEncoder {
    context: ResponseContext,
    echo: Echo,
    sequence: u64,
    /// Items that are done.
    output: Vec<Value>,
    /// The item being written. It is done only when more comes, or the end says whether the answer was cut off in it.
    open: Option<Open>,
    /// A block that began and has said nothing: text becomes an item once it has some.
    next: Option<BlockKind>,
    stop: Option<StopReason>,
}

#[derive(Clone, Debug)]
struct Open {
    id: String,
    block: AnswerBlock,
}

impl StreamEncoder {
    /// An encoder for one response.
    #[must_use]
    pub fn new(context: ResponseContext, echo: Echo) -> Self {
        let (output, open, next, stop) = (Vec::new(), None, None, None);
        StreamEncoder { context, echo, sequence: 0, output, open, next, stop }
    }

    /// The events before the first of the answer.
    #[must_use]
    pub fn start(&mut self) -> Vec<sse::Event> {
        let body = response(&self.context, &self.echo, Status::InProgress, &[]);
        ["response.created", "response.in_progress"]
            .map(|name| self.event(name, json!({"response": body})))
            .into()
    }

    /// The events of an event.
    #[must_use]
    pub fn push(&mut self, event: &Event) -> Vec<sse::Event> {
        match event {
            Event::BlockStart { kind, .. } => self.block_start(kind),
            Event::Delta { text, .. } => self.delta(text),
            Event::Stop { reason, .. } => {
                self.stop = Some(*reason);
                self.item_done(Status::of(*reason).of_last_item())
            }
            Event::BlockStop { .. } | Event::Logprobs { .. } | Event::Usage(_) => Vec::new(),
        }
    }

    /// The last event. A response without a stop failed.
    #[must_use]
    pub fn finish(&mut self, usage: Usage, _latency: Latency) -> Vec<sse::Event> {
        let mut events = self.item_done(Status::Incomplete);
        let reason = self.stop.unwrap_or(StopReason::MalformedModelOutput);
        let status = Status::of(reason);
        let mut body = self.body(status);
        end(&mut body, reason);
        body["usage"] = usage_value(usage);
        let name = match status {
            Status::Completed => "response.completed",
            Status::Incomplete => "response.incomplete",
            Status::Failed | Status::InProgress => "response.failed",
        };
        events.push(self.event(name, json!({"response": body})));
        events
    }

    /// The last events of a response that an error ended.
    #[must_use]
    pub fn fail(&mut self, error: &WireError) -> Vec<sse::Event> {
        let mut events = self.item_done(Status::Incomplete);
        let mut body = self.body(Status::Failed);
        body["error"] = error_value(error);
        events.push(self.event("response.failed", json!({"response": body})));
        events
    }

    fn body(&self, status: Status) -> Value {
        response(&self.context, &self.echo, status, &self.output)
    }

    fn block_start(&mut self, kind: &BlockKind) -> Vec<sse::Event> {
        self.next = Some(kind.clone());
        if has_part(kind) { Vec::new() } else { self.item_added() }
    }

    fn delta(&mut self, text: &str) -> Vec<sse::Event> {
        let mut events = self.item_added();
        events.extend(self.more(text));
        events
    }

    /// More of the open item.
    fn more(&mut self, text: &str) -> Option<sse::Event> {
        let open = self.open.as_mut()?;
        open.block.text.push_str(text);
        let (name, members) = match open.block.kind {
            BlockKind::Text => {
                ("response.output_text.delta", json!({"delta": text, "logprobs": []}))
            }
            BlockKind::Reasoning => ("response.reasoning_text.delta", json!({"delta": text})),
            BlockKind::ToolUse { .. } => {
                ("response.function_call_arguments.delta", json!({"delta": text}))
            }
        };
        self.item_event(name, members)
    }

    /// Ends the open item and tells the next one, if there is one.
    fn item_added(&mut self) -> Vec<sse::Event> {
        let Some(kind) = self.next.take() else { return Vec::new() };
        let mut events = self.item_done(Status::Completed);
        let id = item_id(&self.context, &kind, self.output.len());
        let block = AnswerBlock { kind, text: String::new() };
        let added = item(&block, &id, Status::InProgress);
        let empty = has_part(&block.kind).then(|| part(&block.kind, ""));
        self.open = Some(Open { id, block });
        let members = json!({"output_index": self.output.len(), "item": added});
        events.push(self.event("response.output_item.added", members));
        if let Some(part) = empty {
            events.extend(self.item_event("response.content_part.added", json!({"part": part})));
        }
        events
    }

    /// Ends the open item, if there is one.
    fn item_done(&mut self, status: Status) -> Vec<sse::Event> {
        let mut events = Vec::new();
        let is_bare = |open: &Open| !has_part(&open.block.kind) && open.block.text.is_empty();
        if self.open.as_ref().is_some_and(is_bare) {
            events.extend(self.more(NO_ARGUMENTS));
        }
        let Some(open) = self.open.clone() else { return events };
        let text = &open.block.text;
        let (name, members) = match open.block.kind {
            BlockKind::Text => ("response.output_text.done", json!({"text": text, "logprobs": []})),
            BlockKind::Reasoning => ("response.reasoning_text.done", json!({"text": text})),
            BlockKind::ToolUse { ref name, .. } => {
                ("response.function_call_arguments.done", json!({"name": name, "arguments": text}))
            }
        };
        events.extend(self.item_event(name, members));
        if has_part(&open.block.kind) {
            let part = part(&open.block.kind, text);
            events.extend(self.item_event("response.content_part.done", json!({"part": part})));
        }
        let done = item(&open.block, &open.id, status);
        let members = json!({"output_index": self.output.len(), "item": done});
        events.push(self.event("response.output_item.done", members));
        self.output.push(done);
        self.open = None;
        events
    }

    /// An event about the open item, or about its content part.
    fn item_event(&mut self, name: &str, members: Value) -> Option<sse::Event> {
        let open = self.open.as_ref()?;
        let mut place = json!({"item_id": open.id, "output_index": self.output.len()});
        if has_part(&open.block.kind) {
            place["content_index"] = json!(0);
        }
        Some(self.event(name, merged(place, members)))
    }

    /// An event with its number.
    fn event(&mut self, name: &str, members: Value) -> sse::Event {
        let head = json!({"type": name, "sequence_number": self.sequence});
        self.sequence += 1;
        sse::Event::typed(&merged(head, members))
    }
}

fn has_part(kind: &BlockKind) -> bool {
    !matches!(kind, BlockKind::ToolUse { .. })
}

fn merged(head: Value, more: Value) -> Value {
    let mut members = Map::new();
    for part in [head, more] {
        if let Value::Object(part) = part {
            members.extend(part);
        }
    }
    Value::Object(members)
}
