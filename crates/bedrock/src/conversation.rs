//! Rules that every conversation obeys, whatever body it came in, with Bedrock's own messages.
//!
//! Source of the messages: what Bedrock answers, as quoted in public issues.

use std::collections::HashSet;

use serde_json::Value;

use crate::canonical::{Block, Message, Role, Tool, ToolChoice, Turns};
use crate::error::{Subject, WireError};
use crate::json::Node;

/// Most ids that a message names.
const NAMED_IDS: usize = 100;

/// A message and its number in the body, for messages about it.
#[derive(Debug)]
pub(crate) struct Turn {
    /// Its number as sent.
    pub(crate) at: usize,
    /// The message.
    pub(crate) message: Message,
}

/// One turn for each run of the same role: Anthropic's and OpenAI's bodies allow such runs.
pub(crate) fn merge(turns: Vec<Turn>) -> Vec<Turn> {
    let mut merged: Vec<Turn> = Vec::with_capacity(turns.len());
    for turn in turns {
        match merged.last_mut() {
            Some(last) if last.message.role == turn.message.role => {
                last.message.content.extend(turn.message.content);
            }
            _ => merged.push(turn),
        }
    }
    merged
}

/// The conversation, if it begins with the user, alternates, and pairs every tool call with its result.
pub(crate) fn check(system: Vec<String>, turns: Vec<Turn>) -> Result<Turns, WireError> {
    if turns.first().is_none_or(|turn| turn.message.role != Role::User) {
        return Err(WireError::validation(
            "A conversation must start with a user message. Try again with a conversation that \
             starts with a user message.",
        ));
    }
    if turns.windows(2).any(|pair| pair[0].message.role == pair[1].message.role) {
        return Err(WireError::validation(
            "A conversation must alternate between user and assistant roles. Make sure the \
             conversation alternates between user and assistant roles and try again.",
        ));
    }
    let mut previous = None;
    for turn in &turns {
        check_pairs(previous, Some(turn), turn.at)?;
        previous = Some(turn);
    }
    check_pairs(previous, None, previous.map_or(0, |turn| turn.at + 1))?;
    Ok(Turns { system, messages: turns.into_iter().map(|turn| turn.message).collect() })
}

/// The results in `next` (message number `at`) are those of the calls in `previous`, each once.
fn check_pairs(previous: Option<&Turn>, next: Option<&Turn>, at: usize) -> Result<(), WireError> {
    let calls: Vec<&str> = blocks(previous).filter_map(call_id).collect();
    let results: Vec<&str> = blocks(next).filter_map(result_id).collect();
    if results.len() > calls.len() {
        return Err(WireError::validation(format!(
            "The number of toolResult blocks at messages.{at}.content exceeds the number of toolUse \
             blocks of previous turn."
        )));
    }
    if calls.iter().collect::<HashSet<_>>().len() < calls.len() {
        return Err(WireError::validation(format!(
            "messages.{}.content: toolUse ids must be unique",
            previous.map_or(0, |turn| turn.at)
        )));
    }
    let given: HashSet<&str> = results.into_iter().collect();
    let missing = calls.into_iter().filter(|id| !given.contains(id));
    let missing: Vec<&str> = missing.take(NAMED_IDS).collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(WireError::validation(format!(
        "Expected toolResult blocks at messages.{at}.content for the following Ids: {}",
        missing.join(", ")
    )))
}

fn blocks(turn: Option<&Turn>) -> impl Iterator<Item = &Block> {
    turn.into_iter().flat_map(|turn| &turn.message.content)
}

fn call_id(block: &Block) -> Option<&str> {
    match block {
        Block::ToolUse { id, .. } => Some(id),
        Block::ToolResult { .. } | Block::Text(_) | Block::Reasoning(_) | Block::Document(_) => {
            None
        }
    }
}

fn result_id(block: &Block) -> Option<&str> {
    match block {
        Block::ToolResult { id, .. } => Some(id),
        Block::ToolUse { .. } | Block::Text(_) | Block::Reasoning(_) | Block::Document(_) => None,
    }
}

/// The text of a block is blank.
pub(crate) fn blank_text(path: &str) -> WireError {
    WireError::validation(format!(
        "The text field in the ContentBlock object at {path} is blank. Add text to the text \
         field, and try again."
    ))
    .about(Subject::Field(path.to_owned()))
}

/// A message has no content.
pub(crate) fn empty_content(path: &str) -> WireError {
    WireError::validation(format!(
        "The content field in the Message object at {path} is empty. Add a ContentBlock object to \
         the content field and try again."
    ))
    .about(Subject::Field(path.to_owned()))
}

/// Whether a conversation has calls or results of tools.
pub(crate) fn uses_tools(turns: &[Turn]) -> bool {
    let mut blocks = turns.iter().flat_map(|turn| &turn.message.content);
    blocks.any(|block| call_id(block).or(result_id(block)).is_some())
}

/// Tools have distinct names, and a choice names one of them.
pub(crate) fn check_tools(
    tools: &[Tool],
    choice: &ToolChoice,
    path: &str,
) -> Result<(), WireError> {
    let mut names: Vec<&str> = tools.iter().map(|tool| tool.name.as_str()).collect();
    names.sort_unstable();
    if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(WireError::validation(format!(
            "{path}: the tool name {} is defined more than once",
            twice[0]
        )));
    }
    match choice {
        ToolChoice::Named(name) if names.binary_search(&name.as_str()).is_err() => Err(
            WireError::validation(format!("{path}: the tool choice names the unknown tool {name}")),
        ),
        ToolChoice::Any if tools.is_empty() => {
            Err(WireError::validation(format!("{path}: a tool must be used, but none is defined")))
        }
        ToolChoice::Named(_) | ToolChoice::Any | ToolChoice::Auto | ToolChoice::None => Ok(()),
    }
}

/// A text that is said in a conversation: not blank. `path` names its block.
pub(crate) fn spoken(node: &Node<'_>, path: &str) -> Result<String, WireError> {
    let text = node.text()?;
    if text.trim().is_empty() { Err(blank_text(path)) } else { Ok(text.to_owned()) }
}

/// A schema: an object, or a truth value, which allows everything or nothing.
pub(crate) fn schema(node: &Node<'_>) -> Result<Value, WireError> {
    if !node.value().is_boolean() {
        node.object()?;
    }
    Ok(node.value().clone())
}
