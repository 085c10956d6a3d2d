//! OpenAI chat completions, the body of gpt-oss, Qwen and most open-weight models.
//!
//! Accepted beyond OpenAI's own keys: `top_k`, `min_p`, `repetition_penalty`, as vLLM and its kind have them. Accepted
//! without effect: [`IGNORED`], `name` and `annotations` of messages, `stream_options.include_obfuscation`.
//! `stream_options.include_usage` is accepted: usage is on the last chunk either way.

mod completion;
mod messages;
mod response;

use super::{Codec, Invocation};
use crate::canonical::{OutputSchema, Prompt, Request, ServiceTier, Tool, ToolChoice};
use crate::conversation;
use crate::error::WireError;
use crate::family::Family;
use crate::json::Fields;
use crate::parameters::{
    Absent, Kind, Number, Parameter, Parameters, Whole, logprobs, number, stop_or_stops, whole,
};
use crate::reasoning;
use crate::sampling::TOP_K_MAX;

pub(super) use completion::CODEC as COMPLETION;
pub(crate) use messages::{TOOL_ID_MAX, read_arguments};
pub(super) use response::stream;
pub(crate) use response::{Stream, encode};

/// Names of `service_tier`.
pub(crate) const TIERS: [(&str, ServiceTier); 4] = [
    ("auto", ServiceTier::Default),
    ("default", ServiceTier::Default),
    ("flex", ServiceTier::Flex),
    ("priority", ServiceTier::Priority),
];

const IGNORED: [&str; 5] = ["user", "metadata", "store", "safety_identifier", "prompt_cache_key"];
const CHOICES_MAX: u32 = 16;
const STOP_SEQUENCES_MAX: usize = 4;
pub(crate) const TOOL_NAME_MAX: usize = 128;

pub(crate) const TEMPERATURE: Parameter =
    number(Number::Temperature, "temperature", (0.0, 2.0), Absent::Model);
pub(crate) const TOP_P: Parameter = number(Number::TopP, "top_p", (0.0, 1.0), Absent::Model);
pub(crate) const TOP_K: Parameter = whole(Whole::TopK, "top_k", (0, TOP_K_MAX), Absent::Off);

const CHAT: Parameters = Parameters {
    models: "",
    group: None,
    rows: &[
        whole(Whole::MaxTokens, "max_completion_tokens", (1, u32::MAX), Absent::Model)
            .or("max_tokens"),
        TEMPERATURE,
        TOP_P,
        TOP_K,
        stop_or_stops("stop", STOP_SEQUENCES_MAX),
        whole(Whole::Choices, "n", (1, CHOICES_MAX), Absent::Is(1)),
        logprobs(Kind::Logprobs),
    ],
};

pub(super) const CODEC: Codec = Codec {
    family: Family::OpenAiChat,
    parameters: &[CHAT],
    read,
    encode,
    stream,
    echo: None,
    tells_logprobs: true,
};

/// Reads a body.
pub(crate) fn read_request(
    fields: &mut Fields<'_>,
    invocation: Invocation<'_>,
) -> Result<Request, WireError> {
    read(fields, &CHAT, invocation)
}

fn read(
    fields: &mut Fields<'_>,
    parameters: &Parameters,
    invocation: Invocation<'_>,
) -> Result<Request, WireError> {
    let mut request = read_chat(fields, parameters)?;
    read_tools(fields, &mut request)?;
    read_agreement(fields, &mut request, invocation)?;
    if let Some(node) = fields.take("service_tier") {
        request.service_tier = node.word(&TIERS)?;
    }
    read_response_format(fields, &mut request)?;
    reasoning::read_openai_effort(fields, &mut request.reasoning)?;
    fields.ignore(&IGNORED, &mut request.ignored);
    Ok(request)
}

/// Reads `messages` and the parameters.
pub(super) fn read_chat(
    fields: &mut Fields<'_>,
    parameters: &Parameters,
) -> Result<Request, WireError> {
    let mut ignored = Vec::new();
    let turns = messages::read_messages(&fields.require("messages")?, &mut ignored)?;
    let mut request = Request::new(Prompt::Turns(turns));
    request.ignored = ignored;
    parameters.read(fields, &mut request)?;
    Ok(request)
}

/// Reads `tools`, and which of them must be used.
pub(super) fn read_tools(fields: &mut Fields<'_>, request: &mut Request) -> Result<(), WireError> {
    read_tools_as(fields, request, read_tool, read_chosen)
}

