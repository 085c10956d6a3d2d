//! The body of a request.

use serde_json::{Map, Value, json};

use super::items;
use crate::canonical::{Effort, Prompt, Request, ServiceTier, Thinking, Tool, ToolChoice};
use crate::doors::{Named, UNEXPLAINED, read, read_address};
use crate::error::WireError;
use crate::families::openai::{self, Format};
use crate::json::{Fields, cut};
use crate::parameters::{Absent, Parameters, Whole, whole};
use crate::reasoning;

/// Keys that are accepted without effect.
pub const IGNORED_FIELDS: [&str; 6] = [
    "user",
    "safety_identifier",
    "prompt_cache_key",
    "prompt_cache_retention",
    "max_tool_calls",
    "client_metadata",
];

const PARAMETERS: Parameters = Parameters {
    models: "",
    group: None,
    rows: &[
        whole(Whole::MaxTokens, "max_output_tokens", (1, u32::MAX), Absent::Model),
        openai::TEMPERATURE,
        openai::TOP_P,
        openai::TOP_K,
    ],
};

/// What needs a response that was kept.
const STATEFUL: [&str; 3] = ["previous_response_id", "conversation", "prompt"];

/// What of the body shows in the response, as it was sent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Echo {
    /// Members of the response object.
    pub(super) members: Map<String, Value>,
    /// The tier that served it.
    pub(super) service_tier: ServiceTier,
    /// The effort of reasoning that was asked for.
    pub(super) effort: Option<&'static str>,
    /// Whether it ends with its first tool call.
    pub(super) one_call: bool,
}

/// Reads the body.
///
/// # Errors
/// A ValidationException that names the field.
pub fn parse_request(body: &[u8]) -> Result<Named<Echo>, WireError> {
    read(body, |fields| {
        let (model, streaming) = read_address(fields)?;
        refuse_state(fields)?;
        fields.refuse(&["explain"], UNEXPLAINED)?;
        let mut ignored = Vec::new();
        let system = fields.text("instructions")?.map(str::to_owned).into_iter().collect();
        let turns = items::read_input(&fields.require("input")?, system, &mut ignored)?;
        let mut request = Request::new(Prompt::Turns(turns));
        request.ignored = ignored;
        PARAMETERS.read(fields, &mut request)?;
        openai::read_tools_as(fields, &mut request, read_tool, read_chosen)?;
        read_output(fields, &mut request)?;
        if let Some(tier) = fields.take("service_tier") {
            request.service_tier = tier.word(&openai::TIERS)?;
        }
        read_stream_options(fields, streaming, &mut request)?;
        fields.ignore(&IGNORED_FIELDS, &mut request.ignored);
        let shown = read_echo(fields, &request)?;
        Ok(Named { model, streaming, request, shown })
    })
}

fn refuse_state(fields: &mut Fields<'_>) -> Result<(), WireError> {
    let why = "responses are not kept by this server: send the whole conversation as input";
    fields.refuse(&STATEFUL, why)?;
    let asked = [
        ("store", "responses are not kept by this server: only false is supported"),
        ("background", "background responses are not supported: only false is"),
    ];
    for (key, why) in asked {
        if let Some(node) = fields.take(key).filter(|node| node.value() != &Value::Bool(false)) {
            node.boolean()?;
            return Err(node.error(why));
        }
    }
    Ok(())
}

fn read_tool(fields: &mut Fields<'_>) -> Result<Tool, WireError> {
    read_kind(fields, "function", "only function tools are supported")?;
    openai::read_function(fields)
}

fn read_chosen(fields: &mut Fields<'_>) -> Result<ToolChoice, WireError> {
    read_kind(fields, "function", "only a function can be chosen")?;
    Ok(ToolChoice::Named(fields.require("name")?.text()?.to_owned()))
}

/// `type`, which must be the one that is served.
fn read_kind(fields: &mut Fields<'_>, served: &str, why: &str) -> Result<(), WireError> {
    let kind = fields.require("type")?;
    match kind.text()? {
        text if text == served => Ok(()),
        other => Err(kind.error(format_args!("{why}, found {}", cut(other)))),
    }
}

/// What the answer is to be like: `text`, `include`, `truncation`; and what no answer here can be like.
fn read_output(fields: &mut Fields<'_>, request: &mut Request) -> Result<(), WireError> {
    let ignored = &mut request.ignored;
    if let Some(text) = fields.take("text") {
        text.read(|text| {
            text.ignore(&["verbosity"], ignored);
            let Some(format) = text.take("format") else { return Ok(()) };
            request.output_format =
                format.read(|format| match openai::read_format_kind(format)? {
                    Format::Text => Ok(None),
                    Format::AnyObject => Ok(Some(openai::any_object())),
                    Format::Schema => openai::read_schema(format).map(Some),
                })?;
            Ok(())
        })?;
    }
    if let Some(include) = fields.take("include") {
        for item in include.items()? {
            match item.text()? {
                // There is none: reasoning is in the clear.
                "reasoning.encrypted_content" => ignored.push("include".to_owned()),
                other => {
                    return Err(item.error(format_args!("{} is not supported", cut(other))));
                }
            }
        }
    }
    if let Some(truncation) = fields.take("truncation") {
        let disabled = truncation.word(&[("disabled", true), ("auto", false)])?;
        if !disabled {
            return Err(truncation.error("only disabled is supported: nothing is left out unasked"));
        }
    }
    reasoning::read_responses_reasoning(fields, request)?;
    let why = "log-probabilities are not supported here: use chat completions";
    fields.refuse(&["top_logprobs"], why)
}

fn read_stream_options(
    fields: &mut Fields<'_>,
    streaming: bool,
    request: &mut Request,
) -> Result<(), WireError> {
    let Some(options) = fields.take("stream_options") else { return Ok(()) };
    if !streaming {
        return Err(options.error("is only allowed when stream is true"));
    }
    options.read(|options| {
        options.ignore(&["include_obfuscation"], &mut request.ignored);
        Ok(())
    })
}

/// The members that the response repeats. Their values were read before, but for the labels.
fn read_echo(fields: &mut Fields<'_>, request: &Request) -> Result<Echo, WireError> {
    if let Some(labels) = fields.take("metadata") {
        for (_, label) in labels.entries()? {
            label.text()?;
        }
    }
    let defaults = [
        ("instructions", Value::Null),
        ("max_output_tokens", Value::Null),
        ("metadata", json!({})),
        ("temperature", Value::Null),
        ("text", json!({"format": {"type": "text"}})),
        ("tool_choice", json!("auto")),
        ("tools", json!([])),
        ("top_p", Value::Null),
    ];
    let sent = |(key, default): (&'static str, Value)| {
        (key.to_owned(), fields.take(key).map_or(default, |node| node.value().clone()))
    };
    let effort = match request.reasoning.thinking {
        Thinking::Off => Some("none"),
        _ => request.reasoning.effort.map(Effort::as_str),
    };
    let members = defaults.into_iter().map(sent).collect();
    let Request { service_tier, one_call, .. } = *request;
    Ok(Echo { members, service_tier, effort, one_call })
}
