//! Mistral chat completion: OpenAI's messages and tools, Mistral's own choice of tools and answer.
//!
//! Accepted beyond Bedrock's own keys: `top_k` and the common parameters. Accepted without effect: `name` of messages.
//! Reasoning has no place in the answer. A call is sent in one chunk, as Mistral has it.

use serde_json::{Value, json};

use super::{Codec, Invocation, NativeStream, openai};
use crate::canonical::{
    Answer, AnswerBlock, BlockKind, Event, Request, StopReason, ToolChoice, Usage,
};
use crate::conversation;
use crate::error::WireError;
use crate::family::Family;
use crate::json::Fields;
use crate::parameters::{Absent, Number, Parameters, Whole, number, stops, whole};
use crate::sampling::TOP_K_MAX;

/// Arguments of a call that has none: clients parse the text as JSON.
const NO_ARGUMENTS: &str = "{}";

pub(super) const CODEC: Codec = Codec {
    family: Family::MistralChat,
    parameters: &[Parameters {
        models: "",
        group: None,
        rows: &[
            whole(Whole::MaxTokens, "max_tokens", (1, 8192), Absent::Is(8192)),
            number(Number::Temperature, "temperature", (0.0, 1.0), Absent::Is(0.7)),
            number(Number::TopP, "top_p", (0.0, 1.0), Absent::Is(1.0)),
            whole(Whole::TopK, "top_k", (0, TOP_K_MAX), Absent::Off),
            stops("stop", 10),
        ],
    }],
    read,
    encode: |answer, _| encode(answer),
    stream: |_| Box::new(Stream::default()),
    echo: None,
    tells_logprobs: false,
};

fn read(
    fields: &mut Fields<'_>,
    parameters: &Parameters,
    _: Invocation<'_>,
) -> Result<Request, WireError> {
    let mut request = openai::read_chat(fields, parameters)?;
    request.tools = openai::read_tool_list(fields)?;
    if let Some(node) = fields.take("tool_choice") {
        request.tool_choice = node.word(&[
            ("auto", ToolChoice::Auto),
            ("any", ToolChoice::Any),
            ("none", ToolChoice::None),
        ])?;
    }
    conversation::check_tools(&request.tools, &request.tool_choice, "tools")?;
    openai::read_response_format(fields, &mut request)?;
    Ok(request)
}

fn encode(answer: &Answer) -> Value {
    let choice = answer.choices.first();
    let blocks = choice.map_or(&[][..], |choice| &choice.content);
    let text: String = blocks
        .iter()
        .filter(|block| block.kind == BlockKind::Text)
        .map(|block| block.text.as_str())
        .collect();
    let calls: Vec<Value> = blocks.iter().filter_map(call).collect();
    let reason = choice.map_or(StopReason::MalformedModelOutput, |choice| choice.stop_reason);
    body(&text, calls, Some(reason))
}

/// A call, its arguments as far as they came.
fn call(block: &AnswerBlock) -> Option<Value> {
    let BlockKind::ToolUse { id, name } = &block.kind else { return None };
    let arguments = if block.text.is_empty() { NO_ARGUMENTS } else { &block.text };
    Some(json!({"id": id, "function": {"name": name, "arguments": arguments}}))
}

fn body(text: &str, calls: Vec<Value>, reason: Option<StopReason>) -> Value {
    let mut message = json!({"role": "assistant", "content": text});
    if !calls.is_empty() {
        message["tool_calls"] = calls.into();
    }
    let reason = reason.map(stop_reason);
    json!({"choices": [{"index": 0, "message": message, "stop_reason": reason}]})
}

fn stop_reason(reason: StopReason) -> &'static str {
    match reason {
        StopReason::ToolUse => "tool_calls",
        other => super::text::stop_or_length(other),
    }
}

/// Each chunk has the shape of the answer: texts as they come, each call when it is complete, then the reason.
#[derive(Clone, Debug, Default)]
struct Stream {
    open: Option<AnswerBlock>,
    reason: Option<StopReason>,
}

impl NativeStream for Stream {
    fn push(&mut self, event: &Event) -> Vec<Value> {
        match event {
            Event::BlockStart { kind, .. } => {
                self.open = Some(AnswerBlock { kind: kind.clone(), text: String::new() });
            }
            Event::Delta { text, .. } => match &mut self.open {
                Some(AnswerBlock { kind: BlockKind::Text, .. }) => {
                    return vec![body(text, Vec::new(), None)];
                }
                Some(block) => block.text.push_str(text),
                None => {}
            },
            Event::BlockStop { .. } => {
                let call = self.open.take().and_then(|block| call(&block));
                return call.into_iter().map(|call| body("", vec![call], None)).collect();
            }
            Event::Stop { reason, .. } => self.reason = Some(*reason),
            Event::Logprobs { .. } | Event::Usage(_) => {}
        }
        Vec::new()
    }

    fn finish(&mut self, _: Usage) -> Vec<Value> {
        let reason = self.reason.unwrap_or(StopReason::MalformedModelOutput);
        vec![body("", Vec::new(), Some(reason))]
    }
}
