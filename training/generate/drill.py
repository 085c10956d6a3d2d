"""Copying drills for the first minutes of training: lists to repeat, pairs to look up, values to put into JSON.

A small model needs many examples of "find it above and write it again" before any of the other skills can work; here
nearly every answer token is one.
"""

import json

from .grammar import assistant, say, user
from . import noise, tools, words as w

MAKERS = [w.first_name, w.place, w.nonce, w.code, w.number, w.thing, w.company, w.amount, w.date, w.email]


def values(rng, n):
    maker = w.pick(rng, MAKERS + [w.one_of_maker] * 5)
    return [str(maker(rng)) for _ in range(n)]


def repeat(rng):
    text = w.pick(rng, [" ", ", ", "\n", "; "]).join(values(rng, rng.randrange(3, 16)))
    return [user(say(rng, "(Repeat|Say|Copy|Echo|Write again|Read back)(:|) {t}", t=text)), assistant(text)]


def pairs(rng):
    keys = list({w.pick(rng, [w.nonce, lambda r: w.pick(r, w.NOUNS), w.identifier])(rng): 0 for _ in range(rng.randrange(2, 9))})
    return keys, values(rng, len(keys))


def lookup(rng):
    keys, found = pairs(rng)
    form = w.pick(rng, ["{k}: {v}", "{k} = {v}", "the {k} is {v}", "my {k} is {v}", "with {k} {v}", "{v} is the {k}"])
    turns = [user(w.pick(rng, ["\n", ", ", "; ", ". "]).join(form.replace("{k}", k).replace("{v}", v) for k, v in zip(keys, found))), assistant(w.pick(rng, ["Okay.", "Noted."]))]
    order = list(range(len(keys)))
    rng.shuffle(order)
    for i in order[: rng.randrange(1, len(keys) + 1)]:
        turns += [user(say(rng, "(What is|Tell me|Give me|Which is) (the |my |){k}(?|)", k=keys[i])), assistant(found[i])]
    return turns


def to_json(rng):
    keys, found = pairs(rng)
    form = w.pick(rng, ["{k}: {v}", "{k} = {v}", "{k} is {v}", "with {k} {v}", "{k} set to {v}"])
    text = w.pick(rng, ["\n", ", ", " and ", " "]).join(form.replace("{k}", k).replace("{v}", v) for k, v in zip(keys, found))
    order = list(range(len(keys)))
    if rng.random() < 0.5:
        rng.shuffle(order)
        order = order[: rng.randrange(1, len(keys) + 1)]
    asked = ", ".join(keys[i] for i in order)
    prompt = say(rng, ["JSON ({a}): {t}", "{t}\n(Return|Give me) {a} as JSON.", "(Extract|Give me|Return) {a} as JSON(:| from:) {t}"], a=asked, t=text)
    return [user(prompt), assistant(json.dumps({keys[i]: found[i] for i in order}, ensure_ascii=False))]


def call(rng):
    """(tools, turns): several tools, and a request of little more than the words that decide which one, and its values."""
    box = tools.toolbox(rng)
    turns = []
    for _ in range(rng.choice([1, 2, 2, 3])):
        t = w.pick(rng, box)
        text, arguments = tools.request(rng, t, [w.pick(rng, ["{v} {o} {w}", "{o} {w}", "{tool} {w}", noise.gap(rng) + "{o} {w}", noise.gap(rng) + "{v} {o}" + noise.gap(rng) + "{w}"])])
        turns += [user(text), assistant("", [(t["name"], arguments)])]
    return [t["spec"] for t in box], turns


def conversation(rng):
    """(tools, turns) of one drill."""
    if rng.random() < 0.3:
        return call(rng)
    return None, w.pick(rng, [repeat, lookup, to_json])(rng)
