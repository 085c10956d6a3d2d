//! Raw settings → resolved ones. Looks at files' existence, nothing else of the machine.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use server::{ModelSource, Tls};

use super::raw::{RawBytes, RawEngine, RawLimits, RawMemory, RawTls};
use super::{Config, Environment, Mistake, Mistakes, RawConfig};
use crate::cli::Serve;

/// What a model's path may say in place of a file.
const BUILT_IN: &str = "built-in";
/// More threads than this is a slip of the pen.
const MAX_THREADS: usize = 1024;
/// A longer time than this, in seconds, is one too.
const MAX_SECONDS: u64 = 86_400;

/// Resolves file, variables and options to one valid [`Config`].
///
/// # Errors
/// All mistakes together.
pub(crate) fn resolve(
    raw: RawConfig,
    file: Option<&Path>,
    serve: &Serve,
    environment: &Environment,
) -> Result<Config, Mistakes> {
    let mut resolver = Resolver::new(file);
    let data_dir = resolver.data_dir(raw.data_dir, serve, environment);
    let mut server = server::Config::new(data_dir);
    if let Some((at, text)) = first_text(
        ("--listen", serve.listen.as_ref()),
        ("OUTCROP_LISTEN", environment.listen.as_ref()),
        ("listen", raw.listen.as_ref()),
    ) {
        server.listen = resolver.listen(at, text).unwrap_or(server.listen);
    }
    server.tls = resolver.tls(raw.tls, serve);
    server.default_model = match (&serve.model, &raw.default_model) {
        (Some(path), _) => resolver.model("--model", path, Path::new("")),
        (None, Some(path)) => resolver.model("default_model", path, &resolver.folder.clone()),
        (None, None) => ModelSource::BuiltIn,
    };
    server.models = resolver.models(&raw.models);
    resolver.hosts(&mut server, raw.allowed_hosts.unwrap_or_default());
    resolver.region(&mut server, raw.region);
    server.compatibility.lenient_conversations =
        raw.compatibility.lenient_conversations.unwrap_or_default();
    resolver.memory(&mut server, &raw.memory);
    resolver.limits(&mut server, &raw.limits);
    resolver.engine(&mut server, &raw.engine);
    resolver.seconds(&mut server.shutdown_deadline, "shutdown_deadline_s", raw.shutdown_deadline_s);
    let threads = resolver.threads(raw.threads);
    let log = environment.log.clone().or(raw.log).unwrap_or_else(|| "info".to_owned());
    resolver.finish(Config { file: file.map(Path::to_owned), server, threads, log })
}

/// The first of the three that is there, with its name.
fn first_text<'a>(
    option: (&'a str, Option<&'a String>),
    variable: (&'a str, Option<&'a String>),
    key: (&'a str, Option<&'a String>),
) -> Option<(&'a str, &'a str)> {
    [option, variable, key].into_iter().find_map(|(at, text)| Some((at, text?.as_str())))
}

/// Collects mistakes while the settings are resolved.
struct Resolver {
    /// Folder that relative paths in the file start from.
    folder: PathBuf,
    mistakes: Vec<Mistake>,
}

impl Resolver {
    fn new(file: Option<&Path>) -> Self {
        let folder = file.and_then(Path::parent).map(Path::to_owned).unwrap_or_default();
        Self { folder, mistakes: Vec::new() }
    }

    fn finish(self, config: Config) -> Result<Config, Mistakes> {
        if self.mistakes.is_empty() { Ok(config) } else { Err(Mistakes(self.mistakes)) }
    }

    fn wrong(&mut self, at: &str, reason: impl Display) {
        self.mistakes.push(Mistake { at: at.to_owned(), reason: reason.to_string() });
    }

    fn beside_file(&self, path: &Path) -> PathBuf {
        self.folder.join(path)
    }

    fn data_dir(
        &mut self,
        raw: Option<PathBuf>,
        serve: &Serve,
        environment: &Environment,
    ) -> PathBuf {
        let chosen = serve.place.data_dir.clone().or_else(|| environment.data_dir.clone());
        let chosen = chosen.or_else(|| raw.map(|path| self.beside_file(&path)));
        let chosen = chosen.or_else(|| environment.user_data.as_ref().map(|d| d.join("outcrop")));
        chosen.unwrap_or_else(|| {
            self.wrong("data_dir", "there is no home folder to keep it in; give --data-dir");
            PathBuf::new()
        })
    }

    fn listen(&mut self, at: &str, text: &str) -> Option<SocketAddr> {
        let text = text.replace("localhost:", "127.0.0.1:"); // A socket address has no names.
        match text.parse() {
            Ok(address) => Some(address),
            Err(_) => {
                self.wrong(
                    at,
                    format!("{text:?} is not an address with a port, as 127.0.0.1:4646 is"),
                );
                None
            }
        }
    }

    fn tls(&mut self, raw: Option<RawTls>, serve: &Serve) -> Option<Tls> {
        if let (Some(cert), Some(key)) = (&serve.tls_cert, &serve.tls_key) {
            self.readable("--tls-cert", cert);
            self.readable("--tls-key", key);
            return Some(Tls::Files { cert: cert.clone(), key: key.clone() });
        }
        match raw {
            None => serve.tls.then_some(Tls::LocalCa),
            Some(RawTls { cert: None, key: None }) => Some(Tls::LocalCa),
            Some(RawTls { cert: Some(cert), key: Some(key) }) => {
                let (cert, key) = (self.beside_file(&cert), self.beside_file(&key));
                self.readable("tls.cert", &cert);
                self.readable("tls.key", &key);
                Some(Tls::Files { cert, key })
            }
            Some(RawTls { .. }) => {
                self.wrong(
                    "tls",
                    "cert and key go together; give both, or neither for a local authority's",
                );
                None
            }
        }
    }

