//! Meta Llama: a raw prompt that carries Llama's own template markup.
//!
//! Accepted beyond Bedrock's own keys: `top_k` and the common parameters. Nothing is accepted without effect.

use serde_json::{Value, json};

use super::text::{self, Piece, Style};
use super::{Codec, Invocation};
use crate::canonical::{Answer, Markup, Request, ResponseContext};
use crate::error::WireError;
use crate::family::Family;
use crate::json::Fields;
use crate::parameters::{Absent, Number, Parameters, Whole, number, whole};
use crate::sampling::TOP_K_MAX;

pub(super) const CODEC: Codec = Codec {
    family: Family::MetaLlama,
    parameters: &[Parameters {
        models: "",
        group: None,
        rows: &[
            whole(Whole::MaxTokens, "max_gen_len", (1, 2048), Absent::Is(512)),
            number(Number::Temperature, "temperature", (0.0, 1.0), Absent::Is(0.5)),
            number(Number::TopP, "top_p", (0.0, 1.0), Absent::Is(0.9)),
            whole(Whole::TopK, "top_k", (0, TOP_K_MAX), Absent::Off),
        ],
    }],
    read,
    encode,
    stream: |context| text::Stream::boxed(STYLE, &context),
    echo: None,
    tells_logprobs: false,
};

pub(super) const STYLE: Style = Style { chunk, reasoning: None };

fn read(
    fields: &mut Fields<'_>,
    parameters: &Parameters,
    _: Invocation<'_>,
) -> Result<Request, WireError> {
    let request = text::read_prompt(fields, parameters, Markup::Llama)?;
    fields.refuse(&["images"], "this model doesn't support images")?;
    Ok(request)
}

pub(super) fn encode(answer: &Answer, _: &ResponseContext) -> Value {
    json!({
        "generation": text::of(answer, None),
        "prompt_token_count": text::prompt_tokens(answer.usage),
        "generation_token_count": answer.usage.output,
        "stop_reason": text::stop_or_length(text::reason(answer)),
    })
}

/// The first chunk carries the prompt's length, the last the answer's and the reason.
fn chunk(piece: &Piece<'_>) -> Value {
    json!({
        "generation": piece.text,
        "prompt_token_count": piece.prompt_tokens,
        "generation_token_count": piece.end.map(|(_, tokens)| tokens),
        "stop_reason": piece.end.map(|(reason, _)| text::stop_or_length(reason)),
    })
}
