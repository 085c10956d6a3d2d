"""Sentences around the words that matter, made of words in random order.

Written templates alone teach their own wording. Here everything except the carriers of meaning (keywords, values, keys,
labels) is random, so the model has to find what matters by its form and by the words next to it.
"""

import json

from .grammar import assistant, say, user
from .lexicon import TOPICS
from .vocabulary import NOUNS, OTHERS, VERBS
from . import words as w

COMMON = """about above across actually after again against ago agree ahead alone along already also although always among amount ancient and another answer any anyone
anything apart appear around arrive art ask asleep at attempt aunt avoid awake away baby back bag ball bank basic bath bear beat become bed before begin behind believe below
bend beside best better between beyond big bird birth bit bite block blow boat body bone book borrow both bottom bowl box boy branch brave break breath bring broad brother brush
build burn bus bush busy but buy by call calm camp can carry case catch cause certain chair chance change cheap check child choice choose church circle clear climb clock close
cloth coast coat collect come common complete consider continue control cook cool copy corner could count couple courage cousin cover crack cross crowd cry cup curious current curve
cut daily dance danger dark daughter day dead deal dear decide deep deny describe desk detail die differ dinner direct dirt discover discuss distance divide do door doubt down draw
dress drink drive drop dry during dust duty each early earn earth ease east easy eat edge effort egg eight either else empty end enjoy enough enter entire equal especially even
evening event ever every exact example except excuse exist expect explain extra eye face fact fail fair fall familiar family famous far farm fast father fear feed feel fellow few
field fight fill final find finger finish fire firm first fish fit five fix flat float floor flow fly fold follow fool foot for force foreign forget form forward four frame free
fresh friend from front full fun further future gain game gate gather gentle get giant gift girl give glad glass go goal gold good grand grass great ground group grow guard guess
guest guide habit half hall hand hang happen hard hat hate have he head hear heart heat heavy height help her here hero hide high hill him his hit hold hole holiday home honest
hope hot hour how however huge human hundred hungry hurry hurt ice idea if image important in inside instead interest into invite iron it its join joke jump just keep key kick
kind kitchen knee knife knock know lack lady lake lamp land large last late laugh law lay lazy lead leaf learn least leave left leg lend less let letter level lie lift light
like limit line lip list listen little local long look loose lose lot loud love low luck lunch machine main make man many mark marry master match matter may maybe me mean measure
meat meet member memory mention merry method middle might mild milk million mind mine minute miss mistake mix modern moment month moon more morning most mother motion move much
music must my narrow near neck neither nephew never new next nice niece night nine no nobody noise none noon nor north nose not note nothing notice now number obey object ocean
of off offer often oil old on once one only open opposite or order other our out outside over own page pain pair paper parent park part party pass past path pause pay peace pen
people perfect perhaps person pick piece pile place plan plant plate play please plenty pocket point poor position possible pour power practice prepare present press pretend pretty
prevent price promise proper protect prove provide public pull push put quarter queen question quick quite race rain raise rare rather raw reach ready real reason receive record
refuse regard relate remain remove repeat reply rest result return rich ride right ring rise risk road rock roll roof room root rope rough round row rub rule run rush sad safe sail
salt same sand save say scale school score sea search season seat second secret see seem self sell send sense sentence separate serious seven several shade shake shall shape share
sharp she shelf shine ship shirt shoe shoot shop short should shoulder shout show shut side sign silent silly similar simple since sing single sister sit six size skill skin sky
sleep slip slope slow small smart smile smoke smooth so soap soft soil some someone something son song soon sort sound soup south space spare speak special spell spend split spoon
spot spread spring square stage stairs stand start state stay steal step stick still stone stop storm strange street stretch strike string strong student study stupid such sudden
suffer suggest summer supply support suppose sure surprise sweet swim swing sword table tail take talk tall taste teach tear tell ten tend term than thank that the their them then
there these they thick thin think third this those though thought thousand three through throw thumb tidy tie tight till time tin tiny tired to today together tomorrow tongue tonight
too tool tooth top total touch toward town toy trade train travel tree trick trip trouble true trust try turn twelve twenty twice two type ugly uncle under understand union unless
until up upon us use usual valley value various very view village visit voice wait walk wall want war warm wash waste watch water way we weak wear week weigh welcome well west wet
what wheel when where whether which while whisper white who whole why wide wife wild will win wind window wine wing winter wire wise wish with within without woman wonder wood word
work world worry worth would wrap write wrong yard year yes yesterday yet you young your zero""".split()
ALL = sorted({*COMMON, *VERBS, *NOUNS, *OTHERS})
_topical = {part.lower() for topic in TOPICS.values() for word in topic["words"] for part in word.split()}
BLAND = [word for word in ALL if word not in _topical]
ENDINGS = ["s", "ed", "ing", "ly", "er"]


