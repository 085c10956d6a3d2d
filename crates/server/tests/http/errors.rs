//! Every error has a type, a message and a request id.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use engine::{
    BlockId, ByteTokenizer, Chunk, FakeModel, Model, ModelError, ModelInfo, TokenId, Tokenizer,
};
use http::Method;
use serde_json::json;
use server::{LoadedParts, Loader};

use crate::harness::*;

#[tokio::test]
async fn what_is_not_there() {
    let server = Server::start().await;
    let (status, code, _) =
        server.send(server.post("/guardrail/a/version/1/apply", &json!({}))).await.error();
    assert_eq!((status, code.as_str()), (404, "UnknownOperationException"));
    let (status, code, message) =
        server.send(server.get(&format!("/model/{MODEL}/converse"))).await.error();
    assert_eq!((status, code.as_str()), (405, "MethodNotAllowedException"));
    assert!(message.contains("POST"), "{message}");
}

#[tokio::test]
async fn bad_requests_say_what_is_wrong() {
    let server = Server::start().await;
    let cases = [
        ("nobody.model-v1:0", ask("Hi", 1), "The provided model identifier is invalid."),
        ("%00", ask("Hi", 1), "The provided model identifier is invalid."),
        ("amazon.titan-embed-text-v2:0", ask("Hi", 1), "is an embedding model"),
        ("amazon.nova-canvas-v1:0", ask("Hi", 1), "is an image model"),
        ("cohere.rerank-v3-5:0", ask("Hi", 1), "is a rerank model"),
        (
            "arn:aws:bedrock:us-east-1:123456789012:imported-model%2Fabcdefghijkl",
            ask("Hi", 1),
            "imported model",
        ),
        (
            MODEL,
            ask("Hi", 4097),
            "exceeds the model limit of 4096. Try again with a maximum tokens value lower than 4096",
        ),
        (MODEL, ask(&"long ".repeat(2000), 1), "Input is too long for requested model"),
        (MODEL, ask(" ", 1), "messages.0.content.0 is blank"),
        (MODEL, json!({"messages": []}), "must start with a user message"),
        (MODEL, json!({"messages": 3}), "messages"),
    ];
    for (model, body, part) in cases {
        for operation in ["converse", "converse-stream"] {
            let answer =
                server.send(server.post(&format!("/model/{model}/{operation}"), &body)).await;
            let (status, code, message) = answer.error();
            assert_eq!((status, code.as_str()), (400, "ValidationException"), "{message}");
            assert!(message.contains(part), "{message}");
        }
    }
    let broken =
        server.request(Method::POST, &format!("/model/{MODEL}/converse"), "{\"messages\":");
    assert_eq!(server.send(broken).await.error().0, 400);
}

#[tokio::test]
async fn a_body_of_another_family_is_told_what_this_one_needs() {
    let server = Server::start().await;
    let titan = "/model/amazon.titan-text-express-v1/invoke";
    let (status, _, message) =
        server.send(server.post(titan, &json!({"prompt": "Hi"}))).await.error();
    assert_eq!(status, 400);
    assert!(message.contains("required key [inputText]"), "{message}");
    let answer = server.send(server.post(titan, &json!({"inputText": "Hi"}))).await.json();
    assert!(answer["results"][0]["outputText"].is_string(), "{answer}");
}

#[tokio::test]
async fn other_services_are_refused_by_name() {
    let server = Server::start().await;
    let mut request = server.post(&format!("/model/{MODEL}/converse"), &ask("Hi", 1));
    let scope = "AKID/20261124/us-east-1/s3/aws4_request";
    let header = format!(
        "AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host;x-amz-date, Signature={}",
        "0".repeat(64)
    );
    request.headers_mut().insert("authorization", header.parse().unwrap());
    let (status, _, message) = server.send(request).await.error();
    assert_eq!(status, 404);
    assert!(message.contains("'s3'"), "{message}");
}

#[tokio::test]
async fn a_full_window_ends_the_answer_with_its_own_reason() {
    let server = Server::start().await;
    let mut body = endless(&"x".repeat(WINDOW - 100), 200);
    body["inferenceConfig"]["maxTokens"] = json!(4096);
    let answer = server.converse(&body).await.json();
    assert_eq!(answer["stopReason"], "model_context_window_exceeded", "{answer}");
}

#[tokio::test]
async fn a_full_queue_is_503_with_hints() {
    let server = Server::with(slow(Duration::from_millis(50), Duration::ZERO), |config| {
        (config.engine.max_queue, config.engine.max_running) = (1, 1);
    })
    .await;
    server.converse(&ask("warm", 1)).await;
    let bodies: Vec<_> = (0..6).map(|_| endless("Hello", 10)).collect();
    let answers = futures::future::join_all(bodies.iter().map(|body| server.converse(body))).await;
    let refused: Vec<_> = answers.iter().filter(|answer| answer.status == 503).collect();
    assert!(answers.iter().any(|answer| answer.status == 200));
    assert!(!refused.is_empty());
    for answer in refused {
        assert_eq!(answer.error().1, "ServiceUnavailableException");
        assert!(
            answer.headers.contains_key("retry-after")
                && answer.headers.contains_key("x-amz-retry-after")
        );
    }
}

/// Fails from a given step on.
struct Failing {
    inner: FakeModel,
    steps_left: u32,
}

