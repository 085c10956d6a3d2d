"""Sentiment, topics and custom label lists; the answer is the bare label."""

from .grammar import assistant, casual, say, user
from . import noise, phrases, wild, words as w
from .lexicon import GOOD, BAD, TOPICS, NEUTRAL

SUBJECT = """phone laptop hotel room pizza meal film movie book game service waiter flight train ride app update website camera battery
screen keyboard chair sofa jacket shirt pair of shoes concert show museum tour guide course teacher lesson doctor dentist support team
delivery package coffee soup cake restaurant bar beach apartment car bike engine headset speaker watch printer vacuum cleaner blender
toaster oven mattress pillow song album podcast novel ending plot acting staff manager driver taxi store checkout refund process
documentation library tutorial internet connection warranty manual price quality taste smell sound design view breakfast pool gym lamp backpack""".split("\n")
SUBJECTS = [s for s in " ".join(SUBJECT).split() if s not in ("of", "pair")]

POS = [
    "(I|We) (really |absolutely |truly |)(loved|enjoyed|adored|liked) (the|this|that|my new) {s}(.|!)",
    "(The|This|My new) {s} (is|was) (so |very |really |absolutely |)(G)(.|!)",
    "(The|This) {s} (is|was) (G) and (the {s2} was |)(G2).",
    "(What|Such) a (G) {s}(.|!)",
    "(I|We) would (happily|gladly|definitely) (recommend|buy|choose|visit) (the|this) {s} (again|to anyone|to all my friends).",
    "(Best|Finest) {s} (I|we) have (ever|yet) (had|seen|tried|used).",
    "The {s} (exceeded|surpassed|beat) (all |)(my|our) expectations.",
    "(It|The {s}) works (perfectly|flawlessly|like a charm|like a dream), (I am|we are) (thrilled|delighted|so happy|very pleased).",
    "(Five stars|Ten out of ten|Top marks|Thumbs up|Bravo) for (the|this) {s}(.|!)",
    "(The {s} was|It was) not (B) at all, (I|we) (loved|enjoyed) it.",
    "At first the {s} seemed (B), but (in the end|now|after a week) it (is|was) (G).",
    "(I am|We are) (so |very |really |)(happy|pleased|delighted|satisfied|impressed) with (the|this) {s}.",
    "The {s} (made my day|put a smile on my face|saved me hours|was worth every (cent|penny)).",
    "(G), (G2), (and simply |)(G3): that is (the|this|my) {s}.",
    "(I|We) (can't|cannot) (stop using|get enough of|praise enough) (the|this) {s}.",
]
NEG = [
    "(I|We) (really |absolutely |truly |)(hated|disliked|regret buying|despised) (the|this|that|my new) {s}(.|!)",
    "(The|This|My new) {s} (is|was) (so |very |really |absolutely |)(B)(.|!)",
    "(The|This) {s} (is|was) (B) and (the {s2} was |)(B2).",
    "(What|Such) a (B) {s}(.|!)",
    "(I|We) would (never|not) (recommend|buy|choose|visit) (the|this) {s} (again|to anyone|to my worst enemy).",
    "(Worst) {s} (I|we) have (ever|yet) (had|seen|tried|used).",
    "The {s} (broke|failed|stopped working|fell apart|died) after (two days|a week|one hour|a month).",
    "The {s} (let (me|us) down|ruined (my|our) (day|evening|trip|holiday)|was a waste of (money|time)).",
    "(One star|Zero out of ten|Thumbs down|Never again|Stay away) for (the|this) {s}(.|!)",
    "(The {s} was|It was) not (G) at all, (I|we) (hated it|want a refund|want my money back).",
    "At first the {s} seemed (G), but (in the end|now|after a week) it (is|was) (B).",
    "(I am|We are) (so |very |really |)(angry|disappointed|upset|unhappy|frustrated|annoyed) with (the|this) {s}.",
    "The {s} (arrived|came) (late|broken|damaged|dirty) and (nobody|no one) (helped|answered|cared|apologised).",
    "(B), (B2), (and simply |)(B3): that is (the|this|my) {s}.",
    "(I|We) (can't|cannot) (stand|believe how bad|understand who would like) (the|this) {s}.",
    "(I|We) waited (an hour|three weeks|forever) for the {s} and it was (B).",
]
NEU = [
    "The {s} (arrived|was delivered|came) (on|last) (Monday|Tuesday|Friday|Sunday|week).",
    "(The|This) {s} (is|was) (N).",
    "(I|We) (bought|ordered|used|saw|tried) the {s} (in {p}|on Thursday|last month|yesterday).",
    "The {s} (comes in|is available in) (two|three|four) (sizes|colours|versions).",
    "It is a {s}, nothing (more|special|unusual), (neither good nor bad|just average).",
    "The {s} (has|comes with) a (manual|box|number|label) and (weighs|costs) about (twenty|forty|ninety).",
    "The {s} (opens|starts|begins|closes) at (nine|ten|noon|six) (every day|on weekdays|in summer).",
    "(My|Our) {s} is (in the kitchen|on the table|near {p}|next to the door).",
]
LABEL_SETS = [
    ("positive", "negative", "neutral"), ("positive", "negative", "neutral"), ("positive", "negative", "neutral"),
    ("Positive", "Negative", "Neutral"), ("POSITIVE", "NEGATIVE", "NEUTRAL"), ("good", "bad", "neutral"),
    ("happy", "unhappy", "neutral"), ("like", "dislike", "neither"), ("pos", "neg", "neu"), ("praise", "complaint", "other"),
]
SENTIMENT_ASK = [
    "(Classify|Determine|Label|Judge|Rate|Tell me|Give|Identify|Detect|What is) the sentiment of (this|the following|the) (text|review|sentence|message|comment|tweet|feedback)(: |. |:\n)(Labels: {l}. |Answer with {l}. |)({t}|\"{t}\")",
    "Is (this|the following) (text|review|sentence|message|comment|feedback) {or}? ({t}|\"{t}\")",
    "({t}|\"{t}\")(\n| |\n\n)(Is this|Is that|Would you call this) {or}?",
    "(Sentiment|Classify|Sentiment analysis)( ({l})|): ({t}|\"{t}\")",
    "(Text|Review|Comment|Message): {t}\n(Sentiment|Label)( ({l})|):",
    "(Please |)(reply|answer|respond) with (exactly |just |only |)(one word|one label), {or}: ({t}|\"{t}\")",
    "({t}|\"{t}\")\n\n(Classify|Label) (the text above|this) as {or}.",
]
SENTIMENT_SYSTEM = [
    "(You are|Act as) a sentiment (classifier|analyser|analyzer|detector). (Answer|Reply|Respond) with (one word: |only |exactly one of |){or}.",
    "(Classify|Label|Judge) (the sentiment of|) (each|every|the user's) (message|review|text|comment) as {or}. (Answer with the label only.|One word.|No other words.|)",
    "(For every message|For each text), (say|decide|tell me) whether (it|the feeling) is {or}.",
    "(Sentiment analysis|Sentiment task). Labels: {l}. (Output|Return|Print) (only the label|just the label|one label).",
]
TOPIC_ASK = [
    "(Classify|Categorize|Categorise|Label|Sort) (this|the following) (text|sentence|headline|article|message|post)( by topic| into a topic|)( ({l})|. (Labels|Topics|Categories|Options|Choices): {l}|)(. |:\n|: )({t}|\"{t}\")",
    "(What|Which) (topic|category|label|class) (is|fits|describes|matches) (this|the following) (text|sentence|headline|message)( best|)(, {or}|)? ({t}|\"{t}\")",
    "(Topics|Categories|Labels|Classes): {l}(.|)\n(Text|Headline|Message|Input): {t}(\n(Topic|Category|Label|Answer):|)",
    "({t}|\"{t}\")(\n|\n\n| )(Topic|Category|Label|Which topic is it|Pick the topic)( ({l})|: {or}|)?",
    "(Choose|Pick|Select|Give me) (one|the best|exactly one) (label|topic|category|tag) from [{l}] for: ({t}|\"{t}\")",
    "Is (this|the following) (text|headline|sentence|message) about {or}? ({t}|\"{t}\")",
    "(Assign|Put) (this|the following) (message|text|ticket|post) (to |in(to|) )(one of (these|the) (labels|categories|topics|classes)|a category|one category): {l}(.|)(\n\n| )({t}|\"{t}\")",
]
TOPIC_SYSTEM = [
    "(You are|Act as) a (topic |text |news |)(classifier|tagger|sorter|router). (The labels are|Labels|Allowed labels|Choose from|Categories)(:|) {l}. (Answer with (the label only|one label|a single word).|)",
    "(Classify|Categorize|Label|Tag) (each|every|the user's) (message|text|headline) (as|with) (one of|exactly one of|) {or}. (Reply with the label only.|One word.|)",
    "(Topics|Categories|Labels|Classes): {l}. (Return|Output|Print|Say) only the (topic|label|category|best one).",
]


