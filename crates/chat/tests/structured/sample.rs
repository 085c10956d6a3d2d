//! A model that chooses any allowed token with equal chance.

use engine::{Constraint, TokenId, Tokenizer};

/// SplitMix64.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((x ^ (x >> 31)) % bound as u64).unwrap()
    }
}

/// What came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) tokens: Vec<TokenId>,
    pub(crate) bytes: Vec<u8>,
    /// Whether a stop token was chosen.
    pub(crate) ended: bool,
}

pub(crate) fn allowed(constraint: &mut dyn Constraint, tokenizer: &dyn Tokenizer) -> Vec<TokenId> {
    let size = tokenizer.vocab_size();
    let mut mask = vec![u64::MAX; size.div_ceil(64)];
    constraint.mask(&mut mask);
    let ids = 0..u32::try_from(size).unwrap();
    ids.filter(|id| mask[*id as usize / 64] >> (id % 64) & 1 == 1).collect()
}

/// Says at most `most` tokens. With `force`, forced tokens are taken as an engine takes them.
pub(crate) fn say(
    constraint: &mut dyn Constraint,
    tokenizer: &dyn Tokenizer,
    (seed, most, force): (u64, usize, bool),
) -> Said {
    let mut dice = Dice::new(seed);
    let mut said = Said { tokens: Vec::new(), bytes: Vec::new(), ended: false };
    let mut queue: Vec<TokenId> = Vec::new();
    while said.tokens.len() < most {
        let forced = if queue.is_empty() { None } else { Some(queue.remove(0)) };
        let token = forced.unwrap_or_else(|| {
            let allowed = allowed(constraint, tokenizer);
            assert!(
                !allowed.is_empty(),
                "dead end after {:?}",
                String::from_utf8_lossy(&said.bytes)
            );
            allowed[dice.below(allowed.len())]
        });
        if tokenizer.stop_tokens().contains(&token) {
            said.ended = true;
            return said;
        }
        constraint.accept(token);
        said.tokens.push(token);
        said.bytes.extend_from_slice(tokenizer.token_bytes(token));
        if forced.is_none() && force {
            queue = constraint.forced();
        }
    }
    said
}
