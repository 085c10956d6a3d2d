//! OpenAI completions: a plain prompt, as imported models speak it.
//!
//! Accepted beyond OpenAI's own keys: `top_k`, `min_p`, `repetition_penalty`. Accepted without effect: `user`. Reasoning
//! and the usage stand where chat completions have them.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::response::{REASONING, finish_reason, head, usage_value};
use super::{read_agreement, read_response_format};
use crate::canonical::{
    Answer, BlockKind, Choice, Event, Markup, Request, ResponseContext, StopReason, TokenLogprob,
    Usage,
};
use crate::converse::{finite, insert_explanations};
use crate::error::WireError;
use crate::families::{Codec, Invocation, NativeStream, text};
use crate::family::Family;
use crate::json::Fields;
use crate::parameters::{
    Absent, Kind, Number, Parameters, Whole, logprobs, number, stop_or_stops, whole,
};
use crate::sampling::TOP_K_MAX;

pub(in crate::families) const CODEC: Codec = Codec {
    family: Family::OpenAiCompletion,
    parameters: &[Parameters {
        models: "",
        group: None,
        rows: &[
            whole(Whole::MaxTokens, "max_tokens", (1, u32::MAX), Absent::Required),
            number(Number::Temperature, "temperature", (0.0, 2.0), Absent::Model),
            number(Number::TopP, "top_p", (0.0, 1.0), Absent::Model),
            whole(Whole::TopK, "top_k", (0, TOP_K_MAX), Absent::Off),
            stop_or_stops("stop", super::STOP_SEQUENCES_MAX),
            whole(Whole::Choices, "n", (1, super::CHOICES_MAX), Absent::Is(1)),
            logprobs(Kind::LogprobCount),
        ],
    }],
    read,
    encode,
    stream: |context| Box::new(Stream { context, choices: BTreeMap::new(), held: None }),
    echo: None,
    tells_logprobs: true,
};

fn read(
    fields: &mut Fields<'_>,
    parameters: &Parameters,
    invocation: Invocation<'_>,
) -> Result<Request, WireError> {
    let mut request = text::read_prompt(fields, parameters, Markup::None)?;
    read_agreement(fields, &mut request, invocation)?;
    read_response_format(fields, &mut request)?;
    fields.refuse(&["structured_outputs"], "structured output is not supported yet")?;
    if fields.boolean("echo")? == Some(true) {
        fields.refuse(&["echo"], "the prompt cannot be repeated in the answer")?;
    }
    fields.refuse(&["suffix"], "text cannot be inserted before a suffix")?;
    fields.refuse(&["best_of"], "choosing the best of several answers is not supported; use n")?;
    fields.refuse(&["prompt_logprobs"], "the prompt's log-probabilities are not computed")?;
    fields.ignore(&["user"], &mut request.ignored);
    Ok(request)
}

fn encode(answer: &Answer, context: &ResponseContext) -> Value {
    let choices: Vec<Value> =
        answer.choices.iter().zip(0..).map(|(choice, index)| whole_choice(choice, index)).collect();
    let mut body = head(context, "cmpl", "text_completion");
    body["choices"] = choices.into();
    body["usage"] = usage_value(answer.usage);
    body
}

fn whole_choice(choice: &Choice, index: u32) -> Value {
    let mut text = String::new();
    for block in &choice.content {
        match &block.kind {
            BlockKind::Text => text.push_str(&block.text),
            BlockKind::Reasoning => {
                text.extend([REASONING[0], &block.text, REASONING[1]]);
            }
            // No tools can be offered.
            BlockKind::ToolUse { .. } => {}
        }
    }
    json!({
        "index": index,
        "text": text,
        "logprobs": logprobs_value(&choice.logprobs, &mut 0),
        "finish_reason": finish_reason(choice.stop_reason),
    })
}

/// Lists of one entry a token; null if there are none. `offset` is the first token's place in the answer, in characters,
/// and is moved on.
fn logprobs_value(tokens: &[TokenLogprob], offset: &mut usize) -> Value {
    if tokens.is_empty() {
        return Value::Null;
    }
    let place = |token: &TokenLogprob| {
        let at = *offset;
        *offset += token.token.chars().count();
        at
    };
    let offsets: Vec<usize> = tokens.iter().map(place).collect();
    let top = |token: &TokenLogprob| {
        let top = token.top.iter().map(|(text, _, logprob)| (text.clone(), finite(*logprob)));
        top.collect::<Map<String, Value>>()
    };
    let mut value = json!({
        "tokens": tokens.iter().map(|token| token.token.as_str()).collect::<Vec<_>>(),
        "token_logprobs": tokens.iter().map(|token| finite(token.logprob)).collect::<Vec<_>>(),
        "top_logprobs": tokens.iter().map(top).collect::<Vec<_>>(),
        "text_offset": offsets,
    });
    insert_explanations(&mut value, tokens);
    value
}

/// Chunks of all choices interleaved: texts, then the finish reason.
#[derive(Clone, Debug)]
struct Stream {
    context: ResponseContext,
    choices: BTreeMap<u32, Progress>,
    /// The newest finish chunk: the last one is to carry the usage, so each waits for the next.
    held: Option<Value>,
}

#[derive(Clone, Debug, Default)]
struct Progress {
    writing: text::Writing,
    /// Characters of the tokens whose log-probabilities were sent.
    offset: usize,
}

impl NativeStream for Stream {
    fn push(&mut self, event: &Event) -> Vec<Value> {
        match event {
            Event::BlockStart { choice, kind, .. } => {
                self.choices.entry(*choice).or_default().writing.start(kind);
                Vec::new()
            }
            Event::Delta { choice, text, .. } => {
                let writing = &mut self.choices.entry(*choice).or_default().writing;
                let written = writing.delta(text, Some(REASONING));
                written.map(|text| self.chunk(*choice, &text, None)).into_iter().collect()
            }
            Event::BlockStop { choice, .. } => {
                let writing = &mut self.choices.entry(*choice).or_default().writing;
                let written = writing.stop(Some(REASONING));
                written.map(|text| self.chunk(*choice, text, None)).into_iter().collect()
            }
            Event::Logprobs { choice, tokens } => {
                let progress = self.choices.entry(*choice).or_default();
                let value = logprobs_value(tokens, &mut progress.offset);
                let mut chunk = self.chunk(*choice, "", None);
                chunk["choices"][0]["logprobs"] = value;
                vec![chunk]
            }
            Event::Stop { choice, reason, .. } => {
                let last = self.chunk(*choice, "", Some(finish_reason(*reason)));
                self.held.replace(last).into_iter().collect()
            }
            Event::Usage(_) => Vec::new(),
        }
    }

    fn finish(&mut self, usage: Usage) -> Vec<Value> {
        let mut last = match self.held.take() {
            Some(held) => held,
            None => self.chunk(0, "", Some(StopReason::MalformedModelOutput.as_str())),
        };
        last["usage"] = usage_value(usage);
        vec![last]
    }
}

impl Stream {
    fn chunk(&self, choice: u32, text: &str, reason: Option<&str>) -> Value {
        let mut chunk = head(&self.context, "cmpl", "text_completion");
        chunk["choices"] =
            json!([{"index": choice, "text": text, "logprobs": null, "finish_reason": reason}]);
        chunk
    }
}
