//! The configuration file as it is written. Every key is optional; an unknown key is a mistake.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

/// The whole file. Documented with every default in `docs/configuration.md`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawConfig {
    pub(crate) listen: Option<String>,
    pub(crate) data_dir: Option<PathBuf>,
    pub(crate) default_model: Option<PathBuf>,
    pub(crate) region: Option<String>,
    pub(crate) allowed_hosts: Option<Vec<String>>,
    pub(crate) threads: Option<usize>,
    pub(crate) log: Option<String>,
    pub(crate) shutdown_deadline_s: Option<u64>,
    pub(crate) tls: Option<RawTls>,
    /// Model id → GGUF file, or `built-in`.
    #[serde(default)]
    pub(crate) models: BTreeMap<String, PathBuf>,
    #[serde(default)]
    pub(crate) compatibility: RawCompatibility,
    #[serde(default)]
    pub(crate) memory: RawMemory,
    #[serde(default)]
    pub(crate) limits: RawLimits,
    #[serde(default)]
    pub(crate) engine: RawEngine,
}

/// `[tls]`: an empty table means a certificate of the local authority.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawTls {
    pub(crate) cert: Option<PathBuf>,
    pub(crate) key: Option<PathBuf>,
}

/// `[compatibility]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawCompatibility {
    pub(crate) lenient_conversations: Option<bool>,
}

/// `[memory]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawMemory {
    pub(crate) budget: Option<RawBytes>,
    pub(crate) kv_per_model: Option<RawBytes>,
    pub(crate) load_wait_ms: Option<u64>,
}

/// `[limits]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawLimits {
    pub(crate) max_connections: Option<usize>,
    pub(crate) max_body: Option<RawBytes>,
    pub(crate) max_h2_streams: Option<u32>,
    pub(crate) keep_alive_s: Option<u64>,
    pub(crate) write_timeout_s: Option<u64>,
    pub(crate) retry_window_s: Option<u64>,
}

/// `[engine]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawEngine {
    pub(crate) max_queue: Option<usize>,
    pub(crate) max_running: Option<usize>,
    pub(crate) step_token_budget: Option<usize>,
    pub(crate) step_time_target_ms: Option<u64>,
    pub(crate) stall_limit_s: Option<u64>,
}

/// An amount of memory: a number of bytes, or a text such as `"12 GiB"`.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum RawBytes {
    Number(u64),
    Text(String),
}

/// Units that a size may carry, with their bytes.
const UNITS: &[(&str, u64)] = &[
    ("B", 1),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("KIB", 1 << 10),
    ("MIB", 1 << 20),
    ("GIB", 1 << 30),
];

impl RawBytes {
    /// The amount in bytes.
    ///
    /// # Errors
    /// What would be right.
    pub(crate) fn bytes(&self) -> Result<u64, String> {
        let text = match self {
            Self::Number(bytes) => return Ok(*bytes),
            Self::Text(text) => text.trim(),
        };
        let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let unit = text[digits..].trim().to_ascii_uppercase();
        let factor = UNITS.iter().find(|(name, _)| *name == unit).map(|(_, factor)| *factor);
        let number: Option<u64> = text[..digits].parse().ok();
        number.zip(factor).and_then(|(number, factor)| number.checked_mul(factor)).ok_or_else(
            || {
                format!(
                    "{text:?} is not a size; write bytes, or a whole number with MB, GB, MiB or GiB"
                )
            },
        )
    }
}
