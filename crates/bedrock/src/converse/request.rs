//! The request body of Converse and ConverseStream.

use serde_json::Value;

use super::notes::Notes;
use super::{additional, content, tools};
use crate::canonical::{OutputSchema, Prompt, Request, ServiceTier, Turns};
use crate::conversation;
use crate::error::WireError;
use crate::json::{self, Fields, Node, Wording};
use crate::reasoning;
use crate::sampling;

const STOP_SEQUENCES_MAX: usize = 2500;
const RESPONSE_PATHS_MAX: usize = 10;
const METADATA_MAX: usize = 16;
/// Longest text of a schema, in characters.
const SCHEMA_TEXT_MAX: usize = 100_000;

const TIERS: [(&str, ServiceTier); 4] = [
    ("priority", ServiceTier::Priority),
    ("default", ServiceTier::Default),
    ("flex", ServiceTier::Flex),
    ("reserved", ServiceTier::Reserved),
];

/// How strictly a conversation is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// Blank texts, and messages that have nothing else, are left out, and messages of one role that follow each other
    /// are merged; [`Request::mended`] tells what was. Else they are refused, as Bedrock does.
    pub lenient: bool,
}

/// Reads the body of Converse or ConverseStream as strictly as Bedrock does.
///
/// # Errors
/// A ValidationException that names the field; an AccessDeniedException for explicit cache points.
pub fn parse_request(body: &[u8]) -> Result<Request, WireError> {
    read_request(body, Reading::default())
}

/// Reads the body of Converse or ConverseStream.
///
/// # Errors
/// A ValidationException that names the field; an AccessDeniedException for explicit cache points.
pub fn read_request(body: &[u8], reading: Reading) -> Result<Request, WireError> {
    let value = json::parse(body)?;
    let mut request = empty();
    Node::root(&value, Wording::Modelled).read(|fields| {
        read_conversation(fields, &mut request, reading)?;
        read_options(fields, &mut request)
    })?;
    reasoning::check(&request)?;
    Ok(request)
}

/// Reads the `converse` member of CountTokens: what makes the prompt, and nothing else.
pub(crate) fn read_countable(node: &Node<'_>, reading: Reading) -> Result<Request, WireError> {
    let mut request = empty();
    node.read(|fields| read_conversation(fields, &mut request, reading))?;
    Ok(request)
}

fn empty() -> Request {
    Request::new(Prompt::Turns(Turns::default()))
}

/// Reads `messages`, `system`, `toolConfig`, `additionalModelRequestFields`.
fn read_conversation(
    fields: &mut Fields<'_>,
    request: &mut Request,
    reading: Reading,
) -> Result<(), WireError> {
    read_turns(fields, request, reading)?;
    if let Some(node) = fields.take("additionalModelRequestFields") {
        additional::read_additional(&node, request)?;
    }
    Ok(())
}

/// Reads `messages`, `system`, `toolConfig`, which Nova's native body has too.
pub(crate) fn read_turns(
    fields: &mut Fields<'_>,
    request: &mut Request,
    reading: Reading,
) -> Result<(), WireError> {
    let mut notes = Notes::new(reading);
    let turns = content::read_messages(&fields.require("messages")?, &mut notes)?;
    let system = fields.take("system");
    let system = system.map(|node| content::read_system(&node, &mut notes)).transpose()?;
    request.mended = notes.mended;
    let tool_config = fields.take("toolConfig");
    if let Some(node) = &tool_config {
        (request.tools, request.tool_choice) = tools::read_tool_config(node)?;
    }
    if tool_config.is_none() && conversation::uses_tools(&turns) {
        return Err(WireError::validation(
            "The toolConfig field must be defined when using toolUse and toolResult content blocks.",
        ));
    }
    request.prompt = Prompt::Turns(conversation::check(system.unwrap_or_default(), turns)?);
    Ok(())
}

fn read_options(fields: &mut Fields<'_>, request: &mut Request) -> Result<(), WireError> {
    if let Some(node) = fields.take("inferenceConfig") {
        node.read(|fields| read_inference_config(fields, request))?;
    }
    if let Some(node) = fields.take("additionalModelResponseFieldPaths") {
        request.response_fields = node
            .items_within(0, RESPONSE_PATHS_MAX)?
            .map(|item| response_path(&item))
            .collect::<Result<_, _>>()?;
    }
    if let Some(node) = fields.take("requestMetadata") {
        request.request_metadata = read_metadata(&node)?;
    }
    if let Some(node) = fields.take("serviceTier") {
        request.service_tier = node.read(|tier| tier.require("type")?.word(&TIERS))?;
    }
    if let Some(node) = fields.take("performanceConfig") {
        let latencies = [("standard", false), ("optimized", true)];
        let latency = node
            .read(|fields| fields.take("latency").map(|node| node.word(&latencies)).transpose())?;
        if latency == Some(true) {
            request.ignored.push("performanceConfig.latency".to_owned());
        }
    }
    if let Some(node) = fields.take("outputConfig") {
        node.read(|fields| {
            if let Some(node) = fields.take("textFormat") {
                let format = read_text_format(&node)?;
                additional::set_once(&mut request.output_format, format, "output_config")?;
            }
            match fields.take("effort") {
                Some(node) => {
                    reasoning::read_effort(&node, "outputConfig.effort", &mut request.reasoning)
                }
                None => Ok(()),
            }
        })?;
    }
    fields.refuse(&["guardrailConfig"], "guardrails are not supported by this server")?;
    fields.refuse(
        &["promptVariables"],
        "prompt variables can be used only with the ARN of a prompt as model id",
    )
}

