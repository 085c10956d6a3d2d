//! Anthropic Messages.
//!
//! Accepted beyond Anthropic's own keys: the common parameters. Consecutive messages of one role are one turn,
//! as Anthropic has it. Accepted without effect: [`IGNORED`], [`TOOL_IGNORED`], and `cache_control` on any block, since
//! prefixes are cached without being asked. Stop reasons are Converse's words, which are Anthropic's too but for
//! malformed output: Anthropic has no word for that, and it is not passed off as an end of turn.

mod document;

use serde_json::{Map, Value, json};

use super::{Codec, NativeStream};
use crate::canonical::{
    Answer, AnswerBlock, Block, BlockKind, Event, Message, OutputSchema, Prompt, Request,
    ResponseContext, Role, StopReason, Tool, ToolChoice, Usage,
};
use crate::conversation::{self, Turn};
use crate::converse::tool_input;
use crate::documents::{Documents, ToolResult};
use crate::error::WireError;
use crate::family::Family;
use crate::json::{Fields, Node};
use crate::parameters::{Absent, Number, Parameter, Parameters, Whole, number, stops, whole};
use crate::reasoning;

const IGNORED: [&str; 4] = ["anthropic_beta", "metadata", "service_tier", "cache_control"];
const TOOL_IGNORED: [&str; 6] = [
    "cache_control",
    "defer_loading",
    "eager_input_streaming",
    "input_examples",
    "allowed_callers",
    "custom",
];

const TOOL_NAME_MAX: usize = 128;
const TOOL_ID_MAX: usize = 256;

const MAX_TOKENS: Parameter =
    whole(Whole::MaxTokens, "max_tokens", (1, u32::MAX), Absent::Required);
const TEMPERATURE: Parameter =
    number(Number::Temperature, "temperature", (0.0, 1.0), Absent::Is(1.0));
const TOP_P: Parameter = number(Number::TopP, "top_p", (0.0, 1.0), Absent::Is(0.999));
const TOP_K: Parameter = whole(Whole::TopK, "top_k", (0, 500), Absent::Off);
const STOPS: Parameter = stops("stop_sequences", 8191);

pub(super) const CODEC: Codec = Codec {
    family: Family::AnthropicMessages,
    parameters: &[ANSWERED],
    read: |fields, parameters, _| {
        fields.require("anthropic_version")?.text()?;
        read_with(fields, parameters)
    },
    encode,
    stream: |context| Box::new(Stream::new(context)),
    echo: None,
    tells_logprobs: false,
};

/// Of a body that is to be answered.
const ANSWERED: Parameters =
    Parameters { models: "", group: None, rows: &[MAX_TOKENS, TEMPERATURE, TOP_P, TOP_K, STOPS] };

/// Of a body to be counted: it has no use for a limit of tokens.
const COUNTED: Parameters =
    Parameters { models: "", group: None, rows: &[TEMPERATURE, TOP_P, TOP_K, STOPS] };

/// The same body without the version, which the Messages API has in a header.
pub(crate) fn read_body(fields: &mut Fields<'_>) -> Result<Request, WireError> {
    read_with(fields, &ANSWERED)
}

/// A body of the Messages API that is only counted.
pub(crate) fn read_countable(fields: &mut Fields<'_>) -> Result<Request, WireError> {
    read_with(fields, &COUNTED)
}

fn read_with(fields: &mut Fields<'_>, parameters: &Parameters) -> Result<Request, WireError> {
    let mut ignored = Vec::new();
    let turns = read_messages(&fields.require("messages")?, &mut ignored)?;
    let system = fields.take("system").map(|node| read_system(&node, &mut ignored)).transpose()?;
    let turns = conversation::check(system.unwrap_or_default(), conversation::merge(turns))?;
    let mut request = Request::new(Prompt::Turns(turns));
    parameters.read(fields, &mut request)?;
    if let Some(node) = fields.take("tools") {
        request.tools = read_tools(&node, &mut ignored)?;
    }
    if let Some(node) = fields.take("tool_choice") {
        (request.tool_choice, request.one_call) = node.read(read_tool_choice)?;
    }
    conversation::check_tools(&request.tools, &request.tool_choice, "tools")?;
    reasoning::read_thinking(fields, &mut request.reasoning)?;
    if let Some(node) = fields.take("output_config") {
        node.read(|fields| read_output_config(fields, &mut request))?;
    }
    fields.ignore(&IGNORED, &mut ignored);
    request.ignored = ignored;
    reasoning::check(&request)?;
    Ok(request)
}

