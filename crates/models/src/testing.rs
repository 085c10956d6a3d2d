//! Writes small GGUF files for the tests of this crate.

use crate::gguf::TensorType;

/// Builds a GGUF file in memory.
pub(crate) struct Builder {
    keys: Vec<u8>,
    key_count: u64,
    tensors: Vec<(String, Vec<u64>, u32, Vec<u8>)>,
    pub(crate) version: u32,
}

pub(crate) fn put_str(out: &mut Vec<u8>, text: &str) {
    out.extend((text.len() as u64).to_le_bytes());
    out.extend(text.as_bytes());
}

impl Builder {
    pub(crate) fn new() -> Self {
        Self { keys: Vec::new(), key_count: 0, tensors: Vec::new(), version: 3 }
    }

    fn key(&mut self, key: &str, kind: u32) -> &mut Vec<u8> {
        self.key_count += 1;
        put_str(&mut self.keys, key);
        self.keys.extend(kind.to_le_bytes());
        &mut self.keys
    }

    /// A key with a raw, encoded value.
    pub(crate) fn raw(&mut self, key: &str, kind: u32, value: &[u8]) -> &mut Self {
        self.key(key, kind).extend(value);
        self
    }

    pub(crate) fn u32(&mut self, key: &str, value: u32) -> &mut Self {
        self.raw(key, 4, &value.to_le_bytes())
    }

    pub(crate) fn f32(&mut self, key: &str, value: f32) -> &mut Self {
        self.raw(key, 6, &value.to_le_bytes())
    }

    pub(crate) fn str(&mut self, key: &str, value: &str) -> &mut Self {
        put_str(self.key(key, 8), value);
        self
    }

    pub(crate) fn strings(&mut self, key: &str, values: &[&str]) -> &mut Self {
        let out = self.key(key, 9);
        out.extend(8u32.to_le_bytes());
        out.extend((values.len() as u64).to_le_bytes());
        for value in values {
            put_str(out, value);
        }
        self
    }

    /// A tensor with encoded data.
    pub(crate) fn tensor(
        &mut self,
        name: &str,
        shape: &[u64],
        kind: TensorType,
        data: Vec<u8>,
    ) -> &mut Self {
        let id = match kind {
            TensorType::F32 => 0,
            TensorType::F16 => 1,
            TensorType::Q4_0 => 2,
            TensorType::Q8_0 => 8,
            TensorType::Bf16 => 30,
        };
        self.tensors.push((name.into(), shape.to_vec(), id, data));
        self
    }

    pub(crate) fn build(&self) -> Vec<u8> {
        let mut out = Vec::new();
        out.extend(b"GGUF");
        out.extend(self.version.to_le_bytes());
        out.extend((self.tensors.len() as u64).to_le_bytes());
        out.extend(self.key_count.to_le_bytes());
        out.extend(&self.keys);
        let mut offset = 0u64;
        for (name, shape, id, data) in &self.tensors {
            put_str(&mut out, name);
            out.extend((shape.len() as u32).to_le_bytes());
            for extent in shape {
                out.extend(extent.to_le_bytes());
            }
            out.extend(id.to_le_bytes());
            out.extend(offset.to_le_bytes());
            offset = (offset + data.len() as u64).next_multiple_of(32);
        }
        for (.., data) in &self.tensors {
            out.resize(out.len().next_multiple_of(32), 0);
            out.extend(data);
        }
        out
    }
}
