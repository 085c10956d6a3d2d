//! What must hold for any bytes: used by the fuzz target, and by a test that replays known inputs.

use bedrock::catalogue;
use bedrock::family::Family;
use bedrock::model_id::{MAX_MODEL_ID, ModelRef, decode_segment};

/// No panic; what is accepted is short and plain, and decoding changes nothing that is not encoded.
pub(crate) fn check(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let parsed = ModelRef::from_segment(&text);
    match decode_segment(&text) {
        Ok(decoded) if text.len() <= 3 * MAX_MODEL_ID => {
            assert_eq!(parsed, ModelRef::parse(&decoded));
            assert!(text.contains('%') || decoded == text);
        }
        _ => assert!(parsed.is_err()),
    }
    let Ok(parsed) = parsed else { return };
    if let Some(id) = parsed.base_id() {
        assert!(!id.is_empty() && id.len() <= MAX_MODEL_ID && id.is_ascii());
        let _ = (catalogue::find(id), Family::of(id));
    }
    let resource = parsed.resource();
    assert!(resource.is_none_or(|resource| resource.account.len() == 12));
}
