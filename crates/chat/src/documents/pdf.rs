//! pdf: the text of its pages in the order in which they draw it. Lines and spaces follow from where the text stands.

use std::collections::HashMap;
use std::rc::Rc;

use lopdf::content::{Content, Operation};
use lopdf::{Dictionary, Document, Error, Object, ObjectId, Stream};

use super::fonts::Font;
use super::text::Text;
use super::{DocumentError, UNPACKED_MAX, pdf_objects};

const DAMAGED: DocumentError = DocumentError::Damaged("pdf");

/// Most pages of one file.
const PAGES_MAX: usize = 1000;

/// Most drawing operations of one file, those of repeated parts counted each time.
const OPERATIONS_MAX: usize = 5_000_000;

/// Most fonts of one file, and most entries in their tables, those of shared ones counted for each font.
const FONTS_MAX: usize = 10_000;
const ENTRIES_MAX: usize = 5_000_000;

/// Most bytes of a page's drawing, or of a form's: the operands of one operation are in memory together.
const DRAWING_MAX: usize = 16 << 20;

/// Most forms within one another.
const DEPTH_MAX: usize = 16;

/// Most states that a page saves at once; more are not restored.
const SAVED_MAX: usize = 256;

pub(super) fn read(file: &[u8]) -> Result<String, DocumentError> {
    let document = pdf_objects::load(file)?;
    let pages: Vec<_> = document.page_iter().take(PAGES_MAX + 1).collect();
    if pages.len() > PAGES_MAX {
        return Err(DocumentError::TooLarge { limit: PAGES_MAX, what: "pages" });
    }
    let mut reader = Reader {
        document: &document,
        fonts: HashMap::new(),
        budget: Budget::new(),
        text: Text::default(),
        end: None,
    };
    for page in pages {
        let content = reader.contents(page)?;
        let (own, shared) = document.get_page_resources(page).map_err(|_| DAMAGED)?;
        let shared = shared.iter().find_map(|id| document.get_dictionary(*id).ok());
        reader.text.paragraph()?;
        reader.end = None;
        let empty = Dictionary::new();
        reader.draw(&content, own.or(shared).unwrap_or(&empty), Matrix::ONE, DEPTH_MAX)?;
    }
    Ok(reader.text.finish())
}

fn too_large() -> DocumentError {
    DocumentError::TooLarge { limit: UNPACKED_MAX, what: "bytes when it is unpacked" }
}

/// What reading one file may still cost.
#[derive(Debug)]
pub(super) struct Budget {
    bytes: usize,
    operations: usize,
    fonts: usize,
    /// Entries in tables of fonts.
    entries: usize,
    /// What has been unpacked, by the streams' places in memory: little may come of much that is between two filters.
    unpacked: HashMap<*const Stream, Rc<[u8]>>,
}

impl Budget {
    fn new() -> Self {
        Budget {
            bytes: UNPACKED_MAX,
            operations: OPERATIONS_MAX,
            fonts: FONTS_MAX,
            entries: ENTRIES_MAX,
            unpacked: HashMap::new(),
        }
    }

    /// A stream's bytes, unpacked; none if it cannot be.
    pub(super) fn unpack(&mut self, stream: &Stream) -> Result<Rc<[u8]>, DocumentError> {
        let content = match self.unpacked.get(&std::ptr::from_ref(stream)) {
            Some(content) => Rc::clone(content),
            None => match stream.get_plain_content_with_limit(self.bytes) {
                Ok(content) => content.into(),
                Err(Error::Decompress(_)) => return Err(too_large()),
                Err(_) => [].into(),
            },
        };
        self.bytes = self.bytes.checked_sub(content.len()).ok_or_else(too_large)?;
        self.unpacked.insert(stream, Rc::clone(&content));
        Ok(content)
    }

    fn step(&mut self) -> Result<(), DocumentError> {
        let left = self.operations.checked_sub(1);
        self.operations = left
            .ok_or(DocumentError::TooLarge { limit: OPERATIONS_MAX, what: "drawing operations" })?;
        Ok(())
    }

    fn font(&mut self) -> Result<(), DocumentError> {
        let left = self.fonts.checked_sub(1);
        self.fonts = left.ok_or(DocumentError::TooLarge { limit: FONTS_MAX, what: "fonts" })?;
        Ok(())
    }

    /// Takes `count` entries of tables, which fonts may share.
    pub(super) fn entries(&mut self, count: usize) -> Result<(), DocumentError> {
        let left = self.entries.checked_sub(count);
        self.entries =
            left.ok_or(DocumentError::TooLarge { limit: ENTRIES_MAX, what: "entries of fonts" })?;
        Ok(())
    }
}

/// `[a b c d e f]`: (x, y) → (ax + cy + e, bx + dy + f).
#[derive(Clone, Copy, Debug, PartialEq)]
struct Matrix([f32; 6]);

impl Matrix {
    const ONE: Matrix = Matrix([1.0, 0.0, 0.0, 1.0, 0.0, 0.0]);

