//! Qwen3-Coder, Qwen 3.5, Nemotron 3 and others: XML inside `<tool_call>`.
//!
//! `<function=NAME>\n<parameter=KEY>\nVALUE\n</parameter>\n…</function>\n</tool_call>`. A value is plain text, so the
//! tool's JSON Schema says what it is: a text where it may be a text and nothing else fits, else JSON. A value that the
//! schema does not allow makes the call malformed. Arguments are told one by one, each when it is complete.

use bedrock::canonical::Tool;
use engine::Tokenizer;
use serde_json::Value;

use super::{Calls, Syntax, control};
use crate::dialect::Dialect;
use crate::json::quote;
use crate::template::Template;
use crate::tool_call::{MAX_TEXT, Malformed, Step};

const OPEN: &str = "<tool_call>";
const CLOSE: &str = "</tool_call>";
const FUNCTION: &str = "<function=";
const FUNCTION_END: &str = "</function>";
const PARAMETER: &str = "<parameter=";
const PARAMETER_END: &str = "</parameter>";

pub(super) fn find(template: &Template, tokenizer: &dyn Tokenizer) -> Option<Dialect> {
    let texts = [OPEN, CLOSE, FUNCTION, PARAMETER];
    // Seed-OSS has the same inside other tags.
    let found = texts.iter().all(|text| template.source.contains(text));
    found.then(|| Dialect {
        open: OPEN,
        token: control(tokenizer, OPEN),
        close: Some(CLOSE),
        lead: "\n<function=",
        seal: "",
        syntax: Syntax::QwenCoder,
    })
}

pub(super) fn named(name: &str) -> String {
    format!("\n{FUNCTION}{name}>\n")
}

pub(super) fn calls(tools: &[Tool]) -> Box<dyn Calls> {
    let tools = tools.iter().map(|tool| (tool.name.clone(), tool.input_schema.clone())).collect();
    Box::new(XmlCalls {
        tools,
        schema: Value::Null,
        keys: Vec::new(),
        held: String::new(),
        state: State::Function,
    })
}

struct XmlCalls {
    tools: Vec<(String, Value)>,
    /// The schema of the call being read.
    schema: Value,
    /// Its parameters so far.
    keys: Vec<String>,
    /// Text of the part being read.
    held: String,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Before `<function=`.
    Function,
    /// The name, up to `>`.
    Name,
    /// Before a parameter or the function's end.
    Parameter,
    /// The key, up to `>`.
    Key,
    /// The value, up to `</parameter>`.
    Value,
    /// Before `</tool_call>`.
    Close,
}

impl XmlCalls {
    /// Goes on to the state of the tag that is held, if it is complete.
    fn tags(&mut self, tags: &[(&str, State)]) -> Result<(), Malformed> {
        let text = self.held.trim_start();
        if let Some((_, next)) = tags.iter().find(|(tag, _)| *tag == text) {
            self.state = *next;
            self.held.clear();
        } else if text.is_empty() {
            self.held.clear();
        } else if !tags.iter().any(|(tag, _)| tag.starts_with(text)) {
            return Err(Malformed);
        }
        Ok(())
    }

    fn name_ends(&mut self, steps: &mut Vec<Step>) -> Result<(), Malformed> {
        let held = std::mem::take(&mut self.held);
        let name = held.trim_end_matches('>').trim();
        let tool = self.tools.iter().find(|(tool, _)| tool == name).ok_or(Malformed)?;
        self.schema = tool.1.clone();
        self.keys.clear();
        self.state = State::Parameter;
        steps.push(Step::Name(name.to_owned()));
        Ok(())
    }

    fn key_ends(&mut self) -> Result<(), Malformed> {
        let held = std::mem::take(&mut self.held);
        let key = held.trim_end_matches('>').trim().to_owned();
        if key.is_empty() || self.keys.contains(&key) {
            return Err(Malformed);
        }
        self.keys.push(key);
        self.state = State::Value;
        Ok(())
    }

    fn value_ends(&mut self, steps: &mut Vec<Step>) -> Result<(), Malformed> {
        let held = std::mem::take(&mut self.held);
        let text = held.strip_suffix(PARAMETER_END).unwrap_or(&held);
        // One line break on each side belongs to the format.
        let text = text.strip_prefix('\n').unwrap_or(text);
        let text = text.strip_suffix('\n').unwrap_or(text);
        let key = self.keys.last().ok_or(Malformed)?;
        let value = typed(text, &self.schema["properties"][key.as_str()]).ok_or(Malformed)?;
        let before = if self.keys.len() == 1 { "{" } else { ", " };
        steps.push(Step::Arguments(format!("{before}{}: {value}", quote(key))));
        self.state = State::Parameter;
        Ok(())
    }
}

