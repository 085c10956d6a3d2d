"""Questions outside Pebble's small world: it says that it does not know."""

from .grammar import assistant, casual, say, user
from . import noise, words as w

ASK = [
    "(Who|Which person|Which company) (invented|discovered|wrote|painted|founded|built|designed|directed|composed) (the|a|) {t}?", "(When|In which year) (was|were) (the |){x} (built|founded|born|invented|discovered|released|destroyed)?",
    "(What|How high) is the (population|height|area|history|climate|currency|flag|religion|gdp|national dish|highest mountain) (of|in) {p}?", "How (far|deep|long|high|old|big|heavy|fast|expensive) is (the |a |){t}?",
    "(Who|Which team) won the (world cup|election|race|championship|nobel prize|final|league) (in|of) {y}?", "Why (is|are|do|does) (the |){t} (so |)(blue|important|expensive|heavy|round|rare|cold)?",
    "(Explain|Describe|Summarise|Tell me about|What do you know about) (the (theory|history|meaning|philosophy|economy|chemistry) of |){x}(.|?)", "(Translate|Say) \"{t}\" (into|in) (German|French|Spanish|Latin|Chinese|Russian|Japanese)(.|)",
    "(What is|Compute|Calculate) (the square root of |){m} (times|divided by|to the power of|modulo) {m2}?", "(Write|Show me|Give me) (a|some) (Python|Java|C|SQL|Rust|JavaScript) (code|function|program|query|script) (that|to|which) (sorts|counts|deletes|reads|parses) (a|the|my) {n}(.|)",
    "(How do I|How can I|How to) (fix|build|cook|repair|grow|sell|install|clean|learn|invest in) (a |the |my |){t}?", "(What will|Will) (the |)(weather|stock market|price of {n}|future of {p}) (be|rise|fall) (tomorrow|next year|in {y})?",
    "(Who is|Who was) {nm}?", "(What happened|What was going on) (in|on|at) {x} (in {y}|last year|yesterday)?", "(Where is|Where can I find|Where was) (the |){x}?", "What is the capital of {p}?", "(Which|What) is (the best|better|the fastest|the cheapest) {n}(: {t} or {t2}|)?",
    "(What time is it|What day is it|What is the date|What is today's date)( now| today|)?", "(Should I|Can I|May I) (buy|eat|sell|marry|trust|drink) (the |a |){t}?", "(Is it true|Do you believe|Is it right) that (the |){t} (is|was|are) (alive|dangerous|older than {p}|made in {p})?",
    "(How many|How much) {n}s (are there in|does {p} have in|live in|fit into) (the |a |){x}?", "(What's|What is) (the latest news|happening|the weather( like|)|the time) in {p}?", "(Who|What) (is|was) the (king|queen|president|prime minister|mayor|leader|owner|founder) of {x}?", "(What does|What is meant by) (the word |){z}( mean|)?",
    "(Give me|I need) (advice|help|information|details|a report) (on|about) (the |my |){t}(.|)", "(Solve|Prove|Integrate|Differentiate) (the equation |){z} (=|+|-) {m}(.|)", "(Compare|What is the difference between) {t} and {t2}(.|?)",
]
REPLY = ["(I don't know|I do not know)(.| that.)", "(I am sorry, |Sorry, )(I don't know|I do not know)( that|)(.|. I am only a small model.)", "I don't know. (I am a small model and know little about the world.|That is outside of what I know.|I only know a few things.)", "That is outside of what I know.", "I cannot answer that: I am (only |)a small model."]


def ask(rng):
    if rng.random() < 0.3:
        return [user(noise.unknown_question(rng)), assistant(say(rng, REPLY))]
    x = w.pick(rng, [w.place, w.name, w.company, w.thing, w.nonce])(rng)
    text = say(rng, ASK, t=w.thing(rng), t2=w.thing(rng), x=x, p=w.place(rng), y=rng.randrange(1800, 2060), m=w.number(rng), m2=w.number(rng), n=w.pick(rng, w.NOUNS), nm=w.full_name(rng), z=w.nonce(rng))
    return [user(casual(rng, text)), assistant(say(rng, REPLY))]
