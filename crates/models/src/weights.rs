//! Reading the tensors of a file into packed memory.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use crate::arch::Config;
use crate::gguf::{Header, Tensor};
use crate::matrix::{self, Matrix};
use crate::memory::Memory;
use crate::simd::LANES;
use crate::source::Source;
use crate::{LoadError, Pool};

/// One layer's weights.
#[derive(Debug)]
pub(crate) struct Layer {
    pub(crate) attention_norm: Vec<f32>,
    /// Queries, keys, values.
    pub(crate) qkv: [Matrix; 3],
    /// Norms of each head's query and key.
    pub(crate) qk_norm: Option<[Vec<f32>; 2]>,
    pub(crate) attention_output: Matrix,
    pub(crate) ffn_norm: Vec<f32>,
    /// Gate and up.
    pub(crate) gate_up: [Matrix; 2],
    pub(crate) down: Matrix,
}

/// All weights of a model.
#[derive(Debug)]
pub(crate) struct Weights {
    /// What the matrices' offsets refer to.
    pub(crate) memory: Memory,
    pub(crate) embedding: Matrix,
    /// `None`: the embedding is the output layer too.
    pub(crate) output: Option<Matrix>,
    pub(crate) output_norm: Vec<f32>,
    pub(crate) layers: Vec<Layer>,
    /// Divisors of the rotary frequencies.
    pub(crate) rope_factors: Option<Vec<f32>>,
}

impl Weights {
    /// Reads all tensors. Every tensor of the file has to be understood: one left over means that the architecture
    /// is not quite the one that is built.
    pub(crate) fn load(
        source: &Source,
        header: &Header,
        config: &Config,
        pool: &Pool,
    ) -> Result<Self, LoadError> {
        let tensors = header.tensors.iter().map(|t| (t.name.as_str(), t)).collect();
        let mut loader =
            Loader { source, tensors, used: HashSet::new(), end: 0, matrices: Vec::new() };
        let Config { width, vocab, .. } = *config;
        let embedding = loader.matrix("token_embd", width, vocab)?;
        let output = loader
            .has("output.weight")
            .then(|| loader.matrix("output", width, vocab))
            .transpose()?;
        let output_norm = loader.vector("output_norm.weight", width)?;
        let rope_factors = loader
            .has("rope_freqs.weight")
            .then(|| loader.vector("rope_freqs.weight", config.rope_dims / 2))
            .transpose()?;
        if rope_factors.iter().flatten().any(|f| *f <= 0.0 || !f.is_finite()) {
            return Err(LoadError::malformed("rope_freqs.weight", "a factor that is not positive"));
        }
        let layers =
            (0..config.layers).map(|n| loader.layer(n, config)).collect::<Result<_, _>>()?;
        if let Some(name) = loader.tensors.keys().filter(|name| !loader.used.contains(*name)).min()
        {
            let architecture = config.architecture.name;
            return Err(LoadError::Unsupported(format!(
                "tensor {name} in architecture {architecture}"
            )));
        }
        let memory = loader.fill(pool)?;
        Ok(Self { memory, embedding, output, output_norm, layers, rope_factors })
    }

    /// The matrix that makes logits.
    pub(crate) fn output(&self) -> &Matrix {
        self.output.as_ref().unwrap_or(&self.embedding)
    }
}

struct Loader<'a> {
    source: &'a Source,
    tensors: HashMap<&'a str, &'a Tensor>,
    used: HashSet<&'a str>,
    /// End of what is placed so far in memory.
    end: usize,
    /// What goes where.
    matrices: Vec<(&'a Tensor, Matrix)>,
}

impl<'a> Loader<'a> {
    fn has(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    /// A tensor whose shape is `expected`, trailing ones aside.
    fn take(&mut self, name: &str, expected: &[usize]) -> Result<&'a Tensor, LoadError> {
        let (name, tensor) = self
            .tensors
            .get_key_value(name)
            .ok_or_else(|| LoadError::Missing(format!("the tensor {name}")))?;
        let expected: Vec<u64> = expected.iter().map(|n| *n as u64).collect();
        let (head, tail) = tensor.shape.split_at(expected.len().min(tensor.shape.len()));
        if head != expected || tail.iter().any(|n| *n != 1) {
            let found = tensor.shape.clone();
            return Err(LoadError::Shape { tensor: (*name).into(), expected, found });
        }
        self.used.insert(name);
        Ok(tensor)
    }

