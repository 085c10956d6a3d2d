//! Objects of a PDF, within bounds.
//!
//! A file's own cross-reference data is not used: a chain of packed tables can be made to fill any memory. The objects
//! are found by their headers, and a plain table of them is written behind the file for the reader. Later objects win,
//! as in a file that was updated. What the reader would have to do with them is counted before.

use std::cell::Cell;
use std::fmt::Write as _;

use lopdf::{Document, Error, LoadOptions, Object, ObjectId, Stream};

use super::pdf_lengths::{self, Objects};
use super::pdf_syntax::Effort;
use super::{DocumentError, UNPACKED_MAX};

const DAMAGED: DocumentError = DocumentError::Damaged("pdf");

/// Most bytes that one packed group of objects may unpack to; real ones have a few hundred kilobytes.
const GROUP_MAX: usize = 8 << 20;

/// What ends the header of an object.
const OBJ: &[u8] = b"obj";

/// Most objects of one file.
const OBJECTS_MAX: usize = 500_000;

/// What groups of objects may still cost.
#[derive(Clone, Copy, Default)]
struct Budget {
    /// Bytes that they unpack to.
    unpacked: usize,
    effort: Effort,
    /// The first refusal.
    refused: Option<DocumentError>,
}

thread_local! {
    /// That of the file being read. The reader takes a function without state to look at objects.
    static BUDGET: Cell<Budget> = Cell::new(Budget::default());
}

/// Loads all objects.
pub(super) fn load(file: &[u8]) -> Result<Document, DocumentError> {
    // Places count from here.
    let file = &file[position(file, b"%PDF-").ok_or(DAMAGED)?..];
    let objects = find(file);
    if objects.len() > OBJECTS_MAX {
        return Err(DocumentError::TooLarge { limit: OBJECTS_MAX, what: "objects" });
    }
    if last_reference(file, b"/Encrypt").is_some() {
        return Err(DocumentError::Encrypted);
    }
    let root = last_reference(file, b"/Root").ok_or(DAMAGED)?;
    let file = pdf_lengths::direct(file, &objects);
    let objects = find(&file);
    let effort = effort(&file, &objects)?;
    let whole = with_table(file, &objects, root);
    BUDGET.set(Budget { unpacked: UNPACKED_MAX, effort, refused: None });
    let options = LoadOptions {
        filter: Some(within_budget),
        max_decompressed_size: Some(GROUP_MAX),
        ..LoadOptions::default()
    };
    let document = Document::load_mem_with_options(&whole, options).map_err(|_| DAMAGED);
    BUDGET.get().refused.map_or(document, Err)
}

/// What is left of the effort when all objects of the file itself are read.
fn effort(file: &[u8], objects: &Objects) -> Result<Effort, DocumentError> {
    let mut effort = Effort::new();
    effort.grow(file.len());
    for (start, _) in objects.values() {
        let header = position(&file[*start..], OBJ).ok_or(DAMAGED)?;
        effort.object(file, start + header + OBJ.len())?;
    }
    Ok(effort)
}

/// Leaves out groups of objects that go beyond the budget.
fn within_budget(id: ObjectId, object: &mut Object) -> Option<(ObjectId, Object)> {
    let Object::Stream(stream) = &*object else { return Some((id, object.clone())) };
    if stream.dict.has_type(b"ObjStm") {
        let mut budget = BUDGET.get();
        let refused = budget.refused.or_else(|| budget.spend(stream).err());
        BUDGET.set(Budget { refused, ..budget });
        if refused.is_some() {
            return None;
        }
    }
    // The reader keeps its own; what is returned counts for the members of groups only, which are no streams.
    Some((id, Object::Null))
}

impl Budget {
    /// Counts a group. One that cannot be unpacked costs nothing: the reader cannot unpack it either.
    fn spend(&mut self, group: &Stream) -> Result<(), DocumentError> {
        let too_large =
            DocumentError::TooLarge { limit: UNPACKED_MAX, what: "bytes when it is unpacked" };
        let limit = self.unpacked.min(GROUP_MAX);
        let content = match group.get_plain_content_with_limit(limit) {
            Ok(content) => content,
            Err(Error::Decompress(_)) => return Err(too_large),
            Err(_) => return Ok(()),
        };
        self.unpacked = self.unpacked.checked_sub(content.len()).ok_or(too_large)?;
        self.effort.grow(content.len());
        let first = group.dict.get(b"First").and_then(Object::as_i64).ok();
        let first = first.and_then(|first| usize::try_from(first).ok());
        let Some(first) = first.filter(|first| *first <= content.len()) else { return Ok(()) };
        let index = String::from_utf8_lossy(&content[..first]);
        let lines = index.split(['\r', '\n']).filter_map(|line| line.split('%').next());
        let numbers: Vec<Option<u32>> =
            lines.flat_map(str::split_whitespace).map(|word| word.parse().ok()).collect();
        for pair in numbers.chunks_exact(2) {
            let place = pair[1].and_then(|place| first.checked_add(usize::try_from(place).ok()?));
            if let Some(place) = place.filter(|place| *place < content.len()) {
                self.effort.object(&content, place)?;
            }
        }
        Ok(())
    }
}

