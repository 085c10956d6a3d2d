//! Byte-level BPE: words by regex, then merges by rank.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::hash::{BuildHasherDefault, Hasher};

use engine::TokenId;

use super::TokenizerError;
use super::pre::Rules;
use super::vocab::{Source, TokenType, bpe_bytes, byte_level};
use crate::gguf::Metadata;

const MERGES: &str = "tokenizer.ggml.merges";

/// A symbol is a token's id, or `vocabulary size + n` for the n-th text that merges make but the vocabulary lacks.
type Symbol = u32;

const GONE: Symbol = Symbol::MAX;

pub(super) struct Bpe {
    rules: Rules,
    words: HashMap<Vec<u8>, TokenId>,
    merges: HashMap<(Symbol, Symbol), Merge, BuildHasherDefault<PairHasher>>,
    bytes: [Option<Symbol>; 256],
    /// Texts of the symbols that are no tokens.
    extra: Vec<Vec<u8>>,
    vocab_size: u32,
}

/// Multiplies and folds: merges are looked up for every pair of neighbours, and their ids come from the model file,
/// not from a caller.
#[derive(Default)]
struct PairHasher(u64);

impl Hasher for PairHasher {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u32(u32::from(*byte)));
    }

    fn write_u32(&mut self, n: u32) {
        self.0 = (self.0.rotate_left(29) ^ u64::from(n)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }

    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 32)
    }
}

#[derive(Clone, Copy)]
struct Merge {
    rank: u32,
    result: Symbol,
}

#[derive(Clone, Copy)]
struct Link {
    symbol: Symbol,
    prev: u32,
    next: u32,
}

/// No neighbour.
const END: u32 = u32::MAX;

/// A merge that was possible when it was noted: rank, place of the left symbol, both symbols.
type Candidate = Reverse<(u32, u32, Symbol, Symbol)>;

/// Memory that is used again from word to word.
#[derive(Default)]
struct Scratch {
    links: Vec<Link>,
    queue: BinaryHeap<Candidate>,
}

impl Bpe {
    pub(super) fn new(
        source: &Source<'_>,
        metadata: &Metadata,
        rules: Rules,
    ) -> Result<Self, TokenizerError> {
        let merges = metadata.strings(MERGES).ok_or(TokenizerError::Missing { key: MERGES })?;
        let mut words = HashMap::with_capacity(source.len());
        for (id, text, kind) in source.iter() {
            if kind == TokenType::Normal
                && let Some(bytes) = byte_level(text)
                && !bytes.is_empty()
            {
                words.entry(bytes).or_insert(id);
            }
        }
        let vocab_size = u32::try_from(source.len())
            .map_err(|_| TokenizerError::Missing { key: "tokenizer.ggml.tokens" })?;
        let mut bpe = Self {
            rules,
            words,
            merges: HashMap::with_capacity_and_hasher(merges.len(), BuildHasherDefault::default()),
            bytes: [None; 256],
            extra: Vec::new(),
            vocab_size,
        };
        bpe.read_merges(merges)?;
        Ok(bpe)
    }

    fn read_merges(&mut self, merges: &[String]) -> Result<(), TokenizerError> {
        let mut symbols: HashMap<Vec<u8>, Symbol> = self.words.clone();
        let mut symbol = |bytes: Vec<u8>, extra: &mut Vec<Vec<u8>>| -> Symbol {
            let next = self.vocab_size.saturating_add(u32::try_from(extra.len()).unwrap_or(0));
            *symbols.entry(bytes).or_insert_with_key(|bytes| {
                extra.push(bytes.clone());
                next
            })
        };
        for byte in 0..=u8::MAX {
            self.bytes[usize::from(byte)] = Some(symbol(vec![byte], &mut self.extra));
        }
        for (rank, (index, merge)) in (0..).zip(merges.iter().enumerate()) {
            // The first piece may itself begin with a space in files of other makers, never with two.
            let cut = merge.char_indices().skip(1).find(|(_, c)| *c == ' ').map(|(at, _)| at);
            let Some(cut) = cut else {
                let problem = "no space between the two pieces";
                return Err(TokenizerError::BadEntry { key: MERGES, index, problem });
            };
            let left = bpe_bytes(&merge[..cut]);
            let right = bpe_bytes(&merge[cut + 1..]);
            let whole = [left.as_slice(), &right].concat();
            let pair = (symbol(left, &mut self.extra), symbol(right, &mut self.extra));
            let result = symbol(whole, &mut self.extra);
            self.merges.entry(pair).or_insert(Merge { rank, result });
        }
        Ok(())
    }

    pub(super) fn encode(&self, text: &str, out: &mut Vec<TokenId>) {
        let mut scratch = Scratch::default();
        self.rules.split(text, &mut |word| self.encode_word(word.as_bytes(), &mut scratch, out));
    }

    fn encode_word(&self, word: &[u8], scratch: &mut Scratch, out: &mut Vec<TokenId>) {
        if self.rules.ignore_merges
            && let Some(&id) = self.words.get(word)
        {
            out.push(id);
            return;
        }
        let links = &mut scratch.links;
        links.clear();
        for &byte in word {
            let Some(symbol) = self.bytes[usize::from(byte)] else { continue };
            let place = u32::try_from(links.len()).unwrap_or(END);
            links.push(Link { symbol, prev: place.wrapping_sub(1), next: place.saturating_add(1) });
        }
        let Some(last) = links.last_mut() else { return };
        last.next = END;
        scratch.queue.clear();
        for place in 1..u32::try_from(links.len()).unwrap_or(END) {
            self.note(&scratch.links, place - 1, &mut scratch.queue);
        }
        self.merge(scratch);
        // Place 0 is never merged into a left neighbour, so the chain begins there.
        let mut place = 0;
        while let Some(link) = scratch.links.get(place as usize) {
            self.push(link.symbol, out);
            place = link.next;
        }
    }

    fn merge(&self, scratch: &mut Scratch) {
        while let Some(Reverse((_, place, left, right))) = scratch.queue.pop() {
            let links = &mut scratch.links;
            let link = links[place as usize];
            if link.symbol != left || link.next == END {
                continue;
            }
            let neighbour = links[link.next as usize];
            if neighbour.symbol != right {
                continue;
            }
            let Some(merge) = self.merges.get(&(left, right)) else { continue };
            links[link.next as usize].symbol = GONE;
            links[place as usize].symbol = merge.result;
            links[place as usize].next = neighbour.next;
            if neighbour.next != END {
                links[neighbour.next as usize].prev = place;
            }
            if link.prev != END {
                self.note(links, link.prev, &mut scratch.queue);
            }
            self.note(links, place, &mut scratch.queue);
        }
    }

    /// Queues the merge of the symbol at `place` with its right neighbour, if there is one.
    fn note(&self, links: &[Link], place: u32, queue: &mut BinaryHeap<Candidate>) {
        let link = links[place as usize];
        let Some(right) = links.get(link.next as usize) else { return };
        if let Some(merge) = self.merges.get(&(link.symbol, right.symbol)) {
            queue.push(Reverse((merge.rank, place, link.symbol, right.symbol)));
        }
    }

    fn push(&self, symbol: Symbol, out: &mut Vec<TokenId>) {
        if symbol < self.vocab_size {
            out.push(symbol);
            return;
        }
        // A merge whose result is no token: its bytes, those that are tokens.
        let bytes = &self.extra[(symbol - self.vocab_size) as usize];
        out.extend(
            bytes
                .iter()
                .filter_map(|byte| self.bytes[usize::from(*byte)])
                .filter(|symbol| *symbol < self.vocab_size),
        );
    }
}
