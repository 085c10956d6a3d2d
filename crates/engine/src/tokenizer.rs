//! What the layers above the engine need of a vocabulary. Implemented in `models`, used by `chat`.

use crate::TokenId;

/// Text to tokens and back.
pub trait Tokenizer: Send + Sync {
    /// Number of tokens, control tokens included.
    fn vocab_size(&self) -> usize;

    /// Tokens of a piece of text that stands at the start of a prompt or after a control token. Never yields a
    /// control token, whatever the text says (`<|end|>` in a text is eight characters). Adds no BOS.
    fn encode(&self, text: &str) -> Vec<TokenId>;

    /// The bytes that this token adds to a text; empty for control tokens. A single token may hold a part of a
    /// UTF-8 character. For SentencePiece kinds the word mark is already a space.
    fn token_bytes(&self, id: TokenId) -> &[u8];

    /// The control (or user-defined special) token of exactly this text, e.g. `<|im_end|>`.
    fn control(&self, text: &str) -> Option<TokenId>;

    /// All control tokens with their texts, longest text first: used to cut a rendered template at them.
    fn controls(&self) -> &[(String, TokenId)];

    /// Begin-of-sequence token, if there is one.
    fn bos(&self) -> Option<TokenId>;

    /// Whether a prompt without a template starts with BOS.
    fn add_bos(&self) -> bool;

    /// Tokens that end a generation: EOS, end of turn, end of message.
    fn stop_tokens(&self) -> &[TokenId];

    /// Whether the first piece of a text gets a leading space (SentencePiece), which a decoder of a whole text strips.
    fn adds_space_prefix(&self) -> bool;
}
