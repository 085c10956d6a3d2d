"""Pebble: a Llama-shaped language model small enough to train on two CPU cores.

The rotary embedding turns interleaved pairs (x0,x1),(x2,x3)..., which is what GGUF's `llama` architecture
expects, so the export copies the weights without permuting any row.
"""

from dataclasses import asdict, dataclass

import torch
import torch.nn.functional as F
from torch import nn


@dataclass
class Shape:
    """Everything that fixes the size of the network. Row sizes are multiples of 32, as Q8_0 needs."""

    vocab: int = 4096
    width: int = 256
    layers: int = 6
    heads: int = 4
    kv_heads: int = 2
    ffn: int = 704
    context: int = 8192
    rope_base: float = 100_000.0
    norm_eps: float = 1e-5

    @property
    def head_width(self) -> int:
        return self.width // self.heads

    def to_dict(self) -> dict:
        return asdict(self)


def rope_table(shape: Shape) -> torch.Tensor:
    """cos and sin for every position: [2, context, head_width / 2]."""
    half = shape.head_width // 2
    frequencies = shape.rope_base ** (-torch.arange(half, dtype=torch.float64) / half)
    angles = torch.arange(shape.context, dtype=torch.float64)[:, None] * frequencies
    return torch.stack([angles.cos(), angles.sin()]).float()


def rotate(x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
    """Turns interleaved pairs of x [batch, tokens, heads, width] by the angles of their positions."""
    even, odd = x[..., 0::2], x[..., 1::2]
    return torch.stack([even * cos - odd * sin, even * sin + odd * cos], dim=-1).flatten(-2)


class RMSNorm(nn.Module):
    def __init__(self, width: int, eps: float):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.eps = eps

    def forward(self, x):
        return F.rms_norm(x, (x.shape[-1],), self.weight.to(x.dtype), self.eps)


class Block(nn.Module):
    def __init__(self, s: Shape):
        super().__init__()
        self.s = s
        kv = s.kv_heads * s.head_width
        self.attn_norm = RMSNorm(s.width, s.norm_eps)
        self.q = nn.Linear(s.width, s.width, bias=False)
        self.k = nn.Linear(s.width, kv, bias=False)
        self.v = nn.Linear(s.width, kv, bias=False)
        self.o = nn.Linear(s.width, s.width, bias=False)
        self.ffn_norm = RMSNorm(s.width, s.norm_eps)
        self.gate = nn.Linear(s.width, s.ffn, bias=False)
        self.up = nn.Linear(s.width, s.ffn, bias=False)
        self.down = nn.Linear(s.ffn, s.width, bias=False)

    def forward(self, x, cos, sin, cache=None):
        s, (b, t, _) = self.s, x.shape
        h = self.attn_norm(x)
        q = rotate(self.q(h).view(b, t, s.heads, s.head_width), cos, sin).transpose(1, 2)
        k = rotate(self.k(h).view(b, t, s.kv_heads, s.head_width), cos, sin).transpose(1, 2)
        v = self.v(h).view(b, t, s.kv_heads, s.head_width).transpose(1, 2)
        causal = True
        if cache is not None:
            if cache:
                k, v = torch.cat([cache[0], k], 2), torch.cat([cache[1], v], 2)
                causal = False  # one new token sees everything
            cache[:] = [k, v]
        group = s.heads // s.kv_heads
        k, v = k.repeat_interleave(group, 1), v.repeat_interleave(group, 1)
        a = F.scaled_dot_product_attention(q, k, v, is_causal=causal)
        x = x + self.o(a.transpose(1, 2).reshape(b, t, s.width))
        h = self.ffn_norm(x)
        return x + self.down(F.silu(self.gate(h)) * self.up(h))


class Pebble(nn.Module):
    """The whole network; the output head is the embedding table."""

    def __init__(self, shape: Shape):
        super().__init__()
        self.shape = shape
        self.embed = nn.Embedding(shape.vocab, shape.width)
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.layers))
        self.norm = RMSNorm(shape.width, shape.norm_eps)
        self.register_buffer("rope", rope_table(shape), persistent=False)
        for name, p in self.named_parameters():
            if p.dim() == 2:
                std = 0.02 if "embed" in name else shape.width ** -0.5
                if name.endswith(("o.weight", "down.weight")):
                    std = 0.3 * p.shape[1] ** -0.5 / shape.layers ** 0.5
                nn.init.normal_(p, std=std)

    def hidden(self, tokens, start=0, caches=None):
        """Final normed hidden states, [batch, tokens, width], in bfloat16 when autocast is on."""
        t = tokens.shape[1]
        cos, sin = self.rope[:, start : start + t, None, :]
        x = self.embed(tokens)
        if torch.is_autocast_enabled("cpu"):
            x, cos, sin = x.bfloat16(), cos.bfloat16(), sin.bfloat16()
        for i, block in enumerate(self.blocks):
            x = block(x, cos, sin, None if caches is None else caches[i])
        return self.norm(x)

    def logits(self, hidden):
        return F.linear(hidden, self.embed.weight)

    def loss(self, tokens, targets, weights):
        """Mean cross-entropy of the positions with weight > 0; the head runs on those positions only."""
        h = self.hidden(tokens)
        picked = weights > 0
        logits = self.logits(h[picked]).float()
        losses = F.cross_entropy(logits, targets[picked], reduction="none")
        w = weights[picked]
        return (losses * w).sum(), w.sum()

    @torch.no_grad()
    def generate(self, prompt: list[int], stop: int, max_tokens: int = 160) -> list[int]:
        """Greedy decoding of one prompt with a key/value cache."""
        caches = [[] for _ in self.blocks]
        h = self.hidden(torch.tensor([prompt]), 0, caches)
        out: list[int] = []
        while len(out) < max_tokens and len(prompt) + len(out) < self.shape.context:
            token = int(self.logits(h[:, -1]).argmax())
            out.append(token)
            if token == stop:
                break
            h = self.hidden(torch.tensor([[token]]), len(prompt) + len(out) - 1, caches)
        return out
