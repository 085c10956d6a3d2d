//! Lengths of a PDF's streams, told where they stand instead of in another object.
//!
//! The reader of objects reads the other object anew for every stream, and if that is a stream with such a length, the
//! next one within it: a chain of them overflows the stack. Only plain references are resolved; a length that cannot be
//! is given another name, so that its stream is empty.

use std::collections::BTreeMap;

use super::pdf_syntax::{after_blanks, length_name};

/// Numbers of objects, with the places of their headers and generations.
pub(super) type Objects = BTreeMap<u32, (usize, u16)>;

/// What stands behind `/Length`.
enum Length {
    /// No reference.
    Direct,
    /// Object and generation, and where the reference ends.
    Of(u32, u16, usize),
    /// Perhaps a reference, with comments in it or too large numbers.
    Unclear,
}

/// The file with direct lengths. Where one fits into the place of its reference, nothing moves.
pub(super) fn direct(file: &[u8], objects: &Objects) -> Vec<u8> {
    let mut direct = Vec::with_capacity(file.len());
    let mut done = 0;
    for (at, _) in file.iter().enumerate().filter(|(_, byte)| **byte == b'/') {
        let Some(end) = length_name(file, at) else { continue };
        let length = match length_at(file, after_blanks(file, end)) {
            Length::Direct => continue,
            Length::Unclear => None,
            Length::Of(number, generation, reference_end) => objects
                .get(&number)
                .filter(|object| object.1 == generation)
                .and_then(|object| integer(file, object.0))
                .map(|length| (length, reference_end)),
        };
        if let Some((length, reference_end)) = length {
            direct.extend_from_slice(&file[done..end]);
            let width = reference_end - end;
            direct.extend_from_slice(format!("{:<width$}", format!(" {length}")).as_bytes());
            done = reference_end;
        } else {
            direct.extend_from_slice(&file[done..=at]);
            direct.push(b'X');
            done = at + 2;
        }
    }
    direct.extend_from_slice(&file[done..]);
    direct
}

fn length_at(file: &[u8], at: usize) -> Length {
    let comment = |at: usize| file.get(at) == Some(&b'%');
    let number_end = after_digits(file, at);
    let generation = after_blanks(file, number_end);
    let generation_end = after_digits(file, generation);
    let end = after_blanks(file, generation_end);
    if comment(at) || (number_end > at && comment(generation)) {
        return Length::Unclear;
    }
    if number_end == at || generation_end == generation {
        return Length::Direct;
    }
    match (number(&file[at..number_end]), number(&file[generation..generation_end])) {
        _ if comment(end) => Length::Unclear,
        _ if file.get(end) != Some(&b'R') => Length::Direct,
        (Some(number), Some(generation)) => Length::Of(number, generation, end + 1),
        _ => Length::Unclear,
    }
}

/// The integer that the object at `at` is.
fn integer(file: &[u8], at: usize) -> Option<u32> {
    let mut place = at;
    for _ in 0..2 {
        place = after_blanks(file, after_digits(file, place));
    }
    let start = after_blanks(file, place + file.get(place..)?.starts_with(b"obj").then_some(3)?);
    number(&file[start..after_digits(file, start)])
}

fn after_digits(file: &[u8], at: usize) -> usize {
    at + file[at..].iter().take_while(|byte| byte.is_ascii_digit()).count()
}

fn number<T: std::str::FromStr>(digits: &[u8]) -> Option<T> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_told_in_place_and_what_is_no_length_is_kept() {
        let objects = Objects::from([(7, (0, 0)), (8, (14, 0))]);
        let file = |rest: &str| format!("7 0 obj 12\n%%%8 0 obj (12)\n{rest}").into_bytes();
        for (given, expected) in [
            ("/Length 7 0 R>>", "/Length 12   >>"),
            ("/L#65ngth\n7 0R/A", "/L#65ngth 12  /A"),
            ("/Length 12/A 7 0 R", "/Length 12/A 7 0 R"),
            ("/Length1 7 0 R", "/Length1 7 0 R"),
            // Not an integer, not there, of another generation, with a comment.
            ("/Length 8 0 R", "/Xength 8 0 R"),
            ("/Length 9 0 R", "/Xength 9 0 R"),
            ("/Length 7 1 R", "/Xength 7 1 R"),
            ("/Length 7%\n0 R", "/Xength 7%\n0 R"),
            ("/Length%\n7 0 R", "/Xength%\n7 0 R"),
            ("/Length", "/Length"),
            ("/Length 7", "/Length 7"),
        ] {
            let told = direct(&file(given), &objects);
            assert_eq!(String::from_utf8(told), String::from_utf8(file(expected)), "{given}");
        }
    }
}
