"""Extraction: texts with facts of known kinds, and requests for some of them as JSON."""

import json

from .grammar import assistant, say, user
from . import noise, phrases, wild, words as w

KINDS = {
    "name": (w.name, "name name person person_name full_name customer customer_name who contact client employee".split()),
    "place": (w.place, "place city city location town where destination address_city venue".split()),
    "date": (w.date, "date date day when event_date due_date meeting_date".split()),
    "amount": (w.amount, "amount amount price total cost sum value fee total_amount".split()),
    "company": (w.company, "company organization organisation employer firm vendor business".split()),
    "email": (w.email, "email email_address mail e_mail contact_email".split()),
    "code": (w.code, "order_id reference id code order_number ticket invoice_number booking_code reference_number".split()),
    "time": (w.time, "time start_time hour meeting_time".split()),
    "phone": (w.phone, "phone phone_number telephone mobile".split()),
    "item": (w.thing, "item product article thing object".split()),
}
SENTENCES = {
    ("name", "place"): [
        "{name} (lives|works|arrived|stayed|was born|was seen|is staying) in {place}(.| this week.)",
        "{name} (moved|flew|travelled|drove|went) to {place}(.| by train.| alone.)",
        "(In {place}|Near {place}|At the office in {place}), {name} (met a friend|opened a shop|signed the papers|gave a talk).",
        "(My|Our) (friend|colleague|neighbour|boss) {name} (comes|is|called) from {place}."],
    ("name", "place", "date"): [
        "{name} (arrived|landed|will arrive|got married|starts) in {place} on {date}.",
        "On {date}, {name} (went|travelled|flew|will move|returned) to {place}.",
        "(The meeting|The interview|The appointment|A dinner) with {name} (is|takes place|will be) in {place} on {date}.",
        "{date}: {name} (visits|leaves for|speaks in) {place}."],
    ("name", "amount"): [
        "{name} (paid|spent|owes|donated|transferred|received|won|sent|charged us) {amount}(.| in total.| by card.)",
        "(A payment of|An invoice for|A total of) {amount} (was made by|came from|was sent to|is due from) {name}.",
        "(We|They|I) (gave|paid|sent|refunded) {name} {amount}."],
    ("name", "amount", "date"): [
        "{name} (paid|transferred|received|must pay) {amount} on {date}.",
        "On {date} {name} (paid|sent us|withdrew|invested) {amount}.",
        "(Invoice|Receipt|Payment) from {name}: {amount}, (due|dated|paid) {date}."],
    ("name", "place", "date", "amount"): [
        "{name} (bought a (car|house|painting|boat)|rented a room|booked a hotel|paid a bill) in {place} (on {date} for {amount}|for {amount} on {date}).",
        "On {date}, {name} (paid|spent) {amount} (in|at a shop in|at a hotel in) {place}.",
        "(Dear team, |Hello, |)(I am|my name is|this is) {name} from {place}. (I|On my card I) (paid|spent|was charged) {amount} on {date}."],
    ("place", "date"): [
        "(The conference|The concert|The fair|The workshop|The match) (will be|takes place|was|is) (held |)in {place} on {date}.",
        "(On|From) {date} (the shop|the office|the museum|our branch) in {place} (is closed|opens|will move)."],
    ("date", "amount"): ["(The|Your) (rent|bill|fee|order) of {amount} (is|was) due on {date}.", "{amount} (was|were) (charged|booked|paid) on {date}."],
    ("name", "company"): ["{name} (works (for|at)|joined|founded|left|runs|was hired by) {company}.", "{company} (hired|promoted|fired|thanked) {name}(.| last week.)", "{name}, (manager|director|engineer|lawyer) at {company}, (called|wrote to us)."],
    ("company", "amount"): ["{company} (raised|invested|lost|earned|charged us|offered) {amount}.", "(The invoice|The bill|An offer) from {company} (is for|says|amounts to) {amount}."],
    ("name", "email"): ["(Write to|Contact|Ask|You can reach) {name} (at|under|via) {email}.", "{name} ({email}) (has|sent) a question.", "{name}'s (email|mail|address) is {email}."],
    ("name", "phone"): ["(Call|Phone|Ring) {name} (on|at|under) {phone}.", "{name}'s (phone |mobile |)number is {phone}."],
    ("name", "code"): ["{name} (asked about|placed|cancelled|returned) order {code}.", "(Order|Ticket|Booking|Reference) {code} (belongs to|was opened by|is for) {name}."],
    ("name", "item"): ["{name} (bought|ordered|returned|lost|sold|needs) (a|the) {item}.", "(A|The|One) {item} was (sold to|sent to|ordered by) {name}."],
    ("item", "amount"): ["(The|A|This|Their) {item} (costs|cost|was sold for|is on sale for) {amount}.", "(You|We|They) (pay|paid) {amount} for (the|a) {item}."],
    ("name", "time", "place"): ["{name} (meets us|arrives|will be|lands) in {place} at {time}.", "At {time} {name} (left|reached|gets to) {place}."],
    ("code", "date", "amount"): ["(Order|Invoice|Booking) {code} (of|from|dated) {date} (comes to|costs|totals|is for) {amount}.", "(Invoice|Order) (number |no. |){code}, {date}, {amount}."],
}
NOISE = ["(It was|The weather was) (sunny|cold|a long day|raining).", "(Everyone|Nobody) was (happy|tired|surprised|late).", "(Please|Kindly) (confirm|reply soon|let me know).",
         "(Thank you|Thanks|Best regards).", "The (train|meal|room|weather) was (nice|slow|fine|loud).", "(We|They) talked (for hours|about music|a lot)."]
