#!/usr/bin/env python3
"""Measures llama.cpp through llama-cpp-python in the way of crates/models/examples/speed.rs: one line of JSON.

kernels_peer.py FILE [--threads N] [--prompt N] [--generate N] [--streams N]
"""
import argparse
import ctypes
import json
import time

import llama_cpp as L


def fill(batch, items):
    """items: (token, position, sequence, wants logits)"""
    batch.n_tokens = len(items)
    for i, (token, position, sequence, logits) in enumerate(items):
        batch.token[i] = token
        batch.pos[i] = position
        batch.n_seq_id[i] = 1
        batch.seq_id[i][0] = sequence
        batch.logits[i] = logits


def main():
    p = argparse.ArgumentParser()
    p.add_argument("file")
    for name, default in (("threads", 2), ("prompt", 512), ("generate", 128), ("streams", 1)):
        p.add_argument("--" + name, type=int, default=default)
    p.add_argument("--no-repack", action="store_true", help="without llama.cpp's repacked weight layouts")
    a = p.parse_args()
    quiet = L.llama_log_callback(lambda level, text, data: None)
    L.llama_log_set(quiet, ctypes.c_void_p(0))
    m = L.llama_model_default_params()
    m.use_extra_bufts = not a.no_repack
    model = L.llama_model_load_from_file(a.file.encode(), m)
    vocab = L.llama_vocab_n_tokens(L.llama_model_get_vocab(model))
    c = L.llama_context_default_params()
    c.n_ctx = (a.prompt + a.generate + 16) * a.streams
    c.n_batch = c.n_ubatch = 512
    c.n_seq_max = a.streams
    c.kv_unified = True
    c.n_threads = c.n_threads_batch = a.threads
    c.flash_attn_type = L.LLAMA_FLASH_ATTN_TYPE_ENABLED
    context = L.llama_init_from_model(model, c)
    batch = L.llama_batch_init(512, 0, 1)

    def decode():
        assert L.llama_decode(context, batch) == 0
        L.llama_synchronize(context)

    fill(batch, [(5, 0, 0, 1)])  # warm: pages in the weights
    decode()
    L.llama_memory_clear(L.llama_get_memory(context), True)
    start = time.perf_counter(), time.process_time()
    for s in range(a.streams):
        for at in range(0, a.prompt, 512):
            end = min(a.prompt, at + 512)
            fill(batch, [(i * 7919 % vocab, i, s, int(i + 1 == a.prompt)) for i in range(at, end)])
            decode()
    prefill = time.perf_counter() - start[0], time.process_time() - start[1]
    start = time.perf_counter(), time.process_time()
    for step in range(a.generate):
        fill(batch, [(300 + step, a.prompt + step, s, 1) for s in range(a.streams)])
        decode()
    generate = time.perf_counter() - start[0], time.process_time() - start[1]
    prompt, generated = a.streams * a.prompt, a.streams * a.generate
    print(json.dumps({
        "streams": a.streams, "prompt": a.prompt, "generate": a.generate,
        "prefill_tok_s": round(prompt / prefill[0], 1), "decode_tok_s": round(generated / generate[0], 1),
        "prefill_tok_cpu_s": round(prompt / prefill[1], 1), "decode_tok_cpu_s": round(generated / generate[1], 1),
    }))


if __name__ == "__main__":
    main()
