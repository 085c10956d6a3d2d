//! Parts of the zipped formats, within bounds.

use std::borrow::Cow;
use std::io::{Cursor, Read};

use zip::ZipArchive;
use zip::result::ZipError;

use super::{DocumentError, UNPACKED_MAX};

/// Most parts of one file.
const PARTS_MAX: usize = 10_000;

/// How a zip begins, and how the container of an encrypted Office file does.
const ZIP: [u8; 4] = *b"PK\x03\x04";
const COMPOUND: [u8; 4] = [0xD0, 0xCF, 0x11, 0xE0];

/// A zipped document.
pub(super) struct Archive<'f> {
    zip: ZipArchive<Cursor<&'f [u8]>>,
    format: &'static str,
    /// Bytes that may still be unpacked.
    budget: usize,
}

impl<'f> Archive<'f> {
    pub(super) fn open(file: &'f [u8], format: &'static str) -> Result<Self, DocumentError> {
        if file.starts_with(&COMPOUND) {
            return Err(DocumentError::Encrypted);
        }
        if !file.starts_with(&ZIP) {
            return Err(DocumentError::Damaged(format));
        }
        let zip = ZipArchive::new(Cursor::new(file)).map_err(|_| DocumentError::Damaged(format))?;
        if zip.len() > PARTS_MAX {
            return Err(DocumentError::TooLarge { limit: PARTS_MAX, what: "parts" });
        }
        Ok(Archive { zip, format, budget: UNPACKED_MAX })
    }

    /// Names of the parts, in order.
    pub(super) fn names(&self) -> Vec<String> {
        let names = self.zip.file_names().filter_map(Result::ok);
        let mut names: Vec<String> = names.map(Cow::into_owned).collect();
        names.sort_unstable();
        names
    }

    /// How many parts there are.
    pub(super) fn len(&self) -> usize {
        self.zip.len()
    }

    /// A part's bytes, unpacked, by its name.
    pub(super) fn part(&mut self, name: &str) -> Result<Vec<u8>, DocumentError> {
        let part = self.zip.by_name(name).map_err(|error| refusal(&error, self.format))?;
        unpack(part, &mut self.budget, self.format)
    }

    /// A part's bytes, unpacked, by its number.
    pub(super) fn part_at(&mut self, number: usize) -> Result<Vec<u8>, DocumentError> {
        let part = self.zip.by_index(number).map_err(|error| refusal(&error, self.format))?;
        unpack(part, &mut self.budget, self.format)
    }
}

fn refusal(error: &ZipError, format: &'static str) -> DocumentError {
    match error {
        ZipError::UnsupportedArchive(what) if *what == ZipError::PASSWORD_REQUIRED => {
            DocumentError::Encrypted
        }
        _ => DocumentError::Damaged(format),
    }
}

/// What a header says about sizes is not believed: bytes count when they are unpacked.
fn unpack(
    part: impl Read,
    budget: &mut usize,
    format: &'static str,
) -> Result<Vec<u8>, DocumentError> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(*budget).unwrap_or(u64::MAX).saturating_add(1);
    part.take(limit).read_to_end(&mut bytes).map_err(|_| DocumentError::Damaged(format))?;
    *budget = budget.checked_sub(bytes.len()).ok_or(DocumentError::TooLarge {
        limit: UNPACKED_MAX,
        what: "bytes when it is unpacked",
    })?;
    Ok(bytes)
}
