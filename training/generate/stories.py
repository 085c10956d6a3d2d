"""Short stories and poems from a plot grammar with very many continuations."""

from .grammar import assistant, say, user
from . import words as w

ANIMALS = "fox bear rabbit owl mouse wolf cat dog horse frog turtle dragon squirrel hedgehog crow duck goose lion tiger elephant penguin whale dolphin robot ghost giant witch knight king queen princess pirate sailor farmer baker wizard astronaut detective painter gardener fisherman clockmaker child grandmother snail bee spider donkey goat sheep hen parrot monkey unicorn monster".split()
PLACES = "in a quiet forest|by the sea|on a high mountain|in a small village|near a deep lake|in an old castle|on a tiny island|in a busy city|under a bridge|at the edge of the desert|in a garden full of roses|on a ship|in a lighthouse|on the moon|in a valley of stones|behind the mill|in a snowy land|in a house with a red door|next to a railway|above a bakery".split("|")
TRAITS = "brave shy clever curious lonely happy old young tiny tall hungry sleepy kind grumpy proud gentle lazy patient clumsy cheerful stubborn honest quiet noisy dreamy careful".split()
THINGS = "a golden key|an old map|a silver bell|a lost letter|a broken clock|a small boat|a red balloon|a magic seed|a warm coat|a strange book|a shiny stone|a blue feather|a secret door|a singing shell|a lantern|a wooden flute|a star|a pot of honey|a kite|a mirror|a tiny crown|a bag of apples|a music box|a green bottle".split("|")
WANTS = "wanted to see the world|was looking for a friend|dreamed of flying|wished to learn to sing|had lost the way home|wanted to bake the best bread|was afraid of the dark|could not sleep|wanted to win the great race|had never seen snow|hoped to find a treasure|wanted to build a house|longed for the sea|was tired of being alone|wanted to hear a new story|collected strange sounds".split("|")
FEELINGS = "happy|proud|surprised|tired but glad|calm|full of joy|thankful|brave at last|not alone any more|wiser than before".split("|")
WEATHER = "the sun was shining|it was raining hard|the wind blew from the north|snow fell softly|thick fog lay over the fields|the moon was bright|a storm was coming|the leaves were turning red|the air smelled of apples".split("|")

OPEN = ["(Once upon a time|Long ago|Once|Many years ago|There was a time when|In the days of old), (there lived |lived |)(a|the) {t} {h} {p}.", "{P}, there (lived|was) a {t} {h}( called {n}|).", "{n} was a {t} {h} who lived {p}.", "(One morning|One evening|One day|Last winter|On a summer night), {W}, (and|when) a {t} {h} (woke up|set out|opened the door|looked outside) {p}.", "(Nobody|No one|Few people) {p} (knew|had ever met) a {h} as {t} as {n}.", "The {t} {h} (called {n} |)lived {p} with {o}."]
WISH = ["{S} {d}.", "{S} {d}, but (did not know how|nobody listened|that was not easy|there was always too much work).", "(Every day|Each night|Again and again|Secretly), {s} {d0}.", "More than anything, {s} {d0}."]
EVENT = ["(One day|Then|One night|Suddenly|That afternoon|A week later), {s} found {o} (under a tree|in the grass|by the road|behind a rock|in the attic|at the market|in the river).", "(One day|Then|Soon), (a|an old|a tired) {h2} came (along|by|to the door) and (asked for help|asked for a little bread|told a strange story|showed {o}).", "On the way, {s} met a {t2} {h2} who (carried|had lost|was guarding|was selling) {o}.", "(Suddenly|Then) there was a (loud noise|bright light|sweet smell|soft voice), and a {h2} (stood there|appeared|fell from the sky|jumped out).", "So {s} (walked|sailed|ran|climbed|travelled) for (three days|a whole night|a hundred miles|many weeks) until {s} came to (a river|a dark cave|a tall gate|a bridge of ice|an empty town).", "{S} took {o} and (set off|left home|said goodbye|went out into the world)."]
TROUBLE = ["But (the road was long|the bridge was broken|the door was locked|the night was cold|the river was too deep|a wall of thorns stood in the way|nobody wanted to help).", "(Then|But) {w2}, and {s} (lost the way|had to hide|began to cry|sat down under a tree|almost gave up).", "The {h2} (laughed|shook its head|said no|ran away|was not so sure), but {s} did not give up.", "\"(Wait|Stop|Who are you|Where are you going|What are you doing here)?\" (asked|said|cried) the {h2}.", "\"I am (afraid|lost|hungry|cold|looking for {o})\", said {s0}.", "{S} had to choose: (keep|give away|follow|forget) {o}, or (go home|stay|turn back)."]
HELP = ["(Together|Step by step|Slowly|With a little luck), they (built a bridge|opened the door|found the way|crossed the river|lit a fire|climbed the wall|solved the riddle|mended what was broken).", "{S} shared (the last bread|a song|a warm blanket|everything), and the {h2} (smiled|helped|became a friend|showed the way).", "With {o}, {s} (opened the gate|called the wind|made light in the dark|found the path|woke the sleeping {h2}).", "The {t2} {h2} (whispered a secret|drew a map in the sand|gave {s2} {o}|sang until the stars came out).", "(In the end|At last|After a long night), the {h2} said: \"(Take it|You were right|Stay with us|Thank you|Follow me|I was waiting for you).\""]
END = ["{S} was {f}.", "From that day on, {s} was (never|no longer) (alone|afraid|sad)( again|).", "(They|And they) (became friends|lived happily ever after|laughed until morning|shared everything|never parted again).", "And when {w2}, people (there |)still (tell|sing about|remember) the {h} and {o}.", "{S} went home {f}, and (put {o} on the shelf|told the story to everyone|slept for three days).", "(That is how|And so) {s} learned that (small steps go far|a friend is worth more than gold|kindness comes back|courage can be quiet|home is where someone waits|not every treasure shines)."]
ASK = ["(Write|Tell me|Tell|Give me|Make up|Invent|Create|Compose) (a|a short|one short|a little|another) (story|tale|fairy tale|bedtime story)( about {x}|)(.|, please.|!|)", "(Can you|Could you|Please|Would you) (write|tell me|make up) a (short |little |)(story|tale)( about {x}|)(?|.)", "(I want|I would like|I'd like) (to hear |)a (short |)(story|tale)( about {x}|)(.|)", "(Story|Short story|A story) about {x}(.|, please|)", "(Story time|A story, please|Another story|Tell me something nice)(.|!)"]
LINES = [("The moon is bright above the {a},", "lake,tree,town,sea,snow,mill"), ("A {b} is singing all alone,", "bird,child,ghost,king,cat,stone"), ("The wind goes softly through the {c},", "night,grass,gate,leaves,door,light"), ("And somewhere far a bell is ringing,", ""), ("The {b} waits beside the fire,", "dog,wolf,cook,mouse,queen"), ("The stars are falling on the {a},", "hills,roof,sand,boats,fields"), ("I count the hours one by one,", ""), ("The river knows a thousand names,", ""), ("Tomorrow we will see the {a},", "sun,sea,road,rain,coast"), ("My heart is like a little {c}.", "boat,drum,kite,lamp,song"), ("So close your eyes and dream of {c}.", "snow,home,spring,gold,rain"), ("And all the world is still and {c}.", "white,blue,warm,new,bright")]


