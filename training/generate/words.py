"""Makers of names, places, codes, dates and amounts.

Most values are random compositions, so the model has to copy instead of remember. A tenth of all values, chosen by
checksum, is held out: training never sees them (`HELD_OUT` is False), `eval.py` uses nothing else (it sets it to True).
"""

import zlib

HELD_OUT = False


def is_held_out(value: str) -> bool:
    return zlib.crc32(("pebble:" + value.lower()).encode()) % 10 == 0


def fresh(maker):
    """Repeats a maker until its value belongs to the side (training or evaluation) that is being generated."""

    def wrapped(rng, *args, **kwargs):
        for _ in range(1000):
            value = maker(rng, *args, **kwargs)
            if is_held_out(str(value)) == HELD_OUT:
                return value
        raise RuntimeError(f"{maker.__name__} has no value on this side")

    return wrapped


ONSETS = "b c d f g h j k l m n p r s t v w z br ch cl cr dr fl fr gl gr kl kr pl pr qu sh sk sl sm sn sp st str sw th tr tw vr wh y".split()
VOWELS = "a e i o u a e i o u a e i o ai ea ee ie oa oo ou ei au ia io y".split()
CODAS = ["", "", "", "", "", "n", "r", "l", "s", "m", "t", "k", "d", "x", "nd", "rn", "lt", "sk", "th", "ck", "ng", "st", "p", "b", "g", "v", "z", "rt", "ff", "lm"]

FIRST = """Alice Bob Carol David Emma Frank Grace Henry Isla Jack Karen Liam Maria Noah Olivia Peter Quinn Rosa Sam Tina Uma Victor
Wendy Xavier Yara Zoe Anna Ben Clara Daniel Elena Felix Gina Hugo Ivan Julia Kevin Laura Marco Nina Oscar Paula Ravi Sofia Tom
Ursula Vera Will Yusuf Zara Ahmed Bianca Chen Diego Eva Fatima George Hana Ines Jonas Kofi Lena Mei Nadia Omar Priya Raj Sven Tara
Umar Viktor Yuki Amir Bruno Chloe Dmitri Erik Freya Gustav Helga Igor Jana Klaus Lucia Mateo Nora Otto Petra Rina Stefan Theo Ulla
Wim Ada Alan Arthur Aisha Beth Carlos Dana Ethan Fiona Gavin Holly Ian Jane John Kate Leo Lucy Mark Mary Max Mia Mike Nick Paul
Rachel Robert Ruth Sarah Simon Steve Susan Tim James Linda Sandra Thomas Martin Michael Anita Pablo Ingrid Lars""".split()
LAST = """Smith Jones Brown Taylor Wilson Davies Evans Thomas Johnson Roberts Walker Wright Thompson White Hughes Edwards Green Hall Wood
Garcia Lopez Martinez Rossi Bianchi Muller Schmidt Weber Fischer Dubois Moreau Laurent Novak Kowalski Ivanov Petrov Singh Patel
Kumar Khan Chen Wang Li Zhang Tanaka Sato Suzuki Kim Park Nguyen Silva Santos Costa Ferreira Jensen Hansen Larsen Berg Lund""".split()
CITIES = """London Paris Berlin Madrid Rome Vienna Prague Warsaw Lisbon Dublin Oslo Stockholm Helsinki Athens Tokyo Kyoto Osaka Seoul
Beijing Shanghai Delhi Mumbai Sydney Melbourne Toronto Vancouver Montreal Boston Chicago Denver Seattle Austin Dallas Miami Houston
Lima Bogota Santiago Cairo Nairobi Lagos Accra Istanbul Ankara Dubai Doha Munich Hamburg Cologne Zurich Geneva Milan Naples Turin Lyon
Nice Bordeaux Porto Seville Valencia Bilbao Leeds Bristol Glasgow Cardiff Krakow Riga Vilnius Tallinn Brussels Antwerp Utrecht""".split()
PLACE_ENDS = ["ville", "ton", "ford", "burg", "mouth", "ham", "field", "port", "by", "stad", "haven", "wick", "dale", "grad", "ia"]
MONTHS = "January February March April May June July August September October November December".split()
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
NOUNS = """apple river stone candle garden mirror window bridge lantern hammer pillow basket ladder bottle button carpet castle engine
feather forest guitar harbor island jacket kettle lemon market needle orange pencil rabbit saddle table umbrella violin wagon anchor
blanket camera desert eagle falcon glacier hotel igloo jungle kitchen lizard magnet napkin ocean parrot quilt rocket shovel tiger tunnel
valley walnut yogurt zebra acorn badger cactus dolphin ember fountain goblet hedge ink jewel kite lake maple nest olive pebble raven
silver thunder velvet willow cloud copper crystal dragon echo flame frost ginger honey iron ivory jade laser meadow neon orbit pepper
planet quartz ribbon shadow spiral sunset timber tulip winter wolf yellow coral comet breeze cedar delta ferry""".split()
COLORS = "red blue green yellow purple orange pink black white brown grey turquoise silver gold crimson violet teal navy maroon beige olive magenta indigo amber scarlet lavender".split()


