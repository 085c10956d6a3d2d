//! Rules of documents, whatever body they came in, with Bedrock's own messages behind the document's place.

use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::canonical::{Block, DOCUMENT_BYTES_MAX, DOCUMENTS_MAX, ResultPart};
use crate::error::WireError;
use crate::json::Node;

/// The documents of one request so far.
#[derive(Debug, Default)]
pub(crate) struct Documents {
    count: usize,
    names: HashSet<String>,
}

impl Documents {
    /// One more, at `node`.
    pub(crate) fn count(&mut self, node: &Node<'_>) -> Result<(), WireError> {
        self.count += 1;
        if self.count <= DOCUMENTS_MAX {
            return Ok(());
        }
        Err(node.error(format_args!(
            "You can't include more than {DOCUMENTS_MAX} documents in a request."
        )))
    }

    /// The name of one more; `node` is the document.
    pub(crate) fn name_once(&mut self, node: &Node<'_>, name: &str) -> Result<(), WireError> {
        if self.names.insert(name.to_owned()) {
            return Ok(());
        }
        Err(node.error(
            "Messages can't contain duplicate document names. Rename the document and retry your \
             request.",
        ))
    }
}

/// A tool result while it is read: its texts, joined by a line break, and the documents between them.
#[derive(Debug)]
pub(crate) struct ToolResult {
    id: String,
    text: Option<String>,
    documents: Vec<Block>,
}

impl ToolResult {
    /// An empty result of the call `id`.
    pub(crate) fn new(id: String) -> Self {
        ToolResult { id, text: None, documents: Vec::new() }
    }

    /// One more text; may be blank.
    pub(crate) fn say(&mut self, piece: &str) {
        match &mut self.text {
            None => self.text = Some(piece.to_owned()),
            Some(text) => text.extend(["\n", piece]),
        }
    }

    /// One more document, which `read` reads for its place in the result.
    pub(crate) fn attach(
        &mut self,
        read: impl FnOnce(ResultPart) -> Result<Block, WireError>,
    ) -> Result<(), WireError> {
        let offset = self.text.as_ref().map_or(0, String::len);
        self.documents.push(read(ResultPart { tool_use_id: self.id.clone(), offset })?);
        Ok(())
    }

    /// The result, then its documents.
    pub(crate) fn blocks(self, is_error: bool) -> Vec<Block> {
        let text = self.text.unwrap_or_default();
        let mut blocks = vec![Block::ToolResult { id: self.id, text, is_error }];
        blocks.extend(self.documents);
        blocks
    }
}

/// The bytes of a file in base64.
pub(crate) fn bytes(node: &Node<'_>) -> Result<Vec<u8>, WireError> {
    let bytes = STANDARD.decode(node.text()?).map_err(|_| node.error("expected base64"))?;
    match bytes.len() {
        0 => Err(node.error("the document is empty")),
        within if within <= DOCUMENT_BYTES_MAX => Ok(bytes),
        large => Err(node.error(format_args!(
            "the document has {large} bytes, at most {DOCUMENT_BYTES_MAX} are allowed"
        ))),
    }
}

/// Text in place of a file; not blank.
pub(crate) fn spoken(node: &Node<'_>, text: String) -> Result<String, WireError> {
    if text.trim().is_empty() { Err(node.error("the document has no text")) } else { Ok(text) }
}

/// Refuses `citations` that are asked for: answers have none.
pub(crate) fn refuse_citations(node: &Node<'_>) -> Result<(), WireError> {
    let enabled = node.read(|fields| fields.require("enabled")?.boolean())?;
    if enabled { Err(node.error("citations are not supported by this server")) } else { Ok(()) }
}
