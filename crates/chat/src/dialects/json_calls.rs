//! Calls that are JSON objects, one after the other or in a list.

use crate::dialects::Calls;
use crate::tool_call::{CallParser, Keys, Malformed, Step};

/// How calls follow each other.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) keys: Keys,
    /// Whether they stand in a list.
    pub(crate) list: bool,
    /// Texts after a call that another call follows.
    pub(crate) another: &'static [&'static str],
    /// Whether another call may follow without such a text.
    pub(crate) adjacent: bool,
    /// Ends the calls. If nothing does, nothing but white space may follow them.
    pub(crate) close: Option<&'static str>,
}

/// Reads them.
pub(crate) struct JsonCalls {
    shape: &'static Shape,
    state: State,
}

enum State {
    /// Before the list's bracket.
    Bracket,
    Call(CallParser),
    /// After a call in a list.
    InList,
    /// After a call or a list; holds what may become one of the texts that may follow.
    After(String),
}

impl JsonCalls {
    pub(crate) fn new(shape: &'static Shape) -> Self {
        Self { shape, state: Self::begin(shape) }
    }

    fn begin(shape: &'static Shape) -> State {
        if shape.list { State::Bracket } else { State::Call(CallParser::new(&shape.keys)) }
    }

    fn after(&mut self) -> Result<bool, Malformed> {
        let State::After(held) = &mut self.state else { return Ok(false) };
        let text = held.trim_start();
        if text.is_empty() {
            held.clear();
            return Ok(false);
        }
        if self.shape.close == Some(text) {
            held.clear();
            return Ok(true);
        }
        if self.shape.another.contains(&text) {
            self.state = Self::begin(self.shape);
            return Ok(false);
        }
        if self.shape.adjacent && text == "{" {
            let mut call = CallParser::new(&self.shape.keys);
            call.step('{', &mut Vec::new())?;
            self.state = State::Call(call);
            return Ok(false);
        }
        let mut follows = self.shape.close.iter().chain(self.shape.another);
        if follows.any(|follow| follow.starts_with(text)) { Ok(false) } else { Err(Malformed) }
    }
}

impl Calls for JsonCalls {
    fn step(&mut self, c: char, steps: &mut Vec<Step>) -> Result<bool, Malformed> {
        match &mut self.state {
            State::Call(call) => {
                if call.step(c, steps)? {
                    self.state =
                        if self.shape.list { State::InList } else { State::After(String::new()) };
                }
            }
            State::After(held) => {
                held.push(c);
                return self.after();
            }
            State::Bracket | State::InList if c.is_ascii_whitespace() => {}
            State::Bracket if c == '[' => {
                self.state = State::Call(CallParser::new(&self.shape.keys));
            }
            State::InList if c == ',' => {
                self.state = State::Call(CallParser::new(&self.shape.keys));
            }
            State::InList if c == ']' => self.state = State::After(String::new()),
            State::Bracket | State::InList => return Err(Malformed),
        }
        Ok(false)
    }

    fn takes_mark(&self) -> bool {
        matches!(self.state, State::After(_))
    }

    fn complete(&self) -> bool {
        matches!(&self.state, State::After(held) if held.is_empty())
    }
}
