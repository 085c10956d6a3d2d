//! The vocabulary as the file has it, and what follows from it for every kind of tokenizer: the bytes of each token,
//! control tokens, stop tokens.

use std::collections::HashMap;

use engine::TokenId;

use super::TokenizerError;
use crate::gguf::Metadata;

const TOKENS: &str = "tokenizer.ggml.tokens";
const TYPES: &str = "tokenizer.ggml.token_type";
const SCORES: &str = "tokenizer.ggml.scores";

/// A token's type as the file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenType {
    Normal,
    Unknown,
    Control,
    UserDefined,
    Unused,
    Byte,
}

/// Texts that end a generation wherever they are tokens (llama.cpp's list of "end of generation" texts).
const STOP_TEXTS: &[&str] = &[
    "<|eot_id|>",
    "<|im_end|>",
    "<|end|>",
    "<|return|>",
    "<|call|>",
    "<|flush|>",
    "<|calls|>",
    "<end_of_turn>",
    "<|endoftext|>",
    "</s>",
    "<|eom_id|>",
    "<EOT>",
    "_<EOT>",
    "[EOT]",
    "[EOS]",
    "<|end_of_text|>",
    "<end_of_utterance>",
    "<eos>",
    "<turn|>",
    "<|tool_response>",
    "<｜end▁of▁sentence｜>",
    "[e~[",
];

/// Fill-in-the-middle texts that end a generation too.
const FILL_STOP_TEXTS: &[&str] = &[
    "<|fim_pad|>",
    "<fim-pad>",
    "<fim_pad>",
    "<PAD>",
    "[PAD]",
    "<|fim_repo|>",
    "<|repo_name|>",
    "<fim-repo>",
    "<REPO>",
    "<reponame>",
    "<|file_sep|>",
];

/// The arrays of the file, equal in length.
pub(super) struct Source<'m> {
    texts: &'m [String],
    types: Vec<TokenType>,
    scores: Vec<f32>,
}

impl<'m> Source<'m> {
    pub(super) fn read(metadata: &'m Metadata, model: &str) -> Result<Self, TokenizerError> {
        let texts = metadata.strings(TOKENS).ok_or(TokenizerError::Missing { key: TOKENS })?;
        if texts.is_empty() || u32::try_from(texts.len()).is_err() {
            return Err(TokenizerError::Missing { key: TOKENS });
        }
        let length = |key, found| TokenizerError::Length { key, found, expected: texts.len() };
        let mut types = match metadata.i32s(TYPES) {
            Some(types) if types.len() != texts.len() => return Err(length(TYPES, types.len())),
            Some(types) => types.into_iter().map(token_type).collect(),
            None => vec![TokenType::Normal; texts.len()],
        };
        for (text, kind) in texts.iter().zip(&mut types) {
            if STOP_TEXTS.contains(&text.as_str()) || FILL_STOP_TEXTS.contains(&text.as_str()) {
                *kind = TokenType::Control;
            }
        }
        let scores = match metadata.f32s(SCORES) {
            Some(scores) if scores.len() != texts.len() => {
                return Err(length(SCORES, scores.len()));
            }
            Some(scores) => scores,
            None if model == "llama" => return Err(TokenizerError::Missing { key: SCORES }),
            None => Vec::new(),
        };
        Ok(Self { texts, types, scores })
    }

    /// Tokens with their texts and types, by id.
    pub(super) fn iter(&self) -> impl Iterator<Item = (TokenId, &'m str, TokenType)> {
        (0..).zip(self.texts).zip(&self.types).map(|((id, text), kind)| (id, text.as_str(), *kind))
    }

    pub(super) fn len(&self) -> usize {
        self.texts.len()
    }

    /// The score of a token; 0 where the file has none.
    pub(super) fn score(&self, id: TokenId) -> f32 {
        self.scores.get(id as usize).copied().unwrap_or(0.0)
    }
}

fn token_type(number: i32) -> TokenType {
    match number {
        2 => TokenType::Unknown,
        3 => TokenType::Control,
        4 => TokenType::UserDefined,
        5 => TokenType::Unused,
        6 => TokenType::Byte,
        _ => TokenType::Normal,
    }
}

/// What a tokenizer answers without looking at a text.
pub(super) struct Specials {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    by_text: HashMap<String, TokenId>,
    controls: Vec<(String, TokenId)>,
    pub(super) bos: Option<TokenId>,
    pub(super) add_bos: bool,
    /// EOS first, if there is one.
    pub(super) stops: Vec<TokenId>,
}