/// The JSON text of a value, as its schema has it; `None` if it does not allow it.
fn typed(text: &str, schema: &Value) -> Option<String> {
    let types = types(schema);
    let may = |name: &str| types.iter().any(|known| known == name);
    // Templates show `None`, `True` and `False` as Python does, or as our Jinja does.
    let trimmed = text.trim();
    let json = match trimmed {
        "True" => Some(Value::Bool(true)),
        "False" => Some(Value::Bool(false)),
        "None" | "none" => Some(Value::Null),
        _ => serde_json::from_str::<Value>(trimmed).ok(),
    };
    let fits = json.as_ref().is_some_and(|json| match json {
        Value::Null => may("null"),
        Value::Bool(_) => may("boolean"),
        Value::Number(number) => {
            may("number") || (may("integer") && (number.is_i64() || number.is_u64()))
        }
        Value::Array(_) => may("array"),
        Value::Object(_) => may("object"),
        Value::String(_) => false,
    });
    match json {
        Some(json) if fits => Some(json.to_string()),
        // Without a type a value is a text, as the template wrote it.
        _ if types.is_empty() || may("string") => Some(quote(text)),
        _ => None,
    }
}

/// The types that a schema allows, as far as it says so: `type`, else those of `anyOf`, `oneOf`, `enum` and `const`.
fn types(schema: &Value) -> Vec<String> {
    let name = |value: &Value| match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    match &schema["type"] {
        Value::String(one) => return vec![one.clone()],
        Value::Array(many) => {
            return many.iter().filter_map(|one| Some(one.as_str()?.to_owned())).collect();
        }
        _ => {}
    }
    let variants = ["anyOf", "oneOf"].iter().filter_map(|key| schema[*key].as_array()).flatten();
    let mut types: Vec<String> = variants.flat_map(types).collect();
    types.extend(schema["enum"].as_array().into_iter().flatten().map(|one| name(one).to_owned()));
    types.extend(schema.get("const").map(|one| name(one).to_owned()));
    types
}

impl Calls for XmlCalls {
    fn step(&mut self, c: char, steps: &mut Vec<Step>) -> Result<bool, Malformed> {
        self.held.push(c);
        match self.state {
            State::Function => self.tags(&[(FUNCTION, State::Name)])?,
            State::Name if c == '>' => self.name_ends(steps)?,
            State::Parameter => {
                self.tags(&[(PARAMETER, State::Key), (FUNCTION_END, State::Close)])?;
                if self.state == State::Close {
                    let end = if self.keys.is_empty() { "{}" } else { "}" };
                    steps.extend([Step::Arguments(end.into()), Step::End]);
                }
            }
            State::Key if c == '>' => self.key_ends()?,
            State::Name | State::Key if self.held.len() > MAX_TEXT => return Err(Malformed),
            State::Name | State::Key => {}
            State::Value if self.held.ends_with(PARAMETER_END) => self.value_ends(steps)?,
            State::Value => {}
            State::Close => {
                let text = self.held.trim_start();
                if text == CLOSE {
                    self.held.clear();
                    return Ok(true);
                }
                if !CLOSE.starts_with(text) {
                    return Err(Malformed);
                }
            }
        }
        Ok(false)
    }

    fn takes_mark(&self) -> bool {
        self.state == State::Close
    }

    fn complete(&self) -> bool {
        self.state == State::Close && self.held.trim_start().is_empty()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_schema_says_what_a_value_is() {
        let typed = |text: &str, schema| typed(text, &schema);
        assert_eq!(typed("5", json!({"type": "string"})).unwrap(), "\"5\"");
        assert_eq!(typed("5", json!({"type": "integer"})).unwrap(), "5");
        assert_eq!(typed("5.5", json!({"type": "integer"})), None);
        assert_eq!(typed("True", json!({"type": "boolean"})).unwrap(), "true");
        assert_eq!(typed("yes", json!({"type": "boolean"})), None);
        assert_eq!(typed("a\n\"b\"", json!({"type": "string"})).unwrap(), "\"a\\n\\\"b\\\"\"");
        assert_eq!(typed("[1, \"x\"]", json!({"type": "array"})).unwrap(), "[1,\"x\"]");
        assert_eq!(typed("null", json!({"type": ["string", "null"]})).unwrap(), "null");
        assert_eq!(
            typed("7", json!({"anyOf": [{"type": "number"}, {"type": "string"}]})).unwrap(),
            "7"
        );
        assert_eq!(
            typed("x", json!({"anyOf": [{"type": "number"}, {"type": "string"}]})).unwrap(),
            "\"x\""
        );
        assert_eq!(typed("7", json!({})).unwrap(), "\"7\"", "a text where nothing is said");
        assert_eq!(typed("\"a\"", json!({"enum": ["a", "b"]})).unwrap(), "\"\\\"a\\\"\"");
    }
}