/// `outputConfig.textFormat`. The schema is a text that holds JSON; the description has no effect on what is allowed.
fn read_text_format(node: &Node<'_>) -> Result<OutputSchema, WireError> {
    node.read(|format| {
        format.require("type")?.word(&[("json_schema", ())])?;
        let (_, definition) = format.require("structure")?.member(&["jsonSchema"])?;
        definition.read(|definition| {
            let name = definition.text("name")?.map(str::to_owned);
            definition.text("description")?;
            let text = definition.require("schema")?;
            let schema: Value = serde_json::from_str(text.text_within(1, SCHEMA_TEXT_MAX)?)
                .map_err(|error| text.error(format_args!("not valid JSON: {error}")))?;
            if schema.is_object() || schema.is_boolean() {
                Ok(OutputSchema { name, schema })
            } else {
                Err(text.error("a JSON Schema is an object or a truth value"))
            }
        })
    })
}

fn read_inference_config(fields: &mut Fields<'_>, request: &mut Request) -> Result<(), WireError> {
    if let Some(max) = fields.integer("maxTokens", 1, u32::MAX)? {
        additional::set_once(&mut request.max_tokens, max, "max_tokens")?;
    }
    if let Some(temperature) = fields.number("temperature", 0.0, 1.0)? {
        additional::set_once(&mut request.sampling.temperature, temperature, "temperature")?;
    }
    if let Some(top_p) = fields.number("topP", 0.0, 1.0)? {
        additional::set_once(&mut request.sampling.top_p, top_p, "top_p")?;
    }
    if let Some(node) = fields.take("stopSequences") {
        let stops = sampling::read_stops(&node, STOP_SEQUENCES_MAX)?;
        if !request.stop_sequences.is_empty() && !stops.is_empty() {
            return Err(additional::conflict("stop_sequences"));
        }
        request.stop_sequences.extend(stops);
    }
    if let Some(node) = fields.take("topK") {
        additional::read_top_k(&node, &mut request.sampling)?;
    }
    Ok(())
}

/// A JSON pointer (RFC 6901) of 1 to 256 characters.
fn response_path(node: &Node<'_>) -> Result<String, WireError> {
    let path = node.text_within(1, 256)?;
    let escapes_are_whole =
        path.split('~').skip(1).all(|rest| rest.starts_with('0') || rest.starts_with('1'));
    if path.starts_with('/') && escapes_are_whole {
        Ok(path.to_owned())
    } else {
        Err(node.error("not a valid JSON pointer, for example \"/stop_sequence\""))
    }
}

fn read_metadata(node: &Node<'_>) -> Result<Vec<(String, String)>, WireError> {
    let size = node.object()?.len();
    if size == 0 || size > METADATA_MAX {
        return Err(
            node.error(format_args!("1 to {METADATA_MAX} entries are allowed, found {size}"))
        );
    }
    let allowed = |text: &str| {
        text.chars().all(|c| {
            c.is_ascii_alphanumeric() || c.is_ascii_whitespace() || ":_@$#=/+,-.".contains(c)
        })
    };
    node.entries()?
        .map(|(key, value)| {
            if !(1..=256).contains(&key.len()) || !allowed(key) {
                return Err(
                    node.error("keys must have 1 to 256 characters of [a-zA-Z0-9\\s:_@$#=/+,-.]")
                );
            }
            let text = value.text_within(0, 256)?;
            if !allowed(text) {
                return Err(value.error("only characters of [a-zA-Z0-9\\s:_@$#=/+,-.] are allowed"));
            }
            Ok((key.to_owned(), text.to_owned()))
        })
        .collect()
}

impl ServiceTier {
    /// Bedrock's name for it, as in `serviceTier.type` and `X-Amzn-Bedrock-Service-Tier`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        TIERS.iter().find(|(_, tier)| *tier == self).map_or("default", |(name, _)| name)
    }

    /// The tier of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<ServiceTier> {
        TIERS.iter().find(|(known, _)| *known == name).map(|(_, tier)| *tier)
    }
}
