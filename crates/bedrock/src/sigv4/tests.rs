use proptest::prelude::*;
use serde_json::Value;
use time::{Duration, OffsetDateTime, macros::datetime};

use super::canonical::header_values;
use super::sign::hashed_payload;
use super::*;
use crate::error::{ErrorKind, WireError};

const NOW: OffsetDateTime = datetime!(2026-11-24 01:02:03 UTC);
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

/// A request with its own memory, so that tests can change any part.
#[derive(Clone, Debug)]
struct Sent {
    name: String,
    method: String,
    path: String,
    query: String,
    headers: Vec<(String, Vec<u8>)>,
    authority: Option<String>,
    body: Vec<u8>,
    authorization: String,
    canonical_request: String,
    string_to_sign: String,
}

impl Sent {
    fn from_json(value: &Value) -> Sent {
        let text = |name: &str| value[name].as_str().unwrap().to_owned();
        let pair = |pair: &Value| {
            (pair[0].as_str().unwrap().to_owned(), pair[1].as_str().unwrap().as_bytes().to_vec())
        };
        Sent {
            name: text("name"),
            method: text("method"),
            path: text("path"),
            query: text("query"),
            headers: value["headers"].as_array().unwrap().iter().map(pair).collect(),
            authority: value["authority"].as_str().map(str::to_owned),
            body: hex::decode(text("body_hex")).unwrap(),
            authorization: text("authorization"),
            canonical_request: value["canonical_request"].as_str().unwrap_or_default().to_owned(),
            string_to_sign: value["string_to_sign"].as_str().unwrap_or_default().to_owned(),
        }
    }

