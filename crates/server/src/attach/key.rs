//! What makes two attempts the same call.

use http::HeaderMap;

use crate::auth::Caller;

/// Longest invocation id that is kept; SDKs send UUIDs.
const MAX_INVOCATION_ID: usize = 128;

/// The same caller, invocation id, path and body.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    account: String,
    key_id: String,
    invocation: String,
    path: String,
    body_sha256: [u8; 32],
}

/// Which attempt of how many a request is, from `amz-sdk-request: attempt=1; max=3`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Attempt {
    attempt: u32,
    max: u32,
}

impl Attempt {
    /// Reads the header; `None` if it is absent or says nothing usable.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let text = headers.get("amz-sdk-request")?.to_str().ok()?;
        let field = |name: &str| {
            let mut pairs = text.split(';').filter_map(|pair| pair.trim().split_once('='));
            pairs.find(|(key, _)| *key == name)?.1.parse().ok()
        };
        Some(Self { attempt: field("attempt")?, max: field("max")? })
    }

    /// Whether an attempt went before.
    pub(crate) fn is_retry(self) -> bool {
        self.attempt > 1
    }

    /// Whether the client may try again after this attempt.
    pub(crate) fn may_retry(self) -> bool {
        self.attempt < self.max
    }
}

impl Key {
    /// The key of a request, `None` if it has no invocation id.
    pub(crate) fn of(
        caller: &Caller,
        headers: &HeaderMap,
        path: &str,
        body_sha256: [u8; 32],
    ) -> Option<Self> {
        let invocation = headers.get("amz-sdk-invocation-id")?.to_str().ok()?;
        (1..=MAX_INVOCATION_ID).contains(&invocation.len()).then(|| Self {
            account: caller.account.clone(),
            key_id: caller.key_id.clone(),
            invocation: invocation.to_owned(),
            path: path.to_owned(),
            body_sha256,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(text: &str) -> Option<Attempt> {
        let mut headers = HeaderMap::new();
        headers.insert("amz-sdk-request", text.parse().unwrap());
        Attempt::of(&headers)
    }

    #[test]
    fn attempts_are_read() {
        assert!(attempt("attempt=1; max=3").unwrap().may_retry());
        assert!(attempt("ttl=20261124T010000Z; attempt=2; max=3").unwrap().may_retry());
        assert!(!attempt("attempt=3; max=3").unwrap().may_retry());
        assert_eq!(attempt("attempt=1"), None);
        assert_eq!(attempt("attempt=x; max=3"), None);
    }
}
