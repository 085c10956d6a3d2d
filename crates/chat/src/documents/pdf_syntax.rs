//! What the reader of a PDF's objects will have to read, before it does.
//!
//! Objects may lie within one another (a header inside a string, a comment or a stream of another object), and members
//! of a packed group may share their bytes. Each is read for itself, so that a small file can cost any time and memory.
//! Here the bytes of all objects are counted, by the little of the syntax that says where one ends.

use super::DocumentError;

/// How often the bytes of a file may be read on average; once where objects lie side by side.
const READINGS: usize = 4;

/// Most values in the objects of one file, brackets included: in memory each takes some dozen bytes, however short.
const VALUES_MAX: usize = 3_000_000;

/// What may still be read.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Effort {
    bytes: usize,
    values: usize,
}

impl Effort {
    pub(super) fn new() -> Self {
        Effort { bytes: 1 << 16, values: VALUES_MAX }
    }

    /// There are so many bytes more to read.
    pub(super) fn grow(&mut self, bytes: usize) {
        self.bytes += READINGS * bytes;
    }

    fn spend(&mut self, bytes: usize) -> Result<(), DocumentError> {
        self.bytes = self.bytes.checked_sub(bytes).ok_or(DocumentError::Damaged("pdf"))?;
        Ok(())
    }

    fn value(&mut self) -> Result<(), DocumentError> {
        let left = self.values.checked_sub(1);
        self.values =
            left.ok_or(DocumentError::TooLarge { limit: VALUES_MAX, what: "values in objects" })?;
        Ok(())
    }

    /// Counts the object at `start`, the stream that belongs to it included.
    pub(super) fn object(&mut self, file: &[u8], start: usize) -> Result<(), DocumentError> {
        let mut lengths = Vec::new();
        let mut is_length = false;
        let (mut depth, mut plain) = (0_usize, 0);
        let mut complete = false;
        let mut at = start;
        loop {
            let next = after_space(file, at);
            self.spend(1 + next - at)?;
            let end = after_token(file, next);
            let token = &file[next..end];
            let word = word(token);
            if !word.is_empty() {
                return self.end(file, end - word.len(), &lengths);
            }
            if complete || token.is_empty() {
                return Ok(());
            }
            self.value()?;
            self.spend(token.len())?;
            match token {
                b"<<" | b"[" => depth += 1,
                b">>" | b"]" => depth = depth.saturating_sub(1),
                _ => {}
            }
            // A number may be a reference: two more tokens.
            plain += usize::from(is_regular(token[0]));
            complete = depth == 0 && !(is_regular(token[0]) && plain < 3);
            if is_length {
                lengths.extend(whole_number(token));
            }
            is_length = length_name(file, next) == Some(end);
            at = end;
        }
    }

    /// Counts what begins with the word that ends an object. Of several lengths each may be the stream's.
    fn end(&mut self, file: &[u8], at: usize, lengths: &[usize]) -> Result<(), DocumentError> {
        if file[at..].starts_with(b"endobj") {
            return self.spend(after_space(file, at + 6) - at);
        }
        if !file[at..].starts_with(b"stream") {
            return Ok(());
        }
        let line_end = after(file, at + 6, |byte| b" \t".contains(&byte));
        let data = after_line_end(file, line_end);
        for length in lengths {
            let end = data.saturating_add(*length);
            if end > file.len() {
                continue;
            }
            self.spend(*length)?;
            let end = after_line_end(file, end);
            if file[end..].starts_with(b"endstream") {
                let next = after_space(file, end + 9);
                let endobj = file[next..].starts_with(b"endobj");
                let next = if endobj { after_space(file, next + 6) } else { next };
                self.spend(next - end)?;
            }
        }
        Ok(())
    }
}

fn is_blank(byte: u8) -> bool {
    b" \t\n\r\0\x0C".contains(&byte)
}

fn is_regular(byte: u8) -> bool {
    !is_blank(byte) && !b"()<>[]{}/%".contains(&byte)
}

fn after(file: &[u8], at: usize, within: impl Fn(u8) -> bool) -> usize {
    at + file[at..].iter().take_while(|byte| within(**byte)).count()
}

/// The place behind white space.
pub(super) fn after_blanks(file: &[u8], at: usize) -> usize {
    after(file, at, is_blank)
}

/// The place behind white space and comments.
fn after_space(file: &[u8], at: usize) -> usize {
    let mut at = after_blanks(file, at);
    while file.get(at) == Some(&b'%') {
        at = after_blanks(file, after(file, at, |byte| !b"\r\n".contains(&byte)));
    }
    at
}

