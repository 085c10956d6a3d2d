//! Documents and untidy conversations, from the body to the answer.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::harness::*;

fn with_document(format: &str, bytes: &[u8]) -> Value {
    json!({
        "messages": [{"role": "user", "content": [
            {"text": "Read this."},
            {"document": {"name": "a", "format": format, "source": {"bytes": BASE64_STANDARD.encode(bytes)}}},
        ]}],
        "inferenceConfig": {"maxTokens": 1},
    })
}

#[tokio::test]
async fn a_document_is_counted_billed_and_cached_as_its_text() {
    let server = Server::start().await;
    let table = "a;b\n".repeat(100);
    let body = with_document("csv", table.as_bytes());
    let count = json!({"input": {"converse": {"messages": body["messages"]}}});
    let counted = server.send(server.post(&format!("/model/{MODEL}/count-tokens"), &count)).await;
    let first = server.converse(&body).await;
    assert_eq!(first.status, 200, "{first:?}");
    assert_eq!(counted.json()["inputTokens"], first.json()["usage"]["inputTokens"]);
    // A byte a token: the text stands in the prompt with its wrapper around it.
    let wrapper = "Read this.\n\n<document name=\"a\" format=\"csv\">\n\n</document>".len()
        + table.trim_end().len();
    let tokens = counted.json()["inputTokens"].as_u64().unwrap();
    let around = tokens - u64::try_from(wrapper).unwrap();
    assert!(around <= 5, "{tokens} tokens, {around} of them control tokens");
    let again = server.converse(&body).await;
    let cached: u64 = again.header("x-outcrop-cached-tokens").parse().unwrap();
    assert!(cached * 10 > tokens * 8, "{cached} of {tokens}");
}

#[tokio::test]
async fn a_document_of_a_native_body_is_read() {
    let server = Server::start().await;
    let ask = |data: &str| {
        json!({"anthropic_version": "x", "max_tokens": 1, "messages": [{"role": "user", "content": [
            {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": data}},
        ]}]})
    };
    let mut counts = Vec::new();
    for data in ["hello", "hello world"] {
        let answer = server.send(server.post(&format!("/model/{MODEL}/invoke"), &ask(data))).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        counts.push(answer.json()["usage"]["input_tokens"].as_u64().unwrap());
    }
    assert_eq!(counts[1] - counts[0], 6);
}

#[tokio::test]
async fn a_document_that_cannot_be_read_is_a_400_that_names_it() {
    let server = Server::start().await;
    let cases = [
        ("pdf", &b"%PDF-1.4 nothing"[..], "damaged"),
        ("docx", b"PK\x03\x04", "damaged"),
        ("xls", b"x", "damaged"),
        ("doc", b"x", "save it as docx"),
        ("html", b"<p> </p>", "no text was found"),
    ];
    for (format, bytes, part) in cases {
        for operation in ["converse", "converse-stream"] {
            let path = format!("/model/{MODEL}/{operation}");
            let answer = server.send(server.post(&path, &with_document(format, bytes))).await;
            let (status, code, message) = answer.error();
            assert_eq!((status, code.as_str()), (400, "ValidationException"), "{message}");
            assert!(message.starts_with("messages.0.content.1.document: "), "{message}");
            assert!(message.contains(part), "{message}");
        }
    }
}

#[tokio::test]
async fn untidy_conversations_are_refused_or_mended_as_configured() {
    let messages = json!([
        {"role": "user", "content": [{"text": "a"}, {"text": " "}]},
        {"role": "user", "content": [{"text": "b"}]},
    ]);
    let body = json!({"messages": messages, "inferenceConfig": {"maxTokens": 1}});
    let count = json!({"input": {"converse": {"messages": messages}}});
    let strict = Server::start().await;
    assert_eq!(strict.converse(&body).await.error().0, 400);
    let lenient = Server::with(fake(), |config| {
        config.compatibility.lenient_conversations = true;
    })
    .await;
    let mended = "messages.0.content.1:blank, messages.1:merged";
    let within = "input.converse.messages.0.content.1:blank, input.converse.messages.1:merged";
    for (operation, body, mended) in [
        ("converse", &body, mended),
        ("converse-stream", &body, mended),
        ("count-tokens", &count, within),
    ] {
        let path = format!("/model/{MODEL}/{operation}");
        let answer = lenient.send(lenient.post(&path, body)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.header("x-outcrop-mended"), mended, "{operation}");
    }
    let tidy = lenient.converse(&ask("a", 1)).await;
    assert!(!tidy.headers.contains_key("x-outcrop-mended"), "{tidy:?}");
}
