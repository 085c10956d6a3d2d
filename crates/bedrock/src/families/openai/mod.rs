//! OpenAI chat completions, the body of gpt-oss, Qwen and most open-weight models.
//!
//! Accepted beyond OpenAI's own keys: `top_k`, `min_p`, `repetition_penalty`, as vLLM and its kind have them. Accepted
//! without effect: [`IGNORED`], `name` and `annotations` of messages, `stream_options.include_obfuscation`.
//! `stream_options.include_usage` is accepted: usage is on the last chunk either way.

mod messages;
mod response;

use super::Invocation;
use crate::canonical::{Prompt, Request, ServiceTier, Tool, ToolChoice};
use crate::conversation;
use crate::error::WireError;
use crate::json::{Fields, Node};
use crate::reasoning;
use crate::sampling::{self, TOP_K_MAX};

pub(super) use response::{Stream, encode_answer};

const IGNORED: [&str; 5] = ["user", "metadata", "store", "safety_identifier", "prompt_cache_key"];
const CHOICES_MAX: u32 = 16;
const STOP_SEQUENCES_MAX: usize = 4;
pub(super) const TOOL_NAME_MAX: usize = 128;

pub(super) fn read_request(
    fields: &mut Fields<'_>,
    invocation: Invocation<'_>,
) -> Result<Request, WireError> {
    let mut ignored = Vec::new();
    let turns = messages::read_messages(&fields.require("messages")?, &mut ignored)?;
    let mut request = Request::new(Prompt::Turns(turns));
    request.ignored = ignored;
    read_sampling(fields, &mut request)?;
    request.max_tokens = read_max_tokens(fields)?;
    request.choices = fields.integer("n", 1, CHOICES_MAX)?.unwrap_or(1);
    if let Some(stop) = fields.take("stop") {
        request.stop_sequences = if stop.value().is_string() {
            vec![stop.text_within(1, usize::MAX)?.to_owned()]
        } else {
            sampling::read_stops(&stop, STOP_SEQUENCES_MAX)?
        };
    }
    read_tools(fields, &mut request)?;
    read_agreement(fields, &mut request, invocation)?;
    if let Some(node) = fields.take("service_tier") {
        request.service_tier = node.word(&[
            ("auto", ServiceTier::Default),
            ("default", ServiceTier::Default),
            ("flex", ServiceTier::Flex),
            ("priority", ServiceTier::Priority),
        ])?;
    }
    read_response_format(fields)?;
    reasoning::read_openai_effort(fields, &mut request.reasoning)?;
    fields.ignore(&IGNORED, &mut request.ignored);
    Ok(request)
}

fn read_sampling(fields: &mut Fields<'_>, request: &mut Request) -> Result<(), WireError> {
    let sampling = &mut request.sampling;
    sampling.temperature = fields.number("temperature", 0.0, 2.0)?;
    sampling.top_p = fields.number("top_p", 0.0, 1.0)?;
    sampling.top_k = fields.integer("top_k", 0, TOP_K_MAX)?;
    sampling::read_common(fields, sampling)?;
    sampling.logprobs = sampling::read_logprobs(fields)?;
    Ok(())
}

/// `max_completion_tokens`, or its older name; both only if they agree.
fn read_max_tokens(fields: &mut Fields<'_>) -> Result<Option<u32>, WireError> {
    let older = fields.take("max_tokens");
    let max = fields.integer("max_completion_tokens", 1, u32::MAX)?;
    let Some(older) = older else { return Ok(max) };
    let limit = older.integer_u32(1, u32::MAX)?;
    match max {
        Some(max) if max != limit => Err(older.error("does not agree with max_completion_tokens")),
        _ => Ok(Some(limit)),
    }
}

fn read_tools(fields: &mut Fields<'_>, request: &mut Request) -> Result<(), WireError> {
    if let Some(node) = fields.take("tools") {
        request.tools = node.items()?.map(|item| item.read(read_tool)).collect::<Result<_, _>>()?;
    }
    if let Some(node) = fields.take("tool_choice") {
        request.tool_choice = read_tool_choice(&node)?;
    }
    if fields.boolean("parallel_tool_calls")? == Some(false) {
        let key = "parallel_tool_calls";
        fields.refuse(&[key], "limiting the number of tool calls is not supported yet")?;
    }
    conversation::check_tools(&request.tools, &request.tool_choice, "tools")
}

fn read_tool(fields: &mut Fields<'_>) -> Result<Tool, WireError> {
    fields.require("type")?.word(&[("function", ())])?;
    fields.require("function")?.read(|function| {
        conversation::refuse_strict(function)?;
        let schema = function.take("parameters");
        if let Some(schema) = &schema {
            schema.object()?;
        }
        let none = || serde_json::json!({"type": "object", "properties": {}});
        Ok(Tool {
            name: function.require("name")?.name(TOOL_NAME_MAX, "_-")?.to_owned(),
            description: function.text("description")?.map(str::to_owned),
            input_schema: schema.map_or_else(none, |schema| schema.value().clone()),
        })
    })
}

fn read_tool_choice(node: &Node<'_>) -> Result<ToolChoice, WireError> {
    if node.value().is_string() {
        return node.word(&[
            ("auto", ToolChoice::Auto),
            ("required", ToolChoice::Any),
            ("none", ToolChoice::None),
        ]);
    }
    node.read(|fields| {
        fields.require("type")?.word(&[("function", ())])?;
        fields
            .require("function")?
            .read(|function| Ok(ToolChoice::Named(function.require("name")?.text()?.to_owned())))
    })
}

/// `stream` must agree with the operation and `model` with the path.
fn read_agreement(
    fields: &mut Fields<'_>,
    request: &mut Request,
    invocation: Invocation<'_>,
) -> Result<(), WireError> {
    if let Some(stream) = fields.take("stream") {
        let asked = stream.boolean()?;
        if invocation.streaming.is_some_and(|streaming| streaming != asked) {
            return Err(stream.error(
                "does not agree with the operation: true belongs to InvokeModelWithResponseStream, \
                 false to InvokeModel",
            ));
        }
    }
    if let Some(model) = fields.take("model") {
        let named = model.text_within(1, 2048)?;
        match invocation.model_id {
            Some(id) if !agrees(id, named) => {
                return Err(model.error("does not agree with the model id of the request's path"));
            }
            Some(_) => {}
            None => request.ignored.push("model".to_owned()),
        }
    }
    if let Some(options) = fields.take("stream_options") {
        options.read(|options| {
            options.boolean("include_usage")?;
            options.ignore(&["include_obfuscation"], &mut request.ignored);
            Ok(())
        })?;
    }
    Ok(())
}

/// Whether two names mean one model: equal, or one is the other behind a geo prefix or inside an ARN.
fn agrees(id: &str, named: &str) -> bool {
    let tail_of = |long: &str, short: &str| {
        long.strip_suffix(short).is_some_and(|head| head.is_empty() || head.ends_with(['.', '/']))
    };
    tail_of(id, named) || tail_of(named, id)
}

fn read_response_format(fields: &mut Fields<'_>) -> Result<(), WireError> {
    let Some(format) = fields.take("response_format") else { return Ok(()) };
    if format.object()?.get("type").and_then(|kind| kind.as_str()) == Some("text") {
        return format.read(|fields| fields.require("type").map(|_| ()));
    }
    Err(format.error("structured output is not supported yet; only {\"type\": \"text\"} is"))
}
