//! What families have in common whose answer is one text: Llama, Titan, Mistral and DeepSeek completion.
//!
//! They offer no tools. Reasoning is shown by those that have markup for it; in the others' answers it has no place.

use serde_json::Value;

use super::NativeStream;
use crate::canonical::{
    Answer, BlockKind, Event, Markup, Prompt, Request, ResponseContext, StopReason, Usage,
};
use crate::error::WireError;
use crate::json::Fields;
use crate::parameters::Parameters;

/// How a family writes a text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Style {
    /// Writes one chunk of a stream.
    pub(super) chunk: fn(&Piece<'_>) -> Value,
    /// What stands before and after reasoning; `None` if it is not shown.
    pub(super) reasoning: Option<[&'static str; 2]>,
}

/// A part of a streamed answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece<'a> {
    pub(super) text: &'a str,
    /// The prompt's tokens; known to the first piece alone.
    pub(super) prompt_tokens: Option<u64>,
    /// Why the answer ended, and the tokens that it took; known to the last piece alone.
    pub(super) end: Option<(StopReason, u64)>,
}

/// Reads `prompt`, which may carry markup, and the parameters.
pub(super) fn read_prompt(
    fields: &mut Fields<'_>,
    parameters: &Parameters,
    markup: Markup,
) -> Result<Request, WireError> {
    let text = fields.require("prompt")?.text_within(1, usize::MAX)?.to_owned();
    let mut request = Request::new(Prompt::Raw { text, markup });
    parameters.read(fields, &mut request)?;
    Ok(request)
}

/// The text of an answer.
pub(super) fn of(answer: &Answer, reasoning: Option<[&str; 2]>) -> String {
    let mut text = String::new();
    for block in answer.choices.first().map_or(&[][..], |choice| &choice.content) {
        match (&block.kind, reasoning) {
            (BlockKind::Text, _) => text.push_str(&block.text),
            (BlockKind::Reasoning, Some([open, close])) => text.extend([open, &block.text, close]),
            (BlockKind::Reasoning | BlockKind::ToolUse { .. }, _) => {}
        }
    }
    text
}

/// Why an answer ended.
pub(super) fn reason(answer: &Answer) -> StopReason {
    answer.choices.first().map_or(StopReason::MalformedModelOutput, |choice| choice.stop_reason)
}

/// All tokens of the prompt, cached or not.
pub(super) fn prompt_tokens(usage: Usage) -> u64 {
    usage.input + usage.cache_read + usage.cache_write
}

/// `stop` and `length`, the two reasons that most families know. What is neither is said in Converse's words rather than
/// passed off as one of them.
pub(super) fn stop_or_length(reason: StopReason) -> &'static str {
    match reason {
        StopReason::EndTurn | StopReason::StopSequence => "stop",
        StopReason::MaxTokens | StopReason::ModelContextWindowExceeded => "length",
        StopReason::ToolUse | StopReason::MalformedToolUse | StopReason::MalformedModelOutput => {
            reason.as_str()
        }
    }
}

/// The block of an answer that is being written as text, reasoning between `markup` if it is shown.
#[derive(Clone, Debug, Default)]
pub(super) struct Writing {
    open: Option<BlockKind>,
    /// Whether the open block has a delta.
    said: bool,
}

impl Writing {
    pub(super) fn start(&mut self, kind: &BlockKind) {
        *self = Writing { open: Some(kind.clone()), said: false };
    }

    /// What to write for a delta; nothing for what has no place in a text.
    pub(super) fn delta(&mut self, text: &str, markup: Option<[&str; 2]>) -> Option<String> {
        let first = !std::mem::replace(&mut self.said, true);
        match (&self.open, markup) {
            (Some(BlockKind::Reasoning), Some([open, _])) if first => Some(format!("{open}{text}")),
            (Some(BlockKind::Text), _) | (Some(BlockKind::Reasoning), Some(_)) => {
                Some(text.to_owned())
            }
            (Some(BlockKind::Reasoning | BlockKind::ToolUse { .. }) | None, _) => None,
        }
    }

    /// Whether it is a tool call, for families that write calls beside the text.
    pub(super) fn in_call(&self) -> bool {
        matches!(self.open, Some(BlockKind::ToolUse { .. }))
    }

    /// Whether the block has no delta yet.
    pub(super) fn is_silent(&self) -> bool {
        !self.said
    }

    /// What to write at the block's end.
    pub(super) fn stop<'m>(&mut self, markup: Option<[&'m str; 2]>) -> Option<&'m str> {
        let reasoned = self.open.take() == Some(BlockKind::Reasoning) && self.said;
        markup.filter(|_| reasoned).map(|[_, close]| close)
    }
}

/// One chunk a delta; a last one without text carries the reason.
#[derive(Clone, Debug)]
pub(super) struct Stream {
    style: Style,
    /// Known until the first chunk is sent.
    prompt_tokens: Option<u64>,
    writing: Writing,
    reason: StopReason,
}

impl Stream {
    pub(super) fn boxed(style: Style, context: &ResponseContext) -> Box<dyn NativeStream> {
        Box::new(Stream {
            style,
            prompt_tokens: Some(context.input_tokens),
            writing: Writing::default(),
            reason: StopReason::MalformedModelOutput,
        })
    }

    fn chunk(&mut self, text: &str, end: Option<(StopReason, u64)>) -> Value {
        (self.style.chunk)(&Piece { text, prompt_tokens: self.prompt_tokens.take(), end })
    }
}

impl NativeStream for Stream {
    fn push(&mut self, event: &Event) -> Vec<Value> {
        match event {
            Event::BlockStart { kind, .. } => {
                self.writing.start(kind);
                Vec::new()
            }
            Event::Delta { text, .. } => {
                let written = self.writing.delta(text, self.style.reasoning);
                written.map(|text| self.chunk(&text, None)).into_iter().collect()
            }
            Event::BlockStop { .. } => {
                let written = self.writing.stop(self.style.reasoning);
                written.map(|text| self.chunk(text, None)).into_iter().collect()
            }
            Event::Stop { reason, .. } => {
                self.reason = *reason;
                Vec::new()
            }
            Event::Logprobs { .. } | Event::Usage(_) => Vec::new(),
        }
    }

    fn finish(&mut self, usage: Usage) -> Vec<Value> {
        vec![self.chunk("", Some((self.reason, usage.output)))]
    }
}
