//! Architectures as rows of a table, and the numbers that a file gives for one.

use crate::LoadError;
use crate::gguf::{Header, Metadata};
use crate::kernels::attention::MAX_HEAD_DIM;

/// What differs between architectures. All are decoders with RMSNorm before attention and before a SwiGLU network,
/// rotary positions and grouped queries; biases are used where the file has them.
#[derive(Debug)]
pub(crate) struct Architecture {
    /// `general.architecture`, and the prefix of its keys.
    pub(crate) name: &'static str,
    /// Rotary pairs are neighbours, else the halves of a head are paired.
    pub(crate) interleaved: bool,
    /// Queries and keys of each head pass an RMSNorm before the rotation.
    pub(crate) qk_norm: bool,
}

const ARCHITECTURES: &[Architecture] = &[
    Architecture { name: "llama", interleaved: true, qk_norm: false },
    Architecture { name: "qwen3", interleaved: false, qk_norm: true },
];

/// Keys (behind the architecture's name) that change the computation in ways that are not built: refused unless they
/// have a harmless value.
const REFUSED: &[(&str, f64)] = &[
    ("expert_count", 0.0),
    ("attention.sliding_window", 0.0),
    ("attention.max_alibi_bias", 0.0),
    ("attention.clamp_kqv", 0.0),
    ("attention.scale", 0.0),
    ("rope.scaling.attn_factor", 1.0),
    ("attn_logit_softcapping", 0.0),
    ("final_logit_softcapping", 0.0),
    ("logit_scale", 1.0),
    ("residual_scale", 1.0),
    ("embedding_scale", 1.0),
];

/// The shape of one model.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) architecture: &'static Architecture,
    pub(crate) layers: usize,
    pub(crate) width: usize,
    pub(crate) hidden: usize,
    pub(crate) heads: usize,
    pub(crate) kv_heads: usize,
    pub(crate) head_dim: usize,
    pub(crate) vocab: usize,
    pub(crate) context: usize,
    pub(crate) epsilon: f32,
    /// Dimensions of a head that rotate; even.
    pub(crate) rope_dims: usize,
    pub(crate) rope_base: f32,
    /// Positions are divided by this (linear scaling).
    pub(crate) rope_factor: f32,
}

impl Config {
    /// Query heads per KV head.
    pub(crate) fn group(&self) -> usize {
        self.heads / self.kv_heads
    }

    /// Reads and checks the numbers of a file.
    pub(crate) fn read(header: &Header) -> Result<Self, LoadError> {
        let meta = &header.metadata;
        let name =
            meta.str("general.architecture").ok_or_else(|| missing("general.architecture"))?;
        let architecture = ARCHITECTURES.iter().find(|a| a.name == name).ok_or_else(|| {
            let known: Vec<&str> = ARCHITECTURES.iter().map(|a| a.name).collect();
            LoadError::Unsupported(format!("architecture {name} (known: {})", known.join(", ")))
        })?;
        let keys = Keys { meta, prefix: architecture.name };
        keys.refuse_unknown()?;
        let heads = keys.size("attention.head_count", None)?;
        let width = keys.size("embedding_length", None)?;
        let head_dim = keys.size("attention.key_length", Some(width / heads))?;
        let config = Self {
            architecture,
            layers: keys.size("block_count", None)?,
            width,
            hidden: keys.size("feed_forward_length", None)?,
            heads,
            kv_heads: keys.size("attention.head_count_kv", Some(heads))?,
            head_dim,
            vocab: vocab(header)?,
            context: keys.size("context_length", None)?,
            epsilon: keys.float("attention.layer_norm_rms_epsilon", None)?,
            rope_dims: keys.size("rope.dimension_count", Some(head_dim))?,
            rope_base: keys.float("rope.freq_base", Some(10_000.0))?,
            rope_factor: keys.rope_factor()?,
        };
        config.check(&keys)?;
        Ok(config)
    }

