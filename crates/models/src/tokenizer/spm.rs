//! SentencePiece BPE: neighbours merge by score, characters without a token become byte tokens.

use std::cmp::Ordering;
use std::collections::{BinaryHeap, HashMap};

use engine::TokenId;

use super::vocab::{Source, TokenType, byte_of};
use crate::gguf::Metadata;

/// SentencePiece's mark for a space.
pub(super) const WORD_MARK: char = '▁';

pub(super) struct Spm {
    pieces: HashMap<String, Piece>,
    /// Longest piece, in bytes: no longer text is looked up.
    longest: usize,
    bytes: [Option<TokenId>; 256],
    unknown: Option<TokenId>,
    add_space_prefix: bool,
}

#[derive(Clone, Copy)]
struct Piece {
    id: TokenId,
    score: f32,
}

/// A run of the text, linked to its neighbours; length 0 once it was merged into the left one.
#[derive(Clone, Copy)]
struct Run {
    start: usize,
    len: usize,
    prev: usize,
    next: usize,
}

const END: usize = usize::MAX;

/// A merge that was possible when it was noted.
struct Candidate {
    score: f32,
    left: usize,
    right: usize,
    len: usize,
}

impl Ord for Candidate {
    /// The highest score first, then the leftmost.
    fn cmp(&self, other: &Self) -> Ordering {
        self.score.total_cmp(&other.score).then(other.left.cmp(&self.left))
    }
}

impl PartialOrd for Candidate {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Candidate {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Candidate {}

impl Spm {
    pub(super) fn new(source: &Source<'_>, metadata: &Metadata) -> Self {
        let mut pieces = HashMap::with_capacity(source.len());
        let mut bytes = [None; 256];
        let mut unknown = None;
        for (id, text, kind) in source.iter() {
            match kind {
                TokenType::Normal | TokenType::Unused if !text.is_empty() => {
                    pieces.entry(text.to_owned()).or_insert(Piece { id, score: source.score(id) });
                }
                TokenType::Byte => {
                    if let Some(byte) = byte_of(text) {
                        bytes[usize::from(byte)] = Some(id);
                    }
                }
                TokenType::Unknown => unknown = unknown.or(Some(id)),
                TokenType::Normal
                | TokenType::Unused
                | TokenType::Control
                | TokenType::UserDefined => {}
            }
        }
        let longest = pieces.keys().map(String::len).max().unwrap_or(0);
        let add_space_prefix = metadata.bool("tokenizer.ggml.add_space_prefix").unwrap_or(true);
        Self { pieces, longest, bytes, unknown, add_space_prefix }
    }

    pub(super) fn adds_space_prefix(&self) -> bool {
        self.add_space_prefix
    }

    pub(super) fn encode(&self, text: &str, out: &mut Vec<TokenId>) {
        let mut marked = String::with_capacity(text.len() + text.len() / 2 + 3);
        if self.add_space_prefix {
            marked.push(WORD_MARK);
        }
        marked.extend(text.chars().map(|c| if c == ' ' { WORD_MARK } else { c }));
        let runs = self.merge(&marked);
        let mut place = 0;
        while let Some(run) = runs.get(place) {
            self.push(&marked[run.start..run.start + run.len], out);
            place = run.next;
        }
    }

    fn merge(&self, text: &str) -> Vec<Run> {
        let mut runs: Vec<Run> = Vec::with_capacity(text.len());
        for (place, (start, character)) in text.char_indices().enumerate() {
            let prev = place.wrapping_sub(1);
            runs.push(Run { start, len: character.len_utf8(), prev, next: place + 1 });
        }
        if let Some(last) = runs.last_mut() {
            last.next = END;
        }
        let mut queue = BinaryHeap::new();
        for left in 1..runs.len() {
            self.note(text, &runs, left - 1, &mut queue);
        }
        while let Some(Candidate { left, right, len, .. }) = queue.pop() {
            let (a, b) = (runs[left], runs[right]);
            if a.len == 0 || b.len == 0 || a.len + b.len != len {
                continue;
            }
            runs[left].len = len;
            runs[left].next = b.next;
            runs[right].len = 0;
            if b.next != END {
                runs[b.next].prev = left;
            }
            if a.prev != END {
                self.note(text, &runs, a.prev, &mut queue);
            }
            self.note(text, &runs, left, &mut queue);
        }
        runs
    }

    /// Queues the merge of a run with its right neighbour, if that is a piece.
    fn note(&self, text: &str, runs: &[Run], left: usize, queue: &mut BinaryHeap<Candidate>) {
        let right = runs[left].next;
        if right == END {
            return;
        }
        let len = runs[left].len + runs[right].len;
        if len > self.longest {
            return;
        }
        let start = runs[left].start;
        if let Some(piece) = self.pieces.get(&text[start..start + len]) {
            queue.push(Candidate { score: piece.score, left, right, len });
        }
    }

    fn push(&self, run: &str, out: &mut Vec<TokenId>) {
        if let Some(piece) = self.pieces.get(run) {
            out.push(piece.id);
            return;
        }
        let bytes = run.bytes().map(|byte| self.bytes[usize::from(byte)]);
        if bytes.clone().all(|id| id.is_some()) {
            out.extend(bytes.flatten());
        } else {
            out.extend(self.unknown);
        }
    }
}
