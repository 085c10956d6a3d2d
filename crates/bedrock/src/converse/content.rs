//! Messages, system texts and their content blocks.

use serde_json::Value;

use super::documents;
use super::notes::Notes;
use crate::canonical::{Block, Message, Role};
use crate::conversation::{self, Turn};
use crate::documents::ToolResult;
use crate::error::WireError;
use crate::json::{Fields, Node};

const CONTENT_BLOCKS: [&str; 14] = [
    "text",
    "image",
    "document",
    "video",
    "audio",
    "toolUse",
    "toolResult",
    "guardContent",
    "cachePoint",
    "reasoningContent",
    "citationsContent",
    "searchResult",
    "toolAddition",
    "toolRemoval",
];

const RESULT_BLOCKS: [&str; 6] = ["json", "text", "image", "document", "video", "searchResult"];

/// Longest tool name and tool use id.
pub(super) const NAME_MAX: usize = 64;

/// Reads `messages`; that their order makes a conversation is checked elsewhere.
pub(super) fn read_messages(node: &Node<'_>, notes: &mut Notes) -> Result<Vec<Turn>, WireError> {
    let mut turns = Vec::new();
    for (at, item) in node.items()?.enumerate() {
        if let Some(message) = item.read(|fields| read_message(fields, notes))? {
            turns.push(Turn { at, message });
        }
    }
    Ok(notes.merge(turns, node.path()))
}

/// A message, or nothing where a lenient reader has nothing left of it.
fn read_message(fields: &mut Fields<'_>, notes: &mut Notes) -> Result<Option<Message>, WireError> {
    let role = fields.require("role")?;
    let words =
        [("user", Some(Role::User)), ("assistant", Some(Role::Assistant)), ("system", None)];
    let Some(named) = role.word(&words)? else {
        return Err(
            role.error("the role system is not supported in messages; use the system field")
        );
    };
    let mut content = Vec::new();
    for block in fields.require("content")?.items()? {
        content.extend(read_block(&block, named, notes)?);
    }
    documents::check_text(&content)?;
    if !content.is_empty() {
        return Ok(Some(Message { role: named, content }));
    }
    let path = fields.node().path();
    if notes.mend(|| format!("{path}:empty")) {
        return Ok(None);
    }
    Err(conversation::empty_content(path))
}

/// A block and, if it is a tool result, the documents in it; nothing for a blank text that a lenient reader drops.
fn read_block(node: &Node<'_>, role: Role, notes: &mut Notes) -> Result<Vec<Block>, WireError> {
    let (kind, value) = node.member(&CONTENT_BLOCKS)?;
    let block = match (kind, role) {
        ("text", _) if notes.drops_blank(node, &value)? => return Ok(Vec::new()),
        ("text", _) => Block::Text(conversation::spoken(&value, node.path())?),
        ("document", Role::User) => documents::read_document(&value, None, &mut notes.documents)?,
        ("toolUse", Role::Assistant) => value.read(read_tool_use)?,
        ("toolResult", Role::User) => {
            return value.read(|fields| read_tool_result(fields, notes));
        }
        ("reasoningContent", Role::Assistant) => read_reasoning(&value)?,
        ("toolUse" | "reasoningContent", Role::User) => {
            return Err(value.error(format_args!("{kind} blocks belong in assistant messages")));
        }
        ("toolResult" | "document", Role::Assistant) => {
            return Err(value.error(format_args!("{kind} blocks belong in user messages")));
        }
        ("cachePoint", _) => return Err(cache_point_refused()),
        _ => return Err(unsupported(&value, kind)),
    };
    Ok(vec![block])
}

fn unsupported(node: &Node<'_>, kind: &str) -> WireError {
    node.error(format_args!(
        "this model doesn't support the {kind} content block. Use a text block and try again."
    ))
}

/// What Bedrock answers to a cache point on a model that has no explicit caching.
pub(super) fn cache_point_refused() -> WireError {
    WireError::access_denied(
        "You invoked an unsupported model or your request did not allow prompt caching.",
    )
}

fn read_tool_use(fields: &mut Fields<'_>) -> Result<Block, WireError> {
    let id = fields.require("toolUseId")?.name(NAME_MAX, "_.:-")?.to_owned();
    let name = fields.require("name")?.name(NAME_MAX, "_-")?.to_owned();
    let input = json_object(&fields.require("input")?)?.clone();
    fields.refuse(&["type"], "server tools are not supported by this server")?;
    Ok(Block::ToolUse { id, name, input })
}

/// The result, then its documents.
fn read_tool_result(fields: &mut Fields<'_>, notes: &mut Notes) -> Result<Vec<Block>, WireError> {
    let id = fields.require("toolUseId")?.name(NAME_MAX, "_.:-")?.to_owned();
    let mut result = ToolResult::new(id);
    for item in fields.require("content")?.items()? {
        match item.member(&RESULT_BLOCKS)? {
            ("json", value) => result.say(&json_object(&value)?.to_string()),
            ("text", value) => result.say(value.text()?),
            ("document", value) => result.attach(|part| {
                documents::read_document(&value, Some(part), &mut notes.documents)
            })?,
            (kind, value) => return Err(unsupported(&value, kind)),
        }
    }
    let status = fields.take("status");
    let is_error = status.map(|node| node.word(&[("success", false), ("error", true)]));
    fields.refuse(&["type"], "server tools are not supported by this server")?;
    Ok(result.blocks(is_error.transpose()?.unwrap_or(false)))
}

fn json_object<'a>(node: &Node<'a>) -> Result<&'a Value, WireError> {
    if node.value().is_object() {
        return Ok(node.value());
    }
    Err(WireError::validation(format!(
        "The format of the value at {} is invalid. Provide a json object for the field and try \
         again.",
        node.path()
    )))
}

/// The signature is accepted: it means something only to the model that made it.
fn read_reasoning(node: &Node<'_>) -> Result<Block, WireError> {
    match node.member(&["reasoningText", "redactedContent"])? {
        ("reasoningText", value) => value.read(|fields| {
            fields.text("signature")?;
            Ok(Block::Reasoning(fields.require("text")?.text()?.to_owned()))
        }),
        (_, value) => Err(value.error("redacted reasoning of another model cannot be read")),
    }
}

/// Reads `system`.
pub(super) fn read_system(node: &Node<'_>, notes: &mut Notes) -> Result<Vec<String>, WireError> {
    let mut texts = Vec::new();
    for item in node.items()? {
        match item.member(&["text", "guardContent", "cachePoint"])? {
            ("text", value) if notes.drops_blank(&item, &value)? => {}
            ("text", value) => texts.push(read_system_text(&item, &value)?),
            ("cachePoint", _) => return Err(cache_point_refused()),
            (_, value) => return Err(value.error("guardrails are not supported by this server")),
        }
    }
    Ok(texts)
}

fn read_system_text(item: &Node<'_>, value: &Node<'_>) -> Result<String, WireError> {
    let text = value.text_within(1, usize::MAX)?;
    if !text.trim().is_empty() {
        return Ok(text.to_owned());
    }
    Err(WireError::validation(format!(
        "The text field in the SystemContentBlock object at {} is blank. Add text to the text \
         field, and try again.",
        item.path()
    )))
}
