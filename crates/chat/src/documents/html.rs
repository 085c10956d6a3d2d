//! html: the text of the page, block elements on lines of their own.

use encoding_rs::Encoding;
use html5gum::{DefaultEmitter, Token, Tokenizer};

use super::DocumentError;
use super::plain::decode;
use super::text::Text;

/// Elements whose content is not text of the page.
const SKIPPED: [&[u8]; 9] = [
    b"script",
    b"style",
    b"template",
    b"iframe",
    b"svg",
    b"math",
    b"noembed",
    b"noframes",
    b"object",
];

/// Elements with a blank line before and after them.
const PARAGRAPHS: [&[u8]; 16] = [
    b"p",
    b"h1",
    b"h2",
    b"h3",
    b"h4",
    b"h5",
    b"h6",
    b"ul",
    b"ol",
    b"dl",
    b"table",
    b"blockquote",
    b"pre",
    b"title",
    b"figure",
    b"hr",
];

/// Elements that begin and end a line.
const LINES: [&[u8]; 18] = [
    b"div",
    b"section",
    b"article",
    b"header",
    b"footer",
    b"main",
    b"nav",
    b"aside",
    b"address",
    b"form",
    b"fieldset",
    b"li",
    b"dt",
    b"dd",
    b"tr",
    b"option",
    b"figcaption",
    b"caption",
];

/// Where a page says its charset; a declaration further down has no effect in browsers either.
const PRESCAN: usize = 1024;

pub(super) fn read(file: &[u8]) -> Result<String, DocumentError> {
    let html = match declared(file) {
        Some(encoding) => encoding.decode(file).0,
        None => decode(file),
    };
    let mut emitter = DefaultEmitter::default();
    emitter.naively_switch_states(true);
    let mut page = Page::default();
    for Ok(token) in Tokenizer::new_with_emitter(&*html, emitter) {
        match token {
            Token::StartTag(tag) => page.open(&tag.name, tag.self_closing)?,
            Token::EndTag(tag) => page.close(&tag.name)?,
            Token::String(text) => page.text(&String::from_utf8_lossy(&text))?,
            Token::Comment(_) | Token::Doctype(_) | Token::Error(_) => {}
        }
    }
    Ok(page.text.finish())
}

/// The encoding that `<meta charset=…>` or a `content-type` in the page names.
fn declared(file: &[u8]) -> Option<&'static Encoding> {
    if Encoding::for_bom(file).is_some() {
        return None;
    }
    let head = file[..file.len().min(PRESCAN)].to_ascii_lowercase();
    let head = String::from_utf8_lossy(&head);
    let (_, rest) = head.split_once("charset=")?;
    let label = rest.trim_start_matches(['"', '\'', ' ']);
    let end = label.find(['"', '\'', ' ', '>', ';', '/']).unwrap_or(label.len());
    Encoding::for_label(&label.as_bytes()[..end])
}

#[derive(Default)]
struct Page {
    text: Text,
    /// The element that is skipped, and how many of its kind are open.
    skipped: Option<(Vec<u8>, usize)>,
    /// Open `pre` elements.
    preformatted: usize,
    /// White space that shows only if something follows in the line.
    space: bool,
}

impl Page {
    fn open(&mut self, name: &[u8], self_closing: bool) -> Result<(), DocumentError> {
        if let Some((skipped, depth)) = &mut self.skipped {
            *depth += usize::from(skipped == name && !self_closing);
            return Ok(());
        }
        if SKIPPED.contains(&name) {
            // Only foreign elements close themselves.
            let closed = self_closing && [&b"svg"[..], b"math"].contains(&name);
            self.skipped = (!closed).then(|| (name.to_vec(), 1));
            return Ok(());
        }
        self.bounds(name)?;
        match name {
            b"br" => self.break_line(),
            b"li" => self.text.push("- "),
            b"td" | b"th" => self.next_cell(),
            b"pre" => {
                self.preformatted += 1;
                Ok(())
            }
            [b'h', level @ b'1'..=b'6'] => {
                self.text.push(&"######"[..usize::from(level - b'0')])?;
                self.text.push(" ")
            }
            _ => Ok(()),
        }
    }

    fn close(&mut self, name: &[u8]) -> Result<(), DocumentError> {
        if let Some((skipped, depth)) = &mut self.skipped {
            *depth -= usize::from(skipped == name);
            if *depth == 0 {
                self.skipped = None;
            }
            return Ok(());
        }
        if name == b"pre" {
            self.preformatted = self.preformatted.saturating_sub(1);
        }
        self.bounds(name)
    }

    /// Line breaks at the beginning or the end of an element.
    fn bounds(&mut self, name: &[u8]) -> Result<(), DocumentError> {
        if PARAGRAPHS.contains(&name) {
            self.space = false;
            self.text.paragraph()
        } else if LINES.contains(&name) {
            self.space = false;
            self.text.line()
        } else {
            Ok(())
        }
    }

    fn break_line(&mut self) -> Result<(), DocumentError> {
        self.space = false;
        self.text.trim_line();
        self.text.push("\n")
    }

    fn next_cell(&mut self) -> Result<(), DocumentError> {
        self.space = false;
        if self.text.ends_in_space() { Ok(()) } else { self.text.push("\t") }
    }

    fn text(&mut self, text: &str) -> Result<(), DocumentError> {
        if self.skipped.is_some() {
            return Ok(());
        }
        if self.preformatted > 0 {
            return self.text.push(text);
        }
        for c in text.chars() {
            if c.is_ascii_whitespace() {
                self.space = true;
                continue;
            }
            if std::mem::take(&mut self.space) {
                self.text.space()?;
            }
            self.text.push_char(c)?;
        }
        Ok(())
    }
}
