//! One tool call as a JSON object, `{"name": "…", "arguments": {…}}`, parsed while it streams.

use crate::json_scan::Scanner;

/// The text is not a tool call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

/// What a call brought, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// The name, complete.
    Name(String),
    /// More of the arguments' JSON text.
    Arguments(String),
    /// The arguments are complete.
    End,
}

/// Adds a character to the arguments told last.
pub(crate) fn tell(c: char, steps: &mut Vec<Step>) {
    match steps.last_mut() {
        Some(Step::Arguments(text)) => text.push(c),
        _ => steps.push(Step::Arguments(c.into())),
    }
}

/// Longest key or tool name, in bytes.
pub(crate) const MAX_TEXT: usize = 1024;

/// The keys of a call's object.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Keys {
    /// The arguments' key; more than one where a family's models use either.
    pub(crate) arguments: &'static [&'static str],
    /// Keys with a text that may stand before the name: Llama's `"type": "function"`.
    pub(crate) before: &'static [&'static str],
    /// Keys with a text that may stand after the arguments: Mistral's `"id"`.
    pub(crate) after: &'static [&'static str],
}

/// The arguments of a call: one JSON object.
#[derive(Clone, Debug)]
pub(crate) struct Arguments {
    scanner: Scanner,
    text: String,
}

impl Arguments {
    pub(crate) fn new() -> Self {
        Self { scanner: Scanner::new(), text: String::new() }
    }

    /// Takes one character; `true` when it ended the object.
    pub(crate) fn step(&mut self, c: char, steps: &mut Vec<Step>) -> Result<bool, Malformed> {
        let done = self.scanner.step(c).map_err(|_| Malformed)?;
        // White space before the opening brace is not part of the arguments.
        if !(self.text.is_empty() && is_space(c)) {
            self.text.push(c);
            tell(c, steps);
        }
        if done {
            // What the scanner does not see: lone surrogates in escapes, numbers out of range.
            serde_json::from_str::<serde_json::Value>(&self.text).map_err(|_| Malformed)?;
            steps.push(Step::End);
        }
        Ok(done)
    }
}

pub(crate) fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r')
}

/// A call in the making.
#[derive(Clone, Debug)]
pub(crate) struct CallParser {
    keys: &'static Keys,
    state: State,
    /// The string being read, quotes excluded.
    buffer: String,
}

#[derive(Clone, Debug)]
enum State {
    Brace,
    /// Before a string.
    Quote(Text),
    /// Inside a string; whether a backslash came last.
    Text(Text, bool),
    Colon(After),
    /// Before the comma that a key follows.
    Comma(Text),
    Arguments(Arguments),
    /// After the arguments.
    Close,
}

/// The strings of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Text {
    /// The first key: the name's, or one that may stand before it.
    FirstKey,
    /// A text that may stand before the name.
    BeforeName,
    NameKey,
    Name,
    ArgumentsKey,
    LastKey,
    /// A text that may stand after the arguments.
    Last,
}

/// What a colon leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum After {
    Text(Text),
    Arguments,
}

impl CallParser {
    pub(crate) fn new(keys: &'static Keys) -> Self {
        Self { keys, state: State::Brace, buffer: String::new() }
    }

    /// Whether the key of the arguments is complete.
    pub(crate) fn in_arguments(&self) -> bool {
        matches!(self.state, State::Colon(After::Arguments) | State::Arguments(_))
    }

    /// Takes one character; `true` when it ended the call.
    pub(crate) fn step(&mut self, c: char, steps: &mut Vec<Step>) -> Result<bool, Malformed> {
        match &mut self.state {
            State::Text(text, escaped) => {
                let text = *text;
                if c == '"' && !*escaped {
                    return self.text_ends(text, steps).map(|()| false);
                }
                *escaped = c == '\\' && !*escaped;
                self.buffer.push(c);
                if self.buffer.len() > MAX_TEXT {
                    return Err(Malformed);
                }
            }
            State::Arguments(arguments) => {
                if arguments.step(c, steps)? {
                    self.state = State::Close;
                }
            }
            _ if is_space(c) => {}
            State::Brace if c == '{' => self.state = State::Quote(Text::FirstKey),
            State::Quote(text) if c == '"' => self.state = State::Text(*text, false),
            State::Colon(After::Text(text)) if c == ':' => self.state = State::Quote(*text),
            State::Colon(After::Arguments) if c == ':' => {
                self.state = State::Arguments(Arguments::new());
            }
            State::Comma(text) if c == ',' => self.state = State::Quote(*text),
            State::Close if c == '}' => return Ok(true),
            State::Close if c == ',' && !self.keys.after.is_empty() => {
                self.state = State::Quote(Text::LastKey);
            }
            _ => return Err(Malformed),
        }
        Ok(false)
    }

