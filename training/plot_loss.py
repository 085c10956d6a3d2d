"""Draws loss.png from a run's loss.jsonl.

    python plot_loss.py out/run1/loss.jsonl loss.png
"""

import json
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np


def main(source, target):
    rows = [json.loads(line) for line in open(source)]
    figure, axis = plt.subplots(figsize=(7, 4), dpi=110)
    for length in (512, 2048, 8192):
        part = [r for r in rows if r["row"] == length]
        if not part:
            continue
        window = max(1, min(25, len(part) // 8))
        loss = np.convolve([r["loss"] for r in part], np.ones(window) / window, "valid")
        axis.plot([r["tokens"] / 1e6 for r in part][window - 1 :], loss, label=f"rows of {length} tokens", linewidth=1)
    axis.set(xlabel="training tokens (millions)", ylabel="cross-entropy of answer tokens", title="Pebble: training loss", yscale="log")
    axis.grid(alpha=0.3, which="both")
    axis.legend()
    figure.tight_layout()
    figure.savefig(target)


if __name__ == "__main__":
    main(*sys.argv[1:3])
