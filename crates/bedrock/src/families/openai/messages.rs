//! Messages of a chat completion.
//!
//! Roles system and developer come first and become system texts; a tool's message becomes a tool result of the user's
//! turn. Consecutive messages of one role are one turn.

use serde_json::{Value, json};

use super::TOOL_NAME_MAX;
use crate::canonical::{Block, Message, Role, Turns};
use crate::conversation::{self, Turn};
use crate::error::WireError;
use crate::json::{Fields, Node, cut};

const MESSAGE_IGNORED: [&str; 2] = ["name", "annotations"];
pub(crate) const TOOL_ID_MAX: usize = 256;

#[derive(Clone, Copy)]
enum Speaker {
    System,
    User,
    Assistant,
    Tool,
}

const SPEAKERS: [(&str, Speaker); 5] = [
    ("system", Speaker::System),
    ("developer", Speaker::System),
    ("user", Speaker::User),
    ("assistant", Speaker::Assistant),
    ("tool", Speaker::Tool),
];

/// Reads `messages` into a valid conversation.
pub(super) fn read_messages(
    node: &Node<'_>,
    ignored: &mut Vec<String>,
) -> Result<Turns, WireError> {
    let mut system = Vec::new();
    let mut turns = Vec::new();
    for (at, item) in node.items()?.enumerate() {
        let message = item.read(|fields| {
            fields.ignore(&MESSAGE_IGNORED, ignored);
            let role = fields.require("role")?;
            match role.word(&SPEAKERS)? {
                Speaker::System if !turns.is_empty() => {
                    Err(role.error("system and developer messages must come before all others"))
                }
                Speaker::System => {
                    system.extend(texts(&fields.require("content")?)?);
                    Ok(None)
                }
                Speaker::User => Ok(Some((Role::User, read_user(fields)?))),
                Speaker::Assistant => Ok(Some((Role::Assistant, read_assistant(fields)?))),
                Speaker::Tool => Ok(Some((Role::User, vec![read_tool_result(fields)?]))),
            }
        })?;
        if let Some((role, content)) = message {
            turns.push(Turn { at, message: Message { role, content } });
        }
    }
    system.retain(|text: &String| !text.trim().is_empty());
    conversation::check(system, conversation::merge(turns))
}

/// A text, or the texts of a list of text parts.
fn texts(content: &Node<'_>) -> Result<Vec<String>, WireError> {
    if content.value().is_string() {
        return Ok(vec![content.text()?.to_owned()]);
    }
    content.items()?.map(|part| Ok(part.read(text_of_part)?.text()?.to_owned())).collect()
}

fn text_of_part<'a>(part: &mut Fields<'a>) -> Result<Node<'a>, WireError> {
    let kind = part.require("type")?;
    match kind.text()? {
        "text" => part.require("text"),
        other => Err(kind.error(format_args!(
            "this model doesn't support content parts of type {}",
            cut(other)
        ))),
    }
}

fn read_user(fields: &mut Fields<'_>) -> Result<Vec<Block>, WireError> {
    let content = fields.require("content")?;
    if content.value().is_string() {
        return Ok(vec![Block::Text(conversation::spoken(&content, content.path())?)]);
    }
    let blocks: Vec<Block> = content
        .items()?
        .map(|part| {
            let text = part.read(text_of_part)?;
            Ok(Block::Text(conversation::spoken(&text, part.path())?))
        })
        .collect::<Result<_, WireError>>()?;
    if blocks.is_empty() {
        return Err(conversation::empty_content(fields.node().path()));
    }
    Ok(blocks)
}

/// Reasoning, text, then calls. A message with calls needs no text, and a blank one says nothing.
fn read_assistant(fields: &mut Fields<'_>) -> Result<Vec<Block>, WireError> {
    fields.refuse(&["audio", "function_call"], "only text and tool_calls are supported")?;
    fields.refuse(&["refusal"], "refusals cannot be continued")?;
    let reasoning = fields.text("reasoning_content")?.filter(|text| !text.trim().is_empty());
    let mut blocks: Vec<Block> =
        reasoning.map(|text| Block::Reasoning(text.to_owned())).into_iter().collect();
    let calls = fields.take("tool_calls");
    let calls: Vec<Block> = match &calls {
        Some(calls) => calls.items()?.map(|call| call.read(read_call)).collect::<Result<_, _>>()?,
        None => Vec::new(),
    };
    if let Some(content) = fields.take("content") {
        let spoken = texts(&content)?;
        let blank = spoken.iter().any(|text| text.trim().is_empty());
        if blank && calls.is_empty() {
            return Err(conversation::blank_text(content.path()));
        }
        let said = spoken.into_iter().filter(|text| !text.trim().is_empty());
        blocks.extend(said.map(Block::Text));
    }
    blocks.extend(calls);
    if blocks.is_empty() {
        return Err(conversation::empty_content(fields.node().path()));
    }
    Ok(blocks)
}

fn read_call(fields: &mut Fields<'_>) -> Result<Block, WireError> {
    let id = fields.require("id")?.text_within(1, TOOL_ID_MAX)?.to_owned();
    if let Some(kind) = fields.take("type") {
        kind.word(&[("function", ())])?;
    }
    // The number that a call had in a stream: clients that join chunks send it back; the list says the same.
    fields.take("index");
    fields.require("function")?.read(|function| {
        let name = function.require("name")?.name(TOOL_NAME_MAX, "_-")?.to_owned();
        let input = read_arguments(&function.require("arguments")?)?;
        Ok(Block::ToolUse { id, name, input })
    })
}

/// JSON text of an object; empty for none.
pub(crate) fn read_arguments(node: &Node<'_>) -> Result<Value, WireError> {
    let text = node.text()?;
    if text.trim().is_empty() {
        return Ok(json!({}));
    }
    let value = crate::json::parse(text.as_bytes()).ok();
    value.filter(Value::is_object).ok_or_else(|| node.error("expected the text of a JSON object"))
}

fn read_tool_result(fields: &mut Fields<'_>) -> Result<Block, WireError> {
    let id = fields.require("tool_call_id")?.text_within(1, TOOL_ID_MAX)?.to_owned();
    let text = texts(&fields.require("content")?)?.join("\n");
    Ok(Block::ToolResult { id, text, is_error: false })
}
