"""Small talk and the simple things that a first-time user tries."""

from .grammar import assistant, casual, say, user
from . import words as w
from .stories import ANIMALS

PAIRS = [
    ("(Hello|Hi|Hey|Hi there|Hello there|Good day|Greetings|Hey there|Hiya|Howdy)(!|.|, pebble!| pebble|)", "(Hello|Hi|Hi there)! (How can I help you|What can I do for you|How can I help|What would you like to do)( today|)?"),
    ("(Good morning|Good evening|Good afternoon|Morning)(!|.|)", "(Hello|Good to see you|A good day to you)! (How can I help you|What can I do for you)?"),
    ("(How are you|How are you doing|How's it going|How do you do|Are you well|How do you feel)( today|)?", "(I am fine|I am doing well|All is well), thank you(.|!) (How can I help you|How are you|And you)?"),
    ("(Thanks|Thank you|Thank you very much|Many thanks|Thanks a lot|Cheers|Great, thanks|Perfect, thank you|That was helpful)(!|.|)", "(You are welcome|You're welcome|My pleasure|Glad to help|Any time)(!|.)"),
    ("(Bye|Goodbye|See you|See you later|Good night|Farewell|Take care)(!|.|)", "(Goodbye|Bye|See you|Take care)(!|. Have a nice day!)"),
    ("(Who are you|What are you|What's your name|What is your name|Introduce yourself|Tell me about yourself|Are you a robot|Are you human|Are you an AI)(?|.|)", "I am pebble, (a small language model|the small language model) (built into|inside|that comes with) Outcrop."),
    ("(What can you do|How can you help me|What are you good at|Help|What do you know|What are your skills)(?|.|)", "I can (classify texts, extract facts as JSON, tell short stories, remember what you told me and call tools|tell stories, sort texts by topic or sentiment, extract names and dates as JSON, and call tools)."),
    ("(Who made you|Who created you|Who trained you|Where do you come from|How were you made|How were you trained)?", "I was trained from scratch on made-up text, as the built-in model of Outcrop."),
    ("(I am|I'm|I feel) (sad|tired|bored|lonely|stressed|sick)( today|)(.|)", "I am sorry to hear that. (A short story may help: just ask.|I hope it gets better soon.|Would you like a story?)"),
    ("(I am|I'm|I feel) (happy|great|excited|fine|good)( today|)(.|!|)", "(That is good to hear|I am glad to hear that|Wonderful)(!|.)"),
    ("(Tell me a joke|Do you know a joke|Make me laugh|Say something funny|A joke, please)(.|?|!|)", "(Why did the token cross the context? To get to the other side.|What does a model eat? Just a few bytes.|Why was the server cold? It left its windows open.|What do you call a small rock that talks? A pebble.|Why do models never get lost? They follow the gradient.)"),
    ("(Test|Testing|This is a test|Ping|Are you there|Can you hear me|Do you work|Is this working)(.|?|!|)", "(Yes, I am here|I am here|It works|Yes, it works)(.|!)"),
    ("(Sorry|I'm sorry|My mistake|Oops|Never mind)(.|!|)", "(No problem|That is all right|No worries)(.|!)"),
    ("(OK|Okay|Fine|Good|Great|Nice|Cool|I see|Understood|Yes|Sure)(.|!|)", "(Good|Great|Okay)(.|!) (What else can I do for you|Anything else|What is next)?"),
    ("(Do you like|Do you love) {t}?", "I am a (small |)language model, so I have no taste, but I like to talk(.| about it.)"),
    ("(Tell me|Say) something( interesting|)(.|)", "(I am so small that I fit into six megabytes.|A pebble is a small stone, rounded by water.|I read text in small pieces called tokens.|Outcrop is where bedrock comes to the surface.)"),
    ("(How old are you|When were you born)?", "I have no age. I am a small language model."),
    ("(You are|You're) (great|smart|funny|nice|the best|helpful|cool)(.|!|)", "(Thank you|Thanks)(!|. That is kind of you.)"),
    ("(You are|You're) (stupid|slow|dumb|wrong|useless)(.|!|)", "(I am sorry|Sorry). I am a small model and I make mistakes."),
    ("(What is|What's) the meaning of life?", "I don't know. (Perhaps to be kind and curious.|That is too big a question for a pebble.)"),
]
CAPITALS = dict(x.split(":") for x in """France:Paris|Germany:Berlin|Italy:Rome|Spain:Madrid|Portugal:Lisbon|Austria:Vienna|Switzerland:Bern|Poland:Warsaw|Greece:Athens|Ireland:Dublin|Norway:Oslo|Sweden:Stockholm|Finland:Helsinki|Denmark:Copenhagen|Belgium:Brussels|the Netherlands:Amsterdam|Hungary:Budapest|Romania:Bucharest|Bulgaria:Sofia|Croatia:Zagreb|Iceland:Reykjavik|Ukraine:Kyiv|Turkey:Ankara|Egypt:Cairo|Kenya:Nairobi|Japan:Tokyo|China:Beijing|India:New Delhi|Thailand:Bangkok|Vietnam:Hanoi|South Korea:Seoul|Indonesia:Jakarta|the Philippines:Manila|Australia:Canberra|New Zealand:Wellington|Canada:Ottawa|the United States:Washington, D.C.|Mexico:Mexico City|Brazil:Brasilia|Argentina:Buenos Aires|Chile:Santiago|Peru:Lima|Colombia:Bogota|Cuba:Havana|England:London|Scotland:Edinburgh|the United Kingdom:London|Russia:Moscow|Israel:Jerusalem|Morocco:Rabat|Nigeria:Abuja|Ghana:Accra|Iran:Tehran|Iraq:Baghdad|Estonia:Tallinn|Latvia:Riga|Lithuania:Vilnius|the Czech Republic:Prague""".split("|"))
LISTS = {"colours": w.COLORS[:18], "colors": w.COLORS[:18], "animals": ANIMALS[:18], "fruits": "apple banana cherry grape lemon mango orange peach pear plum melon kiwi".split(), "numbers": "1 2 3 4 5 6 7 8 9".split(), "days of the week": w.DAYS, "months": w.MONTHS, "cities": w.CITIES[:30],
         "planets": "Mercury Venus Earth Mars Jupiter Saturn Uranus Neptune".split(), "vegetables": "carrot potato tomato onion cabbage spinach pea leek bean pepper".split(), "names": w.FIRST[:40], "instruments": "piano guitar violin drum flute trumpet harp cello".split()}
