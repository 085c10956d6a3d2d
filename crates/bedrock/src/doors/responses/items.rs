//! `input`: a text, or items. Messages, calls of functions with their outputs, and reasoning, in the order in which they
//! came to be; consecutive items of one side are one turn.

use std::collections::HashSet;

use crate::canonical::{Block, Message, Role, Turns};
use crate::conversation::{self, Turn};
use crate::error::WireError;
use crate::families::openai::{self, TOOL_ID_MAX, TOOL_NAME_MAX};
use crate::json::{Fields, Node, cut};

/// Members that the API gives its own items, which come back with them and say nothing to the model.
const OWN: [&str; 3] = ["id", "status", "phase"];

/// What an item says.
enum Item {
    System(Vec<String>),
    Said(Role, Vec<Block>),
    /// Reasoning without text.
    Nothing,
}

#[derive(Clone, Copy)]
enum Kind {
    Message,
    Call,
    Output,
    Reasoning,
}

const KINDS: [(&str, Kind); 4] = [
    ("message", Kind::Message),
    ("function_call", Kind::Call),
    ("function_call_output", Kind::Output),
    ("reasoning", Kind::Reasoning),
];

/// Reads the input into a valid conversation; `system` are the instructions.
pub(super) fn read_input(
    node: &Node<'_>,
    mut system: Vec<String>,
    ignored: &mut Vec<String>,
) -> Result<Turns, WireError> {
    let mut turns = Vec::new();
    if node.value().is_string() {
        let content = vec![Block::Text(conversation::spoken(node, node.path())?)];
        turns.push(Turn { at: 0, message: Message { role: Role::User, content } });
    } else {
        for (at, item) in node.items()?.enumerate() {
            match item.read(|fields| read_item(fields, ignored))? {
                Item::System(_) if !turns.is_empty() => {
                    let why = "system and developer messages must come before all others";
                    return Err(item.error(why));
                }
                Item::System(texts) => system.extend(texts),
                Item::Said(role, content) => {
                    turns.push(Turn { at, message: Message { role, content } });
                }
                Item::Nothing => {}
            }
        }
        check_pairs(node, &turns)?;
    }
    system.retain(|text| !text.trim().is_empty());
    conversation::check(system, conversation::merge(turns))
}

/// Every call has its output and every output its call, in the words of OpenAI; which turns they stand in is a rule of
/// every conversation.
fn check_pairs(node: &Node<'_>, turns: &[Turn]) -> Result<(), WireError> {
    let blocks = || turns.iter().flat_map(|turn| &turn.message.content);
    let calls: HashSet<&str> = blocks().filter_map(call_id).collect();
    let outputs: HashSet<&str> = blocks().filter_map(output_id).collect();
    if let Some(id) = blocks().filter_map(call_id).find(|id| !outputs.contains(id)) {
        return Err(node.error(format_args!("No tool output found for function call {}.", cut(id))));
    }
    match blocks().filter_map(output_id).find(|id| !calls.contains(id)) {
        Some(id) => Err(node.error(format_args!(
            "No tool call found for function call output with call_id {}.",
            cut(id)
        ))),
        None => Ok(()),
    }
}

fn call_id(block: &Block) -> Option<&str> {
    if let Block::ToolUse { id, .. } = block { Some(id) } else { None }
}

fn output_id(block: &Block) -> Option<&str> {
    if let Block::ToolResult { id, .. } = block { Some(id) } else { None }
}

fn read_item(fields: &mut Fields<'_>, ignored: &mut Vec<String>) -> Result<Item, WireError> {
    for key in OWN {
        fields.take(key);
    }
    match fields.take("type").map(|kind| read_kind(&kind)).transpose()?.unwrap_or(Kind::Message) {
        Kind::Message => read_message(fields),
        Kind::Call => Ok(Item::Said(Role::Assistant, vec![read_call(fields)?])),
        Kind::Output => Ok(Item::Said(Role::User, vec![read_output(fields)?])),
        Kind::Reasoning => read_reasoning(fields, ignored),
    }
}

