"""Pebble: a Llama-shaped language model small enough to train on two CPU cores.

The rotary embedding turns interleaved pairs (x0,x1),(x2,x3)..., which is what GGUF's `llama` architecture
expects, so the export copies the weights without permuting any row.
"""

from dataclasses import asdict, dataclass

import torch
import torch.nn.functional as F
from torch import nn


PIECE = 1024  # most queries whose attention is computed at a time


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
    """Turns pairs of x [batch, tokens, heads, width] by the angles of their positions; pair i is (i, i + width / 2)."""
    first, second = x.chunk(2, -1)
    return torch.cat([first * cos - second * sin, first * sin + second * cos], -1)


def attend(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Causal attention of q [batch, heads, tokens, width] over fewer key/value heads, query piece by query piece.

    For training rows this is three times as fast on a CPU as PyTorch's fused attention, whose backward pass is slow there.
    """
    b, heads, t, width = q.shape
    kv, piece = k.shape[1], max(256, t // 8)
    q = (q * width**-0.5).reshape(b, kv, heads // kv, t, width)
    out = []
    for start in range(0, t, piece):
        end = min(t, start + piece)
        n = end - start
        rows = q[:, :, :, start:end].reshape(b, kv, -1, width)
        scores = (rows @ k[:, :, :end].transpose(2, 3)).view(b, kv, -1, n, end)
        future = mask[:n, mask.shape[1] - mask.shape[0] - start : mask.shape[1] - mask.shape[0] + n]
        shares = torch.softmax(scores + future, -1)
        out.append((shares.view(b, kv, -1, end) @ v[:, :, :end]).view(b, kv, -1, n, width))
    return torch.cat(out, 3).view(b, heads, t, width)


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
        # GGUF's llama pairs neighbours (0,1),(2,3)...; taking the rows in this order turns them into pairs (i, i + width / 2),
        # which vector units like better. The weights stay in GGUF's order.
        within = torch.arange(s.head_width).view(-1, 2).T.flatten()
        order = torch.cat([head * s.head_width + within for head in range(s.heads + s.kv_heads)])
        self.register_buffer("order", torch.cat([order, torch.arange(len(order), len(order) + kv)]), persistent=False)

    def forward(self, x, cos, sin, mask, cache=None):
        s, (b, t, _) = self.s, x.shape
        qkv = F.linear(self.attn_norm(x), torch.cat([self.q.weight, self.k.weight, self.v.weight])[self.order])
        q, k, v = qkv.view(b, t, -1, s.head_width).split([s.heads, s.kv_heads, s.kv_heads], 2)
        q, k, v = rotate(q, cos, sin).transpose(1, 2), rotate(k, cos, sin).transpose(1, 2), v.transpose(1, 2)
        if cache is not None:
            first = not cache
            if not first:
                k, v = torch.cat([cache[0], k], 2), torch.cat([cache[1], v], 2)
            cache[:] = [k, v]
            group = s.heads // s.kv_heads  # after the prompt, one new token sees everything
            a = F.scaled_dot_product_attention(q, k.repeat_interleave(group, 1), v.repeat_interleave(group, 1), is_causal=first)
        else:
            a = attend(q, k, v, mask)
        x = x + self.o(a.transpose(1, 2).reshape(b, t, s.width))
        gate, up = F.linear(self.ffn_norm(x), torch.cat([self.gate.weight, self.up.weight])).chunk(2, -1)
        return x + self.down(F.silu(gate) * up)


class Pebble(nn.Module):
    """The whole network; the output head is the embedding table."""

    def __init__(self, shape: Shape):
        super().__init__()
        self.shape = shape
        self.embed = nn.Embedding(shape.vocab, shape.width)
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.layers))
        self.norm = RMSNorm(shape.width, shape.norm_eps)
        self.register_buffer("rope", rope_table(shape), persistent=False)
        mask = torch.cat([torch.zeros(PIECE, shape.context - PIECE), torch.full((PIECE, PIECE), -1e30).triu(1)], 1)
        self.register_buffer("mask", mask.bfloat16(), persistent=False)
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
        mask = self.mask.to(x.dtype)
        for i, block in enumerate(self.blocks):
            x = block(x, cos, sin, mask, None if caches is None else caches[i])
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
