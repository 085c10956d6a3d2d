//! FORMATS OF STRINGS that are enforced, as patterns. A format's pattern may allow less than the format does, never more:
//! no leap seconds, host names without double hyphens, addresses of ordinary length.

/// `(name, pattern)`; `HOST`, `HEX`, `DATE`, `TIME` and `PART` stand for the patterns below.
const FORMATS: [(&str, &str); 10] = [
    ("date", "^DATE$"),
    ("time", "^TIME$"),
    ("date-time", "^DATETTIME$"),
    (
        "duration",
        r"^P(?:\d{1,6}W|(?:\d{1,6}Y(?:\d{1,6}M(?:\d{1,6}D)?)?|\d{1,6}M(?:\d{1,6}D)?|\d{1,6}D)(?:PART)?|PART)$",
    ),
    ("uuid", "^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"),
    ("ipv4", r"^BYTE(?:\.BYTE){3}$"),
    (
        "ipv6",
        "^(?:(?:HEX:){7}HEX|::(?:HEX(?::HEX){0,5})?|HEX::(?:HEX(?::HEX){0,4})?|HEX:HEX::(?:HEX(?::HEX){0,3})?\
         |HEX(?::HEX){2}::(?:HEX(?::HEX){0,2})?|HEX(?::HEX){3}::(?:HEX(?::HEX)?)?|HEX(?::HEX){4}::(?:HEX)?)$",
    ),
    ("hostname", "^HOST$"),
    (
        "email",
        r"^[A-Za-z0-9_+-]{1,20}(?:\.[A-Za-z0-9_+-]{1,20}){0,2}@[A-Za-z0-9]{1,20}(?:-[A-Za-z0-9]{1,20}){0,2}(?:\.[A-Za-z]{2,20}){1,3}$",
    ),
    (
        "uri",
        r"^[a-z][a-z0-9]{1,9}://HOST(?::[1-9]\d{0,3})?(?:/[A-Za-z0-9._~!$&'()*+,;=:@-]*)*(?:\?[A-Za-z0-9._~!$&'()*+,;=:@/-]*)?(?:#[A-Za-z0-9._~-]*)?$",
    ),
];

const PARTS: [(&str, &str); 6] = [
    (
        "DATE",
        r"(?:\d{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\d|30)|02-(?:0[1-9]|1\d|2[0-8]))|(?:\d\d(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)-02-29)",
    ),
    ("TIME", r"(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)"),
    ("PART", r"T(?:\d{1,6}H(?:\d{1,6}M(?:\d{1,6}S)?)?|\d{1,6}M(?:\d{1,6}S)?|\d{1,6}S)"),
    ("HEX", "[0-9a-fA-F]{1,4}"),
    ("BYTE", r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"),
    (
        "HOST",
        r"[A-Za-z0-9]{1,15}(?:-[A-Za-z0-9]{1,15}){0,2}(?:\.[A-Za-z0-9]{1,15}(?:-[A-Za-z0-9]{1,15}){0,2}){0,3}",
    ),
];

/// The pattern of a format, if it is enforced.
pub(super) fn pattern(name: &str) -> Option<String> {
    let (_, pattern) = FORMATS.iter().find(|(known, _)| *known == name)?;
    let whole = |pattern: String, (part, text): &(&str, &str)| pattern.replace(part, text);
    Some(PARTS.iter().fold((*pattern).to_owned(), whole))
}

/// Names of the formats, for messages.
pub(super) fn names() -> String {
    FORMATS.map(|(name, _)| name).join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_is_a_pattern_that_is_enforced() {
        for (name, _) in FORMATS {
            let pattern = pattern(name).unwrap();
            assert!(super::super::pattern::translate(&pattern).is_ok(), "{name}: {pattern}");
        }
        assert_eq!(pattern("iri"), None);
    }
}
