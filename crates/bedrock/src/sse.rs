//! Server-sent events, the stream of OpenAI's and Anthropic's APIs.
//!
//! Format: <https://html.spec.whatwg.org/multipage/server-sent-events.html>. Only what those APIs use: a name, data, and
//! comments, which every client skips.

use serde_json::Value;

/// Content type of a stream.
pub const CONTENT_TYPE: &str = "text/event-stream";

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its `event` field; OpenAI's chunks have none.
    pub name: Option<String>,
    /// Its `data`.
    pub data: String,
}

impl Event {
    /// An event without a name.
    #[must_use]
    pub fn data(payload: &Value) -> Self {
        Event { name: None, data: payload.to_string() }
    }

    /// An event named by the `type` of its payload, as Anthropic and OpenAI's Responses have it.
    #[must_use]
    pub fn typed(payload: &Value) -> Self {
        let name = payload.get("type").and_then(Value::as_str).map(str::to_owned);
        Event { name, data: payload.to_string() }
    }

    /// `[DONE]`, which ends a stream of chat completions.
    #[must_use]
    pub fn done() -> Self {
        Event { name: None, data: "[DONE]".to_owned() }
    }

    /// Its bytes, with the blank line that ends it. Text of several lines takes as many fields; a name has no lines.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut text = String::with_capacity(self.data.len() + 32);
        if let Some(name) = &self.name {
            field(&mut text, "event", &name.replace(['\r', '\n'], " "));
        }
        if self.data.contains(['\r', '\n']) {
            let data = self.data.replace("\r\n", "\n");
            data.split(['\r', '\n']).for_each(|line| field(&mut text, "data", line));
        } else {
            field(&mut text, "data", &self.data);
        }
        text.push('\n');
        text.into_bytes()
    }
}

/// A comment of one line.
#[must_use]
pub fn comment(text: &str) -> Vec<u8> {
    format!(": {}\n\n", text.replace(['\r', '\n'], " ")).into_bytes()
}

fn field(text: &mut String, name: &str, value: &str) {
    text.extend([name, ": ", value, "\n"]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn encoded(event: &Event) -> String {
        String::from_utf8(event.encode()).unwrap()
    }

    #[test]
    fn events_have_their_fields_and_end_with_a_blank_line() {
        let payload = json!({"type": "ping", "text": "a\nb\r\u{2028}ä"});
        assert_eq!(
            encoded(&Event::data(&payload)),
            "data: {\"type\":\"ping\",\"text\":\"a\\nb\\r\u{2028}ä\"}\n\n"
        );
        assert_eq!(
            encoded(&Event::typed(&json!({"type": "a"}))),
            "event: a\ndata: {\"type\":\"a\"}\n\n"
        );
        assert_eq!(encoded(&Event::done()), "data: [DONE]\n\n");
        assert_eq!(comment("ping"), b": ping\n\n");
    }

    /// Reads one event as the specification has it.
    fn read(text: &str) -> Event {
        let (mut name, mut data) = (None, Vec::new());
        let lines = text.strip_suffix("\n\n").expect("a blank line at the end");
        for line in lines.split(['\r', '\n']) {
            let (field, value) = line.split_once(": ").expect("a field");
            match field {
                "event" => name = Some(value.to_owned()),
                "data" => data.push(value),
                other => panic!("{other}"),
            }
        }
        Event { name, data: data.join("\n") }
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_framing(name in proptest::option::of("[a-z_.]{1,9}"), data in "(?s).{0,40}") {
            let event = Event { name, data };
            let lines = event.data.replace("\r\n", "\n").replace('\r', "\n");
            prop_assert_eq!(read(&encoded(&event)), Event { data: lines, ..event });
        }

        #[test]
        fn a_comment_is_one_line(text in "(?s).{0,40}") {
            let bytes = String::from_utf8(comment(&text)).unwrap();
            let line = bytes.strip_suffix("\n\n").unwrap();
            prop_assert!(line.starts_with(':') && !line.contains(['\r', '\n']));
        }
    }
}
