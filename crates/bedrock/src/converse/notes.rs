//! What is kept in mind while a conversation is read: its documents, and what a lenient reader mended.

use super::Reading;
use crate::conversation::{self, Turn};
use crate::documents::Documents;
use crate::error::WireError;
use crate::json::Node;

/// The notes of one request.
pub(super) struct Notes {
    reading: Reading,
    pub(super) documents: Documents,
    /// What was mended: a place, a colon, and `blank`, `empty` or `merged`.
    pub(super) mended: Vec<String>,
}

impl Notes {
    pub(super) fn new(reading: Reading) -> Self {
        Notes { reading, documents: Documents::default(), mended: Vec::new() }
    }

    /// Notes what is mended, if it may be.
    pub(super) fn mend(&mut self, what: impl FnOnce() -> String) -> bool {
        if self.reading.lenient {
            self.mended.push(what());
        }
        self.reading.lenient
    }

    /// Whether the text `value` of the block at `node` is blank, and left out for it.
    pub(super) fn drops_blank(
        &mut self,
        node: &Node<'_>,
        value: &Node<'_>,
    ) -> Result<bool, WireError> {
        Ok(value.text()?.trim().is_empty() && self.mend(|| format!("{}:blank", node.path())))
    }

    /// One turn for each run of one role, if that may be; else the turns as they are. `place` is where they stand.
    pub(super) fn merge(&mut self, turns: Vec<Turn>, place: &str) -> Vec<Turn> {
        if !self.reading.lenient {
            return turns;
        }
        let runs = turns.windows(2).filter(|pair| pair[0].message.role == pair[1].message.role);
        self.mended.extend(runs.map(|pair| format!("{place}.{}:merged", pair[1].at)));
        conversation::merge(turns)
    }
}
