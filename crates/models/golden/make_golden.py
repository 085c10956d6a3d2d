#!/usr/bin/env python3
"""Makes the golden vectors: tiny random models and the logits that llama.cpp computes for them.

Each `NAME.gguf` is a random model (weights in the file's type; the tokens of the test prompt under the key
`golden.tokens`). `NAME.logits` holds the logits of every position, 32-bit little-endian floats, row by row, computed by
llama.cpp on the F32-dequantised weights with an F32 KV cache: an independent implementation of the same mathematics
without the rounding of activations.

    pip install gguf numpy llama-cpp-python        # made with 0.19.0, 2.4.6, 0.3.36
    make_golden.py                                 # rewrites the files next to this script
"""
import ctypes
import os
import tempfile

import gguf
import llama_cpp
import numpy as np
from gguf import GGMLQuantizationType as T

HERE = os.path.dirname(os.path.abspath(__file__))
LAYERS, WIDTH, HIDDEN, VOCAB, TOKENS = 2, 64, 64, 48, 45
TYPES = {"f32": T.F32, "f16": T.F16, "bf16": T.BF16, "q8_0": T.Q8_0, "q4_0": T.Q4_0}

#        name: architecture, type, heads, KV heads, head dimension, extras
CASES = {f"llama_{t}": ("llama", t, 4, 2, 16, set()) for t in TYPES}
CASES |= {f"qwen3_{t}": ("qwen3", t, 4, 2, 24 if t == "f32" else 32, {"tied"}) for t in TYPES}
CASES |= {
    "llama_factors_bias": ("llama", "q8_0", 4, 2, 16, {"factors", "bias", "tied"}),
    "llama_linear": ("llama", "q8_0", 2, 2, 32, {"linear"}),
    # Heads that are no multiple of 16 dimensions, outputs that are no multiple of 16.
    "llama_odd": ("llama", "f32", 3, 1, 20, {"tied", "odd"}),
}


