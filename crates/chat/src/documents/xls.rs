//! xls: Excel 97 to 2003 (BIFF8), as xlsx: each sheet under its name, a line a row, cells between tabs.
//!
//! A reader of its own: that of the spreadsheet crate lays out whole rectangles and sets aside memory for what a file
//! announces. Records: Microsoft, *\[MS-XLS\]: Excel Binary File Format*.

use std::collections::HashMap;
use std::io::{Cursor, Read as _};

use calamine::{ExcelDateTime, ExcelDateTimeType};
use cfb::CompoundFile;

use super::DocumentError;
use super::text::{Text, cell};
use super::xlsx::{CELLS_MAX, Rows, SHEETS_MAX, date};

const DAMAGED: DocumentError = DocumentError::Damaged("xls");

/// Most records of one file, those of sheets that share a place counted each time.
const RECORDS_MAX: usize = 5_000_000;

/// `BOF` of BIFF8.
const BIFF8: u16 = 0x0600;

const BOF: u16 = 0x0809;
const EOF: u16 = 0x000A;
const CONTINUE: u16 = 0x003C;

pub(super) fn read(file: &[u8]) -> Result<String, DocumentError> {
    let stream = workbook(file)?;
    let book = Book::read(&stream)?;
    if book.sheets.len() > SHEETS_MAX {
        return Err(DocumentError::TooLarge { limit: SHEETS_MAX, what: "sheets" });
    }
    let mut sheets = Sheets {
        book: &book,
        text: Text::default(),
        records: RECORDS_MAX,
        cells: CELLS_MAX,
        rows: Rows::default(),
        formula: None,
    };
    for (place, name) in &book.sheets {
        let records = usize::try_from(*place).ok().and_then(|place| stream.get(place..));
        sheets.read(name, records.ok_or(DAMAGED)?)?;
    }
    Ok(sheets.text.finish())
}

/// The stream of records in the compound file.
fn workbook(file: &[u8]) -> Result<Vec<u8>, DocumentError> {
    let mut compound = CompoundFile::open(Cursor::new(file)).map_err(|_| DAMAGED)?;
    if !compound.is_stream("/Workbook") {
        return Err(DAMAGED);
    }
    let mut stream = Vec::new();
    let workbook = compound.open_stream("/Workbook").map_err(|_| DAMAGED)?;
    // A compound file may not repeat its sectors; should it, this holds.
    let limit = u64::try_from(file.len()).unwrap_or(u64::MAX);
    workbook.take(limit).read_to_end(&mut stream).map_err(|_| DAMAGED)?;
    Ok(stream)
}

/// Records of a stream: type and data.
struct Records<'s>(&'s [u8]);

impl<'s> Iterator for Records<'s> {
    type Item = (u16, &'s [u8]);

    fn next(&mut self) -> Option<(u16, &'s [u8])> {
        let (kind, size) = (word(self.0, 0)?, usize::from(word(self.0, 2)?));
        let data = self.0.get(4..4 + size)?;
        self.0 = &self.0[4 + size..];
        Some((kind, data))
    }
}

fn word(data: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(data.get(at..at + 2)?.try_into().ok()?))
}

fn long(data: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(data.get(at..at + 4)?.try_into().ok()?))
}

fn float(data: &[u8], at: usize) -> Option<f64> {
    Some(f64::from_le_bytes(data.get(at..at + 8)?.try_into().ok()?))
}

/// What all sheets share.
#[derive(Default)]
struct Book {
    /// Places of the sheets in the stream, and their names.
    sheets: Vec<(u32, String)>,
    strings: Vec<String>,
    /// Number formats of the cells' styles.
    styles: Vec<u16>,
    /// Number formats of the file itself that show a date or a time.
    dates: HashMap<u16, bool>,
    since_1904: bool,
}

