//! The one request and the one stream of events that every body shape is translated to and from.
//!
//! Native body → [`Request`] → engine → [`Event`]s → native chunks. Nothing above the wire sees a family's own shape.

mod document;
mod explain;
mod fold;

use serde_json::Value;

pub(crate) use document::FORMATS;
pub use document::{
    DOCUMENT_BYTES_MAX, DOCUMENTS_MAX, Document, DocumentFormat, DocumentSource, ResultPart,
};
pub use explain::{Candidate, Explanation, Stage};
pub use fold::{Fold, FoldError};

/// A valid request, whatever shape it came in.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// The conversation or raw text.
    pub prompt: Prompt,
    /// Tools offered to the model; empty for none.
    pub tools: Vec<Tool>,
    /// Which tools the model may or must use. `Auto` when absent on the wire.
    pub tool_choice: ToolChoice,
    /// Whether an answer ends with its first tool call.
    pub one_call: bool,
    /// What the answer's text must be; `None` for any text.
    pub output_format: Option<OutputSchema>,
    /// Sampling parameters as sent; `None` is the family's or model's default.
    pub sampling: Sampling,
    /// Most tokens to generate; `None` is the model's maximum.
    pub max_tokens: Option<u32>,
    /// Texts that end the output.
    pub stop_sequences: Vec<String>,
    /// Whether and how much the model shall reason before it answers.
    pub reasoning: Reasoning,
    /// Independent answers; 1 except where a family has `n`.
    pub choices: u32,
    /// JSON pointers of `additionalModelResponseFieldPaths`.
    pub response_fields: Vec<String>,
    /// Tier asked for.
    pub service_tier: ServiceTier,
    /// The caller's labels for logs.
    pub request_metadata: Vec<(String, String)>,
    /// Keys that were accepted and have no effect, by name; reported in a response header.
    pub ignored: Vec<String>,
    /// What a lenient reader mended, by place; reported in a response header.
    pub mended: Vec<String>,
}

impl Request {
    /// A request that asks for nothing but one continuation of `prompt`.
    #[must_use]
    pub fn new(prompt: Prompt) -> Self {
        Request {
            prompt,
            tools: Vec::new(),
            tool_choice: ToolChoice::Auto,
            one_call: false,
            output_format: None,
            sampling: Sampling::default(),
            max_tokens: None,
            stop_sequences: Vec::new(),
            reasoning: Reasoning::default(),
            choices: 1,
            response_fields: Vec::new(),
            service_tier: ServiceTier::Default,
            request_metadata: Vec::new(),
            ignored: Vec::new(),
            mended: Vec::new(),
        }
    }

    /// Whether documents must be read before there is a prompt.
    #[must_use]
    pub fn has_documents(&self) -> bool {
        let Prompt::Turns(turns) = &self.prompt else { return false };
        let mut blocks = turns.messages.iter().flat_map(|message| &message.content);
        blocks.any(|block| matches!(block, Block::Document(_)))
    }
}

/// What is to be continued.
#[derive(Clone, Debug, PartialEq)]
pub enum Prompt {
    /// A conversation, rendered by the serving model's chat template. Special tokens never come from its texts.
    Turns(Turns),
    /// A text that may carry its family's template markup on purpose (Llama, Mistral text, …).
    Raw {
        /// The text as sent.
        text: String,
        /// Whose markup it may carry.
        markup: Markup,
    },
}

/// Template markup that a raw prompt may carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Markup {
    /// `<|begin_of_text|><|start_header_id|>…` and Llama 2's `[INST] <<SYS>>`.
    Llama,
    /// `<s>[INST] … [/INST]`.
    Mistral,
    /// `<｜begin▁of▁sentence｜><｜User｜>…<｜Assistant｜>`.
    DeepSeek,
    /// `User: …` and `Bot:`, each at the beginning of a line.
    Titan,
    /// Plain completion: markup is text.
    None,
}