def noise(rng, low=1, high=5, bank=ALL):
    """Some random words; a few are made up or carry an ending."""
    out = []
    for _ in range(rng.randrange(low, high + 1)):
        word = w.pick(rng, bank) if rng.random() < 0.85 else w.nonce(rng)
        if rng.random() < 0.2:
            word += w.pick(rng, ENDINGS)
        out.append(word)
    return " ".join(out)


def gap(rng, chance=0.7, high=4, bank=ALL):
    """Noise or nothing, with spaces around it."""
    return " " + noise(rng, 1, high, bank) + " " if rng.random() < chance else " "


def tidy(text, rng=None):
    text = " ".join(text.split())
    for mark in ",.?:;":
        text = text.replace(" " + mark, mark)
    if rng and rng.random() < 0.8:
        text = text[:1].upper() + text[1:]
    return text


def end(rng):
    return w.pick(rng, [".", ".", ".", "", "!", "?"])


def around(rng, *parts, bank=ALL):
    """The parts in this order with noise between them."""
    out = gap(rng, bank=bank)
    for part in parts:
        out += part + (w.pick(rng, [",", ":", ";", "."]) if rng.random() < 0.08 else "") + gap(rng, bank=bank)
    return tidy(out + end(rng), rng)


def keyword_text(rng, keywords):
    """Keywords of a topic or a feeling in random surroundings."""
    words = list(keywords)
    rng.shuffle(words)
    return around(rng, *words, bank=BLAND)


PLACE_BEFORE = ["in", "near", "at", "close to", "from", "of", "outside", "towards", "to", "around", "through", "the town of", "the city of"]
PERSON_AROUND = [("", ""), ("", "has"), ("", "was"), ("", "who"), ("with", ""), ("by", ""), ("for", ""), ("to", ""), ("", "'s friend"), ("Mr.", ""), ("Mrs.", ""), ("a certain", ""), ("dear", ""), ("my friend", ""), ("we call", ""), ("tell", "")]
AROUND = {
    "date": [("on", ""), ("by", ""), ("until", ""), ("since", ""), ("after", ""), ("before", ""), ("dated", ""), ("", ":"), ("from", ""), ("signed", ""), ("starting", "")],
    "amount": [("for", ""), ("", ""), ("a sum of", ""), ("costs", ""), ("worth", ""), ("with", "left"), ("about", ""), ("exactly", ""), ("gets", ""), ("of", ""), ("earning", "")],
    "company": [("at", ""), ("for", ""), ("the firm", ""), ("", "sells things"), ("of", ""), ("inside", ""), ("by", "")], "email": [("", ""), ("mail", ""), ("via", ""), ("write to", ""), ("at", ""), ("<", ">")],
    "code": [("number", ""), ("ticket", ""), ("order", ""), ("seat", ""), ("case", ""), ("reference", ""), ("file", ""), ("no.", "")], "time": [("at", ""), ("around", ""), ("until", ""), ("from", "")],
    "phone": [("call", ""), ("phone", ""), ("dial", ""), ("tel.", "")],
}


def placed(rng, kind, value):
    if kind == "place":
        return w.pick(rng, PLACE_BEFORE) + " " + value
    if kind == "item":
        return w.pick(rng, ["a new", "the item", "one", "buys a", "a used"]) + " " + value + w.pick(rng, [",", ".", ";"])
    before, after = w.pick(rng, PERSON_AROUND if kind == "name" else AROUND[kind])
    return (before + " " + value + (after if after[:1] in ("'", ":", ">") else " " + after)).strip()


