"""Tool calls: made-up tools, requests that need them, and answers from their results."""

import json

from .grammar import assistant, say, tool, user
from . import noise, phrases, wild, words as w

VERBS = "get find fetch look_up search check create add send book cancel update delete list start stop count measure convert translate play show open close order reserve rate schedule track compare calculate estimate inspect scan print rename move copy archive publish assign approve lock paint wash repair feed sort mix build test".split()
OBJECTS = """weather,stock price,exchange rate,recipe,song,movie showtimes,train times,flight,hotel room,restaurant table,calendar event,reminder,alarm,email,message,phone
contact,parcel,order status,invoice,bank balance,payment,product,user profile,ticket,news headlines,word definition,map route,traffic,distance,sunrise time,air quality,currency
amount,temperature,unit,timer,shopping list,note,photo,document,file,database record,server status,light,thermostat,door,garage,playlist,podcast,poll,meeting,holiday,birthday,score,team
ranking,match result,library book,museum ticket,parking spot,taxi,bicycle,electric car,charging station,doctor appointment,medicine,vaccine record,blood test,gym class,course,exam
grade,student,teacher,classroom,job posting,salary,tax rate,insurance policy,loan,rent,house price,apartment,plant,garden pump,animal,sensor value,satellite position,star chart,tide
table,wave height,snow depth,fire risk,water level,power usage,solar output,battery level,printer queue,log entry,container,deployment,pull request,issue,commit,test run""".replace("\n", " ").split(",")
OBJECTS = [o.strip() for o in OBJECTS]

# parameter -> (maker, type, ways to write "with this value" in a request)
PARAMS = {
    "city": (w.place, "string", ["in {v}", "for {v}", "in {v}"]), "location": (w.place, "string", ["in {v}", "for {v}", "near {v}"]),
    "place": (w.place, "string", ["in {v}", "at {v}"]), "country": (w.place, "string", ["in {v}", "for the country {v}"]), "destination": (w.place, "string", ["to {v}"]), "origin": (w.place, "string", ["from {v}"]),
    "date": (w.date, "string", ["on {v}", "for {v}", "on {v}"]), "day": (lambda r: w.pick(r, w.DAYS), "string", ["on {v}", "for {v}"]),
    "time": (w.time, "string", ["at {v}"]), "name": (w.name, "string", ["for {v}", "named {v}", "called {v}"]), "person": (w.name, "string", ["for {v}", "with {v}"]),
    "recipient": (w.name, "string", ["to {v}"]), "to": (w.email, "string", ["to {v}"]), "email": (w.email, "string", ["to {v}", "with the email {v}"]),
    "title": (w.phrase, "string", ["with the title '{v}'", "titled '{v}'", "called '{v}'"]), "message": (w.phrase, "string", ["saying '{v}'", "with the message '{v}'", "with the text '{v}'"]),
    "query": (w.phrase, "string", ["for '{v}'", "for {v}", "about {v}"]), "text": (w.phrase, "string", ["with the text '{v}'", "'{v}'"]), "id": (w.code, "string", ["with the id {v}", "{v}"]),
    "symbol": (lambda r: "".join(w.pick(r, "ABCDEFGHIJKLMNOPRSTUVWXZ") for _ in range(r.choice([3, 4]))), "string", ["for {v}", "of {v}"]),
    "code": (w.code, "string", ["with the code {v}", "for {v}"]), "company": (w.company, "string", ["for {v}", "of {v}", "at {v}"]),
    "amount": (lambda r: int(w.number(r)), "number", ["of {v}", "with the amount {v}", "for {v}"]), "count": (lambda r: r.randrange(1, 60), "integer", ["with {v} items", "{v} times", "with a count of {v}"]),
    "quantity": (lambda r: r.randrange(1, 99), "integer", ["with a quantity of {v}", "{v} times"]), "limit": (lambda r: r.randrange(1, 50), "integer", ["with a limit of {v}", "(at most {v})"]),
    "people": (lambda r: r.randrange(1, 20), "integer", ["for {v} people"]), "minutes": (lambda r: r.randrange(1, 120), "integer", ["for {v} minutes"]), "days": (lambda r: r.randrange(1, 30), "integer", ["for {v} days"]),
    "temperature": (lambda r: r.randrange(5, 99), "number", ["at {v} degrees", "to {v} degrees"]), "color": (lambda r: w.pick(r, w.COLORS), "string", ["in {v}", "with the color {v}"]),
    "item": (w.thing, "string", ["with the item {v}", "for the item {v}"]), "product": (w.thing, "string", ["for the product {v}", "of the product {v}"]),
    "unit": (lambda r: w.pick(r, ["celsius", "fahrenheit", "metric", "imperial", "kelvin"]), "string", ["in {v}", "using {v}"]),
    "language": (lambda r: w.pick(r, "English,German,French,Spanish,Italian,Dutch,Polish,Swedish,Turkish,Greek".split(",")), "string", ["in {v}", "into {v}"]),
    "sign": (lambda r: "".join(w.pick(r, "KWABCDEFGHIJLMNOPRSTUVXYZ") for _ in range(4)), "string", ["on {v}", "for {v}", "at {v}"]),
}
GENERIC_MAKERS = [(w.code, "string"), (w.nonce, "string"), (w.first_name, "string"), (w.place, "string"), (lambda r: r.randrange(1, 1000), "integer"), (w.thing, "string"), (lambda r: int(w.number(r)), "number"),
                  (lambda r: round(r.random() * 100, r.choice([1, 2])), "number"), (lambda r: r.random() < 0.5, "boolean"), (w.date, "string"), (w.phrase, "string"), (w.email, "string")]
