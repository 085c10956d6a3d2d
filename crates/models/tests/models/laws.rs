//! The determinism law, bit for bit: the logits of a position depend on its tokens only, however these were cut into
//! chunks, batched with others or spread over threads. On each golden model, instruction set and KV type.

use engine::{BlockId, Chunk, LogitsRows, Model, TokenId};
use models::{CpuModel, Isa, KvType};
use proptest::prelude::*;

use crate::common::{GOLDEN, golden_model, table};

/// A longer prompt than the golden one, past a tile of the attention (256 positions).
const LONG: usize = 300;

fn bits(logits: &[f32]) -> Vec<u32> {
    assert!(logits.iter().all(|x| x.is_finite()));
    logits.iter().map(|x| x.to_bits()).collect()
}

fn long_prompt(tokens: &[TokenId], len: usize) -> Vec<TokenId> {
    tokens.iter().cycle().enumerate().map(|(i, t)| (t + i as TokenId / 45) % 37).take(len).collect()
}

/// Computes a prompt in chunks of the given lengths (the last takes the rest), all logits.
fn in_chunks(
    model: &mut CpuModel,
    tokens: &[TokenId],
    blocks: &[BlockId],
    lengths: &[usize],
) -> Vec<u32> {
    let mut all = Vec::new();
    let mut logits = Vec::new();
    let mut start = 0;
    let mut lengths = lengths.iter();
    while start < tokens.len() {
        let left = tokens.len() - start;
        let len = lengths.next().map_or(left, |len| (*len).clamp(1, left));
        let tokens = &tokens[start..start + len];
        model
            .forward(
                &[Chunk { tokens, start, block_table: blocks, logits: LogitsRows::All }],
                &mut logits,
            )
            .unwrap();
        all.extend(bits(&logits));
        start += len;
    }
    all
}

/// The reference: the whole prompt in one chunk.
fn whole(model: &mut CpuModel, tokens: &[TokenId]) -> Vec<u32> {
    let blocks = table(0, tokens.len());
    in_chunks(model, tokens, &blocks, &[])
}

/// Calls `f` for each model, instruction set and KV type.
fn for_all(f: impl Fn(&str, Isa, KvType)) {
    for name in GOLDEN {
        for isa in Isa::available() {
            for kv in [KvType::F16, KvType::F32] {
                f(name, isa, kv);
            }
        }
    }
}

#[test]
fn chunked_prefill_equals_whole_prefill_and_decode() {
    for_all(|name, isa, kv| {
        let (mut model, tokens) = golden_model(name, isa, kv, 1);
        model.reserve_kv(64).unwrap();
        let expected = whole(&mut model, &tokens);
        for lengths in [&[1; 64][..], &[2, 3, 5, 7, 11], &[16, 1, 16], &[9, 8, 30], &[44, 1]] {
            let got = in_chunks(&mut model, &tokens, &table(7, tokens.len()), lengths);
            assert!(got == expected, "{name} {isa:?} {kv:?} in chunks of {lengths:?}");
        }
    });
}

#[test]
fn long_prompts_cross_attention_tiles() {
    for name in ["llama_q8_0", "qwen3_q4_0", "llama_odd"] {
        for isa in Isa::available() {
            let (mut model, tokens) = golden_model(name, isa, KvType::F16, 1);
            let tokens = long_prompt(&tokens, LONG);
            model.reserve_kv(64).unwrap();
            let expected = whole(&mut model, &tokens);
            for lengths in [&[255, 1, 1, 1][..], &[100, 100], &[250, 20], &[1; LONG]] {
                let got = in_chunks(&mut model, &tokens, &table(20, LONG), lengths);
                assert!(got == expected, "{name} {isa:?} in chunks of {:?}…", &lengths[..2]);
            }
        }
    }
}

#[test]
fn any_number_of_threads_gives_the_same() {
    for_all(|name, isa, kv| {
        let run = |threads| {
            let (mut model, tokens) = golden_model(name, isa, kv, threads);
            model.reserve_kv(64).unwrap();
            // Long enough that the step is spread over threads.
            whole(&mut model, &long_prompt(&tokens, LONG))
        };
        let alone = run(1);
        for threads in [2, 3, 7] {
            assert!(run(threads) == alone, "{name} {isa:?} {kv:?} on {threads} threads");
        }
    });
}