    fn check(&self, keys: &Keys<'_>) -> Result<(), LoadError> {
        if !self.heads.is_multiple_of(self.kv_heads) {
            let problem =
                format!("{} query heads are no multiple of {} KV heads", self.heads, self.kv_heads);
            return Err(keys.malformed("attention.head_count_kv", problem));
        }
        if self.head_dim > MAX_HEAD_DIM {
            return Err(LoadError::Unsupported(format!(
                "heads of {} dimensions (most: {MAX_HEAD_DIM})",
                self.head_dim
            )));
        }
        if keys.size("attention.value_length", Some(self.head_dim))? != self.head_dim {
            return Err(LoadError::Unsupported(format!(
                "{} other than the key length",
                keys.name("attention.value_length")
            )));
        }
        if !self.rope_dims.is_multiple_of(2) || self.rope_dims > self.head_dim {
            let problem =
                format!("{} rotating dimensions in heads of {}", self.rope_dims, self.head_dim);
            return Err(keys.malformed("rope.dimension_count", problem));
        }
        if !(self.epsilon >= 0.0 && self.rope_base > 0.0 && self.rope_base.is_finite()) {
            return Err(keys
                .malformed("rope.freq_base", "epsilon and rope base have to be positive numbers"));
        }
        Ok(())
    }
}

fn missing(key: &str) -> LoadError {
    LoadError::Missing(format!("the key {key}"))
}

/// Rows of the embedding: the tensor decides, the metadata's count is only informative.
fn vocab(header: &Header) -> Result<usize, LoadError> {
    let tensor = header.tensors.iter().find(|t| t.name == "token_embd.weight");
    let rows =
        tensor.ok_or_else(|| LoadError::Missing("the tensor token_embd.weight".into()))?.rows();
    match u32::try_from(rows) {
        Ok(rows) => Ok(rows as usize),
        Err(_) => Err(LoadError::malformed("token_embd.weight", format!("{rows} rows"))),
    }
}

/// The keys of one architecture.
struct Keys<'a> {
    meta: &'a Metadata,
    prefix: &'a str,
}

impl Keys<'_> {
    fn name(&self, key: &str) -> String {
        format!("{}.{key}", self.prefix)
    }

    fn malformed(&self, key: &str, problem: impl Into<String>) -> LoadError {
        LoadError::malformed(self.name(key), problem)
    }

    /// A count between 1 and 2^24.
    fn size(&self, key: &str, default: Option<usize>) -> Result<usize, LoadError> {
        let name = self.name(key);
        if self.meta.get(&name).is_none() {
            return default.ok_or_else(|| missing(&name)).and_then(|size| match size {
                0 => Err(self.malformed(key, "derived from the other keys, it would be 0")),
                size => Ok(size),
            });
        }
        match self.meta.u32(&name) {
            Some(size @ 1..=0x0100_0000) => Ok(size as usize),
            _ => Err(self.malformed(key, "not one whole number between 1 and 2^24")),
        }
    }

    fn float(&self, key: &str, default: Option<f32>) -> Result<f32, LoadError> {
        let name = self.name(key);
        match (self.meta.get(&name), default) {
            (None, Some(default)) => Ok(default),
            (None, None) => Err(missing(&name)),
            (Some(_), _) => self.meta.f32(&name).ok_or_else(|| self.malformed(key, "not a float")),
        }
    }

    fn rope_factor(&self) -> Result<f32, LoadError> {
        let kind = self.meta.str(&self.name("rope.scaling.type")).unwrap_or("none");
        let factor = match kind {
            "none" => self.float("rope.scale_linear", Some(1.0))?,
            "linear" => self.float("rope.scaling.factor", Some(1.0))?,
            other => {
                return Err(LoadError::Unsupported(format!(
                    "{} {other}",
                    self.name("rope.scaling.type")
                )));
            }
        };
        if factor > 0.0 && factor.is_finite() {
            return Ok(factor);
        }
        Err(self.malformed("rope.scaling.factor", "not a positive number"))
    }

    fn refuse_unknown(&self) -> Result<(), LoadError> {
        use crate::gguf::Value;
        for (key, harmless) in REFUSED {
            let name = self.name(key);
            let value = match self.meta.get(&name) {
                None => continue,
                Some(Value::Unsigned(n)) => *n as f64,
                Some(Value::Signed(n)) => *n as f64,
                Some(Value::Float(x)) => *x,
                Some(_) => f64::NAN,
            };
            if value != *harmless {
                return Err(LoadError::Unsupported(format!("{name} = {value}")));
            }
        }
        Ok(())
    }
}