GENERIC_WAYS = ["with {p} {v}", "with {p} {v}", "using {p} {v}", "where {p} is {v}", "with {p} set to {v}", "({p}: {v})", "({p} = {v})", "and {p} {v}", "for {p} {v}", "with the {p} {v}"]
LONE_WAYS = ["for {v}", "of {v}", "{v}", "with {v}", "on {v}", "'{v}'", "in {v}", "called {v}"]

DESCRIBE = ["{V} (the|a|the current|an existing) {o}.", "{V} {o}", "(Use this to|Use this tool to|Tool to|A tool to|Function to) {v} (the|a) {o}.", "{V} (the|a) {o} (for|of|by|from|with) (the |a |given |)(user|{p}|input).", "{Vs} (the|a) {o}(.| and returns it.| in the system.)"]
DETAIL = [" (for|of) the given {p}.", ", including {h} and {h2}.", ". (Returns|Gives) the {h}( and the {h2}|).", ". Use it (when|if|whenever) the user asks (for it|about the {p}).", ". The {p} must be given."]
REQUEST = ["(Please |Can you |Could you |Would you |I want you to |I need you to |)(please |){v} (the|a|my|the|) {o} {w}", "{V} (the|a|my|the) {o} {w}", "(I need|I want|I would like) (to {v} |)(the|a) {o} {w}", "(What is|What's|Tell me|Show me|Give me) the {o} {w}", "(How about|What about) (the|a) {o} {w}",
           "(Help me|Let's) {v} (the|a) {o} {w}", "(Use|Call|Run) {tool} {w}", "{o} {w}", "{w}, (please |){v} (the|a) {o}"]
REQUEST += phrases.REQUEST
INTRO = ["", "", "", "", "", "(Let me (check|look|do) that(.| for you.)|One moment(.| please.)|Sure, (one moment|I will do that).|I will (check|use {tool}|look that up).)"]
RESULT_KEYS = "status price temperature condition total count result value distance duration rating title name address date time level speed message owner summary color size weight id score balance currency humidity wind available stock link author genre".split()


def human(identifier):
    """get_userName -> get user name."""
    out = "".join(" " + c.lower() if c.isupper() else c for c in identifier)
    return " ".join(out.replace("_", " ").replace("-", " ").split())


def make_object(rng):
    return w.pick(rng, OBJECTS) if rng.random() < 0.45 else " ".join(w.words_like(rng, rng.choice([1, 1, 2])))


def describe_parameter(rng, p, maker, kind, obj):
    """The JSON schema of one parameter; examples in it are there to be ignored."""
    schema = {"type": kind}
    r = rng.random()
    if r < 0.5:
        schema["description"] = say(rng, ["(The |)(name of the |value of the |){h}(.|)", "{h}", "(Which|What) {h} to use", "The {h} of the {o}", "The {h}(,|, for example| such as|, e.g.) {e}(.|)"], h=human(p), o=obj, e=maker(rng))
    if kind == "string" and (p in ("unit", "color", "day", "language") and r > 0.3 or r > 0.96):
        schema["enum"] = sorted({maker(rng) for _ in range(rng.randrange(2, 5))})
    if r > 0.45 and r < 0.5:
        schema = dict(reversed(schema.items()))
    return schema


