//! A server on a free port in this process, and plain clients.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bedrock::eventstream::{Decoder, Frame, HeaderValue};
use engine::{ByteTokenizer, FakeModel};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::{Value, json};
use server::{Config, LoadedParts, Loader, ServerError};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub(crate) const MODEL: &str = "anthropic.claude-3-haiku-20240307-v1:0";
pub(crate) const LLAMA: &str = "meta.llama3-8b-instruct-v1:0";
pub(crate) const WINDOW: usize = 8192;

/// A server that stops when it is dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) dir: Arc<tempfile::TempDir>,
    stop: Option<oneshot::Sender<()>>,
    pub(crate) ended: JoinHandle<Result<(), ServerError>>,
}

/// The fake model, without delays.
pub(crate) fn fake() -> Loader {
    slow(Duration::ZERO, Duration::ZERO)
}

/// The fake model at the speed of a real one.
pub(crate) fn slow(per_step: Duration, per_token: Duration) -> Loader {
    Arc::new(move |_| Ok(parts(FakeModel::for_bytes(WINDOW).with_delays(per_step, per_token))))
}

pub(crate) fn parts(model: impl engine::Model + 'static) -> LoadedParts {
    LoadedParts {
        model: Box::new(model),
        tokenizer: Arc::new(ByteTokenizer::new()),
        chat_template: Some(TEMPLATE.to_owned()),
    }
}

/// The built-in model's chat format, without tools.
const TEMPLATE: &str = "<|bos|>{% for m in messages %}<|{{ m.role }}|>{{ m.content }}<|end|>{% endfor %}\
    {% if add_generation_prompt %}<|assistant|>{% endif %}";

impl Server {
    pub(crate) async fn start() -> Self {
        Self::with(fake(), |_| ()).await
    }

    pub(crate) async fn with(loader: Loader, change: impl FnOnce(&mut Config)) -> Self {
        let dir = Arc::new(tempfile::tempdir().unwrap());
        Self::in_dir(dir, loader, change).await.unwrap()
    }

    pub(crate) async fn in_dir(
        dir: Arc<tempfile::TempDir>,
        loader: Loader,
        change: impl FnOnce(&mut Config),
    ) -> Result<Self, ServerError> {
        let mut config = Config::new(dir.path().join("data"));
        config.listen.set_port(0);
        change(&mut config);
        let running = server::start(config, loader).await?;
        let address = running.address();
        let (stop, stopped) = oneshot::channel();
        let ended = tokio::spawn(running.serve(async move {
            let _ = stopped.await;
        }));
        Ok(Self { address, dir, stop: Some(stop), ended })
    }

