//! Cohere Command R: a message, its history, tools by parameter, or a raw prompt.
//!
//! Accepted beyond Bedrock's own keys: the common parameters. Accepted without effect: nothing. What says to do nothing
//! (`documents: []`, `search_queries_only: false`, `return_prompt: false`, `prompt_truncation: OFF`) is accepted.
//! Cohere's bodies have no ids of calls: results go with the calls that they repeat, in order.

mod response;
mod tools;

use super::{Codec, Invocation};
use crate::canonical::{Block, Markup, Message, Prompt, Request, Role};
use crate::conversation::{self, Turn};
use crate::error::WireError;
use crate::family::Family;
use crate::json::{Fields, Node};
use crate::parameters::{Absent, Number, Parameters, Whole, number, stops, whole};

/// Bedrock names no limit; Converse has this one.
const STOP_SEQUENCES_MAX: usize = 2500;

pub(super) const CODEC: Codec = Codec {
    family: Family::CohereCommand,
    parameters: &[Parameters {
        models: "",
        group: None,
        rows: &[
            whole(Whole::MaxTokens, "max_tokens", (1, u32::MAX), Absent::Model),
            number(Number::Temperature, "temperature", (0.0, 1.0), Absent::Is(0.3)),
            number(Number::TopP, "p", (0.01, 0.99), Absent::Is(0.75)),
            whole(Whole::TopK, "k", (0, 500), Absent::Is(0)),
            number(Number::FrequencyPenalty, "frequency_penalty", (0.0, 1.0), Absent::Is(0.0)),
            number(Number::PresencePenalty, "presence_penalty", (0.0, 1.0), Absent::Is(0.0)),
            stops("stop_sequences", STOP_SEQUENCES_MAX),
        ],
    }],
    read,
    encode: response::encode,
    stream: response::stream,
    echo: Some(response::echo),
    tells_logprobs: false,
};

/// What belongs to a conversation, and has no meaning beside a raw prompt.
const CONVERSATION: [&str; 4] = ["chat_history", "preamble", "tools", "tool_results"];

fn read(
    fields: &mut Fields<'_>,
    parameters: &Parameters,
    _: Invocation<'_>,
) -> Result<Request, WireError> {
    let message = fields.require("message")?;
    let raw = fields.boolean("raw_prompting")? == Some(true);
    let mut request = if raw { read_raw(fields, &message)? } else { read_turns(fields, &message)? };
    parameters.read(fields, &mut request)?;
    read_inert(fields)?;
    Ok(request)
}

fn read_raw(fields: &mut Fields<'_>, message: &Node<'_>) -> Result<Request, WireError> {
    fields.refuse(&CONVERSATION, "raw_prompting sends the message alone")?;
    let text = message.text_within(1, usize::MAX)?.to_owned();
    Ok(Request::new(Prompt::Raw { text, markup: Markup::None }))
}

fn read_turns(fields: &mut Fields<'_>, message: &Node<'_>) -> Result<Request, WireError> {
    let mut turns = match fields.take("chat_history") {
        Some(history) => read_history(&history)?,
        None => Vec::new(),
    };
    let said = Block::Text(conversation::spoken(message, message.path())?);
    turns.push(turn(turns.len(), Role::User, vec![said]));
    let tools = fields.take("tools").map(|node| tools::read_tools(&node)).transpose()?;
    if let Some(node) = fields.take("tool_results") {
        if tools.as_ref().is_none_or(Vec::is_empty) {
            return Err(node.error("needs tools, as the results are of their calls"));
        }
        let (calls, results) = tools::read_results(&node)?;
        if !calls.is_empty() {
            turns.push(turn(turns.len(), Role::Assistant, calls));
            turns.push(turn(turns.len(), Role::User, results));
        }
    }
    let preamble = fields.text("preamble")?.filter(|text| !text.trim().is_empty());
    let system: Vec<String> = preamble.map(str::to_owned).into_iter().collect();
    let turns = conversation::check(system, conversation::merge(turns))?;
    let mut request = Request::new(Prompt::Turns(turns));
    request.tools = tools.unwrap_or_default();
    conversation::check_tools(&request.tools, &request.tool_choice, "tools")?;
    Ok(request)
}

fn turn(at: usize, role: Role, content: Vec<Block>) -> Turn {
    Turn { at, message: Message { role, content } }
}

fn read_history(node: &Node<'_>) -> Result<Vec<Turn>, WireError> {
    let words = [("USER", Role::User), ("CHATBOT", Role::Assistant)];
    node.items()?
        .enumerate()
        .map(|(at, item)| {
            item.read(|fields| {
                let role = fields.require("role")?.word(&words)?;
                let message = fields.require("message")?;
                let text = conversation::spoken(&message, message.path())?;
                Ok(turn(at, role, vec![Block::Text(text)]))
            })
        })
        .collect()
}

/// Reads what may only say that nothing is to be done.
fn read_inert(fields: &mut Fields<'_>) -> Result<(), WireError> {
    if let Some(node) = fields.take("documents")
        && node.items()?.next().is_some()
    {
        return Err(node.error("documents and citations are not supported yet"));
    }
    if fields.boolean("search_queries_only")? == Some(true) {
        fields.refuse(&["search_queries_only"], "search queries are not supported yet")?;
    }
    if fields.boolean("return_prompt")? == Some(true) {
        fields.refuse(&["return_prompt"], "the prompt is not returned by this server")?;
    }
    if let Some(node) = fields.take("prompt_truncation")
        && node.word(&[("OFF", false), ("AUTO_PRESERVE_ORDER", true)])?
    {
        return Err(node.error("prompts are not truncated by this server; only OFF is supported"));
    }
    fields.refuse(&["response_format"], "structured output is not supported yet")
}
