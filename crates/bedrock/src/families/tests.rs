mod anthropic;
mod cohere;
mod completions;
mod imported;
mod jamba;
mod llama;
mod mistral;
mod nova;
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
fn every_family_of_text_is_served_and_others_are_refused_by_name() {
    for family in Family::all() {
        let error = super::parse_request(family, b"{}", false).unwrap_err();
        let refused = error.message.contains("is not supported by this server");
        assert_eq!(refused, !family.generates_text(), "{}", error.message);
        assert!(!refused || error.message.contains(family.name()), "{}", error.message);
    }
}

#[test]
fn the_longest_beginning_of_an_id_says_whose_parameters_count() {
    let most = |id: &str| {
        let body = br#"{"prompt": "a", "max_tokens": 5000}"#;
        let invocation = super::Invocation { streaming: None, model_id: Some(id) };
        super::parse_invocation(Family::MistralText, body, invocation).is_ok()
    };
    assert!(most("mistral.mistral-7b-instruct-v0:2"));
    assert!(!most("mistral.mixtral-8x7b-instruct-v0:1"));
    assert!(!most("us.mistral.mixtral-8x7b-instruct-v0:1"), "a geo prefix changes nothing");
    assert!(most("something.else"));
}
