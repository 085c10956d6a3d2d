"""Values for `const` and `enum`, and names of properties."""

PROPERTIES = ["a", "name", "unit_price", "b c", "é", '"q"', "back\\slash", "\n", "x-n", "日本", "", "$ref", "type"]
TEXTS = [
    *["", "a", "north", "two words", 'a "quote"', "c:\\dir", "tab\tand\nline", "\b\f\r", "é è", "日本語", "🙂"],
    *["\u2028", "1", "0.5", "null", "{}", "a/b", "</s>", "<|end|>"],
]


def text(dice):
    return dice.choice(TEXTS)


def _array(dice, depth):
    return [_any(dice, depth - 1) for _ in range(dice.randint(0, 3))] if depth > 0 else []


def _object(dice, depth):
    names = dice.sample(PROPERTIES, dice.randint(0, 3)) if depth > 0 else []
    return {name: _any(dice, depth - 1) for name in names}


def _any(dice, depth):
    return LITERALS[dice.choice(list(LITERALS))](dice, depth)


LITERALS = {
    "null": lambda dice, depth: None,
    "boolean": lambda dice, depth: dice.random() < 0.5,
    "integer": lambda dice, depth: dice.choice([0, 1, -1, 7, 1000, -2048, 2**53, dice.randint(-99999, 99999)]),
    "number": lambda dice, depth: dice.choice([0.5, -2.25, 1.0, 3.14159, 1e-7, -0.0, dice.randint(-800, 800) / 8]),
    "string": lambda dice, depth: text(dice),
    "array": _array,
    "object": _object,
}
