"""Grammatical sentences whose ordinary words are drawn at random: `<v>` a verb, `<n>` a noun, `<d>` another word, `<p>` a preposition.

The carriers of meaning (values, keys, labels, topic words) stay; what stands around them changes every time, so it cannot be learnt by heart.
"""

import re

from .grammar import say
from .vocabulary import NOUNS, OTHERS, VERBS
from . import words as w

PREPOSITIONS = "with using from for by of about on in to under through via inside over after before between against without into among behind during towards upon per beside near".split()
SLOT = re.compile(r"<(vs|ved|ving|v|ns|n|d|p|V|N|D|P)>")


def _ending(word, ending):
    if ending == "s":
        if word.endswith("y") and word[-2] not in "aeiou":
            return word[:-1] + "ies"
        return word + ("es" if word.endswith(("s", "sh", "ch", "x")) else "s")
    if word.endswith("e"):
        return word[:-1] + ending
    if word.endswith("y") and word[-2] not in "aeiou" and ending == "ed":
        return word[:-1] + "ied"
    return word + ending


def _word(rng, kind):
    if rng.random() < 0.06:
        word = w.nonce(rng)
    else:
        word = w.pick(rng, {"v": VERBS, "n": NOUNS, "d": OTHERS, "p": PREPOSITIONS}[kind[0].lower()])
    if kind in ("vs", "ns"):
        return _ending(word, "s")
    if kind in ("ved", "ving"):
        return _ending(word, kind[1:])
    return word.capitalize() if kind.isupper() else word


def fill(rng, text):
    """Random words for the marks."""
    return re.sub(r"\b([Aa]) (?=[aeio])", r"\1n ", SLOT.sub(lambda m: _word(rng, m[1]), text))


def wild(rng, bank, **slots):
    """One template of the bank with random words in it; `slots` are filled in last."""
    text = fill(rng, say(rng, bank))
    text = text[:1].upper() + text[1:] if rng.random() < 0.9 else text
    for key, value in slots.items():
        text = text.replace("{" + key + "}", str(value))
    return text


