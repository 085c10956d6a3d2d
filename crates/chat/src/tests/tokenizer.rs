//! A tokenizer whose tokens are characters and control tokens.

use std::sync::LazyLock;

use engine::{TokenId, Tokenizer};

const FIRST_CONTROL: TokenId = 0x11_0000;

pub(super) struct Characters {
    controls: Vec<(String, TokenId)>,
    pub(super) stops: Vec<TokenId>,
    pub(super) add_bos: bool,
    pub(super) space_prefix: bool,
}

impl Characters {
    pub(super) fn new(controls: &[&str]) -> Self {
        let controls: Vec<(String, TokenId)> =
            (FIRST_CONTROL..).zip(controls).map(|(id, text)| ((*text).to_owned(), id)).collect();
        Self { controls, stops: Vec::new(), add_bos: false, space_prefix: false }
    }

    /// The text of a prompt, control tokens as their texts.
    pub(super) fn text(&self, tokens: &[TokenId]) -> String {
        let text = |id: &TokenId| {
            self.controls
                .iter()
                .find(|(_, control)| control == id)
                .map_or_else(|| char::from_u32(*id).unwrap().to_string(), |(text, _)| text.clone())
        };
        tokens.iter().map(text).collect()
    }

    pub(super) fn count_controls(tokens: &[TokenId]) -> usize {
        tokens.iter().filter(|id| **id >= FIRST_CONTROL).count()
    }
}

impl Tokenizer for Characters {
    fn vocab_size(&self) -> usize {
        FIRST_CONTROL as usize + self.controls.len()
    }
    fn encode(&self, text: &str) -> Vec<TokenId> {
        text.chars().map(u32::from).collect()
    }
    fn token_bytes(&self, id: TokenId) -> &[u8] {
        static BYTES: LazyLock<Vec<String>> = LazyLock::new(|| {
            (0..FIRST_CONTROL)
                .map(|code| char::from_u32(code).map(String::from).unwrap_or_default())
                .collect()
        });
        BYTES.get(id as usize).map_or(&[], |text| text.as_bytes())
    }
    fn control(&self, text: &str) -> Option<TokenId> {
        self.controls.iter().find(|(control, _)| control == text).map(|(_, id)| *id)
    }
    fn controls(&self) -> &[(String, TokenId)] {
        &self.controls
    }
    fn bos(&self) -> Option<TokenId> {
        self.control("<|bos|>").or_else(|| self.control("<s>"))
    }
    fn add_bos(&self) -> bool {
        self.add_bos
    }
    fn stop_tokens(&self) -> &[TokenId] {
        &self.stops
    }
    fn adds_space_prefix(&self) -> bool {
        self.space_prefix
    }
}
