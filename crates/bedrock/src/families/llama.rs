//! Meta Llama: a raw prompt that carries Llama's own template markup.
//!
//! Accepted beyond Bedrock's own keys: `top_k` and the common sampling parameters. Nothing is accepted without effect.

use serde_json::{Value, json};

use crate::canonical::{
    Answer, BlockKind, Event, Markup, Prompt, Request, ResponseContext, StopReason, Usage,
};
use crate::error::WireError;
use crate::json::Fields;
use crate::sampling::{self, TOP_K_MAX};

const TEMPERATURE: f32 = 0.5;
const TOP_P: f32 = 0.9;
const MAX_GEN_LEN: u32 = 512;
const MAX_GEN_LEN_LIMIT: u32 = 2048;

pub(super) fn read_request(fields: &mut Fields<'_>) -> Result<Request, WireError> {
    let text = fields.require("prompt")?.text_within(1, usize::MAX)?.to_owned();
    let mut request = Request::new(Prompt::Raw { text, markup: Markup::Llama });
    let sampling = &mut request.sampling;
    sampling.temperature = fields.number("temperature", 0.0, 1.0)?.or(Some(TEMPERATURE));
    sampling.top_p = fields.number("top_p", 0.0, 1.0)?.or(Some(TOP_P));
    sampling.top_k = fields.integer("top_k", 0, TOP_K_MAX)?;
    sampling::read_common(fields, sampling)?;
    request.max_tokens = fields.integer("max_gen_len", 1, MAX_GEN_LEN_LIMIT)?.or(Some(MAX_GEN_LEN));
    fields.refuse(&["images"], "this model doesn't support images")?;
    Ok(request)
}

pub(super) fn encode_answer(answer: &Answer) -> Value {
    let choice = answer.choices.first();
    let blocks = choice.map_or(&[][..], |choice| &choice.content);
    let text: String = blocks
        .iter()
        .filter(|block| block.kind == BlockKind::Text)
        .map(|block| block.text.as_str())
        .collect();
    json!({
        "generation": text,
        "prompt_token_count": prompt_tokens(answer.usage),
        "generation_token_count": answer.usage.output,
        "stop_reason": choice.map(|choice| stop_reason(choice.stop_reason)),
    })
}

fn prompt_tokens(usage: Usage) -> u64 {
    usage.input + usage.cache_read + usage.cache_write
}

/// Llama knows two reasons; what is neither is said in Converse's words rather than passed off as one of them.
fn stop_reason(reason: StopReason) -> &'static str {
    match reason {
        StopReason::EndTurn | StopReason::StopSequence => "stop",
        StopReason::MaxTokens | StopReason::ModelContextWindowExceeded => "length",
        StopReason::ToolUse | StopReason::MalformedToolUse | StopReason::MalformedModelOutput => {
            reason.as_str()
        }
    }
}

/// One chunk a delta; the first carries the prompt's length, the last the counts and the reason.
#[derive(Clone, Debug)]
pub(super) struct Stream {
    /// Known until the first chunk is sent.
    prompt_tokens: Option<u64>,
    in_text: bool,
    reason: StopReason,
}

impl Stream {
    pub(super) fn new(context: &ResponseContext) -> Self {
        Stream {
            prompt_tokens: Some(context.input_tokens),
            in_text: false,
            reason: StopReason::MalformedModelOutput,
        }
    }

    pub(super) fn push(&mut self, event: &Event) -> Vec<Value> {
        match event {
            Event::BlockStart { kind, .. } => self.in_text = *kind == BlockKind::Text,
            Event::Delta { text, .. } if self.in_text => return vec![self.chunk(text, None, None)],
            Event::Stop { reason, .. } => self.reason = *reason,
            Event::Delta { .. }
            | Event::BlockStop { .. }
            | Event::Logprobs { .. }
            | Event::Usage(_) => {}
        }
        Vec::new()
    }

    pub(super) fn finish(&mut self, usage: Usage) -> Vec<Value> {
        vec![self.chunk("", Some(usage.output), Some(stop_reason(self.reason)))]
    }

    fn chunk(&mut self, text: &str, generated: Option<u64>, reason: Option<&str>) -> Value {
        json!({
            "generation": text,
            "prompt_token_count": self.prompt_tokens.take(),
            "generation_token_count": generated,
            "stop_reason": reason,
        })
    }
}