impl Model for Failing {
    fn info(&self) -> &ModelInfo {
        self.inner.info()
    }
    fn reserve_kv(&mut self, num_blocks: usize) -> Result<(), ModelError> {
        self.inner.reserve_kv(num_blocks)
    }
    fn copy_block(&mut self, from: BlockId, to: BlockId) {
        self.inner.copy_block(from, to);
    }
    fn forward(&mut self, chunks: &[Chunk<'_>], logits: &mut Vec<f32>) -> Result<(), ModelError> {
        self.steps_left = self.steps_left.checked_sub(1).ok_or(ModelError::NotFinite)?;
        self.inner.forward(chunks, logits)
    }
}

/// A model that works for so many steps.
pub(crate) fn failing_after(steps: u32) -> Loader {
    Arc::new(move |_| Ok(parts(Failing { inner: FakeModel::for_bytes(WINDOW), steps_left: steps })))
}

#[tokio::test]
async fn a_model_that_fails_ends_a_stream_with_an_exception_frame() {
    let server = Server::with(failing_after(5), |_| ()).await;
    let answer = server
        .send(server.post(&format!("/model/{MODEL}/converse-stream"), &endless("Hello", 50)))
        .await;
    assert_eq!(answer.status, 200);
    let frames = answer.frames();
    assert!(!stream_text(&frames).is_empty());
    assert_eq!(frames.last().unwrap().0, "modelStreamErrorException");
    let (status, code, message) = server.converse(&ask("Hello", 5)).await.error();
    assert_eq!((status, code.as_str()), (424, "ModelErrorException"), "{message}");
}

/// Panics on a word, and on decoding once it is told to.
struct Panicking {
    inner: ByteTokenizer,
    armed: Arc<AtomicBool>,
}

impl Tokenizer for Panicking {
    fn vocab_size(&self) -> usize {
        self.inner.vocab_size()
    }
    fn encode(&self, text: &str) -> Vec<TokenId> {
        assert!(!text.contains("boom"), "boom");
        self.inner.encode(text)
    }
    fn token_bytes(&self, id: TokenId) -> &[u8] {
        assert!(!self.armed.load(Ordering::SeqCst), "armed");
        self.inner.token_bytes(id)
    }
    fn control(&self, text: &str) -> Option<TokenId> {
        self.inner.control(text)
    }
    fn controls(&self) -> &[(String, TokenId)] {
        self.inner.controls()
    }
    fn bos(&self) -> Option<TokenId> {
        self.inner.bos()
    }
    fn add_bos(&self) -> bool {
        self.inner.add_bos()
    }
    fn stop_tokens(&self) -> &[TokenId] {
        self.inner.stop_tokens()
    }
    fn adds_space_prefix(&self) -> bool {
        self.inner.adds_space_prefix()
    }
}

#[tokio::test]
async fn a_panic_is_a_typed_500_and_the_server_goes_on() {
    let armed = Arc::new(AtomicBool::new(false));
    let loader: Loader = {
        let armed = Arc::clone(&armed);
        Arc::new(move |_| {
            let tokenizer =
                Arc::new(Panicking { inner: ByteTokenizer::new(), armed: Arc::clone(&armed) });
            Ok(LoadedParts { tokenizer, ..parts(FakeModel::for_bytes(WINDOW)) })
        })
    };
    let server = Server::with(loader, |_| ()).await;
    for text in ["boom".to_owned(), format!("boom{}", "x".repeat(40_000))] {
        let (status, code, _) = server.converse(&ask(&text, 1)).await.error();
        assert_eq!((status, code.as_str()), (500, "InternalServerException"));
    }
    assert_eq!(server.converse(&ask("Hello", 1)).await.status, 200);
    armed.store(true, Ordering::SeqCst);
    assert_eq!(server.converse(&ask("Hello", 1)).await.error().0, 500);
    let answer = server
        .send(server.post(&format!("/model/{MODEL}/converse-stream"), &ask("Hello", 1)))
        .await;
    assert_eq!(answer.frames().last().unwrap().0, "internalServerException");
    armed.store(false, Ordering::SeqCst);
    assert_eq!(server.converse(&ask("Hello", 1)).await.status, 200);
    server.wait_for("running", |running| running == 0).await;
}

#[tokio::test]
async fn a_model_that_loads_is_not_ready_and_then_is() {
    let release = Arc::new(AtomicBool::new(false));
    let loads = Arc::new(AtomicU32::new(0));
    let loader: Loader = {
        let (release, loads) = (Arc::clone(&release), Arc::clone(&loads));
        Arc::new(move |_| {
            loads.fetch_add(1, Ordering::SeqCst);
            while !release.load(Ordering::SeqCst) {
                std::thread::sleep(Duration::from_millis(5));
            }
            Ok(parts(FakeModel::for_bytes(WINDOW)))
        })
    };
    let server =
        Server::with(loader, |config| config.memory.load_wait = Duration::from_millis(50)).await;
    let answer = server.converse(&ask("Hello", 1)).await;
    let (status, code, _) = answer.error();
    assert_eq!((status, code.as_str()), (429, "ModelNotReadyException"));
    assert!(
        answer.headers.contains_key("retry-after")
            && answer.headers.contains_key("x-amz-retry-after")
    );
    let loading = server.send(server.get("/ready")).await;
    assert_eq!((loading.status.as_u16(), loading.header("retry-after")), (503, "1"));
    assert!(loading.header("x-amzn-errortype").starts_with("ServiceUnavailableException:"));
    assert_eq!(server.send(server.get("/health")).await.status, 200);
    release.store(true, Ordering::SeqCst);
    while server.send(server.get("/ready")).await.status != 200 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(server.converse(&ask("Hello", 1)).await.status, 200);
    assert_eq!(loads.load(Ordering::SeqCst), 1, "loaded once for all who wait");
}
