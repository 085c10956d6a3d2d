//! Kernels against slow, plain references, on every instruction set.

use proptest::prelude::*;

use super::{Kernels, MatmulJob, QuantRow};
use crate::arch::Config;
use crate::buffers::{Buffers, Pointers};
use crate::gguf::{self, TensorType};
use crate::half;
use crate::matrix::{self, BLOCK, Matrix};
use crate::memory::Memory;
use crate::simd::{Isa, LANES};
use crate::source::Source;

/// Numbers that look random; never NaN or infinite as f16 scales.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    /// In -1..1.
    fn float(&mut self) -> f32 {
        self.next() as f32 / (1u64 << 30) as f32 - 1.0
    }
}

/// One row as it lies in a file. Quantised bytes take every value, -128 too, which no quantiser writes.
fn file_row(kind: TensorType, inputs: usize, random: &mut Random) -> Vec<u8> {
    let mut row = Vec::new();
    let blocks = inputs / kind.block_len() as usize;
    for _ in 0..blocks {
        let value = random.float();
        match kind {
            TensorType::F32 => row.extend(value.to_le_bytes()),
            TensorType::F16 => row.extend(half::f32_to_f16(value).to_le_bytes()),
            TensorType::Bf16 => row.extend(((value.to_bits() >> 16) as u16).to_le_bytes()),
            TensorType::Q8_0 | TensorType::Q4_0 => {
                row.extend(half::f32_to_f16(value).to_le_bytes());
                let extreme = random.next().is_multiple_of(4);
                let byte = |r: u64| if extreme { 0x80 } else { r as u8 };
                row.extend((2..kind.block_bytes()).map(|_| byte(random.next())));
            }
        }
    }
    row
}

/// A matrix in memory and its weights as floats, row by row.
fn random_matrix(
    kind: TensorType,
    inputs: usize,
    outputs: usize,
    seed: u64,
) -> (Matrix, Memory, Vec<Vec<f32>>) {
    let mut random = Random(seed);
    let (matrix, end) = Matrix::place(kind, inputs, outputs, 0).unwrap();
    let memory = Memory::new(end, false).unwrap();
    let rows: Vec<Vec<u8>> = (0..outputs).map(|_| file_row(kind, inputs, &mut random)).collect();
    for (group, rows) in rows.chunks(LANES).enumerate() {
        let data = memory.at(matrix.data + group * matrix.group_bytes());
        let scales = memory.at(matrix.scales + 2 * group * matrix.group_scales()).cast::<u16>();
        // SAFETY: the group's own parts of fresh memory, as in `Weights::load`.
        let (data, scales) = unsafe {
            (
                std::slice::from_raw_parts_mut(data, matrix.group_bytes()),
                std::slice::from_raw_parts_mut(scales, matrix.group_scales()),
            )
        };
        matrix::pack_group(kind, inputs, &rows.concat(), data, scales);
    }
    let floats = rows.iter().map(|row| {
        let mut out = vec![0.0; inputs];
        matrix::decode_row(kind, row, &mut out);
        out
    });
    let floats = floats.collect();
    (matrix, memory, floats)
}

/// A shape whose buffers hold rows of `inputs`.
fn config(inputs: usize) -> Config {
    let bytes = include_bytes!("../../golden/llama_f32.gguf");
    let header = gguf::read(&Source::Bytes(bytes)).unwrap();
    Config { width: inputs, hidden: inputs, ..Config::read(&header).unwrap() }
}

/// Activations with blocks of zeros and single large values among them; `x` gets them, quantised too.
fn fill(kernels: &Kernels, p: &Pointers, rows: usize, inputs: usize, seed: u64) -> Vec<Vec<f32>> {
    let mut random = Random(seed);
    let mut all = Vec::new();
    for r in 0..rows {
        let mut row: Vec<f32> = (0..inputs).map(|_| random.float()).collect();
        row.iter_mut()
            .take(BLOCK.min(inputs))
            .for_each(|x| *x *= if r % 3 == 0 { 0.0 } else { -100.0 });
        // SAFETY: `Buffers::reserve` made room for the row.
        unsafe {
            std::ptr::copy_nonoverlapping(row.as_ptr(), p.x.at(r * inputs), inputs);
            if inputs.is_multiple_of(BLOCK) {
                (kernels.quantise)(p.x.at(r * inputs), &p.quant_row(r, inputs));
            }
        }
        all.push(row);
    }
    all
}

