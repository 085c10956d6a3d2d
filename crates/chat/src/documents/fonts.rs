//! Fonts of a PDF: what their codes mean, and how wide they are.

use std::collections::HashMap;

use encoding_rs::UTF_16BE;
use lopdf::{Dictionary, Document, Object};

use super::cmap::Map;
use super::pdf::Budget;
use super::{DOCUMENT_TEXT_MAX, DocumentError};

/// Most widths that one font lists.
const WIDTHS_MAX: usize = 70_000;

/// A font.
#[derive(Debug)]
pub(super) struct Font {
    /// What its `ToUnicode` says.
    map: Map,
    /// What each one-byte code means by the font's encoding; empty for fonts of longer codes.
    table: Vec<String>,
    /// Codes are UTF-16.
    utf16: bool,
    code_bytes: usize,
    widths: Widths,
}

/// Widths of codes, in thousandths of the font's size.
#[derive(Debug)]
enum Widths {
    Unknown,
    /// From the first code on; then that of all others.
    Listed(usize, Vec<f32>, f32),
    /// Of some codes; then that of all others.
    Some(HashMap<u32, f32>, f32),
}

impl Font {
    pub(super) fn read(
        document: &Document,
        dict: &Dictionary,
        budget: &mut Budget,
    ) -> Result<Font, DocumentError> {
        let map = dict.get_deref(b"ToUnicode", document).and_then(Object::as_stream);
        let map = match map {
            Ok(stream) => Map::parse(&budget.unpack(stream)?),
            Err(_) => Map::default(),
        };
        let subtype = dict.get(b"Subtype").and_then(Object::as_name).unwrap_or_default();
        if subtype == b"Type0" {
            let encoding = dict.get_deref(b"Encoding", document).and_then(Object::as_name);
            let encoding = encoding.unwrap_or_default();
            return Ok(Font {
                code_bytes: map.code_bytes.unwrap_or(2),
                map,
                table: Vec::new(),
                utf16: [&b"UCS2"[..], b"UTF16"].iter().any(|part| contains(encoding, part)),
                widths: composite_widths(document, dict, budget)?,
            });
        }
        Ok(Font {
            map,
            table: table(document, dict, budget)?,
            utf16: false,
            code_bytes: 1,
            // A Type 3 font has a scale of its own.
            widths: if subtype == b"Type3" {
                Widths::Unknown
            } else {
                simple_widths(document, dict)
            },
        })
    }

    /// The text of a string; of one that is too long, enough to say so.
    pub(super) fn text(&self, bytes: &[u8]) -> String {
        if self.utf16 && self.map.code_bytes.is_none() {
            return UTF_16BE.decode_without_bom_handling(bytes).0.into_owned();
        }
        let mut text = String::new();
        for code in self.codes(bytes) {
            if text.len() > DOCUMENT_TEXT_MAX {
                break;
            }
            if let Some(meaning) = self.map.get(code) {
                text.push_str(&meaning);
            } else if let Some(meaning) =
                usize::try_from(code).ok().and_then(|at| self.table.get(at))
            {
                text.push_str(meaning);
            }
        }
        text
    }

    /// The width of a string in thousandths of the font's size, and how many codes it has; no width if the font does
    /// not say.
    pub(super) fn width(&self, bytes: &[u8]) -> Option<f32> {
        let width = |code: u32| match &self.widths {
            Widths::Unknown => None,
            Widths::Listed(first, widths, other) => {
                let at = usize::try_from(code).ok()?.checked_sub(*first);
                Some(at.and_then(|at| widths.get(at)).copied().unwrap_or(*other))
            }
            Widths::Some(widths, other) => Some(widths.get(&code).copied().unwrap_or(*other)),
        };
        self.codes(bytes).map(width).sum()
    }

    /// How many codes a string has.
    pub(super) fn count(&self, bytes: &[u8]) -> usize {
        bytes.len().div_ceil(self.code_bytes)
    }

