"""Writes a checkpoint as a Q8_0 GGUF file of architecture `llama`; reads such a file back into the PyTorch model.

    python export_gguf.py out/final.pt ../crates/models/assets/pebble.gguf
"""

import argparse
import json
from pathlib import Path

import gguf
import numpy as np
import torch

from model import Pebble, Shape
from render import BOS, END, HERE, PAD, SPECIALS, TEMPLATE

PARTS = {"attn_norm": "attn_norm", "q": "attn_q", "k": "attn_k", "v": "attn_v", "o": "attn_output",
         "ffn_norm": "ffn_norm", "gate": "ffn_gate", "up": "ffn_up", "down": "ffn_down"}


def gguf_name(name: str) -> str:
    """blocks.3.q.weight -> blk.3.attn_q.weight"""
    if name.startswith("blocks."):
        _, layer, part, _ = name.split(".")
        return f"blk.{layer}.{PARTS[part]}.weight"
    return {"embed.weight": "token_embd.weight", "norm.weight": "output_norm.weight"}[name]


def load(path: Path) -> Pebble:
    """A Pebble from a checkpoint, or from a GGUF file (its Q8_0 weights dequantised)."""
    if path.suffix == ".gguf":
        reader = gguf.GGUFReader(path)
        tensors = {t.name: gguf.dequantize(t.data, t.tensor_type) for t in reader.tensors}
        model = Pebble(Shape())
        model.load_state_dict({n: torch.from_numpy(tensors[gguf_name(n)].copy()).view(p.shape) for n, p in model.state_dict().items()})
        return model.eval()
    saved = torch.load(path, weights_only=False, map_location="cpu")
    model = Pebble(Shape(**saved["shape"]))
    model.load_state_dict(saved["model"])
    return model.eval()


def tokenizer_fields(writer: gguf.GGUFWriter):
    state = json.loads((HERE / "out" / "tokenizer.json").read_text())["model"]
    tokens = sorted(state["vocab"], key=state["vocab"].get)
    assert [state["vocab"][t] for t in tokens] == list(range(len(tokens)))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(tokens)
    writer.add_token_types([gguf.TokenType.CONTROL if t in SPECIALS else gguf.TokenType.NORMAL for t in tokens])
    writer.add_token_merges([m if isinstance(m, str) else " ".join(m) for m in state["merges"]])
    writer.add_bos_token_id(BOS)
    writer.add_eos_token_id(END)
    writer.add_eot_token_id(END)
    writer.add_pad_token_id(PAD)
    writer.add_add_bos_token(False)
    writer.add_add_eos_token(False)
    writer.add_add_space_prefix(False)
    writer.add_chat_template(TEMPLATE)


def export(model: Pebble, path: Path):
    s = model.shape
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_type("model")
    writer.add_name("pebble")
    writer.add_description("Outcrop's built-in language model, trained from scratch on generated text.")
    writer.add_license("MIT OR Apache-2.0")
    writer.add_size_label(f"{sum(p.numel() for p in model.parameters()) / 1e6:.1f}M")
    writer.add_context_length(s.context)
    writer.add_embedding_length(s.width)
    writer.add_block_count(s.layers)
    writer.add_feed_forward_length(s.ffn)
    writer.add_head_count(s.heads)
    writer.add_head_count_kv(s.kv_heads)
    writer.add_key_length(s.head_width)
    writer.add_value_length(s.head_width)
    writer.add_layer_norm_rms_eps(s.norm_eps)
    writer.add_rope_dimension_count(s.head_width)
    writer.add_rope_freq_base(s.rope_base)
    writer.add_vocab_size(s.vocab)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    tokenizer_fields(writer)
    for name, p in model.state_dict().items():
        data = p.float().numpy().astype(np.float32)
        if data.ndim == 1:
            writer.add_tensor(gguf_name(name), data)
        else:
            packed = gguf.quantize(data, gguf.GGMLQuantizationType.Q8_0)
            writer.add_tensor(gguf_name(name), packed, raw_dtype=gguf.GGMLQuantizationType.Q8_0)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--random", action="store_true", help="write untrained weights, for engine work")
    a = parser.parse_args()
    torch.manual_seed(0)
    export(Pebble(Shape()) if a.random else load(a.checkpoint), a.output)
    print(a.output, a.output.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