/// What the kernels see of a row: itself, or the values of its quantised bytes.
fn seen(matrix: &Matrix, row: &[f32]) -> Vec<f32> {
    if !matrix.is_quantised() {
        return row.to_vec();
    }
    let mut out = Vec::new();
    for block in row.chunks(BLOCK) {
        let largest = block.iter().fold(0f32, |m, x| m.max(x.abs()));
        let inverse = if largest > 0.0 { 127.0 / largest } else { 0.0 };
        out.extend(block.iter().map(|x| (x * inverse).round_ties_even() * (largest / 127.0)));
    }
    out
}

fn multiply(
    kernels: &Kernels,
    matrix: &Matrix,
    memory: &Memory,
    p: &Pointers,
    rows: usize,
) -> Vec<f32> {
    let mut out = vec![f32::NAN; rows * matrix.outputs];
    let job = MatmulJob {
        matrix,
        base: memory.at(0),
        groups: 0..matrix.groups(),
        activations: p.activations(p.x, matrix.inputs),
        rows,
        out: out.as_mut_ptr(),
        out_stride: matrix.outputs,
    };
    // SAFETY: the matrix lies in `memory`, the buffers hold the rows, `out` has their outputs.
    unsafe { (kernels.matmul)(&job) };
    out
}

fn check_product(kind: TensorType, inputs: usize, outputs: usize, rows: usize, seed: u64) {
    let (mut matrix, memory, weights) = random_matrix(kind, inputs, outputs, seed);
    let bias: Vec<f32> = (0..matrix.groups() * LANES).map(|i| i as f32 / 8.0).collect();
    matrix.bias = Some(bias.clone());
    let mut buffers = Buffers::default();
    buffers.reserve(&config(inputs), rows);
    let p = buffers.pointers();
    for isa in Isa::available() {
        let kernels = Kernels::get(isa).unwrap();
        let activations = fill(kernels, &p, rows, inputs, seed + 1);
        let out = multiply(kernels, &matrix, &memory, &p, rows);
        for (r, row) in activations.iter().enumerate() {
            let row = seen(&matrix, row);
            for (o, w) in weights.iter().enumerate() {
                let terms = || row.iter().zip(w).map(|(a, w)| f64::from(*a) * f64::from(*w));
                let expected = terms().sum::<f64>() + f64::from(bias[o]);
                let size = terms().map(f64::abs).sum::<f64>() + 1.0;
                let got = f64::from(out[r * outputs + o]);
                assert!(
                    (got - expected).abs() <= 3e-6 * size,
                    "{isa:?} {kind:?} {r} {o}: {got} is not {expected}"
                );
            }
        }
        // One row at a time gives the same bits as all at once.
        for r in 0..rows {
            fill(kernels, &p, rows, inputs, seed + 1);
            // SAFETY: rows of the buffers; row `r` moves to row 0.
            unsafe {
                std::ptr::copy(p.x.at(r * inputs), p.x.at(0), inputs);
                if matrix.is_quantised() {
                    (kernels.quantise)(p.x.at(0), &p.quant_row(0, inputs));
                }
            }
            let alone = multiply(kernels, &matrix, &memory, &p, 1);
            assert!(
                alone
                    .iter()
                    .map(|x| x.to_bits())
                    .eq(out[r * outputs..][..outputs].iter().map(|x| x.to_bits()))
            );
        }
    }
}

const KINDS: [TensorType; 5] =
    [TensorType::F32, TensorType::F16, TensorType::Bf16, TensorType::Q8_0, TensorType::Q4_0];

#[test]
fn products_over_several_slabs_and_row_blocks() {
    for kind in KINDS {
        check_product(kind, 2080, 20, 3, 7);
    }
    check_product(TensorType::Q8_0, 32, 17, 259, 9);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn products_of_any_shape(
        kind in prop::sample::select(KINDS.to_vec()),
        blocks in 1usize..5,
        outputs in 1usize..40,
        rows in 1usize..12,
        seed in any::<u32>(),
    ) {
        check_product(kind, blocks * BLOCK, outputs, rows, u64::from(seed));
    }
}