/// A conversation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Turns {
    /// System texts in order; joined by a blank line for templates with one system message.
    pub system: Vec<String>,
    /// User and assistant turns, alternating, the first from the user. A last assistant turn is a prefill to continue.
    pub messages: Vec<Message>,
}

/// One turn.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Whose turn.
    pub role: Role,
    /// Its blocks, at least one.
    pub content: Vec<Block>,
}

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The caller, tool results included.
    User,
    /// The model.
    Assistant,
}

/// A part of a turn.
#[derive(Clone, Debug, PartialEq)]
pub enum Block {
    /// Text.
    Text(String),
    /// A call that the assistant made.
    ToolUse {
        /// Id that the result refers to.
        id: String,
        /// The tool's name.
        name: String,
        /// Its arguments, a JSON object.
        input: Value,
    },
    /// The answer to a call.
    ToolResult {
        /// Id of the call.
        id: String,
        /// Text of the result; JSON is serialised compactly.
        text: String,
        /// Whether the tool failed.
        is_error: bool,
    },
    /// Reasoning of an earlier assistant turn.
    Reasoning(String),
    /// A document of a user turn.
    Document(Document),
}

/// A tool offered to the model.
#[derive(Clone, Debug, PartialEq)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// What it does.
    pub description: Option<String>,
    /// JSON Schema of its arguments.
    pub input_schema: Value,
    /// Whether its calls must obey that schema, also where the model decides to call it.
    pub strict: bool,
}

/// The answer's text is one JSON value that this schema allows.
#[derive(Clone, Debug, PartialEq)]
pub struct OutputSchema {
    /// The caller's name for it.
    pub name: Option<String>,
    /// JSON Schema. Which keywords are enforced is decided where it is compiled.
    pub schema: Value,
}

/// Which tools may be used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ToolChoice {
    /// The model decides.
    #[default]
    Auto,
    /// Some tool must be used.
    Any,
    /// This tool must be used.
    Named(String),
    /// No tool may be used.
    None,
}

/// Whether and how much the model shall reason. The default leaves both to the model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reasoning {
    /// Whether.
    pub thinking: Thinking,
    /// How much, in words.
    pub effort: Option<Effort>,
    /// The key on the wire that asked for it, for the answer that a model cannot; empty if none did.
    pub named: &'static str,
}

/// Whether to reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Thinking {
    /// As the model does when nobody says.
    #[default]
    Default,
    /// No.
    Off,
    /// The model decides each time.
    Adaptive,
    /// Yes.
    On {
        /// Most tokens to reason with, at least 1.
        budget_tokens: Option<u32>,
    },
}

/// How much to reason, in the words that Bedrock, Anthropic and OpenAI share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the wire's own words")]
pub enum Effort {
    Minimal,
    Low,
    Medium,
    High,
    XHigh,
    Max,
}

/// Sampling parameters as sent on the wire, ranges already checked.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(missing_docs, reason = "the field's standard names; defined in docs/sampling.md")]
pub struct Sampling {
    pub temperature: Option<f32>,
    pub top_p: Option<f32>,
    pub top_k: Option<u32>,
    pub min_p: Option<f32>,
    pub seed: Option<u64>,
    pub presence_penalty: Option<f32>,
    pub frequency_penalty: Option<f32>,
    pub repetition_penalty: Option<f32>,
    pub logit_bias: Vec<(u32, f32)>,
    /// `Some(n)`: log-probabilities of the drawn token and of the `n` most likely.
    pub logprobs: Option<u32>,
    /// `Some(n)`: what every step of the sampler left, with `n` candidates; comes with the log-probabilities.
    pub explain: Option<u32>,
}

/// Service tier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "Bedrock's own names")]
pub enum ServiceTier {
    Reserved,
    Priority,
    #[default]
    Default,
    Flex,
}