#[test]
fn a_batch_does_not_change_its_members() {
    for_all(|name, isa, kv| {
        let (mut model, tokens) = golden_model(name, isa, kv, 2);
        model.reserve_kv(64).unwrap();
        let long = long_prompt(&tokens, 90);
        let prompts = [&tokens[..], &tokens[5..25], &long, &tokens[..1], &tokens[20..]];
        let vocab = model.info().vocab_size;
        let alone: Vec<Vec<u32>> = prompts.iter().map(|p| whole(&mut model, p)).collect();
        let tables: Vec<Vec<BlockId>> = (0..5).map(|n| table(n * 6, 90)).collect();
        // Half of each prompt first, then the rests together; decode rows and prefill rows in one step.
        let mut logits = Vec::new();
        let chunk = |n: usize, start: usize, end: usize| Chunk {
            tokens: &prompts[n][start..end],
            start,
            block_table: &tables[n],
            logits: LogitsRows::Last,
        };
        let half = |n: usize| prompts[n].len() / 2;
        let first: Vec<Chunk<'_>> = [2, 0, 4, 1].iter().map(|n| chunk(*n, 0, half(*n))).collect();
        model.forward(&first, &mut logits).unwrap();
        let rest: Vec<Chunk<'_>> =
            [3, 1, 0, 2, 4].iter().map(|n| chunk(*n, half(*n), prompts[*n].len())).collect();
        model.forward(&rest, &mut logits).unwrap();
        for (n, row) in [3, 1, 0, 2, 4].iter().zip(logits.chunks(vocab)) {
            let expected = &alone[*n][alone[*n].len() - vocab..];
            assert!(bits(row) == expected, "{name} {isa:?} {kv:?}: prompt {n} in a batch");
        }
    });
}

#[test]
fn copied_and_scattered_blocks_give_the_same() {
    for_all(|name, isa, kv| {
        let (mut model, tokens) = golden_model(name, isa, kv, 1);
        model.reserve_kv(64).unwrap();
        let expected = whole(&mut model, &tokens);
        let scattered = [BlockId(40), BlockId(3), BlockId(63)];
        in_chunks(&mut model, &tokens[..40], &scattered, &[]);
        // A fork: the last block is half full and is copied before both go on.
        model.copy_block(BlockId(63), BlockId(9));
        let fork = [BlockId(40), BlockId(3), BlockId(9)];
        let vocab = model.info().vocab_size;
        for blocks in [fork, scattered] {
            let mut logits = Vec::new();
            let chunk = Chunk {
                tokens: &tokens[40..],
                start: 40,
                block_table: &blocks,
                logits: LogitsRows::All,
            };
            model.forward(&[chunk], &mut logits).unwrap();
            assert!(bits(&logits) == expected[40 * vocab..], "{name} {isa:?} {kv:?}");
        }
    });
}

#[test]
fn wanted_rows_come_in_the_order_of_chunks() {
    let (mut model, tokens) = golden_model("llama_q8_0", Isa::detect(), KvType::F16, 1);
    model.reserve_kv(16).unwrap();
    let vocab = model.info().vocab_size;
    let expected = whole(&mut model, &tokens);
    let tables = [table(0, 45), table(4, 45), table(8, 45)];
    let chunk = |n: usize, end: usize, logits| Chunk {
        tokens: &tokens[..end],
        start: 0,
        block_table: &tables[n],
        logits,
    };
    let mut logits = vec![1.0; 7];
    let chunks = [
        chunk(0, 9, LogitsRows::None),
        chunk(1, 3, LogitsRows::All),
        chunk(2, 45, LogitsRows::Last),
    ];
    model.forward(&chunks, &mut logits).unwrap();
    let rows = [&expected[..3 * vocab], &expected[44 * vocab..]].concat();
    assert!(bits(&logits) == rows);
    model.forward(&chunks[..1], &mut logits).unwrap();
    assert!(logits.is_empty());
    model.forward(&[], &mut logits).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Random cuts of two sequences that advance in the same steps.
    #[test]
    fn random_schedules_give_the_same(cuts in prop::collection::vec((1usize..60, 1usize..60), 1..40)) {
        let (mut model, tokens) = golden_model("llama_q4_0", Isa::detect(), KvType::F16, 2);
        model.reserve_kv(64).unwrap();
        let prompts = [long_prompt(&tokens, 270), long_prompt(&tokens[7..], 120)];
        let vocab = model.info().vocab_size;
        let expected: Vec<Vec<u32>> = prompts.iter().map(|p| whole(&mut model, p)).collect();
        let tables = [table(0, 270), table(30, 120)];
        let mut starts = [0, 0];
        let mut logits = Vec::new();
        for (a, b) in cuts {
            let mut chunks = Vec::new();
            for (n, len) in [a, b].into_iter().enumerate() {
                let start = starts[n];
                let end = prompts[n].len().min(start + len);
                if start < end {
                    let tokens = &prompts[n][start..end];
                    chunks.push(Chunk { tokens, start, block_table: &tables[n], logits: LogitsRows::Last });
                }
            }
            model.forward(&chunks, &mut logits).unwrap();
            let mut rows = logits.chunks(vocab);
            for (n, len) in [a, b].into_iter().enumerate() {
                let end = prompts[n].len().min(starts[n] + len);
                if starts[n] < end {
                    let row = rows.next().unwrap();
                    prop_assert!(bits(row) == expected[n][(end - 1) * vocab..end * vocab]);
                    starts[n] = end;
                }
            }
        }
    }
}
