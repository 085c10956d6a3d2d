//! Keys and signatures.

use hmac::{Hmac, Mac as _};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::canonical::{create_canonical_request, create_string_to_sign, header_values};
use super::{ALGORITHM, CredentialScope, Request, SecretKey, SigV4Error};

/// The key of one day, Region and service; wiped when dropped.
pub struct SigningKey(Zeroizing<[u8; 32]>);

/// HMAC over HMAC: secret, date, Region, service, `aws4_request`.
#[must_use]
pub fn derive_signing_key(secret: &SecretKey, scope: &CredentialScope) -> SigningKey {
    let mut first = Zeroizing::new(Vec::with_capacity(4 + secret.expose().len()));
    first.extend_from_slice(b"AWS4");
    first.extend_from_slice(secret.expose().as_bytes());
    let date = hmac_sha256(&first, scope.date.as_bytes());
    let region = hmac_sha256(&*date, scope.region.as_bytes());
    let service = hmac_sha256(&*region, scope.service.as_bytes());
    SigningKey(hmac_sha256(&*service, b"aws4_request"))
}

/// The signature: 64 lower-case hexadecimal digits.
#[must_use]
pub fn calculate_signature(key: &SigningKey, string_to_sign: &str) -> String {
    hex::encode(*hmac_sha256(&*key.0, string_to_sign.as_bytes()))
}

/// The `Authorization` header of a request that already has its `host` (or authority) and `x-amz-date`.
///
/// `signed_headers` are lower-case names; they are sorted here.
///
/// # Errors
/// A header to be signed, or `x-amz-date`, is not in the request.
pub fn sign(
    request: &Request<'_>,
    signed_headers: &[&str],
    access_key: &str,
    secret: &SecretKey,
    scope: &CredentialScope,
) -> Result<String, SigV4Error> {
    let mut names: Vec<String> = signed_headers.iter().map(|name| (*name).to_owned()).collect();
    names.sort();
    names.dedup();
    let date_time = header_values(request, "x-amz-date")
        .first()
        .and_then(|value| std::str::from_utf8(value).ok())
        .ok_or_else(|| SigV4Error::HeaderAbsent("x-amz-date".into()))?;
    let canonical = create_canonical_request(request, &names, &hashed_payload(request.body))?;
    let string_to_sign = create_string_to_sign(date_time.trim(), scope, &canonical);
    let signature = calculate_signature(&derive_signing_key(secret, scope), &string_to_sign);
    Ok(format!(
        "{ALGORITHM} Credential={access_key}/{scope}, SignedHeaders={}, Signature={signature}",
        names.join(";")
    ))
}

/// SHA-256 of the body in lower-case hexadecimal digits.
pub(super) fn hashed_payload(body: &[u8]) -> String {
    hex::encode(Sha256::digest(body))
}

fn hmac_sha256(key: &[u8], message: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key)
        .unwrap_or_else(|_| unreachable!("HMAC takes keys of any length"));
    mac.update(message);
    Zeroizing::new(mac.finalize().into_bytes().into())
}