/// What a generation tells, in order: for each block `BlockStart`, `Delta`s, `BlockStop`; then one `Stop`, then one
/// `Usage`. An error ends it instead, outside this type.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A content block begins.
    BlockStart {
        /// Which answer, `0..choices`.
        choice: u32,
        /// Its number in the message, from 0.
        index: u32,
        /// What it is.
        kind: BlockKind,
    },
    /// More of the open block.
    Delta {
        /// Which answer.
        choice: u32,
        /// The block's number.
        index: u32,
        /// More text, or more of the tool input's JSON text, or more reasoning; never empty, always whole characters.
        text: String,
    },
    /// The block is complete.
    BlockStop {
        /// Which answer.
        choice: u32,
        /// The block's number.
        index: u32,
    },
    /// Log-probabilities of the tokens behind the deltas, if asked for.
    Logprobs {
        /// Which answer.
        choice: u32,
        /// One entry a token.
        tokens: Vec<TokenLogprob>,
    },
    /// The answer is complete.
    Stop {
        /// Which answer.
        choice: u32,
        /// Why it ended.
        reason: StopReason,
        /// The stop sequence that was found.
        stop_sequence: Option<String>,
    },
    /// The bill; once, after the last `Stop`.
    Usage(Usage),
}

/// Kind of a content block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BlockKind {
    /// Text.
    Text,
    /// Reasoning.
    Reasoning,
    /// A tool call whose deltas are pieces of its input's JSON text.
    ToolUse {
        /// Id for the result.
        id: String,
        /// The tool's name.
        name: String,
    },
}

/// One token's log-probabilities, as text.
#[derive(Clone, Debug, PartialEq)]
pub struct TokenLogprob {
    /// The token's text (lossy where it is part of a character).
    pub token: String,
    /// The token's bytes.
    pub bytes: Vec<u8>,
    /// Natural log-probability under the raw distribution.
    pub logprob: f32,
    /// The most likely alternatives, best first: text, bytes, log-probability.
    pub top: Vec<(String, Vec<u8>, f32)>,
    /// Why it was drawn, if that was asked for.
    pub explanation: Option<Box<Explanation>>,
}

/// Why an answer ended, in Converse's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "Bedrock's own names")]
pub enum StopReason {
    EndTurn,
    ToolUse,
    MaxTokens,
    StopSequence,
    MalformedToolUse,
    MalformedModelOutput,
    ModelContextWindowExceeded,
}

/// Tokens of a request. `input` excludes cache reads and writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Uncached prompt tokens.
    pub input: u64,
    /// Generated tokens, a held-back stop text included, the stop token excluded.
    pub output: u64,
    /// Prompt tokens read from an explicit cache.
    pub cache_read: u64,
    /// Prompt tokens written to an explicit cache.
    pub cache_write: u64,
}

/// A complete answer, folded from events: what unary operations encode.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// One per choice.
    pub choices: Vec<Choice>,
    /// The bill.
    pub usage: Usage,
}

/// One complete choice.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// Its blocks; may be empty.
    pub content: Vec<AnswerBlock>,
    /// Why it ended.
    pub stop_reason: StopReason,
    /// The stop sequence found.
    pub stop_sequence: Option<String>,
    /// Log-probabilities, if asked for.
    pub logprobs: Vec<TokenLogprob>,
}

/// A block of a complete answer.
#[derive(Clone, Debug, PartialEq)]
pub struct AnswerBlock {
    /// What it is.
    pub kind: BlockKind,
    /// Its text (for tool use: the input's JSON text).
    pub text: String,
}

/// What encoders need to know besides events.
#[derive(Clone, Debug, PartialEq)]
pub struct ResponseContext {
    /// The request's id (UUID text), for native `id` fields.
    pub request_id: String,
    /// The model id as asked.
    pub model_id: String,
    /// Unix seconds at the start, for native `created` fields.
    pub created: i64,
    /// Known before the first token: prompt tokens.
    pub input_tokens: u64,
    /// The seed in use.
    pub seed: u64,
}

/// Times of a finished request, for `metrics` and `amazon-bedrock-invocationMetrics`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Latency {
    /// Whole request, milliseconds.
    pub total_ms: u64,
    /// Until the first token, milliseconds.
    pub first_byte_ms: u64,
}