impl Book {
    fn read(stream: &[u8]) -> Result<Book, DocumentError> {
        let mut book = Book::default();
        let mut records = Records(stream).peekable();
        match records.next() {
            Some((BOF, data)) if word(data, 0) == Some(BIFF8) => {}
            _ => return Err(DAMAGED),
        }
        while let Some((kind, data)) = records.next() {
            match kind {
                EOF => break,
                0x002F => return Err(DocumentError::Encrypted),
                0x0022 => book.since_1904 = word(data, 0) == Some(1),
                0x041E => book.format(data).ok_or(DAMAGED)?,
                0x00E0 => book.styles.push(word(data, 2).ok_or(DAMAGED)?),
                0x0085 => book.sheet(data).ok_or(DAMAGED)?,
                0x00FC => {
                    let mut pieces = vec![data.get(8..).ok_or(DAMAGED)?];
                    while let Some((_, more)) = records.next_if(|(kind, _)| *kind == CONTINUE) {
                        pieces.push(more);
                    }
                    book.strings = strings(Pieces::new(&pieces));
                }
                _ => {}
            }
        }
        Ok(book)
    }

    fn format(&mut self, data: &[u8]) -> Option<()> {
        let pieces = [data.get(2..)?];
        let format = Pieces::new(&pieces).long_string()?;
        self.dates.insert(word(data, 0)?, shows_date(&format));
        Some(())
    }

    /// Sheets of charts and macros have no cells.
    fn sheet(&mut self, data: &[u8]) -> Option<()> {
        let pieces = [data.get(6..)?];
        let mut name = Pieces::new(&pieces);
        let count = usize::from(name.byte()?);
        let wide = name.byte()? & 1 != 0;
        let name = name.characters(count, wide)?;
        if data[5] == 0 {
            self.sheets.push((long(data, 0)?, name));
        }
        Some(())
    }

    /// A number as its style shows it.
    fn number(&self, value: f64, style: u16) -> String {
        let format = self.styles.get(usize::from(style)).copied().unwrap_or(0);
        // Excel's own formats of dates and times.
        let own = matches!(format, 14..=22 | 27..=36 | 45..=47 | 50..=58);
        if self.dates.get(&format).copied().unwrap_or(own) && value.is_finite() {
            let kind = ExcelDateTimeType::DateTime;
            return date(&ExcelDateTime::new(value, kind, self.since_1904));
        }
        value.to_string()
    }
}

/// Whether a number format has a place for a part of a date or a time.
fn shows_date(format: &str) -> bool {
    let mut chars = format.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' | '_' | '*' => {
                chars.next();
            }
            '"' => {
                chars.find(|c| *c == '"');
            }
            '[' => {
                chars.find(|c| *c == ']');
            }
            'd' | 'D' | 'h' | 'H' | 'm' | 'M' | 's' | 'S' | 'y' | 'Y' => return true,
            _ => {}
        }
    }
    false
}

/// The table of strings, as far as it is whole.
fn strings(mut pieces: Pieces<'_>) -> Vec<String> {
    std::iter::from_fn(|| pieces.rich_string()).collect()
}

/// The data of a record and of those that continue it.
struct Pieces<'p> {
    piece: &'p [u8],
    rest: &'p [&'p [u8]],
}

