//! Amazon Titan Text: a raw prompt, perhaps as a dialogue of `User:` and `Bot:`.
//!
//! The common parameters are accepted at the top level. Nothing is accepted without effect. Bedrock's page lists 0 as the
//! least `maxTokenCount`; an answer has at least one token here.

use serde_json::{Value, json};

use super::text::{self, Piece, Style};
use super::{Codec, Invocation};
use crate::canonical::{Answer, Markup, Prompt, Request, ResponseContext, StopReason};
use crate::error::WireError;
use crate::family::Family;
use crate::json::Fields;
use crate::parameters::{
    ABOVE_ZERO, Absent, Number, Parameter, Parameters, Whole, number, stops, whole,
};
use crate::sampling::TOP_K_MAX;

/// Bedrock names no limit; Converse has this one.
const STOP_SEQUENCES_MAX: usize = 2500;
const GROUP: Option<&str> = Some("textGenerationConfig");

pub(super) const CODEC: Codec = Codec {
    family: Family::TitanText,
    parameters: &[
        Parameters { models: "", group: GROUP, rows: &rows(8192) },
        Parameters { models: "amazon.titan-text-lite", group: GROUP, rows: &rows(4096) },
        Parameters { models: "amazon.titan-text-premier", group: GROUP, rows: &rows(3072) },
    ],
    read,
    encode,
    stream: |context| text::Stream::boxed(Style { chunk, reasoning: None }, &context),
    echo: None,
    tells_logprobs: false,
};

const fn rows(most: u32) -> [Parameter; 5] {
    [
        whole(Whole::MaxTokens, "maxTokenCount", (1, most), Absent::Is(512)),
        number(Number::Temperature, "temperature", (0.0, 1.0), Absent::Is(0.7)),
        number(Number::TopP, "topP", (ABOVE_ZERO, 1.0), Absent::Is(0.9)),
        whole(Whole::TopK, "topK", (0, TOP_K_MAX), Absent::Off),
        stops("stopSequences", STOP_SEQUENCES_MAX),
    ]
}

fn read(
    fields: &mut Fields<'_>,
    parameters: &Parameters,
    _: Invocation<'_>,
) -> Result<Request, WireError> {
    let text = fields.require("inputText")?.text_within(1, usize::MAX)?.to_owned();
    let mut request = Request::new(Prompt::Raw { text, markup: Markup::Titan });
    parameters.read(fields, &mut request)?;
    Ok(request)
}

fn encode(answer: &Answer, _: &ResponseContext) -> Value {
    json!({
        "inputTextTokenCount": text::prompt_tokens(answer.usage),
        "results": [{
            "tokenCount": answer.usage.output,
            "outputText": text::of(answer, None),
            "completionReason": completion_reason(text::reason(answer)),
        }],
    })
}

/// The number is that of the result, of which there is one.
fn chunk(piece: &Piece<'_>) -> Value {
    json!({
        "outputText": piece.text,
        "index": 0,
        "totalOutputTextTokenCount": piece.end.map(|(_, tokens)| tokens),
        "completionReason": piece.end.map(|(reason, _)| completion_reason(reason)),
        "inputTextTokenCount": piece.prompt_tokens,
    })
}

/// The page of the user guide says FINISHED, the service FINISH.
fn completion_reason(reason: StopReason) -> &'static str {
    match reason {
        StopReason::EndTurn => "FINISH",
        StopReason::StopSequence => "STOP_CRITERIA_MET",
        StopReason::MaxTokens | StopReason::ModelContextWindowExceeded => "LENGTH",
        StopReason::ToolUse | StopReason::MalformedToolUse | StopReason::MalformedModelOutput => {
            reason.as_str()
        }
    }
}
