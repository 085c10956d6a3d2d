//! Any bytes as a GGUF file: an answer, never a crash, and no tensor outside the file.
#![no_main]

use libfuzzer_sys::fuzz_target;
use models::{Source, gguf};

fuzz_target!(|data: &[u8]| {
    let size = data.len() as u64;
    if let Ok(header) = gguf::read(&Source::Owned(data.to_vec())) {
        for tensor in &header.tensors {
            assert!(tensor.offset + tensor.bytes <= size);
        }
    }
});
