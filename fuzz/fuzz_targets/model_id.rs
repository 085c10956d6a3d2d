//! Any bytes as the path segment of a model identifier.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/bedrock/tests/fuzz/model_id.rs"]
mod check;

fuzz_target!(|data: &[u8]| check::check(data));
