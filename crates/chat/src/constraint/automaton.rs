//! The constraint of one answer: free text until a call opens, if the plan says so, then the grammar.

use std::sync::Arc;

use engine::{Constraint, TokenId};
use llguidance::Matcher;

use super::grammar::Opening;
use super::guard::Guard;
use super::vocabulary::Vocabulary;

/// Where free text ends.
#[derive(Clone)]
pub(super) struct Watch {
    opening: Opening,
    /// Tokens that could hold the opening and more.
    around: Arc<[TokenId]>,
}

impl Watch {
    pub(super) fn new(opening: Opening, vocabulary: &Vocabulary) -> Self {
        let last = opening.text.as_bytes().last();
        let around = last.map_or_else(Vec::new, |last| vocabulary.tokens_around(*last));
        Self { opening, around: around.into() }
    }

    /// How much of the opening a text ends with, after more bytes; `Err` with what follows it when it is complete.
    fn follow<'b>(&self, mut matched: usize, bytes: &'b [u8]) -> Result<usize, &'b [u8]> {
        let opening = self.opening.text.as_bytes();
        for (at, byte) in bytes.iter().enumerate() {
            // The longest end of what was read that is a beginning of the opening. Openings are short.
            let read: Vec<u8> = opening[..matched].iter().chain([byte]).copied().collect();
            let fits = |length: &usize| read.ends_with(&opening[..*length]);
            matched = (0..=read.len()).rev().find(fits).unwrap_or(0);
            if matched == opening.len() {
                return Err(&bytes[at + 1..]);
            }
        }
        Ok(matched)
    }
}

/// The state of one answer.
#[derive(Clone, Copy, Default)]
struct State {
    /// How much of the opening the free text ends with.
    matched: usize,
    /// Whether the grammar rules.
    bound: bool,
    guard: Guard,
}

/// One answer's constraint.
pub(super) struct Automaton {
    vocabulary: Arc<Vocabulary>,
    watch: Option<Watch>,
    matcher: Matcher,
    now: State,
    /// The states before each token.
    before: Vec<State>,
}

impl Automaton {
    pub(super) fn new(vocabulary: Arc<Vocabulary>, watch: Option<Watch>, matcher: Matcher) -> Self {
        let now = State { bound: watch.is_none(), ..State::default() };
        Self { vocabulary, watch, matcher, now, before: Vec::new() }
    }

    /// Free text may not run past the opening within one token: what follows it is the grammar's.
    fn mask_text(&self, allowed: &mut [u64]) {
        let Some(watch) = &self.watch else { return };
        for token in watch.around.iter().copied() {
            let rest = watch.follow(self.now.matched, self.vocabulary.bytes(token));
            if rest.is_err_and(|rest| !rest.is_empty()) {
                clear(allowed, token);
            }
        }
    }

    fn mask_grammar(&mut self, allowed: &mut [u64]) {
        // A grammar that failed, for lack of fuel, allows nothing: the engine ends the request with an error.
        let set = self.matcher.compute_mask_or_eos();
        let words = set.as_ref().map_or(&[][..], |set| set.as_slice());
        let mut halves = words.iter().map(|half| u64::from(*half));
        for word in allowed.iter_mut() {
            let low = halves.next().unwrap_or(0);
            *word &= low | halves.next().unwrap_or(0) << 32;
        }
        let mut advised = allowed.to_vec();
        for token in self.vocabulary.watched().iter().copied().filter(|token| has(allowed, *token))
        {
            if self.now.guard.after(self.vocabulary.bytes(token)).1 {
                clear(&mut advised, token);
            }
        }
        if advised.iter().any(|word| *word != 0) {
            allowed.copy_from_slice(&advised);
        }
    }
}

impl Constraint for Automaton {
    fn mask(&mut self, allowed: &mut [u64]) {
        if self.now.bound {
            self.mask_grammar(allowed);
        } else {
            self.mask_text(allowed);
        }
    }

    fn accept(&mut self, token: TokenId) {
        self.before.push(self.now);
        let bytes = self.vocabulary.bytes(token);
        if self.now.bound {
            // What fails here fails for good: the next mask is empty.
            let _ = self.matcher.consume_token(token);
            self.now.guard = self.now.guard.after(bytes).0;
        } else if let Some(watch) = &self.watch {
            if watch.opening.token == Some(token) {
                self.now.bound = true;
            }
            match watch.follow(self.now.matched, bytes) {
                Ok(matched) => self.now.matched = matched,
                Err(_) => self.now.bound = true,
            }
        }
    }

    fn roll_back(&mut self, count: usize) {
        let kept = self.before.len().saturating_sub(count);
        let undone = self.before[kept..].iter().filter(|state| state.bound).count();
        let _ = self.matcher.rollback(undone);
        if let Some(state) = self.before.get(kept) {
            self.now = *state;
        }
        self.before.truncate(kept);
    }

    fn forced(&mut self) -> Vec<TokenId> {
        if self.now.bound && !self.matcher.is_stopped() {
            self.matcher.compute_ff_tokens()
        } else {
            Vec::new()
        }
    }
}

fn has(bits: &[u64], token: TokenId) -> bool {
    bits.get(token as usize / 64).is_some_and(|word| word >> (token % 64) & 1 == 1)
}

fn clear(bits: &mut [u64], token: TokenId) {
    if let Some(word) = bits.get_mut(token as usize / 64) {
        *word &= !(1 << (token % 64));
    }
}
