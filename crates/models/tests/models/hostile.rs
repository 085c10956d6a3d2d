//! Files and calls that must be refused, with a message that names what is wrong.

use std::sync::Arc;

use engine::{BlockId, Chunk, LogitsRows, Model, ModelError};
use models::{Isa, KvType, LoadError, LoadOptions, Pool, Source, load_model};
use proptest::prelude::*;

use crate::common::{golden_bytes, golden_model};

fn load(bytes: Vec<u8>) -> Result<models::LoadedModel, LoadError> {
    let options = LoadOptions::new(Arc::new(Pool::new(1)));
    load_model(&Source::Owned(bytes), "test".into(), &options)
}

/// Replaces bytes everywhere; lengths stay.
fn replace(bytes: &mut [u8], from: &[u8], to: &[u8]) {
    assert_eq!(from.len(), to.len());
    let mut found = 0;
    for at in 0..bytes.len() - from.len() {
        if bytes[at..].starts_with(from) {
            bytes[at..at + to.len()].copy_from_slice(to);
            found += 1;
        }
    }
    assert!(found > 0);
}

fn refusal(from: &[u8], to: &[u8]) -> String {
    let mut bytes = golden_bytes("llama_q8_0");
    replace(&mut bytes, from, to);
    load(bytes).map(|_| ()).expect_err("a refusal").to_string()
}

/// Sets a u32 key of the file.
fn with_u32(key: &str, value: u32) -> String {
    let mut bytes = golden_bytes("llama_q8_0");
    let at = bytes.windows(key.len()).position(|w| w == key.as_bytes()).unwrap() + key.len() + 4;
    bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
    load(bytes).map(|_| ()).expect_err("a refusal").to_string()
}

#[test]
fn what_is_not_understood_is_refused_by_name() {
    let cases: [(&[u8], &[u8], &str); 3] = [
        (b"llama", b"gemma", "architecture gemma"),
        (b"blk.1.ffn_up.weight", b"blk.1.ffn_xy.weight", "the tensor blk.1.ffn_up.weight"),
        (b"llama.block_count", b"llama.blocc_count", "the key llama.block_count"),
    ];
    for (from, to, message) in cases {
        let text = refusal(from, to);
        assert!(text.contains(message), "{text}");
    }
    let mut bytes = golden_bytes("llama_q8_0");
    replace(&mut bytes, b"\x0d\0\0\0\0\0\0\0output.weight", b"\x0d\0\0\0\0\0\0\0strange.weigh");
    let text = load(bytes).map(|_| ()).expect_err("a tensor too many").to_string();
    assert!(text.contains("strange.weigh"), "{text}");
    // A key that changes the computation: `vocab_size` is not read, so it can make room for it.
    let mut bytes = golden_bytes("llama_q8_0");
    replace(
        &mut bytes,
        b"\x10\0\0\0\0\0\0\0llama.vocab_size",
        b"\x10\0\0\0\0\0\0\0llama.block_skip",
    );
    load(bytes).expect("a key that is not known has no effect");
    let mut bytes = golden_bytes("llama_q8_0");
    replace(&mut bytes, b"llama.context_length", b"llama.residual_scale");
    let text = load(bytes).map(|_| ()).expect_err("a scale that is not built").to_string();
    assert!(text.contains("llama.residual_scale = 4096"), "{text}");
}

#[test]
fn numbers_that_contradict_each_other_are_refused() {
    assert!(with_u32("llama.block_count", 0).contains("llama.block_count"));
    assert!(with_u32("llama.block_count", u32::MAX).contains("llama.block_count"));
    assert!(with_u32("llama.block_count", 1).contains("blk.1."));
    assert!(with_u32("llama.block_count", 3).contains("blk.2."));
    assert!(with_u32("llama.attention.head_count_kv", 3).contains("head_count_kv"));
    assert!(
        with_u32("llama.attention.head_count_kv", 4)
            .contains("blk.0.attn_k.weight has shape [64, 32]")
    );
    assert!(with_u32("llama.attention.head_count", 0).contains("head_count"));
    assert!(
        with_u32("llama.attention.key_length", 1 << 20).contains("heads of 1048576 dimensions")
    );
    assert!(with_u32("llama.attention.value_length", 8).contains("value_length"));
    assert!(with_u32("llama.rope.dimension_count", 18).contains("rotating dimensions"));
    assert!(with_u32("llama.rope.dimension_count", 7).contains("rotating dimensions"));
    assert!(
        with_u32("llama.embedding_length", 128).contains("token_embd.weight has shape [64, 48]")
    );
    assert!(with_u32("llama.feed_forward_length", 65).contains("ffn_gate.weight"));
}

