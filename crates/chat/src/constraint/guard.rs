//! WHAT A GRAMMAR LEAVES OPEN AND READERS DO NOT TAKE: numbers beyond the range or the precision of a double, nesting
//! without end.
//!
//! Follows the JSON text byte by byte and advises against tokens that would pass a limit. Its advice is taken where
//! something else is allowed, too; so it never leads into a dead end.

/// Most digits before the point.
const DIGITS_MAX: u8 = 200;
/// Most digits of a number with a point. Decimals of 15 digits are doubles apart, so that what a grammar takes to be
/// beyond an exclusive bound is not the bound itself to a reader; 0.4999…9 with a hundred digits would be 0.5.
const PRECISION_MAX: u8 = 15;
/// Most digits of an exponent: 10^(200 + 99) is a finite double.
const EXPONENT_DIGITS_MAX: u8 = 2;
/// Depth at which nothing more is opened or added unless it must be: after a comma or a name a schema may leave nothing
/// but what opens. Readers take 64; schemas nest 32 deep at most.
const DEPTH_MAX: u8 = 24;

/// Where a JSON text is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Guard {
    place: Place,
    depth: u8,
    /// Whether the byte before opened an object or a list.
    opened: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Between,
    Text {
        escaped: bool,
    },
    Number {
        digits: u8,
    },
    /// Behind the point; the digits are those of the whole number.
    Fraction {
        digits: u8,
    },
    Exponent {
        digits: u8,
    },
}

impl Guard {
    /// The place after these bytes, and whether a limit was passed on the way.
    pub(super) fn after(mut self, bytes: &[u8]) -> (Guard, bool) {
        let mut passed = false;
        for byte in bytes {
            passed |= self.step(*byte);
        }
        (self, passed)
    }

    fn step(&mut self, byte: u8) -> bool {
        let opened = std::mem::take(&mut self.opened);
        self.place = match (self.place, byte) {
            (Place::Text { escaped: true }, _) => Place::Text { escaped: false },
            (Place::Text { escaped: false }, b'"') => Place::Between,
            (Place::Text { escaped: false }, byte) => Place::Text { escaped: byte == b'\\' },
            (_, b'"') => Place::Text { escaped: false },
            (Place::Number { digits }, b'0'..=b'9') => {
                Place::Number { digits: digits.saturating_add(1) }
            }
            (Place::Between, b'0'..=b'9') => Place::Number { digits: 1 },
            (Place::Number { digits }, b'.') => Place::Fraction { digits },
            (Place::Fraction { digits }, b'0'..=b'9') => {
                Place::Fraction { digits: digits.saturating_add(1) }
            }
            (Place::Number { .. } | Place::Fraction { .. }, b'e' | b'E') => {
                Place::Exponent { digits: 0 }
            }
            (Place::Exponent { digits }, b'0'..=b'9') => {
                Place::Exponent { digits: digits.saturating_add(1) }
            }
            (place @ Place::Exponent { .. }, b'+' | b'-') => place,
            _ => Place::Between,
        };
        match (self.place, byte) {
            (Place::Between, b'{' | b'[') => {
                self.depth = self.depth.saturating_add(1);
                self.opened = true;
                self.depth > DEPTH_MAX
            }
            (Place::Between, b',') => self.depth >= DEPTH_MAX,
            (Place::Text { .. }, _) => opened && self.depth >= DEPTH_MAX,
            (Place::Between, b'}' | b']') => {
                self.depth = self.depth.saturating_sub(1);
                false
            }
            (Place::Number { digits }, _) => digits > DIGITS_MAX,
            // A point is followed by a digit.
            (Place::Fraction { digits }, b'.') => digits >= PRECISION_MAX,
            (Place::Fraction { digits }, _) => digits > PRECISION_MAX,
            (Place::Exponent { digits }, _) => digits > EXPONENT_DIGITS_MAX,
            _ => false,
        }
    }

    /// Whether a token of these bytes can pass a limit at some place.
    pub(super) fn concerns(bytes: &[u8]) -> bool {
        bytes.iter().any(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'{' | b'[' | b',' | b'"'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passes(text: &str) -> bool {
        Guard::default().after(text.as_bytes()).1
    }

    #[test]
    fn finite_numbers_and_shallow_values_pass_no_limit() {
        let digits = "7".repeat(200);
        for fine in [
            format!(
                "[{digits}e-99, {digits}, 1234567890.12345e+99, 0.12345678901234, 12345678901234.5]"
            ),
            r#"{"a": "\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[ 1e999"}"#.to_owned(),
            "[]".repeat(100),
            "[".repeat(24),
            "[1E+10]".to_owned(),
            format!("{}{{}}, \"a,b\"", "[".repeat(23)),
        ] {
            assert!(!passes(&fine), "{fine}");
        }
        for beyond in [
            "1e100".to_owned(),
            "7".repeat(201),
            "0.123456789012345".into(),
            "123456789012345.".into(),
            "[".repeat(25),
            format!("{}1,", "[".repeat(24)),
            format!("{}{{\"", "[".repeat(23)),
            format!("{}\"", "[".repeat(24)),
        ] {
            assert!(passes(&beyond), "{beyond}");
        }
    }

    #[test]
    fn a_text_may_come_in_pieces() {
        let text = br#"{"a\\": [1.5e3, "x{", 200]}"#;
        for cut in 0..text.len() {
            let (first, _) = Guard::default().after(&text[..cut]);
            assert_eq!(first.after(&text[cut..]).0, Guard::default().after(text).0);
        }
    }
}