def pick(rng, items):
    return items[int(rng.random() * len(items))]


def _syllables(rng, n):
    """n syllables, mostly plain ones (Mirena, Tolvak), now and then a tongue-twister."""
    out = []
    for i in range(n):
        out.append(pick(rng, "bcdfghjklmnprstvwz" if rng.random() < 0.75 else ONSETS))
        out.append(pick(rng, "aeiou" if rng.random() < 0.8 else VOWELS))
        if i == n - 1 or rng.random() < 0.2:
            out.append(pick(rng, ["", "", "n", "r", "l", "s", "m", "t", "k"] if rng.random() < 0.7 else CODAS))
    return "".join(out)


@fresh
def nonce(rng):
    """A made-up lower-case word."""
    return _syllables(rng, 1 if rng.random() < 0.15 else 2 if rng.random() < 0.75 else 3)


@fresh
def first_name(rng):
    return pick(rng, FIRST) if rng.random() < 0.3 else _syllables(rng, 2 if rng.random() < 0.8 else 3).capitalize()


@fresh
def last_name(rng):
    return pick(rng, LAST) if rng.random() < 0.3 else _syllables(rng, 2 if rng.random() < 0.7 else 3).capitalize()


def full_name(rng):
    return first_name(rng) + " " + last_name(rng)


def name(rng):
    return full_name(rng) if rng.random() < 0.35 else first_name(rng)


@fresh
def place(rng):
    r = rng.random()
    if r < 0.3:
        return pick(rng, CITIES)
    base = _syllables(rng, 1 if rng.random() < 0.5 else 2).capitalize()
    if r < 0.6:
        return base + pick(rng, PLACE_ENDS)
    if r < 0.7:
        return pick(rng, ["New ", "Port ", "San ", "North ", "Lake ", "Saint "]) + base
    return _syllables(rng, 2).capitalize()


@fresh
def company(rng):
    base = _syllables(rng, 2).capitalize()
    return base if rng.random() < 0.3 else base + " " + pick(rng, ["Ltd", "Inc", "Group", "Systems", "Labs", "Foods", "Motors", "Bank", "Media", "GmbH", "Partners", "Energy"])


@fresh
def number(rng):
    """Two to six digits."""
    digits = rng.choice([2, 2, 3, 3, 4, 4, 5, 6])
    return str(rng.randrange(10 ** (digits - 1), 10**digits))


@fresh
def code(rng):
    letters = "".join(pick(rng, "ABCDEFGHJKLMNPQRSTUVWXYZ") for _ in range(rng.choice([1, 2, 2, 3, 3, 4])))
    digits = "".join(pick(rng, "0123456789") for _ in range(rng.choice([2, 3, 3, 4, 5])))
    r = rng.random()
    if r < 0.35:
        return letters + "-" + digits
    if r < 0.55:
        return letters + digits
    if r < 0.65:
        return digits + "-" + letters
    if r < 0.8:
        return pick(rng, NOUNS) + "-" + pick(rng, NOUNS)
    if r < 0.9:
        return pick(rng, NOUNS) + str(rng.randrange(10, 9999))
    return _syllables(rng, 2) + "-" + str(rng.randrange(10, 999))