    fn of(operands: &[Object]) -> Option<Matrix> {
        let mut numbers = [0.0; 6];
        for (at, number) in numbers.iter_mut().enumerate() {
            *number = operands.get(at)?.as_float().ok()?;
        }
        Some(Matrix(numbers))
    }

    /// First `self`, then `then`.
    fn then(self, then: Matrix) -> Matrix {
        let Matrix([a, b, c, d, e, f]) = self;
        let Matrix([p, q, r, s, t, u]) = then;
        Matrix([
            a * p + b * r,
            a * q + b * s,
            c * p + d * r,
            c * q + d * s,
            e * p + f * r + t,
            e * q + f * s + u,
        ])
    }

    fn moved(self, x: f32, y: f32) -> Matrix {
        Matrix([1.0, 0.0, 0.0, 1.0, x, y]).then(self)
    }
}

/// Everything that `q` saves.
#[derive(Clone)]
struct State {
    to_page: Matrix,
    font: Option<Rc<Font>>,
    size: f32,
    leading: f32,
    character_space: f32,
    word_space: f32,
    scale: f32,
}

impl State {
    fn new(to_page: Matrix) -> Self {
        State {
            to_page,
            font: None,
            size: 1.0,
            leading: 0.0,
            character_space: 0.0,
            word_space: 0.0,
            scale: 1.0,
        }
    }

    /// Operations that set a number or the matrix.
    fn set(&mut self, operation: &Operation) {
        let slot = match operation.operator.as_str() {
            "Tc" => &mut self.character_space,
            "Tw" => &mut self.word_space,
            "TL" => &mut self.leading,
            "Tz" => {
                self.scale = number(operation, 0).map_or(self.scale, |percent| percent / 100.0);
                return;
            }
            "cm" => {
                if let Some(matrix) = Matrix::of(&operation.operands) {
                    self.to_page = matrix.then(self.to_page);
                }
                return;
            }
            _ => return,
        };
        *slot = number(operation, 0).unwrap_or(*slot);
    }
}

fn number(operation: &Operation, at: usize) -> Option<f32> {
    operation.operands.get(at)?.as_float().ok()
}

/// Where text goes on.
struct Pen {
    text: Matrix,
    line: Matrix,
}

impl Pen {
    /// Operations that move it.
    fn set(&mut self, operation: &Operation, state: &mut State) {
        let x = number(operation, 0).unwrap_or(0.0);
        let y = number(operation, 1).unwrap_or(0.0);
        match operation.operator.as_str() {
            "BT" => self.put(Matrix::ONE),
            "Td" => self.put(self.line.moved(x, y)),
            "TD" => {
                state.leading = -y;
                self.put(self.line.moved(x, y));
            }
            "T*" | "'" | "\"" => self.put(self.line.moved(0.0, -state.leading)),
            "Tm" => self.put(Matrix::of(&operation.operands).unwrap_or(self.line)),
            _ => {}
        }
    }

    fn put(&mut self, matrix: Matrix) {
        (self.text, self.line) = (matrix, matrix);
    }
}

/// Where the last string ended on the page.
#[derive(Clone, Copy)]
struct End {
    x: f32,
    y: f32,
    /// Its font says how wide it is.
    exact: bool,
}

struct Reader<'d> {
    document: &'d Document,
    /// Fonts by the places of their dictionaries in memory, which stay where they are.
    fonts: HashMap<*const Dictionary, Rc<Font>>,
    budget: Budget,
    text: Text,
    end: Option<End>,
}

