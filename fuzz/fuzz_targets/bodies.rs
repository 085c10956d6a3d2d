//! Any bytes as a request body, the first one saying which: an answer, never a crash, and what is accepted is valid.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/bedrock/tests/fuzz/bodies.rs"]
mod bodies;

fuzz_target!(|data: &[u8]| bodies::check(data));
