//! The reader on good, bad and mutated files.

use proptest::prelude::*;

use super::{Header, TensorType, Value, read};
use crate::LoadError;
use crate::source::Source;
use crate::testing::{Builder, put_str};

fn parse(bytes: Vec<u8>) -> Result<Header, LoadError> {
    read(&Source::Owned(bytes))
}

fn sample() -> Builder {
    let mut b = Builder::new();
    b.str("general.architecture", "llama")
        .u32("llama.block_count", 2)
        .f32("llama.rope.freq_base", 1e4);
    b.strings("tokenizer.ggml.tokens", &["a", "b", "é"]);
    b.raw("flag", 7, &[1]).raw("small", 1, &[0xff]).raw("big", 10, &u64::MAX.to_le_bytes());
    b.tensor("one", &[4], TensorType::F32, vec![0; 16]);
    b.tensor("two", &[32, 3], TensorType::Q8_0, vec![1; 34 * 3]);
    b.tensor("three", &[64, 2], TensorType::Q4_0, vec![1; 18 * 4]);
    b
}

#[test]
fn reads_versions_2_and_3() {
    for version in [2, 3] {
        let mut b = sample();
        b.version = version;
        let bytes = b.build();
        let header = parse(bytes.clone()).unwrap();
        let m = &header.metadata;
        assert_eq!(m.str("general.architecture"), Some("llama"));
        assert_eq!(m.u32("llama.block_count"), Some(2));
        assert_eq!(m.f32("llama.rope.freq_base"), Some(1e4));
        assert_eq!(m.strings("tokenizer.ggml.tokens").unwrap()[2], "é");
        assert_eq!(m.bool("flag"), Some(true));
        assert_eq!(m.get("small"), Some(&Value::Signed(-1)));
        assert_eq!(m.u32("big"), None, "does not fit");
        assert_eq!(m.u32("general.architecture"), None, "another type");
        let two = &header.tensors[1];
        assert_eq!((two.name.as_str(), two.rows(), two.row_len(), two.bytes), ("two", 3, 32, 102));
        assert_eq!(bytes[two.offset as usize..][..102], [1; 102]);
    }
}

#[test]
fn refuses_what_is_not_gguf() {
    assert!(matches!(parse(b"PK\x03\x04 and more".to_vec()), Err(LoadError::NotGguf { .. })));
    assert!(matches!(parse(Vec::new()), Err(LoadError::Truncated { .. })));
    for version in [0, 1, 4, 3 << 24] {
        let mut b = sample();
        b.version = version;
        assert!(matches!(parse(b.build()), Err(LoadError::Version(v)) if v == version));
    }
}

#[test]
fn every_truncation_is_a_typed_error() {
    let bytes = sample().build();
    for len in 0..bytes.len() {
        let error = parse(bytes[..len].to_vec()).expect_err("a truncated file");
        assert!(matches!(error, LoadError::Truncated { .. }), "{len}: {error}");
    }
}

#[test]
fn a_claimed_length_costs_no_memory() {
    // 2^60 keys, tensors, array elements, text bytes: each is refused before anything is allocated for it.
    for (at, name) in [(8, "tensors"), (16, "keys")] {
        let mut bytes = sample().build();
        bytes[at..at + 8].copy_from_slice(&(1u64 << 60).to_le_bytes());
        let error = parse(bytes).expect_err("too many");
        assert!(error.to_string().contains(name), "{error}");
    }
    for kind in [4u32, 8] {
        let mut value = kind.to_le_bytes().to_vec();
        value.extend((1u64 << 61).to_le_bytes());
        let error =
            parse(Builder::new().raw("huge.array", 9, &value).build()).expect_err("too long");
        assert!(error.to_string().contains("huge.array"), "{error}");
    }
    let error = parse(Builder::new().raw("huge.text", 8, &u64::MAX.to_le_bytes()).build())
        .expect_err("too long");
    assert!(error.to_string().contains("huge.text"), "{error}");
}

