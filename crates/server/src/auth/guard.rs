//! The guard of a server without keys: requests that a web page sent are refused.
//!
//! A page on any site may make the visitor's browser talk to loopback. Two ways: a plain cross-site request, which the
//! browser marks with `Origin` or `Sec-Fetch-Site`; and DNS rebinding, where the page's own host name resolves to
//! 127.0.0.1, which leaves that name in `Host`.

use std::net::{IpAddr, SocketAddr};

use bedrock::error::WireError;
use http::request::Parts;
use http::uri::Authority;

/// Checks a request against the names that this server may be called by.
pub(crate) fn refuse_web_pages(
    parts: &Parts,
    listen: SocketAddr,
    allowed_hosts: &[String],
) -> Result<(), WireError> {
    let host = authority(parts).ok_or_else(|| refused("it names no host"))?;
    if !is_own(host.host(), listen.ip(), allowed_hosts) {
        return Err(refused("its Host is not this machine's (DNS rebinding)"));
    }
    if let Some(origin) = parts.headers.get("origin") {
        let own = origin.to_str().is_ok_and(|origin| is_same_origin(origin, &host));
        if !own {
            return Err(refused("its Origin is another site"));
        }
    }
    let site = parts.headers.get("sec-fetch-site").map(|site| site.as_bytes());
    match site {
        None | Some(b"same-origin" | b"none") => Ok(()),
        Some(_) => Err(refused("its Sec-Fetch-Site is another site")),
    }
}

/// The authority that a request is for: of the URI (HTTP/2, absolute form), else of the `Host` header.
pub(crate) fn authority(parts: &Parts) -> Option<Authority> {
    let header = || parts.headers.get("host")?.to_str().ok()?.parse().ok();
    parts.uri.authority().cloned().or_else(header)
}

fn is_own(host: &str, listen: IpAddr, allowed: &[String]) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    match bare.parse::<IpAddr>() {
        Ok(address) => address.is_loopback() || address == listen,
        Err(_) => {
            let names = std::iter::once("localhost").chain(allowed.iter().map(String::as_str));
            names.into_iter().any(|name| name.eq_ignore_ascii_case(bare))
        }
    }
}

fn is_same_origin(origin: &str, host: &Authority) -> bool {
    let rest = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    rest.is_some_and(|rest| rest.eq_ignore_ascii_case(host.as_str()))
}

fn refused(why: &str) -> WireError {
    WireError::access_denied(format!(
        "This server runs without keys and answers no web pages; the request was refused because {why}. Make a key \
         (`outcrop keys add`) to serve such requests."
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(uri: &str, headers: &[(&str, &str)]) -> Result<(), WireError> {
        let mut request = http::Request::post(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        refuse_web_pages(&parts, "127.0.0.1:4646".parse().unwrap(), &["outcrop.test".to_owned()])
    }

    #[test]
    fn own_names_pass() {
        for host in [
            "127.0.0.1:4646",
            "localhost:4646",
            "LOCALHOST",
            "[::1]:4646",
            "127.0.0.2",
            "outcrop.test:1",
        ] {
            check("/x", &[("host", host)]).unwrap();
        }
        check("http://127.0.0.1:4646/x", &[]).unwrap();
        let same = [
            ("host", "localhost:4646"),
            ("origin", "http://localhost:4646"),
            ("sec-fetch-site", "same-origin"),
        ];
        check("/x", &same).unwrap();
        check("/x", &[("host", "localhost:4646"), ("sec-fetch-site", "none")]).unwrap();
    }

    #[test]
    fn web_pages_are_refused() {
        let local = ("host", "127.0.0.1:4646");
        let cases: [&[(&str, &str)]; 9] = [
            &[("host", "evil.example:4646")],
            &[("host", "127.0.0.1.evil.example")],
            &[("host", "localhost.evil.example")],
            &[local, ("origin", "https://evil.example")],
            &[local, ("origin", "null")],
            &[local, ("origin", "http://127.0.0.1:3000")],
            &[local, ("sec-fetch-site", "cross-site")],
            &[local, ("sec-fetch-site", "same-site")],
            &[],
        ];
        for headers in cases {
            let error = check("/x", headers).unwrap_err();
            assert_eq!(error.kind.status(), 403, "{headers:?}");
        }
        assert!(
            check("http://evil.example/x", &[local]).is_err(),
            "the URI's authority wins over Host"
        );
    }
}