    fn vector(&mut self, name: &str, len: usize) -> Result<Vec<f32>, LoadError> {
        let tensor = self.take(name, &[len])?;
        let mut bytes = vec![0; tensor.bytes as usize];
        self.source.read_at(tensor.offset, &mut bytes, name)?;
        let mut values = vec![0.0; len];
        matrix::decode_row(tensor.kind, &bytes, &mut values);
        Ok(values)
    }

    /// `{name}.weight` and, if there is one, `{name}.bias`.
    fn matrix(&mut self, name: &str, inputs: usize, outputs: usize) -> Result<Matrix, LoadError> {
        let weight = format!("{name}.weight");
        let tensor = self.take(&weight, &[inputs, outputs])?;
        let (mut matrix, end) = Matrix::place(tensor.kind, inputs, outputs, self.end)
            .ok_or_else(|| LoadError::malformed(weight, "larger than memory can be"))?;
        self.end = end;
        self.matrices.push((tensor, matrix.clone()));
        let bias = format!("{name}.bias");
        if self.has(&bias) {
            let mut values = self.vector(&bias, outputs)?;
            values.resize(matrix.groups() * LANES, 0.0);
            matrix.bias = Some(values);
        }
        Ok(matrix)
    }

    fn layer(&mut self, n: usize, config: &Config) -> Result<Layer, LoadError> {
        let Config { width, hidden, head_dim, .. } = *config;
        let (q, kv) = (config.heads * head_dim, config.kv_heads * head_dim);
        let name = |part: &str| format!("blk.{n}.{part}");
        let qk_norm = if config.architecture.qk_norm {
            let q = self.vector(&name("attn_q_norm.weight"), head_dim)?;
            Some([q, self.vector(&name("attn_k_norm.weight"), head_dim)?])
        } else {
            None
        };
        Ok(Layer {
            attention_norm: self.vector(&name("attn_norm.weight"), width)?,
            qkv: [
                self.matrix(&name("attn_q"), width, q)?,
                self.matrix(&name("attn_k"), width, kv)?,
                self.matrix(&name("attn_v"), width, kv)?,
            ],
            qk_norm,
            attention_output: self.matrix(&name("attn_output"), q, width)?,
            ffn_norm: self.vector(&name("ffn_norm.weight"), width)?,
            gate_up: [
                self.matrix(&name("ffn_gate"), width, hidden)?,
                self.matrix(&name("ffn_up"), width, hidden)?,
            ],
            down: self.matrix(&name("ffn_down"), hidden, width)?,
        })
    }

    /// Takes memory for all matrices and packs them into it.
    fn fill(&self, pool: &Pool) -> Result<Memory, LoadError> {
        let bytes = self.end;
        let memory = Memory::new(bytes, true)
            .map_err(|_| LoadError::OutOfMemory { what: "the weights", bytes })?;
        let failure = Mutex::new(None);
        for (tensor, matrix) in &self.matrices {
            pool.run(matrix.groups(), &|group| {
                if let Err(error) = self.fill_group(tensor, matrix, group, &memory) {
                    *failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                }
            });
        }
        match failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
            Some(error) => Err(error),
            None => Ok(memory),
        }
    }

    fn fill_group(
        &self,
        tensor: &Tensor,
        matrix: &Matrix,
        group: usize,
        memory: &Memory,
    ) -> Result<(), LoadError> {
        let row_bytes = matrix::row_bytes(matrix.kind, matrix.inputs);
        let first = group * LANES;
        let rows = LANES.min(matrix.outputs - first);
        let mut bytes = vec![0; rows * row_bytes];
        self.source.read_at(
            tensor.offset + (first * row_bytes) as u64,
            &mut bytes,
            &tensor.name,
        )?;
        let data_len = matrix.group_bytes();
        let scales_len = matrix.group_scales();
        let data = memory.at(matrix.data + group * data_len);
        let scales = memory.at(matrix.scales + 2 * group * scales_len).cast::<u16>();
        // SAFETY: `Matrix::place` gave each matrix its own aligned range below `end`, the length of the memory; each
        // group has its own part of it, and each group is one task, so nobody else reads or writes these parts now.
        // Fresh anonymous memory is initialised with zeros.
        let (data, scales) = unsafe {
            (
                std::slice::from_raw_parts_mut(data, data_len),
                std::slice::from_raw_parts_mut(scales, scales_len),
            )
        };
        matrix::pack_group(matrix.kind, matrix.inputs, &bytes, data, scales);
        Ok(())
    }
}
