//! The canonical request and the string to sign.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};
use sha2::{Digest as _, Sha256};

use super::{ALGORITHM, CredentialScope, Request, SigV4Error};

/// `UriEncode` of the documentation: all but `A-Z a-z 0-9 - . _ ~` becomes `%XY` with capital digits.
const URI_ENCODE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The canonical request; `hashed_payload` is 64 lower-case hexadecimal digits. Bytes, since header values need not be
/// UTF-8.
///
/// # Errors
/// A signed header is not in the request.
pub fn create_canonical_request(
    request: &Request<'_>,
    signed_headers: &[String],
    hashed_payload: &str,
) -> Result<Vec<u8>, SigV4Error> {
    let mut out = Vec::with_capacity(512);
    out.extend_from_slice(request.method.as_bytes());
    out.push(b'\n');
    out.extend_from_slice(canonical_uri(request.path).as_bytes());
    out.push(b'\n');
    out.extend_from_slice(canonical_query_string(request.query).as_bytes());
    out.push(b'\n');
    for name in signed_headers {
        put_canonical_header(&mut out, request, name)?;
    }
    out.push(b'\n');
    out.extend_from_slice(signed_headers.join(";").as_bytes());
    out.push(b'\n');
    out.extend_from_slice(hashed_payload.as_bytes());
    Ok(out)
}

/// The string to sign; `date_time` is `YYYYMMDDTHHMMSSZ`.
#[must_use]
pub fn create_string_to_sign(
    date_time: &str,
    scope: &CredentialScope,
    canonical_request: &[u8],
) -> String {
    let hash = hex::encode(Sha256::digest(canonical_request));
    format!("{ALGORITHM}\n{date_time}\n{scope}\n{hash}")
}

/// The received path, dot and empty segments resolved, each segment encoded once more: `%3A` becomes `%253A` and a raw
/// `:` becomes `%3A`, so clients that escape and clients that do not are both right.
fn canonical_uri(path: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            _ => segments.push(segment),
        }
    }
    let mut out = String::with_capacity(path.len() * 2);
    for segment in &segments {
        out.push('/');
        out.extend(percent_encode(segment.as_bytes(), URI_ENCODE));
    }
    if out.is_empty() || path.ends_with('/') {
        out.push('/');
    }
    out
}

/// Names and values decoded, encoded and sorted, by name and then by value.
fn canonical_query_string(query: &str) -> String {
    let encode = |text: &str| {
        let decoded: Vec<u8> = percent_decode_str(text).collect();
        percent_encode(&decoded, URI_ENCODE).to_string()
    };
    let mut pairs: Vec<(String, String)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (encode(name), encode(value)))
        .collect();
    pairs.sort();
    let pairs: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("&")
}

/// `name:values joined by commas\n`.
fn put_canonical_header(
    out: &mut Vec<u8>,
    request: &Request<'_>,
    name: &str,
) -> Result<(), SigV4Error> {
    out.extend_from_slice(name.as_bytes());
    out.push(b':');
    let values = header_values(request, name);
    if values.is_empty() {
        return Err(SigV4Error::HeaderAbsent(super::authorization::echo(name)));
    }
    for (index, value) in values.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        put_trimmed(out, value);
    }
    out.push(b'\n');
    Ok(())
}

/// A value without outer space, and with runs of inner space as one blank.
fn put_trimmed(out: &mut Vec<u8>, value: &[u8]) {
    let words = value.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    for (index, word) in words.enumerate() {
        if index > 0 {
            out.push(b' ');
        }
        out.extend_from_slice(word);
    }
}

/// The values of a signed header, in the order received. HTTP/2 clients send `:authority` in place of `host` and sign
/// either name.
pub(super) fn header_values<'a>(request: &Request<'a>, name: &str) -> Vec<&'a [u8]> {
    let named = |name: &str| -> Vec<&'a [u8]> {
        let same = |each: &&(&str, &[u8])| each.0.eq_ignore_ascii_case(name);
        request.headers.iter().filter(same).map(|(_, value)| *value).collect()
    };
    let authority = request.authority.map(str::as_bytes);
    match name {
        ":authority" => authority.map_or_else(|| named("host"), |value| vec![value]),
        "host" => {
            let host = named("host");
            if host.is_empty() { authority.into_iter().collect() } else { host }
        }
        _ => named(name),
    }
}
