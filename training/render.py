"""The one way from messages to text (the Jinja chat template) and to weighted token ids."""

import json
from pathlib import Path

import jinja2
import numpy as np

HERE = Path(__file__).parent
SPECIALS = ["<|bos|>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>", "<|tools|>", "<|tool_call|>", "<|tool_result|>", "<|pad|>"]
SPECIALS += [f"<|reserved_{i}|>" for i in range(7)]
BOS, END, ASSISTANT, PAD = 0, 1, 4, 8
TEMPLATE = (HERE / "chat_template.jinja").read_text()

_environment = jinja2.Environment(trim_blocks=True, lstrip_blocks=True)
_environment.filters["tojson"] = lambda value: json.dumps(value, ensure_ascii=False)
_template = _environment.from_string(TEMPLATE)


def render(messages, tools=None, add_generation_prompt=False) -> str:
    return _template.render(messages=messages, tools=tools, add_generation_prompt=add_generation_prompt,
                            bos_token="<|bos|>", eos_token="<|end|>")


def turn_weights(ids: np.ndarray, other: float, rng: np.random.Generator) -> np.ndarray:
    """Loss weight of every token: assistant turns count, short turns more per token than long ones, a tenth of the rest a little."""
    weights = np.where(rng.random(len(ids)) < 0.1, other, 0.0).astype(np.float32)
    starts = np.flatnonzero(ids == ASSISTANT)
    ends = np.flatnonzero(ids == END)
    for start in starts:
        end = ends[np.searchsorted(ends, start)]
        weights[start + 1 : end + 1] = min(3.0, max(0.5, 24.0 / (end - start)))
    weights[0] = 0
    return weights
