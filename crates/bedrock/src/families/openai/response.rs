//! `chat.completion` and its chunks.
//!
//! Reasoning stands in the content between `<reasoning>` and `</reasoning>`, as Bedrock has it. The last chunk carries
//! the usage. Finish reasons that OpenAI has no word for are said in Converse's.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::canonical::{Answer, BlockKind, Choice, Event, ResponseContext, StopReason, Usage};
use crate::converse::logprobs_value;
use crate::families::NativeStream;
use crate::families::text::Writing;

/// What stands before and after reasoning.
pub(super) const REASONING: [&str; 2] = ["<reasoning>", "</reasoning>"];
/// Arguments of a call that has none: clients parse the text as JSON.
const NO_ARGUMENTS: &str = "{}";

/// The body of a unary response.
pub(crate) fn encode(answer: &Answer, context: &ResponseContext) -> Value {
    let choices: Vec<Value> =
        answer.choices.iter().zip(0..).map(|(choice, index)| whole_choice(choice, index)).collect();
    let mut body = head(context, "chatcmpl", "chat.completion");
    body["choices"] = choices.into();
    body["usage"] = usage_value(answer.usage);
    body
}

pub(super) fn head(context: &ResponseContext, prefix: &str, object: &str) -> Value {
    json!({
        "id": format!("{prefix}-{}", context.request_id),
        "object": object,
        "created": context.created,
        "model": context.model_id,
    })
}

fn whole_choice(choice: &Choice, index: u32) -> Value {
    let mut content = String::new();
    let mut calls = Vec::new();
    for block in &choice.content {
        match &block.kind {
            BlockKind::Text => content.push_str(&block.text),
            BlockKind::Reasoning => {
                content.extend([REASONING[0], &block.text, REASONING[1]]);
            }
            BlockKind::ToolUse { id, name } => {
                let arguments = if block.text.is_empty() { NO_ARGUMENTS } else { &block.text };
                calls.push(json!({
                    "id": id,
                    "type": "function",
                    "function": {"name": name, "arguments": arguments},
                }));
            }
        }
    }
    let content =
        if content.is_empty() && !calls.is_empty() { Value::Null } else { content.into() };
    let mut message = json!({"role": "assistant", "content": content, "refusal": null});
    if !calls.is_empty() {
        message["tool_calls"] = calls.into();
    }
    json!({
        "index": index,
        "message": message,
        "logprobs": logprobs_value(&choice.logprobs),
        "finish_reason": finish_reason(choice.stop_reason),
    })
}

pub(super) fn finish_reason(reason: StopReason) -> &'static str {
    match reason {
        StopReason::EndTurn | StopReason::StopSequence => "stop",
        StopReason::ToolUse => "tool_calls",
        StopReason::MaxTokens | StopReason::ModelContextWindowExceeded => "length",
        StopReason::MalformedToolUse | StopReason::MalformedModelOutput => reason.as_str(),
    }
}

pub(super) fn usage_value(usage: Usage) -> Value {
    let prompt = usage.input + usage.cache_read + usage.cache_write;
    json!({
        "prompt_tokens": prompt,
        "completion_tokens": usage.output,
        "total_tokens": prompt + usage.output,
        "prompt_tokens_details": {"cached_tokens": usage.cache_read},
    })
}

/// A stream of chunks.
pub(in crate::families) fn stream(context: ResponseContext) -> Box<dyn NativeStream> {
    Box::new(Stream::new(context))
}

/// Chunks of all choices interleaved: the role first, then deltas, then the finish reason.
#[derive(Clone, Debug)]
pub(crate) struct Stream {
    context: ResponseContext,
    choices: BTreeMap<u32, Progress>,
    /// The newest finish chunk: the last one is to carry the usage, so each waits for the next.
    held: Option<Value>,
}

#[derive(Clone, Debug, Default)]
struct Progress {
    writing: Writing,
    /// Tool calls begun.
    calls: u32,
}

impl Progress {
    /// A delta of the newest call's arguments.
    fn arguments(&self, text: &str) -> Value {
        let index = self.calls.saturating_sub(1);
        json!({"tool_calls": [{"index": index, "function": {"arguments": text}}]})
    }
}

