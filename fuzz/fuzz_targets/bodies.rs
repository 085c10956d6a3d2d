//! Any bytes as a request body, the first one saying which: an answer, never a crash, and what is accepted is valid.
#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};

#[path = "../../crates/bedrock/tests/fuzz/bodies.rs"]
mod bodies;
mod json;

fuzz_target!(|data: &[u8]| bodies::check(data));

// Changes of bytes seldom leave JSON: three of four changes are of the value, so that the readers behind the parser
// get their share.
fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let changed =
        if seed % 4 > 0 { json::changed(data.get(1..size).unwrap_or(&[]), seed) } else { None };
    match changed {
        Some(body) if body.len() < max_size => {
            data[1..=body.len()].copy_from_slice(&body);
            body.len() + 1
        }
        _ => fuzzer_mutate(data, size, max_size),
    }
});