impl<'p> Pieces<'p> {
    fn new(pieces: &'p [&'p [u8]]) -> Self {
        Pieces { piece: &[], rest: pieces }
    }

    /// The next piece, if this one is used up; whether there is a byte.
    fn refill(&mut self) -> bool {
        while self.piece.is_empty() {
            let Some((next, rest)) = self.rest.split_first() else { return false };
            (self.piece, self.rest) = (next, rest);
        }
        true
    }

    fn byte(&mut self) -> Option<u8> {
        self.refill().then_some(())?;
        let (first, rest) = self.piece.split_first()?;
        self.piece = rest;
        Some(*first)
    }

    fn word(&mut self) -> Option<u16> {
        Some(u16::from_le_bytes([self.byte()?, self.byte()?]))
    }

    fn skip(&mut self, mut count: usize) {
        while count > 0 && self.refill() {
            let now = count.min(self.piece.len());
            self.piece = &self.piece[now..];
            count -= now;
        }
    }

    /// So many UTF-16 units, of two bytes or of one. Where they go on in another piece, it says anew which.
    fn characters(&mut self, count: usize, mut wide: bool) -> Option<String> {
        let mut units = Vec::new();
        while units.len() < count {
            if self.piece.is_empty() {
                wide = self.byte()? & 1 != 0;
            }
            units.push(if wide { self.word()? } else { u16::from(self.byte()?) });
        }
        Some(String::from_utf16_lossy(&units))
    }

    /// A string with its length in a word and a byte of flags.
    fn long_string(&mut self) -> Option<String> {
        let count = usize::from(self.word()?);
        let wide = self.byte()? & 1 != 0;
        self.characters(count, wide)
    }

    /// A string of the table: it may carry runs of formats and phonetics behind it.
    fn rich_string(&mut self) -> Option<String> {
        let count = usize::from(self.word()?);
        let flags = self.byte()?;
        let runs = if flags & 8 != 0 { usize::from(self.word()?) } else { 0 };
        let more = if flags & 4 != 0 {
            u32::from(self.word()?) | u32::from(self.word()?) << 16
        } else {
            0
        };
        // A string without characters may be followed by a new piece, which then begins no characters.
        let text = if count == 0 { String::new() } else { self.characters(count, flags & 1 != 0)? };
        self.skip(runs * 4);
        self.skip(usize::try_from(more).ok()?);
        Some(text)
    }
}

/// Reads the sheets one after the other.
struct Sheets<'b> {
    book: &'b Book,
    text: Text,
    /// Records and cells that may still come.
    records: usize,
    cells: usize,
    rows: Rows,
    /// The cell whose formula gives a text, which the next record holds.
    formula: Option<(u16, u16)>,
}

