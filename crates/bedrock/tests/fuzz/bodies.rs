//! What must hold for any body: used by the fuzz target, and by tests that replay its corpus.

use bedrock::canonical::{Block, DocumentSource, Message, Prompt, Request, Role, Sampling};
use bedrock::doors::{chat, messages, responses};
use bedrock::error::WireError;
use bedrock::families::Invocation;
use bedrock::family::Family;
use bedrock::{converse, count_tokens, families};

/// What the first byte may ask for: it is taken modulo this, which divides `0`.
pub(crate) const READERS: u8 = 24;

/// The first byte says what the rest is: `0` Converse, `1` Anthropic, `2` Llama, `3` OpenAI unary, `4` OpenAI streamed,
/// `5` to `7` CountTokens of the three families, then Nova, Titan, Mistral text and chat, Cohere, Jamba, DeepSeek, a body
/// that tells its form itself; then the doors: chat completions, Messages, Messages to be counted, Responses.
pub(crate) fn read(which: u8, body: &[u8]) -> Result<Request, WireError> {
    let native = |family, streaming| families::parse_request(family, body, streaming);
    match which % READERS {
        0 => converse::parse_request(body),
        1 => native(Family::AnthropicMessages, false),
        2 => native(Family::MetaLlama, true),
        3 => native(Family::OpenAiChat, false),
        4 => native(Family::OpenAiChat, true),
        5 => count_tokens::parse_request(body, Some(Family::AnthropicMessages)),
        6 => count_tokens::parse_request(body, Some(Family::MetaLlama)),
        7 => count_tokens::parse_request(body, Some(Family::OpenAiChat)),
        8 => native(Family::Nova, false),
        9 => native(Family::TitanText, false),
        10 => native(Family::MistralText, false),
        11 => native(Family::MistralChat, false),
        12 => native(Family::CohereCommand, false),
        13 => native(Family::Jamba, false),
        14 => native(Family::DeepSeek, false),
        15 => families::parse_told(None, body, Invocation::default()).map(|(_, request)| request),
        16 => chat::parse_request(body).map(|named| named.request),
        17 => messages::parse_request(body).map(|named| named.request),
        18 => messages::parse_countable(body).map(|named| named.request),
        _ => responses::parse_request(body).map(|named| named.request),
    }
}

/// No panic; a refusal is the caller's fault and says why; what is accepted is valid.
pub(crate) fn check(data: &[u8]) {
    let Some((which, body)) = data.split_first() else { return };
    match read(*which, body) {
        Ok(request) => check_request(&request),
        Err(error) => {
            assert!((400..500).contains(&error.kind.status()), "{error}");
            assert!(!error.message.is_empty());
        }
    }
}

fn check_request(request: &Request) {
    match &request.prompt {
        Prompt::Raw { text, .. } => assert!(!text.is_empty()),
        Prompt::Turns(turns) => {
            assert!(turns.system.iter().all(|text| !text.trim().is_empty()));
            for (index, message) in turns.messages.iter().enumerate() {
                let expected = if index % 2 == 0 { Role::User } else { Role::Assistant };
                assert_eq!(message.role, expected);
                check_message(message);
            }
            assert!(!turns.messages.is_empty());
            check_pairs(&turns.messages);
        }
    }
    check_sampling(&request.sampling);
    assert!(request.choices >= 1 && request.max_tokens != Some(0));
    assert!(request.stop_sequences.iter().all(|stop| !stop.is_empty()));
    assert!(
        request.tools.iter().all(|tool| !tool.name.is_empty() && tool.input_schema.is_object())
    );
    assert!(request.response_fields.iter().all(|path| path.starts_with('/')));
}

fn check_message(message: &Message) {
    assert!(!message.content.is_empty());
    for block in &message.content {
        match block {
            Block::Text(text) => assert!(!text.trim().is_empty()),
            Block::ToolUse { id, name, input } => {
                assert_eq!(message.role, Role::Assistant);
                assert!(!id.is_empty() && !name.is_empty() && input.is_object());
            }
            Block::ToolResult { id, .. } => {
                assert_eq!(message.role, Role::User);
                assert!(!id.is_empty());
            }
            Block::Reasoning(_) => assert_eq!(message.role, Role::Assistant),
            Block::Document(document) => {
                assert_eq!(message.role, Role::User);
                assert!(!document.name.is_empty() && document.place.starts_with("messages."));
                match &document.source {
                    DocumentSource::File(_, bytes) => assert!(!bytes.is_empty()),
                    DocumentSource::Text(text) => assert!(!text.trim().is_empty()),
                }
            }
        }
    }
}

/// Each turn's results are those of the calls before it.
fn check_pairs(messages: &[Message]) {
    let mut open: Vec<&str> = Vec::new();
    for message in messages {
        let mut calls = Vec::new();
        let mut results = Vec::new();
        for block in &message.content {
            match block {
                Block::ToolUse { id, .. } => calls.push(id.as_str()),
                Block::ToolResult { id, .. } => results.push(id.as_str()),
                Block::Text(_) | Block::Reasoning(_) | Block::Document(_) => {}
            }
        }
        open.sort_unstable();
        results.sort_unstable();
        assert_eq!(open, results);
        open = calls;
    }
    assert!(open.is_empty());
}

fn check_sampling(sampling: &Sampling) {
    let within = |value: Option<f32>, min: f32, max: f32| {
        assert!(value.is_none_or(|value| (min..=max).contains(&value)), "{value:?}");
    };
    within(sampling.temperature, 0.0, 2.0);
    within(sampling.top_p, 0.0, 1.0);
    within(sampling.min_p, 0.0, 1.0);
    within(sampling.presence_penalty, -2.0, 2.0);
    within(sampling.frequency_penalty, -2.0, 2.0);
    within(sampling.repetition_penalty, 0.01, 2.0);
    assert!(sampling.top_k.is_none_or(|top_k| top_k <= 1_000_000));
    assert!(sampling.logprobs.is_none_or(|top| top <= 20));
    assert!(sampling.logit_bias.iter().all(|(_, bias)| (-100.0..=100.0).contains(bias)));
}
