//! A model without weights and a tokenizer without a vocabulary file, for tests and load tests.

use std::time::Duration;

use crate::{
    BLOCK_TOKENS, BlockId, Chunk, LogitsRows, Model, ModelError, ModelInfo, TokenId, Tokenizer,
};

/// A model whose logits are a hash of the whole context, read back through the paged KV cache: a wrong block, a
/// missing copy or a stale position changes every later token. It keeps the law of [`Model`] bit for bit.
#[derive(Debug)]
pub struct FakeModel {
    info: ModelInfo,
    /// One word per cache position: a hash of the token and its position.
    kv: Vec<u64>,
    step_delay: Duration,
    token_delay: Duration,
    printable: bool,
}

/// Logits lie in `-SPREAD..SPREAD`, so that a softmax has a few likely tokens and a long tail.
const SPREAD: f32 = 6.0;

impl FakeModel {
    /// A model with `vocab_size` tokens and a window of `context_length` tokens. Its KV cache counts as 1 KiB a
    /// token against the engine's budget.
    #[must_use]
    pub fn new(vocab_size: usize, context_length: usize) -> Self {
        let info = ModelInfo {
            name: "fake".to_owned(),
            vocab_size,
            context_length,
            digest: [0x5A; 32],
            kv_type: "f32",
            kv_bytes_per_token: 1024,
            fingerprint: "fake".to_owned(),
        };
        let (step_delay, token_delay) = (Duration::ZERO, Duration::ZERO);
        Self { info, kv: Vec::new(), step_delay, token_delay, printable: false }
    }

    /// A model over [`ByteTokenizer`]'s vocabulary that writes printable ASCII and, now and then, the stop token.
    #[must_use]
    pub fn for_bytes(context_length: usize) -> Self {
        let mut fake = Self::new(ByteTokenizer::new().vocab_size(), context_length);
        fake.printable = true;
        fake
    }

    /// Makes each step sleep this long, and each token in it so much longer: the speed of a real model.
    #[must_use]
    pub fn with_delays(mut self, per_step: Duration, per_token: Duration) -> Self {
        (self.step_delay, self.token_delay) = (per_step, per_token);
        self
    }

    /// The logits after `context`, computed without any cache: what every engine must agree with.
    #[must_use]
    pub fn reference_logits(&self, context: &[TokenId]) -> Vec<f32> {
        let entries = context.iter().enumerate().map(|(position, &token)| entry(token, position));
        let mut row = Vec::new();
        self.push_row(entries.fold(0, absorb), &mut row);
        row
    }

    fn slot(block_table: &[BlockId], position: usize) -> usize {
        block_table[position / BLOCK_TOKENS].0 as usize * BLOCK_TOKENS + position % BLOCK_TOKENS
    }

    fn push_row(&self, state: u64, logits: &mut Vec<f32>) {
        let first = logits.len();
        logits.extend((0..self.info.vocab_size as u64).map(|id| spread(mix(state ^ mix(id)))));
        if self.printable {
            let row = &mut logits[first..];
            row[32..127].iter_mut().for_each(|logit| *logit += 100.0);
            row[ByteTokenizer::END as usize] += 97.0;
        }
    }
}

impl Model for FakeModel {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn reserve_kv(&mut self, num_blocks: usize) -> Result<(), ModelError> {
        self.kv = vec![0xDEAD_BEEF; num_blocks * BLOCK_TOKENS];
        Ok(())
    }

    fn copy_block(&mut self, from: BlockId, to: BlockId) {
        let first = |block: BlockId| block.0 as usize * BLOCK_TOKENS;
        self.kv.copy_within(first(from)..first(from) + BLOCK_TOKENS, first(to));
    }

