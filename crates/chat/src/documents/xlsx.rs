//! xlsx: each sheet under its name, a line a row, cells between tabs.

use std::io::Cursor;

use calamine::{DataRef, ExcelDateTime, Reader as _, Xlsx, XlsxError, open_workbook_from_rs};

use super::DocumentError;
use super::text::{Text, cell};
use super::zipped::Archive;

const DAMAGED: DocumentError = DocumentError::Damaged("xlsx");

/// Most cells of one file, empty ones that it names included.
pub(super) const CELLS_MAX: usize = 1_000_000;

/// Most sheets of one file.
pub(super) const SHEETS_MAX: usize = 1000;

/// Most bytes of all sheets, each counted as the largest part: sheets may share one.
const SHEETS_BYTES_MAX: usize = 1 << 30;

/// Most strings that a table of strings may announce: the reader sets memory aside for them.
const STRINGS_MAX: usize = 4_000_000;

pub(super) fn read(file: &[u8]) -> Result<String, DocumentError> {
    let largest = check_parts(file)?;
    let mut book: Xlsx<_> =
        open_workbook_from_rs(Cursor::new(file)).map_err(|_: XlsxError| DAMAGED)?;
    let names = book.sheet_names();
    if names.len() > SHEETS_MAX {
        return Err(DocumentError::TooLarge { limit: SHEETS_MAX, what: "sheets" });
    }
    if largest.saturating_mul(names.len()) > SHEETS_BYTES_MAX {
        return Err(DocumentError::TooLarge { limit: SHEETS_BYTES_MAX, what: "bytes of sheets" });
    }
    let mut text = Text::default();
    let mut cells = 0;
    for name in names {
        // Sheets of charts have no cells.
        let mut sheet = match book.worksheet_cells_reader(&name) {
            Ok(sheet) => sheet,
            Err(XlsxError::NotAWorksheet(_)) => continue,
            Err(_) => return Err(DAMAGED),
        };
        text.paragraph()?;
        text.push(&format!("# {}\n", cell(&name)))?;
        let mut rows = Rows::default();
        while let Some(found) = sheet.next_cell().map_err(|_| DAMAGED)? {
            cells += 1;
            if cells > CELLS_MAX {
                return Err(DocumentError::TooLarge { limit: CELLS_MAX, what: "cells" });
            }
            let (row, column) = found.get_position();
            rows.cell(row, column, &shown(found.get_value()), &mut text)?;
        }
    }
    Ok(text.finish())
}

/// Unpacks every part once, within the bounds: the reader itself has none. Gives the size of the largest.
fn check_parts(file: &[u8]) -> Result<usize, DocumentError> {
    let mut archive = Archive::open(file, "xlsx")?;
    let mut largest = 0;
    for number in 0..archive.len() {
        let part = archive.part_at(number)?;
        // In UTF-16 the announcement would not be found.
        if part.iter().take(4).any(|byte| matches!(byte, 0 | 0xFE | 0xFF)) && is_markup(&part) {
            return Err(DAMAGED);
        }
        check_counts(&part)?;
        largest = largest.max(part.len());
    }
    Ok(largest)
}

fn is_markup(part: &[u8]) -> bool {
    part.iter().take(8).any(|byte| *byte == b'<')
}

fn check_counts(part: &[u8]) -> Result<(), DocumentError> {
    const COUNT: &[u8] = b"uniqueCount";
    let mut rest = part;
    while let Some(at) = rest.windows(COUNT.len()).position(|word| word == COUNT) {
        rest = &rest[at + COUNT.len()..];
        // Up to the next one: each byte is read once.
        let digits = rest.iter().skip_while(|c| !c.is_ascii_digit() && **c != COUNT[0]);
        let digits = digits.take_while(|c| c.is_ascii_digit());
        let count = digits.fold(0_usize, |count, digit| {
            count.saturating_mul(10).saturating_add(usize::from(digit - b'0'))
        });
        if count > STRINGS_MAX {
            return Err(DocumentError::TooLarge { limit: STRINGS_MAX, what: "strings" });
        }
    }
    Ok(())
}

/// Puts cells into lines.
#[derive(Default)]
pub(super) struct Rows {
    /// Row and column of the last cell with a text.
    last: Option<(u32, u32)>,
}

impl Rows {
    /// Adds a cell; rows and columns count from 0.
    pub(super) fn cell(
        &mut self,
        row: u32,
        column: u32,
        value: &str,
        text: &mut Text,
    ) -> Result<(), DocumentError> {
        if value.is_empty() {
            return Ok(());
        }
        let tabs = match self.last {
            Some((last, before)) if last == row => column.saturating_sub(before).max(1),
            Some(_) => {
                text.line()?;
                column
            }
            None => column,
        };
        for _ in 0..tabs {
            text.push("\t")?;
        }
        self.last = Some((row, column));
        text.push(&cell(value))
    }
}

fn shown(value: &DataRef<'_>) -> String {
    match value {
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) => number.to_string(),
        DataRef::String(text) => text.clone(),
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Bool(value) => if *value { "TRUE" } else { "FALSE" }.to_owned(),
        DataRef::DateTime(time) => date(time),
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
        DataRef::Error(error) => error.to_string(),
        DataRef::Empty => String::new(),
    }
}

/// `2026-11-25`, `2026-11-25 17:30:00`, or for less than a day `17:30:00`; spans of time in days.
pub(super) fn date(time: &ExcelDateTime) -> String {
    if time.is_duration() {
        return format!("{} days", time.as_f64());
    }
    let (year, month, day, hour, minute, second, _) = time.to_ymd_hms_milli();
    let clock = format!("{hour:02}:{minute:02}:{second:02}");
    if (0.0..1.0).contains(&time.as_f64()) {
        return clock;
    }
    let date = format!("{year:04}-{month:02}-{day:02}");
    if clock == "00:00:00" { date } else { format!("{date} {clock}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn announced_strings_are_bounded_however_often_they_are_announced() {
        for part in ["<sst uniqueCount=\"4000000\">", "uniqueCount='9'uniqueCount"] {
            assert_eq!(check_counts(part.as_bytes()), Ok(()), "{part}");
        }
        assert_eq!(check_counts(&b"uniqueCount".repeat(300_000)), Ok(()));
        let part = b"uniqueCount uniqueCount = '4000001'";
        assert!(matches!(check_counts(part), Err(DocumentError::TooLarge { .. })));
    }
}