impl Stream {
    pub(crate) fn new(context: ResponseContext) -> Self {
        Stream { context, choices: BTreeMap::new(), held: None }
    }
}

impl NativeStream for Stream {
    fn push(&mut self, event: &Event) -> Vec<Value> {
        match event {
            Event::BlockStart { choice, kind, .. } => self.block_start(*choice, kind),
            Event::Delta { choice, text, .. } => self.delta(*choice, text),
            Event::BlockStop { choice, .. } => self.block_stop(*choice),
            Event::Logprobs { choice, tokens } => {
                let mut chunks = self.begin(*choice);
                let mut chunk = self.chunk(*choice, json!({"content": ""}), None);
                chunk["choices"][0]["logprobs"] = logprobs_value(tokens);
                chunks.push(chunk);
                chunks
            }
            Event::Stop { choice, reason, .. } => {
                let mut chunks = self.begin(*choice);
                let last = self.chunk(*choice, json!({}), Some(finish_reason(*reason)));
                chunks.extend(self.held.replace(last));
                chunks
            }
            Event::Usage(_) => Vec::new(),
        }
    }

    fn finish(&mut self, usage: Usage) -> Vec<Value> {
        let mut last = self.last();
        last["usage"] = usage_value(usage);
        vec![last]
    }
}

impl Stream {
    /// The last chunk of the choices, with a finish reason and without usage.
    pub(crate) fn last(&mut self) -> Value {
        match self.held.take() {
            Some(held) => held,
            None => self.chunk(0, json!({}), Some(StopReason::MalformedModelOutput.as_str())),
        }
    }

    /// A chunk of no choice, for the usage alone.
    pub(crate) fn usage_chunk(&self, usage: Usage) -> Value {
        let mut chunk = head(&self.context, "chatcmpl", "chat.completion.chunk");
        chunk["choices"] = json!([]);
        chunk["usage"] = usage_value(usage);
        chunk
    }

    /// The chunk with the role, before any other of its choice.
    fn begin(&mut self, choice: u32) -> Vec<Value> {
        if self.choices.contains_key(&choice) {
            return Vec::new();
        }
        self.choices.insert(choice, Progress::default());
        vec![self.chunk(choice, json!({"role": "assistant", "content": ""}), None)]
    }

    fn block_start(&mut self, choice: u32, kind: &BlockKind) -> Vec<Value> {
        let mut chunks = self.begin(choice);
        let progress = self.choices.entry(choice).or_default();
        progress.writing.start(kind);
        if let BlockKind::ToolUse { id, name } = kind {
            let call = json!({
                "index": progress.calls,
                "id": id,
                "type": "function",
                "function": {"name": name, "arguments": ""},
            });
            progress.calls += 1;
            chunks.push(self.chunk(choice, json!({"tool_calls": [call]}), None));
        }
        chunks
    }

    fn delta(&mut self, choice: u32, text: &str) -> Vec<Value> {
        let Some(progress) = self.choices.get_mut(&choice) else { return Vec::new() };
        let delta = match progress.writing.delta(text, Some(REASONING)) {
            Some(content) => json!({"content": content}),
            None if progress.writing.in_call() => progress.arguments(text),
            None => return Vec::new(),
        };
        vec![self.chunk(choice, delta, None)]
    }

    fn block_stop(&mut self, choice: u32) -> Vec<Value> {
        let Some(progress) = self.choices.get_mut(&choice) else { return Vec::new() };
        let no_arguments = progress.writing.in_call() && progress.writing.is_silent();
        let written = progress.writing.stop(Some(REASONING));
        let delta = if no_arguments {
            progress.arguments(NO_ARGUMENTS)
        } else if let Some(content) = written {
            json!({"content": content})
        } else {
            return Vec::new();
        };
        vec![self.chunk(choice, delta, None)]
    }

    #[expect(clippy::needless_pass_by_value, reason = "the delta becomes part of the chunk")]
    fn chunk(&self, choice: u32, delta: Value, reason: Option<&str>) -> Value {
        let mut chunk = head(&self.context, "chatcmpl", "chat.completion.chunk");
        chunk["choices"] =
            json!([{"index": choice, "delta": delta, "logprobs": null, "finish_reason": reason}]);
        chunk
    }
}
