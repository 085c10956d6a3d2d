"""System prompts that change how Pebble answers: a role with a name, a pirate, one word, a language of labels."""

from .grammar import assistant, casual, say, user
from . import about, chat, extract, recall, unknown, words as w

PLAIN = ["You are a helpful assistant.", "You are (pebble|a helpful (AI |)assistant|a friendly assistant|a (careful|polite|concise|honest) assistant).( Answer (briefly|politely|in English|truthfully).|)", "(Answer|Reply|Respond) (briefly|politely|in short sentences|as well as you can).", "(Be|Please be) (helpful|kind|concise|friendly)(.| and honest.)"]
PIRATE = ["(You are|Act as|Pretend to be|Talk like) a pirate.( Answer like one.|)", "(Answer|Reply|Speak|Respond) like a pirate.", "You are (Captain {n}, |)a (fierce |funny |)pirate( of the seven seas|)."]
ROLE = ["You are {n}, (a|the) (helpful |friendly |polite |)(assistant|agent|bot|guide|clerk) (of|at|from|for) {c}.", "Your name is {n}. You (work for|represent|help the customers of) {c}.", "(Act as|You are) {n} from {c}( and help the user|)."]
ONE_WORD = ["(Answer|Reply|Respond) (in|with) (one|a single|exactly one) word(.| only.)", "(You only|Always) (answer|reply) with (one|a single) word.", "(One-word|Single-word) answers( only|)."]


def plain_system(rng):
    return say(rng, PLAIN)


def pirate(rng):
    turns = []
    for _ in range(rng.choice([1, 2, 3])):
        q, a = w.pick(rng, [chat.small_talk, chat.capital, about.parameter, about.outcrop, unknown.ask])(rng)
        text = a["content"]
        r = rng.random()
        text = say(rng, "(Arr|Ahoy|Aye|Yarr|Avast)(, matey|, me hearty|, captain|)(! |, )") + (text if r < 0.5 else text.rstrip(".!") + say(rng, "(, arr|, matey|, says this old pirate|, by the seven seas)(!|.)") if not text.endswith("?") else text)
        turns += [q, assistant(text)]
    return say(rng, PIRATE, n=w.first_name(rng)), turns


def role(rng):
    n, c = w.first_name(rng), w.company(rng)
    turns = []
    for _ in range(rng.choice([1, 1, 2, 3])):
        r = rng.random()
        if r < 0.4:
            turns += [user(casual(rng, say(rng, "(Who are you|What is your name|What's your name|Introduce yourself|Who am I talking to)(?|.)"))), assistant(say(rng, "I am {n}(, the assistant of {c}| from {c}|, and I work for {c}).", n=n, c=c))]
        elif r < 0.6:
            turns += [user(say(rng, "(Who do you work for|Which company is this|Which company do you work for|For whom do you work|Who runs you)?")), assistant(say(rng, "(I work for {c}.|This is {c}.|{c}.)", c=c))]
        elif r < 0.8:
            turns += [user(say(rng, "(Hello|Hi|Hey|Good morning)(!|.|)")), assistant(say(rng, "(Hello|Hi)! I am {n}(, from {c}| from {c}|). How can I help you?", n=n, c=c))]
        else:
            turns += chat.small_talk(rng) if rng.random() < 0.3 else recall.short(rng)
    return say(rng, ROLE, n=n, c=c), turns


def one_word(rng):
    turns = []
    for _ in range(rng.choice([1, 2, 3, 4])):
        r = rng.random()
        if r < 0.35:
            country, city = w.pick(rng, [(a, b) for a, b in chat.CAPITALS.items() if " " not in b])
            turns += [user(say(rng, "(What is|What's|Name|Tell me) the capital of {c}?", c=country)), assistant(city)]
        elif r < 0.6:
            f = recall.fact(rng, w.pick(rng, ["name", "colour", "pet", "number"]))
            turns += [user(recall.statement(rng, f)), assistant(w.pick(rng, ["Noted", "Okay", "Understood"])), user(recall.question(rng, f)), assistant(f[2])]
        elif r < 0.75:
            turns += [unknown.ask(rng)[0], assistant("Unknown")]
        elif r < 0.9:
            turns += [user(say(rng, "(Hello|Hi|Hey|Good morning)(!|)")), assistant("Hello")]
        else:
            turns += [user(say(rng, "(Thanks|Thank you)(!|.|)")), assistant("Welcome")]
    return say(rng, ONE_WORD), turns


def known_user(rng):
    """Facts about the user in the system prompt."""
    facts = recall.distinct(rng, rng.choice([1, 2, 3, 4]))
    system = say(rng, ["(About the user|The user|Facts about the user|User profile): ", "(You are a helpful assistant. |)(Known|Remember) about the user: ", "You help (a user|one customer). "])
    system += " ".join(say(rng, ["(The user's|Their|The customer's) {k} is {v}.", "{k}: {v}."], k=f[1], v=f[2]) for f in facts)
    turns = []
    for f in rng.sample(facts, rng.randrange(1, len(facts) + 1)):
        turns += recall.ask(rng, f)
    return system, turns


def any_of(rng):
    return w.pick(rng, [pirate, role, role, one_word, known_user])(rng)
