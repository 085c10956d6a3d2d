"""Writes the training corpus: packed rows of token ids and loss weights, and the set of words that training has seen.

    python corpus.py --seed 1 --tokens 500:12e6 512:42e6 2048:16e6 8192:9e6 --out out/corpus
"""

import argparse
import multiprocessing
import random
import re
import zlib
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from generate import drill, mix
from render import HERE, PAD, render, turn_weights

DRILL = 500  # not a length: names the set of 512-token rows that are mostly copying drills
WEIGHT_SCALE = 50  # weights are stored as uint8 in fiftieths


def documents(rng: random.Random, row: int):
    """Endless rendered conversations that fit into a row of `row` tokens (longer ones are dropped by the packer)."""
    while True:
        if row == DRILL and rng.random() < 0.7:
            system, (tools, turns) = None, drill.conversation(rng)
        elif row <= 512:
            system, tools, turns = mix.long(rng, rng.randrange(150, 400)) if rng.random() < 0.2 else mix.short(rng)
        elif row <= 2048:
            system, tools, turns = mix.long(rng, rng.randrange(500, int(row * 0.93)))
        else:
            system, tools, turns = mix.long(rng, int(row * (0.9 if rng.random() < 0.7 else rng.uniform(0.2, 0.9))))
        yield render(mix.messages(system, turns), tools)


def pack(encoded, row: int):
    """Greedy packing of whole documents into rows of row + 1 tokens."""
    rows_ids, rows_weights, open_rows = [], [], []
    for ids, weights in encoded:
        if len(ids) > row + 1:
            continue
        for slot in open_rows:
            if slot[2] + len(ids) <= row + 1:
                break
        else:
            slot = [[], [], 0]
            open_rows.append(slot)
        slot[0].append(ids)
        slot[1].append(weights)
        slot[2] += len(ids)
        if slot[2] > row - 24 or len(open_rows) > 12:
            fullest = max(open_rows, key=lambda s: s[2])
            open_rows = [s for s in open_rows if s is not fullest]
            missing = row + 1 - fullest[2]
            rows_ids.append(np.concatenate(fullest[0] + [np.full(missing, PAD, np.uint16)]))
            rows_weights.append(np.concatenate(fullest[1] + [np.zeros(missing, np.uint8)]))
    return np.stack(rows_ids), np.stack(rows_weights)


def part(job):
    seed, row, tokens = job
    rng, np_rng = random.Random(seed), np.random.default_rng(seed)
    tokenizer = Tokenizer.from_file(str(HERE / "out" / "tokenizer.json"))
    seen, source, encoded, total = set(), documents(rng, row), [], 0
    while total < tokens:
        texts = [next(source) for _ in range(200 if row <= 512 else 20)]
        for text in texts:
            seen.update(re.findall(r"[\w$€£¥.,:@/+-]+", text))
        for e in tokenizer.encode_batch(texts, add_special_tokens=False):
            ids = np.array(e.ids, np.uint16)
            weights = np.round(turn_weights(ids, 0.1, np_rng) * WEIGHT_SCALE).astype(np.uint8)
            encoded.append((ids, weights))
            total += len(ids)
    return *pack(encoded, 512 if row == DRILL else row), {zlib.crc32(s.encode()) for s in seen}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tokens", nargs="+", default=["500:12e6", "512:42e6", "2048:16e6", "8192:9e6"])
    parser.add_argument("--out", default=str(HERE / "out" / "corpus"))
    parser.add_argument("--workers", type=int, default=2)
    a = parser.parse_args()
    out = Path(a.out)
    out.mkdir(parents=True, exist_ok=True)
    seen = set()
    for spec in a.tokens:
        row, count = int(spec.split(":")[0]), float(spec.split(":")[1])
        pieces = max(2, int(count / 1e6))
        jobs = [(a.seed * 1_000_003 + row * 1009 + i, row, count / pieces) for i in range(pieces)]
        with multiprocessing.Pool(a.workers) as pool:
            results = pool.map(part, jobs, chunksize=1)
        ids = np.concatenate([r[0] for r in results])
        weights = np.concatenate([r[1] for r in results])
        np.save(out / f"ids-{row}.npy", ids)
        np.save(out / f"weights-{row}.npy", weights)
        for r in results:
            seen |= r[2]
        share = float((ids != PAD).mean())
        print(f"rows of {row}: {len(ids)} rows, {ids.size / 1e6:.1f} M tokens, {share:.1%} filled, {float((weights > 5).mean()):.1%} answers", flush=True)
    np.save(out / "seen.npy", np.array(sorted(seen), np.uint32))
    print(f"{len(seen)} different words")


if __name__ == "__main__":
    main()
