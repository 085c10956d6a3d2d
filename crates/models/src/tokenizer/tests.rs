//! Laws and hostile inputs: the built-in model's vocabulary and small ones made here.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;
use crate::Source;
use crate::gguf::{self, Array, Value};

fn pebble() -> Arc<dyn Tokenizer> {
    from_metadata(&gguf::read(&Source::Bytes(crate::PEBBLE)).unwrap().metadata).unwrap()
}

fn texts(texts: &[&str]) -> Value {
    Value::Array(Array::Str(texts.iter().map(|text| (*text).to_owned()).collect()))
}

/// A SentencePiece vocabulary: specials, 256 bytes, then pieces with falling scores.
fn spm(pieces: &[&str]) -> Metadata {
    let mut all = vec!["<unk>".to_owned(), "<s>".into(), "</s>".into()];
    let mut types = vec![2, 3, 3];
    all.extend((0..=255).map(|byte| format!("<0x{byte:02X}>")));
    types.extend([6; 256]);
    all.extend(pieces.iter().map(|piece| (*piece).to_owned()));
    types.extend(pieces.iter().map(|_| 1));
    let scores = (0..all.len()).map(|index| -(index as f32)).collect();
    let mut metadata = Metadata::default();
    metadata.insert("tokenizer.ggml.model", Value::Str("llama".into()));
    metadata.insert("tokenizer.ggml.tokens", Value::Array(Array::Str(all)));
    metadata.insert("tokenizer.ggml.token_type", Value::Array(Array::Signed(types)));
    metadata.insert("tokenizer.ggml.scores", Value::Array(Array::Float(scores)));
    metadata.insert("tokenizer.ggml.bos_token_id", Value::Unsigned(1));
    metadata.insert("tokenizer.ggml.eos_token_id", Value::Unsigned(2));
    metadata
}

fn bpe(tokens: &[&str], merges: &[&str], pre: &str) -> Metadata {
    let mut metadata = Metadata::default();
    metadata.insert("tokenizer.ggml.model", Value::Str("gpt2".into()));
    metadata.insert("tokenizer.ggml.pre", Value::Str(pre.into()));
    metadata.insert("tokenizer.ggml.tokens", texts(tokens));
    metadata.insert("tokenizer.ggml.merges", texts(merges));
    metadata
}

fn bytes_of(tokenizer: &dyn Tokenizer, tokens: &[TokenId]) -> Vec<u8> {
    tokens.iter().flat_map(|id| tokenizer.token_bytes(*id)).copied().collect()
}

/// Cuts at control tokens, as the chat layer does with rendered templates.
fn encode_special(tokenizer: &dyn Tokenizer, mut text: &str) -> Vec<TokenId> {
    let mut tokens = Vec::new();
    while let Some((at, id, len)) = tokenizer
        .controls()
        .iter()
        .filter_map(|(control, id)| Some((text.find(control)?, *id, control.len())))
        .min()
    {
        tokens.extend(tokenizer.encode(&text[..at]));
        tokens.push(id);
        text = &text[at + len..];
    }
    tokens.extend(tokenizer.encode(text));
    tokens
}

#[test]
fn pebbles_tokens_are_those_of_its_training() {
    let vectors: Vec<serde_json::Value> =
        serde_json::from_str(include_str!("../../../../training/vectors/tokens.json")).unwrap();
    assert!(vectors.len() > 20);
    let tokenizer = pebble();
    for vector in &vectors {
        let text = vector["text"].as_str().unwrap();
        let ids: Vec<TokenId> = vector["ids"]
            .as_array()
            .unwrap()
            .iter()
            .map(|id| id.as_u64().unwrap() as u32)
            .collect();
        if vector["special"].as_bool().unwrap() {
            assert_eq!(encode_special(tokenizer.as_ref(), text), ids, "{text:?}");
        } else {
            assert_eq!(tokenizer.encode(text), ids, "{text:?}");
            assert_eq!(bytes_of(tokenizer.as_ref(), &ids), text.as_bytes());
        }
    }
}

#[test]
fn pebbles_special_tokens() {
    let tokenizer = pebble();
    let end = tokenizer.control("<|end|>").unwrap();
    assert_eq!(tokenizer.stop_tokens().first(), Some(&end));
    assert_eq!(tokenizer.bos(), tokenizer.control("<|bos|>"));
    assert!(tokenizer.token_bytes(end).is_empty());
    assert!(tokenizer.token_bytes(u32::MAX).is_empty());
    assert!(!tokenizer.adds_space_prefix());
    let lengths: Vec<usize> = tokenizer.controls().iter().map(|(text, _)| text.len()).collect();
    assert!(lengths.is_sorted_by(|a, b| a >= b));
}

proptest! {
    #[test]
    fn every_text_comes_back_and_holds_no_control_token(text in "(<\\|(end|bos|user)\\|>|[a-zé 🦀\n\t1]|\\PC){0,24}") {
        let bpe = pebble();
        let spm = from_metadata(&spm(&["▁", "a", "▁a", "é", "▁aé"])).unwrap();
        for tokenizer in [&bpe, &spm] {
            let tokens = tokenizer.encode(&text);
            for (_, control) in tokenizer.controls() {
                prop_assert!(!tokens.contains(control));
            }
            let space = if tokenizer.adds_space_prefix() && !text.is_empty() { " " } else { "" };
            let back = String::from_utf8(bytes_of(tokenizer.as_ref(), &tokens)).unwrap();
            prop_assert_eq!(back, format!("{space}{text}").replace('▁', if space.is_empty() { "▁" } else { " " }));
        }
    }
}

