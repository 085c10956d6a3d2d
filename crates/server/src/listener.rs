//! One port: accepts connections, speaks TLS if asked, finds out whether it is HTTP/1.1 or HTTP/2, and bounds what a
//! connection may cost.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use crate::app::App;
use crate::config::Limits;
use crate::dispatch;
use crate::refusals::{self, Typed};
use crate::stall::StallGuard;

/// Connections over the limit that are being told so; more are closed without a word.
const MAX_REFUSALS: usize = 64;

/// How long a refusal may take.
const REFUSAL_TIME: Duration = Duration::from_secs(2);

/// Bytes of one HTTP/2 stream's answer that wait for the client's window.
const H2_SEND_BUFFER: usize = 64 * 1024;

/// Ping interval of idle HTTP/2 connections, and how long the answer may take.
const H2_PING: Duration = Duration::from_secs(30);
const H2_PONG: Duration = Duration::from_secs(20);

/// Accepts connections until it is dropped or told to stop.
pub(crate) struct Listener {
    app: Arc<App>,
    socket: TcpListener,
    tls: Option<TlsAcceptor>,
    http: auto::Builder<TokioExecutor>,
    connections: Arc<Semaphore>,
    refusals: Arc<Semaphore>,
}

impl Listener {
    pub(crate) fn new(app: Arc<App>, socket: TcpListener, tls: Option<TlsAcceptor>) -> Self {
        let limits = &app.config.limits;
        let http = http(limits);
        let connections = Arc::new(Semaphore::new(limits.max_connections));
        Self {
            app,
            socket,
            tls,
            http,
            connections,
            refusals: Arc::new(Semaphore::new(MAX_REFUSALS)),
        }
    }

    /// Accepts for ever; each connection is watched by `graceful`.
    pub(crate) async fn accept(&self, graceful: &GracefulShutdown) {
        loop {
            match self.socket.accept().await {
                Ok((stream, _)) => self.take(stream, graceful),
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    // Out of file descriptors: wait for some to come free.
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
    }

    fn take(&self, stream: TcpStream, graceful: &GracefulShutdown) {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "cannot set TCP_NODELAY");
        }
        let Ok(permit) = Arc::clone(&self.connections).try_acquire_owned() else {
            self.refuse(stream);
            return;
        };
        let connection = Connection {
            app: Arc::clone(&self.app),
            http: self.http.clone(),
            watcher: graceful.watcher(),
            permit,
        };
        let tls = self.tls.clone();
        tokio::spawn(async move {
            let Some(tls) = tls else { return connection.serve(stream).await };
            let handshake =
                timeout(connection.app.config.limits.handshake_timeout, tls.accept(stream)).await;
            match handshake {
                Ok(Ok(stream)) => connection.serve(stream).await,
                Ok(Err(error)) => tracing::debug!(%error, "TLS handshake failed"),
                Err(_) => tracing::debug!("TLS handshake took too long"),
            }
        });
    }

    /// Tells a connection over the limit so, where that is possible before a request was read: not under TLS.
    fn refuse(&self, stream: TcpStream) {
        let permit = Arc::clone(&self.refusals).try_acquire_owned();
        if let (Ok(permit), None) = (permit, &self.tls) {
            tokio::spawn(async move {
                let _ = timeout(REFUSAL_TIME, send_refusal(stream)).await;
                drop(permit);
            });
        }
    }
}

/// One accepted connection.
struct Connection {
    app: Arc<App>,
    http: auto::Builder<TokioExecutor>,
    watcher: Watcher,
    permit: OwnedSemaphorePermit,
}

impl Connection {
    async fn serve<S>(self, stream: S)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Self { app, http, watcher, permit } = self;
        let limits = &app.config.limits;
        let first_request = limits.header_timeout;
        let stream = StallGuard::new(stream, limits.write_timeout);
        let io = TokioIo::new(Typed::new(stream));
        let seen = Arc::new(AtomicBool::new(false));
        let service = {
            let (app, seen) = (Arc::clone(&app), Arc::clone(&seen));
            service_fn(move |request: hyper::Request<Incoming>| {
                seen.store(true, Ordering::Relaxed);
                let app = Arc::clone(&app);
                async move { Ok::<_, std::convert::Infallible>(dispatch::serve(app, request).await) }
            })
        };
        let connection = watcher.watch(http.serve_connection(io, service).into_owned());
        tokio::pin!(connection);
        // hyper's own timer starts when it knows the protocol: a connection that says nothing is ended here.
        let outcome = match timeout(first_request, &mut connection).await {
            Err(_) if seen.load(Ordering::Relaxed) => connection.await,
            Err(_) => return,
            Ok(outcome) => outcome,
        };
        if let Err(error) = outcome {
            tracing::debug!(%error, "connection ended");
        }
        drop(permit);
    }
}

fn http(limits: &Limits) -> auto::Builder<TokioExecutor> {
    let mut http = auto::Builder::new(TokioExecutor::new());
    http.http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_headers(limits.max_headers)
        // Below this hyper refuses to be built.
        .max_buf_size(limits.max_header_bytes.max(8192));
    http.http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.max_h2_streams)
        .max_send_buf_size(H2_SEND_BUFFER)
        .max_header_list_size(u32::try_from(limits.max_header_bytes).unwrap_or(u32::MAX))
        .keep_alive_interval(H2_PING)
        .keep_alive_timeout(H2_PONG);
    http
}

async fn send_refusal(mut stream: TcpStream) -> io::Result<()> {
    stream.write_all(&refusals::too_many_connections()).await?;
    stream.shutdown().await?;
    // Closing while the request still comes in would reset the connection and lose the answer.
    let mut rest = tokio::io::sink();
    tokio::io::copy(&mut stream, &mut rest).await.map(drop)
}
