//! Llama 3.1, 3.2 and 3.3: the answer is `{"name": "…", "parameters": {…}}`, with or without `<|python_tag|>` before it.
//!
//! Nothing but its own beginning tells a call from text, so an answer is a call if it begins with an object whose keys
//! are a call's, as llama.cpp has it (`common/chat.cpp`), or names a tool that is offered. Several calls are separated
//! by `;` or white space; their own templates write only one a turn.

use bedrock::canonical::Tool;
use engine::Tokenizer;

use super::json_calls::{JsonCalls, Shape};
use super::{Calls, Syntax, control};
use crate::dialect::Dialect;
use crate::json::quote;
use crate::template::Template;
use crate::tool_call::{CallParser, Keys, Step};

const PYTHON_TAG: &str = "<|python_tag|>";
const SHAPE: Shape = Shape {
    keys: Keys { arguments: &["parameters", "arguments"], before: &["type"], after: &[] },
    list: false,
    another: &[";", PYTHON_TAG],
    adjacent: true,
    close: None,
};

pub(super) fn find(template: &Template, tokenizer: &dyn Tokenizer) -> Option<Dialect> {
    let source = &template.source;
    // Functionary's templates know the tag too, and write calls otherwise.
    let found = source.contains("<|start_header_id|>")
        && source.contains("\"parameters\"")
        && source.contains("{\"name\": ")
        && !source.contains("<function=")
        && !source.contains(">>>");
    found.then(|| Dialect {
        open: "",
        token: control(tokenizer, PYTHON_TAG),
        close: None,
        lead: "{\"name\":",
        seal: "",
        syntax: Syntax::Llama,
    })
}

pub(super) fn named(name: &str) -> String {
    format!("{{\"name\": {}, \"parameters\":", quote(name))
}

pub(super) fn calls() -> Box<dyn Calls> {
    Box::new(JsonCalls::new(&SHAPE))
}

/// What the beginning of an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// More must be seen.
    More,
    /// A call.
    Call,
    /// Text.
    Text,
}

/// Judges the beginning of an answer, white space before it excluded. The answer to a longer beginning is never
/// another than the first that is not `More`.
pub(crate) fn judge(text: &str, tools: &[Tool]) -> Verdict {
    let mut call = CallParser::new(&SHAPE.keys);
    let mut steps = Vec::new();
    for c in text.chars() {
        match call.step(c, &mut steps) {
            Err(_) => return Verdict::Text,
            Ok(_) => match steps.first() {
                Some(Step::Name(name)) if tools.iter().any(|tool| tool.name == *name) => {
                    return Verdict::Call;
                }
                _ if call.in_arguments() => return Verdict::Call,
                _ => {}
            },
        }
    }
    Verdict::More
}
