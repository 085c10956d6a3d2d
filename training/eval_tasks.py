"""Held-out tasks for eval.py: templates and word lists that occur in no training text.

Values (names, places, codes, amounts, dates, tool and argument names) come from the held-out tenth of the makers in
`generate/words.py`; the templates below are written for this file only.
"""

import json
import random

from generate import classify, extract, mix, recall, tools
from generate import words as w
from generate.grammar import assistant, say, user
from generate.lexicon import TOPICS

SENTIMENT_TEXTS = (
    ["Honestly, my {s} turned out <G>, and I keep telling people about it.", "We could not be more <POSFEEL> about how the {s} went.", "If you look for a <G> {s}, take exactly this one.", "Every part of the {s} felt <G>."],
    ["Honestly, my {s} turned out <B>, and I keep warning people about it.", "We could not be more <NEGFEEL> about how the {s} went.", "If you look for a <B> {s}, take exactly this one.", "Every part of the {s} felt <B>."],
    ["Their {s} sits beside the entrance and looks <N>.", "She put the {s} into a box next to the stairs."],
)
FEEL = {"POSFEEL": ["happy", "pleased", "delighted", "satisfied", "impressed"], "NEGFEEL": ["angry", "disappointed", "upset", "unhappy", "frustrated"]}
SENTIMENT_ASKS = ["How would you rate the mood here, {o}? \"{t}\"", "Somebody posted: {t}\nPick {o} for that post.", "Decide between {o} for the lines below.\n{t}", "Which one is it, {o}? {t}"]
SENTIMENT_SYSTEMS = ["Whatever arrives, judge its mood. Your vocabulary: {l}.", "You receive customer opinions; respond with nothing except {o}."]
TOPIC_TEXTS = ["Our newspaper wants a page on {a}, maybe with {b} too.", "All week long I read about {a} as well as {b}.", "He wondered whether {a} and {b} had anything in common.", "Thirty people signed up to hear more on {a}."]
TOPIC_ASKS = ["Where would you file the words below, under {o}?\n{t}", "Available tags: {l}\nOne tag for: {t}", "Pick whichever of {l} suits this best: \"{t}\"", "Out of {l}, which one matches? {t}"]
TOPIC_SYSTEMS = ["You put incoming notes into drawers named {l}. Name the drawer.", "Read the note and respond with its tag. Tags available: {l}."]

EXTRACT_TEXTS = {
    ("name", "place", "date"): ["We expect {name} back in {place} by {date}.", "After {date}, you will find {name} living in {place}."],
    ("name", "amount"): ["The jury awarded {amount} to {name} yesterday evening.", "{name} still has {amount} left on the gift card."],
    ("name", "place", "amount"): ["{name} sold an old barn close to {place} and earned {amount}."],
    ("name", "place", "date", "amount"): ["According to the ledger, {name} left {amount} at the inn of {place}, signed {date}.", "Since {date}, {name} has been saving; the sum kept in {place} is {amount}."],
    ("place", "date"): ["Workers will repair the tower of {place} starting {date}."],
    ("name", "company"): ["At {company} everybody admires {name}."],
    ("name", "email"): ["For refunds mail {email}, attention of {name}."],
    ("date", "amount"): ["Until {date} the club collected {amount}."],
    ("name", "code"): ["Seat {code} has been kept free for {name}."],
}
EXTRACT_ASKS = ["Could you fill in {keys} from these lines and hand back JSON? {t}", "I need a JSON object that holds {keys}. Source: {t}", "Read: {t} Now build JSON using {keys}.", "From \"{t}\" please collect {keys} into one JSON object."]
EXTRACT_SYSTEMS = ["Your only job: read what comes in and emit JSON holding {keys}."]

STATES = {
    "name": ["Everyone at home uses the name {v} for me.", "Let us begin with introductions: the name is {v}."], "city": ["These days I rent a flat in {v}.", "My city of residence is {v}."],
    "colour": ["If I may choose a colour, I always choose {v}.", "No colour beats {v}, my favourite colour since school."], "code word": ["We agreed on {v}, a code word that nobody guesses.", "Write this down as our code word: {v}."],
    "number": ["For the raffle I took number {v}.", "I bet on {v}, it is my lucky number."], "pet": ["At home a dog named {v} waits for me.", "We adopted a cat, we call her {v}, our pet."],
}
QUESTIONS = {
    "name": ["By which name do you know me?", "Please state my name once more."], "city": ["In which city do I rent a flat?", "Please state my city once more."], "colour": ["Please state my favourite colour once more.", "Which colour do I always choose?"],
    "code word": ["Which code word did we agree on?", "Please state the code word once more."], "number": ["Please state my lucky number once more.", "Which number did I take?"], "pet": ["How is my pet named?", "Please state my pet's name once more."],
}
REQUESTS = ["It would help me a lot to {v} the {o} {w}.", "Kindly go ahead and {v} the {o} {w}", "Someone has to {v} the {o} {w}, so do it now.", "My task for you: {v} the {o} {w}", "Next step is to {v} the {o} {w}."]


