//! WHICH BLOCK HOLDS WHICH TOKENS: full KV blocks by the tokens in them and all tokens before.
//!
//! The key is a hash chained from block to block; its root is made of the request's cache root, the model's digest
//! and the KV type. A hit is believed only if the parent is the same entry and the block's token ids are equal, so a
//! collision of hashes is a miss and never a wrong answer.

use std::collections::HashMap;

use crate::{BLOCK_TOKENS, BlockId, ModelInfo, TokenId};

/// What stands before a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Parent {
    /// Nothing; the value is the request's cache root.
    Root(u64),
    /// The entry with this number. Numbers are never used twice.
    Entry(u64),
}

/// The end of a known prefix: what the next block's key is chained to. Equal tails mean equal tokens before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tail {
    parent: Parent,
    hash: u64,
}

#[derive(Debug)]
struct Entry {
    number: u64,
    parent: Parent,
    tokens: [TokenId; BLOCK_TOKENS],
    block: BlockId,
}

/// What became of an insertion.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Inserted {
    /// The block is known now.
    New(Tail),
    /// Another block holds the same tokens already.
    Known(BlockId, Tail),
    /// Different tokens with the same hash are in the way: this block and its successors stay unknown.
    Collision,
}

/// All full blocks whose content is known.
#[derive(Debug)]
pub(crate) struct PrefixCache {
    salt: u64,
    chain: fn(u64, &[TokenId]) -> u64,
    by_hash: HashMap<u64, Entry>,
    hashes: HashMap<BlockId, u64>,
    entries_made: u64,
}

impl PrefixCache {
    /// An empty cache for one model.
    pub(crate) fn new(info: &ModelInfo) -> Self {
        let kv_type = info.kv_type.bytes().map(TokenId::from);
        let salt: Vec<TokenId> =
            info.digest.iter().copied().map(TokenId::from).chain(kv_type).collect();
        let (by_hash, hashes) = (HashMap::new(), HashMap::new());
        Self { salt: chain(0, &salt), chain, by_hash, hashes, entries_made: 0 }
    }

    /// The tail of the empty prefix.
    pub(crate) fn root(&self, cache_root: u64) -> Tail {
        Tail { parent: Parent::Root(cache_root), hash: absorb(self.salt, cache_root) }
    }

    /// The block that holds `tokens` (a full block of them) after `tail`.
    pub(crate) fn find(&self, tail: Tail, tokens: &[TokenId]) -> Option<(BlockId, Tail)> {
        let hash = (self.chain)(tail.hash, tokens);
        let entry = self.by_hash.get(&hash)?;
        let same = entry.parent == tail.parent && entry.tokens == tokens;
        same.then_some((entry.block, Tail { parent: Parent::Entry(entry.number), hash }))
    }

    /// Makes known that `block` holds `tokens` (a full block of them) after `tail`.
    pub(crate) fn insert(&mut self, tail: Tail, tokens: &[TokenId], block: BlockId) -> Inserted {
        if let Some((known, tail)) = self.find(tail, tokens) {
            return Inserted::Known(known, tail);
        }
        let hash = (self.chain)(tail.hash, tokens);
        let Ok(tokens) = tokens.try_into() else { return Inserted::Collision };
        if self.by_hash.contains_key(&hash) {
            return Inserted::Collision;
        }
        let number = self.entries_made;
        self.entries_made += 1;
        self.by_hash.insert(hash, Entry { number, parent: tail.parent, tokens, block });
        self.hashes.insert(block, hash);
        Inserted::New(Tail { parent: Parent::Entry(number), hash })
    }

    /// Forgets an evicted block.
    pub(crate) fn forget(&mut self, block: BlockId) {
        if let Some(hash) = self.hashes.remove(&block) {
            self.by_hash.remove(&hash);
        }
    }
}

fn absorb(hash: u64, value: u64) -> u64 {
    let mixed = (hash ^ value).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9).rotate_left(31)
}

fn chain(parent: u64, tokens: &[TokenId]) -> u64 {
    tokens.iter().fold(absorb(parent, 1), |hash, &token| absorb(hash, token.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FakeModel, Model};

    fn cache() -> PrefixCache {
        PrefixCache::new(FakeModel::new(10, 10).info())
    }

    fn tokens(first: u32) -> Vec<TokenId> {
        (first..).take(BLOCK_TOKENS).collect()
    }

    fn insert(cache: &mut PrefixCache, tail: Tail, first: u32, block: u32) -> Tail {
        match cache.insert(tail, &tokens(first), BlockId(block)) {
            Inserted::New(tail) => tail,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_block_is_found_only_after_the_same_prefix() {
        let mut cache = cache();
        let root = cache.root(1);
        let a = insert(&mut cache, root, 0, 0);
        let ab = insert(&mut cache, a, 100, 1);
        assert_eq!(cache.find(a, &tokens(100)), Some((BlockId(1), ab)));
        assert_eq!(cache.find(root, &tokens(100)), None);
        assert_eq!(cache.find(cache.root(2), &tokens(0)), None, "another account");
        let again = cache.insert(a, &tokens(100), BlockId(7));
        assert_eq!(again, Inserted::Known(BlockId(1), ab));
    }

    #[test]
    fn the_model_and_its_kv_type_are_in_the_root() {
        let mut info = FakeModel::new(10, 10).info().clone();
        let base = PrefixCache::new(&info).root(1);
        info.kv_type = "f16";
        assert_ne!(base, PrefixCache::new(&info).root(1));
        info.kv_type = "f32";
        info.digest[31] ^= 1;
        assert_ne!(base, PrefixCache::new(&info).root(1));
    }

    #[test]
    fn a_forgotten_parent_hides_its_children_for_good() {
        let mut cache = cache();
        let root = cache.root(1);
        let a = insert(&mut cache, root, 0, 0);
        insert(&mut cache, a, 100, 1);
        cache.forget(BlockId(0));
        assert_eq!(cache.find(root, &tokens(0)), None);
        let new_a = insert(&mut cache, root, 0, 5);
        assert_eq!(cache.find(new_a, &tokens(100)), None, "a child of the old entry");
    }

    #[test]
    fn colliding_hashes_are_misses_not_wrong_blocks() {
        let mut cache = cache();
        cache.chain = |_, _| 42;
        let root = cache.root(1);
        let a = insert(&mut cache, root, 0, 0);
        assert_eq!(cache.find(root, &tokens(1)), None);
        assert_eq!(cache.find(a, &tokens(0)), None);
        assert_eq!(cache.insert(root, &tokens(1), BlockId(1)), Inserted::Collision);
        assert_eq!(cache.insert(a, &tokens(0), BlockId(1)), Inserted::Collision);
        assert!(cache.find(root, &tokens(0)).is_some());
    }
}
