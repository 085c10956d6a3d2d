//! Mistral's two ways, both behind the token `[TOOL_CALLS]`:
//!
//! - a list, `[{"name": "…", "arguments": {…}, "id": "…"}]` (tokenizers v3 to v7, Nemo);
//! - `name[ARGS]{…}`, the token again before each further call, and `[CALL_ID]…` before `[ARGS]` in Small 3.2
//!   (tokenizers v11 and newer).
//!
//! Answers are read in either, whatever the template has; an answer ends with its calls.

use engine::Tokenizer;

use super::json_calls::{JsonCalls, Shape};
use super::{Calls, Syntax, control};
use crate::dialect::Dialect;
use crate::json::quote;
use crate::template::Template;
use crate::tool_call::{Arguments, Keys, MAX_TEXT, Malformed, Step};

const OPEN: &str = "[TOOL_CALLS]";
const ARGS: &str = "[ARGS]";
const CALL_ID: &str = "[CALL_ID]";
pub(super) const MARKS: [&str; 3] = [OPEN, ARGS, CALL_ID];
const SHAPE: Shape = Shape {
    keys: Keys { arguments: &["arguments"], before: &[], after: &["id"] },
    list: true,
    another: &[OPEN],
    adjacent: false,
    close: None,
};

pub(super) fn find(template: &Template, tokenizer: &dyn Tokenizer) -> Option<Dialect> {
    template.source.contains(OPEN).then(|| {
        let args = template.source.contains(ARGS);
        Dialect {
            open: OPEN,
            token: control(tokenizer, OPEN),
            close: None,
            lead: "",
            seal: if args { ARGS } else { "" },
            syntax: if args { Syntax::MistralArgs } else { Syntax::MistralList },
        }
    })
}

pub(super) fn named_in_list(name: &str) -> String {
    format!("[{{\"name\": {}, \"arguments\":", quote(name))
}

pub(super) fn calls() -> Box<dyn Calls> {
    Box::new(MistralCalls { state: State::Begin })
}

struct MistralCalls {
    state: State,
}

enum State {
    /// Behind the opening.
    Begin,
    List(JsonCalls),
    /// A name, an id perhaps, up to `[ARGS]`.
    Name(String),
    Arguments(Arguments),
    /// After the arguments; holds what may become another opening.
    After(String),
}

/// The name in front of an id, if there is one.
fn name(head: &str) -> Result<String, Malformed> {
    let name = head.split(CALL_ID).next().unwrap_or_default().trim();
    if name.is_empty() { Err(Malformed) } else { Ok(name.to_owned()) }
}

impl Calls for MistralCalls {
    fn step(&mut self, c: char, steps: &mut Vec<Step>) -> Result<bool, Malformed> {
        match &mut self.state {
            State::Begin if c.is_ascii_whitespace() => {}
            State::Begin if c == '[' => {
                let mut list = JsonCalls::new(&SHAPE);
                list.step('[', steps)?;
                self.state = State::List(list);
            }
            State::Begin => self.state = State::Name(c.into()),
            State::List(list) => {
                list.step(c, steps)?;
            }
            State::Name(text) => {
                text.push(c);
                if let Some(head) = text.strip_suffix(ARGS) {
                    steps.push(Step::Name(name(head)?));
                    self.state = State::Arguments(Arguments::new());
                } else if text.len() > MAX_TEXT {
                    return Err(Malformed);
                }
            }
            State::Arguments(arguments) => {
                if arguments.step(c, steps)? {
                    self.state = State::After(String::new());
                }
            }
            State::After(held) => {
                if !(held.is_empty() && c.is_ascii_whitespace()) {
                    held.push(c);
                }
                if held.as_str() == OPEN {
                    self.state = State::Begin;
                } else if !OPEN.starts_with(held.as_str()) {
                    return Err(Malformed);
                }
            }
        }
        Ok(false)
    }

    fn takes_mark(&self) -> bool {
        match &self.state {
            State::Name(_) | State::After(_) => true,
            State::List(list) => list.takes_mark(),
            State::Begin | State::Arguments(_) => false,
        }
    }

    fn complete(&self) -> bool {
        match &self.state {
            State::After(held) => held.is_empty(),
            State::List(list) => list.complete(),
            State::Begin | State::Name(_) | State::Arguments(_) => false,
        }
    }
}