ASK = [
    "(Extract|Pull out|Get|Find|Give me) (the |){keys} (from (this|the following) (text|message|sentence|email|note)|from the text below)( as JSON| as a JSON object| in JSON|)(.|:|)( |\n|\n\n)({t}|\"{t}\")",
    "(Return|Output|Give me|Write|Produce) (only |)(a |)JSON( object|) with (the |)(keys|fields) {keys} (for|from)(: | this text: | this: | the following text:\n)({t}|\"{t}\")",
    "{t}( |\n|\n\n)(Extract|Return|Give me) (the |){keys} as (JSON|a JSON object).",
    "(Text|Input|Message|Document): {t}\n(Keys|Fields|Extract): {keys}(\nJSON:|\nAnswer as JSON.|)",
    "(What are|Tell me) the {keys} in (this|the following) (text|message|sentence)? (Answer|Reply|Respond) (in|as|with) JSON.( |\n)({t}|\"{t}\")",
    "(Turn|Convert|Parse) (this|the following) (text|sentence|message|note) into JSON with {keys}:( |\n)({t}|\"{t}\")",
    "JSON ({keys}): {t}",
]
AGAIN = ["(Now|And now|Next|Then|Also|Again, but) (only |just |with |) {keys}(.|, please.|)", "{keys}(.|, please.|?|)", "(The same|Once again|Another JSON object) (for|with) {keys}(.|)", "(What about|How about|And) {keys}?", "(Give me|Show|Extract|I need) {keys} (from it|from that text|too|as well)(.|)"]
SYSTEM = [
    "(You extract|Extract|You are a service that extracts) {keys} from (the user's|every|each) (text|message) (and (answer|reply) with|as) (JSON|a JSON object|one JSON object)(.| only.| and nothing else.)",
    "(For each|For every) (message|text), (return|output|print) JSON with the (keys|fields) {keys}(.|, null if missing.)",
    "(You are|Act as) an (information |data |)(extractor|extraction engine|parser). (Keys|Fields|JSON keys): {keys}. (Missing values are null.|)",
]


ASK += phrases.EXTRACT_ASK
SYSTEM += phrases.EXTRACT_SYSTEM
for _kinds, _more in phrases.EXTRACT_SENTENCES.items():
    SENTENCES[_kinds] = SENTENCES.get(_kinds, []) + _more


