//! What clients store: the statements of each kind of thing, a file each. Everything is keyed by the account and the
//! Region that own it, and another's is as if it were not there.

pub(crate) mod profiles;
pub(crate) mod tags;

use bedrock::error::WireError;
use store::StoreError;

/// Whose a thing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Owner<'a> {
    /// 12 digits.
    pub(crate) account: &'a str,
    pub(crate) region: &'a str,
}

impl Owner<'_> {
    /// Whether an ARN of this Region and account names something that may be the owner's.
    pub(crate) fn is(&self, account: &str, region: &str) -> bool {
        self.account == account && self.region == region
    }
}

/// The answer to a request whose statement failed. The cause is for the log: it names columns, never values.
pub(crate) fn failed(error: impl Into<StoreError>) -> WireError {
    match error.into() {
        StoreError::Busy => WireError::unavailable(),
        error => {
            tracing::error!(%error, "the database failed");
            WireError::internal()
        }
    }
}
