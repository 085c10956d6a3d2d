//! `toolConfig`.

use super::content::{NAME_MAX, cache_point_refused};
use crate::canonical::{Tool, ToolChoice};
use crate::conversation;
use crate::error::WireError;
use crate::json::{Fields, Node};

/// Reads the tools and which of them must be used.
pub(super) fn read_tool_config(node: &Node<'_>) -> Result<(Vec<Tool>, ToolChoice), WireError> {
    node.read(|fields| {
        let tools: Vec<Tool> = fields
            .require("tools")?
            .items_within(1, usize::MAX)?
            .map(|item| match item.member(&["toolSpec", "systemTool", "cachePoint"])? {
                ("toolSpec", value) => value.read(read_tool_spec),
                ("cachePoint", _) => Err(cache_point_refused()),
                (_, value) => Err(value.error("system tools are not supported by this server")),
            })
            .collect::<Result<_, _>>()?;
        let choice = fields.take("toolChoice").map(|node| read_choice(&node)).transpose()?;
        let choice = choice.unwrap_or_default();
        conversation::check_tools(&tools, &choice, node.path())?;
        Ok((tools, choice))
    })
}

fn read_tool_spec(fields: &mut Fields<'_>) -> Result<Tool, WireError> {
    let name = fields.require("name")?.name(NAME_MAX, "_-")?.to_owned();
    let description = fields.take("description");
    let description = description.map(|node| node.text_within(1, usize::MAX)).transpose()?;
    let input_schema = fields.require("inputSchema")?.read(|schema| {
        let json = schema.require("json")?;
        json.object()?;
        Ok(json.value().clone())
    })?;
    let strict = fields.boolean("strict")?.unwrap_or(false);
    Ok(Tool { name, description: description.map(str::to_owned), input_schema, strict })
}

fn read_choice(node: &Node<'_>) -> Result<ToolChoice, WireError> {
    match node.member(&["auto", "any", "tool"])? {
        ("auto", value) => value.read(|_| Ok(ToolChoice::Auto)),
        ("any", value) => value.read(|_| Ok(ToolChoice::Any)),
        (_, value) => value.read(|fields| {
            Ok(ToolChoice::Named(fields.require("name")?.name(NAME_MAX, "_-")?.to_owned()))
        }),
    }
}
