//! User-defined tokens (type 4): texts that are one token wherever they stand.

use aho_corasick::{AhoCorasick, MatchKind};
use engine::TokenId;

use super::vocab::{Source, TokenType};

/// A part of a text.
pub(super) enum Part<'t> {
    Text(&'t str),
    Token(TokenId),
}

/// Finds user-defined tokens; the leftmost wins, then the longest.
pub(super) struct UserDefined {
    finder: Option<AhoCorasick>,
    ids: Vec<TokenId>,
}

impl UserDefined {
    pub(super) fn new(source: &Source<'_>) -> Self {
        let mut texts = Vec::new();
        let mut ids = Vec::new();
        for (id, text, kind) in source.iter() {
            if kind == TokenType::UserDefined && !text.is_empty() {
                texts.push(text);
                ids.push(id);
            }
        }
        if texts.is_empty() {
            return Self { finder: None, ids };
        }
        let finder =
            AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(texts).ok();
        Self { finder, ids }
    }

    pub(super) fn cut<'t>(&self, text: &'t str) -> Vec<Part<'t>> {
        let mut parts = Vec::new();
        let mut done = 0;
        for found in self.finder.iter().flat_map(|finder| finder.find_iter(text)) {
            if found.start() > done {
                parts.push(Part::Text(&text[done..found.start()]));
            }
            parts.push(Part::Token(self.ids[found.pattern().as_usize()]));
            done = found.end();
        }
        if done < text.len() {
            parts.push(Part::Text(&text[done..]));
        }
        parts
    }
}
