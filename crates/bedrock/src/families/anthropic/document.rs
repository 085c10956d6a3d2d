//! `document` blocks: a PDF in base64, plain text, or a list of texts.

use serde_json::Value;

use crate::canonical::{Block, Document, DocumentFormat, DocumentSource, ResultPart};
use crate::documents::{self, Documents};
use crate::error::WireError;
use crate::json::{Fields, Node, cut};

const MEDIA_TYPES: [(&str, DocumentFormat); 1] = [("application/pdf", DocumentFormat::Pdf)];
const TEXT_TYPES: [(&str, ()); 1] = [("text/plain", ())];

/// What a document without a title is called.
const UNTITLED: &str = "document";

/// Reads a block whose `type` was read; `part_of` says where in a tool result it stands.
pub(super) fn read_document(
    fields: &mut Fields<'_>,
    part_of: Option<ResultPart>,
    seen: &mut Documents,
) -> Result<Block, WireError> {
    let name = fields.text("title")?.filter(|title| !title.trim().is_empty());
    let name = name.unwrap_or(UNTITLED).to_owned();
    let context = fields.text("context")?.map(str::to_owned);
    if let Some(citations) = fields.take("citations") {
        documents::refuse_citations(&citations)?;
    }
    let source = fields.require("source")?.read(read_source)?;
    seen.count(fields.node())?;
    let place = fields.node().path().to_owned();
    Ok(Block::Document(Document { name, source, context, place, part_of }))
}

fn read_source(fields: &mut Fields<'_>) -> Result<DocumentSource, WireError> {
    let kind = fields.require("type")?;
    match kind.text()? {
        "base64" => {
            let format = fields.require("media_type")?.word(&MEDIA_TYPES)?;
            Ok(DocumentSource::File(format, documents::bytes(&fields.require("data")?)?))
        }
        "text" => {
            fields.require("media_type")?.word(&TEXT_TYPES)?;
            let data = fields.require("data")?;
            Ok(DocumentSource::Text(documents::spoken(&data, data.text()?.to_owned())?))
        }
        "content" => {
            let content = fields.require("content")?;
            let text = read_content(&content)?;
            Ok(DocumentSource::Text(documents::spoken(&content, text)?))
        }
        other => Err(kind.error(format_args!(
            "documents from a source of type {} are not supported by this server; use base64, text \
             or content",
            cut(other)
        ))),
    }
}

/// A text, or text blocks joined by a blank line.
fn read_content(node: &Node<'_>) -> Result<String, WireError> {
    if let Value::String(text) = node.value() {
        return Ok(text.clone());
    }
    let texts: Vec<&str> = node
        .items()?
        .map(|block| {
            block.read(|fields| {
                let kind = fields.require("type")?;
                if kind.text()? != "text" {
                    return Err(kind.error("only text blocks are supported here"));
                }
                fields.require("text")?.text()
            })
        })
        .collect::<Result<_, _>>()?;
    Ok(texts.join("\n\n"))
}
