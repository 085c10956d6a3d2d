//! Tools and their results.

use serde_json::{Map, Value, json};

use crate::canonical::{Block, Tool};
use crate::error::WireError;
use crate::json::{Fields, Node, cut};

const TOOL_NAME_MAX: usize = 128;

/// Python's names of types, as Cohere has them, and JSON Schema's own.
const TYPES: [(&str, &str); 12] = [
    ("str", "string"),
    ("string", "string"),
    ("int", "integer"),
    ("integer", "integer"),
    ("float", "number"),
    ("number", "number"),
    ("bool", "boolean"),
    ("boolean", "boolean"),
    ("list", "array"),
    ("array", "array"),
    ("dict", "object"),
    ("object", "object"),
];

/// Reads `tools`.
pub(super) fn read_tools(node: &Node<'_>) -> Result<Vec<Tool>, WireError> {
    node.items()?.map(|item| item.read(read_tool)).collect()
}

fn read_tool(fields: &mut Fields<'_>) -> Result<Tool, WireError> {
    let name = fields.require("name")?.name(TOOL_NAME_MAX, "_-")?.to_owned();
    let description = fields.text("description")?.map(str::to_owned);
    let (mut properties, mut required) = (Map::new(), Vec::new());
    if let Some(node) = fields.take("parameter_definitions") {
        for (key, definition) in node.entries()? {
            let needed = definition.read(|fields| {
                let mut schema = schema(&fields.require("type")?)?;
                if let Some(text) = fields.text("description")? {
                    schema["description"] = text.into();
                }
                properties.insert(key.to_owned(), schema);
                fields.boolean("required")
            })?;
            if needed == Some(true) {
                required.push(key);
            }
        }
    }
    let mut input_schema = json!({"type": "object", "properties": properties});
    if !required.is_empty() {
        input_schema["required"] = required.into();
    }
    Ok(Tool { name, description, input_schema, strict: false })
}

/// `str`, `list`, `List[str]`, … as a schema.
fn schema(node: &Node<'_>) -> Result<Value, WireError> {
    let text = node.text()?;
    let lower = text.trim().to_ascii_lowercase();
    let simple = |name: &str| {
        let found = TYPES.iter().find(|(python, _)| *python == name.trim());
        found.map(|(_, schema)| json!({"type": schema}))
    };
    let items = lower.strip_prefix("list[").and_then(|rest| rest.strip_suffix(']'));
    let list = |items: &str| Some(json!({"type": "array", "items": simple(items)?}));
    let dict = lower.strip_prefix("dict[").and_then(|rest| rest.strip_suffix(']'));
    let schema = simple(&lower)
        .or_else(|| items.and_then(list))
        .or_else(|| dict.map(|_| json!({"type": "object"})));
    schema.ok_or_else(|| {
        node.error(format_args!(
            "{} is no known type; expected str, int, float, bool, list, dict or List[…] of a simple \
             one",
            cut(text)
        ))
    })
}

/// Reads `tool_results`: the calls, and what came of each.
pub(super) fn read_results(node: &Node<'_>) -> Result<(Vec<Block>, Vec<Block>), WireError> {
    let (mut calls, mut results) = (Vec::new(), Vec::new());
    for (at, item) in node.items()?.enumerate() {
        let id = format!("tool_result_{at}");
        let (call, text) = item.read(|fields| {
            let call = fields.require("call")?.read(|fields| read_call(fields, id.clone()))?;
            let outputs = fields.require("outputs")?;
            let texts: Vec<String> = outputs
                .items()?
                .map(|output| output.object().map(|_| output.value().to_string()))
                .collect::<Result<_, _>>()?;
            Ok((call, texts.join("\n")))
        })?;
        calls.push(call);
        results.push(Block::ToolResult { id, text, is_error: false });
    }
    Ok((calls, results))
}

fn read_call(fields: &mut Fields<'_>, id: String) -> Result<Block, WireError> {
    let name = fields.require("name")?.name(TOOL_NAME_MAX, "_-")?.to_owned();
    // The number that Cohere's SDKs send back with a call; the order of the list says the same.
    fields.text("generation_id")?;
    let input = fields.require("parameters")?;
    input.object()?;
    Ok(Block::ToolUse { id, name, input: input.value().clone() })
}
