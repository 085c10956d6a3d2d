//! Answers and stream objects: `stream-start`, `text-generation`s, `tool-calls-generation`, `stream-end`.
//!
//! The end of a stream repeats the whole answer. Reasoning has no place in either. A call that was cut off inside its
//! arguments is left out; the finish reason says why.

use serde_json::{Map, Value, json};

use crate::canonical::{
    Answer, AnswerBlock, Block, BlockKind, Event, Prompt, Request, ResponseContext, Role,
    StopReason, Usage,
};
use crate::converse::tool_input;
use crate::families::NativeStream;

/// The body of a unary response.
pub(super) fn encode(answer: &Answer, context: &ResponseContext) -> Value {
    let choice = answer.choices.first();
    let blocks = choice.map_or(&[][..], |choice| &choice.content);
    let reason = choice.map_or(StopReason::MalformedModelOutput, |choice| choice.stop_reason);
    body(blocks, reason, context)
}

fn body(blocks: &[AnswerBlock], reason: StopReason, context: &ResponseContext) -> Value {
    let text: String = blocks
        .iter()
        .filter(|block| block.kind == BlockKind::Text)
        .map(|block| block.text.as_str())
        .collect();
    let mut body = json!({
        "response_id": context.request_id,
        "text": text,
        "generation_id": generation_id(context),
        "finish_reason": finish_reason(reason),
    });
    let calls = calls(blocks);
    if !calls.is_empty() {
        body["tool_calls"] = calls.into();
    }
    body
}

/// Another id than the response's, made of it.
fn generation_id(context: &ResponseContext) -> String {
    format!("gen-{}", context.request_id)
}

fn calls(blocks: &[AnswerBlock]) -> Vec<Value> {
    let call = |block: &AnswerBlock| {
        let BlockKind::ToolUse { name, .. } = &block.kind else { return None };
        Some(json!({"name": name, "parameters": tool_input(&block.text)?}))
    };
    blocks.iter().filter_map(call).collect()
}

fn finish_reason(reason: StopReason) -> &'static str {
    match reason {
        StopReason::EndTurn | StopReason::StopSequence | StopReason::ToolUse => "COMPLETE",
        StopReason::MaxTokens => "MAX_TOKENS",
        StopReason::ModelContextWindowExceeded => "ERROR_LIMIT",
        StopReason::MalformedToolUse | StopReason::MalformedModelOutput => "ERROR",
    }
}

/// Adds `chat_history`: what was said before, the message, and the answer.
pub(super) fn echo(request: &Request, body: &mut Value) {
    add_history(history(request), body);
}

fn add_history(mut history: Vec<Value>, body: &mut Value) {
    if let Some(text) = body["text"].as_str().filter(|text| !text.is_empty()) {
        history.push(json!({"role": "CHATBOT", "message": text}));
    }
    body["chat_history"] = history.into();
}

fn history(request: &Request) -> Vec<Value> {
    let messages = match &request.prompt {
        Prompt::Raw { text, .. } => return vec![json!({"role": "USER", "message": text})],
        Prompt::Turns(turns) => &turns.messages,
    };
    let said = messages.iter().flat_map(|message| {
        let role = match message.role {
            Role::User => "USER",
            Role::Assistant => "CHATBOT",
        };
        message.content.iter().filter_map(move |block| match block {
            Block::Text(text) => Some(json!({"role": role, "message": text})),
            Block::ToolUse { .. }
            | Block::ToolResult { .. }
            | Block::Reasoning(_)
            | Block::Document(_) => None,
        })
    });
    said.collect()
}

/// A stream of objects.
pub(super) fn stream(context: ResponseContext) -> Box<dyn NativeStream> {
    Box::new(Stream {
        context,
        history: None,
        blocks: Vec::new(),
        reason: StopReason::MalformedModelOutput,
    })
}

#[derive(Clone, Debug)]
struct Stream {
    context: ResponseContext,
    /// What was said before the answer, if it is known.
    history: Option<Vec<Value>>,
    /// What came so far: the end of the stream repeats it.
    blocks: Vec<AnswerBlock>,
    reason: StopReason,
}

fn object(kind: &str, key: &str, value: Value) -> Value {
    let mut object = Map::new();
    object.insert("is_finished".into(), (kind == "stream-end").into());
    object.insert("event_type".into(), kind.into());
    object.insert(key.into(), value);
    Value::Object(object)
}

impl NativeStream for Stream {
    fn echo(&mut self, request: &Request) {
        self.history = Some(history(request));
    }

    fn start(&mut self) -> Vec<Value> {
        vec![object("stream-start", "generation_id", generation_id(&self.context).into())]
    }

    fn push(&mut self, event: &Event) -> Vec<Value> {
        match event {
            Event::BlockStart { kind, .. } => {
                self.blocks.push(AnswerBlock { kind: kind.clone(), text: String::new() });
            }
            Event::Delta { text, .. } => {
                let Some(open) = self.blocks.last_mut() else { return Vec::new() };
                open.text.push_str(text);
                if open.kind == BlockKind::Text {
                    return vec![object("text-generation", "text", text.as_str().into())];
                }
            }
            Event::Stop { reason, .. } => {
                self.reason = *reason;
                let calls = calls(&self.blocks);
                if !calls.is_empty() {
                    return vec![object("tool-calls-generation", "tool_calls", calls.into())];
                }
            }
            Event::BlockStop { .. } | Event::Logprobs { .. } | Event::Usage(_) => {}
        }
        Vec::new()
    }

    fn finish(&mut self, usage: Usage) -> Vec<Value> {
        let mut response = body(&self.blocks, self.reason, &self.context);
        if let Some(history) = self.history.take() {
            add_history(history, &mut response);
        }
        response["meta"] = json!({
            "api_version": {"version": "1"},
            "billed_units": {"input_tokens": usage.input, "output_tokens": usage.output},
        });
        let mut end = object("stream-end", "response", response);
        end["finish_reason"] = finish_reason(self.reason).into();
        vec![end]
    }
}