fn read_messages(node: &Node<'_>, ignored: &mut Vec<String>) -> Result<Vec<Turn>, WireError> {
    let words = [("user", Role::User), ("assistant", Role::Assistant)];
    let mut documents = Documents::default();
    node.items()?
        .enumerate()
        .map(|(at, item)| {
            let message = item.read(|fields| {
                let role = fields.require("role")?.word(&words)?;
                let content = fields.require("content")?;
                let content = read_content(&content, role, ignored, &mut documents)?;
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
    documents: &mut Documents,
) -> Result<Vec<Block>, WireError> {
    if node.value().is_string() {
        return Ok(vec![Block::Text(conversation::spoken(node, node.path())?)]);
    }
    let mut blocks = Vec::new();
    for block in node.items()? {
        blocks.extend(block.read(|fields| read_block(fields, role, ignored, documents))?);
    }
    Ok(blocks)
}

/// A block and, if it is a tool result, the documents in it.
fn read_block(
    fields: &mut Fields<'_>,
    role: Role,
    ignored: &mut Vec<String>,
    documents: &mut Documents,
) -> Result<Vec<Block>, WireError> {
    fields.ignore(&["cache_control"], ignored);
    let kind = fields.require("type")?;
    let block = match (kind.text()?, role) {
        ("text", _) => {
            fields.refuse(&["citations"], "citations are not supported yet")?;
            let text = fields.require("text")?;
            Block::Text(conversation::spoken(&text, fields.node().path())?)
        }
        ("tool_use", Role::Assistant) => {
            fields.ignore(&["caller"], ignored);
            let input = fields.require("input")?;
            input.object()?;
            Block::ToolUse {
                id: fields.require("id")?.text_within(1, TOOL_ID_MAX)?.to_owned(),
                name: fields.require("name")?.name(TOOL_NAME_MAX, "_-")?.to_owned(),
                input: input.value().clone(),
            }
        }
        ("tool_result", Role::User) => return read_tool_result(fields, ignored, documents),
        ("document", Role::User) => document::read_document(fields, None, documents)?,
        ("thinking", Role::Assistant) => {
            fields.text("signature")?;
            Block::Reasoning(fields.require("thinking")?.text()?.to_owned())
        }
        ("tool_use" | "thinking", Role::User) | ("tool_result" | "document", Role::Assistant) => {
            return Err(kind.error("this kind of block belongs in messages of the other role"));
        }
        (other, _) => {
            return Err(kind.error(format_args!(
                "this model doesn't support blocks of type {}",
                crate::json::cut(other)
            )));
        }
    };
    Ok(vec![block])
}

/// The result, then its documents. Its content is a text, or blocks of text and documents; texts may be blank.
fn read_tool_result(
    fields: &mut Fields<'_>,
    ignored: &mut Vec<String>,
    documents: &mut Documents,
) -> Result<Vec<Block>, WireError> {
    let id = fields.require("tool_use_id")?.text_within(1, TOOL_ID_MAX)?.to_owned();
    let mut result = ToolResult::new(id);
    match fields.take("content") {
        Some(node) if node.value().is_string() => result.say(node.text()?),
        Some(node) => {
            for block in node.items()? {
                block.read(|fields| read_part(fields, &mut result, ignored, documents))?;
            }
        }
        None => {}
    }
    Ok(result.blocks(fields.boolean("is_error")?.unwrap_or(false)))
}

fn read_part(
    fields: &mut Fields<'_>,
    result: &mut ToolResult,
    ignored: &mut Vec<String>,
    documents: &mut Documents,
) -> Result<(), WireError> {
    if fields.node().object()?.get("type").is_some_and(|kind| kind == "document") {
        fields.ignore(&["cache_control"], ignored);
        fields.require("type")?;
        return result.attach(|part| document::read_document(fields, Some(part), documents));
    }
    result.say(&read_text(fields, ignored)?);
    Ok(())
}

fn text_blocks(node: &Node<'_>, ignored: &mut Vec<String>) -> Result<Vec<String>, WireError> {
    node.items()?.map(|block| block.read(|fields| read_text(fields, ignored))).collect()
}

fn read_text(fields: &mut Fields<'_>, ignored: &mut Vec<String>) -> Result<String, WireError> {
    fields.ignore(&["cache_control"], ignored);
    let kind = fields.require("type")?;
    if kind.text()? != "text" {
        return Err(kind.error("only text blocks are supported here"));
    }
    fields.refuse(&["citations"], "citations are not supported yet")?;
    Ok(fields.require("text")?.text()?.to_owned())
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
                fields.ignore(&TOOL_IGNORED, ignored);
                let input_schema = fields.require("input_schema")?;
                input_schema.object()?;
                Ok(Tool {
                    name: fields.require("name")?.name(TOOL_NAME_MAX, "_-")?.to_owned(),
                    description: fields.text("description")?.map(str::to_owned),
                    input_schema: input_schema.value().clone(),
                    strict: fields.boolean("strict")?.unwrap_or(false),
                })
            })
        })
        .collect()
}