    pub(crate) fn stop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
    }

    /// Sends one request over a connection of its own and reads the whole answer.
    pub(crate) async fn send(&self, request: Request<Full<Bytes>>) -> Answer {
        Answer::of(self.open(request).await).await
    }

    /// Sends one request over a connection of its own; the body is still to be read.
    pub(crate) async fn open(&self, request: Request<Full<Bytes>>) -> Response<Incoming> {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        sender.send_request(request).await.unwrap()
    }

    pub(crate) async fn h2(&self) -> http2::SendRequest<Full<Bytes>> {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let (sender, connection) =
            http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        sender
    }

    /// A POST with a JSON body.
    pub(crate) fn post(&self, path: &str, body: &Value) -> Request<Full<Bytes>> {
        self.request(Method::POST, path, body.to_string())
    }

    pub(crate) fn get(&self, path: &str) -> Request<Full<Bytes>> {
        self.request(Method::GET, path, String::new())
    }

    pub(crate) fn request(
        &self,
        method: Method,
        path: &str,
        body: impl Into<Bytes>,
    ) -> Request<Full<Bytes>> {
        let request =
            Request::builder().method(method).uri(path).header("host", self.address.to_string());
        request.body(Full::new(body.into())).unwrap()
    }

    /// The same request as one that an account signed for a Region; without keys nobody verifies it.
    pub(crate) fn by(
        &self,
        (account, region): (&str, &str),
        mut request: Request<Full<Bytes>>,
    ) -> Request<Full<Bytes>> {
        let header = format!(
            "AWS4-HMAC-SHA256 Credential={account}/20261124/{region}/bedrock/aws4_request, \
             SignedHeaders=host, Signature={}",
            "0".repeat(64)
        );
        request.headers_mut().insert("authorization", header.parse().unwrap());
        request
    }

    pub(crate) async fn converse(&self, body: &Value) -> Answer {
        self.send(self.post(&format!("/model/{MODEL}/converse"), body)).await
    }

    /// One of the engine's counters.
    pub(crate) async fn counter(&self, name: &str) -> u64 {
        let answer = self.send(self.get("/outcrop/counters")).await;
        let models = answer.json()["models"].as_array().unwrap().clone();
        models.iter().map(|model| model[name].as_u64().unwrap()).sum()
    }

    /// Waits until a counter has a value.
    pub(crate) async fn wait_for(&self, name: &str, wanted: impl Fn(u64) -> bool) -> u64 {
        for _ in 0..1000 {
            let value = self.counter(name).await;
            if wanted(value) {
                return value;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{name} is {}", self.counter(name).await);
    }
}

/// A complete response.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) async fn of(response: Response<Incoming>) -> Self {
        let (head, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Self { status: head.status, headers: head.headers, body }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {:?}", self.body))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The error's code and message. Every error has a type and a request id, a retryable one both hints.
    pub(crate) fn error(&self) -> (u16, String, String) {
        let code = self.header("x-amzn-errortype").split(':').next().unwrap().to_owned();
        assert!(code.ends_with("Exception"), "{self:?}");
        assert_eq!(self.header("x-amzn-requestid").len(), 36, "{self:?}");
        let retryable = self.status == 429 || self.status.is_server_error();
        for hint in ["retry-after", "x-amz-retry-after"] {
            assert_eq!(self.headers.contains_key(hint), retryable, "{self:?}");
        }
        (self.status.as_u16(), code, self.json()["message"].as_str().unwrap().to_owned())
    }

    pub(crate) fn frames(&self) -> Vec<(String, Value)> {
        frames(&self.body)
    }
}

/// Types and payloads of all frames; panics on broken ones.
pub(crate) fn frames(bytes: &[u8]) -> Vec<(String, Value)> {
    let mut decoder = Decoder::new();
    decoder.push(bytes);
    let mut frames = Vec::new();
    while let Some(frame) = decoder.next_frame().unwrap() {
        frames.push((frame_type(&frame), serde_json::from_slice(&frame.payload).unwrap()));
    }
    frames
}

fn frame_type(frame: &Frame) -> String {
    let names = [":event-type", ":exception-type"];
    let header = frame.headers.iter().find(|(name, _)| names.contains(&name.as_str())).unwrap();
    let HeaderValue::String(value) = &header.1 else { panic!("{header:?}") };
    value.clone()
}

/// The text of a Converse stream.
pub(crate) fn stream_text(frames: &[(String, Value)]) -> String {
    frames.iter().filter_map(|(_, payload)| payload["delta"]["text"].as_str()).collect()
}

/// A Converse request of one user text.
pub(crate) fn ask(text: &str, max_tokens: u32) -> Value {
    json!({
        "messages": [{"role": "user", "content": [{"text": text}]}],
        "inferenceConfig": {"maxTokens": max_tokens},
        "additionalModelRequestFields": {"seed": 7},
    })
}

/// A request that never ends by itself: the stop token is impossible.
pub(crate) fn endless(text: &str, max_tokens: u32) -> Value {
    let mut body = ask(text, max_tokens);
    body["additionalModelRequestFields"]["logit_bias"] = json!({"257": -100});
    body
}

/// Reads until the first data frame of a streaming response.
pub(crate) async fn first_bytes(response: &mut Response<Incoming>) -> Bytes {
    response.body_mut().frame().await.unwrap().unwrap().into_data().unwrap()
}
