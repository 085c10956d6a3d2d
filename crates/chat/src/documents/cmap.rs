//! `ToUnicode` maps of PDF fonts: what the codes of a font mean. Read as a flat list of words; what is not understood is
//! skipped.

use std::collections::HashMap;

/// Most codes of one map; a range counts as one.
const ENTRIES_MAX: usize = 100_000;

/// Most words before an operator that are kept: three for each code.
const OPERANDS_MAX: usize = 3 * ENTRIES_MAX;

/// Most UTF-16 units that one code stands for: the longest that the format allows.
const UNITS_MAX: usize = 256;

/// Codes of a font to texts.
#[derive(Debug, Default)]
pub(super) struct Map {
    codes: HashMap<u32, String>,
    /// First and last code, and the text of the first.
    ranges: Vec<(u32, u32, String)>,
    /// Bytes of the longest code that the map declares.
    pub(super) code_bytes: Option<usize>,
}

enum Word<'m> {
    Hex(Vec<u8>),
    Open,
    Close,
    Name(&'m [u8]),
}

impl Map {
    pub(super) fn parse(map: &[u8]) -> Map {
        let mut parsed = Map::default();
        // The operands since the last operator.
        let mut operands: Vec<Word<'_>> = Vec::new();
        for word in Words(map) {
            let Word::Name(name) = word else {
                if operands.len() < OPERANDS_MAX {
                    operands.push(word);
                }
                continue;
            };
            match name {
                b"endcodespacerange" => parsed.take_codespace(&operands),
                b"endbfchar" => parsed.take_chars(&operands),
                b"endbfrange" => parsed.take_ranges(&operands),
                _ => {}
            }
            operands.clear();
        }
        parsed.ranges.sort_unstable_by_key(|(first, _, _)| *first);
        parsed
    }

    /// The text of a code.
    pub(super) fn get(&self, code: u32) -> Option<String> {
        if let Some(text) = self.codes.get(&code) {
            return Some(text.clone());
        }
        let after = self.ranges.partition_point(|(first, _, _)| *first <= code);
        let (first, last, text) = self.ranges.get(after.checked_sub(1)?)?;
        if code > *last {
            return None;
        }
        // The last character counts up with the code.
        let mut text = text.clone();
        let end = u32::from(text.pop()?).checked_add(code - first)?;
        text.push(char::from_u32(end)?);
        Some(text)
    }

    fn is_full(&self) -> bool {
        self.codes.len() + self.ranges.len() >= ENTRIES_MAX
    }

    fn take_codespace(&mut self, operands: &[Word<'_>]) {
        let lengths = operands.iter().filter_map(|word| match word {
            Word::Hex(bytes) if (1..=4).contains(&bytes.len()) => Some(bytes.len()),
            _ => None,
        });
        self.code_bytes = self.code_bytes.max(lengths.max());
    }

    fn take_chars(&mut self, operands: &[Word<'_>]) {
        for pair in operands.chunks_exact(2) {
            if let [Word::Hex(code), Word::Hex(text)] = pair
                && !self.is_full()
            {
                self.codes.insert(number(code), utf16(text));
            }
        }
    }

    fn take_ranges(&mut self, operands: &[Word<'_>]) {
        let mut words = operands.iter();
        while let (Some(Word::Hex(first)), Some(Word::Hex(last))) = (words.next(), words.next()) {
            let (first, last) = (number(first), number(last));
            match words.next() {
                Some(Word::Hex(text)) if !self.is_full() => {
                    self.ranges.push((first, last, utf16(text)));
                }
                Some(Word::Open) => {
                    let texts = words.by_ref().map_while(|word| match word {
                        Word::Hex(text) => Some(utf16(text)),
                        Word::Open | Word::Close | Word::Name(_) => None,
                    });
                    let texts: Vec<String> = texts.collect();
                    let room = ENTRIES_MAX.saturating_sub(self.codes.len() + self.ranges.len());
                    self.codes.extend((first..=last).zip(texts).take(room));
                }
                _ => {}
            }
        }
    }
}

/// A code of at most four bytes; of a longer one the last four.
fn number(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |code, byte| code << 8 | u32::from(*byte))
}

fn utf16(bytes: &[u8]) -> String {
    let units =
        bytes.chunks_exact(2).take(UNITS_MAX).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
    if bytes.len() == 1 {
        return char::from(bytes[0]).to_string();
    }
    char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

/// The words of a map: hexadecimal strings, brackets, and names; comments and all else fall away.
struct Words<'m>(&'m [u8]);

impl<'m> Iterator for Words<'m> {
    type Item = Word<'m>;

    fn next(&mut self) -> Option<Word<'m>> {
        loop {
            let (&first, rest) = self.0.split_first()?;
            match first {
                b'[' | b']' => {
                    self.0 = rest;
                    return Some(if first == b'[' { Word::Open } else { Word::Close });
                }
                b'<' if !rest.starts_with(b"<") => {
                    let end = rest.iter().position(|c| *c == b'>').unwrap_or(rest.len());
                    self.0 = rest.get(end + 1..).unwrap_or_default();
                    return Some(Word::Hex(hex(&rest[..end])));
                }
                b'%' => {
                    let end = rest.iter().position(|c| matches!(c, b'\n' | b'\r'));
                    self.0 = &rest[end.unwrap_or(rest.len())..];
                }
                c if c.is_ascii_alphanumeric() => {
                    let end = self.0.iter().position(|c| !c.is_ascii_alphanumeric());
                    let (name, rest) = self.0.split_at(end.unwrap_or(self.0.len()));
                    self.0 = rest;
                    return Some(Word::Name(name));
                }
                _ => self.0 = rest,
            }
        }
    }
}

fn hex(digits: &[u8]) -> Vec<u8> {
    let digits: Vec<u8> = digits
        .iter()
        .filter_map(|c| char::from(*c).to_digit(16))
        .filter_map(|digit| u8::try_from(digit).ok())
        .collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair.get(1).copied().unwrap_or(0)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_and_ranges_of_both_forms() {
        let map = Map::parse(
            b"/CIDInit /ProcSet findresource begin\n1 begincodespacerange <0000> <FFFF> endcodespacerange\n\
              2 beginbfchar <0003> <0020> <0004> <00660069> endbfchar % a comment <\n\
              2 beginbfrange <0010> <0012> <0041> <0020> <0021> [<0058> <D83DDE00>] endbfrange end",
        );
        assert_eq!(map.code_bytes, Some(2));
        let texts: Vec<_> =
            [3, 4, 0x10, 0x12, 0x20, 0x21].map(|code| map.get(code).unwrap()).into();
        assert_eq!(texts, [" ", "fi", "A", "C", "X", "\u{1F600}"]);
        assert_eq!((map.get(0x13), map.get(0), map.get(0x22)), (None, None, None));
    }

    #[test]
    fn broken_maps_have_a_reading() {
        for map in [
            &b"<"[..],
            b"<0",
            b"1 beginbfrange <00> <FF> [",
            b"[[<>]] endbfrange",
            b"<1><2> endbfchar",
        ] {
            Map::parse(map);
        }
        let endless = Map::parse(b"<00000000> <FFFFFFFF> <0041> endbfrange");
        assert_eq!(endless.get(2), Some("C".into()));
        assert_eq!(endless.get(u32::MAX), None);
    }
}
