//! Runs the real `outcrop` binary and makes AWS SDK clients that point at it.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_bedrockruntime::Client;
use aws_sdk_bedrockruntime::config::retry::RetryConfig;
use aws_sdk_bedrockruntime::config::{BehaviorVersion, Config, Credentials, Region, Token};
use aws_smithy_http_client::Builder as HttpBuilder;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{
    AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader,
};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// A model id that every Outcrop answers for.
pub const MODEL: &str = "anthropic.claude-3-haiku-20240307-v1:0";

/// How a client reaches its server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// Plain HTTP/1.1, signed with SigV4.
    Http,
    /// TLS by the local authority, with an API key as bearer token.
    TlsWithApiKey,
}

/// One running server. It is ended when dropped.
pub struct Server {
    url: String,
    ca_file: Option<PathBuf>,
    api_key: Option<String>,
    _process: Child,
    _folder: TempDir,
}

impl Server {
    /// Starts the binary that `OUTCROP_BIN` names on a free port and waits until it listens.
    ///
    /// # Panics
    /// If it does not start: a test cannot go on.
    pub async fn start(transport: Transport) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut serve = vec!["serve", "--listen", "127.0.0.1:0"];
        let mut api_key = None;
        if transport == Transport::TlsWithApiKey {
            serve.push("--tls");
            let add = ["keys", "add", "--api-key", "--rights", "invoke,admin"];
            let made = command(folder.path(), &add).output().await.expect("the binary runs");
            let shown = String::from_utf8(made.stdout).expect("text");
            api_key = shown.trim().split_once('=').map(|(_, key)| key.to_owned());
            assert!(
                api_key.is_some(),
                "no key was made: {}",
                String::from_utf8_lossy(&made.stderr)
            );
        }
        let mut process = command(folder.path(), &serve)
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the binary runs");
        let mut lines = BufReader::new(process.stdout.take().expect("a pipe")).lines();
        let (mut url, mut ca_file) = (None, None);
        while url.is_none() {
            let line = lines.next_line().await.expect("text").expect("the server goes on");
            ca_file = ca_file.or(after(&line, "AWS_CA_BUNDLE=").map(PathBuf::from));
            url = after(&line, "listening on ");
        }
        // The rest of what it says is read, so that it never waits for us.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let server = Self {
            url: url.unwrap_or_default(),
            ca_file,
            api_key,
            _process: process,
            _folder: folder,
        };
        server.wait_idle().await;
        server
    }

    /// A client as any application makes it, with this endpoint.
    pub fn client(&self) -> Client {
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .endpoint_url(&self.url)
            .retry_config(RetryConfig::standard().with_max_attempts(1))
            .http_client(self.http_client());
        let config = match &self.api_key {
            Some(key) => config.token_provider(Token::new(key, None)),
            None => config.credentials_provider(Credentials::new(
                "AKIDEXAMPLE",
                "secret",
                None,
                None,
                "test",
            )),
        };
        Client::from_conf(config.build())
    }

    fn http_client(&self) -> aws_sdk_bedrockruntime::config::SharedHttpClient {
        let mut trusted = TrustStore::empty();
        if let Some(file) = &self.ca_file {
            trusted.add_pem_certificate(std::fs::read(file).expect("the authority's file"));
        }
        let context =
            TlsContext::builder().with_trust_store(trusted).build().expect("a TLS set-up");
        HttpBuilder::new()
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .tls_context(context)
            .build_https()
    }

    /// One of the engine's counters, summed over loaded models.
    pub async fn counter(&self, name: &str) -> u64 {
        let body = self.get("/outcrop/counters").await;
        sum(&serde_json::from_str(&body).unwrap_or_else(|error| panic!("{error}: {body}")), name)
    }

    /// Waits until nothing is computed, queued or held for a retry.
    ///
    /// # Panics
    /// If that takes more than a minute.
    pub async fn wait_idle(&self) {
        for _ in 0..1200 {
            let mut at_work = 0;
            for name in ["running", "waiting", "paused"] {
                at_work += self.counter(name).await;
            }
            if at_work == 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the server is still at work");
    }

    async fn get(&self, path: &str) -> String {
        let (scheme, address) = self.url.split_once("://").expect("a URL");
        let stream = TcpStream::connect(address).await.expect("it listens");
        let authorization = match &self.api_key {
            Some(key) => format!("Bearer {key}"),
            None => ANY_SIGNATURE.to_owned(),
        };
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: {authorization}\r\nconnection: close\r\n\r\n"
        );
        if scheme == "http" {
            return exchange(stream, &request).await;
        }
        let mut roots = RootCertStore::empty();
        for certificate in
            CertificateDer::pem_file_iter(self.ca_file.as_ref().expect("a file")).expect("PEM")
        {
            roots.add(certificate.expect("a certificate")).expect("an authority");
        }
        let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        let name = ServerName::try_from("127.0.0.1").expect("an address");
        let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.expect("TLS");
        exchange(stream, &request).await
    }
}

/// Well-formed: a server without keys takes any.
const ANY_SIGNATURE: &str = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261124/us-east-1/bedrock/aws4_request, \
     SignedHeaders=host;x-amz-date, \
     Signature=0000000000000000000000000000000000000000000000000000000000000000";

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/release/outcrop");
    let binary = std::env::var("OUTCROP_BIN").unwrap_or_else(|_| root.to_owned());
    let mut command = Command::new(binary);
    command
        .args(arguments)
        .env_clear()
        .env("HOME", folder)
        .env("OUTCROP_DATA_DIR", folder.join("data"));
    command.env("OUTCROP_LOG", "warn");
    command
}

/// The word that follows `mark`.
fn after(line: &str, mark: &str) -> Option<String> {
    let (_, rest) = line.split_once(mark)?;
    rest.split_whitespace().next().map(str::to_owned)
}

async fn exchange(mut stream: impl AsyncRead + AsyncWrite + Unpin, request: &str) -> String {
    stream.write_all(request.as_bytes()).await.expect("it reads");
    let mut answer = Vec::new();
    // A peer that closes TLS without a farewell has still sent all that its content-length says.
    let _ = stream.read_to_end(&mut answer).await;
    let answer = String::from_utf8(answer).expect("text");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    assert!(head.starts_with("HTTP/1.1 200"), "{answer}");
    body.to_owned()
}

/// Adds up numbers of this name, whatever the nesting.
fn sum(value: &Value, name: &str) -> u64 {
    match value {
        Value::Object(members) => members
            .iter()
            .map(
                |(key, inner)| {
                    if key == name { inner.as_u64().unwrap_or(0) } else { sum(inner, name) }
                },
            )
            .sum(),
        Value::Array(items) => items.iter().map(|item| sum(item, name)).sum(),
        _ => 0,
    }
}
