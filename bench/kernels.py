#!/usr/bin/env python3
"""Outcrop's kernels against llama.cpp on the same GGUF files: pairs in turn, medians and ratios.

    cargo build --release -p outcrop-models --example speed
    kernels.py --speed target/release/examples/speed --peer VENV/bin/python [--threads 2] [--pairs 5] FILE...

VENV has llama-cpp-python, built from its source package for this processor. By the clock, and by processor time, which
is what to look at on a busy machine (with one thread; threads that wait spin, and that counts as processor time).
"""
import argparse
import json
import os
import statistics
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
KEYS = ["prefill_tok_s", "decode_tok_s", "prefill_tok_cpu_s", "decode_tok_cpu_s"]


def last_line(command):
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return json.loads(out.strip().splitlines()[-1])


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--speed", required=True)
    p.add_argument("--peer", required=True)
    p.add_argument("--no-repack", action="store_true")
    for name, default in (("threads", 2), ("prompt", 512), ("generate", 64), ("streams", 1), ("pairs", 5)):
        p.add_argument("--" + name, type=int, default=default)
    p.add_argument("files", nargs="+")
    a = p.parse_args()
    options = []
    for name in ("threads", "prompt", "generate", "streams"):
        options += ["--" + name, str(getattr(a, name))]
    peer = [a.peer, os.path.join(HERE, "kernels_peer.py")] + ["--no-repack"] * a.no_repack
    for file in a.files:
        runs = {"outcrop": [], "llama.cpp": []}
        for _ in range(a.pairs):
            runs["outcrop"].append(last_line([a.speed, file, *options]))
            runs["llama.cpp"].append(last_line([*peer, file, *options]))
        print(os.path.basename(file), f"threads={a.threads} streams={a.streams} prompt={a.prompt} "
              f"generate={a.generate} pairs={a.pairs}")
        for key in KEYS:
            ours, theirs = ([r[key] for r in runs[who]] for who in runs)
            x, y = statistics.median(ours), statistics.median(theirs)
            print(f"  {key:18} outcrop {x:9.1f} ({min(ours):.1f} to {max(ours):.1f})   "
                  f"llama.cpp {y:9.1f} ({min(theirs):.1f} to {max(theirs):.1f})   ratio {x / y:.2f}")


if __name__ == "__main__":
    main()