def _fill(rng, template):
    text = say(rng, template)
    taken = w.pick(rng, SUBJECTS)
    for mark, bank in (("G3", GOOD), ("G2", GOOD), ("G", GOOD), ("B3", BAD), ("B2", BAD), ("B", BAD), ("N", NEUTRAL)):
        text = text.replace("<" + mark + ">", w.pick(rng, bank))
    text = text.replace("{s}", taken).replace("{s2}", w.pick(rng, SUBJECTS)).replace("{p}", w.place(rng))
    return text[0].upper() + text[1:]


def _marks(templates):
    for mark in ("G3", "G2", "G", "B3", "B2", "B", "N"):
        templates = [t.replace("(" + mark + ")", "<" + mark + ">") for t in templates]
    return templates


POS, NEG, NEU = _marks(POS) + phrases.POS, _marks(NEG) + phrases.NEG, _marks(NEU) + phrases.NEU
SENTIMENT_ASK += phrases.SENTIMENT_ASK
SENTIMENT_SYSTEM += phrases.SENTIMENT_SYSTEM
TOPIC_ASK += phrases.TOPIC_ASK
TOPIC_SYSTEM += phrases.TOPIC_SYSTEM


FEELINGS = [["happy", "pleased", "delighted", "satisfied", "impressed", "loved", "recommend"], ["angry", "disappointed", "upset", "unhappy", "frustrated", "annoyed", "hated"]]


