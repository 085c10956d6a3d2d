//! Ids to models, several models, one memory budget.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use engine::FakeModel;
use server::{Loader, ModelSource, ServerError};

use crate::harness::*;

/// KV bytes of one full window of the fake model.
const WINDOW_BYTES: usize = WINDOW * 64;

/// Files that stand for models; each "loads" as a model of the file's name.
fn files(dir: &Path, names: &[&str]) -> Vec<PathBuf> {
    let make = |name: &&str| {
        let path = dir.join(name);
        std::fs::write(&path, vec![0; 1000]).unwrap();
        path
    };
    names.iter().map(make).collect()
}

/// The fake model under the name of its file; some files are broken.
fn by_file() -> Loader {
    Arc::new(|source| match source {
        ModelSource::File(path) if path.ends_with("broken") => {
            Err("no GGUF magic in /secret/path".to_owned())
        }
        ModelSource::File(path) => {
            Ok(parts(Named::new(path.file_name().unwrap().to_string_lossy().into_owned())))
        }
        ModelSource::BuiltIn => Ok(parts(Named::new("pebble".to_owned()))),
    })
}

struct Named {
    inner: FakeModel,
    info: engine::ModelInfo,
}

impl Named {
    fn new(name: String) -> Self {
        let inner =
            FakeModel::for_bytes(WINDOW).with_delays(Duration::from_millis(2), Duration::ZERO);
        let info = engine::ModelInfo { name, ..engine::Model::info(&inner).clone() };
        Self { inner, info }
    }
}

