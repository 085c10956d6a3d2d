//! Memory for weights and for the KV cache: anonymous mappings, zero until touched.

use memmap2::{MmapMut, MmapOptions};

/// Owned, zeroed memory that takes no room until it is touched. Aligned to a page.
///
/// Kernels and loaders write disjoint parts of it from several threads through the raw pointer; whoever does so states
/// why the parts are disjoint.
pub(crate) struct Memory {
    map: MmapMut,
    start: *mut u8,
}

// SAFETY: `start` points into `map`, which is owned and does not move; access through it is the user's to order.
unsafe impl Send for Memory {}
// SAFETY: as above.
unsafe impl Sync for Memory {}

impl Memory {
    /// `bytes` of memory, backed by huge pages where the system has them (`huge`): weights are read from end to end,
    /// and fewer pages are fewer misses of the translation cache.
    pub(crate) fn new(bytes: usize, huge: bool) -> std::io::Result<Self> {
        let mut map = MmapOptions::new().len(bytes.max(1)).map_anon()?;
        #[cfg(target_os = "linux")]
        if huge && bytes >= 4 << 20 {
            // Advice only: without huge pages everything works, a little slower.
            drop(map.advise(memmap2::Advice::HugePage));
        }
        #[cfg(not(target_os = "linux"))]
        let _ = huge;
        let start = map.as_mut_ptr();
        Ok(Self { map, start })
    }

    /// Length in bytes; at least 1.
    pub(crate) fn len(&self) -> usize {
        self.map.len()
    }

    /// The address of byte `offset`.
    ///
    /// # Panics
    /// If it lies outside.
    pub(crate) fn at(&self, offset: usize) -> *mut u8 {
        assert!(offset <= self.map.len(), "offset {offset} outside of memory");
        self.start.wrapping_add(offset)
    }
}

impl std::fmt::Debug for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Memory").field("bytes", &self.map.len()).finish_non_exhaustive()
    }
}
