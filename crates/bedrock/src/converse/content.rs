//! Messages, system texts and their content blocks.

use serde_json::Value;

use crate::canonical::{Block, Message, Role};
use crate::conversation::{self, Turn};
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
pub(super) fn read_messages(node: &Node<'_>) -> Result<Vec<Turn>, WireError> {
    node.items()?
        .enumerate()
        .map(|(at, item)| Ok(Turn { at, message: item.read(read_message)? }))
        .collect()
}

fn read_message(fields: &mut Fields<'_>) -> Result<Message, WireError> {
    let role = fields.require("role")?;
    let words =
        [("user", Some(Role::User)), ("assistant", Some(Role::Assistant)), ("system", None)];
    let Some(named) = role.word(&words)? else {
        return Err(
            role.error("the role system is not supported in messages; use the system field")
        );
    };
    let content: Vec<Block> = fields
        .require("content")?
        .items()?
        .map(|block| read_block(&block, named))
        .collect::<Result<_, _>>()?;
    if content.is_empty() {
        return Err(conversation::empty_content(fields.node().path()));
    }
    Ok(Message { role: named, content })
}

fn read_block(node: &Node<'_>, role: Role) -> Result<Block, WireError> {
    let (kind, value) = node.member(&CONTENT_BLOCKS)?;
    match (kind, role) {
        ("text", _) => Ok(Block::Text(conversation::spoken(&value, node.path())?)),
        ("toolUse", Role::Assistant) => value.read(read_tool_use),
        ("toolResult", Role::User) => value.read(read_tool_result),
        ("reasoningContent", Role::Assistant) => read_reasoning(&value),
        ("toolUse" | "reasoningContent", Role::User) => {
            Err(value.error(format_args!("{kind} blocks belong in assistant messages")))
        }
        ("toolResult", Role::Assistant) => {
            Err(value.error("toolResult blocks belong in user messages"))
        }
        ("cachePoint", _) => Err(cache_point_refused()),
        _ => Err(unsupported(&value, kind)),
    }
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

fn read_tool_result(fields: &mut Fields<'_>) -> Result<Block, WireError> {
    let id = fields.require("toolUseId")?.name(NAME_MAX, "_.:-")?.to_owned();
    let texts: Vec<String> = fields
        .require("content")?
        .items()?
        .map(|item| match item.member(&RESULT_BLOCKS)? {
            ("json", value) => Ok(json_object(&value)?.to_string()),
            ("text", value) => Ok(value.text()?.to_owned()),
            (kind, value) => Err(unsupported(&value, kind)),
        })
        .collect::<Result<_, _>>()?;
    let status = fields.take("status");
    let is_error = status.map(|node| node.word(&[("success", false), ("error", true)]));
    fields.refuse(&["type"], "server tools are not supported by this server")?;
    Ok(Block::ToolResult {
        id,
        text: texts.join("\n"),
        is_error: is_error.transpose()?.unwrap_or(false),
    })
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
pub(super) fn read_system(node: &Node<'_>) -> Result<Vec<String>, WireError> {
    node.items()?
        .map(|item| match item.member(&["text", "guardContent", "cachePoint"])? {
            ("text", value) => {
                let text = value.text_within(1, usize::MAX)?;
                if text.trim().is_empty() {
                    return Err(WireError::validation(format!(
                        "The text field in the SystemContentBlock object at {} is blank. Add text \
                         to the text field, and try again.",
                        item.path()
                    )));
                }
                Ok(text.to_owned())
            }
            ("cachePoint", _) => Err(cache_point_refused()),
            (_, value) => Err(value.error("guardrails are not supported by this server")),
        })
        .collect()
}
