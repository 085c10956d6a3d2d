//! Any bytes as a document of any format: a text within the bounds, or a refusal.
#![no_main]

use std::panic::{set_hook, take_hook};

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/chat/tests/fuzz/documents.rs"]
mod documents;

// A panic in a library that reads a format becomes a refusal, by design; one of ours is a crash.
fuzz_target!(
    init: {
        let abort = take_hook();
        set_hook(Box::new(move |panic| {
            if !panic.location().is_some_and(|place| place.file().contains("/registry/src/")) {
                abort(panic);
            }
        }));
    },
    |data: &[u8]| documents::check(data)
);
