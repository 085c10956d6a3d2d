//! THE KV CACHE OF ALL SEQUENCES: block manager and prefix cache kept in step.

use crate::block_manager::BlockManager;
use crate::prefix_cache::{Inserted, PrefixCache, Tail};
use crate::{BLOCK_TOKENS, BlockId, ModelInfo, TokenId};

/// The blocks of one sequence.
#[derive(Debug)]
pub(crate) struct Table {
    /// Position `p` lives in `blocks[p / BLOCK_TOKENS]`.
    pub(crate) blocks: Vec<BlockId>,
    /// Positions whose keys and values are in the cache.
    pub(crate) computed: usize,
    /// What the full blocks hold, as the prefix cache knows it; `None` after a collision.
    pub(crate) tail: Option<Tail>,
}

/// No block is free or idle.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct OutOfBlocks;

/// How much of a prompt is in the cache, in blocks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Known {
    /// Blocks that some sequence holds: they cost nothing.
    pub(crate) held: usize,
    /// Idle blocks: using them makes them unavailable.
    pub(crate) idle: usize,
}

/// All blocks and what is known of their content.
#[derive(Debug)]
pub(crate) struct KvCache {
    pub(crate) blocks: BlockManager,
    prefix: PrefixCache,
}

/// Blocks for this many tokens.
pub(crate) fn blocks_for(tokens: usize) -> usize {
    tokens.div_ceil(BLOCK_TOKENS)
}

/// Full blocks of a sequence that may come from the cache: its last token is always computed, for its logits.
pub(crate) fn reusable_blocks(tokens: &[TokenId]) -> usize {
    tokens.len().saturating_sub(1) / BLOCK_TOKENS
}

/// The tokens of a block.
pub(crate) fn block_tokens(tokens: &[TokenId], index: usize) -> &[TokenId] {
    &tokens[index * BLOCK_TOKENS..(index + 1) * BLOCK_TOKENS]
}

impl KvCache {
    pub(crate) fn new(num_blocks: u32, info: &ModelInfo) -> Self {
        Self { blocks: BlockManager::new(num_blocks), prefix: PrefixCache::new(info) }
    }

    /// An empty table.
    pub(crate) fn table(&self, cache_root: u64) -> Table {
        Table { blocks: Vec::new(), computed: 0, tail: Some(self.prefix.root(cache_root)) }
    }

    /// How much of `tokens` an empty table would find.
    pub(crate) fn known(&self, cache_root: u64, tokens: &[TokenId]) -> Known {
        let mut known = Known::default();
        let mut tail = self.prefix.root(cache_root);
        for index in 0..reusable_blocks(tokens) {
            let Some((block, next)) = self.prefix.find(tail, block_tokens(tokens, index)) else {
                break;
            };
            tail = next;
            if self.blocks.references(block) > 0 {
                known.held += 1;
            } else {
                known.idle += 1;
            }
        }
        known
    }

    /// Takes over the known blocks from the one on that holds the next position; a half-full block of its own gives
    /// way. Says how many.
    pub(crate) fn adopt(&mut self, table: &mut Table, tokens: &[TokenId]) -> usize {
        let mut adopted = 0;
        for index in table.computed / BLOCK_TOKENS..reusable_blocks(tokens) {
            let Some(tail) = table.tail else { break };
            let Some((block, next)) = self.prefix.find(tail, block_tokens(tokens, index)) else {
                break;
            };
            self.blocks.retain(block);
            self.put(table, index, block);
            table.tail = Some(next);
            table.computed = (index + 1) * BLOCK_TOKENS;
            adopted += 1;
        }
        adopted
    }

    /// Sets a table's block; the one that was there loses a reference.
    fn put(&mut self, table: &mut Table, index: usize, block: BlockId) {
        match table.blocks.get_mut(index) {
            Some(old) => self.blocks.release(std::mem::replace(old, block)),
            None => table.blocks.push(block),
        }
    }

    fn allocate(&mut self) -> Result<BlockId, OutOfBlocks> {
        let allocated = self.blocks.allocate().ok_or(OutOfBlocks)?;
        if allocated.evicted {
            self.prefix.forget(allocated.block);
        }
        Ok(allocated.block)
    }

    /// Makes the table able to take positions `computed..end`. A half-full block that others hold too is replaced:
    /// the answer names the copy (from, to) to make now.
    ///
    /// # Errors
    /// [`OutOfBlocks`]; the table keeps what it got.
    pub(crate) fn grow(
        &mut self,
        table: &mut Table,
        end: usize,
    ) -> Result<Option<(BlockId, BlockId)>, OutOfBlocks> {
        while table.blocks.len() < blocks_for(end) {
            table.blocks.push(self.allocate()?);
        }
        let index = table.computed / BLOCK_TOKENS;
        let half_full = !table.computed.is_multiple_of(BLOCK_TOKENS);
        let block = table.blocks[index];
        if !half_full || self.blocks.references(block) == 1 {
            return Ok(None);
        }
        let own = self.allocate()?;
        self.put(table, index, own);
        Ok(Some((block, own)))
    }

    /// Tells that positions up to `computed` are in the cache now, and makes full blocks known.
    ///
    /// When another block with the same content is known already, the table changes over to it and its own becomes
    /// free: equal tokens have equal keys and values, bit for bit.
    pub(crate) fn commit(&mut self, table: &mut Table, tokens: &[TokenId], computed: usize) {
        for index in table.computed / BLOCK_TOKENS..computed / BLOCK_TOKENS {
            let Some(tail) = table.tail else { break };
            let block = table.blocks[index];
            table.tail = match self.prefix.insert(tail, block_tokens(tokens, index), block) {
                Inserted::New(next) => {
                    self.blocks.set_cached(block);
                    Some(next)
                }
                Inserted::Known(known, next) => {
                    self.blocks.retain(known);
                    self.put(table, index, known);
                    Some(next)
                }
                Inserted::Collision => None,
            };
        }
        table.computed = computed;
    }

    /// A second table over the same blocks.
    pub(crate) fn fork(&mut self, table: &Table) -> Table {
        table.blocks.iter().for_each(|&block| self.blocks.retain(block));
        Table { blocks: table.blocks.clone(), computed: table.computed, tail: table.tail }
    }

    /// Gives all blocks back and empties the table. The last block goes first, so that a prefix outlives its ends.
    pub(crate) fn release(&mut self, table: &mut Table, cache_root: u64) {
        table.blocks.drain(..).rev().for_each(|block| self.blocks.release(block));
        *table = self.table(cache_root);
    }
}

#[cfg(test)]
#[path = "kv/tests.rs"]
mod tests;
