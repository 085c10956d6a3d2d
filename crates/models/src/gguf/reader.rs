//! Parsing of the header: metadata and the tensor table.

use std::collections::HashSet;

use super::{Array, Header, Metadata, Tensor, TensorType, Value, foreign_type_name};
use crate::LoadError;
use crate::source::Source;

/// Keys and tensor names are short in every real file; the format's limit for keys is 65,535 bytes, for names 64.
const MAX_NAME_BYTES: u64 = 65_535;
/// Bytes fetched at once.
const WINDOW: usize = 1 << 16;
/// Elements of a claimed array for which room is made before the first one was read.
const MAX_RESERVE: usize = 1 << 14;
const DEFAULT_ALIGNMENT: u64 = 32;

/// Reads the header of a file.
///
/// # Errors
/// Any [`LoadError`] about the format; nothing is allocated that the file's size does not justify.
pub fn read(source: &Source) -> Result<Header, LoadError> {
    let mut cursor = Cursor::new(source);
    let magic = cursor.array::<4>("the magic number")?;
    if &magic != b"GGUF" {
        return Err(LoadError::NotGguf { found: magic });
    }
    let version = u32::from_le_bytes(cursor.array("the version")?);
    if version != 2 && version != 3 {
        return Err(LoadError::Version(version));
    }
    // A tensor entry takes at least 8 + 0 + 4 + 8 + 4 + 8 bytes, a key at least 8 + 4 + 1.
    let tensor_count = cursor.count("the number of tensors", 32)?;
    let key_count = cursor.count("the number of keys", 13)?;
    let metadata = read_metadata(&mut cursor, key_count)?;
    let alignment = alignment(&metadata)?;
    let mut tensors = read_tensors(&mut cursor, tensor_count)?;
    place_tensors(&mut tensors, cursor.position, alignment, source.size())?;
    Ok(Header { metadata, tensors })
}

fn read_metadata(cursor: &mut Cursor<'_>, count: u64) -> Result<Metadata, LoadError> {
    let mut metadata = Metadata::default();
    for _ in 0..count {
        let key = cursor.string("a key", MAX_NAME_BYTES)?;
        let value = read_value(cursor, &key)?;
        if metadata.get(&key).is_some() {
            return Err(LoadError::malformed(key, "the key occurs twice"));
        }
        metadata.insert(key, value);
    }
    Ok(metadata)
}

fn alignment(metadata: &Metadata) -> Result<u64, LoadError> {
    const KEY: &str = "general.alignment";
    if metadata.get(KEY).is_none() {
        return Ok(DEFAULT_ALIGNMENT);
    }
    match metadata.u32(KEY) {
        Some(n) if n.is_power_of_two() && n <= 1 << 20 => Ok(u64::from(n)),
        _ => Err(LoadError::malformed(KEY, "not a power of two up to 1 MiB")),
    }
}

fn read_tensors(cursor: &mut Cursor<'_>, count: u64) -> Result<Vec<Tensor>, LoadError> {
    let mut tensors = Vec::new();
    let mut names = HashSet::new();
    for _ in 0..count {
        let tensor = read_tensor(cursor)?;
        if !names.insert(tensor.name.clone()) {
            return Err(LoadError::malformed(tensor.name, "the tensor occurs twice"));
        }
        tensors.push(tensor);
    }
    Ok(tensors)
}

/// One entry of the table; `offset` is still relative to the data section.
fn read_tensor(cursor: &mut Cursor<'_>) -> Result<Tensor, LoadError> {
    let name = cursor.string("a tensor's name", MAX_NAME_BYTES)?;
    let dims = u32::from_le_bytes(cursor.array(&name)?);
    if !(1..=4).contains(&dims) {
        return Err(LoadError::malformed(name, format!("{dims} dimensions; 1 to 4 are possible")));
    }
    let mut shape = Vec::with_capacity(4);
    let mut elements = 1u64;
    for _ in 0..dims {
        let extent = u64::from_le_bytes(cursor.array(&name)?);
        elements =
            elements.checked_mul(extent).filter(|n| *n > 0 && *n < 1 << 62).ok_or_else(|| {
                LoadError::malformed(&name, "an extent of 0, or more elements than a number holds")
            })?;
        shape.push(extent);
    }
    let id = u32::from_le_bytes(cursor.array(&name)?);
    let Some(kind) = TensorType::from_id(id) else {
        let known = foreign_type_name(id);
        return Err(LoadError::Unsupported(format!("tensor type {known} ({id}) of {name}")));
    };
    let offset = u64::from_le_bytes(cursor.array(&name)?);
    if !shape[0].is_multiple_of(kind.block_len()) {
        let problem =
            format!("rows of {} elements are not whole blocks of {}", shape[0], kind.name());
        return Err(LoadError::malformed(name, problem));
    }
    let bytes = (elements / kind.block_len())
        .checked_mul(kind.block_bytes())
        .ok_or_else(|| LoadError::malformed(&name, "more bytes than a number holds"))?;
    Ok(Tensor { name, kind, shape, offset, bytes })
}