def make_tool(rng, taken=()):
    """A tool as a dict with its JSON form (`spec`) and what a request needs to know."""
    for _ in range(100):
        verb = w.pick(rng, VERBS) if rng.random() < 0.8 else w.nonce(rng)
        obj = make_object(rng)
        name = w.identifier(rng, [verb, obj] if rng.random() < 0.7 else [obj] if rng.random() < 0.6 else [verb] + w.words_like(rng, 1) if rng.random() < 0.4 else None)
        if name not in taken and w.is_held_out(name) == w.HELD_OUT:
            break
    params, used = [], set()
    for _ in range(rng.choice([0, 1, 1, 1, 1, 2, 2, 2, 3, 3, 4])):
        if rng.random() < 0.55:
            p = w.pick(rng, list(PARAMS))
            maker, kind, ways = PARAMS[p]
        else:
            p = w.identifier(rng, w.words_like(rng, rng.choice([1, 1, 1, 2])))
            (maker, kind), ways = w.pick(rng, GENERIC_MAKERS), None
        if p not in used:
            used.add(p)
            params.append((p, maker, kind, ways))
    verb_text = verb.replace("_", " ")
    first_param = human(params[0][0]) if params else "user"
    description = say(rng, DESCRIBE, V=verb_text.capitalize(), Vs=verb_text.capitalize() + "s", v=verb_text, o=obj, p=first_param)
    properties = {}
    for i, (p, maker, kind, ways) in enumerate(params):
        properties[p] = describe_parameter(rng, p, maker, kind, obj)
        if "enum" in properties[p]:
            params[i] = (p, lambda r, options=properties[p]["enum"]: w.pick(r, options), kind, ways)
    required = [p for p, *_ in params] if rng.random() < 0.7 else [p for p, *_ in params][:1]
    schema = {"type": "object", "properties": properties}
    if rng.random() < 0.85:
        schema["required"] = required
    if rng.random() < 0.08:
        schema["additionalProperties"] = False
    if rng.random() < 0.1:
        schema = dict(sorted(schema.items(), key=lambda _: rng.random()))
    if rng.random() < 0.15:
        description = description.rstrip(".") + say(rng, DETAIL, p=first_param, h=w.pick(rng, RESULT_KEYS), h2=w.pick(rng, RESULT_KEYS))
    spec = {"type": "function", "function": {"name": name, "description": description, "parameters": schema}}
    return {"spec": spec, "name": name, "verb": verb_text, "object": obj, "params": params, "required": required}


def ways_of(rng, p, value, ways, lone):
    if ways is None or rng.random() < 0.25:
        ways = LONE_WAYS if lone and rng.random() < 0.4 and not isinstance(value, bool) else GENERIC_WAYS
    shown = json.dumps(value) if not isinstance(value, str) else value
    return say(rng, w.pick(rng, ways).replace("(", "<").replace(")", ">"), p=human(p) if rng.random() < 0.7 else p, v=shown).replace("<", "(").replace(">", ")")


def request(rng, t, bank=None):
    """(user text, arguments) for one use of a tool."""
    arguments, parts = {}, []
    for p, maker, kind, ways in t["params"]:
        if p not in t["required"] and rng.random() < 0.6:
            continue
        value = maker(rng)
        arguments[p] = value
        parts.append((p, value, ways))
    order = list(parts)
    if rng.random() < 0.3:
        rng.shuffle(order)
    phrases = [ways_of(rng, p, v, ways, len(parts) == 1) for p, v, ways in order]
    joiner = w.pick(rng, [" ", " ", " and ", ", "])
    if bank is None and rng.random() < 0.35:
        bank = [w.pick(rng, ["<a> {v} (the|a|my) {o} {w}<b>", "<a> {v} (the|a|my) {o}<b> {w}", "<a> (the|a|my) {o} {w}<b>", "<a> {tool} {w}<b>"]).replace("<a>", noise.gap(rng, 0.8)).replace("<b>", w.pick(rng, ["", "", "", ", " + noise.noise(rng, 1, 4)]))]
    if bank is None and rng.random() < 0.4:
        bank = wild.wild(rng, wild.REQUEST)
    text = say(rng, bank or REQUEST, tool=t["name"], V=t["verb"].capitalize(), v=t["verb"], o=t["object"], w=joiner.join(phrases)).strip().strip(",").strip()
    text = text[0].upper() + text[1:] if rng.random() < 0.85 else text
    text = " ".join(text.split())
    text = text[0].upper() + text[1:] if rng.random() < 0.5 else text
    if text[-1] in ".?!":
        return text, arguments
    return text + w.pick(rng, ["", ".", ".", "?" if text.startswith(("What", "Can", "Could", "Would", "How")) else "."]), arguments


