//! Documents as text for the model, one file a format. What the text looks like: `docs/documents.md`.
//!
//! Bytes of strangers: every reader here is bounded by what it unpacks, by its steps and by what it writes, never by a
//! clock, so that the same document always gives the same text or the same refusal. A reader that panics all the same
//! is a refusal, too.

mod cmap;
mod docx;
mod fonts;
mod html;
mod pdf;
mod pdf_lengths;
mod pdf_objects;
mod pdf_syntax;
mod plain;
mod text;
mod xls;
mod xlsx;
mod zipped;

use std::borrow::Cow;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use bedrock::canonical::{Block, Document, DocumentFormat, DocumentSource, Message, Turns};

use crate::ChatError;

/// Most bytes of text that one document gives.
pub const DOCUMENT_TEXT_MAX: usize = 5_000_000;

/// Most bytes that the packed parts of one document may unpack to, together.
const UNPACKED_MAX: usize = 64 << 20;

/// Why a document has no text. The texts are for the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// It is not what its format says.
    #[error("the document cannot be read: it is damaged, or not a file of the format {0}")]
    Damaged(&'static str),
    /// It needs a password.
    #[error("the document is encrypted; send it without a password")]
    Encrypted,
    /// A format that is not read here.
    #[error(
        "documents of the format doc are not supported by this server; save it as docx, pdf or txt"
    )]
    Legacy,
    /// Nothing in it is text: scanned pages, an empty sheet.
    #[error("no text was found in the document; text in images is not read")]
    NoText,
    /// It goes beyond a bound.
    #[error("the document is too large: it has more than {limit} {what}")]
    TooLarge {
        /// The bound.
        limit: usize,
        /// Of what.
        what: &'static str,
    },
}

thread_local! {
    static READING: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread is reading a document: a panic's message may then quote it, and must not be logged.
#[must_use]
pub fn is_reading_document() -> bool {
    READING.get()
}

/// The text of a file.
///
/// # Errors
/// [`DocumentError`]; a text that is blank is none.
pub fn document_text(format: DocumentFormat, file: &[u8]) -> Result<String, DocumentError> {
    let read: fn(&[u8]) -> Result<String, DocumentError> = match format {
        DocumentFormat::Pdf => pdf::read,
        DocumentFormat::Csv | DocumentFormat::Txt | DocumentFormat::Md => plain::read,
        DocumentFormat::Doc => return Err(DocumentError::Legacy),
        DocumentFormat::Docx => docx::read,
        DocumentFormat::Xls => xls::read,
        DocumentFormat::Xlsx => xlsx::read,
        DocumentFormat::Html => html::read,
    };
    READING.set(true);
    let text = catch_unwind(AssertUnwindSafe(|| read(file)));
    READING.set(false);
    let text = text.unwrap_or(Err(DocumentError::Damaged(format.as_str())))?;
    let text = text::printable(&text);
    match text.trim_end() {
        "" => Err(DocumentError::NoText),
        text => Ok(text.to_owned()),
    }
}

/// The turns with a text in place of each document.
pub(crate) fn written(turns: &Turns) -> Result<Cow<'_, Turns>, ChatError> {
    let mut blocks = turns.messages.iter().flat_map(|message| &message.content);
    if !blocks.any(|block| matches!(block, Block::Document(_))) {
        return Ok(Cow::Borrowed(turns));
    }
    let messages = turns
        .messages
        .iter()
        .map(|message| {
            Ok(Message { role: message.role, content: written_blocks(&message.content)? })
        })
        .collect::<Result<_, ChatError>>()?;
    Ok(Cow::Owned(Turns { system: turns.system.clone(), messages }))
}

fn written_blocks(blocks: &[Block]) -> Result<Vec<Block>, ChatError> {
    let mut written: Vec<Block> = Vec::with_capacity(blocks.len());
    // Bytes that documents have added to the last tool result.
    let mut added = 0;
    for block in blocks {
        let Block::Document(document) = block else {
            added = 0;
            written.push(block.clone());
            continue;
        };
        let shown = show(document)?;
        match (&document.part_of, written.last_mut()) {
            (Some(part), Some(Block::ToolResult { id, text, .. })) if *id == part.tool_use_id => {
                added += insert(text, part.offset + added, &shown);
            }
            _ => written.push(Block::Text(shown)),
        }
    }
    Ok(written)
}

/// Puts `document` on lines of its own into a text; tells by how much the text grew.
fn insert(text: &mut String, at: usize, document: &str) -> usize {
    let at = text.floor_char_boundary(at);
    let (before, after) = text.split_at(at);
    let open = if before.is_empty() || before.ends_with('\n') { "" } else { "\n" };
    let close = if after.is_empty() || after.starts_with('\n') { "" } else { "\n" };
    let piece = format!("{open}{document}{close}");
    text.insert_str(at, &piece);
    piece.len()
}

/// A document as the model sees it.
fn show(document: &Document) -> Result<String, ChatError> {
    let (format, text) = match &document.source {
        DocumentSource::Text(text) => ("", Cow::Borrowed(text.as_str())),
        DocumentSource::File(format, file) => {
            let text = document_text(*format, file)
                .map_err(|error| ChatError::Document { place: document.place.clone(), error })?;
            (format.as_str(), Cow::Owned(text))
        }
    };
    let mut shown = format!("<document name=\"{}\"", text::attribute(&document.name));
    if !format.is_empty() {
        shown.push_str(&format!(" format=\"{format}\""));
    }
    shown.push_str(">\n");
    if let Some(context) = document.context.as_deref().filter(|text| !text.trim().is_empty()) {
        shown.push_str(&format!("<context>\n{}\n</context>\n", text::enclosed(context)));
    }
    shown.push_str(&text::enclosed(&text));
    shown.push_str("\n</document>");
    Ok(shown)
}