/// The same where a tool, and an object that chooses one, have other forms.
pub(crate) fn read_tools_as(
    fields: &mut Fields<'_>,
    request: &mut Request,
    read_tool: impl Fn(&mut Fields<'_>) -> Result<Tool, WireError>,
    read_chosen: impl Fn(&mut Fields<'_>) -> Result<ToolChoice, WireError>,
) -> Result<(), WireError> {
    request.tools = read_list(fields, read_tool)?;
    if let Some(node) = fields.take("tool_choice") {
        request.tool_choice = if node.value().is_string() {
            node.word(&[
                ("auto", ToolChoice::Auto),
                ("required", ToolChoice::Any),
                ("none", ToolChoice::None),
            ])?
        } else {
            node.read(read_chosen)?
        };
    }
    request.one_call = fields.boolean("parallel_tool_calls")? == Some(false);
    conversation::check_tools(&request.tools, &request.tool_choice, "tools")
}

/// Reads `tools`.
pub(super) fn read_tool_list(fields: &mut Fields<'_>) -> Result<Vec<Tool>, WireError> {
    read_list(fields, read_tool)
}

fn read_list(
    fields: &mut Fields<'_>,
    read_tool: impl Fn(&mut Fields<'_>) -> Result<Tool, WireError>,
) -> Result<Vec<Tool>, WireError> {
    let Some(node) = fields.take("tools") else { return Ok(Vec::new()) };
    node.items()?.map(|item| item.read(&read_tool)).collect()
}

fn read_tool(fields: &mut Fields<'_>) -> Result<Tool, WireError> {
    fields.require("type")?.word(&[("function", ())])?;
    fields.require("function")?.read(read_function)
}

/// Name, description and parameters of a function.
pub(crate) fn read_function(function: &mut Fields<'_>) -> Result<Tool, WireError> {
    let schema = function.take("parameters");
    if let Some(schema) = &schema {
        schema.object()?;
    }
    let none = || serde_json::json!({"type": "object", "properties": {}});
    Ok(Tool {
        name: function.require("name")?.name(TOOL_NAME_MAX, "_-")?.to_owned(),
        description: function.text("description")?.map(str::to_owned),
        input_schema: schema.map_or_else(none, |schema| schema.value().clone()),
        strict: function.boolean("strict")?.unwrap_or(false),
    })
}

fn read_chosen(fields: &mut Fields<'_>) -> Result<ToolChoice, WireError> {
    fields.require("type")?.word(&[("function", ())])?;
    fields
        .require("function")?
        .read(|function| Ok(ToolChoice::Named(function.require("name")?.text()?.to_owned())))
}

/// `stream` must agree with the operation and `model` with the path.
pub(super) fn read_agreement(
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

/// Reads `response_format`: any text, any JSON object, or JSON that a schema allows.
pub(super) fn read_response_format(
    fields: &mut Fields<'_>,
    request: &mut Request,
) -> Result<(), WireError> {
    let Some(format) = fields.take("response_format") else { return Ok(()) };
    request.output_format = format.read(|fields| match read_format_kind(fields)? {
        Format::Text => Ok(None),
        Format::AnyObject => Ok(Some(any_object())),
        Format::Schema => fields.require("json_schema")?.read(read_schema).map(Some),
    })?;
    Ok(())
}

/// Kinds of output.
#[derive(Clone, Copy)]
pub(crate) enum Format {
    Text,
    AnyObject,
    Schema,
}

/// The `type` of a format.
pub(crate) fn read_format_kind(fields: &mut Fields<'_>) -> Result<Format, WireError> {
    fields.require("type")?.word(&[
        ("text", Format::Text),
        ("json_object", Format::AnyObject),
        ("json_schema", Format::Schema),
    ])
}

/// What `json_object` asks for.
pub(crate) fn any_object() -> OutputSchema {
    OutputSchema { name: None, schema: serde_json::json!({"type": "object"}) }
}

/// Name and schema. With `strict` or without, the schema is enforced.
pub(crate) fn read_schema(definition: &mut Fields<'_>) -> Result<OutputSchema, WireError> {
    let name = Some(definition.require("name")?.name(TOOL_NAME_MAX, "_-")?.to_owned());
    definition.text("description")?;
    definition.boolean("strict")?;
    let schema = conversation::schema(&definition.require("schema")?)?;
    Ok(OutputSchema { name, schema })
}
