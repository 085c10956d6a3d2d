//! CountTokens: a request whose prompt is counted and not answered.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::canonical::Request;
use crate::converse::{self, Reading};
use crate::error::WireError;
use crate::families::{self, Invocation};
use crate::family::Family;
use crate::json::{self, Node, Wording};

/// Reads the body of CountTokens as strictly as Bedrock does.
///
/// # Errors
/// As [`read_request`].
pub fn parse_request(body: &[u8], family: Option<Family>) -> Result<Request, WireError> {
    read_request(body, family, Reading::default())
}

/// Reads the body of CountTokens: a Converse request, or a native body in base64, of `family` or (without one) of the form
/// that it tells itself.
///
/// # Errors
/// A ValidationException that names the field; paths inside a native body are that body's own.
pub fn read_request(
    body: &[u8],
    family: Option<Family>,
    reading: Reading,
) -> Result<Request, WireError> {
    let value = json::parse(body)?;
    Node::root(&value, Wording::Modelled).read(|fields| {
        match fields.require("input")?.member(&["converse", "invokeModel"])? {
            ("converse", node) => converse::read_countable(&node, reading),
            (_, node) => {
                let native = node.read(|fields| {
                    let body = fields.require("body")?;
                    STANDARD.decode(body.text()?).map_err(|_| body.error("expected base64"))
                })?;
                let told = families::parse_told(family, &native, Invocation::default())?;
                Ok(told.1)
            }
        }
    })
}

/// The body of the response.
#[must_use]
pub fn encode_answer(input_tokens: u64) -> Value {
    json!({"inputTokens": input_tokens})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canonical::{Markup, Prompt};

    fn parse(body: &Value) -> Result<Request, String> {
        let parsed = parse_request(body.to_string().as_bytes(), Some(Family::MetaLlama));
        parsed.map_err(|error| error.message)
    }

    #[test]
    fn both_members_give_what_the_operation_itself_would() {
        let turns = json!([{"role": "user", "content": [{"text": "hi"}]}]);
        let converse = json!({"system": [{"text": "be brief"}], "messages": turns});
        let own = converse::parse_request(converse.to_string().as_bytes()).unwrap();
        assert_eq!(parse(&json!({"input": {"converse": converse}})), Ok(own));

        let native = json!({"prompt": "hi", "temperature": 0.25}).to_string();
        let own = families::parse_request(Family::MetaLlama, native.as_bytes(), true).unwrap();
        assert_eq!(own.prompt, Prompt::Raw { text: "hi".into(), markup: Markup::Llama });
        let body = json!({"input": {"invokeModel": {"body": STANDARD.encode(native)}}});
        assert_eq!(parse(&body), Ok(own));
    }

    #[test]
    fn refusals_name_the_field() {
        let cases = [
            (json!({}), "'input' failed to satisfy constraint: Member must not be null"),
            (json!({"input": {}}), "input: exactly one of [converse, invokeModel]"),
            (json!({"input": {"invokeModel": {"body": "%"}}}), "input.invokeModel.body: expected"),
            (
                json!({"input": {"converse": {"messages": [], "inferenceConfig": {}}}}),
                "start with a user message",
            ),
            (
                json!({"input": {"converse": {
                    "messages": [{"role": "user", "content": [{"text": "a"}]}],
                    "inferenceConfig": {},
                }}}),
                "#/input/converse: extraneous key [inferenceConfig] is not permitted",
            ),
        ];
        for (body, expected) in cases {
            let message = parse(&body).unwrap_err();
            assert!(message.contains(expected), "{body}: {message}");
        }
    }

    #[test]
    fn the_answer_is_one_number() {
        assert_eq!(encode_answer(7).to_string(), r#"{"inputTokens":7}"#);
    }
}