def passage(rng, kinds):
    """(text, {kind: value}) with values of the given kinds in random order and surroundings."""
    values = {k: maker(rng) for k, maker in kinds.items()}
    order = list(values)
    rng.shuffle(order)
    return around(rng, *[placed(rng, k, values[k]) for k in order]), values


def asking(rng, keys_text, text):
    """A request for JSON with these keys, in random words: only `JSON`, the keys and the text are certain."""
    inner = [keys_text, "JSON"] if rng.random() < 0.6 else ["JSON", keys_text]
    request = around(rng, *inner)
    quoted = f'"{text}"' if rng.random() < 0.35 else text
    mark = w.pick(rng, ["\n", " ", ": ", "\n\n", " " + w.pick(rng, ["Text", "Source", "Input", "Lines", "Message"]) + ": "])
    if rng.random() < 0.65:
        return request + mark + quoted
    if rng.random() < 0.5:
        return quoted + w.pick(rng, ["\n", " ", "\n\n"]) + request
    return around(rng, inner[0]).rstrip(".!?") + mark + quoted + " " + around(rng, inner[1] if "JSON" in inner[1] else "JSON")


def choosing(rng, labels, text):
    """A request to choose a label, in random words."""
    quoted = f'"{text}"' if rng.random() < 0.4 else text
    mark = w.pick(rng, ["\n", " ", ": ", "\n\n"])
    request = around(rng, labels)
    return request + mark + quoted if rng.random() < 0.6 else quoted + mark + request


# what a fact is about: the word that both the statement and the question contain
ABOUT = {"name": ["name", "name"], "city": ["city", "town", "flat", "house", "home"], "colour": ["colour", "color", "favourite colour"], "code word": ["code word", "password", "secret word", "keyword"],
         "number": ["number", "lucky number"], "pet": ["dog", "cat", "pet", "rabbit", "parrot"], "job": ["job", "profession"], "food": ["food", "dish"], "birthday": ["birthday", "birth"], "meeting": ["meeting", "appointment", "train"],
         "friend": ["friend", "sister", "brother", "doctor", "boss"], "order": ["order", "ticket", "booking", "invoice", "room"], "car": ["car", "bike", "book", "song", "boat"]}
LINK = {"city": ["in", "in", "is in", ":"], "pet": ["named", "called", "named", "is", ":"], "number": ["is", "", ":", "took", "chose"], "meeting": ["at", "is at"], "birthday": ["on", "is on"], "company": ["at", "for"]}


def fact_statement(rng, kind, word, value):
    """The value's end is always marked; what stands around it is random."""
    link = w.pick(rng, LINK.get(kind, ["is", "is", ":", "called", "will be"]))
    stop = w.pick(rng, [".", ".", "!", ",", ";"])
    rest = tidy(gap(rng, 0.5) + ".") if stop in ",;" or rng.random() < 0.5 else ""
    if rng.random() < 0.6:
        head = tidy(gap(rng, 0.6) + w.pick(rng, ["my", "our", "the", "my", "a"]) + " " + word + gap(rng, 0.25, 2), rng)
        return tidy(f"{head} {link} {value}{stop} {rest}".replace(" :", ":"))
    before = tidy(noise(rng, 1, 4) + w.pick(rng, [":", ",", "."]), rng) if rng.random() < 0.6 else ""
    way = w.pick(rng, ["is my", "is the", "is our", "as my", "for my"])
    return tidy(f"{before} {value} {way} {word}{stop} {rest}")


def fact_question(rng, word):
    head = w.pick(rng, ["what", "which", "what", "tell", "say", "please", "how", "where", "by which", "in which", "state", "name"])
    text = around(rng, head, w.pick(rng, ["my", "the", "our", "my", ""]) + " " + word)
    return text.rstrip(".!") + w.pick(rng, ["?", "?", "."])


def unknown_question(rng):
    head = w.pick(rng, ["who", "why", "how tall", "how far", "when", "which river", "what", "summarise", "prove", "derive", "explain", "solve", "describe", "where", "how many", "translate"])
    return around(rng, head, w.pick(rng, [w.thing, w.place, w.full_name, w.nonce])(rng)).rstrip(".!?") + w.pick(rng, ["?", "?", "."])
