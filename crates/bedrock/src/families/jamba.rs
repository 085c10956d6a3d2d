//! AI21 Jamba: chat completions with defaults and ranges of their own.
//!
//! Accepted beyond Jamba's own keys: `top_k` and the common parameters. Accepted without effect: `name` of messages. As
//! Bedrock has it, several answers cannot be streamed, and need a temperature above 0 to differ. Bedrock's page lists 0
//! as the least `max_tokens`; an answer has at least one token here.

use super::{Codec, Invocation, openai};
use crate::canonical::Request;
use crate::error::WireError;
use crate::family::Family;
use crate::json::Fields;
use crate::parameters::{Absent, Number, Parameters, Whole, number, stop_or_stops, whole};
use crate::sampling::TOP_K_MAX;

/// Bedrock names no limit.
const STOP_SEQUENCES_MAX: usize = 2500;

pub(super) const CODEC: Codec = Codec {
    family: Family::Jamba,
    parameters: &[Parameters {
        models: "",
        group: None,
        rows: &[
            whole(Whole::MaxTokens, "max_tokens", (1, 4096), Absent::Is(4096)),
            number(Number::Temperature, "temperature", (0.0, 2.0), Absent::Is(1.0)),
            number(Number::TopP, "top_p", (0.0, 1.0), Absent::Is(1.0)),
            whole(Whole::TopK, "top_k", (0, TOP_K_MAX), Absent::Off),
            stop_or_stops("stop", STOP_SEQUENCES_MAX),
            whole(Whole::Choices, "n", (1, 16), Absent::Is(1)),
        ],
    }],
    read,
    encode: openai::encode,
    stream: openai::stream,
    echo: None,
    tells_logprobs: true,
};

fn read(
    fields: &mut Fields<'_>,
    parameters: &Parameters,
    invocation: Invocation<'_>,
) -> Result<Request, WireError> {
    let mut request = openai::read_chat(fields, parameters)?;
    if request.choices > 1 && invocation.streaming == Some(true) {
        fields.refuse(&["n"], "must be 1 for streaming responses")?;
    }
    if request.choices > 1 && request.sampling.temperature == Some(0.0) {
        fields.refuse(&["n"], "must be 1 at temperature 0, where all answers are the same")?;
    }
    openai::read_tools(fields, &mut request)?;
    openai::read_agreement(fields, &mut request, invocation)?;
    openai::read_response_format(fields, &mut request)?;
    fields.refuse(&["documents"], "documents are not supported yet; put them into a message")?;
    Ok(request)
}
