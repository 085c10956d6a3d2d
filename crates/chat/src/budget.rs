//! Ends reasoning after a number of tokens: what `budget_tokens` asks for where a template cannot be told.

use std::sync::Arc;

use engine::{Constraint, TokenId, Tokenizer};

/// A constraint on an answer that begins inside reasoning. It leaves every choice open until the limit, then forces
/// the tokens that end the reasoning, then leaves every choice open again.
pub(crate) struct Budget {
    tokenizer: Arc<dyn Tokenizer>,
    /// Most tokens of reasoning, those of its end excluded.
    limit: usize,
    close: &'static str,
    /// What is forced.
    ending: Vec<TokenId>,
    accepted: Vec<TokenId>,
    /// How many tokens were accepted when the reasoning had ended.
    closed_at: Option<usize>,
}

impl Budget {
    pub(crate) fn new(
        tokenizer: Arc<dyn Tokenizer>,
        limit: u32,
        close: &'static str,
        ending: Vec<TokenId>,
    ) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        Self { tokenizer, limit, close, ending, accepted: Vec::new(), closed_at: None }
    }

    /// The token that must come next, if one must.
    fn next(&self) -> Option<TokenId> {
        let past = self.accepted.len().checked_sub(self.limit)?;
        if self.closed_at.is_some() { None } else { self.ending.get(past).copied() }
    }

    /// Whether the tokens so far end with the closing tag.
    fn closes(&self) -> bool {
        let Some(last) = self.accepted.last() else { return false };
        if self.tokenizer.control(self.close) == Some(*last) {
            return true;
        }
        // Each token but control tokens has a byte at least.
        let tail = self.accepted.len().saturating_sub(self.close.len());
        let bytes: Vec<u8> = self.accepted[tail..]
            .iter()
            .flat_map(|token| self.tokenizer.token_bytes(*token))
            .copied()
            .collect();
        bytes.windows(self.close.len()).any(|window| window == self.close.as_bytes())
    }
}

impl Constraint for Budget {
    fn mask(&mut self, allowed: &mut [u64]) {
        let Some(token) = self.next() else { return };
        let (word, bit) = (token as usize / 64, 1 << (token % 64));
        for (at, bits) in allowed.iter_mut().enumerate() {
            *bits &= if at == word { bit } else { 0 };
        }
    }

    fn accept(&mut self, token: TokenId) {
        self.accepted.push(token);
        if self.closed_at.is_some() {
            return;
        }
        let forced = self.limit.saturating_add(self.ending.len());
        if self.closes() && self.accepted.len() <= self.limit || self.accepted.len() >= forced {
            self.closed_at = Some(self.accepted.len());
        }
    }

    fn roll_back(&mut self, count: usize) {
        self.accepted.truncate(self.accepted.len().saturating_sub(count));
        self.closed_at = self.closed_at.filter(|at| *at <= self.accepted.len());
    }

    fn forced(&mut self) -> Vec<TokenId> {
        let past = self.accepted.len().checked_sub(self.limit);
        match past {
            Some(past) if self.closed_at.is_none() => {
                self.ending.get(past..).unwrap_or_default().to_vec()
            }
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use engine::ByteTokenizer;

    use super::*;

    /// Accepts what is forced, else the given tokens; gives all as text.
    fn answer(limit: u32, wish: &str) -> String {
        let ending = "\n</think>\n\n".bytes().map(u32::from).collect();
        let tokenizer = Arc::new(ByteTokenizer::new());
        let mut budget = Budget::new(tokenizer, limit, "</think>", ending);
        let mut wish = wish.bytes();
        let mut said = Vec::new();
        loop {
            let mut allowed = vec![u64::MAX; 8];
            budget.mask(&mut allowed);
            let free: u32 = allowed.iter().map(|bits| bits.count_ones()).sum();
            let only = (0..512u32).find(|id| allowed[*id as usize / 64] >> (id % 64) & 1 == 1);
            assert_eq!(budget.forced().first().copied(), only.filter(|_| free == 1));
            let next = if free == 1 { only } else { wish.next().map(u32::from) };
            let Some(token) = next else { break };
            // What is taken back and said again changes nothing.
            budget.accept(token);
            budget.roll_back(1);
            budget.accept(token);
            said.push(u8::try_from(token).unwrap());
        }
        String::from_utf8(said).unwrap()
    }

    #[test]
    fn reasoning_ends_at_its_budget_and_nothing_else_changes() {
        assert_eq!(answer(4, "abcdefgh"), "abcd\n</think>\n\nefgh");
        assert_eq!(answer(12, "ab</think>cdefghij"), "ab</think>cdefghij", "it ended by itself");
        assert_eq!(answer(10, "ab</think>cd"), "ab</think>cd", "at the last token");
        assert_eq!(answer(4, "a</think>"), "a</t\n</think>\n\nhink>");
    }
}