    fn with<T>(&self, act: impl FnOnce(&Request<'_>) -> T) -> T {
        let headers: Vec<(&str, &[u8])> =
            self.headers.iter().map(|(name, value)| (name.as_str(), value.as_slice())).collect();
        act(&Request {
            method: &self.method,
            path: &self.path,
            query: &self.query,
            headers: &headers,
            authority: self.authority.as_deref(),
            body: &self.body,
        })
    }

    fn verify(&self) -> Result<(), SigV4Error> {
        self.verify_at(NOW, SECRET)
    }

    fn verify_at(&self, now: OffsetDateTime, secret: &str) -> Result<(), SigV4Error> {
        let authorization = Authorization::parse(&self.authorization)?;
        self.with(|request| authorization.verify(request, &SecretKey::new(secret.into()), now))
    }
}

fn vectors() -> Vec<Sent> {
    let file: Value = serde_json::from_str(include_str!("../../tests/vectors/sigv4.json")).unwrap();
    assert_eq!(file["secret_key"], SECRET);
    let vectors: Vec<Sent> =
        file["vectors"].as_array().unwrap().iter().map(Sent::from_json).collect();
    assert!(vectors.len() >= 17);
    vectors
}

fn vector(name: &str) -> Sent {
    vectors().into_iter().find(|each| each.name == name).unwrap()
}

#[test]
fn every_step_is_botocores() {
    for sent in vectors() {
        let authorization = Authorization::parse(&sent.authorization).unwrap();
        assert_eq!(authorization.access_key, "AKIDEXAMPLE");
        let canonical = sent.with(|request| {
            let payload = hashed_payload(request.body);
            create_canonical_request(request, &authorization.signed_headers, &payload).unwrap()
        });
        let name = &sent.name;
        assert_eq!(String::from_utf8_lossy(&canonical), sent.canonical_request, "{name}");
        let string = create_string_to_sign("20261124T010203Z", &authorization.scope, &canonical);
        assert_eq!(string, sent.string_to_sign, "{name}");
        assert_eq!(sent.verify(), Ok(()), "{name}");
    }
}

#[test]
fn requests_of_the_javascript_sdk_are_verified() {
    let file = include_str!("../../tests/vectors/sigv4_js.json");
    let vectors: Vec<Value> = serde_json::from_str(file).unwrap();
    assert_eq!(vectors.len(), 4);
    for mut sent in vectors.iter().map(Sent::from_json) {
        assert_eq!(sent.verify(), Ok(()), "{}", sent.name);
        sent.body.push(b' ');
        assert_eq!(sent.verify(), Err(SigV4Error::PayloadHash), "{}", sent.name);
        sent.headers.retain(|(name, _)| name != "x-amz-content-sha256");
        assert!(sent.verify().is_err(), "{}", sent.name);
    }
}

#[test]
fn our_signer_makes_botocores_header() {
    for sent in vectors() {
        let parsed = Authorization::parse(&sent.authorization).unwrap();
        let names: Vec<&str> = parsed.signed_headers.iter().rev().map(String::as_str).collect();
        let secret = SecretKey::new(SECRET.into());
        let header = sent
            .with(|request| sign(request, &names, &parsed.access_key, &secret, &parsed.scope))
            .unwrap();
        assert_eq!(header, sent.authorization, "{}", sent.name);
    }
}

#[test]
fn the_scope_tells_region_service_and_date() {
    let parsed = Authorization::parse(&vector("boto3_converse").authorization).unwrap();
    assert_eq!(parsed.scope.to_string(), "20261124/eu-central-1/bedrock/aws4_request");
}

#[test]
fn a_request_with_any_part_changed_is_refused() {
    let sent = vector("boto3_invoke_with_headers");
    type Change = (&'static str, fn(&mut Sent));
    let changes: [Change; 10] = [
        ("method", |sent| sent.method = "PUT".into()),
        ("path", |sent| sent.path.push('x')),
        ("path case", |sent| sent.path = sent.path.replace("%3A", "%3a")),
        ("path decoded", |sent| sent.path = sent.path.replace("%3A", ":")),
        ("query", |sent| sent.query = "a=b".into()),
        ("header", |sent| sent.headers[2].1 = b"DISABLED".to_vec()),
        ("header twice", |sent| sent.headers.push(("trace".into(), vec![]))),
        ("host", |sent| sent.headers.last_mut().unwrap().1 = b"evil.example".to_vec()),
        ("body", |sent| sent.body[5] ^= 1),
        ("body longer", |sent| sent.body.push(b' ')),
    ];
    for (what, change) in changes {
        let mut changed = sent.clone();
        change(&mut changed);
        // A header that is not signed may be added.
        let expected = if what == "header twice" { Ok(()) } else { Err(SigV4Error::Mismatch) };
        assert_eq!(changed.verify(), expected, "{what}");
    }
    let mut doubled = sent.clone();
    doubled.headers.push(sent.headers[2].clone());
    assert_eq!(doubled.verify(), Err(SigV4Error::Mismatch), "a signed header repeated");
    assert_eq!(sent.verify_at(NOW, "another secret"), Err(SigV4Error::Mismatch));
}

#[test]
fn a_changed_authorization_header_is_refused() {
    let sent = vector("boto3_converse");
    let change = |from: &str, to: &str| {
        let mut changed = sent.clone();
        changed.authorization = sent.authorization.replace(from, to);
        assert_ne!(changed.authorization, sent.authorization);
        changed.verify().unwrap_err()
    };
    assert_eq!(change("eu-central-1", "us-east-1"), SigV4Error::Mismatch);
    assert_eq!(change("/bedrock/", "/s3/"), SigV4Error::Mismatch);
    assert!(matches!(change("20261124", "20261125"), SigV4Error::ScopeDate { .. }));
    assert!(matches!(change("aws4_request", "aws5_request"), SigV4Error::Incomplete(_)));
    assert_eq!(change("content-type;", ""), SigV4Error::Mismatch);
    assert!(matches!(change("host;", ""), SigV4Error::Unsigned(_)));
    assert!(matches!(change(";x-amz-date", ""), SigV4Error::Unsigned(_)));
    assert!(matches!(
        change("content-type;", "content-type;missing;"),
        SigV4Error::HeaderAbsent(_)
    ));
    assert!(matches!(
        change("content-type;", "content-type;content-type;"),
        SigV4Error::Incomplete(_)
    ));
    assert!(matches!(
        change("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"),
        SigV4Error::Algorithm(_)
    ));
    let last = &sent.authorization[sent.authorization.len() - 1..];
    let other = if last == "0" { "1" } else { "0" };
    let mut flipped = sent.clone();
    flipped.authorization.truncate(sent.authorization.len() - 1);
    flipped.authorization.push_str(other);
    assert_eq!(flipped.verify(), Err(SigV4Error::Mismatch));
}

#[test]
fn five_minutes_of_skew_are_accepted_and_no_second_more() {
    let sent = vector("boto3_converse");
    let second = Duration::SECOND;
    for good in [MAX_SKEW, -MAX_SKEW, Duration::ZERO] {
        assert_eq!(sent.verify_at(NOW + good, SECRET), Ok(()));
    }
    assert_eq!(
        sent.verify_at(NOW + MAX_SKEW + second, SECRET).unwrap_err().to_string(),
        "Signature expired: 20261124T010203Z is now earlier than 20261124T010204Z (20261124T010704Z - 5 min.)"
    );
    assert_eq!(
        sent.verify_at(NOW - MAX_SKEW - second, SECRET).unwrap_err().to_string(),
        "Signature not yet current: 20261124T010203Z is still later than 20261124T010202Z (20261124T005702Z + 5 min.)"
    );
}

#[test]
fn the_payload_hash_header_must_be_true() {
    let mut sent = vector("payload_hash_header");
    sent.headers[0].1 = b"UNSIGNED-PAYLOAD".to_vec();
    assert_eq!(sent.verify(), Err(SigV4Error::UnsignedPayload("UNSIGNED-PAYLOAD".into())));
    sent.headers[0].1 = b"STREAMING-AWS4-HMAC-SHA256-PAYLOAD".to_vec();
    assert!(matches!(sent.verify(), Err(SigV4Error::UnsignedPayload(_))));
    sent.headers[0].1 = vec![b'0'; 64];
    assert_eq!(sent.verify(), Err(SigV4Error::PayloadHash));
}

#[test]
fn headers_that_change_the_meaning_must_be_signed() {
    let mut sent = vector("boto3_converse");
    sent.headers.push(("X-Amzn-Bedrock-Service-Tier".into(), b"priority".to_vec()));
    let error = sent.verify().unwrap_err();
    assert_eq!(error, SigV4Error::Unsigned("x-amzn-bedrock-service-tier".into()));
    assert_eq!(WireError::from(error).kind, ErrorKind::InvalidSignature);
}

#[test]
fn http2_authority_stands_for_host_and_the_other_way_round() {
    let sent = vector("http2_authority");
    let mut h1 = sent.clone();
    h1.headers.push(("host".into(), h1.authority.take().unwrap().into_bytes()));
    assert_eq!(h1.verify(), Ok(()));
    let mut h2 = vector("boto3_converse");
    h2.headers.retain(|(name, _)| name != "Host");
    h2.authority = Some("127.0.0.1:4646".into());
    assert_eq!(h2.verify(), Ok(()));
    h2.authority = Some("127.0.0.1:4647".into());
    assert_eq!(h2.verify(), Err(SigV4Error::Mismatch));
    h2.authority = None;
    assert_eq!(h2.verify(), Err(SigV4Error::HeaderAbsent("host".into())));
}

#[test]
fn dates_that_are_none_are_refused() {
    let sent = vector("boto3_converse");
    for date in
        ["", "2026-11-24T01:02:03Z", "20261124T010203", "20261324T010203Z", "20261124T256003Z"]
    {
        let mut changed = sent.clone();
        changed.headers[1].1 = date.as_bytes().to_vec();
        assert!(matches!(changed.verify(), Err(SigV4Error::Incomplete(_))), "{date}");
    }
    let mut twice = sent.clone();
    twice.headers.push(sent.headers[1].clone());
    assert!(matches!(twice.verify(), Err(SigV4Error::Incomplete(_))));
}

#[test]
fn malformed_headers_are_told_apart() {
    let signature = "0".repeat(64);
    let scope = "AKID/20261124/us-east-1/bedrock/aws4_request";
    let cases = [
        ("", "Missing Authentication Token"),
        ("Bearer abc", "Unsupported AWS 'algorithm': 'Bearer'."),
        (
            "AWS4-HMAC-SHA256",
            "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' \
             parameter. Authorization header requires 'SignedHeaders' parameter.",
        ),
        (
            "AWS4-HMAC-SHA256 Credential=a, Credential=b",
            "'Credential' stands twice in the Authorization header.",
        ),
        ("AWS4-HMAC-SHA256 Token=a", "'Token' is no part of an Authorization header."),
        (
            "AWS4-HMAC-SHA256 x",
            "A part of the Authorization header is not a valid key=value pair (missing equal-sign).",
        ),
    ];
    for (header, message) in cases {
        assert_eq!(Authorization::parse(header).unwrap_err().to_string(), message);
    }
    let credentials = [
        "",
        "a/b/c/d",
        "/20261124/us-east-1/bedrock/aws4_request",
        "k/2026/us-east-1/bedrock/aws4_request",
        "k/20261124//bedrock/aws4_request",
        "k/20261124/US/bedrock/aws4_request",
        "k/20261124/r/s/aws4",
    ];
    for credential in credentials {
        let header = format!(
            "AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature={signature}"
        );
        let error = Authorization::parse(&header).unwrap_err();
        assert!(matches!(error, SigV4Error::Incomplete(_)), "{credential}");
        assert_eq!(WireError::from(error).kind.code(), "IncompleteSignatureException");
    }
    for (names, signature) in [
        ("", &*signature),
        ("Host", &signature),
        ("host;;a", &signature),
        ("host", "00"),
        ("host", &"G".repeat(64)),
    ] {
        let header = format!(
            "AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders={names}, Signature={signature}"
        );
        assert!(matches!(Authorization::parse(&header), Err(SigV4Error::Incomplete(_))), "{names}");
    }
    let header =
        format!("AWS4-HMAC-SHA256 Credential=a/b/{scope},SignedHeaders=host,Signature={signature}");
    assert_eq!(
        Authorization::parse(&header).unwrap().access_key,
        "a/b/AKID",
        "commas without blanks; slashes in keys"
    );
}

#[test]
fn presigned_requests_are_refused_by_name() {
    assert_eq!(refuse_presigned(""), Ok(()));
    assert_eq!(refuse_presigned("byProvider=Amazon"), Ok(()));
    assert_eq!(refuse_presigned("a=b&X-Amz-Signature=00"), Err(SigV4Error::Presigned));
    assert_eq!(refuse_presigned("X-Amz-Algorithm=AWS4-HMAC-SHA256"), Err(SigV4Error::Presigned));
}

#[test]
fn messages_are_those_that_people_search_for() {
    let message = WireError::from(SigV4Error::UnknownKey);
    assert_eq!(message.message, "The security token included in the request is invalid.");
    assert_eq!((message.kind.code(), message.kind.status()), ("UnrecognizedClientException", 403));
    let message = WireError::from(SigV4Error::Mismatch);
    assert_eq!((message.kind.code(), message.kind.status()), ("InvalidSignatureException", 403));
    assert!(message.message.starts_with("The request signature we calculated does not match"));
}

#[test]
fn a_secret_is_not_shown() {
    let secret = SecretKey::new("hush".into());
    assert_eq!(format!("{secret:?}"), "SecretKey(redacted)");
    assert_eq!(secret, SecretKey::new("hush".into()));
    assert_ne!(secret, SecretKey::new("loud".into()));
    assert_ne!(secret, SecretKey::new("hus".into()));
}

/// The example of the AWS documentation, "Deriving the signing key".
#[test]
fn the_signing_key_is_the_documented_one() {
    let scope = CredentialScope {
        date: "20150830".into(),
        region: "us-east-1".into(),
        service: "iam".into(),
    };
    let key = derive_signing_key(
        &SecretKey::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".into()),
        &scope,
    );
    let string = "AWS4-HMAC-SHA256\n20150830T123600Z\n20150830/us-east-1/iam/aws4_request\n\
                  f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59";
    assert_eq!(
        calculate_signature(&key, string),
        "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
    );
}

proptest! {
    #[test]
    fn what_is_signed_is_verified_and_nothing_else(
        path in "/[ -~ü]{0,40}", query in "[ -~]{0,40}", value in "[ -~ü]{0,40}",
        body in proptest::collection::vec(any::<u8>(), 0..100), bit in any::<prop::sample::Index>(),
    ) {
        let mut sent = vector("boto3_converse");
        sent.path = path;
        sent.query = query;
        sent.body = body;
        sent.headers.push(("x-extra".into(), value.into_bytes()));
        let parsed = Authorization::parse(&sent.authorization).unwrap();
        let secret = SecretKey::new(SECRET.into());
        let names = ["host", "x-amz-date", "x-extra"];
        sent.authorization = sent
            .with(|request| sign(request, &names, "AKID", &secret, &parsed.scope))
            .unwrap();
        prop_assert_eq!(sent.verify(), Ok(()));
        sent.with(|request| assert_eq!(header_values(request, "x-extra").len(), 1));
        sent.body.push(0);
        let bit = bit.index(sent.body.len() * 8);
        sent.body[bit / 8] ^= 1 << (bit % 8);
        prop_assert_eq!(sent.verify(), Err(SigV4Error::Mismatch));
    }
}