    fn codes<'b>(&self, bytes: &'b [u8]) -> impl Iterator<Item = u32> + use<'b> {
        let code = |bytes: &[u8]| bytes.iter().fold(0, |code, byte| code << 8 | u32::from(*byte));
        bytes.chunks(self.code_bytes).map(code)
    }
}

fn contains(name: &[u8], part: &[u8]) -> bool {
    name.windows(part.len()).any(|window| window == part)
}

/// What the 256 codes mean by the font's encoding.
fn table(
    document: &Document,
    dict: &Dictionary,
    budget: &mut Budget,
) -> Result<Vec<String>, DocumentError> {
    let encoding = dict.get_deref(b"Encoding", document).and_then(Object::as_dict);
    let differences = encoding.and_then(|dict| dict.get_deref(b"Differences", document));
    budget.entries(differences.and_then(Object::as_array).map_or(0, Vec::len))?;
    // Read for itself: the reader of encodings would unroll it code by code.
    let mut dict = dict.clone();
    dict.remove(b"ToUnicode");
    dict.set("Type", Object::Name(b"Font".to_vec()));
    let Ok(encoding) = dict.get_font_encoding(document) else { return Ok(Vec::new()) };
    Ok((0..=u8::MAX).map(|code| encoding.bytes_to_string(&[code]).unwrap_or_default()).collect())
}

fn simple_widths(document: &Document, dict: &Dictionary) -> Widths {
    let Ok(listed) = dict.get_deref(b"Widths", document).and_then(Object::as_array) else {
        return Widths::Unknown;
    };
    let first = dict.get_deref(b"FirstChar", document).and_then(Object::as_i64).unwrap_or(0);
    let widths = listed.iter().take(256).map(|width| number(document, width)).collect();
    let descriptor = dict.get_deref(b"FontDescriptor", document).and_then(Object::as_dict);
    let missing = descriptor.and_then(|dict| dict.get_deref(b"MissingWidth", document));
    let missing = missing.map_or(0.0, |width| number(document, width));
    Widths::Listed(usize::try_from(first).unwrap_or(0), widths, missing)
}

fn composite_widths(
    document: &Document,
    dict: &Dictionary,
    budget: &mut Budget,
) -> Result<Widths, DocumentError> {
    let descendants = dict.get_deref(b"DescendantFonts", document).and_then(Object::as_array);
    let descendant = descendants.ok().and_then(|fonts| fonts.first());
    let descendant = descendant.and_then(|font| document.dereference(font).ok());
    let Some(descendant) = descendant.and_then(|(_, font)| font.as_dict().ok()) else {
        return Ok(Widths::Unknown);
    };
    let other = descendant.get_deref(b"DW", document).map_or(1000.0, |dw| number(document, dw));
    let mut widths = HashMap::new();
    if let Ok(listed) = descendant.get_deref(b"W", document).and_then(Object::as_array) {
        budget.entries(listed.len())?;
        read_widths(document, listed, &mut widths);
        budget.entries(widths.len())?;
    }
    Ok(Widths::Some(widths, other))
}

/// `first [w w w]` or `first last w`.
fn read_widths(document: &Document, listed: &[Object], widths: &mut HashMap<u32, f32>) {
    let code = |object: &Object| object.as_i64().ok().and_then(|code| u32::try_from(code).ok());
    let mut items = listed.iter().filter_map(|item| document.dereference(item).ok());
    while let (Some((_, first)), Some((_, second))) = (items.next(), items.next()) {
        let Some(first) = code(first) else { return };
        let room = WIDTHS_MAX.saturating_sub(widths.len());
        if let Object::Array(list) = second {
            let listed = list.iter().map(|width| number(document, width));
            widths.extend((first..).zip(listed).take(room));
        } else {
            let (Some(last), Some((_, width))) = (code(second), items.next()) else { return };
            let width = number(document, width);
            widths.extend((first..=last).take(room).map(|code| (code, width)));
        }
    }
}

fn number(document: &Document, object: &Object) -> f32 {
    document.dereference(object).and_then(|(_, object)| object.as_float()).unwrap_or(0.0)
}
