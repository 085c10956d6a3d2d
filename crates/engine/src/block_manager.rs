//! WHO HOLDS WHICH KV BLOCK: reference counts, the free list, and idle blocks that the prefix cache keeps.
//!
//! A block is in one of three states: held (references > 0), idle (no reference, but its content is known to the
//! prefix cache; evicted when room is needed, least recently used first), free.

use crate::BlockId;
use crate::lru::Lru;

/// Reference counts and free list of all KV blocks of an engine.
#[derive(Debug)]
pub(crate) struct BlockManager {
    references: Vec<u32>,
    /// Whether the prefix cache knows the block's content.
    cached: Vec<bool>,
    free: Vec<BlockId>,
    idle: Lru,
}

/// A block given out.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Allocated {
    pub(crate) block: BlockId,
    /// The prefix cache must forget the block's old content.
    pub(crate) evicted: bool,
}

impl BlockManager {
    pub(crate) fn new(num_blocks: u32) -> Self {
        let count = num_blocks as usize;
        Self {
            references: vec![0; count],
            cached: vec![false; count],
            free: (0..num_blocks).rev().map(BlockId).collect(),
            idle: Lru::new(num_blocks),
        }
    }

    /// A block with one reference; an idle one is evicted if none is free. `None`: all are held.
    pub(crate) fn allocate(&mut self) -> Option<Allocated> {
        let (block, evicted) = match self.free.pop() {
            Some(block) => (block, false),
            None => (self.idle.pop()?, true),
        };
        self.cached[block.0 as usize] = false;
        self.references[block.0 as usize] = 1;
        Some(Allocated { block, evicted })
    }

    /// Adds a reference to a held or idle block.
    pub(crate) fn retain(&mut self, block: BlockId) {
        let references = &mut self.references[block.0 as usize];
        *references += 1;
        if *references == 1 {
            self.idle.remove(block);
        }
    }

    /// Drops a reference. The last one makes the block idle or free.
    pub(crate) fn release(&mut self, block: BlockId) {
        let references = &mut self.references[block.0 as usize];
        *references -= 1;
        if *references == 0 {
            if self.cached[block.0 as usize] {
                self.idle.push(block);
            } else {
                self.free.push(block);
            }
        }
    }

    /// Tells that the prefix cache knows this held block's content.
    pub(crate) fn set_cached(&mut self, block: BlockId) {
        self.cached[block.0 as usize] = true;
    }

    pub(crate) fn references(&self, block: BlockId) -> u32 {
        self.references[block.0 as usize]
    }

    pub(crate) fn total(&self) -> usize {
        self.references.len()
    }

    /// Blocks that [`allocate`](Self::allocate) could give out now.
    pub(crate) fn available(&self) -> usize {
        self.free.len() + self.idle.len()
    }

    pub(crate) fn idle(&self) -> usize {
        self.idle.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uncached_blocks_become_free_and_cached_ones_idle() {
        let mut blocks = BlockManager::new(2);
        let a = blocks.allocate().unwrap().block;
        let b = blocks.allocate().unwrap().block;
        assert_eq!(blocks.allocate(), None);
        blocks.set_cached(a);
        blocks.release(a);
        blocks.release(b);
        assert_eq!((blocks.available(), blocks.idle()), (2, 1));
        assert_eq!(blocks.allocate(), Some(Allocated { block: b, evicted: false }));
        assert_eq!(blocks.allocate(), Some(Allocated { block: a, evicted: true }));
    }

    #[test]
    fn a_retained_idle_block_is_not_evicted() {
        let mut blocks = BlockManager::new(1);
        let block = blocks.allocate().unwrap().block;
        blocks.set_cached(block);
        blocks.release(block);
        blocks.retain(block);
        assert_eq!((blocks.references(block), blocks.available()), (1, 0));
        assert_eq!(blocks.allocate(), None);
        blocks.release(block);
        assert_eq!(blocks.idle(), 1);
    }
}
