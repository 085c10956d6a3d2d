"""Facts that the user states early and asks for later."""

from .grammar import assistant, say, user
from . import noise, phrases, wild, words as w

_job = lambda rng: w.pick(rng, "a teacher,a nurse,a baker,an engineer,a pilot,a farmer,a painter,a lawyer,a plumber,a chemist,a judge,a sailor,a gardener,a dentist,an actor,a tailor,a librarian,a carpenter,a chef,a driver".split(","))
_pet = w.first_name
_food = lambda rng: w.pick(rng, "pizza,sushi,pasta,soup,curry,pancakes,salad,tacos,ramen,cheese,chocolate,apples,dumplings,stew,bread,ice cream,rice,noodles,burgers,waffles".split(",")) if rng.random() < 0.6 else w.nonce(rng)
_animal = lambda rng: w.pick(rng, "dog,cat,parrot,rabbit,hamster,horse,turtle,goldfish,lizard,pony,canary,snake".split(","))
_color = lambda rng: w.pick(rng, w.COLORS) if rng.random() < 0.8 else w.nonce(rng)
_num = lambda rng: str(rng.randrange(1, 100)) if rng.random() < 0.4 else w.number(rng)

# attribute -> (maker, ways to call it, extra statements, extra questions)
FACTS = {
    "name": (w.first_name, ["name"], ["(Hi, |Hello, |Hey, |)(I'm|I am|call me|this is) {v}(.|!)", "(People|My friends|Everyone|You can|You may) call me {v}.", "{v} is (my name|what people call me|how I am called)."], ["(Who am I|What am I called|Do you know who I am|What do people call me)?", "(How|What) (should|do|would) you (call|address) me?"]),
    "city": (w.place, ["city", "home town", "hometown", "home city"], ["I (live|grew up|was born|work) in {v}.", "I (come|am) from {v}.", "(My home is|I have lived) in {v}(.| for years.)"], ["Where (do I live|am I from|is my home|do I come from)?", "(Which|What) (city|town|place) (do I live in|am I from)?"]),
    "colour": (_color, ["favourite colour", "favorite color", "colour", "color"], ["I (like|love|prefer) (the colour |){v} (best|most|more than any other colour).", "(I paint everything|Everything I own is) {v}."], ["(Which|What) (colour|color) do I (like|love|prefer)(| best| most)?"]),
    "code word": (lambda r: w.code(r) if r.random() < 0.5 else w.nonce(r) if r.random() < 0.6 else w.thing(r), ["code word", "secret word", "password", "passphrase", "keyword", "codeword", "magic word"], ["(Remember|Note|Keep in mind|Memorise) (this|the) (code word|word|password)(:| -) {v}(.|)", "(Today's|The) (code word|secret|password|keyword) is {v}."], ["(What|Which) (was|is) the (code word|secret word|password|keyword|magic word)( again| I gave you|)?"]),
    "number": (_num, ["lucky number", "favourite number", "number", "secret number", "favorite number"], ["(Remember|Note|Keep) the number {v}(.| for me.)", "I (picked|chose|like) the number {v}."], ["(What|Which) (is|was) the number( I (gave|told) you|)?", "(Which|What) number did I (pick|choose|tell you|give you)?"]),
    "pet": (_pet, ["pet's name", "dog's name", "cat's name", "pet"], ["(My|Our) (dog|cat|pet|rabbit|parrot|hamster) is (called|named) {v}.", "I have a (dog|cat|pet|rabbit|parrot) (called|named) {v}.", "{v} is (my|our) (dog|cat|pet)."], ["(What is|What's) my (dog|cat|pet|rabbit|parrot) called?", "(How|What) (do I call|did I name) my (pet|dog|cat)?"]),
    "job": (_job, ["job", "profession", "occupation"], ["I (work as|am|earn my money as) {v}.", "For a living I am {v}."], ["What do I (do for a living|work as)?"]),
    "food": (_food, ["favourite food", "favorite food", "favourite dish"], ["I (like|love) (to eat |eating |){v} (best|most).", "(I could eat {v} every day|Nothing tastes better than {v}), (so that is my favourite food|my favourite food)."], ["What do I (like|love) (to eat|eating)( best| most|)?"]),
    "birthday": (w.date, ["birthday", "date of birth", "birth date"], ["I was born on {v}.", "I celebrate (my birthday|my birth) on {v}."], ["When (was I born|is my birthday|do I celebrate my birthday)?"]),
    "meeting": (w.time, ["meeting time", "appointment", "appointment time", "train time"], ["(My|The|Our) (meeting|appointment|train|call) is at {v}.", "I have (a meeting|an appointment|a call) at {v}."], ["(When|At what time|What time) is my (meeting|appointment|train|call)?"]),
    "friend": (w.name, ["best friend", "friend's name", "boss", "sister", "brother", "teacher", "neighbour", "doctor", "manager"], ["(My|The) {k} is (called|named) {v}."], ["(Who is|What is the name of) my {k}?"]),
    "company": (w.company, ["company", "employer"], ["I work (for|at) {v}.", "{v} (is my employer|employs me|pays my salary)."], ["(Where|For whom|For which company) do I work?"]),
    "order": (w.code, ["order number", "ticket number", "booking code", "reference", "customer number", "account number", "room number", "booking reference"], ["(The|My) {k} (is|was|:) {v}."], ["(What|Which) (is|was) (my|the) {k}( again|)?"]),
    "car": (w.thing, ["car", "bike", "favourite book", "hobby", "favourite song", "instrument", "favourite film", "present", "project"], ["(My|Our) {k} is (called|) {v}."], ["(What|Which) (is|was) my {k}?"]),
}
STATE = ["(My|By the way, my|Just so you know, my|For the record: my|Note that my|FYI, my) {k} is {v}(.|!)", "(Remember|Please remember|Keep in mind|Don't forget|Please note|Memorise)(:| that|,) my {k} is {v}.",
         "My {k}(:| =) {v}", "(The|About me: my) {k} is {v}.", "(I want you to know that|You should know that|Let me tell you that) my {k} is {v}.", "{v} is my {k}."]
