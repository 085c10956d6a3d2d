//! Compiled grammars by their text, the least recently used forgotten first.

use std::collections::HashMap;

/// Most entries, and most bytes of their texts.
const ENTRIES_MAX: usize = 64;
const BYTES_MAX: usize = 4 * 1024 * 1024;

/// A bounded map from text.
pub(super) struct Cache<T> {
    entries: HashMap<String, Entry<T>>,
    bytes: usize,
    uses: u64,
}

struct Entry<T> {
    value: T,
    last_use: u64,
}

impl<T> Default for Cache<T> {
    fn default() -> Self {
        Self { entries: HashMap::new(), bytes: 0, uses: 0 }
    }
}

impl<T: Clone> Cache<T> {
    pub(super) fn get(&mut self, key: &str) -> Option<T> {
        self.uses += 1;
        let entry = self.entries.get_mut(key)?;
        entry.last_use = self.uses;
        Some(entry.value.clone())
    }

    /// Keeps a value, unless its key alone is too large.
    pub(super) fn put(&mut self, key: String, value: T) {
        if key.len() > BYTES_MAX || self.entries.contains_key(&key) {
            return;
        }
        self.bytes += key.len();
        self.uses += 1;
        self.entries.insert(key, Entry { value, last_use: self.uses });
        while self.entries.len() > ENTRIES_MAX || self.bytes > BYTES_MAX {
            let oldest = self.entries.iter().min_by_key(|(_, entry)| entry.last_use);
            let Some(key) = oldest.map(|(key, _)| key.clone()) else { break };
            self.bytes -= key.len();
            self.entries.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_and_bytes_are_bounded_and_the_oldest_goes() {
        let mut cache = Cache::default();
        cache.put("kept".into(), 0);
        for number in 1..200 {
            assert!(cache.get("kept").is_some());
            cache.put(format!("key {number}"), number);
        }
        assert_eq!(cache.entries.len(), ENTRIES_MAX);
        assert!(cache.get("key 1").is_none() && cache.get("key 199").is_some());
        for number in 0..6 {
            cache.put(number.to_string().repeat(1024 * 1024), number);
        }
        assert!(cache.bytes <= BYTES_MAX);
        let bytes: usize = cache.entries.keys().map(String::len).sum();
        assert_eq!(cache.bytes, bytes);
        cache.put("x".repeat(BYTES_MAX + 1), 0);
        assert!(cache.bytes <= BYTES_MAX);
    }
}
