"""Puts skills together into conversations of a wanted length."""

from .grammar import assistant, say, user
from . import about, chat, classify, extract, persona, recall, stories, tools, unknown
from . import words as w

CHARS_PER_TOKEN = 3.1
UPDATE = "(Actually,|Correction:|Sorry,|Wait,|I changed my mind:|One change:) my {k} is (now |){v}(.|!)"
PASTE = ["(Here is|This is|Please read|Read) (a|the|this) (long |)(text|document|note|page)(:|.)\n{t}", "{t}\n(Just read it.|That was my text.|Please keep it in mind.)", "(Notes|Document|Text):\n{t}"]

SKILLS = [(22, classify.with_user_instruction), (24, extract.with_user_instruction), (4, extract.question), (7, stories.ask), (6, about.parameter), (6, about.outcrop), (10, chat.any_of), (6, unknown.ask)]
WITH_SYSTEM = [(11, classify.with_system), (10, extract.with_system), (10, persona.any_of)]


def choose(rng, weighted):
    r = rng.random() * sum(k for k, _ in weighted)
    for k, item in weighted:
        r -= k
        if r < 0:
            return item
    return weighted[-1][1]


def size(turns):
    return sum(len(m["content"]) + 60 * len(m.get("tool_calls", ())) + 6 for m in turns)


def simple(rng):
    return choose(rng, SKILLS)(rng)


def paste(rng, chars):
    """A long text that is only read."""
    parts = []
    while sum(map(len, parts)) < chars:
        parts.append(rng.choice([lambda: extract.passage(rng)[0], lambda: stories.story(rng), lambda: classify.topic_text(rng, w.pick(rng, list(classify.TOPICS)))])())
    text = say(rng, PASTE, t=w.pick(rng, [" ", "\n"]).join(parts))
    return [user(text), assistant(say(rng, ["(I have read it|Thank you for the text|I read the text|Okay)(.|.) (What would you like to know|What shall I do with it|How can I help)?"]))]


def short(rng):
    """(system, tools, turns) of one small conversation."""
    r = rng.random()
    if r < 0.22:
        system, turns = choose(rng, WITH_SYSTEM)(rng)
        return system, None, turns
    system = persona.plain_system(rng) if rng.random() < 0.2 else None
    if r < 0.49:
        box = tools.toolbox(rng)
        specs = [t["spec"] for t in box]
        turns = []
        for _ in range(rng.choice([1, 2, 3, 4])):
            x = rng.random()
            turns += tools.episode(rng, box) if x < 0.8 else tools.no_fit(rng, box) if x < 0.87 else simple(rng)
        return system, specs, turns
    if r < 0.66:
        turns = recall.short(rng)
        if rng.random() < 0.4:
            turns = simple(rng) + turns
        return system, None, turns
    turns = []
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        turns += simple(rng)
    return system, None, turns


def long(rng, tokens):
    """(system, tools, turns) of about `tokens` tokens, with facts that are asked for far later."""
    budget = tokens * CHARS_PER_TOKEN
    box = tools.toolbox(rng, rng.choice([1, 2, 3, 5])) if rng.random() < 0.3 else None
    specs = [t["spec"] for t in box] if box else None
    system = persona.plain_system(rng) if rng.random() < 0.3 else None
    facts = recall.distinct(rng, rng.choice([1, 2, 3, 4, 6]))
    waiting, told, turns = list(facts), [], []
    if specs:
        budget -= len(str(specs))
    if rng.random() < 0.25:
        turns += [user(" ".join(recall.statement(rng, f) for f in waiting)), assistant(say(rng, recall.ACK[:3]))]
        told, waiting = waiting, []
    style = rng.random()
    used = size(turns)
    while used < budget or not turns:
        before = len(turns)
        if waiting and (rng.random() < 0.6 or not told):
            f = waiting.pop()
            turns += recall.tell(rng, f)
            told.append(f)
        r = rng.random()
        if r < 0.28 and told:
            turns += recall.ask(rng, w.pick(rng, told[: max(1, len(told) // 2)] if rng.random() < 0.6 else told))
        elif r < 0.30 and told:
            i = rng.randrange(len(told))
            kind, k, _ = told[i]
            told[i] = (kind, k, recall.FACTS[kind][0](rng))
            turns += [user(say(rng, UPDATE, k=k, v=told[i][2])), assistant(recall.ack(rng, (kind if kind != "name" else "x", k, told[i][2])))]
        elif r < 0.32:
            turns += recall.untold(rng, [f[0] for f in facts])
        elif box and r < 0.52:
            turns += tools.episode(rng, box) if rng.random() < 0.9 else tools.no_fit(rng, box)
        elif style < 0.35 and r < 0.65:
            turns += paste(rng, min(budget - used, rng.randrange(300, 6000)))
        else:
            turns += simple(rng)
        used += size(turns[before:])
    order = list(told)
    rng.shuffle(order)
    for f in order[:4]:
        turns += recall.ask(rng, f)
    return system, specs, turns


def messages(system, turns):
    return ([{"role": "system", "content": system}] if system else []) + turns