def build(case, path, dequantised):
    arch, kind, heads, kv_heads, head_dim, extras = case
    rng = np.random.default_rng(sum(map(ord, arch + kind)) + heads + len(extras))
    width = 60 if "odd" in extras else WIDTH
    hidden = 70 if "odd" in extras else HIDDEN
    vocab = 37 if "odd" in extras else VOCAB
    w = gguf.GGUFWriter(path, arch)
    w.add_name("golden")
    w.add_block_count(LAYERS)
    w.add_context_length(4096)
    w.add_embedding_length(width)
    w.add_feed_forward_length(hidden)
    w.add_head_count(heads)
    w.add_head_count_kv(kv_heads)
    w.add_key_length(head_dim)
    w.add_value_length(head_dim)
    w.add_rope_dimension_count(head_dim)
    w.add_rope_freq_base(1e4 if arch == "llama" else 1e6)
    w.add_layer_norm_rms_eps(1e-5 if arch == "llama" else 1e-6)
    w.add_vocab_size(vocab)
    if "linear" in extras:
        w.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
        w.add_rope_scaling_factor(4.0)
    w.add_tokenizer_model("no_vocab")
    w.add_array("golden.tokens", [int(t) for t in rng.integers(0, vocab, TOKENS)])

    def matrix(name, rows, cols):
        # As in trained models, the embedding outweighs what a layer adds.
        scale = 0.5 if name == "token_embd.weight" else 0.8 / cols**0.5
        data = rng.standard_normal((rows, cols), dtype=np.float32) * np.float32(scale)
        packed = gguf.quants.quantize(data, TYPES[kind])
        if dequantised:
            w.add_tensor(name, gguf.quants.dequantize(packed, TYPES[kind]).astype(np.float32))
        else:
            w.add_tensor(name, packed, raw_dtype=TYPES[kind])

    def vector(name, n, mean=1.0):
        w.add_tensor(name, (mean + 0.2 * rng.standard_normal(n)).astype(np.float32))

    q, kv = heads * head_dim, kv_heads * head_dim
    matrix("token_embd.weight", vocab, width)
    vector("output_norm.weight", width)
    if "tied" not in extras:
        matrix("output.weight", vocab, width)
    if "factors" in extras:
        w.add_tensor("rope_freqs.weight", np.linspace(1, 8, head_dim // 2, dtype=np.float32))
    for i in range(LAYERS):
        p = f"blk.{i}."
        vector(p + "attn_norm.weight", width)
        for name, rows in (("q", q), ("k", kv), ("v", kv)):
            matrix(f"{p}attn_{name}.weight", rows, width)
            if "bias" in extras:
                vector(f"{p}attn_{name}.bias", rows, 0.0)
        matrix(p + "attn_output.weight", width, q)
        if "bias" in extras:
            vector(p + "attn_output.bias", width, 0.0)
        if arch == "qwen3":
            vector(p + "attn_q_norm.weight", head_dim)
            vector(p + "attn_k_norm.weight", head_dim)
        vector(p + "ffn_norm.weight", width)
        matrix(p + "ffn_gate.weight", hidden, width)
        matrix(p + "ffn_up.weight", hidden, width)
        matrix(p + "ffn_down.weight", width, hidden)
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


def tokens_of(path):
    field = gguf.GGUFReader(path).fields["golden.tokens"]
    return [int(field.parts[i][0]) for i in field.data]


def logits_of(path, tokens):
    model_params = llama_cpp.llama_model_default_params()
    model_params.use_extra_bufts = False  # its repacked kernels crash on models as small as these
    model = llama_cpp.llama_model_load_from_file(path.encode(), model_params)
    assert model, path
    params = llama_cpp.llama_context_default_params()
    params.n_ctx = params.n_batch = params.n_ubatch = 256
    params.n_threads = params.n_threads_batch = 1
    params.type_k = params.type_v = llama_cpp.GGML_TYPE_F32
    params.flash_attn_type = llama_cpp.LLAMA_FLASH_ATTN_TYPE_DISABLED
    context = llama_cpp.llama_init_from_model(model, params)
    vocab = llama_cpp.llama_vocab_n_tokens(llama_cpp.llama_model_get_vocab(model))
    batch = llama_cpp.llama_batch_init(len(tokens), 0, 1)
    batch.n_tokens = len(tokens)
    for i, token in enumerate(tokens):
        batch.token[i] = token
        batch.pos[i] = i
        batch.n_seq_id[i] = 1
        batch.seq_id[i][0] = 0
        batch.logits[i] = 1
    assert llama_cpp.llama_decode(context, batch) == 0
    out = np.ctypeslib.as_array(llama_cpp.llama_get_logits(context), (len(tokens), vocab)).copy()
    llama_cpp.llama_batch_free(batch)
    llama_cpp.llama_free(context)
    llama_cpp.llama_model_free(model)
    return out


def main():
    quiet = llama_cpp.llama_log_callback(lambda level, text, data: None)
    llama_cpp.llama_log_set(quiet, ctypes.c_void_p(0))
    with tempfile.TemporaryDirectory() as folder:
        for name, case in CASES.items():
            path = os.path.join(HERE, name + ".gguf")
            build(case, path, dequantised=False)
            plain = os.path.join(folder, name + ".gguf")
            build(case, plain, dequantised=True)
            logits = logits_of(plain, tokens_of(path))
            assert np.isfinite(logits).all()
            logits.astype("<f4").tofile(os.path.join(HERE, name + ".logits"))
            # What llama.cpp itself loses with the file's own types, for comparison with our tests' limits.
            own = logits_of(path, tokens_of(path))
            loss = np.linalg.norm(own - logits) / np.linalg.norm(logits)
            print(f"{name}: {logits.shape}, spread {logits.std():.2f}, llama.cpp on the file itself: {loss:.2e}")


if __name__ == "__main__":
    main()
