"""Trains Pebble on two CPU cores, in a fixed number of minutes.

    python train.py --minutes 80            # continues from out/checkpoint.pt if there is one
    python train.py --minutes 80 --start ../crates/models/assets/pebble.gguf --lr 0.012 --adam-lr 0.0024    # trains a finished model further

The learning rate and the mix of sequence lengths follow the *elapsed share of the time*, so the schedule always ends in
its budget, however busy the machine is. Matrices inside the blocks are trained with Muon, the rest with AdamW.
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path

import numpy as np
import torch

from export_gguf import load
from model import Pebble, Shape
from render import HERE

ROWS = {500: 12, 512: 12, 2048: 4, 8192: 2}  # row length -> rows per step
PIECE = 1024  # tokens that one process takes at a time (longer rows are not cut)
# Where the processor multiplies bfloat16 (AMX), everything runs in it; elsewhere it would be emulated, several times slower than float32.
NARROW = torch.bfloat16 if torch.ops.mkldnn._is_mkldnn_bf16_supported() and torch.cpu._is_amx_tile_supported() else torch.float32
WARMUP, DECAY_FROM = 0.015, 0.45


def learning_rate(share: float) -> float:
    """Warm-up, plateau, then a linear fall to zero."""
    if share < WARMUP:
        return share / WARMUP
    return min(1.0, max(0.0, (1 - share) / (1 - DECAY_FROM)))


def choose_row(share: float, rng) -> int:
    """Copying drills (the set called 500) and short rows first; longer ones as soon as copying works."""
    if share < 0.15:
        odds = {500: 0.5, 512: 0.5}
    elif share < 0.4:
        odds = {500: 0.2, 512: 0.7, 2048: 0.1}
    elif share < 0.65:
        odds = {500: 0.1, 512: 0.69, 2048: 0.2, 8192: 0.01}
    else:
        odds = {500: 0.05, 512: 0.71, 2048: 0.22, 8192: 0.02}
    return int(rng.choice(list(odds), p=list(odds.values())))


@torch.no_grad()
def orthogonal(g: torch.Tensor) -> torch.Tensor:
    """Newton-Schulz iteration of Muon."""
    tall = g.shape[0] > g.shape[1]
    x = (g.T if tall else g).to(NARROW)
    x = x / (x.norm() + 1e-7)
    for _ in range(5):
        a = x @ x.T
        x = 3.4445 * x + (-4.7750 * a + 2.0315 * a @ a) @ x
    return (x.T if tall else x).float()


class Muon:
    """Momentum, orthogonalised; update size matched to AdamW's by the shape factor."""

    def __init__(self, params, grads, momentum=0.95, weight_decay=0.05):
        self.params, self.grads, self.momentum, self.weight_decay = params, grads, momentum, weight_decay
        self.buffers = [torch.zeros_like(p).share_memory_() for p in params]

    @torch.no_grad()
    def step(self, lr, half):
        """Updates every second matrix."""
        for p, g, m in list(zip(self.params, self.grads, self.buffers))[half::2]:
            m.mul_(self.momentum).add_(g)
            update = orthogonal(g.add(m, alpha=self.momentum))
            p.mul_(1 - lr * self.weight_decay).add_(update, alpha=-lr * max(1, p.shape[0] / p.shape[1]) ** 0.5)


class Rows:
    """Random rows of the corpus, without repetition until all have been used."""

    def __init__(self, corpus: Path, length: int):
        self.ids = np.load(corpus / f"ids-{length}.npy", mmap_mode="r")
        self.weights = np.load(corpus / f"weights-{length}.npy", mmap_mode="r")
        self.order = np.array([], np.int64)

    def choose(self, n, rng):
        if len(self.order) < n:
            self.order = rng.permutation(len(self.ids))
        pick, self.order = self.order[:n], self.order[n:]
        return pick

    def load(self, pick):
        ids = torch.from_numpy(self.ids[pick].astype(np.int64))
        weights = torch.from_numpy(self.weights[pick].astype(np.float32) / 50)
        return ids[:, :-1].contiguous(), ids[:, 1:].contiguous(), weights[:, 1:].contiguous()


