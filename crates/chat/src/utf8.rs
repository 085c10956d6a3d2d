//! Bytes that arrive in pieces to text, as `String::from_utf8_lossy` of the whole would give.

/// Holds back at most three bytes: the beginning of a character.
#[derive(Clone, Debug, Default)]
pub(crate) struct Utf8 {
    pending: Vec<u8>,
}

impl Utf8 {
    /// Appends to `out` the characters that are complete; invalid bytes become U+FFFD.
    pub(crate) fn push(&mut self, bytes: &[u8], out: &mut String) {
        self.pending.extend_from_slice(bytes);
        let mut rest = self.pending.as_slice();
        loop {
            match std::str::from_utf8(rest) {
                Ok(text) => {
                    out.push_str(text);
                    rest = &[];
                    break;
                }
                Err(error) => {
                    let (valid, after) = rest.split_at(error.valid_up_to());
                    out.push_str(&String::from_utf8_lossy(valid));
                    rest = after;
                    let Some(bad) = error.error_len() else { break };
                    out.push(char::REPLACEMENT_CHARACTER);
                    rest = &rest[bad..];
                }
            }
        }
        self.pending = rest.to_vec();
    }

    /// What an unfinished character at the end becomes.
    pub(crate) fn finish(&mut self, out: &mut String) {
        if !self.pending.is_empty() {
            self.pending.clear();
            out.push(char::REPLACEMENT_CHARACTER);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn pieces_give_what_the_whole_gives(
            pieces in prop::collection::vec(
                prop::collection::vec(
                    prop_oneof![any::<u8>(), Just(0xE2), Just(0x82), Just(0xAC), Just(0xF0), Just(0x9F)],
                    0..6,
                ),
                0..12,
            ),
        ) {
            let mut utf8 = Utf8::default();
            let mut text = String::new();
            for piece in &pieces {
                utf8.push(piece, &mut text);
                prop_assert!(utf8.pending.len() <= 3);
            }
            utf8.finish(&mut text);
            let whole = pieces.concat();
            prop_assert_eq!(text, String::from_utf8_lossy(&whole).into_owned());
        }
    }

    #[test]
    fn no_half_character_leaves() {
        let mut utf8 = Utf8::default();
        let mut text = String::new();
        for byte in "é€🦀".bytes() {
            utf8.push(&[byte], &mut text);
            assert!(!text.contains(char::REPLACEMENT_CHARACTER));
        }
        assert_eq!(text, "é€🦀");
    }
}
