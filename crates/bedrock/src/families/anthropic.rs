//! Anthropic Messages.
//!
//! Accepted beyond Anthropic's own keys: the common sampling parameters. Consecutive messages of one role are one turn,
//! as Anthropic has it. Accepted without effect: [`IGNORED`], [`TOOL_IGNORED`], and `cache_control` on any block, since
//! prefixes are cached without being asked. Stop reasons are Converse's words, which are Anthropic's too but for
//! malformed output: Anthropic has no word for that, and it is not passed off as an end of turn.

use serde_json::{Map, Value, json};

use crate::canonical::{
    Answer, AnswerBlock, Block, BlockKind, Event, Message, Prompt, Request, ResponseContext, Role,
    StopReason, Tool, ToolChoice, Usage,
};
use crate::conversation::{self, Turn};
use crate::converse::tool_input;
use crate::error::WireError;
use crate::json::{Fields, Node};
use crate::reasoning;
use crate::sampling;

const IGNORED: [&str; 4] = ["anthropic_beta", "metadata", "service_tier", "cache_control"];
const TOOL_IGNORED: [&str; 6] = [
    "cache_control",
    "defer_loading",
    "eager_input_streaming",
    "input_examples",
    "allowed_callers",
    "custom",
];

const TEMPERATURE: f32 = 1.0;
const TOP_P: f32 = 0.999;
const TOP_K_LIMIT: u32 = 500;
const STOP_SEQUENCES_MAX: usize = 8191;
const TOOL_NAME_MAX: usize = 128;
const TOOL_ID_MAX: usize = 256;

pub(super) fn read_request(fields: &mut Fields<'_>) -> Result<Request, WireError> {
    let mut ignored = Vec::new();
    fields.require("anthropic_version")?.text()?;
    let turns = read_messages(&fields.require("messages")?, &mut ignored)?;
    let system = fields.take("system").map(|node| read_system(&node, &mut ignored)).transpose()?;
    let turns = conversation::check(system.unwrap_or_default(), conversation::merge(turns))?;
    let mut request = Request::new(Prompt::Turns(turns));
    request.max_tokens = Some(fields.require("max_tokens")?.integer_u32(1, u32::MAX)?);
    let sampling = &mut request.sampling;
    sampling.temperature = fields.number("temperature", 0.0, 1.0)?.or(Some(TEMPERATURE));
    sampling.top_p = fields.number("top_p", 0.0, 1.0)?.or(Some(TOP_P));
    sampling.top_k = fields.integer("top_k", 0, TOP_K_LIMIT)?;
    sampling::read_common(fields, sampling)?;
    if let Some(node) = fields.take("stop_sequences") {
        request.stop_sequences = sampling::read_stops(&node, STOP_SEQUENCES_MAX)?;
    }
    if let Some(node) = fields.take("tools") {
        request.tools = read_tools(&node, &mut ignored)?;
    }
    if let Some(node) = fields.take("tool_choice") {
        request.tool_choice = node.read(read_tool_choice)?;
    }
    conversation::check_tools(&request.tools, &request.tool_choice, "tools")?;
    reasoning::read_thinking(fields, &mut request.reasoning)?;
    fields.refuse(&["output_config"], "structured output and effort are not supported yet")?;
    fields.ignore(&IGNORED, &mut ignored);
    request.ignored = ignored;
    reasoning::check(&request)?;
    Ok(request)
}

fn read_messages(node: &Node<'_>, ignored: &mut Vec<String>) -> Result<Vec<Turn>, WireError> {
    let words = [("user", Role::User), ("assistant", Role::Assistant)];
    node.items()?
        .enumerate()
        .map(|(at, item)| {
            let message = item.read(|fields| {
                let role = fields.require("role")?.word(&words)?;
                let content = read_content(&fields.require("content")?, role, ignored)?;
                if content.is_empty() {
                    return Err(conversation::empty_content(item.path()));
                }
                Ok(Message { role, content })
            })?;
            Ok(Turn { at, message })
        })
        .collect()
}

fn read_content(
    node: &Node<'_>,
    role: Role,
    ignored: &mut Vec<String>,
) -> Result<Vec<Block>, WireError> {
    if node.value().is_string() {
        return Ok(vec![Block::Text(conversation::spoken(node, node.path())?)]);
    }
    let blocks = node.items()?;
    blocks.map(|block| block.read(|fields| read_block(fields, role, ignored))).collect()
}