#[test]
fn sentencepiece_merges_by_score_and_falls_back_to_bytes() {
    let metadata = spm(&["▁", "a", "b", "ab", "▁ab", "ba", "</", "s>"]);
    let tokenizer = from_metadata(&metadata).unwrap();
    let piece = |index: u32| 259 + index;
    assert_eq!(tokenizer.encode("ab"), [piece(4)]);
    assert_eq!(tokenizer.encode("abab"), [piece(4), piece(3)]);
    assert_eq!(tokenizer.encode("ba"), [piece(0), piece(5)]);
    assert_eq!(tokenizer.encode("é"), [piece(0), 3 + 0xC3, 3 + 0xA9]);
    assert_eq!(tokenizer.encode("</s>"), [piece(0), piece(6), piece(7)], "never the control token");
    assert!(tokenizer.encode("").is_empty());
    assert_eq!(
        (tokenizer.bos(), tokenizer.add_bos(), tokenizer.stop_tokens()),
        (Some(1), true, &[2][..])
    );
    assert_eq!(tokenizer.token_bytes(piece(4)), b" ab");
    assert_eq!(tokenizer.token_bytes(3 + 0x0A), b"\n");
    let mut metadata = metadata;
    metadata.insert("tokenizer.ggml.add_space_prefix", Value::Bool(false));
    let tokenizer = from_metadata(&metadata).unwrap();
    assert_eq!(tokenizer.encode("ab"), [piece(3)]);
    assert!(!tokenizer.adds_space_prefix());
}

#[test]
fn user_defined_tokens_stand_wherever_their_text_does() {
    let mut metadata = bpe(&["a", "b", "ab", "<x>", "<xy>", "<|eot_id|>"], &["a b"], "gpt-2");
    metadata
        .insert("tokenizer.ggml.token_type", Value::Array(Array::Signed(vec![1, 1, 1, 4, 4, 1])));
    let tokenizer = from_metadata(&metadata).unwrap();
    assert_eq!(tokenizer.encode("ab<x>b<xy>a"), [2, 3, 1, 4, 0]);
    assert_eq!(tokenizer.token_bytes(3), b"<x>");
    assert_eq!(tokenizer.control("<x>"), Some(3));
    assert_eq!(
        tokenizer.controls(),
        [("<|eot_id|>".to_owned(), 5)],
        "well-known texts are control tokens"
    );
    assert_eq!(tokenizer.stop_tokens(), [5]);
}

#[test]
fn merges_by_rank_and_whole_words() {
    let tokens = ["a", "b", "c", "ab", "bc", "abc"];
    let tokenizer = from_metadata(&bpe(&tokens, &["b c", "a b"], "gpt-2")).unwrap();
    assert_eq!(tokenizer.encode("abc"), [0, 4], "the lower rank first");
    assert_eq!(tokenizer.encode("abbc"), [3, 4]);
    let tokenizer = from_metadata(&bpe(&tokens, &["b c", "a b"], "llama-bpe")).unwrap();
    assert_eq!(tokenizer.encode("abc"), [5], "a word that is a token is not merged up");
}

#[test]
fn what_is_wrong_is_named() {
    let error = |metadata: &Metadata| from_metadata(metadata).err().unwrap();
    assert_eq!(
        error(&Metadata::default()),
        TokenizerError::Missing { key: "tokenizer.ggml.model" }
    );
    let good = || bpe(&["a", "b"], &[], "gpt-2");
    let with = |key: &str, value: Value| {
        let mut metadata = good();
        metadata.insert(key, value);
        error(&metadata)
    };
    let text = |text: &str| Value::Str(text.into());
    assert_eq!(with("tokenizer.ggml.model", text("t5")), TokenizerError::UnknownModel("t5".into()));
    assert_eq!(with("tokenizer.ggml.pre", text("nope")), TokenizerError::UnknownPre("nope".into()));
    assert_eq!(
        with("tokenizer.ggml.token_type", Value::Array(Array::Signed(vec![1]))),
        TokenizerError::Length { key: "tokenizer.ggml.token_type", found: 1, expected: 2 }
    );
    assert_eq!(
        with("tokenizer.ggml.eos_token_id", Value::Unsigned(2)),
        TokenizerError::BadId { key: "tokenizer.ggml.eos_token_id", id: 2, size: 2 }
    );
    assert!(matches!(
        with("tokenizer.ggml.merges", texts(&["ab"])),
        TokenizerError::BadEntry { index: 0, .. }
    ));
    assert_eq!(
        with("tokenizer.ggml.tokens", texts(&[])),
        TokenizerError::Missing { key: "tokenizer.ggml.tokens" }
    );
}

#[test]
#[expect(clippy::disallowed_methods, reason = "it measures")]
fn a_long_run_of_anything_takes_seconds_at_most() {
    let spm = from_metadata(&spm(&["▁", "a", "aa", "aaaa", "aaaaaaaa", "▁a", "▁▁"])).unwrap();
    let patterns =
        ["a", " ", "\n", "1", "A", "é", "a ", " \n", "'", "<|", "北", "\u{301}", "a\u{301} "];
    for tokenizer in [pebble(), spm] {
        for pattern in patterns {
            let text = pattern.repeat((1 << 18) / pattern.len());
            let start = Instant::now();
            let tokens = tokenizer.encode(&text);
            assert!(
                start.elapsed() < Duration::from_secs(10),
                "{pattern:?}: {:?}",
                start.elapsed()
            );
            assert!(bytes_of(tokenizer.as_ref(), &tokens).len() >= text.len());
        }
    }
}
