//! Texts that end or switch an output, found while it streams.
//!
//! The match that begins first wins; of two that begin together, the shorter. The answer does not depend on how the
//! text was cut into pieces: a match is final only when no text that began before it can still complete. Each byte
//! costs a constant per pattern (Knuth, Morris, Pratt), however long the patterns are.

use std::collections::VecDeque;

/// A pattern that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// Which pattern.
    pub(crate) pattern: usize,
    /// Where it begins, in bytes of all text pushed.
    pub(crate) start: usize,
}

/// Searches for several texts and holds back what may become one of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Matcher {
    patterns: Vec<Pattern>,
    /// Text that is neither released nor dropped.
    held: VecDeque<u8>,
    /// Bytes pushed so far.
    position: usize,
    best: Option<(Found, usize)>,
}

#[derive(Clone, Debug)]
struct Pattern {
    text: Vec<u8>,
    /// Length of the longest proper border of each prefix.
    borders: Vec<usize>,
    /// Bytes matched by the end of the text.
    matched: usize,
}

impl Pattern {
    fn new(text: &str) -> Self {
        let text = text.as_bytes().to_vec();
        let mut borders = vec![0; text.len()];
        let mut length = 0;
        for at in 1..text.len() {
            while length > 0 && text[at] != text[length] {
                length = borders[length - 1];
            }
            if text[at] == text[length] {
                length += 1;
            }
            borders[at] = length;
        }
        Self { text, borders, matched: 0 }
    }

    /// Whether the pattern ends with this byte. Only ever asked again after `true` if the match was not final, and a
    /// later match of the same pattern is never an earlier one, so the state is then of no interest.
    fn step(&mut self, byte: u8) -> bool {
        if self.matched == self.text.len() {
            self.matched = self.borders[self.matched - 1];
        }
        while self.matched > 0 && self.text[self.matched] != byte {
            self.matched = self.borders[self.matched - 1];
        }
        if self.text[self.matched] == byte {
            self.matched += 1;
        }
        self.matched == self.text.len()
    }
}

impl Matcher {
    /// Empty patterns are never found.
    pub(crate) fn new<'p>(patterns: impl Iterator<Item = &'p str>) -> Self {
        Self { patterns: patterns.map(Pattern::new).collect(), ..Self::default() }
    }

    /// Takes more text, appends to `out` what can be in no match, and tells of a match; then `out` holds the text
    /// before it, and the second value is all text after it. Afterwards the matcher is as new but for the count of
    /// bytes.
    pub(crate) fn push(&mut self, text: &str, out: &mut String) -> Option<(Found, String)> {
        for (index, byte) in text.bytes().enumerate() {
            let earliest = self.step(byte);
            if let Some((best, _)) = self.best
                && best.start <= earliest
            {
                return self.take(&text.as_bytes()[index + 1..], out);
            }
        }
        if self.best.is_none() {
            let held = self.patterns.iter().map(Pattern::held).max().unwrap_or(0);
            self.release(self.held.len().saturating_sub(held), out);
        }
        None
    }

    /// Takes a byte; gives where the earliest match that may still complete begins.
    fn step(&mut self, byte: u8) -> usize {
        self.held.push_back(byte);
        self.position += 1;
        let mut earliest = self.position;
        let patterns = self.patterns.iter_mut().enumerate();
        for (number, pattern) in patterns.filter(|(_, pattern)| !pattern.text.is_empty()) {
            if !pattern.step(byte) {
                earliest = earliest.min(self.position - pattern.matched);
                continue;
            }
            let start = self.position - pattern.text.len();
            if self.best.is_none_or(|(best, _)| start < best.start) {
                self.best = Some((Found { pattern: number, start }, self.position));
            }
        }
        earliest
    }

    /// The end of the text: a match that waited becomes final, or all text leaves.
    pub(crate) fn finish(&mut self, out: &mut String) -> Option<(Found, String)> {
        if self.best.is_some() {
            return self.take(&[], out);
        }
        self.release(self.held.len(), out);
        None
    }

    /// How many bytes have left or were dropped.
    pub(crate) fn released(&self) -> usize {
        self.position - self.held.len()
    }

    /// How many bytes were pushed.
    pub(crate) fn position(&self) -> usize {
        self.position
    }

    fn take(&mut self, rest: &[u8], out: &mut String) -> Option<(Found, String)> {
        let (found, end) = self.best.take()?;
        self.release(found.start - self.released(), out);
        let skipped = end - found.start;
        // What is held may end inside a character of which `rest` has the other bytes.
        let mut after: Vec<u8> = self.held.drain(..).skip(skipped).collect();
        after.extend_from_slice(rest);
        for pattern in &mut self.patterns {
            pattern.matched = 0;
        }
        Some((found, String::from_utf8_lossy(&after).into_owned()))
    }

    fn release(&mut self, bytes: usize, out: &mut String) {
        let bytes: Vec<u8> = self.held.drain(..bytes).collect();
        // Matches begin and end at character boundaries, since patterns and text are whole characters.
        out.push_str(&String::from_utf8_lossy(&bytes));
    }
}