fn read_block(
    fields: &mut Fields<'_>,
    role: Role,
    ignored: &mut Vec<String>,
) -> Result<Block, WireError> {
    fields.ignore(&["cache_control"], ignored);
    let kind = fields.require("type")?;
    match (kind.text()?, role) {
        ("text", _) => {
            fields.refuse(&["citations"], "citations are not supported yet")?;
            let text = fields.require("text")?;
            Ok(Block::Text(conversation::spoken(&text, fields.node().path())?))
        }
        ("tool_use", Role::Assistant) => {
            fields.ignore(&["caller"], ignored);
            let input = fields.require("input")?;
            input.object()?;
            Ok(Block::ToolUse {
                id: fields.require("id")?.text_within(1, TOOL_ID_MAX)?.to_owned(),
                name: fields.require("name")?.name(TOOL_NAME_MAX, "_-")?.to_owned(),
                input: input.value().clone(),
            })
        }
        ("tool_result", Role::User) => {
            let content = fields.take("content");
            let text = content.map(|node| plain_text(&node, ignored)).transpose()?;
            Ok(Block::ToolResult {
                id: fields.require("tool_use_id")?.text_within(1, TOOL_ID_MAX)?.to_owned(),
                text: text.unwrap_or_default(),
                is_error: fields.boolean("is_error")?.unwrap_or(false),
            })
        }
        ("thinking", Role::Assistant) => {
            fields.text("signature")?;
            Ok(Block::Reasoning(fields.require("thinking")?.text()?.to_owned()))
        }
        ("tool_use" | "thinking", Role::User) | ("tool_result", Role::Assistant) => {
            Err(kind.error("this kind of block belongs in messages of the other role"))
        }
        (other, _) => Err(kind.error(format_args!(
            "this model doesn't support blocks of type {}",
            crate::json::cut(other)
        ))),
    }
}

/// A text, or text blocks, joined by a line break; may be blank.
fn plain_text(node: &Node<'_>, ignored: &mut Vec<String>) -> Result<String, WireError> {
    if node.value().is_string() {
        return Ok(node.text()?.to_owned());
    }
    Ok(text_blocks(node, ignored)?.join("\n"))
}

fn text_blocks(node: &Node<'_>, ignored: &mut Vec<String>) -> Result<Vec<String>, WireError> {
    node.items()?
        .map(|block| {
            block.read(|fields| {
                fields.ignore(&["cache_control"], ignored);
                let kind = fields.require("type")?;
                if kind.text()? != "text" {
                    return Err(kind.error("only text blocks are supported here"));
                }
                fields.refuse(&["citations"], "citations are not supported yet")?;
                Ok(fields.require("text")?.text()?.to_owned())
            })
        })
        .collect()
}

/// `system`: a text or text blocks. Blank ones say nothing and are left out.
fn read_system(node: &Node<'_>, ignored: &mut Vec<String>) -> Result<Vec<String>, WireError> {
    let mut texts = match node.value() {
        Value::String(text) => vec![text.clone()],
        _ => text_blocks(node, ignored)?,
    };
    texts.retain(|text| !text.trim().is_empty());
    Ok(texts)
}

fn read_tools(node: &Node<'_>, ignored: &mut Vec<String>) -> Result<Vec<Tool>, WireError> {
    node.items()?
        .map(|item| {
            item.read(|fields| {
                if let Some(kind) = fields.take("type").filter(|kind| kind.value() != "custom") {
                    return Err(kind.error("only tools of type custom are supported"));
                }
                conversation::refuse_strict(fields)?;
                fields.ignore(&TOOL_IGNORED, ignored);
                let input_schema = fields.require("input_schema")?;
                input_schema.object()?;
                Ok(Tool {
                    name: fields.require("name")?.name(TOOL_NAME_MAX, "_-")?.to_owned(),
                    description: fields.text("description")?.map(str::to_owned),
                    input_schema: input_schema.value().clone(),
                })
            })
        })
        .collect()
}

fn read_tool_choice(fields: &mut Fields<'_>) -> Result<ToolChoice, WireError> {
    if fields.boolean("disable_parallel_tool_use")? == Some(true) {
        let key = "disable_parallel_tool_use";
        fields.refuse(&[key], "limiting the number of tool calls is not supported yet")?;
    }
    let words = [
        ("auto", Some(ToolChoice::Auto)),
        ("any", Some(ToolChoice::Any)),
        ("none", Some(ToolChoice::None)),
        ("tool", None),
    ];
    match fields.require("type")?.word(&words)? {
        Some(choice) => Ok(choice),
        None => Ok(ToolChoice::Named(fields.require("name")?.text()?.to_owned())),
    }
}

