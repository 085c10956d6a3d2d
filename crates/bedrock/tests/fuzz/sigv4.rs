//! What must hold for any bytes: used by the fuzz target, and by a test that replays known inputs.

use bedrock::sigv4::{Authorization, Request, SecretKey, refuse_presigned, sign};
use time::macros::datetime;

/// No panic; a foreign header never verifies; what is signed here does.
///
/// The bytes are lines: method, path, query, authority, authorization; then `name:value` headers to an empty line; the
/// rest is the body.
pub(crate) fn check(data: &[u8]) {
    let mut rest = data;
    let mut line = || {
        let end = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
        let line = &rest[..end];
        rest = rest.get(end + 1..).unwrap_or(&[]);
        line
    };
    let texts: Vec<String> = (0..5).map(|_| String::from_utf8_lossy(line()).into_owned()).collect();
    let mut names = Vec::new();
    loop {
        let line = line();
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { break };
        names.push((String::from_utf8_lossy(&line[..colon]).into_owned(), &line[colon + 1..]));
    }
    let headers: Vec<(&str, &[u8])> =
        names.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    let secret = SecretKey::new("secret".into());
    let now = datetime!(2026-11-24 01:02:03 UTC);
    let _ = refuse_presigned(&texts[2]);

    let request = |headers| Request {
        method: &texts[0],
        path: &texts[1],
        query: &texts[2],
        headers,
        authority: Some(&texts[3]).filter(|text| !text.is_empty()).map(String::as_str),
        body: rest,
    };
    if let Ok(authorization) = Authorization::parse(&texts[4]) {
        assert!(authorization.verify(&request(&headers), &secret, now).is_err());
        let plain = |name: &str| {
            let name = name.to_ascii_lowercase();
            !matches!(name.as_str(), "x-amz-date" | "x-amz-content-sha256")
                && !name.starts_with("x-amzn-bedrock-")
        };
        let mut signable = headers.clone();
        signable.retain(|(name, _)| plain(name));
        signable.push(("x-amz-date", b"20261124T010203Z"));
        signable.push(("host", b"h"));
        let mut scope = authorization.scope;
        scope.date = "20261124".into();
        let request = request(&signable);
        let names = ["host", "x-amz-date"];
        let header = sign(&request, &names, "k", &secret, &scope).expect("both are there");
        let parsed = Authorization::parse(&header).expect("our own header");
        assert_eq!(parsed.verify(&request, &secret, now), Ok(()));
    }
}
