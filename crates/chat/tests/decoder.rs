//! The decoder's law over generated and stored inputs.

use proptest::prelude::*;

#[path = "fuzz/decoder.rs"]
mod decoder;

proptest! {
    #[test]
    fn streaming_equals_the_whole(
        pieces in prop::collection::vec(
            prop_oneof![
                "[abé€]{0,3}".prop_map(String::into_bytes),
                prop::collection::vec(
                    prop_oneof![any::<u8>(), Just(0xE2), Just(0x82), Just(0xAC), Just(b'a'), Just(b'b')],
                    0..4,
                ),
            ],
            0..16,
        ),
        stops in prop::collection::vec("[abé€\u{FFFD}]{0,4}", 0..4),
    ) {
        decoder::law(pieces, &stops);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn cuts_of_tokens_change_nothing_in_any_dialect(
        dialect in 0u8..8,
        wish in any::<u8>(),
        data in prop::collection::vec(prop_oneof![3 => 0x80u8.., 1 => 0x20u8..0x80], 0..24),
    ) {
        decoder::dialect_law(dialect, wish, &data);
    }
}

/// What the fuzzer has found worth keeping.
#[test]
fn the_fuzzers_corpus_keeps_the_law() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/chat");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        decoder::check_bytes(&std::fs::read(entry.unwrap().path()).unwrap());
        count += 1;
    }
    assert!(count > 0, "the corpus is there");
}
