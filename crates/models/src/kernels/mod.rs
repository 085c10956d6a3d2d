//! The arithmetic of a transformer, one table of functions per instruction set.
//!
//! What makes the determinism law true here: every output value is summed in one order that depends on its own inputs
//! and positions only. A matrix product adds the inputs (or blocks of inputs) in ascending order, in every tile shape;
//! a sum over a row has 16 partial sums and a fixed tree; attention walks tiles of positions that start at multiples
//! of [`attention::TILE_POSITIONS`]. Threads divide outputs, rows and heads, never a sum.
//!
//! # Safety
//! All functions are unsafe: the processor must have the instruction set of the table, and the pointers in the job
//! must cover the ranges that the job's fields describe, unshared with any other writer.
#![expect(unsafe_op_in_unsafe_fn, reason = "one contract for all functions, stated in the header")]
#![expect(clippy::needless_range_loop, reason = "one index runs over several arrays of registers")]

pub(crate) mod attention;
pub(crate) mod matmul;
pub(crate) mod rows;
#[cfg(test)]
mod tests;

pub(crate) use attention::{AttendJob, KvRow};
pub(crate) use matmul::{Activations, MatmulJob};
pub(crate) use rows::{QuantRow, RopeJob};

use crate::simd::{self, Isa};

/// The functions of one instruction set.
pub(crate) struct Kernels {
    pub(crate) matmul: unsafe fn(&MatmulJob<'_>),
    pub(crate) attend: unsafe fn(&AttendJob<'_>),
    pub(crate) store_kv: unsafe fn(&KvRow),
    pub(crate) norm: unsafe fn(*const f32, &[f32], f32, *mut f32),
    pub(crate) quantise: unsafe fn(*const f32, &QuantRow),
    pub(crate) silu_mul: unsafe fn(*mut f32, *const f32, usize),
    pub(crate) add: unsafe fn(*mut f32, *const f32, usize),
    pub(crate) rope: unsafe fn(&RopeJob<'_>),
}

macro_rules! table {
    ($name:ident, $simd:ty $(, $feature:literal)?) => {
        mod $name {
            use super::*;
            pub(super) static TABLE: Kernels = Kernels {
                matmul,
                attend,
                store_kv,
                norm,
                quantise,
                silu_mul,
                add,
                rope,
            };
            $(#[target_feature(enable = $feature)])?
            unsafe fn matmul(job: &MatmulJob<'_>) {
                matmul::matmul::<$simd>(job);
            }
            $(#[target_feature(enable = $feature)])?
            unsafe fn attend(job: &AttendJob<'_>) {
                attention::attend::<$simd>(job);
            }
            $(#[target_feature(enable = $feature)])?
            unsafe fn store_kv(row: &KvRow) {
                attention::store_kv::<$simd>(row);
            }
            $(#[target_feature(enable = $feature)])?
            unsafe fn norm(x: *const f32, weight: &[f32], epsilon: f32, out: *mut f32) {
                rows::norm::<$simd>(x, weight, epsilon, out);
            }
            $(#[target_feature(enable = $feature)])?
            unsafe fn quantise(x: *const f32, row: &QuantRow) {
                rows::quantise::<$simd>(x, row);
            }
            $(#[target_feature(enable = $feature)])?
            unsafe fn silu_mul(gate: *mut f32, up: *const f32, n: usize) {
                rows::silu_mul::<$simd>(gate, up, n);
            }
            $(#[target_feature(enable = $feature)])?
            unsafe fn add(x: *mut f32, y: *const f32, n: usize) {
                rows::add::<$simd>(x, y, n);
            }
            $(#[target_feature(enable = $feature)])?
            unsafe fn rope(job: &RopeJob<'_>) {
                rows::rope(job);
            }
        }
    };
}

table!(portable, simd::portable::Portable);
#[cfg(target_arch = "x86_64")]
table!(avx2, simd::avx2::Avx2, "avx2,fma,f16c");
#[cfg(target_arch = "x86_64")]
table!(avx512, simd::avx512::Avx512<false>, "avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl");
#[cfg(target_arch = "x86_64")]
table!(
    avx512_vnni,
    simd::avx512::Avx512<true>,
    "avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni"
);

impl Kernels {
    /// The table of an instruction set that this processor has; `None` if it has not.
    pub(crate) fn get(isa: Isa) -> Option<&'static Self> {
        if !isa.is_available() {
            return None;
        }
        #[cfg(target_arch = "x86_64")]
        return Some(match isa {
            Isa::Portable => &portable::TABLE,
            Isa::Avx2 => &avx2::TABLE,
            Isa::Avx512 => &avx512::TABLE,
            Isa::Avx512Vnni => &avx512_vnni::TABLE,
        });
        #[cfg(not(target_arch = "x86_64"))]
        Some(&portable::TABLE)
    }
}
