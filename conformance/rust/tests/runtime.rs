//! `aws-sdk-bedrockruntime`: unary, stream, error and cancel, over HTTP with SigV4 and over TLS with an API key.

use std::collections::HashMap;

use aws_sdk_bedrockruntime::error::SdkError;
use aws_sdk_bedrockruntime::operation::converse_stream::builders::ConverseStreamFluentBuilder;
use aws_sdk_bedrockruntime::primitives::Blob;
use aws_sdk_bedrockruntime::types::{
    ContentBlock, ContentBlockDelta, ConversationRole, ConverseStreamOutput,
    InferenceConfiguration, Message, ResponseStream, StopReason,
};
use aws_smithy_types::{Document, Number};
use conformance::{MODEL, Server, Transport};

const LONG: i32 = 4000;

fn user(text: &str) -> Message {
    let message = Message::builder().role(ConversationRole::User);
    message.content(ContentBlock::Text(text.to_owned())).build().expect("a message")
}

fn greedy(max_tokens: i32) -> InferenceConfiguration {
    InferenceConfiguration::builder().max_tokens(max_tokens).temperature(0.0).build()
}

/// No control token may come: the answer ends at `maxTokens` only. They come first in the built-in vocabulary.
fn endless() -> Document {
    let bias = (0..16).map(|id| (id.to_string(), Document::Number(Number::NegInt(-100))));
    Document::Object(HashMap::from([("logit_bias".to_owned(), Document::Object(bias.collect()))]))
}

async fn unary(transport: Transport) {
    let server = Server::start(transport).await;
    let client = server.client();
    let converse = client.converse().model_id(MODEL).messages(user("What can you do?"));
    let response = converse.inference_config(greedy(40)).send().await.expect("an answer");
    let message = response.output().and_then(|output| output.as_message().ok()).expect("a message");
    assert!(!message.content()[0].as_text().expect("text").trim().is_empty());
    assert!(matches!(response.stop_reason(), StopReason::EndTurn | StopReason::MaxTokens));
    let usage = response.usage().expect("usage");
    assert_eq!(usage.total_tokens(), usage.input_tokens() + usage.output_tokens());
}

async fn stream(transport: Transport) {
    let server = Server::start(transport).await;
    let client = server.client();
    let whole = client.converse().model_id(MODEL).messages(user("What can you do?"));
    let whole = whole.inference_config(greedy(40)).send().await.expect("an answer");
    let whole =
        whole.output().and_then(|output| output.as_message().ok()).expect("a message").clone();

    let request = client.converse_stream().model_id(MODEL).messages(user("What can you do?"));
    let read = read_stream(request.inference_config(greedy(40))).await;
    assert_eq!(&read.text, whole.content()[0].as_text().expect("text"));
    assert!(read.deltas > 1);
    assert!(read.stopped_then_billed);
}

struct Read {
    text: String,
    deltas: usize,
    stopped_then_billed: bool,
}

async fn read_stream(request: ConverseStreamFluentBuilder) -> Read {
    let mut response = request.send().await.expect("a stream");
    let mut read = Read { text: String::new(), deltas: 0, stopped_then_billed: false };
    let mut stopped = false;
    while let Some(event) = response.stream.recv().await.expect("an event") {
        match event {
            ConverseStreamOutput::ContentBlockDelta(delta) => {
                if let Some(ContentBlockDelta::Text(text)) = delta.delta() {
                    read.text.push_str(text);
                    read.deltas += 1;
                }
            }
            ConverseStreamOutput::MessageStop(_) => stopped = true,
            ConverseStreamOutput::Metadata(metadata) => {
                read.stopped_then_billed = stopped && metadata.usage().is_some();
            }
            _ => {}
        }
    }
    read
}

async fn error(transport: Transport) {
    let server = Server::start(transport).await;
    let client = server.client();
    let unary = client.converse().model_id(MODEL).messages(user("  ")).send().await;
    let SdkError::ServiceError(error) = unary.expect_err("an error") else {
        panic!("a typed error")
    };
    assert!(error.err().is_validation_exception(), "{error:?}");
    assert!(error.err().to_string().contains("ValidationException"), "{}", error.err());
    assert_eq!(error.raw().status().as_u16(), 400);
    let stream =
        client.converse_stream().model_id("nobody.model").messages(user("Hello.")).send().await;
    let error = stream.expect_err("an error").into_service_error();
    assert!(error.is_validation_exception(), "{error:?}");
}

async fn cancel(transport: Transport) {
    let server = Server::start(transport).await;
    let client = server.client();
    let request = client.converse_stream().model_id(MODEL).messages(user("Tell me a story."));
    let request = request.inference_config(greedy(LONG)).additional_model_request_fields(endless());
    let mut response = request.send().await.expect("a stream");
    for _ in 0..4 {
        response.stream.recv().await.expect("an event");
    }
    drop(response);
    server.wait_idle().await;
    let generated = server.counter("tokens_generated").await;
    assert!(
        generated > 0 && generated < LONG.unsigned_abs().into(),
        "{generated} tokens were generated"
    );
}

async fn native_stream(transport: Transport) {
    let server = Server::start(transport).await;
    let body = r#"{"anthropic_version": "x", "max_tokens": 12, "temperature": 0,
        "messages": [{"role": "user", "content": "What can you do?"}]}"#;
    let request = server.client().invoke_model_with_response_stream().model_id(MODEL);
    let mut response = request.body(Blob::new(body)).send().await.expect("a stream");
    let mut chunks = Vec::new();
    while let Some(event) = response.body.recv().await.expect("an event") {
        let ResponseStream::Chunk(chunk) = event else { panic!("a chunk, not {event:?}") };
        let bytes = chunk.bytes().expect("bytes").as_ref();
        chunks.push(serde_json::from_slice::<serde_json::Value>(bytes).expect("JSON"));
    }
    assert_eq!(chunks[0]["type"], "message_start");
    let last = chunks.last().expect("chunks");
    assert_eq!(last["type"], "message_stop");
    assert!(last["amazon-bedrock-invocationMetrics"]["outputTokenCount"].as_u64() > Some(0));
}

/// Each check as a test of its own for each way to the server.
macro_rules! over_both_transports {
    ($($check:ident),*) => {
        mod http_with_sigv4 {
            $(#[tokio::test] async fn $check() { super::$check(super::Transport::Http).await; })*
        }
        mod tls_with_api_key {
            $(#[tokio::test] async fn $check() { super::$check(super::Transport::TlsWithApiKey).await; })*
        }
    };
}

over_both_transports!(unary, stream, error, cancel, native_stream);
