//! Blocks by last use: a doubly linked list over block numbers, every operation in constant time.

use crate::BlockId;

#[derive(Clone, Copy, Debug)]
struct Links {
    older: u32,
    newer: u32,
}

/// A list of distinct blocks, oldest first.
#[derive(Debug)]
pub(crate) struct Lru {
    /// One entry per block, and a last one that closes the ring.
    links: Vec<Links>,
    len: usize,
}

impl Lru {
    /// An empty list for blocks `0..num_blocks`.
    pub(crate) fn new(num_blocks: u32) -> Self {
        let links = (0..=num_blocks).map(|own| Links { older: own, newer: own }).collect();
        Self { links, len: 0 }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    fn ring(&self) -> u32 {
        u32::try_from(self.links.len() - 1).unwrap_or(u32::MAX)
    }

    fn at(&mut self, index: u32) -> &mut Links {
        &mut self.links[index as usize]
    }

    /// Puts a block that is not in the list at the newest end.
    pub(crate) fn push(&mut self, block: BlockId) {
        let ring = self.ring();
        let newest = self.at(ring).older;
        *self.at(block.0) = Links { older: newest, newer: ring };
        self.at(newest).newer = block.0;
        self.at(ring).older = block.0;
        self.len += 1;
    }

    /// Takes a block that is in the list out of it.
    pub(crate) fn remove(&mut self, block: BlockId) {
        let Links { older, newer } = *self.at(block.0);
        self.at(older).newer = newer;
        self.at(newer).older = older;
        *self.at(block.0) = Links { older: block.0, newer: block.0 };
        self.len -= 1;
    }

    /// Takes the oldest block.
    pub(crate) fn pop(&mut self) -> Option<BlockId> {
        let ring = self.ring();
        let oldest = self.at(ring).newer;
        if oldest == ring {
            return None;
        }
        self.remove(BlockId(oldest));
        Some(BlockId(oldest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_leaves_first_and_any_can_leave() {
        let mut lru = Lru::new(5);
        assert_eq!(lru.pop(), None);
        for block in [3, 0, 4, 1] {
            lru.push(BlockId(block));
        }
        lru.remove(BlockId(4));
        lru.remove(BlockId(3));
        lru.push(BlockId(3));
        assert_eq!(lru.len(), 3);
        let order: Vec<u32> = std::iter::from_fn(|| lru.pop()).map(|block| block.0).collect();
        assert_eq!(order, [0, 1, 3]);
        assert_eq!(lru.len(), 0);
    }
}
