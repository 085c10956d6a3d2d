//! Tokenizers from GGUF metadata: byte-level BPE (`gpt2`) and SentencePiece BPE (`llama`).
//!
//! What they compute is llama.cpp's tokenization (`src/llama-vocab.cpp`), with two differences on purpose: a control
//! token never comes from a text, and the time is linear (times a logarithm) in the text's length for every input.
//! Metadata keys: <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md#tokenizer>.

mod bpe;
mod pre;
mod spm;
#[cfg(test)]
mod tests;
mod user_defined;
mod vocab;

use std::sync::Arc;

use engine::{TokenId, Tokenizer};

use crate::gguf::Metadata;
use user_defined::{Part, UserDefined};
use vocab::{Source, Specials};

/// Builds the tokenizer that the metadata describe.
///
/// # Errors
/// [`TokenizerError`] names the key that is missing or wrong, or the kind that is not supported.
pub fn from_metadata(metadata: &Metadata) -> Result<Arc<dyn Tokenizer>, TokenizerError> {
    let model = metadata
        .str("tokenizer.ggml.model")
        .ok_or(TokenizerError::Missing { key: "tokenizer.ggml.model" })?;
    let source = Source::read(metadata, model)?;
    let user_defined = UserDefined::new(&source);
    let (kind, specials) = match model {
        "gpt2" => {
            let rules = pre::find(metadata.str("tokenizer.ggml.pre").unwrap_or("default"))?;
            let specials = Specials::new(&source, metadata, rules.add_bos, vocab::bpe_bytes)?;
            (Kind::Bpe(bpe::Bpe::new(&source, metadata, rules)?), specials)
        }
        "llama" => {
            let specials = Specials::new(&source, metadata, true, vocab::spm_bytes)?;
            (Kind::Spm(spm::Spm::new(&source, metadata)), specials)
        }
        other => return Err(TokenizerError::UnknownModel(other.to_owned())),
    };
    Ok(Arc::new(GgufTokenizer { kind, user_defined, specials }))
}

/// Why the metadata give no tokenizer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenizerError {
    /// A key is absent or of another type.
    #[error("the model file has no usable `{key}`")]
    Missing {
        /// The key.
        key: &'static str,
    },
    /// Two arrays that belong together differ in length.
    #[error("`{key}` has {found} entries, the vocabulary has {expected}")]
    Length {
        /// The key.
        key: &'static str,
        /// Its length.
        found: usize,
        /// The vocabulary's.
        expected: usize,
    },
    /// A kind of tokenizer that is not built in.
    #[error("tokenizer model `{0}` is not supported (supported: gpt2, llama)")]
    UnknownModel(String),
    /// A pre-tokenizer that is not built in.
    #[error("pre-tokenizer `{0}` is not supported")]
    UnknownPre(String),
    /// A special token's id lies outside the vocabulary.
    #[error("`{key}` is {id}, the vocabulary has {size} tokens")]
    BadId {
        /// The key.
        key: &'static str,
        /// The id.
        id: u32,
        /// The vocabulary's size.
        size: usize,
    },
    /// An entry that cannot be read.
    #[error("`{key}`, entry {index}: {problem}")]
    BadEntry {
        /// The key.
        key: &'static str,
        /// Which entry.
        index: usize,
        /// What is wrong.
        problem: &'static str,
    },
}

enum Kind {
    Bpe(bpe::Bpe),
    Spm(spm::Spm),
}

struct GgufTokenizer {
    kind: Kind,
    user_defined: UserDefined,
    specials: Specials,
}

impl Tokenizer for GgufTokenizer {
    fn vocab_size(&self) -> usize {
        self.specials.vocab_size()
    }

    fn encode(&self, text: &str) -> Vec<TokenId> {
        let mut out = Vec::with_capacity(text.len() / 4 + 1);
        for part in self.user_defined.cut(text) {
            match (part, &self.kind) {
                (Part::Token(id), _) => out.push(id),
                (Part::Text(text), Kind::Bpe(bpe)) => bpe.encode(text, &mut out),
                // A space is put before the first text and after each special token, as llama.cpp does.
                (Part::Text(text), Kind::Spm(spm)) => spm.encode(text, &mut out),
            }
        }
        out
    }

    fn token_bytes(&self, id: TokenId) -> &[u8] {
        self.specials.token_bytes(id)
    }

    fn control(&self, text: &str) -> Option<TokenId> {
        self.specials.special(text)
    }

    fn controls(&self) -> &[(String, TokenId)] {
        self.specials.controls()
    }

    fn bos(&self) -> Option<TokenId> {
        self.specials.bos
    }

    fn add_bos(&self) -> bool {
        self.specials.add_bos
    }

    fn stop_tokens(&self) -> &[TokenId] {
        &self.specials.stops
    }

    fn adds_space_prefix(&self) -> bool {
        match &self.kind {
            Kind::Bpe(_) => false,
            Kind::Spm(spm) => spm.adds_space_prefix(),
        }
    }
}
