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
    ["Looking back, I found the {s} <G> from start to finish.", "I am really <POSFEEL> with the {s} and would choose the same again.", "Five stars from me, as the {s} proved <G>.", "The {s} seemed <G> to all of us, and everyone was smiling afterwards.",
     "The {s} left my whole family <POSFEEL>.", "Both my parents called the {s} <G>, and I agree with them.", "I would pick the <G> {s} again without thinking twice.", "Many thanks to everyone who made the {s} so <G>."],
    ["To my regret, I found the {s} <B> from start to finish.", "I am really <NEGFEEL> with the {s} and would not choose the same again.", "One star from me, as the {s} proved <B>.", "The {s} seemed <B> to all of us, and nobody wants to try again.",
     "The {s} left my whole family <NEGFEEL>.", "Both my parents called the {s} <B>, and I agree with them.", "I will stay away from the <B> {s} from now on.", "Nobody warned us that the {s} could be so <B>."],
    ["The {s} seemed <N> to me and did not stand out in any way.", "Compared with others, the {s} looked <N>.", "They described the {s} as <N>, and I have no strong opinion.", "Nothing special to report: I would call the {s} <N>.",
     "All in all, the {s} struck me as <N>.", "Her sister mentioned the {s} during a call.", "He asked about the {s} and wrote down the answer.", "The {s} appeared twice on the list that she read out to me."],
)
FEEL = {"POSFEEL": ["happy", "pleased", "delighted", "satisfied", "impressed"], "NEGFEEL": ["angry", "disappointed", "upset", "unhappy", "frustrated"]}
SENTIMENT_ASKS = ["What is the tone of this comment, {o}?\n\n{t}", "I would like to know the sentiment of this comment. Choose {o}.\n{t}", "Here is something a customer wrote: \"{t}\" Label its sentiment as {o}.", "{t}\n\nWhich label describes the feeling in this text, {o}?",
                  "Please judge the following comment. Possible answers: {l}.\n\n{t}", "Give this comment one sentiment label from {l}: {t}", "How does the writer of this comment feel? Answer {o}.\n\"{t}\"", "Comment: {t}\nWhich sentiment does it express, {o}?"]
SENTIMENT_SYSTEMS = ["The user sends comments, one at a time. Answer each with its sentiment: {o}.", "You label the sentiment of short comments. The only labels are {l}.", "For each comment you are shown, say how the writer feels. Allowed answers: {l}.", "Your task is to rate the feeling in a text. Write {o} and leave out everything else."]
TOPIC_TEXTS = ["My brother has many questions about {a} and {b}.", "Could someone explain {a} to me, and maybe {b} as well?", "This note is mostly about {a}, with a few lines on {b}.", "Nobody mentioned {b} until somebody brought up {a}.",
               "After hearing about {a}, she wanted to know more about {b}.", "Most of our conversation came down to {a} and {b}.", "I would like to understand {a} a little better.", "The thing we discussed at greatest length was {a}."]
TOPIC_ASKS = ["What is the subject of this text? Choose from {l}.\n\n{t}", "Please find the right category for this sentence, {o}.\n{t}", "{t}\n\nWhat is the main subject here, {o}?", "Sort this sentence into one of the groups {l}: {t}",
              "I use the categories {l}. Which one does this sentence belong to? \"{t}\"", "Label the next sentence with {o}.\nSentence: {t}", "Name the subject of this comment; your choices are {l}.\nComment: {t}", "Under which heading does this text belong, {o}? {t}"]
TOPIC_SYSTEMS = ["Each message has one main subject. Reply with that subject and nothing more: {o}.", "You sort short texts by subject. The subjects are {l}. Answer with one of them only.", "Choose one of {l} for the text that the user sends, without any explanation.", "For every text that comes in, give the matching category out of {l} and no other words."]

