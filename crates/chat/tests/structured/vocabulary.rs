//! Small vocabularies: every byte, and pieces that cross the borders of JSON's parts.

use std::sync::Arc;

use chat::ChatModel;
use engine::{TokenId, Tokenizer};

/// Pieces as a byte-pair vocabulary has them.
const MERGES: [&str; 40] = [
    "{\"",
    "\":",
    "\": ",
    "\", \"",
    ", \"",
    "\"}",
    "\"]",
    "\"}}",
    "}}",
    "}, {\"",
    "[]",
    "{}",
    "true",
    "false",
    "null",
    "na",
    "name",
    "arguments",
    "\": {\"",
    " {\"",
    " {",
    "10",
    "99",
    "123",
    "e1",
    "e9999",
    "00",
    "ab",
    "abc",
    "\\n",
    "\\\"",
    "é",
    " the",
    ">\n",
    "</",
    "tool_call",
    "<tool",
    "_call>",
    "call>{",
    "\n</",
];

pub(crate) const CONTROLS: [&str; 14] = [
    "<|bos|>",
    "<|end|>",
    "<|system|>",
    "<|user|>",
    "<|assistant|>",
    "<|tools|>",
    "<|tool_call|>",
    "<|tool_result|>",
    "[TOOL_CALLS]",
    "[ARGS]",
    "<|channel|>",
    "<|message|>",
    "<|start|>",
    "<|call|>",
];

/// Bytes, then merges, then control tokens.
pub(crate) struct Pieces {
    pieces: Vec<Vec<u8>>,
    controls: Vec<(String, TokenId)>,
    stops: Vec<TokenId>,
    space_prefix: bool,
}

impl Pieces {
    pub(crate) fn new(merges: bool) -> Self {
        let mut pieces: Vec<Vec<u8>> = (0..=u8::MAX).map(|byte| vec![byte]).collect();
        if merges {
            pieces.extend(MERGES.iter().map(|piece| piece.as_bytes().to_vec()));
        }
        let first = u32::try_from(pieces.len()).unwrap();
        let mut controls: Vec<(String, TokenId)> =
            CONTROLS.iter().zip(first..).map(|(text, id)| ((*text).to_owned(), id)).collect();
        controls.sort_by_key(|(text, _)| std::cmp::Reverse(text.len()));
        pieces.resize(pieces.len() + controls.len(), Vec::new());
        Self { pieces, controls, stops: vec![first + 1], space_prefix: false }
    }

    pub(crate) fn model(self, template: Option<&str>) -> (ChatModel, Arc<dyn Tokenizer>) {
        let tokenizer: Arc<dyn Tokenizer> = Arc::new(self);
        (ChatModel::new(Arc::clone(&tokenizer), template).unwrap(), tokenizer)
    }

    pub(crate) fn with_space_prefix(mut self) -> Self {
        self.space_prefix = true;
        self
    }
}

impl Tokenizer for Pieces {
    fn vocab_size(&self) -> usize {
        self.pieces.len()
    }

    /// The longest piece that fits, from left to right.
    fn encode(&self, text: &str) -> Vec<TokenId> {
        let mut rest = text.as_bytes();
        let mut tokens = Vec::new();
        while !rest.is_empty() {
            let fitting = (0..).zip(&self.pieces).filter(|(_, piece)| !piece.is_empty());
            let fitting = fitting.filter(|(_, piece)| rest.starts_with(piece));
            let (id, piece) = fitting.max_by_key(|(_, piece)| piece.len()).unwrap();
            tokens.push(id);
            rest = &rest[piece.len()..];
        }
        tokens
    }

    fn token_bytes(&self, id: TokenId) -> &[u8] {
        self.pieces.get(id as usize).map_or(&[], Vec::as_slice)
    }
    fn control(&self, text: &str) -> Option<TokenId> {
        self.controls.iter().find(|(control, _)| control == text).map(|(_, id)| *id)
    }
    fn controls(&self) -> &[(String, TokenId)] {
        &self.controls
    }
    fn bos(&self) -> Option<TokenId> {
        self.control("<|bos|>")
    }
    fn add_bos(&self) -> bool {
        true
    }
    fn stop_tokens(&self) -> &[TokenId] {
        &self.stops
    }
    fn adds_space_prefix(&self) -> bool {
        self.space_prefix
    }
}