impl Reader<'_> {
    /// The streams of a page, one after the other.
    fn contents(&mut self, page: ObjectId) -> Result<Vec<u8>, DocumentError> {
        let mut contents = Vec::new();
        for id in self.document.get_page_contents(page) {
            self.budget.step()?;
            let Ok(stream) = self.document.get_object(id).and_then(Object::as_stream) else {
                continue;
            };
            contents.extend_from_slice(&self.budget.unpack(stream)?);
            contents.push(b'\n');
        }
        Ok(contents)
    }

    /// Follows the operations of a page or a form.
    fn draw(
        &mut self,
        content: &[u8],
        resources: &Dictionary,
        to_page: Matrix,
        depth: usize,
    ) -> Result<(), DocumentError> {
        if content.len() > DRAWING_MAX {
            let what = "bytes of drawing on one page";
            return Err(DocumentError::TooLarge { limit: DRAWING_MAX, what });
        }
        let mut state = State::new(to_page);
        let mut saved = Vec::new();
        let mut pen = Pen { text: Matrix::ONE, line: Matrix::ONE };
        // What follows a broken operation cannot be told apart from it.
        for operation in Content::decode_iter(content).map_while(Result::ok) {
            self.budget.step()?;
            pen.set(&operation, &mut state);
            match operation.operator.as_str() {
                "q" if saved.len() < SAVED_MAX => saved.push(state.clone()),
                "Q" => state = saved.pop().unwrap_or(state),
                "Do" => self.form(&operation, resources, state.to_page, depth)?,
                "Tf" => {
                    state.font = self.font(&operation, resources)?;
                    state.size = number(&operation, 1).unwrap_or(state.size);
                }
                "Tj" | "TJ" | "'" | "\"" => self.strings(&operation, &mut state, &mut pen)?,
                _ => state.set(&operation),
            }
        }
        Ok(())
    }

    /// The font that `Tf` names.
    fn font(
        &mut self,
        operation: &Operation,
        resources: &Dictionary,
    ) -> Result<Option<Rc<Font>>, DocumentError> {
        let name = operation.operands.first().and_then(|name| name.as_name().ok());
        let Some(Object::Dictionary(dict)) = resource(self.document, resources, b"Font", name)
        else {
            return Ok(None);
        };
        let key = std::ptr::from_ref(dict);
        if let Some(font) = self.fonts.get(&key) {
            return Ok(Some(Rc::clone(font)));
        }
        self.budget.font()?;
        let font = Rc::new(Font::read(self.document, dict, &mut self.budget)?);
        self.fonts.insert(key, Rc::clone(&font));
        Ok(Some(font))
    }

    /// Draws the form that `Do` names; images have no text.
    fn form(
        &mut self,
        operation: &Operation,
        resources: &Dictionary,
        to_page: Matrix,
        depth: usize,
    ) -> Result<(), DocumentError> {
        let document = self.document;
        let name = operation.operands.first().and_then(|name| name.as_name().ok());
        let Some(Object::Stream(form)) = resource(document, resources, b"XObject", name) else {
            return Ok(());
        };
        if form.dict.get(b"Subtype").and_then(Object::as_name).ok() != Some(&b"Form"[..]) {
            return Ok(());
        }
        let Some(depth) = depth.checked_sub(1) else {
            return Err(DocumentError::TooLarge {
                limit: DEPTH_MAX,
                what: "forms within one another",
            });
        };
        let matrix = form.dict.get_deref(b"Matrix", document).and_then(Object::as_array);
        let matrix = matrix.ok().and_then(|numbers| Matrix::of(numbers)).unwrap_or(Matrix::ONE);
        let own = form.dict.get_deref(b"Resources", document).and_then(Object::as_dict);
        let content = self.budget.unpack(form)?;
        self.draw(&content, own.unwrap_or(resources), matrix.then(to_page), depth)
    }

    /// Shows the strings of an operation; the numbers between them move the pen.
    fn strings(
        &mut self,
        operation: &Operation,
        state: &mut State,
        pen: &mut Pen,
    ) -> Result<(), DocumentError> {
        if operation.operator == "\"" {
            state.word_space = number(operation, 0).unwrap_or(state.word_space);
            state.character_space = number(operation, 1).unwrap_or(state.character_space);
        }
        let items = match operation.operands.last() {
            Some(Object::Array(items)) => items.as_slice(),
            Some(item) => std::slice::from_ref(item),
            None => return Ok(()),
        };
        for item in items {
            match item {
                Object::String(bytes, _) => self.show(bytes, state, pen)?,
                item => {
                    let back = item.as_float().unwrap_or(0.0) / 1000.0 * state.size * state.scale;
                    pen.text = pen.text.moved(-back, 0.0);
                }
            }
        }
        Ok(())
    }

    fn show(&mut self, bytes: &[u8], state: &State, pen: &mut Pen) -> Result<(), DocumentError> {
        let Some(font) = &state.font else { return Ok(()) };
        let Matrix([_, _, c, d, x, y]) = pen.text.then(state.to_page);
        self.separate(x, y, (state.size * c.hypot(d)).abs())?;
        self.text.push(&font.text(bytes))?;
        let count = font.count(bytes) as f32;
        let width = font.width(bytes);
        let spaces = bytes.iter().filter(|byte| **byte == b' ').count() as f32;
        let moved = width.unwrap_or(count * 500.0) / 1000.0 * state.size
            + count * state.character_space
            + spaces * state.word_space;
        pen.text = pen.text.moved(moved * state.scale, 0.0);
        let Matrix([_, _, _, _, x, y]) = pen.text.then(state.to_page);
        self.end = Some(End { x, y, exact: width.is_some() });
        Ok(())
    }

    /// A space or a line break before a string, if it stands away from the last one; `height` is that of its font.
    fn separate(&mut self, x: f32, y: f32, height: f32) -> Result<(), DocumentError> {
        let Some(end) = self.end else { return Ok(()) };
        let gap = (x - end.x) / height;
        if (y - end.y).abs() > height * 0.5 {
            self.text.line()
        } else if gap > 0.15 || gap < if end.exact { -0.5 } else { -0.15 } {
            self.text.space()
        } else {
            Ok(())
        }
    }
}

/// A font or a form by its name.
fn resource<'r>(
    document: &'r Document,
    resources: &'r Dictionary,
    kind: &[u8],
    name: Option<&[u8]>,
) -> Option<&'r Object> {
    let all = resources.get_deref(kind, document).and_then(Object::as_dict).ok()?;
    all.get_deref(name?, document).ok()
}