#[test]
fn quantised_bytes_and_sums_are_exact() {
    for isa in Isa::available() {
        let kernels = Kernels::get(isa).unwrap();
        let mut random = Random(3);
        for _ in 0..200 {
            let x: Vec<f32> = (0..BLOCK).map(|_| random.float() * 10.0).collect();
            let (mut bytes, mut scale, mut minus_8, mut minus_128) =
                ([0i8; BLOCK], 0f32, 0i32, 0i32);
            let row = QuantRow {
                bytes: bytes.as_mut_ptr(),
                scales: &mut scale,
                minus_8: &mut minus_8,
                minus_128: &mut minus_128,
                blocks: 1,
            };
            // SAFETY: one block of room everywhere.
            unsafe { (kernels.quantise)(x.as_ptr(), &row) };
            let largest = x.iter().fold(0f32, |m, x| m.max(x.abs()));
            let expected: Vec<i8> =
                x.iter().map(|x| (x * (127.0 / largest)).round_ties_even() as i8).collect();
            assert_eq!(bytes.to_vec(), expected, "{isa:?}");
            let sum: i32 = expected.iter().map(|b| i32::from(*b)).sum();
            assert_eq!(
                (scale, minus_8, minus_128),
                (largest / 127.0, -8 * sum, -128 * sum),
                "{isa:?}"
            );
        }
    }
}

#[test]
fn row_functions_equal_double_precision() {
    for isa in Isa::available() {
        let kernels = Kernels::get(isa).unwrap();
        for n in [1, 15, 16, 17, 64, 100] {
            let mut random = Random(n as u64);
            let x: Vec<f32> = (0..n).map(|_| random.float() * 30.0).collect();
            let y: Vec<f32> = (0..n).map(|_| random.float() * 3.0).collect();
            let (mut gate, mut sum, mut normed) = (x.clone(), x.clone(), vec![0.0; n]);
            // SAFETY: all have `n` floats.
            unsafe {
                (kernels.silu_mul)(gate.as_mut_ptr(), y.as_ptr(), n);
                (kernels.add)(sum.as_mut_ptr(), y.as_ptr(), n);
                (kernels.norm)(x.as_ptr(), &y, 1e-5, normed.as_mut_ptr());
            }
            let squares: f64 = x.iter().map(|x| f64::from(*x).powi(2)).sum();
            let root = (squares / n as f64 + 1e-5).sqrt();
            for i in 0..n {
                let (x, y) = (f64::from(x[i]), f64::from(y[i]));
                let near = |got: f32, expected: f64| {
                    (f64::from(got) - expected).abs() <= 1e-6 * (expected.abs() + 1e-6)
                };
                assert!(near(gate[i], x / (1.0 + (-x).exp()) * y), "{isa:?} {x} {y} {}", gate[i]);
                assert!(near(normed[i], x / root * y), "{isa:?}");
                assert!(
                    (f64::from(sum[i]) - (x + y)).abs() <= 1e-6 * (x.abs() + y.abs()),
                    "{isa:?}"
                );
            }
        }
    }
}

#[test]
fn silu_of_extremes_is_finite() {
    for isa in Isa::available() {
        let kernels = Kernels::get(isa).unwrap();
        let mut x = [
            0.0, -0.0, 1e4, -1e4, 87.5, -87.5, 88.5, -88.5, 1e38, -1e38, 1e-40, -1e-40, 3.0, -3.0,
            0.5, 700.0,
        ];
        let ones = [1.0f32; 16];
        // SAFETY: 16 floats each.
        unsafe { (kernels.silu_mul)(x.as_mut_ptr(), ones.as_ptr(), 16) };
        assert!(x.iter().all(|x| x.is_finite()), "{isa:?} {x:?}");
        assert_eq!((x[2], x[8], x[15]), (1e4, 1e38, 700.0));
        assert!(x[3].abs() < 1e-30 && x[5].abs() < 1e-30 && x[9].abs() < 1.0, "{isa:?} {x:?}");
    }
}