/// Numbers of the objects in a file, with the places of their headers and generations.
fn find(file: &[u8]) -> Objects {
    let mut objects = Objects::new();
    let mut at = 0;
    while let Some(found) = file.get(at..).and_then(|rest| position(rest, OBJ)) {
        let end = at + found;
        at = end + OBJ.len();
        if let Some((start, number, generation)) = header_before(file, end) {
            objects.insert(number, (start, generation));
        }
    }
    objects
}

fn position(bytes: &[u8], word: &[u8]) -> Option<usize> {
    bytes.windows(word.len()).position(|window| window == word)
}

/// Reads `12 0 ` backwards from `end`: where it starts, number and generation.
fn header_before(file: &[u8], end: usize) -> Option<(usize, u32, u16)> {
    let (generation_start, generation) = number_before(file, end)?;
    let (start, number) = number_before(file, generation_start)?;
    if start > 0 && !file[start - 1].is_ascii_whitespace() && !file[..start].ends_with(b"endobj") {
        return None;
    }
    Some((start, number, u16::try_from(generation).ok()?))
}

/// A number with white space behind it that ends at `end`, and where it starts.
fn number_before(file: &[u8], end: usize) -> Option<(usize, u32)> {
    let digits_end = file[..end].iter().rposition(|byte| !byte.is_ascii_whitespace())? + 1;
    let digits = file[..digits_end].iter().rev().take(10).take_while(|byte| byte.is_ascii_digit());
    let start = digits_end - digits.count();
    if digits_end == end || start == digits_end {
        return None;
    }
    let text = std::str::from_utf8(&file[start..digits_end]).ok()?;
    Some((start, text.parse().ok()?))
}

/// The reference behind the last `key`: `/Root 1 0 R`.
fn last_reference(file: &[u8], key: &[u8]) -> Option<ObjectId> {
    let mut end = file.len();
    loop {
        let at = file[..end].windows(key.len()).rposition(|window| window == key)?;
        let rest = &file[at + key.len()..file.len().min(at + key.len() + 32)];
        let text = String::from_utf8_lossy(rest);
        let mut words = text.split_ascii_whitespace();
        let number = words.next().and_then(|word| word.parse().ok());
        let generation = words.next().and_then(|word| word.parse().ok());
        let is_reference = words.next().is_some_and(|word| word.starts_with('R'));
        if let (Some(number), Some(generation), true) = (number, generation, is_reference) {
            return Some((number, generation));
        }
        end = at;
    }
}

/// The file with a plain table of its objects behind it.
fn with_table(mut file: Vec<u8>, objects: &Objects, root: ObjectId) -> Vec<u8> {
    let mut table = String::from("\nxref\n0 1\n0000000000 65535 f \n");
    // Writing into a string cannot fail.
    for (number, (place, generation)) in objects {
        let _ = write!(table, "{number} 1\n{place:010} {generation:05} n \n");
    }
    let size = objects.keys().next_back().map_or(1, |last| last.saturating_add(1));
    let start = file.len() + 1;
    let (number, generation) = root;
    let _ = write!(
        table,
        "trailer\n<< /Size {size} /Root {number} {generation} R >>\nstartxref\n{start}\n%%EOF\n"
    );
    file.extend_from_slice(table.as_bytes());
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_found_by_their_headers_and_later_ones_win() {
        let file = b"%PDF-1.4\n1 0 obj\n<</A (x)>>\nendobj\n 22 3 obj<<>>endobj\n1 1 obj null endobj x3 0 obj";
        let objects = find(file);
        assert_eq!(objects.keys().copied().collect::<Vec<_>>(), [1, 22]);
        let (start, generation) = objects[&1];
        assert_eq!((&file[start..start + 7], generation), (&b"1 1 obj"[..], 1));
    }

    #[test]
    fn the_last_reference_counts() {
        let file = b"/Root 1 0 R /Root 7 0 R>> /Root (none)";
        assert_eq!(last_reference(file, b"/Root"), Some((7, 0)));
        assert_eq!(last_reference(b"/Root", b"/Root"), None);
    }
}
