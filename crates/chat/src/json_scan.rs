//! A strict scanner for one JSON object that arrives character by character (RFC 8259).

/// Deepest nesting taken.
const MAX_DEPTH: usize = 64;

/// Not JSON, or nested too deeply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotJson;

/// Where in an object the scanner is.
#[derive(Clone, Debug)]
pub(crate) struct Scanner {
    /// Open containers; `true` is an object.
    stack: Vec<bool>,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    /// Before the opening brace.
    Start,
    /// A value must follow; an array may end instead if it is empty so far.
    Value {
        or_end: bool,
    },
    /// A key must follow; the object may end instead if it is empty so far.
    Key {
        or_end: bool,
    },
    Colon,
    CommaOrEnd,
    String {
        key: bool,
        escape: Escape,
    },
    Number(Number),
    /// The rest of `true`, `false` or `null`.
    Literal(&'static str),
    Done,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Escape {
    No,
    Backslash,
    /// Hexadecimal digits still to come.
    Hex(u8),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Number {
    Minus,
    Zero,
    Integer,
    Point,
    Fraction,
    E,
    Sign,
    Exponent,
}

impl Scanner {
    pub(crate) fn new() -> Self {
        Self { stack: Vec::new(), state: State::Start }
    }

    /// Takes one character; `true` when it closed the object.
    pub(crate) fn step(&mut self, c: char) -> Result<bool, NotJson> {
        self.state = match self.state {
            State::String { key, escape } => string(key, escape, c)?,
            State::Literal(rest) => literal(rest, c)?,
            State::Number(number) => match number_step(number, c) {
                Some(next) => State::Number(next),
                None if number.complete() => {
                    self.state = State::CommaOrEnd;
                    return self.step(c);
                }
                None => return Err(NotJson),
            },
            state if matches!(c, ' ' | '\t' | '\n' | '\r') && state != State::Done => state,
            State::Start if c == '{' => self.open(true)?,
            State::Value { or_end } => self.value(or_end, c)?,
            State::Key { .. } if c == '"' => State::String { key: true, escape: Escape::No },
            State::Key { or_end: true } if c == '}' => self.close(true)?,
            State::Colon if c == ':' => State::Value { or_end: false },
            State::CommaOrEnd => match (c, self.stack.last()) {
                (',', Some(true)) => State::Key { or_end: false },
                (',', Some(false)) => State::Value { or_end: false },
                ('}', _) => self.close(true)?,
                (']', _) => self.close(false)?,
                _ => return Err(NotJson),
            },
            _ => return Err(NotJson),
        };
        Ok(self.state == State::Done)
    }

    fn value(&mut self, or_end: bool, c: char) -> Result<State, NotJson> {
        Ok(match c {
            '{' => self.open(true)?,
            '[' => self.open(false)?,
            ']' if or_end => self.close(false)?,
            '"' => State::String { key: false, escape: Escape::No },
            '-' => State::Number(Number::Minus),
            '0' => State::Number(Number::Zero),
            '1'..='9' => State::Number(Number::Integer),
            't' => State::Literal("rue"),
            'f' => State::Literal("alse"),
            'n' => State::Literal("ull"),
            _ => return Err(NotJson),
        })
    }

    fn open(&mut self, object: bool) -> Result<State, NotJson> {
        if self.stack.len() == MAX_DEPTH {
            return Err(NotJson);
        }
        self.stack.push(object);
        Ok(if object { State::Key { or_end: true } } else { State::Value { or_end: true } })
    }

    fn close(&mut self, object: bool) -> Result<State, NotJson> {
        match self.stack.pop() {
            Some(open) if open == object && self.stack.is_empty() => Ok(State::Done),
            Some(open) if open == object => Ok(State::CommaOrEnd),
            _ => Err(NotJson),
        }
    }
}

fn string(key: bool, escape: Escape, c: char) -> Result<State, NotJson> {
    let escape = match (escape, c) {
        (Escape::No, '"') => return Ok(if key { State::Colon } else { State::CommaOrEnd }),
        (Escape::No, '\\') => Escape::Backslash,
        (Escape::No, c) if u32::from(c) >= 0x20 => Escape::No,
        (Escape::Backslash, '"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't') => Escape::No,
        (Escape::Backslash, 'u') => Escape::Hex(4),
        (Escape::Hex(left), c) if c.is_ascii_hexdigit() => {
            if left > 1 {
                Escape::Hex(left - 1)
            } else {
                Escape::No
            }
        }
        _ => return Err(NotJson),
    };
    Ok(State::String { key, escape })
}

fn literal(rest: &'static str, c: char) -> Result<State, NotJson> {
    match rest.strip_prefix(c) {
        Some("") => Ok(State::CommaOrEnd),
        Some(rest) => Ok(State::Literal(rest)),
        None => Err(NotJson),
    }
}

/// The state after this character, if it belongs to the number.
fn number_step(number: Number, c: char) -> Option<Number> {
    Some(match (number, c) {
        (Number::Minus, '0') => Number::Zero,
        (Number::Minus, '1'..='9') | (Number::Integer, '0'..='9') => Number::Integer,
        (Number::Zero | Number::Integer, '.') => Number::Point,
        (Number::Point | Number::Fraction, '0'..='9') => Number::Fraction,
        (Number::Zero | Number::Integer | Number::Fraction, 'e' | 'E') => Number::E,
        (Number::E, '+' | '-') => Number::Sign,
        (Number::E | Number::Sign | Number::Exponent, '0'..='9') => Number::Exponent,
        _ => return None,
    })
}

impl Number {
    fn complete(self) -> bool {
        matches!(self, Number::Zero | Number::Integer | Number::Fraction | Number::Exponent)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn accepts(text: &str) -> bool {
        let mut scanner = Scanner::new();
        let mut done = false;
        for c in text.chars() {
            match scanner.step(c) {
                Ok(now) if !done => done = now,
                _ => return false,
            }
        }
        done
    }

    #[test]
    fn objects_and_nothing_else() {
        for good in [
            "{}",
            r#"{"a":1}"#,
            r#" {"a": [1, -0.5e+3, [], {}], "b\u00e9\n": "x\"y", "c": null, "d": true, "e": false}"#,
        ] {
            assert!(accepts(good), "{good}");
            assert!(serde_json::from_str::<serde_json::Value>(good).is_ok());
        }
        for bad in [
            "[]",
            "1",
            "",
            "{",
            r#"{"a"}"#,
            r#"{"a":01}"#,
            r#"{"a":1,}"#,
            r#"{"a":[1,]}"#,
            r#"{"a":.5}"#,
            r#"{"a":tru}"#,
            r#"{a:1}"#,
            r#"{"a":"\x"}"#,
            "{\"a\":\"\n\"}",
            r#"{"a":1]"#,
            r#"{"a":-}"#,
            r#"{"a":1.}"#,
        ] {
            assert!(!accepts(bad), "{bad}");
        }
        assert!(!accepts(&r#"{"a":"#.repeat(100)));
    }

    proptest! {
        #[test]
        fn agrees_with_serde_json(text in r#"\{[ "a:,\[\]{}0-2.e\\ntu-]{0,12}\}"#) {
            let parsed = serde_json::from_str::<serde_json::Value>(&text);
            prop_assert_eq!(accepts(&text), parsed.is_ok(), "{:?} {:?}", text, parsed);
        }
    }
}