ASK = ["(What is|What's|What was|Tell me|Can you tell me|Remind me what is|Please tell me|Say) (my|my|the) {k}(?|)", "(Do|Can|Could) you (remember|recall|tell me|still know|know) (my|what my) {k}( is|)?", "(I forgot|I can't remember) my {k}. (What is it|Do you know it|Can you help)?",
       "(Earlier|Before|At the start) I (told you|mentioned) my {k}. (What is it|What was it|Which one)?", "(And|So,|OK,|Now,) (what|what exactly) is my {k}?", "(Quick question|One more thing|Back to me): what is my {k}?", "What did I (say|tell you) (about my {k}|my {k} is|my {k} was)?"]
REPLY = ["Your {k} is {v}.", "Your {k} is {v}.", "Your {k} is {v}.", "You told me (that |)your {k} is {v}.", "It is {v}.", "{v}."]
ACK = ["(Got it|Noted|Okay|All right|Thanks|Understood)(.|!)", "(I will remember that|I'll remember|I will keep that in mind)(.|!)", "(Thanks for telling me|Good to know)(.|!)", "(Noted|Got it|Okay): your {k} is {v}.", "(Noted|Got it|Okay), {v}."]
NAME_ACK = ["(Hello|Hi|Nice to meet you|Welcome|Pleased to meet you), {v}(!|.)( How can I help( you|)?|)"]
UNTOLD = ["You have not told me your {k}(.| yet.)", "I don't know your {k}. You have not told me."]


STATE += phrases.RECALL_STATE
ASK += phrases.RECALL_ASK
for _kind in phrases.RECALL_STATEMENTS:
    FACTS[_kind][2].extend(phrases.RECALL_STATEMENTS[_kind])
    FACTS[_kind][3].extend(phrases.RECALL_QUESTIONS[_kind])


def fact(rng, kind=None):
    """(kind, what it is called, value)."""
    kind = kind or w.pick(rng, list(FACTS))
    ways = noise.ABOUT[kind] if kind in noise.ABOUT and rng.random() < 0.35 else FACTS[kind][1]
    return kind, w.pick(rng, ways), FACTS[kind][0](rng)


def statement(rng, f, extra=0.45):
    kind, k, v = f
    if rng.random() < 0.35:
        own = wild.FACT.get(kind)
        return wild.wild(rng, own if own and rng.random() < 0.6 else wild.FACT[None], k=k, v=v)
    if k in noise.ABOUT.get(kind, ()) and rng.random() < 0.6:
        return noise.fact_statement(rng, kind, k, v)
    text = say(rng, FACTS[kind][2] if rng.random() < extra else STATE, k=k, v=v)
    return say(rng, phrases.BY_THE_WAY) + text if rng.random() < 0.15 else text + say(rng, phrases.ASIDE) if rng.random() < 0.15 else text


def question(rng, f):
    kind, k, _ = f
    if rng.random() < 0.35:
        own = wild.FACT_QUESTION.get(kind)
        return wild.wild(rng, own if own and rng.random() < 0.6 else wild.FACT_QUESTION[None], k=k)
    if k in noise.ABOUT.get(kind, ()) and rng.random() < 0.5:
        return noise.fact_question(rng, k)
    text = say(rng, FACTS[kind][3] if rng.random() < 0.45 else ASK, k=k)
    if rng.random() < 0.2:
        text = say(rng, phrases.BEFORE) + text[0].lower() + text[1:]
    if rng.random() < 0.2:
        text = text.rstrip(".?") + say(rng, phrases.AFTER)
    return text


def reply(rng, f):
    return say(rng, REPLY, k=f[1], v=f[2])


def ack(rng, f):
    return say(rng, NAME_ACK if f[0] == "name" and rng.random() < 0.7 else ACK, k=f[1], v=f[2])


def tell(rng, f):
    return [user(statement(rng, f)), assistant(ack(rng, f))]


def ask(rng, f):
    return [user(question(rng, f)), assistant(reply(rng, f))]


def distinct(rng, n):
    """n facts of different kinds."""
    return [fact(rng, kind) for kind in rng.sample(list(FACTS), n)]


def untold(rng, told):
    f = fact(rng, w.pick(rng, [k for k in FACTS if k not in told]))
    return [user(question(rng, f)), assistant(say(rng, UNTOLD, k=f[1]))]


def short(rng):
    """Facts and questions close together."""
    facts = distinct(rng, rng.choice([1, 1, 2, 2, 3, 4]))
    if rng.random() < 0.5:
        turns = [user(" ".join(statement(rng, f) for f in facts)), assistant(ack(rng, facts[0]) if len(facts) == 1 else say(rng, ACK[:3]))]
    else:
        turns = [m for f in facts for m in tell(rng, f)]
    if rng.random() < 0.12:
        turns += untold(rng, [f[0] for f in facts])
    asked = list(facts)
    rng.shuffle(asked)
    for f in asked[: rng.randrange(1, len(asked) + 1)]:
        turns += ask(rng, f)
    return turns
