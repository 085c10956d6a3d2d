//! The built-in model loads as the server loads it, and computes.

use std::sync::Arc;

use engine::{Chunk, LogitsRows, Model};
use models::{LoadOptions, PEBBLE, Pool, load_bytes, load_file};

use crate::common::table;

#[test]
fn pebble_loads_from_the_binary_and_from_a_file_alike() {
    let options = LoadOptions::new(Arc::new(Pool::new(2)));
    let built_in = load_bytes(PEBBLE, &options).unwrap();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/pebble.gguf");
    let from_file = load_file(path.as_ref(), &options).unwrap();
    assert_eq!(built_in.model.info().digest, from_file.model.info().digest);
    assert_eq!(built_in.model.info().fingerprint, from_file.model.info().fingerprint);
    assert_eq!(built_in.tokenizer.vocab_size(), built_in.model.info().vocab_size);
    assert!(built_in.chat_template.is_some());
    let mut rows = Vec::new();
    for loaded in [built_in, from_file] {
        let mut model = loaded.model;
        let tokens = loaded.tokenizer.encode("The quick brown fox asks a question.");
        let blocks = table(0, tokens.len());
        model.reserve_kv(blocks.len()).unwrap();
        let mut logits = Vec::new();
        let chunk =
            Chunk { tokens: &tokens, start: 0, block_table: &blocks, logits: LogitsRows::Last };
        model.forward(&[chunk], &mut logits).unwrap();
        assert!(logits.iter().all(|x| x.is_finite()));
        rows.push(logits);
    }
    assert_eq!(rows[0], rows[1]);
}
