//! Loading and unloading under one memory budget. Runs on threads that may block.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use bedrock::error::{ErrorKind, WireError};
use chat::ChatModel;
use tokio::time::Instant;

use super::{Registry, Serving, Slot, Slots, not_ready};
use crate::config::ModelSource;

/// Full windows that a model's KV cache has room for at most; more would only lie idle.
const MAX_WINDOWS: usize = 8;

/// Why a model is not there.
enum Failure {
    /// Other models are in use and fill the memory: it will pass.
    Busy,
    /// It will not pass by itself.
    Broken(String),
}

impl Registry {
    /// Loads a model into its slot and wakes who waits for it.
    pub(super) fn load(&self, source: ModelSource) {
        let started = Instant::now();
        let outcome = catch_unwind(AssertUnwindSafe(|| self.try_load(&source)));
        let outcome =
            outcome.unwrap_or_else(|_| Err(Failure::Broken("the loader panicked".to_owned())));
        let mut slots = self.slots();
        slots.uses += 1;
        let slot = match outcome {
            Ok((serving, bytes)) => {
                let ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
                tracing::info!(model = %serving.name, %source, bytes, duration_ms = ms, "model loaded");
                Slot::Ready { serving: Arc::new(serving), bytes, last_use: slots.uses }
            }
            Err(Failure::Busy) => {
                tracing::warn!(%source, "no memory for the model while others are in use");
                Slot::Failed {
                    answer: not_ready(),
                    reason: "no memory".to_owned(),
                    at: Instant::now(),
                }
            }
            Err(Failure::Broken(reason)) => {
                tracing::error!(%source, reason, "model cannot be loaded");
                let answer = WireError::new(
                    ErrorKind::ModelError,
                    "The model that serves this id could not be loaded; the server's log says why.",
                );
                Slot::Failed { answer, reason, at: Instant::now() }
            }
        };
        slots.by_source.insert(source, slot);
        drop(slots);
        self.changed.notify_waiters();
    }

    fn try_load(&self, source: &ModelSource) -> Result<(Serving, u64), Failure> {
        let weights = weight_bytes(source);
        self.reserve(weights, weights)?;
        let mut reserved = Reserved { registry: self, bytes: weights };
        let parts = (self.loader)(source).map_err(Failure::Broken)?;
        let info = parts.model.info().clone();
        let window = info.context_length.saturating_mul(info.kv_bytes_per_token);
        let most = window.saturating_mul(MAX_WINDOWS).min(self.memory.kv_bytes_per_model);
        let kv = self.reserve(window.min(most) as u64, most as u64)?;
        reserved.bytes += kv;
        let chat = ChatModel::new(parts.tokenizer, parts.chat_template.as_deref())
            .map_err(|error| Failure::Broken(format!("chat template: {error}")))?;
        let kv_budget_bytes = usize::try_from(kv).unwrap_or(usize::MAX);
        let config = engine::Config { kv_budget_bytes, ..self.engine.clone() };
        let handle = engine::Engine::spawn(parts.model, config)
            .map_err(|error| Failure::Broken(error.to_string()))?;
        let serving = Serving { name: info.name, handle, chat };
        let bytes = std::mem::take(&mut reserved.bytes);
        Ok((serving, bytes))
    }

    /// Sets aside up to `most` bytes and at least `least`, unloading idle models for the least if need be.
    fn reserve(&self, least: u64, most: u64) -> Result<u64, Failure> {
        let Some(budget) = self.memory.budget_bytes else {
            self.slots().used_bytes += most;
            return Ok(most);
        };
        loop {
            let mut slots = self.slots();
            let free = budget.saturating_sub(slots.used_bytes);
            if free >= least {
                let taken = free.min(most);
                slots.used_bytes += taken;
                return Ok(taken);
            }
            let Some((serving, bytes)) = slots.evict() else {
                return Err(if slots.others_hold(budget, least) {
                    Failure::Busy
                } else {
                    too_large(budget, least)
                });
            };
            drop(slots);
            tracing::info!(model = %serving.name, bytes, "model unloaded to make room");
            serving.handle.shutdown();
            drop(serving);
            self.slots().used_bytes -= bytes;
        }
    }
}

/// Gives reserved bytes back if the load fails.
struct Reserved<'a> {
    registry: &'a Registry,
    bytes: u64,
}

impl Drop for Reserved<'_> {
    fn drop(&mut self) {
        self.registry.slots().used_bytes -= self.bytes;
    }
}

impl Slots {
    /// Takes out the model that was used least recently among those that no request holds.
    fn evict(&mut self) -> Option<(Arc<Serving>, u64)> {
        let idle = self.by_source.iter().filter_map(|(source, slot)| match slot {
            Slot::Ready { serving, last_use, .. } if Arc::strong_count(serving) == 1 => {
                Some((*last_use, source))
            }
            Slot::Ready { .. } | Slot::Loading | Slot::Failed { .. } => None,
        });
        let (_, source) = idle.min_by_key(|(last_use, _)| *last_use)?;
        let source = source.clone();
        match self.by_source.remove(&source)? {
            Slot::Ready { serving, bytes, .. } => Some((serving, bytes)),
            Slot::Loading | Slot::Failed { .. } => None,
        }
    }

    /// Whether the bytes would fit if other models were gone.
    fn others_hold(&self, budget: u64, bytes: u64) -> bool {
        let ready =
            self.by_source.values().filter(|slot| matches!(slot, Slot::Ready { .. })).count();
        let loading = self.by_source.values().filter(|slot| matches!(slot, Slot::Loading)).count();
        bytes <= budget && ready + loading > 1
    }
}

fn too_large(budget: u64, bytes: u64) -> Failure {
    Failure::Broken(format!(
        "it needs {bytes} bytes more than the memory budget of {budget} leaves"
    ))
}

/// Bytes of the weights: those of the file. The built-in model's are part of the program.
fn weight_bytes(source: &ModelSource) -> u64 {
    match source {
        ModelSource::BuiltIn => 0,
        ModelSource::File(path) => std::fs::metadata(path).map_or(0, |meta| meta.len()),
    }
}