impl Sheets<'_> {
    fn read(&mut self, name: &str, records: &[u8]) -> Result<(), DocumentError> {
        self.text.paragraph()?;
        self.text.push(&format!("# {}\n", cell(name)))?;
        self.rows = Rows::default();
        // Charts within the sheet have records of their own between a BOF and an EOF.
        let mut depth = 0_usize;
        for (kind, data) in Records(records) {
            let limit = RECORDS_MAX;
            self.records = self
                .records
                .checked_sub(1)
                .ok_or(DocumentError::TooLarge { limit, what: "records" })?;
            match kind {
                BOF => depth += 1,
                EOF if depth <= 1 => break,
                EOF => depth -= 1,
                _ if depth == 1 => self.record(kind, data)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn record(&mut self, kind: u16, data: &[u8]) -> Result<(), DocumentError> {
        let (Some(row), Some(column)) = (word(data, 0), word(data, 2)) else { return Ok(()) };
        let style = word(data, 4).unwrap_or(0);
        let value = match kind {
            0x00FD => self.shared(data),
            0x0203 => float(data, 6).map(|value| self.book.number(value, style)),
            0x0204 => data.get(6..).and_then(|text| Pieces::new(&[text]).long_string()),
            0x0205 => truth_or_error(data),
            0x027E => long(data, 6).map(|packed| self.book.number(unpacked(packed), style)),
            0x0006 => self.formula(data, (row, column), style),
            0x0207 => {
                let Some((row, column)) = self.formula.take() else { return Ok(()) };
                let text = Pieces::new(&[data]).long_string();
                return self.put(row, column, text.as_deref().unwrap_or_default());
            }
            0x00BD => return self.packed_numbers(data, row, column),
            _ => return Ok(()),
        };
        self.put(row, column, value.as_deref().unwrap_or_default())
    }

    fn put(&mut self, row: u16, column: u16, value: &str) -> Result<(), DocumentError> {
        let left = self.cells.checked_sub(1);
        self.cells = left.ok_or(DocumentError::TooLarge { limit: CELLS_MAX, what: "cells" })?;
        self.rows.cell(row.into(), column.into(), value, &mut self.text)
    }

    fn shared(&self, data: &[u8]) -> Option<String> {
        let at = usize::try_from(long(data, 6)?).ok()?;
        self.book.strings.get(at).cloned()
    }

    /// What a formula gave when the file was saved.
    fn formula(&mut self, data: &[u8], at: (u16, u16), style: u16) -> Option<String> {
        if word(data, 12)? != 0xFFFF {
            return Some(self.book.number(float(data, 6)?, style));
        }
        match data.get(6)? {
            0 => self.formula = Some(at),
            1 => return Some(truth(*data.get(8)?)),
            2 => return Some(error(*data.get(8)?).to_owned()),
            _ => {}
        }
        None
    }

    /// Packed numbers of one row from `column` on, each with its style.
    fn packed_numbers(&mut self, data: &[u8], row: u16, column: u16) -> Result<(), DocumentError> {
        let numbers = data.get(4..data.len().saturating_sub(2)).unwrap_or_default();
        for (number, column) in numbers.chunks_exact(6).zip(column..) {
            let (Some(style), Some(packed)) = (word(number, 0), long(number, 2)) else { break };
            let value = self.book.number(unpacked(packed), style);
            self.put(row, column, &value)?;
        }
        Ok(())
    }
}

/// A number in 30 bits: a whole one or the upper part of a float, perhaps a hundredfold.
fn unpacked(packed: u32) -> f64 {
    let value = if packed & 2 != 0 {
        f64::from(i32::from_le_bytes(packed.to_le_bytes()) >> 2)
    } else {
        f64::from_bits(u64::from(packed & !3) << 32)
    };
    if packed & 1 != 0 { value / 100.0 } else { value }
}

fn truth_or_error(data: &[u8]) -> Option<String> {
    let value = *data.get(6)?;
    Some(if *data.get(7)? == 0 { truth(value) } else { error(value).to_owned() })
}

fn truth(value: u8) -> String {
    if value == 0 { "FALSE" } else { "TRUE" }.to_owned()
}

fn error(code: u8) -> &'static str {
    match code {
        0x00 => "#NULL!",
        0x07 => "#DIV/0!",
        0x0F => "#VALUE!",
        0x17 => "#REF!",
        0x1D => "#NAME?",
        0x24 => "#NUM!",
        _ => "#N/A",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_numbers_of_all_four_kinds() {
        let one = u32::try_from(1.0_f64.to_bits() >> 32).unwrap();
        let whole = |value: i32| u32::from_le_bytes((value << 2 | 2).to_le_bytes());
        assert_eq!([one, one | 1].map(unpacked), [1.0, 0.01]);
        assert_eq!([whole(-7), whole(1250) | 1].map(unpacked), [-7.0, 12.5]);
    }

    #[test]
    fn formats_of_dates_are_told_from_others() {
        for format in ["yyyy-mm-dd", "[$-407]d. mmmm yyyy", "h:mm AM/PM", "0.0\\m;ss"] {
            assert!(shows_date(format), "{format}");
        }
        for format in ["General", "0.00", "#,##0 \"days\"", "[Red]0", "0\\d", "@", "0.00E+00"] {
            assert!(!shows_date(format), "{format}");
        }
    }

    #[test]
    fn characters_go_on_in_another_piece_in_their_own_width() {
        let pieces: [&[u8]; 3] = [&[3, 0, 1, b'a', 0], &[0, b'b'], &[1, b'c', 0, 1, 0, 0, b'd']];
        let mut pieces = Pieces::new(&pieces);
        assert_eq!(pieces.rich_string().as_deref(), Some("abc"));
        assert_eq!(pieces.rich_string().as_deref(), Some("d"));
        assert_eq!(pieces.rich_string(), None);
    }
}
