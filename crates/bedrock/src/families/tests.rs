mod anthropic;
mod llama;
mod openai;
mod responses;

use serde_json::Value;

use crate::canonical::{Block, Message, Prompt, Request, Role, Turns};
use crate::family::Family;

fn parse(family: Family, body: &Value) -> Result<Request, String> {
    super::parse_request(family, body.to_string().as_bytes(), false).map_err(|error| error.message)
}

/// `body` with the members of `more` set.
fn with(body: &Value, more: &Value) -> Value {
    let mut body = body.clone();
    for (key, value) in more.as_object().unwrap() {
        body[key] = value.clone();
    }
    body
}

fn turns(request: &Request) -> &Turns {
    match &request.prompt {
        Prompt::Turns(turns) => turns,
        Prompt::Raw { .. } => panic!("expected turns"),
    }
}

fn message(role: Role, content: &[Block]) -> Message {
    Message { role, content: content.to_vec() }
}

fn text(text: &str) -> Block {
    Block::Text(text.to_owned())
}

fn refuses(family: Family, cases: &[(Value, &str)]) {
    for (body, expected) in cases {
        match parse(family, body) {
            Ok(request) => panic!("{body} was read as {request:?}"),
            Err(message) => assert!(message.contains(expected), "{body}: {message}"),
        }
    }
}

#[test]
fn bodies_that_are_not_served_are_refused_by_name() {
    for family in Family::all() {
        let served =
            matches!(family, Family::AnthropicMessages | Family::MetaLlama | Family::OpenAiChat);
        let error = super::parse_request(family, b"{}", false).unwrap_err();
        let refused = error.message.contains("is not supported by this server");
        assert_eq!(refused, !served, "{}", error.message);
        assert!(served || error.message.contains(family.name()), "{}", error.message);
    }
}
