// Any bytes as a document of any format. Shared by the fuzz target `documents` and the plain tests.

use bedrock::canonical::DocumentFormat;
use chat::{DOCUMENT_TEXT_MAX, DocumentError, document_text};

/// The first byte says the format, in Bedrock's order.
pub(crate) fn read(data: &[u8]) -> Option<Result<String, DocumentError>> {
    let (which, file) = data.split_first()?;
    let formats: Vec<DocumentFormat> = DocumentFormat::all().collect();
    Some(document_text(formats[usize::from(*which) % formats.len()], file))
}

/// A text within the bounds that a model can be shown, or a reason why there is none; the same each time.
pub(crate) fn check(data: &[u8]) {
    let Some(read_once) = read(data) else { return };
    match &read_once {
        Ok(text) => {
            assert!(!text.trim().is_empty() && text.len() <= DOCUMENT_TEXT_MAX);
            assert!(text.chars().all(|c| !c.is_control() || matches!(c, '\n' | '\t')));
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    assert_eq!(Some(read_once), read(data));
}