def _an(text):
    for a in " a", "A":
        for v in "aeiou":
            text = text.replace(f"{a} {v}", f"{a}n {v}")
    return text


def story(rng, hero=None):
    h = hero or w.pick(rng, ANIMALS)
    n = w.first_name(rng)
    named = rng.random() < 0.5
    who = n if named else "the " + h
    other = w.pick(rng, ANIMALS)
    other2 = w.pick(rng, ANIMALS)
    o, want = w.pick(rng, THINGS), w.pick(rng, WANTS)
    pron = w.pick(rng, ["he", "she"])
    out = []

    def add(bank, h2):
        slots = {"t": w.pick(rng, TRAITS), "t2": w.pick(rng, TRAITS), "h": h, "h2": h2, "p": w.pick(rng, PLACES), "n": n, "o": o if rng.random() < 0.8 else w.pick(rng, THINGS),
                 "W": w.pick(rng, WEATHER), "w2": w.pick(rng, WEATHER), "d": want, "d0": want, "f": w.pick(rng, FEELINGS), "s": who if rng.random() < 0.7 else pron, "s2": "him" if pron == "he" else "her", "s0": who}
        slots["S"] = who[0].upper() + who[1:] if rng.random() < 0.6 else pron.capitalize()
        slots["P"] = slots["p"][0].upper() + slots["p"][1:]
        out.append(say(rng, bank, **slots))

    add(OPEN if not named else [OPEN[1], OPEN[2], OPEN[5], OPEN[2]], other)
    if named and n not in out[0]:
        out[0] = f"{n} was a {w.pick(rng, TRAITS)} {h} who lived {w.pick(rng, PLACES)}."
    add(WISH, other)
    for _ in range(rng.choice([1, 1, 1, 2])):
        add(EVENT, other)
        if rng.random() < 0.75:
            add(TROUBLE, other)
        if rng.random() < 0.75:
            add(HELP, other)
        other = other2
    add(END, other)
    if rng.random() < 0.25:
        add(END, other)
    return _an(" ".join(out))


def poem(rng):
    picked = rng.sample(LINES, 4)
    return "\n".join(line.replace("{a}", "{x}").replace("{b}", "{x}").replace("{c}", "{x}").replace("{x}", w.pick(rng, words.split(","))) for line, words in picked)


def ask(rng):
    r = rng.random()
    if r < 0.1:
        return [user(say(rng, "(Write|Tell me|Give me|Compose) (a|a short|one) poem(.|, please.|!|) ").strip()), assistant(poem(rng))]
    hero = w.pick(rng, ANIMALS) if rng.random() < 0.75 else w.nonce(rng) if rng.random() < 0.3 else w.pick(rng, w.NOUNS)
    prompt = say(rng, ASK, x=_an("a " + hero) if rng.random() < 0.8 else _an(f"a {w.pick(rng, TRAITS)} {hero}"))
    return [user(prompt), assistant(story(rng, hero if hero in prompt else None))]