fn read_kind(kind: &Node<'_>) -> Result<Kind, WireError> {
    let text = kind.text()?;
    if text == "item_reference" {
        return Err(kind.error("items are not kept by this server: send the item itself"));
    }
    KINDS.iter().find(|(name, _)| *name == text).map(|(_, kind)| *kind).ok_or_else(|| {
        let served = KINDS.map(|(name, _)| name).join(", ");
        kind.error(format_args!("items of type {} are not supported; {served} are", cut(text)))
    })
}

fn read_message(fields: &mut Fields<'_>) -> Result<Item, WireError> {
    let words = [
        ("user", Some(Role::User)),
        ("assistant", Some(Role::Assistant)),
        ("system", None),
        ("developer", None),
    ];
    let role = fields.require("role")?.word(&words)?;
    let content = fields.require("content")?;
    let Some(role) = role else { return Ok(Item::System(texts(&content)?)) };
    if content.value().is_string() {
        let text = conversation::spoken(&content, content.path())?;
        return Ok(Item::Said(role, vec![Block::Text(text)]));
    }
    let parts = content.items()?.map(|part| {
        let text = part.read(text_of_part)?;
        Ok(Block::Text(conversation::spoken(&text, part.path())?))
    });
    let blocks: Vec<Block> = parts.collect::<Result<_, WireError>>()?;
    if blocks.is_empty() {
        return Err(conversation::empty_content(fields.node().path()));
    }
    Ok(Item::Said(role, blocks))
}

/// A text, or the texts of a list of text parts.
fn texts(node: &Node<'_>) -> Result<Vec<String>, WireError> {
    if node.value().is_string() {
        return Ok(vec![node.text()?.to_owned()]);
    }
    node.items()?.map(|part| Ok(part.read(text_of_part)?.text()?.to_owned())).collect()
}

fn text_of_part<'a>(part: &mut Fields<'a>) -> Result<Node<'a>, WireError> {
    let kind = part.require("type")?;
    match kind.text()? {
        // The API's own, which come back with an answer.
        "output_text" => {
            part.take("annotations");
            part.take("logprobs");
            part.require("text")
        }
        "input_text" | "text" => part.require("text"),
        "refusal" => Err(kind.error("refusals cannot be continued")),
        other => Err(kind.error(format_args!(
            "this model doesn't support content parts of type {}",
            cut(other)
        ))),
    }
}

fn read_call(fields: &mut Fields<'_>) -> Result<Block, WireError> {
    Ok(Block::ToolUse {
        id: fields.require("call_id")?.text_within(1, TOOL_ID_MAX)?.to_owned(),
        name: fields.require("name")?.name(TOOL_NAME_MAX, "_-")?.to_owned(),
        input: openai::read_arguments(&fields.require("arguments")?)?,
    })
}

fn read_output(fields: &mut Fields<'_>) -> Result<Block, WireError> {
    let id = fields.require("call_id")?.text_within(1, TOOL_ID_MAX)?.to_owned();
    let text = texts(&fields.require("output")?)?.join("\n");
    Ok(Block::ToolResult { id, text, is_error: false })
}

/// The reasoning's own text, or its summary. What is encrypted cannot be read.
fn read_reasoning(fields: &mut Fields<'_>, ignored: &mut Vec<String>) -> Result<Item, WireError> {
    fields.ignore(&["encrypted_content"], ignored);
    let content = reasoning_texts(fields.take("content"), "reasoning_text")?;
    let summary = reasoning_texts(fields.take("summary"), "summary_text")?;
    let text = if content.is_empty() { summary } else { content }.join("\n");
    if text.trim().is_empty() {
        return Ok(Item::Nothing);
    }
    Ok(Item::Said(Role::Assistant, vec![Block::Reasoning(text)]))
}

fn reasoning_texts(list: Option<Node<'_>>, kind: &str) -> Result<Vec<String>, WireError> {
    let Some(list) = list else { return Ok(Vec::new()) };
    let texts = list.items()?.map(|part| {
        part.read(|part| {
            part.require("type")?.word(&[(kind, ())])?;
            Ok(part.require("text")?.text()?.to_owned())
        })
    });
    texts.collect()
}
