//! DeepSeek-R1 text completion: a raw prompt that carries DeepSeek's own template markup.
//!
//! Reasoning stands in the text between `<think>` and `</think>`, as the model itself writes it. Accepted beyond
//! Bedrock's own keys: `top_k` and the common parameters. Nothing is accepted without effect.

use serde_json::{Value, json};

use super::Codec;
use super::text::{self, Piece, Style};
use crate::canonical::{Answer, Markup, ResponseContext, StopReason};
use crate::family::Family;
use crate::parameters::{Absent, Number, Parameters, Whole, number, stops, whole};
use crate::sampling::TOP_K_MAX;

const THINKING: [&str; 2] = ["<think>\n", "\n</think>\n\n"];

pub(super) const CODEC: Codec = Codec {
    family: Family::DeepSeek,
    parameters: &[Parameters {
        models: "",
        group: None,
        rows: &[
            whole(Whole::MaxTokens, "max_tokens", (1, 32_768), Absent::Model),
            number(Number::Temperature, "temperature", (0.0, 1.0), Absent::Model),
            number(Number::TopP, "top_p", (0.0, 1.0), Absent::Model),
            whole(Whole::TopK, "top_k", (0, TOP_K_MAX), Absent::Off),
            stops("stop", 10),
        ],
    }],
    read: |fields, parameters, _| text::read_prompt(fields, parameters, Markup::DeepSeek),
    encode,
    stream: |context| text::Stream::boxed(Style { chunk, reasoning: Some(THINKING) }, &context),
    echo: None,
    tells_logprobs: false,
};

fn encode(answer: &Answer, _: &ResponseContext) -> Value {
    choice(&text::of(answer, Some(THINKING)), Some(text::reason(answer)))
}

fn chunk(piece: &Piece<'_>) -> Value {
    choice(piece.text, piece.end.map(|(reason, _)| reason))
}

fn choice(text: &str, reason: Option<StopReason>) -> Value {
    json!({"choices": [{"index": 0, "text": text, "stop_reason": reason.map(text::stop_or_length)}]})
}
