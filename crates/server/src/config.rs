//! The resolved configuration. The binary reads files, arguments and environment and fills these in.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

/// All that the server needs to know to start.
#[derive(Clone, Debug)]
pub struct Config {
    /// Address to listen on; port 0 takes a free one. Default `127.0.0.1:4646`.
    pub listen: SocketAddr,
    /// TLS, or `None` for plain HTTP/1.1 and h2c.
    pub tls: Option<Tls>,
    /// Folder of keys, certificates and locks; made with mode 0700 if absent.
    pub data_dir: PathBuf,
    /// What serves every text model that `models` does not name.
    pub default_model: ModelSource,
    /// Model id (without a geographic prefix) → what serves it. Ids outside the catalogue are allowed.
    pub models: BTreeMap<String, ModelSource>,
    /// Host names that a request may carry besides `localhost`, loopback addresses and the listen address, when the
    /// server runs without keys (the guard against DNS rebinding).
    pub allowed_hosts: Vec<String>,
    /// The Region of requests that name none. Default `us-east-1`.
    pub default_region: String,
    /// Where the server takes more than Bedrock does.
    pub compatibility: Compatibility,
    /// Bounds on what one client may do.
    pub limits: Limits,
    /// Bounds on memory.
    pub memory: Memory,
    /// How the engine of each model is run; its `kv_budget_bytes` is set from `memory`.
    pub engine: engine::Config,
    /// How long running requests may go on after the signal to stop. Default 30 s.
    pub shutdown_deadline: Duration,
}

impl Config {
    /// The defaults, with the one thing that has none: where the data folder is.
    #[must_use]
    pub fn new(data_dir: PathBuf) -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 4646)),
            tls: None,
            data_dir,
            default_model: ModelSource::BuiltIn,
            models: BTreeMap::new(),
            allowed_hosts: Vec::new(),
            default_region: "us-east-1".to_owned(),
            compatibility: Compatibility::default(),
            limits: Limits::default(),
            memory: Memory::default(),
            engine: engine::Config::default(),
            shutdown_deadline: Duration::from_secs(30),
        }
    }
}

/// Where the server takes more than Bedrock does. By default nowhere: what works here works there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Compatibility {
    /// Converse leaves out blank texts and messages that have nothing else, and merges messages of one role that follow
    /// each other, instead of refusing them. The response header `x-outcrop-mended` names what was mended.
    pub lenient_conversations: bool,
}

/// Where weights come from.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ModelSource {
    /// The model inside the binary.
    BuiltIn,
    /// A GGUF file.
    File(PathBuf),
}

impl std::fmt::Display for ModelSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::BuiltIn => f.write_str("the built-in model"),
            Self::File(path) => write!(f, "{}", path.display()),
        }
    }
}

/// How to speak TLS. ALPN offers `h2` and `http/1.1`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tls {
    /// A local certificate authority in the data folder, made on first use.
    LocalCa,
    /// A certificate chain and its key, both PEM files.
    Files {
        /// Certificates, the server's own first.
        cert: PathBuf,
        /// PKCS#8, PKCS#1 or SEC1 private key.
        key: PathBuf,
    },
}

/// Bounds on connections and requests. Each is answered when exceeded, never met with silence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections open at once; one more is answered 503. Default 1024.
    pub max_connections: usize,
    /// Bytes of a request's head. Default 64 KiB.
    pub max_header_bytes: usize,
    /// Header fields of a request. Default 100.
    pub max_headers: usize,
    /// Bytes of a body, the documented 25,000,000 of InvokeModel (a Converse body holds as much).
    pub max_body_bytes: usize,
    /// Bytes of all bodies being read or worked on, together; one that goes over is answered 503. Default 512 MB.
    pub max_bodies_bytes: usize,
    /// Concurrent HTTP/2 streams of one connection. Default 256.
    pub max_h2_streams: u32,
    /// Time for a request's head to arrive, idle time of a kept-alive connection included. Default 30 s.
    pub header_timeout: Duration,
    /// Longest silence within a body. Default 20 s.
    pub body_idle_timeout: Duration,
    /// Time for a whole body. Default 300 s.
    pub body_timeout: Duration,
    /// Time for a TLS handshake. Default 10 s.
    pub handshake_timeout: Duration,
    /// Longest time that a client may take no byte of a response. Default 120 s.
    pub write_timeout: Duration,
    /// Longest silence within a stream before a keep-alive event. Default 15 s.
    pub keep_alive: Duration,
    /// How long the generation of a client that went away waits for its retry. Default 5 s.
    pub retry_window: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_connections: 1024,
            max_header_bytes: 64 * 1024,
            max_headers: 100,
            max_body_bytes: 25_000_000,
            max_bodies_bytes: 512_000_000,
            max_h2_streams: 256,
            header_timeout: Duration::from_secs(30),
            body_idle_timeout: Duration::from_secs(20),
            body_timeout: Duration::from_secs(300),
            handshake_timeout: Duration::from_secs(10),
            write_timeout: Duration::from_secs(120),
            keep_alive: Duration::from_secs(15),
            retry_window: Duration::from_secs(5),
        }
    }
}

/// Bounds on the memory of models.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Memory {
    /// Weights and KV caches of all loaded models together, in bytes; the least recently used idle model is unloaded to
    /// stay below. `None`: no bound.
    pub budget_bytes: Option<u64>,
    /// Most bytes of KV cache of one model. Default 1 GiB; a small model takes what 8 full windows need, if that is less.
    pub kv_bytes_per_model: usize,
    /// How long a request waits for its model to load before it is told `ModelNotReadyException`. Default 2 s.
    pub load_wait: Duration,
}

impl Default for Memory {
    fn default() -> Self {
        Self { budget_bytes: None, kv_bytes_per_model: 1 << 30, load_wait: Duration::from_secs(2) }
    }
}
