//! Imported models: which of three forms a body has, and the oldest of them.
//!
//! Bedrock tells the forms apart by field: `messages` is a chat completion (see `openai`), `prompt` with `max_tokens` an
//! OpenAI completion, `prompt` otherwise a BedrockCompletion, which is Llama's body and answer. Accepted beyond its own
//! keys: `top_k`, `stop` and the common parameters. Nothing is accepted without effect. No page names the length of an
//! answer when `max_gen_len` is absent; it is Llama's.
//! Source: "Invoke your imported model" in the Bedrock user guide.

use serde_json::Value;

use super::text;
use super::{Codec, Invocation, llama, openai};
use crate::canonical::{Answer, Markup, Request, ResponseContext};
use crate::error::WireError;
use crate::family::Family;
use crate::json::{Fields, Node};
use crate::parameters::{Absent, Number, Parameters, Whole, number, stop_or_stops, whole};
use crate::sampling::TOP_K_MAX;

pub(super) const CODEC: Codec = Codec {
    family: Family::ImportedCompletion,
    parameters: &[Parameters {
        models: "",
        group: None,
        rows: &[
            whole(Whole::MaxTokens, "max_gen_len", (1, u32::MAX), Absent::Is(512)),
            number(Number::Temperature, "temperature", (0.0, 2.0), Absent::Model),
            number(Number::TopP, "top_p", (0.0, 1.0), Absent::Model),
            whole(Whole::TopK, "top_k", (0, TOP_K_MAX), Absent::Off),
            stop_or_stops("stop", 10),
        ],
    }],
    read,
    encode,
    stream: |context| text::Stream::boxed(llama::STYLE, &context),
    echo: None,
    tells_logprobs: false,
};

/// The family of a body for a model of no known vendor.
pub(super) fn told(body: &Node<'_>) -> Result<Family, WireError> {
    let map = body.object()?;
    let has = |key: &str| map.get(key).is_some_and(|value| !value.is_null());
    if has("messages") {
        Ok(Family::OpenAiChat)
    } else if has("prompt") && has("max_tokens") {
        Ok(Family::OpenAiCompletion)
    } else if has("prompt") {
        Ok(Family::ImportedCompletion)
    } else {
        Err(body.error(
            "expected messages, or prompt with max_tokens, or prompt with max_gen_len: nothing else \
             tells which of the forms of an imported model this is",
        ))
    }
}

fn read(
    fields: &mut Fields<'_>,
    parameters: &Parameters,
    _: Invocation<'_>,
) -> Result<Request, WireError> {
    let mut request = text::read_prompt(fields, parameters, Markup::None)?;
    openai::read_response_format(fields, &mut request)?;
    fields.refuse(&["images"], "this model doesn't support images")?;
    if fields.boolean("return_logprobs")? == Some(true) {
        let why = "this form has log-probabilities by token id, which this server does not tell; the \
                   form with max_tokens has them by text";
        fields.refuse(&["return_logprobs"], why)?;
    }
    Ok(request)
}

fn encode(answer: &Answer, context: &ResponseContext) -> Value {
    let mut body = llama::encode(answer, context);
    body["logprobs"] = Value::Null;
    body
}