EXTRACT_TEXTS = {
    ("name", "place", "date"): ["The transfer of {name} to {place} takes effect on {date}.", "The arrival of {name} in {place} is planned for {date}.", "It was {date} when {name} first set foot in {place}."],
    ("name", "amount"): ["A transfer of {amount} arrived from {name}.", "The total that {name} spent is {amount}.", "The sum that {name} still owes is {amount}."],
    ("name", "company"): ["{name} has just accepted a position at {company}.", "The person in charge at {company} is {name}.", "{company} announced that {name} will lead the sales team."],
    ("name", "email"): ["Questions for {name} should be sent to {email}.", "If you want to contact {name}, please use {email}."],
    ("name", "phone"): ["If nobody answers, dial {phone} and ask for {name}.", "The best number for reaching {name} is {phone}."],
    ("place", "date", "time"): ["The public hearing in {place} opens on {date} at {time}.", "Registration starts in {place} on {date}, at {time} sharp.", "The parade through {place} sets off at {time} on {date}."],
    ("amount", "item"): ["The {item} now costs {amount} after the price cut.", "An offer of {amount} was made for the {item}.", "At {amount}, the {item} is rather expensive."],
    ("name", "code", "item"): ["{name} is waiting for the {item}, which was registered under {code}.", "The {item} that {name} asked for is filed as {code}."],
    ("date", "amount", "company"): ["{company} has to settle {amount} no later than {date}.", "A payment of {amount} to {company} was approved on {date}.", "Since {date}, the debt of {company} has stood at {amount}."],
    ("date", "code"): ["Case {code} was reopened on {date}.", "Request {code} has been pending since {date}.", "Proceedings under {code} must be finished by {date}."],
    ("place", "company", "phone"): ["{company} runs a branch in {place}; call {phone} for details.", "To reach the {place} branch of {company}, dial {phone}."],
    ("name", "place", "date", "amount"): ["For the trip to {place} on {date}, {name} set aside {amount}.", "{name} agreed to pay {amount} by {date} for lodging in {place}."],
}
EXTRACT_ASKS = ["Give me {keys} as a JSON object, based on this text:\n\n{t}", "Here is a text: {t}\n\nReturn a JSON object that has these fields: {keys}.", "Please turn this sentence into JSON. The fields are {keys}.\n{t}", "Find {keys} in the text below and write the result as a JSON object.\n\n{t}",
                "{t}\n\nPut {keys} from the message above into JSON.", "Look at this message and write down {keys} in JSON format: {t}", "I want JSON with the following fields filled in from the message: {keys}.\nMessage: {t}", "What does the text say about {keys}? Reply with JSON only.\n\nText: {t}"]
EXTRACT_SYSTEMS = ["The user sends short texts. Answer each one with a JSON object that has these fields: {keys}.", "You turn messages into JSON. Always include {keys}; use null where the message says nothing.", "Take {keys} from the text that the user provides and reply in JSON, with no other words."]

STATES = {
    "name": ["Before we start: I go by the name of {v}.", "You are talking to {v}, in case you want to know my name.", "In case you need it, my first name is {v}.", "My parents gave me the name {v}."],
    "city": ["A few years ago I moved to the city of {v}, and I still live here.", "My house is in the city of {v}.", "The city where I live and work is {v}.", "For many years the city of {v} has been my home."],
    "colour": ["Of all colours I am most fond of {v}.", "If you ask me for the best colour, I would say {v}.", "The colour I like most of all is {v}.", "Nothing looks better to me than {v}, which is my favourite colour."],
    "code word": ["Let us use {v} as the code word between us.", "When I call you, the code word will be {v}.", "I have chosen {v} to be our code word.", "Please keep our code word safe: it is {v}."],
    "number": ["I consider {v} to be my lucky number.", "The number that always brings me luck is {v}.", "I like to bet on {v}, because that is my lucky number.", "Ever since I was a child, my lucky number has been {v}."],
    "pet": ["I share my home with a pet whose name is {v}.", "We have a pet, a rabbit by the name of {v}.", "My daughter chose the name {v} for our pet.", "Our pet is a small dog that answers to {v}."],
}
QUESTIONS = {
    "name": ["Could you repeat the name I gave for myself?", "Which name did I introduce myself with?", "I want to be sure that you know my name. What is it?", "What was my name, as I told you before?"],
    "city": ["Could you repeat the city that I live in?", "What is the name of the city that I live in?", "I mentioned the city where I live. Which one is it?", "Which city did I say is my home?"],
    "colour": ["Could you repeat which colour is my favourite?", "Which colour did I say is the best one for me?", "I mentioned my favourite colour. Which one is it?", "What was my favourite colour, as I told you before?"],
    "code word": ["Could you repeat our code word for me?", "Which word did I give you as the code word?", "I mentioned a code word. Which one is it?", "What was the code word, as I told you before?"],
    "number": ["Could you repeat my lucky number for me?", "Which number did I say is my lucky one?", "I mentioned my lucky number. Which one is it?", "What was my lucky number, as I told you before?"],
    "pet": ["Could you repeat the name of my pet?", "Which name did I say my pet has?", "I mentioned my pet. What is its name?", "What was the name of my pet, as I told you before?"],
}
REQUESTS = ["I would be glad if you could {v} the {o} {w}", "Would you mind helping me {v} the {o} {w}", "Your next job is to {v} the {o} {w}", "Can you take care of this: {v} the {o} {w}", "Here is what I need from you: {v} the {o} {w}",
            "When you are ready, {v} the {o} {w}", "I was hoping you could {v} the {o} {w}", "There is one thing to do for me: {v} the {o} {w}"]


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
