//! Text as it is gathered: bounded, in lines, without control characters.

use std::borrow::Cow;

use super::{DOCUMENT_TEXT_MAX, DocumentError};

/// Most bytes that are written, those counted that are taken off again: a table of blanks is no text, but work.
const WRITTEN_MAX: usize = 64 << 20;

/// A text that grows up to [`DOCUMENT_TEXT_MAX`] bytes.
#[derive(Debug, Default)]
pub(super) struct Text {
    text: String,
    written: usize,
}

impl Text {
    pub(super) fn push(&mut self, piece: &str) -> Result<(), DocumentError> {
        self.written += piece.len();
        if self.text.len() + piece.len() > DOCUMENT_TEXT_MAX || self.written > WRITTEN_MAX {
            return Err(DocumentError::TooLarge {
                limit: DOCUMENT_TEXT_MAX,
                what: "bytes of text",
            });
        }
        self.text.push_str(piece);
        Ok(())
    }

    pub(super) fn push_char(&mut self, c: char) -> Result<(), DocumentError> {
        self.push(c.encode_utf8(&mut [0; 4]))
    }

    /// Whether a word may follow without a space.
    pub(super) fn ends_in_space(&self) -> bool {
        self.text.is_empty() || self.text.ends_with([' ', '\n', '\t'])
    }

    /// A space, unless there is one.
    pub(super) fn space(&mut self) -> Result<(), DocumentError> {
        if self.ends_in_space() { Ok(()) } else { self.push(" ") }
    }

    /// The start of a line.
    pub(super) fn line(&mut self) -> Result<(), DocumentError> {
        self.trim_line();
        if self.text.is_empty() || self.text.ends_with('\n') { Ok(()) } else { self.push("\n") }
    }

    /// The start of a line after a blank one.
    pub(super) fn paragraph(&mut self) -> Result<(), DocumentError> {
        self.line()?;
        if self.text.is_empty() || self.text.ends_with("\n\n") { Ok(()) } else { self.push("\n") }
    }

    /// Takes spaces and tabs off the end of the last line.
    pub(super) fn trim_line(&mut self) {
        let len = self.text.trim_end_matches([' ', '\t']).len();
        self.text.truncate(len);
    }

    /// Takes spaces off the end.
    pub(super) fn trim_spaces(&mut self) {
        let len = self.text.trim_end_matches(' ').len();
        self.text.truncate(len);
    }

    pub(super) fn finish(self) -> String {
        self.text
    }
}

/// The text with `\n` as the only line break and without other control characters than the tab.
pub(super) fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' => {
                if chars.peek() != Some(&'\n') {
                    shown.push('\n');
                }
            }
            '\n' | '\t' => shown.push(c),
            '\u{FEFF}' => {}
            c if c.is_control() => {}
            c => shown.push(c),
        }
    }
    shown
}

/// A cell of a table: one line, without tabs.
pub(super) fn cell(text: &str) -> Cow<'_, str> {
    if text.contains(['\n', '\r', '\t']) {
        Cow::Owned(text.replace("\r\n", " ").replace(['\n', '\r', '\t'], " "))
    } else {
        Cow::Borrowed(text)
    }
}

/// A text inside quotation marks.
pub(super) fn attribute(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;");
    printable(&text).replace(['\n', '\t'], " ")
}

/// A text inside `<document>` or `<context>`: neither of them can be closed from within.
pub(super) fn enclosed(text: &str) -> Cow<'_, str> {
    let lower = text.to_ascii_lowercase();
    let closing = ["</document", "</context"];
    if !closing.iter().any(|mark| lower.contains(mark)) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    let mut done = 0;
    for (at, _) in lower.match_indices("</") {
        if closing.iter().any(|mark| lower[at..].starts_with(mark)) {
            shown.push_str(&text[done..at]);
            shown.push_str("<\\/");
            done = at + 2;
        }
    }
    shown.push_str(&text[done..]);
    Cow::Owned(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_that_are_taken_off_again_count() {
        let mut text = Text::default();
        let blanks = " ".repeat(1 << 20);
        let mut row = || text.push(&blanks).and_then(|()| text.line());
        assert!((0..64).all(|_| row().is_ok()));
        assert!(row().is_err());
    }
}