impl Pattern {
    fn held(&self) -> usize {
        if self.matched < self.text.len() { self.matched } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The law: cut at the match with the smallest start, then the shortest.
    fn reference(text: &str, patterns: &[String]) -> (String, Option<usize>) {
        let found = patterns
            .iter()
            .enumerate()
            .filter(|(_, pattern)| !pattern.is_empty())
            .filter_map(|(number, pattern)| Some((text.find(pattern)?, pattern.len(), number)))
            .min();
        match found {
            Some((start, _, number)) => (text[..start].to_owned(), Some(number)),
            None => (text.to_owned(), None),
        }
    }

    fn stream(pieces: &[String], patterns: &[String]) -> (String, Option<usize>) {
        let mut matcher = Matcher::new(patterns.iter().map(String::as_str));
        let mut out = String::new();
        for piece in pieces {
            if let Some((found, _)) = matcher.push(piece, &mut out) {
                return (out, Some(found.pattern));
            }
        }
        let found = matcher.finish(&mut out);
        (out, found.map(|(found, _)| found.pattern))
    }

    proptest! {
        #[test]
        fn streaming_equals_the_whole(
            pieces in prop::collection::vec("[abcé]{0,4}", 0..12),
            patterns in prop::collection::vec("[abcé]{0,5}", 0..5),
        ) {
            let (text, found) = stream(&pieces, &patterns);
            let (expected, expected_found) = reference(&pieces.concat(), &patterns);
            prop_assert_eq!(&text, &expected);
            prop_assert_eq!(
                found.map(|number| &patterns[number]),
                expected_found.map(|number| &patterns[number])
            );
        }

        #[test]
        fn only_possible_beginnings_are_held(
            pieces in prop::collection::vec("[ab]{0,4}", 0..12),
            pattern in "[ab]{1,5}c",
        ) {
            let mut matcher = Matcher::new([pattern.as_str()].into_iter());
            let mut all = String::new();
            let mut out = String::new();
            for piece in &pieces {
                all.push_str(piece);
                prop_assert!(matcher.push(piece, &mut out).is_none());
                let held = all.len() - out.len();
                let longest = (0..pattern.len()).rev().find(|&n| all.ends_with(&pattern[..n]));
                prop_assert_eq!(Some(held), longest);
            }
        }
    }

    #[test]
    fn an_earlier_beginning_beats_an_earlier_end() {
        let patterns = ["abcd".to_owned(), "bc".to_owned()];
        assert_eq!(stream(&["xabcd".into()], &patterns), ("x".into(), Some(0)));
        assert_eq!(stream(&["xabc".into(), "e".into()], &patterns), ("xa".into(), Some(1)));
        assert_eq!(stream(&["xabc".into()], &patterns), ("xa".into(), Some(1)));
    }

    #[test]
    fn text_after_a_match_comes_back() {
        let mut matcher = Matcher::new(["<t>"].into_iter());
        let mut out = String::new();
        assert_eq!(matcher.push("a<", &mut out), None);
        let (found, rest) = matcher.push("t>{b", &mut out).unwrap();
        assert_eq!((out.as_str(), found.start, rest.as_str()), ("a", 1, "{b"));
    }

    #[test]
    fn long_patterns_cost_no_more_than_short_ones() {
        // Quadratic work would be 10^10 steps here.
        let pattern = "a".repeat(100_000) + "b";
        let mut matcher = Matcher::new([pattern.as_str()].into_iter());
        let mut out = String::new();
        assert_eq!(matcher.push(&"a".repeat(300_000), &mut out), None);
        assert_eq!(out.len(), 200_000);
    }
}