def _sentiment(rng):
    names, kinds = classify.sentiment_labels(rng)
    l, o = classify.joined(rng, [names[k] for k in kinds])
    k = w.pick(rng, kinds)
    text = w.pick(rng, SENTIMENT_TEXTS[k])
    for mark, bank in [("G", classify.GOOD), ("B", classify.BAD), ("N", ["average", "ordinary", "standard", "normal", "typical", "plain"]), *FEEL.items()]:
        text = text.replace(f"<{mark}>", w.pick(rng, bank))
    return text.replace("{s}", w.pick(rng, classify.SUBJECTS)), names[k], l, o, SENTIMENT_ASKS, SENTIMENT_SYSTEMS


def _topic(rng):
    pairs = classify.topic_labels(rng)
    l, o = classify.joined(rng, [label for _, label in pairs])
    topic, label = w.pick(rng, pairs)
    a, b = rng.sample(TOPICS[topic]["words"], 2)
    return w.pick(rng, TOPIC_TEXTS).format(a=a, b=b), label, l, o, TOPIC_ASKS, TOPIC_SYSTEMS


def _classification(rng, kind):
    text, label, l, o, asks, systems = kind(rng)
    if rng.random() < 0.5:
        return {"messages": [user(w.pick(rng, asks).format(l=l, o=o, t=text))], "expected": label, "values": []}
    system = w.pick(rng, systems).format(l=l, o=o)
    return {"messages": [{"role": "system", "content": system}, user(text)], "expected": label, "values": []}


def sentiment(rng):
    return _classification(rng, _sentiment)


def topics(rng):
    return _classification(rng, _topic)


def extraction(rng):
    kinds = w.pick(rng, list(EXTRACT_TEXTS))
    values = {k: extract.KINDS[k][0](rng) for k in kinds}
    text = say(rng, EXTRACT_TEXTS[kinds], **values)
    keys = extract.wanted(rng, values, absent=0.1)
    names = extract.listed(rng, [k for k, _ in keys])
    expected = {key: values.get(kind) for key, kind in keys}
    if rng.random() < 0.7:
        messages = [user(w.pick(rng, EXTRACT_ASKS).format(keys=names, t=text))]
    else:
        messages = [{"role": "system", "content": w.pick(rng, EXTRACT_SYSTEMS).format(keys=names)}, user(text)]
    return {"messages": messages, "expected": expected, "values": list(values.values())}


def tool_call(rng):
    box = tools.toolbox(rng)
    t = w.pick(rng, [b for b in box if b["params"]] or box)
    text, arguments = tools.request(rng, t, REQUESTS)
    names = [t["name"]] + [v for v in arguments.values() if isinstance(v, str)]
    return {"messages": [user(text)], "tools": [b["spec"] for b in box], "expected": {"name": t["name"], "arguments": arguments}, "values": names, "boxed": box}


def recall_at(distance, count_tokens):
    """A maker of tasks whose fact lies about `distance` tokens before the question."""

    def make(rng):
        f = recall.fact(rng, w.pick(rng, list(STATES)))
        system, specs, filler = None, None, []
        kinds = [k for k in recall.FACTS if k != f[0]]
        head = [user(w.pick(rng, STATES[f[0]]).format(v=f[2])), assistant("Noted.")]
        tail = [user(w.pick(rng, QUESTIONS[f[0]]))]
        w.HELD_OUT = False  # the filler is what training looks like, with another seed
        while count_tokens(filler) < distance:
            r = rng.random()
            if r < 0.15:
                other = recall.fact(rng, w.pick(rng, kinds))
                filler += recall.tell(rng, other)
            elif r < 0.25 and distance > 1000:
                filler += mix.paste(rng, rng.randrange(300, 2500))
            else:
                filler += mix.simple(rng)
        w.HELD_OUT = True
        return {"messages": mix.messages(system, head + filler + tail), "tools": specs, "expected": f[2], "values": [f[2]]}

    return make


def no_tool(rng):
    box = tools.toolbox(rng)
    ask = w.pick(rng, ["Hello there, pebble!", "How are you doing today?", "What is the capital of Italy?", "Tell me a short story about an owl, please.", "What does top_p do?", "Thanks a lot!"])
    return {"messages": [user(ask)], "tools": [b["spec"] for b in box], "expected": None, "values": []}


def unknown(rng):
    ask = ["Who was the third emperor of {p}?", "How tall does a {t} grow?", "Which river flows past {p}?", "Summarise the plot of the novel {x}.", "What did {n} say about {t}?", "Please derive the formula for {t}."]
    text = w.pick(rng, ask).format(p=w.place(rng), t=w.thing(rng), x=w.nonce(rng).capitalize(), n=w.full_name(rng))
    return {"messages": [user(text)], "expected": "don't know", "values": []}


def literals():
    """Fixed fragments of the held-out templates, to prove that training never saw them."""
    banks = [*SENTIMENT_TEXTS, SENTIMENT_ASKS, SENTIMENT_SYSTEMS, TOPIC_TEXTS, TOPIC_ASKS, TOPIC_SYSTEMS, *EXTRACT_TEXTS.values(), EXTRACT_ASKS, EXTRACT_SYSTEMS, *STATES.values(), *QUESTIONS.values(), REQUESTS]
    for bank in banks:
        for template in bank:
            yield template
