//! Any bytes as an event stream: frames or an error, and the same ones however the bytes are cut.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/bedrock/tests/fuzz/eventstream.rs"]
mod check;

fuzz_target!(|data: &[u8]| check::check(data));
