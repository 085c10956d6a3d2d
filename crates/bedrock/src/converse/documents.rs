//! `document` blocks, in messages and in tool results.

use crate::canonical::{Block, Document, DocumentSource, FORMATS, ResultPart};
use crate::documents::{self, Documents};
use crate::error::WireError;
use crate::json::{Fields, Node};

const SOURCES: [&str; 4] = ["bytes", "s3Location", "text", "content"];

const NAME_MAX: usize = 200;

/// Reads the document at `node`; `part_of` says where in a tool result it stands.
pub(super) fn read_document(
    node: &Node<'_>,
    part_of: Option<ResultPart>,
    seen: &mut Documents,
) -> Result<Block, WireError> {
    let document = node.read(|fields| {
        let name = read_name(&fields.require("name")?)?.to_owned();
        let source = read_source(fields)?;
        let context = fields.text("context")?.map(str::to_owned);
        if let Some(citations) = fields.take("citations") {
            documents::refuse_citations(&citations)?;
        }
        Ok(Document { name, source, context, place: node.path().to_owned(), part_of })
    })?;
    seen.count(node)?;
    seen.name_once(node, &document.name)?;
    Ok(Block::Document(document))
}

/// Bedrock also takes the underscore, which its message does not name.
fn read_name<'a>(node: &Node<'a>) -> Result<&'a str, WireError> {
    let name = node.text_within(1, NAME_MAX)?;
    let allowed = |c: char| c.is_ascii_alphanumeric() || " -()[]_".contains(c);
    if name.chars().all(allowed) && !name.contains("  ") {
        return Ok(name);
    }
    Err(node.error(
        "The document file name can only contain alphanumeric characters, whitespace characters, \
         hyphens, parentheses, and square brackets. The name can't contain more than one \
         consecutive whitespace character. Check that the file name conforms to these restrictions \
         and retry your request.",
    ))
}

/// `format` and `source`; only a file needs a format.
fn read_source(fields: &mut Fields<'_>) -> Result<DocumentSource, WireError> {
    let (kind, node) = fields.require("source")?.member(&SOURCES)?;
    if kind == "bytes" {
        let format = fields.require("format")?.word(&FORMATS)?;
        return Ok(DocumentSource::File(format, documents::bytes(&node)?));
    }
    if let Some(format) = fields.take("format") {
        format.word(&FORMATS)?;
    }
    let text = match kind {
        "text" => node.text()?.to_owned(),
        "content" => read_chunks(&node)?,
        _ => {
            return Err(node.error(
                "documents in S3 are not supported by this server; send the document as bytes",
            ));
        }
    };
    Ok(DocumentSource::Text(documents::spoken(&node, text)?))
}

/// Chunks of text, joined by a blank line.
fn read_chunks(node: &Node<'_>) -> Result<String, WireError> {
    let chunks: Vec<&str> = node
        .items()?
        .map(|item| item.member(&["text"])?.1.text())
        .collect::<Result<_, WireError>>()?;
    Ok(chunks.join("\n\n"))
}

/// A message with documents says in a text what to do with them.
pub(super) fn check_text(content: &[Block]) -> Result<(), WireError> {
    let alone = content.iter().find_map(|block| match block {
        Block::Document(document) if document.part_of.is_none() => Some(document),
        _ => None,
    });
    match alone {
        Some(document) if !content.iter().any(|block| matches!(block, Block::Text(_))) => {
            Err(WireError::validation(format!(
                "{}: A text block must be included when using documents.",
                document.place
            )))
        }
        _ => Ok(()),
    }
}