#[test]
fn refuses_contradictions_by_name() {
    let mut nested = 9u32.to_le_bytes().to_vec();
    nested.extend(0u64.to_le_bytes());
    let mut latin = Vec::new();
    put_str(&mut latin, "xx");
    latin[8] = 0xff;
    type Spoil<'a> = &'a dyn Fn(&mut Builder);
    let cases: [(&str, Spoil<'_>); 12] = [
        ("flag: the key occurs twice", &|b| {
            b.u32("flag", 1);
        }),
        ("one: the tensor occurs twice", &|b| {
            b.tensor("one", &[1], TensorType::F32, vec![0; 4]);
        }),
        ("general.alignment", &|b| {
            b.u32("general.alignment", 48);
        }),
        ("odd: rows of 33 elements", &|b| {
            b.tensor("odd", &[33, 2], TensorType::Q8_0, vec![0; 68]);
        }),
        ("none: 0 dimensions", &|b| {
            b.tensor("none", &[], TensorType::F32, vec![0; 4]);
        }),
        ("zero: an extent of 0", &|b| {
            b.tensor("zero", &[0, 5], TensorType::F32, vec![]);
        }),
        ("vast: an extent of 0, or more", &|b| {
            b.tensor("vast", &[1 << 40; 2], TensorType::F32, vec![0; 4]);
        }),
        ("tensor long", &|b| {
            b.tensor("long", &[1000], TensorType::F32, vec![0; 4]);
        }),
        ("truth: 2 is no truth value", &|b| {
            b.raw("truth", 7, &[2]);
        }),
        ("kind: 13 is no value type", &|b| {
            b.raw("kind", 13, &[2]);
        }),
        ("nested arrays (key nested)", &|b| {
            b.raw("nested", 9, &nested);
        }),
        ("text: not UTF-8", &|b| {
            b.raw("text", 8, &latin);
        }),
    ];
    for (message, spoil) in cases {
        let mut builder = sample();
        spoil(&mut builder);
        let error = parse(builder.build()).expect_err(message).to_string();
        assert!(error.contains(message), "{error} should say {message}");
    }
}

#[test]
fn refuses_unknown_tensor_types_by_name() {
    let mut bytes = sample().build();
    // The type number of `two` follows its name, the number of dimensions and two extents.
    let at = bytes.windows(3).position(|w| w == b"two").unwrap() + 3 + 4 + 16;
    bytes[at..at + 4].copy_from_slice(&12u32.to_le_bytes());
    let error = parse(bytes).expect_err("Q4_K").to_string();
    assert!(error.contains("Q4_K") && error.contains("two"), "{error}");
}

#[test]
fn refuses_overlapping_and_unaligned_tensors() {
    let bytes = sample().build();
    let at = bytes.windows(3).position(|w| w == b"two").unwrap() + 3 + 4 + 16 + 4;
    for (offset, message) in [(0u64, "overlap"), (33, "alignment"), (u64::MAX - 31, "tensor two")] {
        let mut bytes = bytes.clone();
        bytes[at..at + 8].copy_from_slice(&offset.to_le_bytes());
        let error = parse(bytes).expect_err(message).to_string();
        assert!(error.contains(message), "{error}");
    }
}

/// The files under `fuzz/corpus/gguf` that were interesting to the fuzzer.
#[test]
fn the_fuzz_corpus_replays() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/gguf");
    let mut files = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        check_any(bytes);
        files += 1;
    }
    assert!(files > 0, "the corpus is empty");
}

/// Whatever the bytes: an answer, and if it is `Ok`, tensors that lie inside the file.
fn check_any(bytes: Vec<u8>) {
    let size = bytes.len() as u64;
    if let Ok(header) = parse(bytes) {
        for tensor in &header.tensors {
            assert!(tensor.offset + tensor.bytes <= size && tensor.bytes > 0);
            assert!(tensor.rows() * tensor.row_len() >= 1);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn survives_mutation(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)) {
        let mut bytes = sample().build();
        for (index, byte) in changes {
            let at = index.index(bytes.len());
            bytes[at] = byte;
        }
        check_any(bytes);
    }

    #[test]
    fn survives_wild_numbers(at in any::<prop::sample::Index>(), number in any::<u64>(), shift in 0u32..64) {
        let mut bytes = sample().build();
        let at = at.index(bytes.len() - 8);
        bytes[at..at + 8].copy_from_slice(&(number >> shift).to_le_bytes());
        check_any(bytes);
    }
}
