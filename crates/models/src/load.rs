//! From a file to a model.

use std::path::Path;
use std::sync::Arc;

use engine::{Model, Tokenizer};
use sha2::{Digest, Sha256};

use crate::arch::Config;
use crate::cpu::{CpuModel, Parts};
use crate::gguf::{self, Metadata};
use crate::kernels::Kernels;
use crate::simd::Isa;
use crate::source::Source;
use crate::weights::Weights;
use crate::{KvType, LoadError, Pool, tokenizer};

/// Bytes hashed at a time.
const HASH_WINDOW: usize = 1 << 20;

/// How to load a model.
#[derive(Clone, Debug)]
pub struct LoadOptions {
    /// The threads that compute; models may share one pool.
    pub pool: Arc<Pool>,
    /// Element type of the KV cache.
    pub kv: KvType,
    /// Instruction set; `None` takes the best that the processor has.
    pub isa: Option<Isa>,
}

impl LoadOptions {
    /// Half-precision KV and the best instruction set.
    #[must_use]
    pub fn new(pool: Arc<Pool>) -> Self {
        Self { pool, kv: KvType::default(), isa: None }
    }
}

/// A model and its text side.
pub struct Loaded {
    /// The model; `reserve_kv` before the first `forward`.
    pub model: CpuModel,
    /// The vocabulary.
    pub tokenizer: Arc<dyn Tokenizer>,
    /// `tokenizer.chat_template`: the template that makes a prompt of a conversation.
    pub chat_template: Option<String>,
    /// Text of the token that begins a sequence.
    pub bos_text: Option<String>,
    /// Text of the token that ends a sequence.
    pub eos_text: Option<String>,
    /// All keys of the file.
    pub metadata: Metadata,
}

impl std::fmt::Debug for Loaded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Loaded").field("model", &self.model).finish_non_exhaustive()
    }
}

/// Loads a GGUF file.
///
/// # Errors
/// Any [`LoadError`].
pub fn load_file(path: &Path, options: &LoadOptions) -> Result<Loaded, LoadError> {
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    with_text(load_model(&Source::open(path)?, stem.unwrap_or_default(), options)?)
}

/// Loads a GGUF file that is in memory, e.g. [`crate::PEBBLE`].
///
/// # Errors
/// Any [`LoadError`].
pub fn load_bytes(bytes: &'static [u8], options: &LoadOptions) -> Result<Loaded, LoadError> {
    with_text(load_model(&Source::Bytes(bytes), String::new(), options)?)
}

fn with_text(loaded: LoadedModel) -> Result<Loaded, LoadError> {
    let LoadedModel { model, metadata } = loaded;
    let tokenizer = tokenizer::from_metadata(&metadata)?;
    let (vocab, rows) = (tokenizer.vocab_size(), model.info().vocab_size);
    if vocab > rows {
        return Err(LoadError::malformed(
            "tokenizer.ggml.tokens",
            format!("{vocab} tokens, the model has {rows}"),
        ));
    }
    let text = |key: &str| {
        let id = metadata.u32(key)? as usize;
        metadata.strings("tokenizer.ggml.tokens")?.get(id).cloned()
    };
    Ok(Loaded {
        chat_template: metadata.str("tokenizer.chat_template").map(str::to_owned),
        bos_text: text("tokenizer.ggml.bos_token_id"),
        eos_text: text("tokenizer.ggml.eos_token_id"),
        model,
        tokenizer,
        metadata,
    })
}

/// A model without its text side.
#[derive(Debug)]
pub struct LoadedModel {
    /// The model; `reserve_kv` before the first `forward`.
    pub model: CpuModel,
    /// All keys of the file.
    pub metadata: Metadata,
}

/// Loads the weights of a GGUF file; `name` is used if the file has none.
///
/// # Errors
/// Any [`LoadError`].
pub fn load_model(
    source: &Source,
    name: String,
    options: &LoadOptions,
) -> Result<LoadedModel, LoadError> {
    let isa = options.isa.unwrap_or_else(Isa::detect);
    let kernels = Kernels::get(isa).ok_or(LoadError::NoSuchIsa(isa.name()))?;
    let header = gguf::read(source)?;
    let config = Config::read(&header)?;
    // Hashing takes about as long as packing: both at once.
    let (weights, digest) = std::thread::scope(|scope| {
        let digest = std::thread::Builder::new()
            .name("digest".into())
            .spawn_scoped(scope, || digest(source));
        let weights = Weights::load(source, &header, &config, &options.pool);
        let digest = match digest {
            Ok(thread) => thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            Err(source) => Err(LoadError::Io { what: "a thread for hashing".into(), source }),
        };
        (weights, digest)
    });
    let (weights, digest) = (weights?, digest?);
    let name = header.metadata.str("general.name").map_or(name, str::to_owned);
    let pool = options.pool.clone();
    let model =
        CpuModel::new(Parts { name, digest, config, weights, isa, kernels, kv: options.kv, pool });
    Ok(LoadedModel { model, metadata: header.metadata })
}

/// SHA-256 of the whole source.
fn digest(source: &Source) -> Result<[u8; 32], LoadError> {
    let mut hasher = Sha256::new();
    let mut window = vec![0; HASH_WINDOW];
    let mut offset = 0;
    while offset < source.size() {
        let len = (source.size() - offset).min(HASH_WINDOW as u64) as usize;
        source.read_at(offset, &mut window[..len], "the file, for its digest")?;
        hasher.update(&window[..len]);
        offset += len as u64;
    }
    Ok(hasher.finalize().into())
}
