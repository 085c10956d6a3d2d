//! A server's life: start, serve, drain, stop.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use hyper_util::server::graceful::GracefulShutdown;
use store::Store;
use tokio::net::{TcpListener, TcpSocket};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use crate::ServerError;
use crate::app::App;
use crate::config::{Config, ModelSource};
use crate::datadir::DataDir;
use crate::keys::KeyStore;
use crate::listener::Listener;
use crate::loader::Loader;
use crate::tls;

/// How long streams may take to send their last frame once the engines were stopped.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Bytes of a connection's answer that the kernel holds (it takes twice as much): without a bound it would take
/// megabytes for a client that reads nothing, and its generation would go on for as long.
const SEND_BUFFER: u32 = 64 * 1024;

/// Connections that may wait to be accepted.
const BACKLOG: u32 = 1024;

/// A server that listens.
pub struct Running {
    app: Arc<App>,
    address: SocketAddr,
    ca_file: Option<PathBuf>,
    listener: Listener,
    _data_dir: DataDir,
}

/// Opens the data folder and its database, sets up TLS and binds the port. Connections are taken once [`Running::serve`] runs.
/// Asynchronous because the socket belongs to the runtime that awaits it.
///
/// # Errors
/// Any [`ServerError`] but [`ServerError::Model`].
pub async fn start(config: Config, loader: Loader) -> Result<Running, ServerError> {
    let data_dir = DataDir::lock(&config.data_dir)?;
    let keys = KeyStore::open(&config.data_dir)?;
    if !config.listen.ip().is_loopback() && keys.current()?.is_empty() {
        return Err(ServerError::KeysNeeded(config.listen));
    }
    tls::install_provider();
    let setup = config
        .tls
        .as_ref()
        .map(|tls| tls::set_up(tls, &config.data_dir, config.listen.ip()))
        .transpose()?;
    let store = Store::open(data_dir.path(), &store::Config::default()).await?;
    let failed = |source| ServerError::Bind { address: config.listen, source };
    let socket = bind(config.listen).map_err(failed)?;
    let address = socket.local_addr().map_err(failed)?;
    let app = App::new(config, keys, loader, store, address);
    let ca_file = setup.as_ref().and_then(|setup| setup.ca_file.clone());
    let acceptor = setup.map(|setup| TlsAcceptor::from(setup.config));
    let listener = Listener::new(Arc::clone(&app), socket, acceptor);
    Ok(Running { app, address, ca_file, listener, _data_dir: data_dir })
}

/// Runs a server until `shutdown` resolves and what runs has ended.
///
/// # Errors
/// Any [`ServerError`].
pub async fn run(
    config: Config,
    loader: Loader,
    shutdown: impl Future<Output = ()>,
) -> Result<(), ServerError> {
    start(config, loader).await?.serve(shutdown).await
}

impl Running {
    /// Where it listens; the port is the real one.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its URL.
    #[must_use]
    pub fn url(&self) -> String {
        let scheme = if self.app.config.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// The local authority's certificate, for `AWS_CA_BUNDLE`, if it made the server's.
    #[must_use]
    pub fn ca_file(&self) -> Option<&Path> {
        self.ca_file.as_deref()
    }

    /// Whether any credentials are accepted: on loopback, as long as no key was made.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.app.auth.is_open()
    }

    /// How many well-known text models the default model stands for.
    #[must_use]
    pub fn aliases(&self) -> usize {
        self.app.registry.catalogue.aliases()
    }

    /// Loads the default model before the first request asks for it; gives its name.
    ///
    /// # Errors
    /// [`ServerError::Model`].
    pub async fn load_default(&self) -> Result<String, ServerError> {
        load_default(&self.app).await
    }

    /// Serves until `shutdown` resolves; then refuses new work with 503, lets what runs go on until the deadline, ends
    /// the rest with an error that its client sees, and returns.
    ///
    /// # Errors
    /// [`ServerError::Model`] if the default model cannot be loaded.
    pub async fn serve(self, shutdown: impl Future<Output = ()>) -> Result<(), ServerError> {
        let graceful = GracefulShutdown::new();
        let stopped = async {
            let loaded = async {
                load_default(&self.app).await?;
                std::future::pending::<Result<(), ServerError>>().await
            };
            tokio::select! {
                outcome = loaded => outcome,
                () = shutdown => Ok(()),
            }
        };
        let outcome = tokio::select! {
            () = self.listener.accept(&graceful) => Ok(()),
            outcome = stopped => outcome,
        };
        self.drain(graceful).await;
        outcome
    }

    async fn drain(&self, graceful: GracefulShutdown) {
        let app = &self.app;
        app.set_draining();
        app.running.close();
        tracing::info!(running = app.running.len(), "stopping");
        let deadline = app.config.shutdown_deadline;
        let finished = async {
            tokio::select! {
                // New connections are still taken, so that new work is told 503.
                () = self.listener.accept(&graceful) => {}
                ended = timeout(deadline, app.running.wait()) => {
                    if ended.is_err() {
                        tracing::warn!(running = app.running.len(), "the deadline is over, ending what runs");
                    }
                }
            }
        };
        finished.await;
        let registry = Arc::clone(&app.registry);
        // Joins the engines' threads.
        if tokio::task::spawn_blocking(move || registry.stop_engines()).await.is_err() {
            tracing::error!("an engine did not stop");
        }
        let last_words = async {
            app.running.wait().await;
            graceful.shutdown().await;
        };
        if timeout(LAST_WORDS, last_words).await.is_err() {
            tracing::warn!("some connections did not close in time");
        }
        if timeout(LAST_WORDS, app.store.close()).await.is_err() {
            tracing::warn!("the database did not close in time; it is whole all the same");
        }
    }
}

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // A restarted server gets its port back at once. On Windows the option means something else.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.set_send_buffer_size(SEND_BUFFER)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

async fn load_default(app: &Arc<App>) -> Result<String, ServerError> {
    let source: ModelSource = app.config.default_model.clone();
    match app.registry.preload(&source).await {
        Ok(serving) => {
            if app.set_ready() {
                tracing::info!(
                    model = %serving.name,
                    aliases = app.registry.catalogue.aliases(),
                    "the default model serves the well-known text models"
                );
            }
            Ok(serving.name.clone())
        }
        Err(reason) => Err(ServerError::Model { model: source.to_string(), reason }),
    }
}
