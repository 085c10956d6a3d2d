use serde_json::{Value, json};

use super::refuses;
use crate::canonical::{Markup, Prompt, Request};
use crate::families::{Invocation, parse_told};
use crate::family::Family;

fn told(body: &Value) -> Result<(Family, Request), String> {
    let read = parse_told(None, body.to_string().as_bytes(), Invocation::default());
    read.map_err(|error| error.message)
}

#[test]
fn the_fields_of_a_body_tell_its_form() {
    let messages = json!([{"role": "user", "content": "hi"}]);
    let cases = [
        (json!({"prompt": "hi"}), Family::ImportedCompletion, Some(512)),
        (json!({"prompt": "hi", "max_gen_len": 9}), Family::ImportedCompletion, Some(9)),
        (json!({"prompt": "hi", "max_tokens": 9}), Family::OpenAiCompletion, Some(9)),
        (
            json!({"prompt": "hi", "max_tokens": null, "messages": null}),
            Family::ImportedCompletion,
            Some(512),
        ),
        (json!({"messages": messages}), Family::OpenAiChat, None),
        (json!({"messages": messages, "max_tokens": 9}), Family::OpenAiChat, Some(9)),
    ];
    for (body, family, max_tokens) in cases {
        let (found, request) = told(&body).unwrap();
        assert_eq!((found, request.max_tokens), (family, max_tokens), "{body}");
        if family != Family::OpenAiChat {
            let prompt = Prompt::Raw { text: "hi".into(), markup: Markup::None };
            assert_eq!(request.prompt, prompt);
        }
    }
    // A known family is never told by the body.
    let body = br#"{"prompt": "hi", "max_tokens": 9}"#;
    let known = parse_told(Some(Family::MetaLlama), body, Invocation::default());
    assert!(known.unwrap_err().message.contains("extraneous key [max_tokens]"));
}

#[test]
fn what_tells_no_form_or_two_is_refused() {
    let cases = [
        (json!({}), "#: expected messages, or prompt with max_tokens"),
        (json!([]), "#: expected an object, found a list"),
        (json!({"prompt": "a", "max_tokens": 1, "max_gen_len": 1}), "extraneous key [max_gen_len]"),
        (json!({"prompt": "a", "messages": []}), "must start with a user message"),
    ];
    for (body, expected) in cases {
        let message = told(&body).unwrap_err();
        assert!(message.contains(expected), "{body}: {message}");
    }
}

#[test]
fn refusals_name_the_field() {
    let completion = |key: &str, value| {
        let mut body = json!({"prompt": "a", "max_tokens": 1});
        body[key] = value;
        body
    };
    refuses(
        Family::OpenAiCompletion,
        &[
            (json!({"prompt": "a"}), "#: required key [max_tokens] not found"),
            (completion("prompt", json!(["a"])), "prompt: expected a string"),
            (completion("echo", json!(true)), "echo: the prompt cannot be repeated"),
            (completion("suffix", json!("x")), "suffix: text cannot be inserted"),
            (completion("best_of", json!(2)), "best_of: choosing the best"),
            (completion("structured_outputs", json!({"regex": "a"})), "structured_outputs: struc"),
            (completion("response_format", json!({"type": "xml"})), "#/response_format/type: xml"),
            (completion("max_gen_len", json!(1)), "#: extraneous key [max_gen_len]"),
        ],
    );
    let imported = |key: &str, value| json!({"prompt": "a", key: value});
    refuses(
        Family::ImportedCompletion,
        &[
            (imported("return_logprobs", json!(true)), "return_logprobs: this form has"),
            (imported("images", json!(["x"])), "images: this model doesn't support images"),
            (imported("structured_outputs", json!({})), "#: extraneous key [structured_outputs]"),
            (imported("max_tokens", json!(1)), "#: extraneous key [max_tokens]"),
        ],
    );
}