    fn models(&mut self, raw: &BTreeMap<String, PathBuf>) -> BTreeMap<String, ModelSource> {
        let mut models = BTreeMap::new();
        for (id, path) in raw {
            let at = format!("models.{id:?}");
            if id.is_empty() || id.contains(char::is_whitespace) {
                self.wrong(&at, "a model id has no blanks");
            }
            let source = self.model(&at, path, &self.folder.clone());
            models.insert(id.clone(), source);
        }
        models
    }

    /// What a model's setting names; a relative path starts from `folder`.
    fn model(&mut self, at: &str, path: &Path, folder: &Path) -> ModelSource {
        if path == Path::new(BUILT_IN) {
            return ModelSource::BuiltIn;
        }
        let path = folder.join(path);
        self.readable(at, &path);
        ModelSource::File(path)
    }

    fn readable(&mut self, at: &str, path: &Path) {
        match std::fs::File::open(path).and_then(|file| file.metadata()) {
            Ok(metadata) if metadata.is_file() => {}
            Ok(_) => self.wrong(at, format!("{} is not a file", path.display())),
            Err(error) => self.wrong(at, format!("cannot read {}: {error}", path.display())),
        }
    }

    fn hosts(&mut self, server: &mut server::Config, hosts: Vec<String>) {
        for host in &hosts {
            if host.is_empty() || host.contains(['/', '*', ' ']) {
                self.wrong("allowed_hosts", format!("{host:?} is not a plain host name"));
            }
        }
        server.allowed_hosts = hosts;
    }

    fn region(&mut self, server: &mut server::Config, region: Option<String>) {
        let Some(region) = region else { return };
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if region.is_empty() || !region.chars().all(plain) {
            self.wrong("region", format!("{region:?} is not a Region, as us-east-1 is"));
        }
        server.default_region = region;
    }

    fn memory(&mut self, server: &mut server::Config, raw: &RawMemory) {
        server.memory.budget_bytes =
            self.bytes("memory.budget", raw.budget.as_ref()).or(server.memory.budget_bytes);
        if let Some(bytes) = self.bytes("memory.kv_per_model", raw.kv_per_model.as_ref()) {
            match usize::try_from(bytes) {
                Ok(bytes) => server.memory.kv_bytes_per_model = bytes,
                Err(_) => self.wrong("memory.kv_per_model", "more than this machine can address"),
            }
        }
        if let Some(ms) = raw.load_wait_ms {
            server.memory.load_wait = Duration::from_millis(ms);
        }
    }

    fn limits(&mut self, server: &mut server::Config, raw: &RawLimits) {
        let limits = &mut server.limits;
        self.count(&mut limits.max_connections, "limits.max_connections", raw.max_connections);
        if let Some(bytes) = self.bytes("limits.max_body", raw.max_body.as_ref()) {
            limits.max_body_bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
        }
        match raw.max_h2_streams {
            Some(0) => self.wrong("limits.max_h2_streams", "must be at least 1"),
            Some(streams) => limits.max_h2_streams = streams,
            None => {}
        }
        self.seconds(&mut limits.keep_alive, "limits.keep_alive_s", raw.keep_alive_s);
        self.seconds(&mut limits.write_timeout, "limits.write_timeout_s", raw.write_timeout_s);
        if let Some(seconds) = raw.retry_window_s {
            limits.retry_window = Duration::from_secs(seconds.min(MAX_SECONDS));
        }
    }

    fn engine(&mut self, server: &mut server::Config, raw: &RawEngine) {
        let engine = &mut server.engine;
        self.count(&mut engine.max_queue, "engine.max_queue", raw.max_queue);
        self.count(&mut engine.max_running, "engine.max_running", raw.max_running);
        self.count(
            &mut engine.step_token_budget,
            "engine.step_token_budget",
            raw.step_token_budget,
        );
        self.seconds(&mut engine.stall_limit, "engine.stall_limit_s", raw.stall_limit_s);
        match raw.step_time_target_ms {
            Some(ms @ 1..=10_000) => engine.step_time_target = Duration::from_millis(ms),
            Some(ms) => {
                self.wrong("engine.step_time_target_ms", format!("{ms} is not in 1 to 10000"));
            }
            None => {}
        }
    }

    /// Without a setting: what the operating system offers this process.
    fn threads(&mut self, raw: Option<usize>) -> usize {
        let available = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        match raw {
            Some(threads @ 1..=MAX_THREADS) => threads,
            Some(threads) => {
                self.wrong("threads", format!("{threads} is not in 1 to {MAX_THREADS}"));
                available
            }
            None => available,
        }
    }

    fn count(&mut self, field: &mut usize, at: &str, raw: Option<usize>) {
        match raw {
            Some(0) => self.wrong(at, "must be at least 1"),
            Some(count) => *field = count,
            None => {}
        }
    }

    fn seconds(&mut self, field: &mut Duration, at: &str, raw: Option<u64>) {
        match raw {
            Some(seconds @ 1..=MAX_SECONDS) => *field = Duration::from_secs(seconds),
            Some(seconds) => self.wrong(at, format!("{seconds} is not in 1 to {MAX_SECONDS}")),
            None => {}
        }
    }

    fn bytes(&mut self, at: &str, raw: Option<&RawBytes>) -> Option<u64> {
        match raw?.bytes() {
            Ok(0) => {
                self.wrong(at, "must be more than 0");
                None
            }
            Ok(bytes) => Some(bytes),
            Err(reason) => {
                self.wrong(at, reason);
                None
            }
        }
    }
}
