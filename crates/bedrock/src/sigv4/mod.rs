//! Signature Version 4: verifies requests, and signs them for clients and tests.
//!
//! The steps have the names of the AWS documentation ("Create a signed AWS API request"):
//! [`create_canonical_request`], [`create_string_to_sign`], [`derive_signing_key`], [`calculate_signature`].
//! A server parses the `Authorization` header ([`Authorization::parse`]: access key, date, Region, service, which it
//! dispatches by), looks the secret up, and calls [`Authorization::verify`] with the request and the time.
//! Clocks, sockets and stores of keys are the caller's.

mod authorization;
mod canonical;
mod error;
mod sign;
#[cfg(test)]
mod tests;
mod verify;

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

pub use authorization::Authorization;
pub use canonical::{create_canonical_request, create_string_to_sign};
pub use error::SigV4Error;
pub use sign::{SigningKey, calculate_signature, derive_signing_key, sign};
pub use verify::{MAX_SKEW, refuse_presigned};

/// The only algorithm; the first word of the `Authorization` header.
pub const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// A request as it was received, before anything was decoded.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The method, in capitals.
    pub method: &'a str,
    /// The path as received, still percent-encoded, from its first `/`.
    pub path: &'a str,
    /// The query as received, without `?`; empty for none.
    pub query: &'a str,
    /// Names in any case and values, in the order received; a name may stand several times.
    pub headers: &'a [(&'a str, &'a [u8])],
    /// `:authority` of an HTTP/2 request; it also stands for a `host` that HTTP/2 does not send.
    pub authority: Option<&'a str>,
    /// The whole body.
    pub body: &'a [u8],
}

/// The scope in which a signature counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialScope {
    /// `YYYYMMDD`, UTC.
    pub date: String,
    /// The source Region, for example `us-east-1`.
    pub region: String,
    /// The signing name, for example `bedrock`.
    pub service: String,
}

impl fmt::Display for CredentialScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}/aws4_request", self.date, self.region, self.service)
    }
}

/// A secret access key: not shown by `Debug`, compared in constant time, wiped when dropped.
#[derive(Clone)]
pub struct SecretKey(Zeroizing<String>);

impl SecretKey {
    /// Takes the secret.
    #[must_use]
    pub fn new(secret: String) -> Self {
        SecretKey(Zeroizing::new(secret))
    }

    /// The secret itself, to be stored or shown once.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(redacted)")
    }
}

impl PartialEq for SecretKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl Eq for SecretKey {}