def result_value(rng):
    return w.pick(rng, [w.place, w.name, w.number, w.amount, w.date, w.thing, w.code, lambda r: r.randrange(1, 999), lambda r: round(r.random() * 100, 1), w.nonce])(rng)


def result(rng):
    """(tool result text, answer text)."""
    r = rng.random()
    if r < 0.12:
        why = say(rng, ["{a} not found", "(unknown|invalid) {a}", "service (unavailable|timed out)", "permission denied", "{a} is missing", "too many requests"], a=w.pick(rng, RESULT_KEYS))
        return json.dumps({"error": why}), say(rng, ["(Sorry|I am sorry), (the tool reported an error: |that did not work: |there was an error: ){e}."], e=why)
    if r < 0.24:
        v = result_value(rng)
        return str(v), say(rng, ["The result is {v}.", "It is {v}.", "The answer is {v}."], v=v)
    if r < 0.34:
        return w.pick(rng, [json.dumps({"status": "ok"}), json.dumps({"success": True}), "ok", "done", json.dumps({"result": "success"})]), say(rng, ["Done.", "(Done|All set|Okay), (that worked|it is done).", "It is done."])
    keys = rng.sample(RESULT_KEYS, rng.choice([1, 2, 2, 3, 4])) if rng.random() < 0.7 else [w.identifier(rng, w.words_like(rng, rng.choice([1, 2]))) for _ in range(rng.choice([1, 2, 3]))]
    values = {k: result_value(rng) for k in keys}
    parts = [f"the {human(k)} is {v}" for k, v in values.items()]
    text = parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]
    body = json.dumps(values, ensure_ascii=False)
    if rng.random() < 0.15:
        body = "; ".join(f"{k}: {v}" for k, v in values.items())
    return body, text[0].upper() + text[1:] + "."


def toolbox(rng, n=None):
    tools, taken = [], set()
    for _ in range(n or rng.choice([1, 1, 2, 2, 3, 3, 4, 5])):
        t = make_tool(rng, taken)
        if any(t["object"] == o["object"] for o in tools):
            continue
        taken.add(t["name"])
        tools.append(t)
    return tools


def episode(rng, tools):
    """Turns of one request, with one or two calls, results and the answer."""
    t = w.pick(rng, tools)
    text, arguments = request(rng, t)
    calls = [(t["name"], arguments)]
    r = rng.random()
    if r < 0.15 and t["params"]:  # the same tool twice: first parameter changes
        p, maker, _, _ = t["params"][0]
        other = dict(arguments)
        other[p] = maker(rng)
        if p in arguments and other[p] != arguments[p] and str(arguments[p]) in text and not isinstance(other[p], bool):
            text = text.replace(str(arguments[p]), f"{arguments[p]} and {other[p]}", 1) if rng.random() < 0.6 else text + f" And also {'for ' if rng.random() < 0.5 else ''}{other[p]}."
            calls.append((t["name"], other))
    elif r < 0.25 and len(tools) > 1:  # two different tools
        u = w.pick(rng, [x for x in tools if x is not t])
        second, more = request(rng, u)
        text = text.rstrip(".?") + say(rng, [". (Then|Also|And|After that) ", " and then ", ", and also "]) + second[0].lower() + second[1:]
        calls.append((u["name"], more))
    turns = [user(text), assistant(say(rng, INTRO, tool=t["name"]), calls)]
    if rng.random() < 0.8:
        pairs = [result(rng) for _ in calls]
        turns += [tool(body) for body, _ in pairs] + [assistant(" ".join(answer for _, answer in pairs))]
    return turns


CANNOT = ["(I don't have|There is no|None of my tools is) a tool for that.", "(Sorry, |)none of my tools can do that.", "I cannot do that with the tools I have."]
CANNOT[0] = "(Sorry, |)I don't have a tool for that."


def no_fit(rng, tools):
    """A request for something that no tool offers."""
    other = make_tool(rng, {t["name"] for t in tools})
    for _ in range(20):
        if all(o not in t["object"] for t in tools for o in other["object"].split()) and other["verb"] not in [t["verb"] for t in tools]:
            break
        other = make_tool(rng)
    text, _ = request(rng, other, REQUEST)
    return [user(text), assistant(say(rng, CANNOT))]