ASK_JSON = [
    "(Could|Can|Would|Will) you <v> {keys} <p> (this|these|the) (<n>|<ns>)( and <v>|;|, then <v>| to <v>) (a |the |)JSON( <n>|)(?|:|.) {t}", "I (<v>|would <v>|must <v>|only <v>) (a |one |)JSON( <n>|) (that|which) <vs> {keys}(.|:| <p> the <n>:) (<N>: |)({t}|\"{t}\")",
    "<V>(:| this:| the <n>:) ({t}|\"{t}\") (Now|Then|Afterwards|Next)(,|) <v> (a |)JSON( <n>|) <p> {keys}.", "<P> \"{t}\"(,|) (please |)<v> {keys} <p> (one|a|the) JSON( <n>|).", "(Please |)<v> (the |){keys}( <p> the <n>|), (<ved>|written) as JSON(.|:)( |\n){t}",
    "<V> me (the |a |)JSON( <n>|) <p> (the |){keys}( <ved>|)(:|.)( |\n|\n\n)({t}|\"{t}\")", "{t}\n(<V>|Please <v>|Now <v>) (the |all |){keys} (<p> it |)(as|in|into|using) JSON(.|, <d>.|)", "(<D> <n>|<N>|<N> <n>): {t}\n(<N>|<D> <n>): JSON( <p>|:| with) {keys}(.|)",
    "The <n> <p> \"{t}\" (<vs>|has|holds) {keys}. <V> (it|them|these) as JSON.", "(My|Our|The) <n> <vs> JSON <p> {keys}. (<N>|<V> this|Here it is): ({t}|\"{t}\")", "(What|Which) {keys} (does|do) the <n> <v>? (<V>|Answer|Reply) <p> JSON. {t}",
]
SYSTEM_JSON = [
    "(Your|The) (<d> |)(<n>|task) (is|:)(| to) <v> (what <vs> in|the <ns>|each <n>|every <d> <n>) and <v> (a |)JSON( <n>|) (<ving>|with|holding|of) {keys}.", "<V> {keys} <p> (each|every|any) <n>( and <v>|; <v>|, <ving>) JSON( only|)(.| <p> the <n>.)",
    "(You|We) <v> <d> <ns>: (a |)JSON( <n>|) <p> {keys}(.|, nothing <d>.)", "(For|With) (each|every) <n> (the user <vs>|that <vs>|<p> the user)(,|:) <v> {keys} as JSON(.| <d>.)", "(<D> JSON|JSON <n>|JSON): {keys}(.|; <v> it <p> the <n>.)",
]
LABEL = [
    "(How|Where|Why) would you <v> the <n>( here|), {o}? \"{t}\"", "(Somebody|My <n>|A <n>|The <d> <n>) <ved>: {t}\n(<V>|Pick|Choose) {o}( <p> that <n>|).", "(<V>|Decide|Choose) (between|among|from|out of) {l} (for|<p>) the (<n>|<ns>)( below|)(.|:)( |\n)({t}|\"{t}\")",
    "(Which|What) (<n>|one) (is it|<vs> it|<vs> best|fits), {o}? {t}", "(<V>|Please <v>) (the <n> |it |this |)<p> {o}(.|:)( |\n)({t}|\"{t}\")", "(<D> |)(<ns>|<n>)(:| =) {l}(.|)\n(One <n>|<N>|The <d> <n>)( for| of|)(:|) {t}", "\"{t}\"\n(<V>|Now <v>|Please <v>) (one <n>|<d>|the <n>): {l}(.|)",
    "(Out of|From|Of|Given|With) {l}, (which|what)( <n>| one|) <vs> (this|the <n>)( best| <d>|)?( |\n)({t}|\"{t}\")", "{t}\n(Would|Does|Will|Can) (this|the <n>|it) <v> <p> {o}?", "(I <v>|We <v>|They <ved>) (the|a) <n> (<p>|called) {l}. (<V>|Mine <vs>|It <vs>): ({t}|\"{t}\")",
    "({t}|\"{t}\") (Is that|Is it|<V>) {o}?", "(Take|Grab|Say|Name|Pick) whichever <p> {l} <vs> (this|it)( <d>| best|): ({t}|\"{t}\")",
]
LABEL_SYSTEM = [
    "(Whatever <vs>|What <vs>|Each <n>|Every <d> <n>)(,| is <ved>:| <vs>;) (<v>|judge|name) (its <n>|it|the <n>). (Your|The) <n>(:| is| are) {l}.", "You (<v>|get|see) <d> <ns>(;| and) (<v>|respond|answer) (with nothing <d> except|only with|<p>) {o}.",
    "(You|We) <v> (<d>|incoming|the) <ns> (<p>|into|among) (<ns>|groups) (named|called|<ved>) {l}. (<V> the <n>|Name the <n>|Say which).", "(<V>|Read|Take) (the|each) <n> and <v> (<p> |)(its <n>|one <n>|the <n>). (<N>|Available <ns>)(:|) {l}.", "(<N>|<D> <n>): {l}. (<V>|Only <v>) (one|the <d> one) <p> (each|every) <n>.",
]
ABOUT_TOPIC = [
    "(Our|The|My|A|Their) <n> (<ved>|<vs>|wants to <v>|will <v>) (a <n> |the <n> |)<p> {a}( and {b}|, maybe {b} too|)(.|)", "(All <n> long|<D>|Yesterday|Later|These days)(,|) (I|we|they|she|he) <ved> (about |<p> |){a}( as well as {b}|, not <p> {b}|)(.|)",
    "(He|She|We|The <n>) <ved> (whether|that|how|why) {a}( and {b}|) (<ved>|might <v>|had <d> <ns>|would <v> the <n>)(.|)", "(Twelve|Some|<D>|A few|Many|No) <ns> <ved> (to <v> |)(<p> |about |more on ){a}(.|, then <p> {b}.|)", "(This|That|The) <d> <n> (is|was) (<p>|about|all about) {a}( or {b}|)(.|!|)",
    "{a}(:|,| -) (a <d> <n>|what to <v>|how we <v>|the <n> of {b})(.|?|)", "(Do|Did|Can|Will) (you|they|we|the <ns>) <v> (<p> |about |){a}( or {b}|)?", "(Without|With|<P>|Despite) {a}(,|) (the|my|every) <n> (<ved>|<vs>|cannot <v>)(.| <p> {b}.)",
]
FEELING = [
    "(<D>|Honestly|Yesterday|After <ns>), (my|our|the|this) {s} (turned out|was|is|<ved>|seemed) <G>( and I <v> it| <p> the <n>|, says my <n>|)(.|!)", "(We|I|They|My <ns>) (could|would|will|did) <v> (how|that) <G> the {s} (was|is|seemed)(.|!| <p> the <n>.)",
    "(If you|When you|Before you) <v> a <n>, (<v>|know|remember): (this|the) {s} is <G>(.|!)", "(Every|Each) <n> (<p>|of) the {s} (felt|was|seemed|looked) <G>(.|!)", "(What a|Such a|One|A) <G> {s}(!|.|, I <v>.)( <V> it <p> the <n>.|)", "The <n> <ved>, the {s} (was|is) <G>( and the <n> <vs>|)(.|!)",
]
FACT = {  # before and after the word that says what the fact is about, or a verb that does
    None: ["(<D>|If I may <v>|<P> the <n>|As you <v>|Since my <n>|For the <n>)(,|) (my|our|the) {k} (is|was|will be|remains|stays) {v}(.|, <ved> <p> a <n>.|!)", "(We|I|My <ns>|They) (<ved>|agreed on|chose|settled on|use|keep) {v}(,| as) (my|our|the) {k}( <p> the <n>| that nobody <vs>|)(.|!)",
           "(<V> this|Let us <v>|<V>|<N>)(:|.) (the|my|our) {k} (is|:|will be) {v}(.|)", "No <n> <vs> {v}, (my|our|the) {k}( <p> the <n>|)(.|!)", "(The|My) {k}( <p> the <n>| that I <v>|, <ved>,|) is {v}(.|!)", "{v} (is|was|<vs>), <p> the <n>, (my|our|the) {k}(.|!)"],
    "name": ["(Everyone|Nobody|My <n>|All the <ns>|People) <p> (the <n>|home|my <n>) (uses|<vs>|knows|shouts) the name {v}( for me| <p> me|)(.|!)", "(Let us|We) <v> <p> (<ns>|the <n>): (the|my) name is {v}(.|!)", "(The <n> <vs>|They <v>|You may <v>) me {v}(.|, my name.)"],
    "city": ["(These days|<D>|Now|At present) I (<v>|rent|live|stay|work|sleep) (<p> a <n> |a <n> |)in {v}(.|, my city.|!)", "(My|Our) <n> (<vs>|is|stands) in {v}(, my home town|, where I live|)(.|!)", "My (city|town) of <n> is {v}(.|!)"],
    "colour": ["(If|When|Whenever) I <v> a (colour|<n>), I (always |<d> |)<v> (the colour |){v}(.|!)", "(No|Every|Which) colour <vs> {v}, my favourite( <p> <n>|)(.|!)", "My <ns> (are|will be|must be) {v}, (the colour I <v>|my colour)(.|!)"],
    "number": ["(For|In|At) the <n>(,|) I (<ved>|took|<v>|drew) (number |the number |){v}(.|!)", "I (<v>|bet|<ved>) <p> {v}, (it is |)my (lucky |)number(.|!)"],
    "pet": ["(At home|In the <n>|<D>)(,|) a (dog|cat|rabbit|parrot|pet) (named|called) {v} <vs>( for me| the <n>|)(.|!)", "(We|I|My <n>) (<ved>|adopted|got|<v>) a (dog|cat|rabbit|parrot)(,| and) (we |)(call|named|called) (her|him|it) {v}(, our pet|)(.|!)"],
}
FACT_QUESTION = {
    None: ["(Please |Kindly |Now |)<v> (my|our|the) {k}( once more| <d>| <p> the <n>|)(.|?)", "(Which|What) {k} did (I|we) (<v>|agree on|choose|tell you)( <p> the <n>|)?", "(How|What|Which)( <n>|) is my {k}( <ved>| named| called|)?", "(Do|Can|Could) you <v> (my|our|the) {k}( <p> the <n>|)?", "(The <n> <vs>|I must <v>|We <v>)(:|,) what (is|was) (my|our|the) {k}?"],
    "name": ["(By|Under) (which|what) name do you <v> me?", "(How|What) (do|should|would) you <v> me( <p> my name|)?"], "city": ["In (which|what) (city|town|place) do I <v>( a <n>|)?", "Where (do|did) I <v> (a|my) <n>?"],
    "colour": ["(Which|What) colour do I (always |<d> |)<v>?"], "number": ["(Which|What) number did I <v>( <p> the <n>|)?"], "pet": ["(How|What) (do|did) (I|we) (call|name) (my|our|the) (pet|dog|cat|rabbit|parrot)?", "(Which|What) name has my pet?"],
}
REQUEST = [
    "(It would|That would) <v> me( a <n>|) to {v} (the|a|my) {o} {w}", "(Kindly|Please|Now|Then)( <v>|) and {v} (the|a|my) {o} {w}", "(Someone|You|We|The <n>) (has to|must|should|could|can) {v} (the|a|my) {o} {w}(, so <v> it|, <d>|)", "(My|Our|The)( <d>|) <n>(:| is to| is:) {v} (the|a|my) {o} {w}",
    "(<V>|<D>|<P> the <n>), {v} (the|a|my) {o} {w}", "(I|We|My <n>) (<v>|<ved>) (the|a|my) {o} {w}(,| and) (so |please |){v} it", "(The|My) <n> <vs>(:| that you) {v} (the|a) {o} {w}", "(Could|Would|Can|Will) you <v> (and {v} |)(the|a|my) {o} {w}?",
]