#[test]
fn an_instruction_set_that_is_absent_is_refused() {
    if let Some(absent) =
        [Isa::Avx2, Isa::Avx512, Isa::Avx512Vnni].into_iter().find(|isa| !isa.is_available())
    {
        let mut options = LoadOptions::new(Arc::new(Pool::new(1)));
        options.isa = Some(absent);
        let source = Source::Owned(golden_bytes("llama_q8_0"));
        assert!(matches!(
            load_model(&source, String::new(), &options),
            Err(LoadError::NoSuchIsa(_))
        ));
    }
}

#[test]
fn a_file_that_shrinks_while_it_loads_is_an_error_and_later_has_no_effect() {
    let folder = std::env::temp_dir().join(format!("outcrop-shrink-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("model.gguf");
    std::fs::write(&path, golden_bytes("llama_q8_0")).unwrap();
    let options = LoadOptions::new(Arc::new(Pool::new(1)));
    let source = Source::open(&path).unwrap();
    let mut model = load_model(&source, String::new(), &options).unwrap().model;
    // Opened at full length, then cut: the next load fails, the loaded model works on.
    std::fs::File::options().write(true).open(&path).unwrap().set_len(5000).unwrap();
    assert!(matches!(load_model(&source, String::new(), &options), Err(LoadError::Io { .. })));
    model.reserve_kv(1).unwrap();
    let mut logits = Vec::new();
    let chunk =
        Chunk { tokens: &[1, 2], start: 0, block_table: &[BlockId(0)], logits: LogitsRows::Last };
    model.forward(&[chunk], &mut logits).unwrap();
    assert!(logits.iter().all(|x| x.is_finite()));
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn chunks_outside_of_the_model_are_refused() {
    let (mut model, _) = golden_model("llama_q8_0", Isa::detect(), KvType::F16, 1);
    let mut logits = Vec::new();
    let context = model.info().context_length;
    let one = [BlockId(0)];
    let far = vec![BlockId(0); context / 16 + 1];
    let mut refuse = |tokens: &[u32], start: usize, block_table: &[BlockId]| {
        let chunk = Chunk { tokens, start, block_table, logits: LogitsRows::Last };
        assert!(matches!(model.forward(&[chunk], &mut logits), Err(ModelError::InvalidChunk(_))));
        model.reserve_kv(2).unwrap();
    };
    refuse(&[1], 0, &one); // nothing reserved yet
    refuse(&[], 0, &one);
    refuse(&[48], 0, &one);
    refuse(&[1], 16, &one);
    refuse(&[1; 17], 0, &one);
    refuse(&[1], 0, &[BlockId(2)]);
    refuse(&[1], usize::MAX, &one);
    refuse(&[1], context, &far);
    assert!(matches!(model.reserve_kv(usize::MAX), Err(ModelError::OutOfMemory { .. })));
    assert!(matches!(model.reserve_kv(1 << 45), Err(ModelError::OutOfMemory { .. })));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// A damaged header gives a model or a typed error, and a model can compute.
    #[test]
    fn damaged_headers_never_crash(changes in prop::collection::vec((0usize..2500, any::<u8>()), 1..4)) {
        let mut bytes = golden_bytes("llama_q8_0");
        for (at, byte) in changes {
            bytes[at] = byte;
        }
        if let Ok(loaded) = load(bytes) {
            let mut model = loaded.model;
            model.reserve_kv(1).unwrap();
            let mut logits = Vec::new();
            let chunk = Chunk { tokens: &[0], start: 0, block_table: &[BlockId(0)], logits: LogitsRows::Last };
            model.forward(&[chunk], &mut logits).unwrap();
        }
    }
}