    fn text_ends(&mut self, text: Text, steps: &mut Vec<Step>) -> Result<(), Malformed> {
        let quoted = format!("\"{}\"", std::mem::take(&mut self.buffer));
        let value: String = serde_json::from_str(&quoted).map_err(|_| Malformed)?;
        let key = value.as_str();
        self.state = match text {
            Text::FirstKey | Text::NameKey if key == "name" => {
                State::Colon(After::Text(Text::Name))
            }
            Text::FirstKey if self.keys.before.contains(&key) => {
                State::Colon(After::Text(Text::BeforeName))
            }
            Text::BeforeName => State::Comma(Text::NameKey),
            Text::ArgumentsKey if self.keys.arguments.contains(&key) => {
                State::Colon(After::Arguments)
            }
            Text::Name if !value.is_empty() => {
                steps.push(Step::Name(value));
                State::Comma(Text::ArgumentsKey)
            }
            Text::LastKey if self.keys.after.contains(&key) => {
                State::Colon(After::Text(Text::Last))
            }
            Text::Last => State::Close,
            _ => return Err(Malformed),
        };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: Keys = Keys { arguments: &["arguments"], before: &["type"], after: &["id"] };

    /// What a text brings, and the text after the call if it is complete.
    fn all(text: &str) -> Result<(Vec<Step>, Option<&str>), Malformed> {
        let mut parser = CallParser::new(&KEYS);
        let mut steps = Vec::new();
        for (at, c) in text.char_indices() {
            if parser.step(c, &mut steps)? {
                return Ok((steps, Some(&text[at + c.len_utf8()..])));
            }
        }
        Ok((steps, None))
    }

    #[test]
    fn a_call_gives_name_then_arguments_then_the_rest() {
        let text = r#" {"name": "get_\u0077eather", "arguments": {"city": "Zü\"rich", "n": [1, {}]} } tail"#;
        let arguments = r#"{"city": "Zü\"rich", "n": [1, {}]}"#;
        let steps =
            vec![Step::Name("get_weather".into()), Step::Arguments(arguments.into()), Step::End];
        assert_eq!(all(text), Ok((steps.clone(), Some(" tail"))));
        let text = format!(
            r#"{{"type": "function", "name": "get_weather", "arguments": {arguments}, "id": "x"}}"#
        );
        assert_eq!(all(&text), Ok((steps, Some(""))));
    }

    #[test]
    fn everything_else_is_malformed() {
        for bad in [
            "x",
            r#"{"nom": "a"}"#,
            r#"{"name": 3"#,
            r#"{"name": "","#,
            r#"{"name": "a"}"#,
            r#"{"name": "a", "args"#,
            r#"{"type": "f", "type"#,
            r#"{"name": "a", "arguments": ["#,
            r#"{"name": "a", "arguments": {"x": }"#,
            r#"{"name": "a", "arguments": {"x": "\ud800"}"#,
            r#"{"name": "a", "arguments": {}, "other"#,
            r#"{"name": "a", "arguments": {}, "id": 3"#,
        ] {
            // A key's text is judged at its end.
            assert!(all(&format!("{bad}\"")).is_err(), "{bad}");
        }
        let plain = Keys { arguments: &["parameters"], before: &[], after: &[] };
        let plain: &'static Keys = Box::leak(Box::new(plain));
        let result: Result<Vec<bool>, Malformed> = r#"{"name": "a", "parameters": {}, "#
            .chars()
            .scan(CallParser::new(plain), |parser, c| Some(parser.step(c, &mut Vec::new())))
            .collect();
        assert_eq!(result, Err(Malformed));
    }
}