/// Turns offsets into absolute ones and checks that every range is aligned, inside the file and no other's.
fn place_tensors(
    tensors: &mut [Tensor],
    header_end: u64,
    alignment: u64,
    size: u64,
) -> Result<(), LoadError> {
    let data = header_end.next_multiple_of(alignment);
    for tensor in tensors.iter_mut() {
        if !tensor.offset.is_multiple_of(alignment) {
            let problem =
                format!("offset {} is not a multiple of the alignment {alignment}", tensor.offset);
            return Err(LoadError::malformed(&tensor.name, problem));
        }
        let start = data.checked_add(tensor.offset);
        let end = start.and_then(|start| start.checked_add(tensor.bytes));
        match (start, end) {
            (Some(start), Some(end)) if end <= size => tensor.offset = start,
            _ => {
                return Err(LoadError::Truncated {
                    what: format!("tensor {}", tensor.name),
                    offset: data.saturating_add(tensor.offset),
                    needed: tensor.bytes,
                    size,
                });
            }
        }
    }
    let mut order: Vec<&Tensor> = tensors.iter().collect();
    order.sort_by_key(|t| t.offset);
    match order.windows(2).find(|w| w[0].offset + w[0].bytes > w[1].offset) {
        Some(w) => Err(LoadError::malformed(
            &w[1].name,
            format!("its data overlap those of {}", w[0].name),
        )),
        None => Ok(()),
    }
}

/// Type numbers of values.
mod value_type {
    pub(super) const STRING: u32 = 8;
    pub(super) const ARRAY: u32 = 9;
}

fn read_value(cursor: &mut Cursor<'_>, key: &str) -> Result<Value, LoadError> {
    match u32::from_le_bytes(cursor.array(key)?) {
        value_type::STRING => Ok(Value::Str(cursor.string(key, u64::MAX)?)),
        value_type::ARRAY => Ok(Value::Array(read_array(cursor, key)?)),
        kind => scalar(cursor, key, kind),
    }
}

/// Bytes of a scalar type; `None` for a number that is no scalar type.
fn scalar_bytes(kind: u32) -> Option<u64> {
    match kind {
        0 | 1 | 7 => Some(1),
        2 | 3 => Some(2),
        4..=6 => Some(4),
        10..=12 => Some(8),
        _ => None,
    }
}

fn scalar(cursor: &mut Cursor<'_>, key: &str, kind: u32) -> Result<Value, LoadError> {
    Ok(match kind {
        0 => Value::Unsigned(u64::from(cursor.array::<1>(key)?[0])),
        1 => Value::Signed(i64::from(i8::from_le_bytes(cursor.array(key)?))),
        2 => Value::Unsigned(u64::from(u16::from_le_bytes(cursor.array(key)?))),
        3 => Value::Signed(i64::from(i16::from_le_bytes(cursor.array(key)?))),
        4 => Value::Unsigned(u64::from(u32::from_le_bytes(cursor.array(key)?))),
        5 => Value::Signed(i64::from(i32::from_le_bytes(cursor.array(key)?))),
        6 => Value::Float(f64::from(f32::from_le_bytes(cursor.array(key)?))),
        7 => match cursor.array::<1>(key)?[0] {
            0 => Value::Bool(false),
            1 => Value::Bool(true),
            other => return Err(LoadError::malformed(key, format!("{other} is no truth value"))),
        },
        10 => Value::Unsigned(u64::from_le_bytes(cursor.array(key)?)),
        11 => Value::Signed(i64::from_le_bytes(cursor.array(key)?)),
        12 => Value::Float(f64::from_le_bytes(cursor.array(key)?)),
        other => return Err(LoadError::malformed(key, format!("{other} is no value type"))),
    })
}

