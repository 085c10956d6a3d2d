//! Which model serves which id, and which models are loaded.

mod load;
mod resolve;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bedrock::error::{ErrorKind, WireError};
use chat::ChatModel;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use crate::config::{Config, Memory, ModelSource};
use crate::loader::Loader;

pub(crate) use resolve::{Asked, Catalogue};

/// How long the reason of a failed load is repeated before the next request tries again.
const FAILURE_LASTS: Duration = Duration::from_secs(5);

/// A loaded model with its engine running.
pub(crate) struct Serving {
    /// Its name for people, shown in a response header.
    pub(crate) name: String,
    pub(crate) handle: engine::Handle,
    pub(crate) chat: ChatModel,
}

/// The models of this server.
pub(crate) struct Registry {
    pub(crate) catalogue: Catalogue,
    loader: Loader,
    memory: Memory,
    engine: engine::Config,
    slots: Mutex<Slots>,
    changed: Notify,
}

#[derive(Default)]
struct Slots {
    by_source: HashMap<ModelSource, Slot>,
    /// Bytes reserved by loaded and loading models.
    used_bytes: u64,
    /// Counts uses; the clock of "least recently used".
    uses: u64,
}

enum Slot {
    Loading,
    Ready { serving: Arc<Serving>, bytes: u64, last_use: u64 },
    Failed { answer: WireError, reason: String, at: Instant },
}

impl Registry {
    pub(crate) fn new(config: &Config, loader: Loader) -> Arc<Self> {
        Arc::new(Self {
            catalogue: Catalogue::new(config),
            loader,
            memory: config.memory.clone(),
            engine: config.engine.clone(),
            slots: Mutex::default(),
            changed: Notify::new(),
        })
    }

    /// The model of a source, loading it first if need be.
    ///
    /// # Errors
    /// `ModelNotReadyException` if it is not there in time; `ModelErrorException` if it cannot be loaded.
    pub(crate) async fn acquire(
        self: &Arc<Self>,
        source: &ModelSource,
    ) -> Result<Arc<Serving>, WireError> {
        let deadline = Instant::now() + self.memory.load_wait;
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            match self.look(source) {
                Some(Ok(serving)) => return Ok(serving),
                Some(Err(answer)) => return Err(answer),
                None => {}
            }
            if timeout_at(deadline, changed).await.is_err() {
                return Err(not_ready());
            }
        }
    }

    /// Loads a model and says why that failed, for the start of the server.
    pub(crate) async fn preload(
        self: &Arc<Self>,
        source: &ModelSource,
    ) -> Result<Arc<Serving>, String> {
        loop {
            match self.acquire(source).await {
                Ok(serving) => return Ok(serving),
                Err(answer) if answer.kind == ErrorKind::ModelNotReady => {}
                Err(answer) => {
                    let slots = self.slots();
                    let reason = match slots.by_source.get(source) {
                        Some(Slot::Failed { reason, .. }) => reason.clone(),
                        _ => answer.message,
                    };
                    return Err(reason);
                }
            }
        }
    }

    /// Loaded models, by name of their source.
    pub(crate) fn loaded(&self) -> Vec<(String, Arc<Serving>)> {
        let slots = self.slots();
        let mut loaded: Vec<_> = slots
            .by_source
            .iter()
            .filter_map(|(source, slot)| match slot {
                Slot::Ready { serving, .. } => Some((source.to_string(), Arc::clone(serving))),
                Slot::Loading | Slot::Failed { .. } => None,
            })
            .collect();
        loaded.sort_by(|a, b| a.0.cmp(&b.0));
        loaded
    }

    /// Bytes that loaded models take by this server's account: weights and KV caches.
    pub(crate) fn used_bytes(&self) -> u64 {
        self.slots().used_bytes
    }

    /// Ends all engines: what runs fails with `ServiceUnavailableException`. Blocks until their threads have ended.
    pub(crate) fn stop_engines(&self) {
        let loaded = self.loaded();
        loaded.iter().for_each(|(_, serving)| serving.handle.shutdown());
    }

    /// The model if it is ready, the error if it lately failed; else it is loading, started by this call if by no
    /// other.
    fn look(self: &Arc<Self>, source: &ModelSource) -> Option<Result<Arc<Serving>, WireError>> {
        let mut slots = self.slots();
        let slots = &mut *slots;
        slots.uses += 1;
        match slots.by_source.get_mut(source) {
            Some(Slot::Ready { serving, last_use, .. }) => {
                *last_use = slots.uses;
                return Some(Ok(Arc::clone(serving)));
            }
            Some(Slot::Failed { answer, at, .. }) if at.elapsed() < FAILURE_LASTS => {
                return Some(Err(answer.clone()));
            }
            Some(Slot::Loading) => return None,
            Some(Slot::Failed { .. }) | None => {}
        }
        slots.by_source.insert(source.clone(), Slot::Loading);
        let (registry, source) = (Arc::clone(self), source.clone());
        tokio::task::spawn_blocking(move || registry.load(source));
        None
    }

    fn slots(&self) -> MutexGuard<'_, Slots> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn not_ready() -> WireError {
    WireError::model_not_ready(
        "The model is not ready for inference: it is being loaded. Try again in a moment.",
    )
    .retry_after(Duration::from_secs(1))
}
