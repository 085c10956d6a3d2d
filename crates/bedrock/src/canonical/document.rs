//! Documents that a caller attaches. Their bytes pass through as they are: who renders the prompt turns them into text.

/// Most documents in one request.
pub const DOCUMENTS_MAX: usize = 5;

/// Most bytes of one document, 4.5 MB.
pub const DOCUMENT_BYTES_MAX: usize = 4_500_000;

/// A document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Its name, shown to the model.
    pub name: String,
    /// What it holds.
    pub source: DocumentSource,
    /// What the caller says about it, shown to the model.
    pub context: Option<String>,
    /// Where it stands in the body, for messages about it: `messages.0.content.1.document`.
    pub place: String,
    /// The tool result that it is a part of; `None` if it is a block of its own.
    pub part_of: Option<ResultPart>,
}

/// Where in a tool result a document stands. The result's block comes before its documents, in the same message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResultPart {
    /// Id of the call that the result answers.
    pub tool_use_id: String,
    /// Bytes of the result's text that come before the document; a character's border.
    pub offset: usize,
}

/// What a document holds.
#[derive(Clone, PartialEq, Eq)]
pub enum DocumentSource {
    /// A file, at most [`DOCUMENT_BYTES_MAX`] bytes, not empty.
    File(DocumentFormat, Vec<u8>),
    /// Text that the model shall see as it is; not blank.
    Text(String),
}

/// A file is shown by its size: its bytes are long, and nobody's business.
impl std::fmt::Debug for DocumentSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(format, bytes) => write!(f, "File({format:?}, {} bytes)", bytes.len()),
            Self::Text(text) => f.debug_tuple("Text").field(text).finish(),
        }
    }
}

/// Format of a document's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names of the formats")]
pub enum DocumentFormat {
    Pdf,
    Csv,
    Doc,
    Docx,
    Xls,
    Xlsx,
    Html,
    Txt,
    Md,
}

/// Bedrock's names of the formats.
pub(crate) const FORMATS: [(&str, DocumentFormat); 9] = [
    ("pdf", DocumentFormat::Pdf),
    ("csv", DocumentFormat::Csv),
    ("doc", DocumentFormat::Doc),
    ("docx", DocumentFormat::Docx),
    ("xls", DocumentFormat::Xls),
    ("xlsx", DocumentFormat::Xlsx),
    ("html", DocumentFormat::Html),
    ("txt", DocumentFormat::Txt),
    ("md", DocumentFormat::Md),
];

impl DocumentFormat {
    /// Bedrock's name for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        FORMATS.iter().find(|(_, format)| *format == self).map_or("txt", |(name, _)| name)
    }

    /// Every format, in Bedrock's order.
    pub fn all() -> impl Iterator<Item = DocumentFormat> {
        FORMATS.iter().map(|(_, format)| *format)
    }
}
