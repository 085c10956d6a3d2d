//! Why a signature is refused, and how that is told.

use crate::error::{ErrorKind, WireError};

/// Why a signed request is refused. Its text is the public message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SigV4Error {
    /// No credentials at all.
    #[error("Missing Authentication Token")]
    Missing,
    /// The header's first word is no algorithm that is known here.
    #[error("Unsupported AWS 'algorithm': '{0}'.")]
    Algorithm(String),
    /// A part of the header is missing, stands twice or is malformed.
    #[error("{0}")]
    Incomplete(String),
    /// A header that must be signed is not.
    #[error("'{0}' must be a 'SignedHeader' in the AWS Authorization.")]
    Unsigned(String),
    /// A signed header did not arrive, as when a proxy removed it.
    #[error("The header '{0}' is named in 'SignedHeaders' and is not in the request.")]
    HeaderAbsent(String),
    /// The credential scope's date is not the request's.
    #[error(
        "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: \
         '{scope}' != '{header}'."
    )]
    ScopeDate {
        /// Date of the scope.
        scope: String,
        /// First eight characters of `x-amz-date`.
        header: String,
    },
    /// The request is too old.
    #[error("Signature expired: {signed} is now earlier than {limit} ({now} - 5 min.)")]
    Expired {
        /// When it was signed.
        signed: String,
        /// The earliest time that is accepted.
        limit: String,
        /// The time here.
        now: String,
    },
    /// The request comes from the future.
    #[error("Signature not yet current: {signed} is still later than {limit} ({now} + 5 min.)")]
    NotYetCurrent {
        /// When it was signed.
        signed: String,
        /// The latest time that is accepted.
        limit: String,
        /// The time here.
        now: String,
    },
    /// `x-amz-content-sha256` is not the body's.
    #[error("The provided 'x-amz-content-sha256' header does not match what was computed.")]
    PayloadHash,
    /// `x-amz-content-sha256` says that the body is not signed, or signed in pieces.
    #[error(
        "The value '{0}' of 'x-amz-content-sha256' is not supported: sign the SHA-256 of the body."
    )]
    UnsignedPayload(String),
    /// The signature stands in the query.
    #[error(
        "Presigned requests are not supported. Send the signature in the Authorization header."
    )]
    Presigned,
    /// The access key is not known here.
    #[error("The security token included in the request is invalid.")]
    UnknownKey,
    /// The signature is wrong.
    #[error(
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access \
         Key and signing method. Consult the service documentation for details."
    )]
    Mismatch,
}

impl From<SigV4Error> for WireError {
    fn from(error: SigV4Error) -> WireError {
        let kind = match error {
            SigV4Error::Missing => ErrorKind::MissingAuthenticationToken,
            SigV4Error::Algorithm(_) | SigV4Error::Incomplete(_) | SigV4Error::Presigned => {
                ErrorKind::IncompleteSignature
            }
            SigV4Error::UnknownKey => ErrorKind::UnrecognizedClient,
            SigV4Error::Unsigned(_)
            | SigV4Error::HeaderAbsent(_)
            | SigV4Error::ScopeDate { .. }
            | SigV4Error::Expired { .. }
            | SigV4Error::NotYetCurrent { .. }
            | SigV4Error::PayloadHash
            | SigV4Error::UnsignedPayload(_)
            | SigV4Error::Mismatch => ErrorKind::InvalidSignature,
        };
        WireError::new(kind, error.to_string())
    }
}
