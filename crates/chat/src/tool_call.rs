//! One tool call as a model writes it, `{"name": "…", "arguments": {…}}`, parsed while it streams.

use crate::json_scan::Scanner;

/// The text is not a tool call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

/// What a piece of text brought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Progress {
    /// The call's name, in the piece that completed it.
    pub(crate) name: Option<String>,
    /// More of the arguments' JSON text.
    pub(crate) arguments: String,
    /// Set when the call is complete: the text after it.
    pub(crate) rest: Option<String>,
}

/// A call in the making.
#[derive(Clone, Debug)]
pub(crate) struct CallParser {
    state: State,
    /// The string being read, quotes excluded; later all of the arguments.
    buffer: String,
}

#[derive(Clone, Debug)]
enum State {
    Brace,
    /// Before a string.
    Quote(Text),
    /// Inside a string; whether a backslash came last.
    Text(Text, bool),
    Colon(Text),
    Comma,
    Arguments(Scanner),
    Close,
}

/// The three strings of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Text {
    NameKey,
    Name,
    ArgumentsKey,
}

/// Longest key or tool name, in bytes.
const MAX_TEXT: usize = 1024;

impl CallParser {
    pub(crate) fn new() -> Self {
        Self { state: State::Brace, buffer: String::new() }
    }

    /// A call whose beginning `{"name": "…", "arguments":` is in the prompt.
    pub(crate) fn seeded() -> Self {
        Self { state: State::Arguments(Scanner::new()), buffer: String::new() }
    }

    /// Whether the last `}` is still to come.
    pub(crate) fn push(&mut self, text: &str) -> Result<Progress, Malformed> {
        let mut progress = Progress::default();
        for (at, c) in text.char_indices() {
            if self.step(c, &mut progress)? {
                progress.rest = Some(text[at + c.len_utf8()..].to_owned());
                break;
            }
        }
        Ok(progress)
    }

    /// Takes one character; `true` when it ended the call.
    fn step(&mut self, c: char, progress: &mut Progress) -> Result<bool, Malformed> {
        let space = matches!(c, ' ' | '\t' | '\n' | '\r');
        match &mut self.state {
            State::Text(text, escaped) => {
                let text = *text;
                if c == '"' && !*escaped {
                    return self.text_ends(text, progress).map(|()| false);
                }
                *escaped = c == '\\' && !*escaped;
                self.buffer.push(c);
                if self.buffer.len() > MAX_TEXT {
                    return Err(Malformed);
                }
            }
            State::Arguments(scanner) => {
                let done = scanner.step(c).map_err(|_| Malformed)?;
                // White space before the opening brace is not part of the arguments.
                if !(space && self.buffer.is_empty()) {
                    self.buffer.push(c);
                    progress.arguments.push(c);
                }
                if done {
                    self.arguments_end()?;
                }
            }
            _ if space => {}
            State::Brace if c == '{' => self.state = State::Quote(Text::NameKey),
            State::Quote(text) if c == '"' => self.state = State::Text(*text, false),
            State::Colon(Text::NameKey) if c == ':' => self.state = State::Quote(Text::Name),
            State::Colon(_) if c == ':' => self.state = State::Arguments(Scanner::new()),
            State::Comma if c == ',' => self.state = State::Quote(Text::ArgumentsKey),
            State::Close if c == '}' => return Ok(true),
            _ => return Err(Malformed),
        }
        Ok(false)
    }

    fn text_ends(&mut self, text: Text, progress: &mut Progress) -> Result<(), Malformed> {
        let quoted = format!("\"{}\"", std::mem::take(&mut self.buffer));
        let value: String = serde_json::from_str(&quoted).map_err(|_| Malformed)?;
        self.state = match text {
            Text::NameKey if value == "name" => State::Colon(Text::NameKey),
            Text::ArgumentsKey if value == "arguments" => State::Colon(Text::ArgumentsKey),
            Text::Name if !value.is_empty() => {
                progress.name = Some(value);
                State::Comma
            }
            _ => return Err(Malformed),
        };
        Ok(())
    }

    fn arguments_end(&mut self) -> Result<(), Malformed> {
        // What the scanner does not see: lone surrogates in escapes, numbers out of range.
        let arguments = std::mem::take(&mut self.buffer);
        serde_json::from_str::<serde_json::Value>(&arguments).map_err(|_| Malformed)?;
        self.state = State::Close;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(parser: &mut CallParser, pieces: &[&str]) -> Result<Progress, Malformed> {
        let mut sum = Progress::default();
        for piece in pieces {
            let progress = parser.push(piece)?;
            sum.name = sum.name.or(progress.name);
            sum.arguments += &progress.arguments;
            sum.rest = sum.rest.or(progress.rest);
        }
        Ok(sum)
    }

    #[test]
    fn a_call_gives_name_then_arguments_then_the_rest() {
        let text = r#" {"name": "get_\u0077eather", "arguments": {"city": "Zü\"rich", "n": [1, {}]} } tail"#;
        let progress = all(&mut CallParser::new(), &[text]).unwrap();
        assert_eq!(progress.name.as_deref(), Some("get_weather"));
        assert_eq!(progress.arguments, r#"{"city": "Zü\"rich", "n": [1, {}]}"#);
        assert_eq!(progress.rest.as_deref(), Some(" tail"));
    }

    #[test]
    fn a_seeded_call_starts_at_its_arguments() {
        let progress = all(&mut CallParser::seeded(), &[" {", "}}"]).unwrap();
        assert_eq!(
            progress,
            Progress { name: None, arguments: "{}".into(), rest: Some(String::new()) }
        );
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
            r#"{"name": "a", "arguments": ["#,
            r#"{"name": "a", "arguments": {"x": }"#,
            r#"{"name": "a", "arguments": {"x": "\ud800"}"#,
            r#"{"name": "a", "arguments": {}, "#,
        ] {
            // A key's text is judged at its end.
            let closed = format!("{bad}\"");
            let result = CallParser::new().push(bad).and_then(|_| CallParser::new().push(&closed));
            assert!(result.is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn pieces_give_what_the_whole_gives(cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8)) {
            let text = r#"{"name": "f", "arguments": {"a": "b\\n", "c": [true, 1.5e3]}}<|x"#;
            let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(text.len())).collect();
            at.extend([0, text.len()]);
            at.sort_unstable();
            let pieces: Vec<&str> = at.windows(2).map(|pair| &text[pair[0]..pair[1]]).collect();
            let whole = all(&mut CallParser::new(), &[text]).unwrap();
            let mut parser = CallParser::new();
            let mut sum = Progress::default();
            for piece in pieces {
                if let Some(rest) = &mut sum.rest {
                    rest.push_str(piece);
                    continue;
                }
                let progress = parser.push(piece).unwrap();
                sum.name = sum.name.or(progress.name);
                sum.arguments += &progress.arguments;
                sum.rest = progress.rest;
            }
            prop_assert_eq!(sum, whole);
        }
    }
}
