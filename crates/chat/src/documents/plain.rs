//! csv, txt and md: text as it is, in UTF-8, UTF-16 with a byte order mark, or Windows-1252.

use std::borrow::Cow;

use encoding_rs::{Encoding, WINDOWS_1252};

use super::DocumentError;
use super::text::Text;

pub(super) fn read(file: &[u8]) -> Result<String, DocumentError> {
    let decoded = decode(file);
    // No text has this character; pictures and programs have.
    if decoded.contains('\0') {
        return Err(DocumentError::Damaged("text"));
    }
    let mut text = Text::default();
    text.push(&decoded)?;
    Ok(text.finish())
}

/// What a byte order mark says; else UTF-8 if it is valid; else Windows-1252, in which every byte is a character.
pub(super) fn decode(bytes: &[u8]) -> Cow<'_, str> {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return encoding.decode_without_bom_handling(&bytes[mark..]).0;
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => WINDOWS_1252.decode_without_bom_handling(bytes).0,
    }
}
