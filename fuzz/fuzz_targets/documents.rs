//! Any bytes as a document of any format: a text within the bounds, or a refusal.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/chat/tests/fuzz/documents.rs"]
mod documents;

fuzz_target!(|data: &[u8]| documents::check(data));
