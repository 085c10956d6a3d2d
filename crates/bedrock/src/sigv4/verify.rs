//! Verification of a received request.

use subtle::ConstantTimeEq as _;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{Duration, OffsetDateTime, PrimitiveDateTime};

use super::authorization::echo;
use super::canonical::{create_canonical_request, create_string_to_sign, header_values};
use super::sign::{calculate_signature, derive_signing_key, hashed_payload};
use super::{Authorization, Request, SecretKey, SigV4Error};

/// How far the request's time may be from ours, either way.
pub const MAX_SKEW: Duration = Duration::minutes(5);

/// `x-amz-date`: ISO 8601 basic format, UTC.
const DATE_TIME: &[BorrowedFormatItem<'_>] =
    format_description!("[year][month][day]T[hour][minute][second]Z");

/// Headers that change what a request means, and so must be signed where they are sent.
const SIGNED_PREFIX: &str = "x-amzn-bedrock-";

/// Refuses a request that carries its signature in the query.
///
/// # Errors
/// [`SigV4Error::Presigned`].
pub fn refuse_presigned(query: &str) -> Result<(), SigV4Error> {
    let presigned = |pair: &str| {
        pair.split('=').next().is_some_and(|name| {
            name.eq_ignore_ascii_case("X-Amz-Signature")
                || name.eq_ignore_ascii_case("X-Amz-Algorithm")
        })
    };
    if query.split('&').any(presigned) { Err(SigV4Error::Presigned) } else { Ok(()) }
}

impl Authorization {
    /// Verifies that the holder of `secret` signed this request within [`MAX_SKEW`] of `now`.
    ///
    /// The payload's hash is always computed from the body. `host` (or `:authority`), `x-amz-date` and every
    /// `x-amzn-bedrock-*` header must be signed. Signatures are compared in constant time.
    ///
    /// # Errors
    /// The reason why not.
    pub fn verify(
        &self,
        request: &Request<'_>,
        secret: &SecretKey,
        now: OffsetDateTime,
    ) -> Result<(), SigV4Error> {
        self.check_signed_headers(request)?;
        let date_time = self.check_time(request, now)?;
        let payload = check_payload(request)?;
        let canonical = create_canonical_request(request, &self.signed_headers, &payload)?;
        let string_to_sign = create_string_to_sign(&date_time, &self.scope, &canonical);
        let key = derive_signing_key(secret, &self.scope);
        let computed = calculate_signature(&key, &string_to_sign);
        if computed.as_bytes().ct_eq(self.signature.as_bytes()).into() {
            Ok(())
        } else {
            Err(SigV4Error::Mismatch)
        }
    }

    fn check_signed_headers(&self, request: &Request<'_>) -> Result<(), SigV4Error> {
        let signed = |name: &str| self.signed_headers.iter().any(|each| each == name);
        if !signed("host") && !signed(":authority") {
            return Err(SigV4Error::Unsigned("Host' or ':authority".into()));
        }
        if !signed("x-amz-date") {
            return Err(SigV4Error::Unsigned("x-amz-date".into()));
        }
        let names = request.headers.iter().map(|(name, _)| name.to_ascii_lowercase());
        match names.into_iter().find(|name| name.starts_with(SIGNED_PREFIX) && !signed(name)) {
            Some(name) => Err(SigV4Error::Unsigned(echo(&name))),
            None => Ok(()),
        }
    }

    /// The request's `x-amz-date`, in the scope's day and near `now`.
    fn check_time(&self, request: &Request<'_>, now: OffsetDateTime) -> Result<String, SigV4Error> {
        let values = header_values(request, "x-amz-date");
        let [value] = values[..] else {
            return Err(SigV4Error::Incomplete(
                "Authorization header requires existence of one 'X-Amz-Date' header.".into(),
            ));
        };
        let text = String::from_utf8_lossy(value).trim().to_owned();
        let Ok(signed) = PrimitiveDateTime::parse(&text, DATE_TIME) else {
            return Err(SigV4Error::Incomplete(format!(
                "Date must be in ISO-8601 'basic format'. Got '{}'. See http://en.wikipedia.org/wiki/ISO_8601",
                echo(&text)
            )));
        };
        let signed = signed.assume_utc();
        if !text.starts_with(&self.scope.date) {
            let header = text.chars().take(8).collect();
            return Err(SigV4Error::ScopeDate { scope: self.scope.date.clone(), header });
        }
        let (earliest, latest) = (now - MAX_SKEW, now + MAX_SKEW);
        let (now, signed_text) = (format_time(now), text.clone());
        if signed < earliest {
            let limit = format_time(earliest);
            return Err(SigV4Error::Expired { signed: signed_text, limit, now });
        }
        if signed > latest {
            let limit = format_time(latest);
            return Err(SigV4Error::NotYetCurrent { signed: signed_text, limit, now });
        }
        Ok(text)
    }
}

/// The body's hash, which `x-amz-content-sha256` must equal where it is sent.
fn check_payload(request: &Request<'_>) -> Result<String, SigV4Error> {
    let computed = hashed_payload(request.body);
    for value in header_values(request, "x-amz-content-sha256") {
        let value = value.trim_ascii();
        if value.starts_with(b"UNSIGNED-") || value.starts_with(b"STREAMING-") {
            return Err(SigV4Error::UnsignedPayload(echo(&String::from_utf8_lossy(value))));
        }
        if value != computed.as_bytes() {
            return Err(SigV4Error::PayloadHash);
        }
    }
    Ok(computed)
}

/// A time as `x-amz-date` writes it.
fn format_time(time: OffsetDateTime) -> String {
    // Only a year of five digits cannot be written so.
    time.to_offset(time::UtcOffset::UTC).format(DATE_TIME).unwrap_or_default()
}
