//! What all requests share.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bedrock::converse::Reading;
use store::Store;
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;

use crate::attach::Hub;
use crate::auth::Auth;
use crate::body;
use crate::config::Config;
use crate::keys::KeyStore;
use crate::loader::Loader;
use crate::registry::Registry;

/// The server's state.
pub(crate) struct App {
    pub(crate) config: Config,
    pub(crate) auth: Auth,
    pub(crate) registry: Arc<Registry>,
    /// What clients store.
    pub(crate) store: Store,
    pub(crate) hub: Arc<Hub>,
    /// Memory for request bodies.
    pub(crate) bodies: Arc<Semaphore>,
    /// Counts requests under way, until the last byte of their bodies.
    pub(crate) running: TaskTracker,
    /// The default model was loaded.
    ready: AtomicBool,
    /// The server stops: no new work.
    draining: AtomicBool,
}

impl App {
    pub(crate) fn new(
        config: Config,
        keys: KeyStore,
        loader: Loader,
        store: Store,
        listen: SocketAddr,
    ) -> Arc<Self> {
        Arc::new(Self {
            auth: Auth::new(keys, &config, listen),
            registry: Registry::new(&config, loader),
            store,
            hub: Hub::new(config.limits.retry_window),
            bodies: body::memory(&config.limits),
            running: TaskTracker::new(),
            ready: AtomicBool::new(false),
            draining: AtomicBool::new(false),
            config,
        })
    }

    /// How strictly conversations are read.
    pub(crate) fn reading(&self) -> Reading {
        Reading { lenient: self.config.compatibility.lenient_conversations }
    }

    pub(crate) fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Relaxed) && !self.is_draining()
    }

    /// Says that the default model is loaded; true the first time.
    pub(crate) fn set_ready(&self) -> bool {
        !self.ready.swap(true, Ordering::Relaxed)
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    pub(crate) fn set_draining(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }
}
