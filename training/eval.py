"""Measures Pebble on held-out tasks, greedily. Works on a checkpoint or on the shipped GGUF (dequantised Q8_0 weights).

    python eval.py ../crates/models/assets/pebble.gguf --count 200 --json out/eval.json
"""

import argparse
import json
import random
import re
import zlib
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer

import eval_tasks
from corpus import documents
from export_gguf import load
from generate import words as w
from render import ASSISTANT, END, HERE, render

THRESHOLDS = {"sentiment": 90, "topics": 90, "extraction": 85, "tool call": 85, "recall 512": 85, "recall 2048": 85, "recall 6144": 85}


class Judge:
    """Prompts in, verdicts out."""

    def __init__(self, path):
        self.model = load(Path(path))
        self.tokenizer = Tokenizer.from_file(str(HERE / "out" / "tokenizer.json"))

    def encode(self, text):
        return self.tokenizer.encode(text, add_special_tokens=False).ids

    def count(self, messages):
        return len(self.encode(render(messages)))

    def answer(self, task, max_tokens=160):
        ids = self.encode(render(task["messages"], task.get("tools"), add_generation_prompt=True))
        out = self.model.generate(ids, END, max_tokens)
        return self.tokenizer.decode(out, skip_special_tokens=False), len(ids)


def judge(kind, task, text):
    """Whether an answer is right; JSON is compared as JSON."""
    body, ended = text.removesuffix("<|end|>"), text.endswith("<|end|>")
    expected = task["expected"]
    if kind in ("sentiment", "topics"):
        return ended and body == expected
    if kind == "extraction":
        try:
            return ended and json.loads(body) == expected
        except ValueError:
            return False
    if kind == "tool call":
        calls = body.split("<|tool_call|>")[1:]
        try:
            return ended and len(calls) == 1 and json.loads(calls[0]) == expected
        except ValueError:
            return False
    if kind == "no tool":
        return ended and "<|tool_call|>" not in body and len(body) > 3
    if kind == "unknown":
        return bool(re.search("don't know|do not know|outside of what I know|cannot answer", body))
    return ended and expected in body


def makers(judge_, recalls):
    kinds = {"sentiment": eval_tasks.sentiment, "topics": eval_tasks.topics, "extraction": eval_tasks.extraction,
             "tool call": eval_tasks.tool_call, "no tool": eval_tasks.no_tool, "unknown": eval_tasks.unknown}
    for distance in recalls:
        kinds[f"recall {distance}"] = eval_tasks.recall_at(distance, judge_.count)
    return kinds


def seen_words(corpora):
    return {int(x) for folder in corpora for x in np.load(folder / "seen.npy")}


def has_leaked(task, seen):
    """Whether all words of a value occur in training text.

    Ordinary words, and dates and amounts of several words, are left out: their parts are everywhere; the whole values are
    kept apart by construction (`words.fresh`).
    """
    for value in task["values"]:
        if isinstance(value, str) and (value.istitle() and not re.search(r"\d", value) or " " not in value and not value.isalpha() and len(value) > 4):
            if all(zlib.crc32(part.encode()) in seen for part in value.split()):
                return True
    return False


def check_templates():
    """No held-out template may occur in 21,000 documents of training text."""
    w.HELD_OUT = False
    rng = random.Random(99)
    short, long = documents(rng, 512), documents(rng, 2048)
    text = "\n".join([next(short) for _ in range(20000)] + [next(long) for _ in range(1000)])
    w.HELD_OUT = True
    fragments = [max(re.split(r"\{\w+\}|<\w+>", t), key=len).strip() for t in eval_tasks.literals()]
    known = [f for f in fragments if len(f) >= 10 and f in text]
    assert not known, f"templates seen in training: {known}"
    return len(fragments)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--recall", type=int, nargs="*", default=[512, 2048, 6144])
    parser.add_argument("--recall-count", type=int)
    parser.add_argument("--only", nargs="*")
    parser.add_argument("--seed", type=int, default=2024)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--show", type=int, default=3, help="wrong answers to print per task")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--corpus", type=Path, nargs="+", default=[HERE / "out" / "corpus"], help="for the held-out check")
    parser.add_argument("--skip-check", action="store_true")
    a = parser.parse_args()
    torch.set_num_threads(a.threads)
    w.HELD_OUT = True
    examiner = Judge(a.model)
    scores, redrawn = {}, 0
    seen = set() if a.skip_check else seen_words(a.corpus)
    for kind, make in makers(examiner, a.recall).items():
        if a.only and kind.split()[0] not in a.only and kind not in a.only:
            continue
        rng, right, shown, lengths = random.Random(f"{a.seed} {kind}"), 0, 0, []
        count = a.recall_count or a.count if kind.startswith("recall") else a.count
        for _ in range(count):
            task = make(rng)
            while has_leaked(task, seen):
                task, redrawn = make(rng), redrawn + 1
            text, length = examiner.answer(task)
            lengths.append(length)
            good = judge(kind, task, text)
            right += good
            if not good and shown < a.show:
                shown += 1
                last = task["messages"][-1]["content"]
                print(f"   wrong ({kind}): {last!r} -> {text!r}, expected {task['expected']!r}", flush=True)
        scores[kind] = round(100 * right / count, 1)
        need = THRESHOLDS.get(kind)
        verdict = "" if need is None else "ok" if scores[kind] >= need else f"BELOW {need}"
        print(f"{kind:12} {scores[kind]:5.1f} %  of {count}, prompts of {min(lengths)}-{max(lengths)} tokens  {verdict}", flush=True)
    if not a.skip_check:
        print(f"held-out check: {check_templates()} templates, none in training text; {redrawn} tasks redrawn because training had their value")
    if a.json:
        a.json.write_text(json.dumps({"model": str(a.model), "seed": a.seed, "count": a.count, "scores": scores}, indent=1))


if __name__ == "__main__":
    main()