    fn forward(&mut self, chunks: &[Chunk<'_>], logits: &mut Vec<f32>) -> Result<(), ModelError> {
        logits.clear();
        let mut tokens = 0;
        for chunk in chunks {
            for (offset, &token) in chunk.tokens.iter().enumerate() {
                let position = chunk.start + offset;
                self.kv[Self::slot(chunk.block_table, position)] = entry(token, position);
            }
            tokens += chunk.tokens.len();
        }
        for chunk in chunks {
            let wanted = match chunk.logits {
                LogitsRows::None => 0,
                LogitsRows::Last => 1,
                LogitsRows::All => chunk.tokens.len(),
            };
            let end = chunk.start + chunk.tokens.len();
            let mut state = 0;
            for position in 0..if wanted == 0 { 0 } else { end } {
                state = absorb(state, self.kv[Self::slot(chunk.block_table, position)]);
                if position + wanted >= end {
                    self.push_row(state, logits);
                }
            }
        }
        let pause = self.step_delay + self.token_delay * u32::try_from(tokens).unwrap_or(u32::MAX);
        if !pause.is_zero() {
            std::thread::sleep(pause);
        }
        Ok(())
    }
}

/// The finaliser of SplitMix64 (Steele, Lea, Flood 2014).
pub(crate) fn mix(x: u64) -> u64 {
    let x = x.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

fn entry(token: TokenId, position: usize) -> u64 {
    mix(u64::from(token) ^ ((position as u64) << 32))
}

fn absorb(state: u64, entry: u64) -> u64 {
    mix(state.rotate_left(7) ^ entry)
}

fn spread(hash: u64) -> f32 {
    ((hash >> 40) as f32 / (1u32 << 24) as f32 - 0.5) * 2.0 * SPREAD
}

/// Every byte is a token; control tokens follow from id 256.
#[derive(Debug)]
pub struct ByteTokenizer {
    bytes: [u8; 256],
    controls: Vec<(String, TokenId)>,
}

const CONTROLS: [&str; 8] = [
    "<|bos|>",
    "<|end|>",
    "<|system|>",
    "<|user|>",
    "<|assistant|>",
    "<|tools|>",
    "<|tool_call|>",
    "<|tool_result|>",
];

impl ByteTokenizer {
    /// `<|bos|>`.
    pub const BOS: TokenId = 256;
    /// `<|end|>`, the stop token.
    pub const END: TokenId = 257;

    /// 256 bytes and the control tokens of the built-in model's chat format.
    #[must_use]
    pub fn new() -> Self {
        let mut bytes = [0; 256];
        bytes.iter_mut().zip(0..=u8::MAX).for_each(|(slot, byte)| *slot = byte);
        let mut controls: Vec<_> =
            CONTROLS.iter().zip(256..).map(|(text, id)| ((*text).to_owned(), id)).collect();
        controls.sort_by_key(|(text, _)| std::cmp::Reverse(text.len()));
        Self { bytes, controls }
    }
}

impl Default for ByteTokenizer {
    fn default() -> Self {
        Self::new()
    }
}

impl Tokenizer for ByteTokenizer {
    fn vocab_size(&self) -> usize {
        self.bytes.len() + self.controls.len()
    }

    fn encode(&self, text: &str) -> Vec<TokenId> {
        text.bytes().map(TokenId::from).collect()
    }

    fn token_bytes(&self, id: TokenId) -> &[u8] {
        let index = id as usize;
        self.bytes.get(index..=index).unwrap_or_default()
    }

    fn control(&self, text: &str) -> Option<TokenId> {
        self.controls.iter().find(|(control, _)| control == text).map(|&(_, id)| id)
    }

    fn controls(&self) -> &[(String, TokenId)] {
        &self.controls
    }

    fn bos(&self) -> Option<TokenId> {
        Some(Self::BOS)
    }

    fn add_bos(&self) -> bool {
        true
    }

    fn stop_tokens(&self) -> &[TokenId] {
        &[Self::END]
    }

    fn adds_space_prefix(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(fake: &mut FakeModel, start: usize, tokens: &[u32], table: &[BlockId]) -> Vec<f32> {
        let mut logits = vec![1.0];
        let chunk = Chunk { tokens, start, block_table: table, logits: LogitsRows::Last };
        fake.forward(&[chunk], &mut logits).unwrap();
        logits
    }

    #[test]
    fn paged_rows_equal_the_reference_however_they_are_cut() {
        let mut fake = FakeModel::new(50, 100);
        fake.reserve_kv(8).unwrap();
        let tokens: Vec<u32> = (0..40).map(|i| i * 7 % 50).collect();
        let table = [BlockId(5), BlockId(0), BlockId(7)];
        assert_eq!(run(&mut fake, 0, &tokens, &table), fake.reference_logits(&tokens));
        for cut in [1, 15, 16, 17, 39] {
            let table = [BlockId(1), BlockId(4), BlockId(2)];
            run(&mut fake, 0, &tokens[..cut], &table);
            let tail = run(&mut fake, cut, &tokens[cut..], &table);
            assert_eq!(tail, fake.reference_logits(&tokens));
        }
    }

    #[test]
    fn a_wrong_block_changes_the_row() {
        let mut fake = FakeModel::new(50, 100);
        fake.reserve_kv(8).unwrap();
        let tokens = [3; 20];
        run(&mut fake, 0, &tokens, &[BlockId(0), BlockId(1)]);
        let right = run(&mut fake, 20, &[4], &[BlockId(0), BlockId(1)]);
        let wrong = run(&mut fake, 20, &[4], &[BlockId(2), BlockId(1)]);
        assert_ne!(right, wrong);
        fake.copy_block(BlockId(0), BlockId(2));
        assert_eq!(right, run(&mut fake, 20, &[4], &[BlockId(2), BlockId(1)]));
    }

    #[test]
    fn all_rows_are_the_rows_of_the_prefixes() {
        let mut fake = FakeModel::new(10, 100);
        fake.reserve_kv(1).unwrap();
        let chunk = Chunk {
            tokens: &[1, 2, 3],
            start: 0,
            block_table: &[BlockId(0)],
            logits: LogitsRows::All,
        };
        let mut logits = Vec::new();
        fake.forward(&[chunk], &mut logits).unwrap();
        let prefixes = [&[1][..], &[1, 2], &[1, 2, 3]];
        let expected: Vec<f32> = prefixes.iter().flat_map(|p| fake.reference_logits(p)).collect();
        assert_eq!(logits, expected);
    }

    #[test]
    fn bytes_round_trip_and_controls_are_not_text() {
        let tokenizer = ByteTokenizer::new();
        let ids = tokenizer.encode("é<|end|>");
        assert_eq!(ids.len(), 9);
        let bytes: Vec<u8> =
            ids.iter().flat_map(|&id| tokenizer.token_bytes(id)).copied().collect();
        assert_eq!(bytes, "é<|end|>".as_bytes());
        assert_eq!(tokenizer.control("<|end|>"), Some(ByteTokenizer::END));
        assert!(tokenizer.token_bytes(ByteTokenizer::END).is_empty());
        assert!(tokenizer.token_bytes(u32::MAX).is_empty());
        assert_eq!(tokenizer.vocab_size(), 264);
    }
}