impl engine::Model for Named {
    fn info(&self) -> &engine::ModelInfo {
        &self.info
    }
    fn reserve_kv(&mut self, num_blocks: usize) -> Result<(), engine::ModelError> {
        self.inner.reserve_kv(num_blocks)
    }
    fn copy_block(&mut self, from: engine::BlockId, to: engine::BlockId) {
        self.inner.copy_block(from, to);
    }
    fn forward(
        &mut self,
        chunks: &[engine::Chunk<'_>],
        logits: &mut Vec<f32>,
    ) -> Result<(), engine::ModelError> {
        self.inner.forward(chunks, logits)
    }
}

async fn served_by(server: &Server, model: &str) -> String {
    let answer = server.send(server.post(&format!("/model/{model}/converse"), &ask("Hi", 1))).await;
    assert_eq!(answer.status, 200, "{model}: {answer:?}");
    answer.header("x-outcrop-model").to_owned()
}

#[tokio::test]
async fn configured_ids_have_their_own_models() {
    let dir = tempfile::tempdir().unwrap();
    let paths = files(dir.path(), &["a", "b"]);
    let server = Server::with(by_file(), |config| {
        config.models.insert(LLAMA.to_owned(), ModelSource::File(paths[0].clone()));
        config.models.insert("Qwen/Qwen3-8B".to_owned(), ModelSource::File(paths[1].clone()));
        config
            .models
            .insert("amazon.titan-embed-text-v2:0".to_owned(), ModelSource::File(paths[1].clone()));
    })
    .await;
    assert_eq!(served_by(&server, MODEL).await, "pebble");
    assert_eq!(served_by(&server, LLAMA).await, "a");
    assert_eq!(served_by(&server, &format!("us.{LLAMA}")).await, "a");
    assert_eq!(served_by(&server, "Qwen%2FQwen3-8B").await, "b");
    assert_eq!(served_by(&server, "amazon.titan-embed-text-v2:0").await, "b");
    let body =
        serde_json::json!({"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 3});
    let native = server.send(server.post("/model/Qwen%2FQwen3-8B/invoke", &body)).await;
    assert_eq!(native.status, 200, "{native:?}");
    let list = server.send(server.get("/foundation-models")).await.json();
    let shown = list["modelSummaries"]
        .as_array()
        .unwrap()
        .iter()
        .find(|model| model["modelId"] == "Qwen/Qwen3-8B");
    assert_eq!(shown.unwrap()["servedBy"], "b");
}

#[tokio::test]
async fn the_least_recently_used_idle_model_makes_room() {
    let dir = tempfile::tempdir().unwrap();
    let paths = files(dir.path(), &["a", "b"]);
    let ids = ["x.a", "x.b"];
    let server = Server::with(by_file(), |config| {
        config.memory.kv_bytes_per_model = WINDOW_BYTES;
        config.memory.budget_bytes = Some(2 * (WINDOW_BYTES as u64 + 1000));
        for (id, path) in ids.iter().zip(&paths) {
            config.models.insert((*id).to_owned(), ModelSource::File(path.clone()));
        }
    })
    .await;
    let loaded = async || {
        let counters = server.send(server.get("/outcrop/counters")).await.json();
        assert!(counters["model_bytes"].as_u64().unwrap() <= 2 * (WINDOW_BYTES as u64 + 1000));
        let mut names: Vec<_> = counters["models"]
            .as_array()
            .unwrap()
            .iter()
            .map(|model| model["name"].to_string())
            .collect();
        names.sort();
        names.join(" ")
    };
    assert_eq!(served_by(&server, MODEL).await, "pebble");
    assert_eq!(served_by(&server, "x.a").await, "a");
    assert_eq!(loaded().await, r#""a" "pebble""#);
    assert_eq!(served_by(&server, "x.b").await, "b");
    assert_eq!(loaded().await, r#""a" "b""#, "pebble was used least recently");
    assert_eq!(served_by(&server, "x.a").await, "a");
    assert_eq!(served_by(&server, MODEL).await, "pebble");
    assert_eq!(loaded().await, r#""a" "pebble""#);
}

#[tokio::test]
async fn models_in_use_are_not_unloaded() {
    let dir = tempfile::tempdir().unwrap();
    let paths = files(dir.path(), &["a"]);
    let server = Server::with(by_file(), |config| {
        config.memory.kv_bytes_per_model = WINDOW_BYTES;
        config.memory.budget_bytes = Some(WINDOW_BYTES as u64 + 1000);
        config.models.insert("x.a".to_owned(), ModelSource::File(paths[0].clone()));
    })
    .await;
    let path = format!("/model/{MODEL}/converse-stream");
    let mut held = server.open(server.post(&path, &endless("Hello", 2000))).await;
    first_bytes(&mut held).await;
    let (status, code, _) =
        server.send(server.post("/model/x.a/converse", &ask("Hi", 1))).await.error();
    assert_eq!((status, code.as_str()), (429, "ModelNotReadyException"));
    let rest = Answer::of(held).await;
    assert_eq!(rest.frames().last().unwrap().0, "metadata", "the one that ran was left alone");
}

#[tokio::test]
async fn a_model_that_cannot_be_loaded_says_so_without_the_reason() {
    let dir = tempfile::tempdir().unwrap();
    let paths = files(dir.path(), &["broken"]);
    let server = Server::with(by_file(), |config| {
        config.models.insert(LLAMA.to_owned(), ModelSource::File(paths[0].clone()));
    })
    .await;
    let (status, code, message) =
        server.send(server.post(&format!("/model/{LLAMA}/converse"), &ask("Hi", 1))).await.error();
    assert_eq!((status, code.as_str()), (424, "ModelErrorException"));
    assert!(!message.contains("/secret/path"), "{message}");
    assert_eq!(served_by(&server, MODEL).await, "pebble");
}

#[tokio::test]
async fn a_default_model_that_cannot_be_loaded_ends_the_server() {
    let loader: Loader = Arc::new(|_| Err("it is broken".to_owned()));
    let server = Server::with(loader, |_| ()).await;
    let Server { ended, .. } = server;
    let error = ended.await.unwrap().unwrap_err();
    assert!(
        matches!(&error, ServerError::Model { reason, .. } if reason == "it is broken"),
        "{error}"
    );
}