pub(super) fn encode_answer(answer: &Answer, context: &ResponseContext) -> Value {
    let mut message = message_head(context);
    let choice = answer.choices.first();
    let blocks = choice.map_or(&[][..], |choice| &choice.content);
    message["content"] = blocks.iter().filter_map(content_block).collect();
    message["stop_reason"] = choice.map(|choice| choice.stop_reason.as_str()).into();
    message["stop_sequence"] = choice.and_then(|choice| choice.stop_sequence.clone()).into();
    message["usage"] = usage_value(answer.usage);
    message
}

fn message_head(context: &ResponseContext) -> Value {
    json!({
        "id": format!("msg_bdrk_{}", context.request_id.replace('-', "")),
        "type": "message",
        "role": "assistant",
        "model": context.model_id,
        "content": [],
        "stop_reason": null,
        "stop_sequence": null,
    })
}

/// A block of the answer; a tool call that was cut off inside its input is left out, the stop reason says why.
fn content_block(block: &AnswerBlock) -> Option<Value> {
    match &block.kind {
        BlockKind::Text => Some(json!({"type": "text", "text": block.text})),
        BlockKind::Reasoning => {
            Some(json!({"type": "thinking", "thinking": block.text, "signature": ""}))
        }
        BlockKind::ToolUse { id, name } => {
            let input = tool_input(&block.text)?;
            Some(json!({"type": "tool_use", "id": id, "name": name, "input": input}))
        }
    }
}

fn usage_value(usage: Usage) -> Value {
    json!({
        "input_tokens": usage.input,
        "cache_creation_input_tokens": usage.cache_write,
        "cache_read_input_tokens": usage.cache_read,
        "output_tokens": usage.output,
    })
}

/// The Messages stream: `message_start`; per block `content_block_start`, `_delta`s, `_stop`; `message_delta`;
/// `message_stop`.
#[derive(Clone, Debug)]
pub(super) struct Stream {
    context: ResponseContext,
    open: Option<BlockKind>,
    stop: (StopReason, Option<String>),
}

impl Stream {
    pub(super) fn new(context: ResponseContext) -> Self {
        Stream { context, open: None, stop: (StopReason::MalformedModelOutput, None) }
    }

    pub(super) fn start(&mut self) -> Vec<Value> {
        let mut message = message_head(&self.context);
        let usage = Usage { input: self.context.input_tokens, ..Usage::default() };
        message["usage"] = usage_value(usage);
        vec![json!({"type": "message_start", "message": message})]
    }

    pub(super) fn push(&mut self, event: &Event) -> Vec<Value> {
        match event {
            Event::BlockStart { index, kind, .. } => {
                self.open = Some(kind.clone());
                vec![json!({
                    "type": "content_block_start",
                    "index": index,
                    "content_block": empty_block(kind),
                })]
            }
            Event::Delta { index, text, .. } => {
                let delta = self.open.as_ref().map(|kind| block_delta(kind, text));
                let chunk =
                    |delta| json!({"type": "content_block_delta", "index": index, "delta": delta});
                delta.map(chunk).into_iter().collect()
            }
            Event::BlockStop { index, .. } => {
                self.open = None;
                vec![json!({"type": "content_block_stop", "index": index})]
            }
            Event::Stop { reason, stop_sequence, .. } => {
                self.stop = (*reason, stop_sequence.clone());
                Vec::new()
            }
            Event::Logprobs { .. } | Event::Usage(_) => Vec::new(),
        }
    }

    pub(super) fn finish(&mut self, usage: Usage) -> Vec<Value> {
        let delta = json!({"stop_reason": self.stop.0.as_str(), "stop_sequence": self.stop.1});
        vec![
            json!({"type": "message_delta", "delta": delta, "usage": usage_value(usage)}),
            json!({"type": "message_stop"}),
        ]
    }
}

fn empty_block(kind: &BlockKind) -> Value {
    match kind {
        BlockKind::Text => json!({"type": "text", "text": ""}),
        BlockKind::Reasoning => json!({"type": "thinking", "thinking": "", "signature": ""}),
        BlockKind::ToolUse { id, name } => {
            json!({"type": "tool_use", "id": id, "name": name, "input": Map::new()})
        }
    }
}

fn block_delta(kind: &BlockKind, text: &str) -> Value {
    match kind {
        BlockKind::Text => json!({"type": "text_delta", "text": text}),
        BlockKind::Reasoning => json!({"type": "thinking_delta", "thinking": text}),
        BlockKind::ToolUse { .. } => json!({"type": "input_json_delta", "partial_json": text}),
    }
}
