//! docx: paragraphs as lines, rows of tables as lines with tabs, then footnotes and endnotes.

use quick_xml::Reader;
use quick_xml::events::{BytesRef, Event};

use super::DocumentError;
use super::plain::decode;
use super::text::Text;
use super::zipped::Archive;

const DAMAGED: DocumentError = DocumentError::Damaged("docx");

pub(super) fn read(file: &[u8]) -> Result<String, DocumentError> {
    let mut archive = Archive::open(file, "docx")?;
    let names = archive.names();
    // Usually document.xml; some writers number it.
    let main = names.iter().find(|name| name.starts_with("word/document") && is_xml(name));
    let main = main.ok_or(DAMAGED)?;
    let mut story = Story::default();
    story.read(&archive.part(main)?)?;
    for notes in ["word/footnotes.xml", "word/endnotes.xml"] {
        if names.iter().any(|name| name == notes) {
            story.read(&archive.part(notes)?)?;
        }
    }
    Ok(story.text.finish())
}

fn is_xml(name: &str) -> bool {
    name.ends_with(".xml")
}

#[derive(Default)]
struct Story {
    text: Text,
    /// Inside `w:t`, whose characters are text.
    in_text: bool,
    /// Open runs: a `w:tab` outside of them sets a tab stop.
    runs: usize,
    /// Open table cells: paragraphs within them are no lines.
    cells: usize,
    /// Open elements that repeat in another form what stands beside them.
    fallbacks: usize,
}

impl Story {
    fn read(&mut self, part: &[u8]) -> Result<(), DocumentError> {
        let xml = decode(part);
        let mut reader = Reader::from_str(&xml);
        (self.in_text, self.runs, self.cells, self.fallbacks) = (false, 0, 0, 0);
        loop {
            match reader.read_event().map_err(|_| DAMAGED)? {
                Event::Start(start) => self.open(start.local_name().as_ref())?,
                Event::Empty(empty) => self.empty(empty.local_name().as_ref())?,
                Event::End(end) => self.close(end.local_name().as_ref())?,
                Event::Text(text) if self.shows() => self.text.push(&text.xml10_content())?,
                Event::CData(text) if self.shows() => self.text.push(&text.xml10_content())?,
                Event::GeneralRef(entity) if self.shows() => {
                    if let Some(c) = character(&entity)? {
                        self.text.push_char(c)?;
                    }
                }
                Event::Eof => return self.text.paragraph(),
                _ => {}
            }
        }
    }

    fn shows(&self) -> bool {
        self.in_text && self.fallbacks == 0
    }

    fn open(&mut self, name: &str) -> Result<(), DocumentError> {
        match name {
            "t" => self.in_text = true,
            "r" => self.runs += 1,
            "tc" => self.cells += 1,
            "Fallback" => self.fallbacks += 1,
            _ => return self.empty(name),
        }
        Ok(())
    }

    fn empty(&mut self, name: &str) -> Result<(), DocumentError> {
        match name {
            _ if self.fallbacks > 0 || self.runs == 0 => Ok(()),
            "tab" | "ptab" => self.text.push("\t"),
            "br" | "cr" if self.cells == 0 => self.text.push("\n"),
            "br" | "cr" => self.text.space(),
            "noBreakHyphen" => self.text.push("-"),
            _ => Ok(()),
        }
    }

    fn close(&mut self, name: &str) -> Result<(), DocumentError> {
        match name {
            "t" => self.in_text = false,
            "r" => self.runs = self.runs.saturating_sub(1),
            "tc" => {
                self.cells = self.cells.saturating_sub(1);
                self.text.trim_spaces();
                self.text.push("\t")?;
            }
            "tr" => {
                self.text.trim_line();
                self.text.push("\n")?;
            }
            "Fallback" => self.fallbacks = self.fallbacks.saturating_sub(1),
            "p" if self.fallbacks == 0 && self.cells > 0 => self.text.space()?,
            "p" if self.fallbacks == 0 => self.text.push("\n")?,
            _ => {}
        }
        Ok(())
    }
}

/// What `&…;` stands for; entities that XML does not define stand for nothing.
fn character(entity: &BytesRef<'_>) -> Result<Option<char>, DocumentError> {
    if entity.is_char_ref() {
        return entity.resolve_char_ref().map_err(|_| DAMAGED);
    }
    Ok(match &**entity {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => None,
    })
}
