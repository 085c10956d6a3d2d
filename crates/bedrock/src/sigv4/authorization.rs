//! The `Authorization` header.

use std::collections::HashSet;

use super::{ALGORITHM, CredentialScope, SigV4Error};

/// Longest piece of a caller's text that a message repeats.
const MAX_ECHO: usize = 64;

/// A parsed `Authorization` header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorization {
    /// The access key's id.
    pub access_key: String,
    /// Date, Region and service.
    pub scope: CredentialScope,
    /// Lower-case names of the signed headers, in the order of the header; `:authority` may be one.
    pub signed_headers: Vec<String>,
    /// 64 lower-case hexadecimal digits.
    pub signature: String,
}

impl Authorization {
    /// Parses `AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…`. Nothing is verified yet.
    ///
    /// # Errors
    /// Another algorithm; a part that is missing, stands twice or is malformed.
    pub fn parse(header: &str) -> Result<Authorization, SigV4Error> {
        let (algorithm, rest) = header.trim().split_once(' ').unwrap_or((header.trim(), ""));
        if algorithm.is_empty() {
            return Err(SigV4Error::Missing);
        }
        if algorithm != ALGORITHM {
            return Err(SigV4Error::Algorithm(echo(algorithm)));
        }
        let mut parts = Parts::default();
        for part in rest.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            parts.put(part)?;
        }
        let (credential, signed_headers, signature) = parts.all()?;
        let (access_key, scope) = parse_credential(credential)?;
        Ok(Authorization {
            access_key,
            scope,
            signed_headers: parse_signed_headers(signed_headers)?,
            signature: parse_signature(signature)?,
        })
    }
}

/// The three parts of the header as they are found.
#[derive(Default)]
struct Parts<'a> {
    credential: Option<&'a str>,
    signed_headers: Option<&'a str>,
    signature: Option<&'a str>,
}

impl<'a> Parts<'a> {
    fn put(&mut self, part: &'a str) -> Result<(), SigV4Error> {
        let Some((name, value)) = part.split_once('=') else {
            // The part is not repeated: it may be a piece of a signature.
            return Err(incomplete(
                "A part of the Authorization header is not a valid key=value pair (missing equal-sign).",
            ));
        };
        let slot = match name {
            "Credential" => &mut self.credential,
            "SignedHeaders" => &mut self.signed_headers,
            "Signature" => &mut self.signature,
            _ => {
                let name = echo(name);
                return Err(incomplete(format!("'{name}' is no part of an Authorization header.")));
            }
        };
        match slot.replace(value) {
            Some(_) => {
                Err(incomplete(format!("'{name}' stands twice in the Authorization header.")))
            }
            None => Ok(()),
        }
    }

    /// Every part, or all that are missing in one message.
    fn all(&self) -> Result<(&'a str, &'a str, &'a str), SigV4Error> {
        if let (Some(credential), Some(signed_headers), Some(signature)) =
            (self.credential, self.signed_headers, self.signature)
        {
            return Ok((credential, signed_headers, signature));
        }
        let parts = [
            ("Credential", self.credential),
            ("Signature", self.signature),
            ("SignedHeaders", self.signed_headers),
        ];
        let missing = parts
            .into_iter()
            .filter(|(_, value)| value.is_none())
            .map(|(name, _)| format!("Authorization header requires '{name}' parameter."));
        Err(incomplete(missing.collect::<Vec<_>>().join(" ")))
    }
}

/// `KEY/YYYYMMDD/REGION/SERVICE/aws4_request`; the key may hold slashes.
fn parse_credential(credential: &str) -> Result<(String, CredentialScope), SigV4Error> {
    let mut parts = credential.rsplitn(5, '/');
    let mut next = || parts.next().filter(|part| !part.is_empty());
    let (terminator, service, region, date, key) = (next(), next(), next(), next(), next());
    let (Some(terminator), Some(service), Some(region), Some(date), Some(key)) =
        (terminator, service, region, date, key)
    else {
        return Err(incomplete(format!(
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '{}'",
            echo(credential)
        )));
    };
    if terminator != "aws4_request" {
        let got = echo(terminator);
        return Err(incomplete(format!(
            "Credential should be scoped with a valid terminator: 'aws4_request', not '{got}'."
        )));
    }
    if date.len() != 8 || !date.bytes().all(|byte| byte.is_ascii_digit()) {
        let got = echo(date);
        return Err(incomplete(format!(
            "Credential should be scoped with a date YYYYMMDD, not '{got}'."
        )));
    }
    for (what, name) in [("Region", region), ("service", service)] {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if name.len() > MAX_ECHO || !name.bytes().all(plain) {
            let got = echo(name);
            return Err(incomplete(format!(
                "Credential should be scoped to a valid {what}, not '{got}'."
            )));
        }
    }
    let scope =
        CredentialScope { date: date.into(), region: region.into(), service: service.into() };
    Ok((key.to_owned(), scope))
}

fn parse_signed_headers(names: &str) -> Result<Vec<String>, SigV4Error> {
    let well_formed =
        |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic());
    if !names.split(';').all(|name| well_formed(name) && !name.contains(char::is_uppercase)) {
        return Err(incomplete("'SignedHeaders' must be lower-case names joined by ';'."));
    }
    // A name that stood often would make the canonical request many times longer than the request.
    let mut seen = HashSet::new();
    if !names.split(';').all(|name| seen.insert(name)) {
        return Err(incomplete("'SignedHeaders' must name each header once."));
    }
    Ok(names.split(';').map(str::to_owned).collect())
}

fn parse_signature(signature: &str) -> Result<String, SigV4Error> {
    let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if signature.len() != 64 || !signature.bytes().all(digit) {
        return Err(incomplete("'Signature' must be 64 lower-case hexadecimal digits."));
    }
    Ok(signature.to_owned())
}

fn incomplete(message: impl Into<String>) -> SigV4Error {
    SigV4Error::Incomplete(message.into())
}

/// The beginning of a caller's text, without control characters.
pub(super) fn echo(text: &str) -> String {
    text.chars().filter(|each| !each.is_control()).take(MAX_ECHO).collect()
}
