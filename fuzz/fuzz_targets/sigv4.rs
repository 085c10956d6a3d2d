//! Any bytes as a signed request: no crash, and no foreign signature verifies.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/bedrock/tests/fuzz/sigv4.rs"]
mod check;

fuzz_target!(|data: &[u8]| check::check(data));
