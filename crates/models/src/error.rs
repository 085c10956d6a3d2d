//! Why a model file was refused.

/// Why a model could not be loaded. Every message names the part of the file or the option that is wrong.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file could not be opened or read.
    #[error("cannot read {what}: {source}")]
    Io {
        /// What was being read.
        what: String,
        /// The operating system's answer.
        #[source]
        source: std::io::Error,
    },
    /// The first four bytes are not `GGUF`.
    #[error("not a GGUF file: it starts with {found:02x?}")]
    NotGguf {
        /// The first four bytes.
        found: [u8; 4],
    },
    /// A GGUF version other than 2 and 3 (or a big-endian file).
    #[error("GGUF version {0} is not supported (2 and 3 are, little-endian)")]
    Version(u32),
    /// Something claims to reach past the end of the file.
    #[error(
        "the file ends too early: {what} needs {needed} bytes at offset {offset}, the file has {size}"
    )]
    Truncated {
        /// What was being read.
        what: String,
        /// Where it starts.
        offset: u64,
        /// How long it claims to be.
        needed: u64,
        /// Length of the file.
        size: u64,
    },
    /// The file contradicts itself or the format.
    #[error("malformed GGUF file: {what}: {problem}")]
    Malformed {
        /// The key, tensor or field.
        what: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The file needs something that is not built.
    #[error("not supported: {0}")]
    Unsupported(String),
    /// A key or tensor that the architecture needs is absent.
    #[error("the file lacks {0}")]
    Missing(String),
    /// A tensor has another shape than the metadata says.
    #[error("tensor {tensor} has shape {found:?}, the metadata asks for {expected:?}")]
    Shape {
        /// The tensor's name.
        tensor: String,
        /// Shape by the metadata, fastest dimension first.
        expected: Vec<u64>,
        /// Shape in the file.
        found: Vec<u64>,
    },
    /// No memory for the weights.
    #[error("out of memory: {bytes} bytes for {what}")]
    OutOfMemory {
        /// What the memory was for.
        what: &'static str,
        /// How much.
        bytes: usize,
    },
    /// An instruction set was asked for that this processor lacks.
    #[error("this processor lacks the instruction set {0}")]
    NoSuchIsa(&'static str),
    /// The vocabulary could not be used.
    #[error("the tokenizer of the file cannot be used: {0}")]
    Tokenizer(#[from] crate::tokenizer::TokenizerError),
}

impl LoadError {
    /// A [`LoadError::Malformed`].
    pub(crate) fn malformed(what: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Malformed { what: what.into(), problem: problem.into() }
    }
}
