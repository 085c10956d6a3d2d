//! A model's tokens as the automaton sees them: a trie of bytes, and the tokenizer for text that is forced.

use std::sync::Arc;

use engine::{TokenId, Tokenizer};
use llguidance::api::ParserLimits;
use llguidance::earley::SlicedBiasComputer;
use llguidance::toktrie::{InferenceCapabilities, TokEnv, TokRxInfo, TokTrie, TokenizerEnv};
use llguidance::{ParserFactory, TokenParser};

use super::guard::Guard;

/// Bounds on compiling a grammar and on computing one mask. They count work, not time: a mask depends on nothing but
/// the grammar and the tokens before it.
fn limits() -> ParserLimits {
    ParserLimits {
        max_items_in_row: 4000,
        initial_lexer_fuel: 300_000,
        step_lexer_fuel: 50_000,
        step_max_items: 100_000,
        max_lexer_states: 20_000,
        max_grammar_size: 200_000,
        precompute_large_lexemes: false,
        verbose_errors: false,
    }
}

/// Longer tokens are never allowed.
const TOKEN_BYTES_MAX: usize = 200;

/// What all grammars of a model share.
pub(super) struct Vocabulary {
    factory: ParserFactory,
    tokenizer: Arc<dyn Tokenizer>,
    /// Tokens that can pass one of the [`Guard`]'s limits.
    watched: Vec<TokenId>,
}

struct Tokens {
    tokenizer: Arc<dyn Tokenizer>,
    trie: TokTrie,
}

impl TokenizerEnv for Tokens {
    fn tok_trie(&self) -> &TokTrie {
        &self.trie
    }

    /// The model's own way to cut a text, as long as it gives the text back.
    fn tokenize_bytes(&self, bytes: &[u8]) -> Vec<TokenId> {
        let cut = std::str::from_utf8(bytes).map(|text| self.tokenizer.encode(text));
        let exact = |tokens: &Vec<TokenId>| {
            let texts = tokens.iter().map(|token| self.tokenizer.token_bytes(*token));
            texts.flatten().eq(bytes)
        };
        match cut {
            Ok(tokens) if exact(&tokens) => tokens,
            _ => self.trie.greedy_tokenize(bytes),
        }
    }

    /// A tokenizer that puts a space before every text says nothing about text in the middle: nothing is forced then,
    /// and the model chooses among the ways to cut it.
    fn tokenize_is_canonical(&self) -> bool {
        !self.tokenizer.adds_space_prefix()
    }
}

impl Vocabulary {
    /// # Errors
    /// Says why the model cannot be constrained.
    pub(super) fn new(tokenizer: &Arc<dyn Tokenizer>) -> Result<Self, String> {
        let stops = tokenizer.stop_tokens();
        let size = u32::try_from(tokenizer.vocab_size()).map_err(|error| error.to_string())?;
        let first = *stops.first().ok_or("the serving model has no token that ends an answer")?;
        if stops.iter().any(|stop| *stop >= size) {
            return Err("a stop token is outside the vocabulary".to_owned());
        }
        let words: Vec<Vec<u8>> = (0..size)
            .map(|id| tokenizer.token_bytes(id))
            .map(|bytes| if bytes.len() <= TOKEN_BYTES_MAX { bytes } else { &[] })
            .map(<[u8]>::to_vec)
            .collect();
        let watched = (0..size).zip(&words).filter(|(_, bytes)| Guard::concerns(bytes));
        let watched = watched.map(|(id, _)| id).collect();
        let trie = TokTrie::from(&TokRxInfo::new(size, first), &words).with_eos_tokens(stops);
        let env: TokEnv = Arc::new(Tokens { tokenizer: Arc::clone(tokenizer), trie });
        let slices = SlicedBiasComputer::json_slices();
        let mut factory = ParserFactory::new(&env, InferenceCapabilities::default(), &slices)
            .map_err(|error| error.to_string())?;
        factory.quiet();
        *factory.limits_mut() = limits();
        Ok(Self { factory, tokenizer: Arc::clone(tokenizer), watched })
    }

    pub(super) fn parser(
        &self,
        grammar: llguidance::api::TopLevelGrammar,
    ) -> Result<TokenParser, String> {
        self.factory.create_parser(grammar).map_err(|error| format!("{error:#}"))
    }

    pub(super) fn bytes(&self, token: TokenId) -> &[u8] {
        self.tokenizer.token_bytes(token)
    }

    pub(super) fn watched(&self) -> &[TokenId] {
        &self.watched
    }

    /// Tokens that have `byte` before their end.
    pub(super) fn tokens_around(&self, byte: u8) -> Vec<TokenId> {
        let size = u32::try_from(self.tokenizer.vocab_size()).unwrap_or(0);
        let inside = |id: &TokenId| {
            let bytes = self.bytes(*id);
            bytes.iter().rev().skip(1).any(|other| *other == byte)
        };
        (0..size).filter(inside).collect()
    }
}
