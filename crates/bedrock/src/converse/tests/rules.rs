//! Bedrock's rules of conversations with its own texts, and what a lenient reader makes of them.

use serde_json::{Value, json};

use crate::canonical::{Block, Message, Prompt, Request, Role, Turns};
use crate::converse::{Reading, parse_request, read_request};
use crate::count_tokens;
use crate::family::Family;

const START: &str = "A conversation must start with a user message. Try again with a conversation \
                     that starts with a user message.";
const ALTERNATE: &str = "A conversation must alternate between user and assistant roles. Make sure \
                         the conversation alternates between user and assistant roles and try again.";

fn user(content: &Value) -> Value {
    json!({"role": "user", "content": content})
}

fn assistant(content: &Value) -> Value {
    json!({"role": "assistant", "content": content})
}

fn says(text: &str) -> Value {
    json!([{"text": text}])
}

fn talk(messages: &[Value]) -> Value {
    json!({"messages": messages})
}

fn with_tool(messages: &[Value]) -> Value {
    json!({
        "messages": messages,
        "toolConfig": {"tools": [{"toolSpec": {"name": "f", "inputSchema": {"json": {}}}}]},
    })
}

fn call(id: &str) -> Value {
    assistant(&json!([{"toolUse": {"toolUseId": id, "name": "f", "input": {}}}]))
}

fn result(id: &str, content: &Value) -> Value {
    json!({"toolResult": {"toolUseId": id, "content": [content]}})
}

/// Texts that clients match or users know, each with a request that is answered with it. Those about quotas, access,
/// capacity, the context window and the model's output limit are the server's; "on-demand throughput isn't supported"
/// does not apply, since every id is served, nor does "Conversation blocks and tool result blocks cannot be provided in
/// the same turn", since every template here takes both.
fn texts() -> Vec<(&'static str, Value)> {
    let hi = user(&says("hi"));
    let ok = json!({"text": "ok"});
    let document = json!({"document": {
        "name": "a", "format": "txt", "source": {"text": "b"},
    }});
    vec![
        (START, talk(&[])),
        (START, talk(&[assistant(&says("yes")), hi.clone()])),
        (ALTERNATE, talk(&[hi.clone(), hi.clone()])),
        (ALTERNATE, talk(&[hi.clone(), assistant(&says("a")), assistant(&says("b"))])),
        (
            "The text field in the ContentBlock object at messages.0.content.1 is blank. Add text \
             to the text field, and try again.",
            talk(&[user(&json!([{"text": "a"}, {"text": " "}]))]),
        ),
        (
            "The content field in the Message object at messages.1 is empty.",
            talk(&[hi.clone(), assistant(&json!([]))]),
        ),
        (
            "Expected toolResult blocks at messages.2.content for the following Ids: t1",
            with_tool(&[hi.clone(), call("t1"), hi.clone()]),
        ),
        (
            "The number of toolResult blocks at messages.2.content exceeds the number of toolUse \
             blocks of previous turn.",
            with_tool(&[
                hi.clone(),
                call("t1"),
                user(&json!([result("t1", &ok), result("t2", &ok)])),
            ]),
        ),
        (
            "The toolConfig field must be defined when using toolUse and toolResult content blocks.",
            talk(&[hi.clone(), call("t1"), user(&json!([result("t1", &ok)]))]),
        ),
        ("A text block must be included when using documents.", talk(&[user(&json!([document]))])),
        (
            "The format of the value at messages.2.content.0.toolResult.content.0.json is invalid. \
             Provide a json object for the field and try again.",
            with_tool(&[
                hi.clone(),
                call("t1"),
                user(&json!([result("t1", &json!({"json": [1]}))])),
            ]),
        ),
        (
            "Malformed input request: #: extraneous key [verbosity] is not permitted, please \
             reformat your input and try again.",
            json!({
                "messages": [hi],
                "additionalModelRequestFields": {"verbosity": "low"},
            }),
        ),
    ]
}

#[test]
fn every_text_that_clients_know_has_a_request_that_gets_it() {
    for (text, body) in texts() {
        let error = parse_request(body.to_string().as_bytes()).unwrap_err();
        assert!(error.message.contains(text), "{body}: {}", error.message);
    }
}

fn lenient(body: &Value) -> Result<Request, String> {
    let reading = Reading { lenient: true };
    read_request(body.to_string().as_bytes(), reading).map_err(|error| error.message)
}

fn turns(request: &Request) -> &Turns {
    match &request.prompt {
        Prompt::Turns(turns) => turns,
        Prompt::Raw { .. } => panic!("expected turns"),
    }
}

fn turn(role: Role, texts: &[&str]) -> Message {
    let content = texts.iter().map(|text| Block::Text((*text).to_owned())).collect();
    Message { role, content }
}

/// Roles that do not alternate, blank texts, a message of blanks, one of nothing, and a blank system text.
fn untidy() -> Value {
    json!({
        "system": [{"text": " "}, {"text": "be brief"}],
        "messages": [
            user(&says("a")),
            user(&json!([{"text": ""}, {"text": "b"}])),
            assistant(&says("\n")),
            user(&says("c")),
            assistant(&says("d")),
            assistant(&json!([])),
            assistant(&says("e")),
            user(&says("f")),
        ],
    })
}

#[test]
fn a_lenient_reader_mends_what_a_strict_one_refuses_and_says_so() {
    let body = untidy();
    assert!(parse_request(body.to_string().as_bytes()).is_err());
    let request = lenient(&body).unwrap();
    assert_eq!(turns(&request).system, ["be brief"]);
    assert_eq!(
        turns(&request).messages,
        [
            turn(Role::User, &["a", "b", "c"]),
            turn(Role::Assistant, &["d", "e"]),
            turn(Role::User, &["f"]),
        ]
    );
    assert_eq!(
        request.mended,
        [
            "messages.1.content.0:blank",
            "messages.2.content.0:blank",
            "messages.2:empty",
            "messages.5:empty",
            "messages.1:merged",
            "messages.3:merged",
            "messages.6:merged",
            "system.0:blank",
        ]
    );
    let count = json!({"input": {"converse": body}}).to_string();
    let reading = Reading { lenient: true };
    let family = Some(Family::MetaLlama);
    let counted = count_tokens::read_request(count.as_bytes(), family, reading).unwrap();
    assert_eq!(counted.prompt, request.prompt);
    // The places are those of the body that was sent.
    let within: Vec<String> =
        request.mended.iter().map(|place| format!("input.converse.{place}")).collect();
    assert_eq!(counted.mended, within);
    assert!(count_tokens::parse_request(count.as_bytes(), family).is_err());
}

#[test]
fn a_lenient_reader_leaves_good_conversations_alone_and_still_refuses_bad_ones() {
    let body = talk(&[user(&says("a")), assistant(&says("b")), user(&says(" c "))]);
    let strict = parse_request(body.to_string().as_bytes()).unwrap();
    assert_eq!(lenient(&body), Ok(strict.clone()));
    assert_eq!(strict.mended, Vec::<String>::new());
    assert_eq!(lenient(&talk(&[user(&says(" "))])).unwrap_err(), START);
    assert_eq!(lenient(&talk(&[assistant(&says("a"))])).unwrap_err(), START);
    for (text, body) in texts() {
        let mendable = [ALTERNATE, "is blank", "is empty"].iter().any(|part| text.contains(part));
        assert_eq!(lenient(&body).is_ok(), mendable, "{text}");
    }
    assert!(
        lenient(&talk(&[user(&json!([{"text": 5}]))])).unwrap_err().contains("expected a string")
    );
}