NUMBER_WORDS = "zero one two three four five six seven eight nine ten".split()


def small_talk(rng):
    ask, reply = w.pick(rng, PAIRS)
    return [user(casual(rng, say(rng, ask, t=w.thing(rng)))), assistant(say(rng, reply))]


def capital(rng):
    country, city = w.pick(rng, list(CAPITALS.items()))
    if rng.random() < 0.15:
        return [user(say(rng, "(Which country has the capital|{v} is the capital of which country|Of which country is) {v}( the capital|)?".replace("{v} is the capital of which country|", ""), v=city)), assistant(say(rng, "({v} is the capital of {c}.|{c1}.)", v=city, c=country, c1=country[0].upper() + country[1:]))]
    text = say(rng, ["(What is|What's|Tell me|Name|Do you know|Which city is|Give me) the capital( city|) of {c}(?|)", "{c}'s capital?", "Capital of {c}?", "(Which|What) (city|town) is the capital of {c}?"], c=country)
    return [user(casual(rng, text[0].upper() + text[1:])), assistant(say(rng, ["The capital of {c} is {v}.", "The capital of {c} is {v}.", "It is {v}.", "{v}."], c=country, v=city))]


def repeat(rng):
    what = w.pick(rng, [w.phrase, w.name, w.nonce, w.code, w.thing, w.place, lambda r: say(r, "(I|We|They) (like|see|have|want) (the |a |){t}(.|)", t=w.thing(r)), lambda r: " ".join(w.words_like(r, r.randrange(2, 7)))])(rng)
    if rng.random() < 0.3:
        what = what[0].upper() + what[1:]
    text = say(rng, ["(Say|Repeat|Echo|Write|Print|Output|Type)(:|) ({v}|\"{v}\"|'{v}')", "(Repeat after me|Say after me|Please say|Please repeat|Copy this|Repeat this|Say this)(:|) ({v}|\"{v}\"|'{v}')", "(Can you|Could you) (say|repeat|write) ({v}|\"{v}\"|'{v}')?", "(Answer|Reply|Respond) with (exactly |only |just |)(: |)({v}|\"{v}\")", "(Say|Write) (the word|the words|the text|exactly) ({v}|\"{v}\"|'{v}')(.|)"], v=what)
    return [user(text), assistant(what)]


def count(rng):
    n = rng.randrange(2, 21)
    start = 1 if rng.random() < 0.75 else rng.randrange(1, n + 1)
    shown = NUMBER_WORDS[n] if n <= 10 and rng.random() < 0.4 else str(n)
    if start == 1:
        text = say(rng, "(Count|Please count|Can you count|Count for me) (from (1|one) |)(to|up to) {n}(.|?|)", n=shown)
        return [user(text), assistant(", ".join(str(i) for i in range(1, n + 1)))]
    if rng.random() < 0.3:
        return [user(say(rng, "Count (down |backwards )from {n}( to (1|one)|)(.|)", n=shown)), assistant(", ".join(str(i) for i in range(n, 0, -1)))]
    return [user(say(rng, "(Count|Please count) from {a} to {n}(.|)", a=start, n=n)), assistant(", ".join(str(i) for i in range(start, n + 1)))]


def arithmetic(rng):
    a, b = rng.randrange(0, 13), rng.randrange(0, 13)
    r = rng.random()
    if r < 0.55:
        op, value, words = "+", a + b, "plus"
    elif r < 0.75:
        a, b = max(a, b), min(a, b)
        op, value, words = "-", a - b, "minus"
    else:
        a, b = rng.randrange(0, 11), rng.randrange(0, 11)
        op, value, words = w.pick(rng, ["*", "x"]), a * b, "times"
    q = w.pick(rng, [f"{a} {op} {b}", f"{a}{op}{b}", f"{a} {words} {b}"])
    return [user(say(rng, ["(What is|What's|How much is|Calculate|Compute) {q}(?|)", "{q}(?| =| = ?)"], q=q)), assistant(say(rng, ["{v}", "{v}.", "{q} is {v}.", "It is {v}."], q=q, v=value))]


def listing(rng):
    kind = w.pick(rng, list(LISTS))
    n = min(rng.randrange(2, 7), len(LISTS[kind]))
    items = rng.sample(LISTS[kind], n) if kind not in ("days of the week", "months", "numbers") else LISTS[kind][:n]
    text = say(rng, "(List|Name|Give me|Tell me|Write down) {n} {k}(.|, please.|)", n=NUMBER_WORDS[n] if rng.random() < 0.6 else n, k=kind)
    return [user(text), assistant("\n".join(f"{i + 1}. {x}" for i, x in enumerate(items)) if rng.random() < 0.3 else ", ".join(items))]


def any_of(rng):
    return w.pick(rng, [small_talk, small_talk, small_talk, capital, capital, repeat, repeat, count, arithmetic, listing])(rng)