fn after_line_end(file: &[u8], at: usize) -> usize {
    match &file[at..] {
        [b'\r', b'\n', ..] => at + 2,
        [b'\r' | b'\n', ..] => at + 1,
        _ => at,
    }
}

/// The place behind the token that begins at `at`.
fn after_token(file: &[u8], at: usize) -> usize {
    match (file.get(at), file.get(at + 1)) {
        (None, _) => at,
        (Some(b'('), _) => after_string(file, at),
        (Some(b'<'), Some(b'<')) | (Some(b'>'), Some(b'>')) => at + 2,
        (Some(b'<'), _) => after(file, at + 1, |byte| is_blank(byte) || byte.is_ascii_hexdigit()),
        (Some(b'/'), _) => after(file, at + 1, is_regular),
        (Some(byte), _) if is_regular(*byte) => after(file, at, is_regular),
        _ => at + 1,
    }
}

fn after_string(file: &[u8], start: usize) -> usize {
    let mut depth = 0_usize;
    let mut escaped = false;
    for (at, byte) in file.iter().enumerate().skip(start) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'(' => depth += 1,
            b')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    file.len()
}

/// What remains of a token behind numbers, references and constants: the word that ends an object.
fn word(token: &[u8]) -> &[u8] {
    let mut rest = token;
    if !token.first().is_some_and(|byte| is_regular(*byte)) {
        return &[];
    }
    loop {
        let constants = [&b"null"[..], b"true", b"false", b"R"];
        let constant = constants.iter().find_map(|constant| rest.strip_prefix(*constant));
        rest = match (constant, rest.split_first()) {
            (Some(rest), _) => rest,
            (None, Some((b'0'..=b'9' | b'+' | b'-' | b'.', rest))) => rest,
            _ => return rest,
        };
    }
}

/// The whole part of a number that is not negative.
fn whole_number(token: &[u8]) -> Option<usize> {
    let digits = token.strip_prefix(b"+").unwrap_or(token);
    let digits = &digits[..after(digits, 0, |byte| byte.is_ascii_digit())];
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// The end of the name at `at`, if it is `Length`, each of whose letters may be written as `#` and its code.
pub(super) fn length_name(file: &[u8], at: usize) -> Option<usize> {
    let mut rest = file.get(at..)?.strip_prefix(b"/")?;
    for letter in b"Length" {
        let code = format!("#{letter:02x}");
        rest = match rest.split_first() {
            Some((first, rest)) if first == letter => rest,
            _ if rest.get(..3)?.eq_ignore_ascii_case(code.as_bytes()) => &rest[3..],
            _ => return None,
        };
    }
    let ends = rest.first().is_none_or(|byte| !is_regular(*byte));
    ends.then_some(file.len() - rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(file: &str) -> usize {
        let mut effort = Effort::new();
        effort.object(file.as_bytes(), 0).unwrap();
        Effort::new().bytes - effort.bytes
    }

    #[test]
    fn an_object_ends_where_the_reader_stops() {
        for (object, behind) in [
            ("1 0 R endobj", " 2 0 obj (text)"),
            ("<</A[nulltrue 1 0R1 0 R]/B(a\\)(b)c)/C<00>>>endobj", " 2 0 obj (text)"),
            ("<</A 5>>endobj % to the end", "\n2 0 obj"),
            ("(endobj (endobj) % no comment)endobj", "2 0 obj"),
            // Members of groups end without a word.
            ("<</A[1]>>", "<</B 5>>(text)"),
            ("[1 2]", " 3"),
            ("(text)", "(text)"),
        ] {
            let (short, long) = (count(object), count(&format!("{object}{behind}")));
            assert!(
                short.abs_diff(long) <= 1 && short + 7 >= object.len(),
                "{object} {short} {long}"
            );
        }
    }

    #[test]
    fn a_stream_counts_with_its_length_however_that_is_written() {
        let stream = "x".repeat(1000);
        for length in ["1000", "+1000.", "5/#4c#65ngth 1000", "1000/Length 5"] {
            let object = format!("<</Length {length}>>stream\n{stream}\nendstream endobj");
            assert!(count(&object) >= 1000, "{length}");
        }
        assert!(count(&format!("<</Length 9999>>stream\n{stream}\nendstream endobj")) < 100);
    }

    #[test]
    fn bytes_of_many_objects_are_bounded() {
        let file = "1 0 obj(".repeat(20_000);
        let mut effort = Effort::new();
        effort.grow(file.len());
        let all =
            (0..file.len()).step_by(8).try_for_each(|at| effort.object(file.as_bytes(), at + 7));
        assert_eq!(all, Err(DocumentError::Damaged("pdf")));
    }
}