class Crew:
    """Two single-threaded processes that share the work of a step piece by piece.

    One multi-threaded process would wait at hundreds of barriers per step for whichever core somebody else is using;
    here the only barrier is the end of the step, and the faster process simply takes more pieces.
    """

    def __init__(self, model, corpus, compiled, context):
        self.model, self.corpus, self.compiled = model.share_memory(), corpus, compiled
        self.length, self.next_piece, self.sums = context.Value("i", 0), context.Value("i", 0), context.Array("d", 4)
        self.picks = torch.zeros(max(ROWS.values()), dtype=torch.int64).share_memory_()
        self.grads = [torch.zeros_like(p).share_memory_() for p in model.parameters()]
        named = list(zip(model.named_parameters(), self.grads))
        matrices = [(p, g) for (name, p), g in named if p.dim() == 2 and "embed" not in name]
        self.muon, self.rate = Muon([p for p, _ in matrices], [g for _, g in matrices]), context.Value("d", 0.0)
        self.others = [(p, g) for (name, p), g in named if p.dim() != 2 or "embed" in name]
        self.go, self.finished = context.Semaphore(0), context.Semaphore(0)

    def work(self, hidden, sources):
        """Computes pieces until none is left; gradients of the weighted sum pile up in p.grad."""
        length = self.length.value
        picks = self.picks[: ROWS[length]].numpy()
        rows = max(1, PIECE // length)
        while True:
            with self.next_piece.get_lock():
                piece = self.next_piece.value
                self.next_piece.value += 1
            mine = picks[piece * rows : (piece + 1) * rows]
            if not len(mine):
                return
            ids, targets, weights = sources[length].load(mine)
            picked = weights > 0
            w = weights[picked]
            with torch.autocast("cpu", torch.bfloat16, enabled=NARROW == torch.bfloat16):
                logits = self.model.logits(hidden(ids)[picked])
            losses = torch.nn.functional.cross_entropy(logits.float(), targets[picked], reduction="none")
            loss = (losses * w).sum()
            (loss / 8192).backward()
            answers = w >= 0.4
            with self.sums.get_lock():
                for i, x in enumerate([loss.detach(), w.sum(), losses.detach()[answers].sum(), answers.sum()]):
                    self.sums[i] += float(x)

    def prepare(self):
        torch.set_num_threads(1)
        hidden = torch.compile(self.model.hidden, dynamic=False) if self.compiled else self.model.hidden
        return hidden, {length: Rows(self.corpus, length) for length in ROWS}

    def helper(self):
        """The second process."""
        hidden, sources = self.prepare()
        parent = os.getppid()
        while True:
            if not self.go.acquire(timeout=30):
                if os.getppid() != parent:
                    return
                continue
            self.work(hidden, sources)
            for p, g in zip(self.model.parameters(), self.grads):
                g.zero_() if p.grad is None else g.copy_(p.grad)
                p.grad = None
            self.finished.release()
            self.go.acquire()
            self.muon.step(self.rate.value, 1)
            self.finished.release()

    def step(self, hidden, sources):
        """One forward and backward pass over the picked rows; the mean gradient is in `grads`."""
        self.next_piece.value, self.sums[:] = 0, [0.0] * 4
        self.go.release()
        self.work(hidden, sources)
        self.finished.acquire()
        for p, g in zip(self.model.parameters(), self.grads):
            if p.grad is not None:
                g.add_(p.grad)
                p.grad = None
            g.mul_(8192 / self.sums[1])

    def update(self, adam, rate, adam_rate):
        self.rate.value = rate
        self.go.release()
        self.muon.step(rate, 0)
        for group in adam.param_groups:
            group["lr"] = adam_rate
        for p, g in self.others:
            p.grad = g
        adam.step()
        for p, _ in self.others:
            p.grad = None
        self.finished.acquire()


# glibc gives large tensors back to the system after each use, and every step pays for mapping and clearing them anew: 40 % of
# the time where this was measured. These settings keep the memory (some 6 GB a process once rows of 8192 have been seen).
ALLOCATOR = "glibc.malloc.mmap_max=0:glibc.malloc.trim_threshold=17179869184:glibc.malloc.top_pad=268435456:glibc.malloc.hugetlb=1"


def keep_memory():
    """Starts anew with those settings, which are read before a program begins."""
    if "GLIBC_TUNABLES" not in os.environ:
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, "GLIBC_TUNABLES": ALLOCATOR, "OMP_NUM_THREADS": "1"})


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=80)
    parser.add_argument("--corpus", type=Path, default=HERE / "out" / "corpus")
    parser.add_argument("--checkpoint", type=Path, default=HERE / "out" / "checkpoint.pt")
    parser.add_argument("--start", type=Path, help="weights to begin with (a checkpoint or GGUF file); the first stages of the mix are then left out")
    parser.add_argument("--lr", type=float, default=0.02, help="Muon's peak rate")
    parser.add_argument("--adam-lr", type=float, default=0.004, help="AdamW's peak rate (embedding and norms)")
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--no-compile", action="store_true")
    a = parser.parse_args()
    keep_memory()
    torch.manual_seed(a.seed)

    model = load(a.start).train() if a.start else Pebble(Shape())
    step, spent, tokens, last_saved = 0, 0.0, 0, 0.0
    saved = torch.load(a.checkpoint, weights_only=False) if a.checkpoint.exists() else None
    if saved:
        model.load_state_dict(saved["model"])
        step, spent, tokens = saved["step"], saved["spent"], saved["tokens"]
        last_saved = spent
        print(f"resumed at step {step}, {spent / 60:.1f} minutes", flush=True)
    context = torch.multiprocessing.get_context("spawn")
    crew = Crew(model, a.corpus, not a.no_compile, context)
    context.Process(target=crew.helper, daemon=True).start()
    hidden, sources = crew.prepare()

    muon = crew.muon
    adam = torch.optim.AdamW([p for p, _ in crew.others], lr=a.adam_lr, betas=(0.9, 0.98), weight_decay=0.0)
    if saved:
        adam.load_state_dict(saved["adam"])
        for mine, theirs in zip(muon.buffers, saved["muon"]):
            mine.copy_(theirs)
    rng = np.random.default_rng(a.seed + step)
    log = open(a.checkpoint.parent / "loss.jsonl", "a", buffering=1)
    budget, clock = a.minutes * 60, time.monotonic()

    def save(path):
        torch.save({"model": model.state_dict(), "adam": adam.state_dict(), "muon": muon.buffers, "shape": model.shape.to_dict(),
                    "step": step, "spent": spent, "tokens": tokens}, path)

    while spent < budget:
        share = spent / budget
        length = choose_row(0.4 + 0.6 * share if a.start else share, rng)
        crew.picks[: ROWS[length]] = torch.from_numpy(sources[length].choose(ROWS[length], rng))
        crew.length.value = length
        crew.step(hidden, sources)
        weighted, weight, plain, answers = crew.sums[:]
        grad_norm = float(torch.nn.utils.get_total_norm(crew.grads))
        for g in crew.grads:
            g.mul_(min(1.0, 1.0 / (grad_norm + 1e-6)))
        scale = learning_rate(share)
        crew.update(adam, a.lr * scale, a.adam_lr * scale)
        now = time.monotonic()
        took, clock = now - clock, now
        spent += took
        step += 1
        tokens += length * ROWS[length]
        log.write(json.dumps({"step": step, "minutes": round(spent / 60, 3), "row": length, "loss": round(plain / answers, 4), "weighted": round(weighted / weight, 4),
                              "norm": round(grad_norm, 3), "tokens": tokens, "seconds": round(took, 2)}) + "\n")
        if step % 20 == 0:
            print(f"{spent / 60:6.1f} min  step {step}  row {length}  loss {weighted / weight:.4f}  {length * ROWS[length] / took:.0f} tok/s", flush=True)
        if spent - last_saved > 600:
            last_saved = spent
            save(a.checkpoint.parent / f"step-{step}.pt")
            save(a.checkpoint.with_suffix(".tmp"))
            os.replace(a.checkpoint.with_suffix(".tmp"), a.checkpoint)
    save(a.checkpoint.parent / "final.pt")
    print(f"done: {step} steps, {tokens / 1e6:.1f} M tokens, {spent / 60:.1f} minutes", flush=True)


if __name__ == "__main__":
    main()