fn read_array(cursor: &mut Cursor<'_>, key: &str) -> Result<Array, LoadError> {
    let kind = u32::from_le_bytes(cursor.array(key)?);
    if kind == value_type::ARRAY {
        return Err(LoadError::Unsupported(format!("nested arrays (key {key})")));
    }
    if kind == value_type::STRING {
        let count = cursor.count(key, 8)?;
        let mut texts = Vec::with_capacity((count as usize).min(MAX_RESERVE));
        for _ in 0..count {
            texts.push(cursor.string(key, u64::MAX)?);
        }
        return Ok(Array::Str(texts));
    }
    let width = scalar_bytes(kind)
        .ok_or_else(|| LoadError::malformed(key, format!("{kind} is no value type")))?;
    let count = cursor.count(key, width)?;
    let mut array = empty_array(kind);
    for _ in 0..count {
        match (&mut array, scalar(cursor, key, kind)?) {
            (Array::Unsigned(xs), Value::Unsigned(x)) => xs.push(x),
            (Array::Signed(xs), Value::Signed(x)) => xs.push(x),
            (Array::Float(xs), Value::Float(x)) => xs.push(x as f32),
            (Array::Bool(xs), Value::Bool(x)) => xs.push(x),
            _ => return Err(LoadError::malformed(key, "an array of mixed types")),
        }
    }
    Ok(array)
}

fn empty_array(kind: u32) -> Array {
    match kind {
        1 | 3 | 5 | 11 => Array::Signed(Vec::new()),
        6 | 12 => Array::Float(Vec::new()),
        7 => Array::Bool(Vec::new()),
        _ => Array::Unsigned(Vec::new()),
    }
}

/// Reads forward through a source, a window at a time.
struct Cursor<'a> {
    source: &'a Source,
    /// Offset of the next byte.
    position: u64,
    window: Vec<u8>,
    window_start: u64,
}

impl<'a> Cursor<'a> {
    fn new(source: &'a Source) -> Self {
        Self { source, position: 0, window: Vec::new(), window_start: 0 }
    }

    fn left(&self) -> u64 {
        self.source.size() - self.position
    }

    /// Refuses a length that the rest of the file cannot hold.
    fn check(&self, needed: u64, what: &str) -> Result<(), LoadError> {
        if needed <= self.left() {
            return Ok(());
        }
        Err(LoadError::Truncated {
            what: what.into(),
            offset: self.position,
            needed,
            size: self.source.size(),
        })
    }

    fn array<const N: usize>(&mut self, what: &str) -> Result<[u8; N], LoadError> {
        let mut out = [0; N];
        self.fill(&mut out, what)?;
        Ok(out)
    }

    fn fill(&mut self, out: &mut [u8], what: &str) -> Result<(), LoadError> {
        self.check(out.len() as u64, what)?;
        if out.len() > WINDOW / 2 {
            self.source.read_at(self.position, out, what)?;
        } else {
            let from = match self.buffered(out.len()) {
                Some(from) => from,
                None => self.refill(what)?,
            };
            out.copy_from_slice(&self.window[from..from + out.len()]);
        }
        self.position += out.len() as u64;
        Ok(())
    }

    /// Where in the window the next `len` bytes lie, if they do.
    fn buffered(&self, len: usize) -> Option<usize> {
        let from = usize::try_from(self.position.checked_sub(self.window_start)?).ok()?;
        (from.checked_add(len)? <= self.window.len()).then_some(from)
    }

    fn refill(&mut self, what: &str) -> Result<usize, LoadError> {
        let len = usize::try_from(self.left()).unwrap_or(WINDOW).min(WINDOW);
        self.window.resize(len, 0);
        self.window_start = self.position;
        self.source.read_at(self.position, &mut self.window, what)?;
        Ok(0)
    }

    /// A count of things of at least `min_bytes` each.
    fn count(&mut self, what: &str, min_bytes: u64) -> Result<u64, LoadError> {
        let count = u64::from_le_bytes(self.array(what)?);
        self.check(count.saturating_mul(min_bytes), what)?;
        Ok(count)
    }

    fn string(&mut self, what: &str, limit: u64) -> Result<String, LoadError> {
        let len = u64::from_le_bytes(self.array(what)?);
        if len > limit {
            return Err(LoadError::malformed(
                what,
                format!("{len} bytes long; at most {limit} are allowed"),
            ));
        }
        self.check(len, what)?;
        let mut bytes = vec![0; len as usize];
        self.fill(&mut bytes, what)?;
        String::from_utf8(bytes).map_err(|_| LoadError::malformed(what, "not UTF-8"))
    }
}