@fresh
def amount(rng):
    whole = rng.randrange(1, 10 ** rng.choice([1, 2, 2, 3, 3, 4, 5]))
    text = f"{whole:,}" if whole > 999 and rng.random() < 0.7 else str(whole)
    if rng.random() < 0.4:
        text += f".{rng.randrange(100):02d}"
    r = rng.random()
    if r < 0.35:
        return pick(rng, "$$$€€£¥") + text
    if r < 0.75:
        return text + " " + pick(rng, ["dollars", "euros", "pounds", "yen", "francs", "crowns", "pesos", "rupees"])
    return text + " " + pick(rng, ["USD", "EUR", "GBP", "CHF", "JPY", "SEK"])


@fresh
def date(rng):
    d, m, y = rng.randrange(1, 29), rng.randrange(12), rng.randrange(1950, 2060)
    r = rng.random()
    if r < 0.25:
        return f"{y}-{m + 1:02d}-{d:02d}"
    if r < 0.45:
        return f"{d} {MONTHS[m]} {y}"
    if r < 0.65:
        return f"{MONTHS[m]} {d}, {y}"
    if r < 0.75:
        return f"{MONTHS[m]} {d}"
    if r < 0.85:
        return f"{d} {MONTHS[m]}"
    if r < 0.9:
        return f"{d:02d}/{m + 1:02d}/{y}"
    if r < 0.95:
        return f"{MONTHS[m]} {y}"
    return f"{pick(rng, DAYS)} {d} {MONTHS[m]}"


@fresh
def time(rng):
    h, m = rng.randrange(24), rng.choice([0, 0, 15, 30, 45, rng.randrange(60)])
    return f"{h}:{m:02d}" if rng.random() < 0.6 else f"{h % 12 + 1}:{m:02d} {'am' if h < 12 else 'pm'}"


@fresh
def email(rng):
    user = pick(rng, [_syllables(rng, 2), pick(rng, FIRST).lower() + "." + _syllables(rng, 2), pick(rng, NOUNS) + str(rng.randrange(99))])
    return user + "@" + pick(rng, ["example.com", "example.org", "mail.test", _syllables(rng, 2) + ".com", _syllables(rng, 2) + ".net"])


@fresh
def phone(rng):
    return pick(rng, ["+49 ", "+1 ", "+44 ", "0", "555-"]) + " ".join("".join(pick(rng, "0123456789") for _ in range(3)) for _ in range(rng.choice([1, 2, 3])))


@fresh
def thing(rng):
    """A short noun phrase."""
    r = rng.random()
    if r < 0.35:
        return pick(rng, COLORS) + " " + pick(rng, NOUNS)
    if r < 0.6:
        return pick(rng, NOUNS)
    if r < 0.8:
        return _syllables(rng, 2)
    return pick(rng, NOUNS) + " " + pick(rng, NOUNS)


@fresh
def phrase(rng):
    """Three to six random words, for messages, titles and queries."""
    return " ".join(pick(rng, NOUNS) if rng.random() < 0.6 else pick(rng, COLORS) if rng.random() < 0.4 else _syllables(rng, 2) for _ in range(rng.randrange(2, 6)))


def words_like(rng, n):
    """n words for unusual identifiers."""
    return [pick(rng, NOUNS) if rng.random() < 0.5 else nonce(rng) for _ in range(n)]


def identifier(rng, words=None):
    """A function or parameter name in one of the usual spellings."""
    parts = [w for p in (words or words_like(rng, rng.choice([1, 2, 2]))) for w in p.split()]
    r = rng.random()
    if r < 0.7 or len(parts) == 1:
        return "_".join(parts)
    if r < 0.9:
        return parts[0] + "".join(p.capitalize() for p in parts[1:])
    return "-".join(parts)


def one_of_maker(rng):
    """Any kind of value."""
    return pick(rng, [name, place, code, number, amount, date, email, thing, nonce, time, company])(rng)
