"""Tiny template language: `(a|b|)` picks an alternative, `{slot}` is filled in afterwards."""

from functools import lru_cache


def _parse(text, i, depth):
    options, parts, literal = [], [], []

    def flush():
        if literal:
            parts.append("".join(literal))
            literal.clear()

    while i < len(text):
        c = text[i]
        if c == "(":
            flush()
            node, i = _parse(text, i + 1, depth + 1)
            parts.append(node)
            continue
        if c == "|" and depth:
            flush()
            options.append(parts)
            parts = []
        elif c == ")" and depth:
            flush()
            options.append(parts)
            return options, i + 1
        else:
            literal.append(c)
        i += 1
    flush()
    return [parts], i


@lru_cache(maxsize=None)
def _tree(text):
    return _parse(text, 0, 0)[0]


def _expand(rng, options, out):
    for part in options[int(rng.random() * len(options))]:
        if isinstance(part, str):
            out.append(part)
        else:
            _expand(rng, part, out)


def say(rng, pattern, **slots):
    """One expansion of `pattern` (a string, or a list of strings to choose from)."""
    if not isinstance(pattern, str):
        pattern = pattern[int(rng.random() * len(pattern))]
    out = []
    _expand(rng, _tree(pattern), out)
    text = "".join(out)
    for key, value in slots.items():
        text = text.replace("{" + key + "}", str(value))
    return text


def casual(rng, text):
    """What people do to a prompt: sometimes lower case first letter, sometimes no final punctuation."""
    r = rng.random()
    if r < 0.08 and text:
        text = text[0].lower() + text[1:]
    if r > 0.85 and text[-1:] in ".?!":
        text = text[:-1]
    return text


def user(text):
    return {"role": "user", "content": text}


def assistant(text, calls=None):
    message = {"role": "assistant", "content": text}
    if calls:
        message["tool_calls"] = [
            {"id": f"call_{i}", "type": "function", "function": {"name": n, "arguments": a}}
            for i, (n, a) in enumerate(calls)
        ]
    return message


def tool(text):
    return {"role": "tool", "content": text}