impl Specials {
    /// `bytes_of` gives the bytes that a normal token of this text adds to an output.
    pub(super) fn new(
        source: &Source<'_>,
        metadata: &Metadata,
        add_bos: bool,
        bytes_of: fn(&str) -> Vec<u8>,
    ) -> Result<Self, TokenizerError> {
        let mut bytes = Vec::new();
        let mut ends = Vec::with_capacity(source.len());
        let mut by_text = HashMap::new();
        let mut controls = Vec::new();
        for (id, text, kind) in source.iter() {
            match kind {
                TokenType::Normal => bytes.extend(bytes_of(text)),
                TokenType::UserDefined => {
                    by_text.entry(text.to_owned()).or_insert(id);
                    bytes.extend(text.as_bytes());
                }
                TokenType::Byte => bytes.extend(byte_of(text)),
                TokenType::Control if !text.is_empty() => {
                    by_text.insert(text.to_owned(), id);
                    controls.push((text.to_owned(), id));
                }
                TokenType::Control | TokenType::Unknown | TokenType::Unused => {}
            }
            ends.push(bytes.len());
        }
        controls.sort_by_key(|(text, _)| std::cmp::Reverse(text.len()));
        let spm = metadata.str("tokenizer.ggml.model") == Some("llama");
        let bos = special_id(metadata, "tokenizer.ggml.bos_token_id", source.len())?
            .or_else(|| by_text.get("<s>").copied().filter(|_| spm));
        let add_bos = metadata.bool("tokenizer.ggml.add_bos_token").unwrap_or(add_bos);
        let stops = stop_tokens(metadata, source, &by_text)?;
        Ok(Self { bytes, ends, by_text, controls, bos, add_bos: add_bos && bos.is_some(), stops })
    }

    pub(super) fn vocab_size(&self) -> usize {
        self.ends.len()
    }

    /// The bytes of a token; empty for an id outside the vocabulary.
    pub(super) fn token_bytes(&self, id: TokenId) -> &[u8] {
        let id = id as usize;
        let Some(&end) = self.ends.get(id) else { return &[] };
        let start = if id == 0 { 0 } else { self.ends[id - 1] };
        &self.bytes[start..end]
    }

    pub(super) fn special(&self, text: &str) -> Option<TokenId> {
        self.by_text.get(text).copied()
    }

    pub(super) fn controls(&self) -> &[(String, TokenId)] {
        &self.controls
    }
}

fn special_id(
    metadata: &Metadata,
    key: &'static str,
    size: usize,
) -> Result<Option<TokenId>, TokenizerError> {
    match metadata.u32(key) {
        Some(id) if id as usize >= size => Err(TokenizerError::BadId { key, id, size }),
        found => Ok(found),
    }
}

fn stop_tokens(
    metadata: &Metadata,
    source: &Source<'_>,
    by_text: &HashMap<String, TokenId>,
) -> Result<Vec<TokenId>, TokenizerError> {
    let mut stops = Vec::new();
    let mut add = |id: TokenId| {
        if !stops.contains(&id) {
            stops.push(id);
        }
    };
    for key in [
        "tokenizer.ggml.eos_token_id",
        "tokenizer.ggml.eot_token_id",
        "tokenizer.ggml.eom_token_id",
    ] {
        if let Some(id) = special_id(metadata, key, source.len())? {
            add(id);
        }
    }
    for text in STOP_TEXTS.iter().chain(FILL_STOP_TEXTS) {
        if let Some(&id) = by_text.get(*text) {
            add(id);
        }
    }
    // In the harmony and solar formats `<|end|>` ends a message within a turn, not the turn.
    let has = |text| by_text.contains_key(text);
    if (has("<|return|>") && has("<|call|>")) || (has("<|calls|>") && has("<|flush|>")) {
        stops.retain(|id| by_text.get("<|end|>") != Some(id));
    }
    Ok(stops)
}

/// Bytes of a byte token's text, `<0x0A>`; nothing if it is not one.
pub(super) fn byte_of(text: &str) -> Option<u8> {
    let hex = text.strip_prefix("<0x")?.strip_suffix('>')?;
    if hex.len() == 2 { u8::from_str_radix(hex, 16).ok() } else { None }
}

/// Bytes of a SentencePiece piece: the word mark is a space.
pub(super) fn spm_bytes(text: &str) -> Vec<u8> {
    text.replace(super::spm::WORD_MARK, " ").into_bytes()
}

/// Bytes of a byte-level piece, in which each byte is written as one printable character (GPT-2's
/// `bytes_to_unicode`). A character that stands for no byte is itself.
pub(super) fn bpe_bytes(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    for character in text.chars() {
        match byte_of_char(character) {
            Some(byte) => bytes.push(byte),
            None => bytes.extend(character.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    bytes
}

/// The same for a text that merges can make: `None` if one of its characters stands for no byte.
pub(super) fn byte_level(text: &str) -> Option<Vec<u8>> {
    text.chars().map(byte_of_char).collect()
}

/// Inverse of GPT-2's `bytes_to_unicode`: printable Latin-1 stands for itself; the 68 others are, in order, the
/// characters from U+0100 on.
fn byte_of_char(character: char) -> Option<u8> {
    let code = u32::from(character);
    match code {
        0x21..=0x7E | 0xA1..=0xAC | 0xAE..=0xFF => u8::try_from(code).ok(),
        0x100..=0x120 => u8::try_from(code - 0x100).ok(),
        0x121..=0x142 => u8::try_from(code - 0x121 + 0x7F).ok(),
        0x143 => Some(0xAD),
        _ => None,
    }
}
