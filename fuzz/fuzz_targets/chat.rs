//! Any token pieces and stop sequences: what leaves is the decoded whole, cut at the first stop sequence.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/chat/tests/fuzz/decoder.rs"]
mod decoder;

fuzz_target!(|data: &[u8]| decoder::check_bytes(data));
