//! Logits against llama.cpp's, for each architecture, tensor type and instruction set. `golden/make_golden.py` made the
//! vectors.

use engine::{Chunk, LogitsRows, Model};
use models::{Isa, KvType};

use crate::common::{GOLDEN, golden_logits, golden_model, table};

/// sqrt(sum of squared differences / sum of squares).
fn relative_l2(ours: &[f32], theirs: &[f32]) -> f64 {
    assert_eq!(ours.len(), theirs.len());
    let sum = |values: &mut dyn Iterator<Item = f64>| values.map(|x| x * x).sum::<f64>().sqrt();
    let difference = sum(&mut ours.iter().zip(theirs).map(|(a, b)| f64::from(a - b)));
    difference / sum(&mut theirs.iter().map(|x| f64::from(*x)))
}

#[test]
fn logits_equal_those_of_an_independent_implementation() {
    for name in GOLDEN {
        let theirs = golden_logits(name);
        for isa in Isa::available() {
            for kv in [KvType::F32, KvType::F16] {
                let (mut model, tokens) = golden_model(name, isa, kv, 2);
                let blocks = table(0, tokens.len());
                model.reserve_kv(blocks.len()).unwrap();
                let mut ours = Vec::new();
                let chunk = Chunk {
                    tokens: &tokens,
                    start: 0,
                    block_table: &blocks,
                    logits: LogitsRows::All,
                };
                model.forward(&[chunk], &mut ours).unwrap();
                let quantised =
                    !["_f32", "_f16", "_bf16", "_odd"].iter().any(|end| name.ends_with(end));
                let limit = if quantised { 0.02 } else { 1e-3 };
                let error = relative_l2(&ours, &theirs);
                assert!(
                    error <= limit,
                    "{name}, {isa:?}, {kv:?}: relative L2 {error:.2e} above {limit:.0e}"
                );
            }
        }
    }
}
