//! Mistral text completion: a raw prompt that carries Mistral's own template markup.
//!
//! The common parameters are accepted beside Bedrock's own keys. Nothing is accepted without effect.

use serde_json::{Value, json};

use super::Codec;
use super::text::{self, Piece, Style};
use crate::canonical::{Answer, Markup, ResponseContext, StopReason};
use crate::family::Family;
use crate::parameters::{Absent, Number, Parameter, Parameters, Whole, number, stops, whole};

const TOP_K: (u32, u32) = (1, 200);
const STOPS: Parameter = stops("stop", 10);

pub(super) const CODEC: Codec = Codec {
    family: Family::MistralText,
    parameters: &[
        Parameters { models: "", group: None, rows: &open_weights(8192) },
        Parameters { models: "mistral.mixtral", group: None, rows: &open_weights(4096) },
        Parameters { models: "mistral.mistral-large", group: None, rows: LARGE_AND_SMALL },
        Parameters { models: "mistral.mistral-small", group: None, rows: LARGE_AND_SMALL },
    ],
    read: |fields, parameters, _| text::read_prompt(fields, parameters, Markup::Mistral),
    encode,
    stream: |context| text::Stream::boxed(Style { chunk, reasoning: None }, &context),
    echo: None,
    tells_logprobs: false,
};

/// Mistral 7B and Mixtral 8x7B.
const fn open_weights(most: u32) -> [Parameter; 5] {
    [
        whole(Whole::MaxTokens, "max_tokens", (1, most), Absent::Is(512)),
        number(Number::Temperature, "temperature", (0.0, 1.0), Absent::Is(0.5)),
        number(Number::TopP, "top_p", (0.0, 1.0), Absent::Is(0.9)),
        whole(Whole::TopK, "top_k", TOP_K, Absent::Is(50)),
        STOPS,
    ]
}

const LARGE_AND_SMALL: &[Parameter] = &[
    whole(Whole::MaxTokens, "max_tokens", (1, 8192), Absent::Is(8192)),
    number(Number::Temperature, "temperature", (0.0, 1.0), Absent::Is(0.7)),
    number(Number::TopP, "top_p", (0.0, 1.0), Absent::Is(1.0)),
    whole(Whole::TopK, "top_k", TOP_K, Absent::Off),
    STOPS,
];

fn encode(answer: &Answer, _: &ResponseContext) -> Value {
    output(&text::of(answer, None), Some(text::reason(answer)))
}

fn chunk(piece: &Piece<'_>) -> Value {
    output(piece.text, piece.end.map(|(reason, _)| reason))
}

fn output(text: &str, reason: Option<StopReason>) -> Value {
    json!({"outputs": [{"text": text, "stop_reason": reason.map(text::stop_or_length)}]})
}