def passage(rng, bank=None):
    """(text, {kind: value}) from one or two sentences with facts, and some noise."""
    r = rng.random() if bank is None else 1.0
    if r < 0.55:
        chosen = rng.sample(list(KINDS), rng.choice([1, 2, 2, 2, 3, 3, 4]))
        if r < 0.2:
            return noise.passage(rng, {k: KINDS[k][0] for k in chosen})
        values = {k: KINDS[k][0](rng) for k in chosen}
        return wild.passage(rng, values), values
    bank = bank or SENTENCES
    values, parts, used = {}, [], set()
    for _ in range(1 if rng.random() < 0.65 else 2):
        fit = [k for k in bank if not used & set(k)] if used else list(bank)
        if not fit:
            break
        kinds = w.pick(rng, fit)
        used |= set(kinds)
        slots = {k: KINDS[k][0](rng) for k in kinds}
        values.update(slots)
        parts.append(say(rng, bank[kinds], **slots))
    for _ in range(rng.choice([0, 0, 1, 1, 2])):
        parts.insert(rng.randrange(len(parts) + 1), say(rng, NOISE))
    return " ".join(parts), values


def listed(rng, keys):
    style = rng.random()
    if style < 0.12:
        keys = [f'"{k}"' for k in keys]
    elif style < 0.2:
        keys = [f"`{k}`" for k in keys]
    if len(keys) == 1 or style > 0.75:
        return ", ".join(keys)
    return ", ".join(keys[:-1]) + w.pick(rng, [" and ", ", and ", " and "]) + keys[-1]


def wanted(rng, values, absent=0.12):
    """[(key, kind)] in random order: some present kinds, sometimes one that the text does not mention."""
    kinds = list(values)
    rng.shuffle(kinds)
    kinds = kinds[: rng.randrange(1, len(kinds) + 1)] if rng.random() < 0.5 else kinds
    if rng.random() < absent:
        kinds.insert(rng.randrange(len(kinds) + 1), w.pick(rng, [k for k in KINDS if k not in values]))
    return [(w.pick(rng, KINDS[k][1]), k) for k in kinds]


def answer(values, keys):
    return json.dumps({key: values.get(kind) for key, kind in keys}, ensure_ascii=False)


def asking(rng, shown, text):
    r = rng.random()
    if r < 0.5:
        return say(rng, ASK, t=text, keys=shown)
    return wild.wild(rng, wild.ASK_JSON, keys=shown, t=text) if r < 0.8 else noise.asking(rng, shown, text)


def with_user_instruction(rng):
    text, values = passage(rng)
    keys = wanted(rng, values)
    shown = listed(rng, [k for k, _ in keys])
    turns = [user(asking(rng, shown, text)), assistant(answer(values, keys))]
    while rng.random() < 0.45:
        keys = wanted(rng, values, absent=0.2)
        turns += [user(say(rng, AGAIN, keys=listed(rng, [k for k, _ in keys]))), assistant(answer(values, keys))]
    return turns


def with_system(rng):
    first, values = passage(rng)
    keys = wanted(rng, values)
    shown = listed(rng, [k for k, _ in keys])
    r = rng.random()
    system = say(rng, SYSTEM, keys=shown).strip() if r < 0.5 else wild.wild(rng, wild.SYSTEM_JSON, keys=shown) if r < 0.8 else noise.around(rng, *(["JSON", shown] if rng.random() < 0.6 else [shown, "JSON"]))
    turns = []
    for i in range(rng.choice([1, 2, 3, 4])):
        if i:
            first, values = passage(rng)
        turns += [user(first), assistant(answer(values, keys))]
    return system, turns


EXTRA_QUESTIONS = {
    "name": "(Who|Which person) is (mentioned|named|it about)(| here| in this text)?", "place": "(Where|In which place|Which place) (is|does|was) (it|this|this happening)(| about)?",
    "date": "(When|On which date|What date) (is|was|does) (this|it|that)(| happen)?", "amount": "(How much|What amount|Which amount) (is|was) (it|mentioned|paid)?",
}


def question(rng):
    """A plain question about a short passage, answered with the verbatim value."""
    while True:
        text, values = passage(rng)
        kinds = [k for k in values if k in EXTRA_QUESTIONS]
        if kinds:
            kind = w.pick(rng, kinds)
            ask = say(rng, EXTRA_QUESTIONS[kind])
            prompt = say(rng, ["{t}( |\n|\n\n){q}", "(Text|Context|Passage): {t}\n(Question|Q): {q}", "{q}( |\n){t}"], t=text, q=ask)
            return [user(prompt), assistant(values[kind])]