/// `output_config`: an effort, and a `format`: `{"type": "json_schema", "schema": {…}}`.
pub(crate) fn read_output_config(
    fields: &mut Fields<'_>,
    request: &mut Request,
) -> Result<(), WireError> {
    if let Some(effort) = fields.take("effort") {
        reasoning::read_effort(&effort, "output_config.effort", &mut request.reasoning)?;
    }
    let Some(format) = fields.take("format") else { return Ok(()) };
    request.output_format = format.read(|format| {
        format.require("type")?.word(&[("json_schema", ())])?;
        let name = format.text("name")?.map(str::to_owned);
        let schema = conversation::schema(&format.require("schema")?)?;
        Ok(Some(OutputSchema { name, schema }))
    })?;
    Ok(())
}

/// What may be called, and whether once only.
fn read_tool_choice(fields: &mut Fields<'_>) -> Result<(ToolChoice, bool), WireError> {
    let one_call = fields.boolean("disable_parallel_tool_use")? == Some(true);
    let words = [
        ("auto", Some(ToolChoice::Auto)),
        ("any", Some(ToolChoice::Any)),
        ("none", Some(ToolChoice::None)),
        ("tool", None),
    ];
    let choice = match fields.require("type")?.word(&words)? {
        Some(choice) => choice,
        None => ToolChoice::Named(fields.require("name")?.text()?.to_owned()),
    };
    Ok((choice, one_call))
}

pub(crate) fn encode(answer: &Answer, context: &ResponseContext) -> Value {
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
pub(crate) struct Stream {
    context: ResponseContext,
    open: Option<BlockKind>,
    stop: (StopReason, Option<String>),
}

impl Stream {
    pub(crate) fn new(context: ResponseContext) -> Self {
        Stream { context, open: None, stop: (StopReason::MalformedModelOutput, None) }
    }
}

impl NativeStream for Stream {
    fn start(&mut self) -> Vec<Value> {
        let mut message = message_head(&self.context);
        let usage = Usage { input: self.context.input_tokens, ..Usage::default() };
        message["usage"] = usage_value(usage);
        vec![json!({"type": "message_start", "message": message})]
    }

    fn push(&mut self, event: &Event) -> Vec<Value> {
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

    fn finish(&mut self, usage: Usage) -> Vec<Value> {
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