def sentiment_text(rng, kind, bank=None):
    if bank is None and kind < 2 and rng.random() < 0.25:
        return wild.wild(rng, wild.FEELING).replace("<G>", w.pick(rng, (GOOD, BAD)[kind])).replace("{s}", w.pick(rng, SUBJECTS))
    if bank is None and rng.random() < 0.2 and kind < 2:
        feeling = w.pick(rng, (GOOD, BAD)[kind] if rng.random() < 0.7 else FEELINGS[kind])
        return noise.keyword_text(rng, [feeling, w.pick(rng, SUBJECTS)] if rng.random() < 0.6 else [feeling])
    bank = bank or (POS, NEG, NEU)
    text = _fill(rng, bank[kind])
    if rng.random() < 0.3:
        text += " " + _fill(rng, bank[kind])
    return text


def topic_text(rng, topic):
    r = rng.random()
    if r < 0.35:
        a, b = rng.sample(TOPICS[topic]["words"], 2)
        return wild.wild(rng, wild.ABOUT_TOPIC, a=a, b=b)
    if r < 0.5:
        return noise.keyword_text(rng, rng.sample(TOPICS[topic]["words"], rng.choice([1, 2, 2, 3])))
    keys, templates = TOPICS[topic]["words"], TOPICS[topic]["templates"]
    text = say(rng, phrases.TOPIC_TEXTS if rng.random() < 0.3 else templates, a=w.pick(rng, keys), b=w.pick(rng, keys), n=w.name(rng), p=w.place(rng), c=w.company(rng))
    for double in ("the the ", "my the ", "the a ", "my a ", "the my ", "my my "):
        text = text.replace(double, double.split(" ", 1)[1])
    return text[0].upper() + text[1:]


def joined(rng, labels):
    """'a, b' or 'a / b', and 'a, b or c'."""
    sep = w.pick(rng, [", ", ", ", ", ", "/", " / ", " | "])
    alternatives = ", ".join(labels[:-1]) + w.pick(rng, [" or ", ", or "]) + labels[-1]
    return sep.join(labels), alternatives


def sentiment_labels(rng):
    names = w.pick(rng, LABEL_SETS)
    kinds = [0, 1, 2] if rng.random() < 0.5 else [0, 1]
    rng.shuffle(kinds)
    return names, kinds


def topic_labels(rng):
    """[(topic, label)]: a random subset with random spelling of the labels."""
    chosen = rng.sample(list(TOPICS), rng.choice([2, 3, 3, 4, 4, 5, 6, 8]))
    style = rng.random()
    out = []
    for topic in chosen:
        label = topic if rng.random() < 0.7 else w.pick(rng, TOPICS[topic]["labels"])
        out.append((topic, label.upper() if style < 0.12 else label.capitalize() if style < 0.3 else label))
    return out


def task(rng):
    """One classification task: (user form maker, system or None)."""
    if rng.random() < 0.5:
        names, kinds = sentiment_labels(rng)
        l, o = joined(rng, [names[k] for k in kinds])
        default = names[0] == "positive" and len(kinds) == 3
        asks, systems = SENTIMENT_ASK, SENTIMENT_SYSTEM

        def item():
            k = w.pick(rng, kinds)
            return sentiment_text(rng, k), names[k]
    else:
        pairs = topic_labels(rng)
        l, o = joined(rng, [label for _, label in pairs])
        default = False
        asks, systems = TOPIC_ASK, TOPIC_SYSTEM

        def item():
            topic, label = w.pick(rng, pairs)
            return topic_text(rng, topic), label

    return item, asks, systems, l, o, default


def asking(rng, asks, l, o, text):
    r = rng.random()
    if r < 0.5:
        return say(rng, asks, t=text, l=l, **{"or": o})
    return wild.wild(rng, wild.LABEL, l=l, o=o, t=text) if r < 0.8 else noise.choosing(rng, w.pick(rng, [l, o]), text)


def with_user_instruction(rng):
    item, asks, _, l, o, default = task(rng)
    for _ in range(50):
        text, label = item()
        prompt = asking(rng, asks, l, o, text)
        if default or l in prompt or o in prompt:
            return [user(prompt), assistant(label)]
    return with_user_instruction(rng)


def with_system(rng):
    item, _, systems, l, o, _ = task(rng)
    r = rng.random()
    system = say(rng, systems, l=l, **{"or": o}).strip() if r < 0.5 else wild.wild(rng, wild.LABEL_SYSTEM, l=l, o=o) if r < 0.8 else noise.around(rng, w.pick(rng, [l, o]))
    turns = []
    for _ in range(rng.choice([1, 2, 3, 5, 7])):
        text, label = item()
        turns += [user(casual(rng, text)), assistant(label)]
    return system, turns