def passage(rng, values):
    """One or two sentences that hold the values ({kind: text}): people and things as subjects and objects, the rest in phrases."""
    rest = [k for k in values if k != "name"]
    rng.shuffle(rest)
    phrases = {
        "place": "(in|near|from|at|to|close to|outside|towards|the <n> of|at the <n> of|the <n> in) {x}", "date": "(on|by|until|since|after|before|from|starting|dated|as of) {x}", "time": "(at|around|until|from|by|after) {x}",
        "amount": "(for|with|worth|about|earning|paying|a <n> of|exactly|and <ved>) {x}", "company": "(at|for|from|with|by|inside) {x}", "email": "(via|at|under|<p>|mailing|the address) {x}", "phone": "(on|at|under|dialling|phone|<p>) {x}",
        "code": "(under|with|<p>|as|number|<n>|the <n>|ticket|seat|order) {x}", "item": "(a|the|one|this|<ving> the) {x}",
    }
    parts = [say(rng, phrases[k]).replace("{x}", values[k]) for k in rest]
    subject = values["name"] if "name" in values else say(rng, "(the <n>|our <n>|a <d> <n>|they|we|<d> <ns>|my <ns>|nobody|everybody|<ns>)")
    verb = say(rng, "(<ved>|<vs>|will <v>|has <ved>|may <v>|is <ving>|still <vs>|must <v>|wants to <v>)( (a|the|an old|this) <n>| <ns>|)")
    front = [parts.pop() for _ in range(len(parts)) if rng.random() < 0.25]
    lead = say(rng, ["", "", "<D>, ", "According to the <n>, ", "<P> the <n>, ", "<N>: ", "(Dear|Hello) <n>, ", "We <v> "]) if not front else ", ".join(front) + ", "
    r = rng.random()
    if "name" in values and r < 0.3:  # the person as an object
        actor = say(rng, "(the <n>|we|they|you|our <n>|everybody|I)")
        core = say(rng, ["{a} (<ved>|<v>|will <v>|find|expect|thank) {x} (<ving>|back|<d>|)", "{a} <ved> (it|this|the <n>) (to|for|with|by) {x}", "for <ns>, <v> {x}", "{a} <v>(,| the) attention of {x}"]).replace("{a}", actor).replace("{x}", subject)
    elif "name" in values and r < 0.4:
        core = say(rng, ["{x}'s <n> <ved>", "the <n> of {x} <vs>", "{x}, (a|the|our) <n>, " + verb]).replace("{x}", subject)
    else:
        core = f"{subject} {verb}"
    joint = w.pick(rng, [" ", " ", " ", ", ", " and "])
    text = lead + core.strip() + (" " + joint.join(parts) if parts else "") + say(rng, "(.|.|.|!| yesterday <ving>.| <d>.| <p> the <n>.)")
    if rng.random() < 0.35:
        text += " " + say(rng, "(<V> me <p> <ns>.|The <n> <vs>.|(We|They) <ved> (the|a) <n>.|Thank you.|<D> <ns> <v>.)")
    text = fill(rng, text)
    return text if any(text.startswith(v) for v in values.values()) else text[0].upper() + text[1:]
