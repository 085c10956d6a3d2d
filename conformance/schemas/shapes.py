"""Schemas of numbers and texts, and the patterns they use."""

FORMATS = ["date", "time", "date-time", "duration", "uuid", "ipv4", "ipv6", "hostname", "email", "uri"]

# (pattern, length of its shortest text, length of its longest or None)
LIGHT_PATTERNS = [
    ("^[a-z]{1,8}$", 1, 8),
    (r"^\d{3}-\d{4}$", 8, 8),
    ("x.y", 3, None),
    ("^(?:red|green|blue)$", 3, 5),
    (r"[A-Z]\s", 2, None),
    (r"^\W+$", 1, None),
    (r"\.$", 1, None),
    (r"^é?\u00e8*$", 0, None),
    ("^[^a-z]{2,}$", 2, None),
    ("^(a|b(c|d)){1,3}$", 1, 6),
    (r"^\s?\S\w\D$", 3, 4),
    (r"^[\w.-]+$", 1, None),
    (r"^a\tb|\x41\f?\r?\n?$", 1, None),
    (r'^[^"\\]+$', 1, None),
    (r"^\$\{[a-z]*?\}", 3, None),
    ("^日本?語$", 2, 3),
]
HEAVY_PATTERNS = [
    (r"^[A-Z]{2}\d{2}(?: [0-9A-Z]{4}){2,5}$", 14, 29),
    (r"^(?:\+\d{1,3} )?(?:\(\d{2,4}\) )?\d{3,4}-\d{4}$", 8, 23),
    (r"^(?:[a-z]{1,12}(?:_[a-z]{1,12}){0,3})$", 1, 51),
    (r"^#(?:[0-9a-fA-F]{3}){1,2}$", 4, 7),
    (r"^v\d{1,3}\.\d{1,3}\.\d{1,3}(?:-[a-z]{1,8}\.\d{1,2})?$", 6, 24),
    (r"^[A-Z][a-z]{1,10}(?: [A-Z][a-z]{1,10}){1,2}[.!?]$", 6, 36),
    (r"(?:\d\d:){2}\d\d", 8, None),
    (r"^(?:0|[1-9]\d{0,8})(?:\.\d{2})? (?:EUR|USD|JPY)$", 5, 16),
]
# No two match the same name.
NAME_PATTERNS = ["^x_", "^y", r"^\d{1,3}$", "^[A-Z]{2}$"]

# How often a number may have any number of digits: a small model at a high temperature likes to go on.
ENDLESS = 0.15


def integer(dice):
    low = dice.randint(-2000, 2000)
    high = low + dice.randint(60, 3000)
    bounded = [
        {"minimum": low, "maximum": high},
        {"exclusiveMinimum": low, "maximum": high},
        {"minimum": low, "exclusiveMaximum": high},
        {"exclusiveMinimum": low - 0.5, "exclusiveMaximum": high},
        {"multipleOf": dice.randint(1, 1000)},
        {"multipleOf": dice.randint(1, 60), "minimum": low, "maximum": high},
        {"multipleOf": dice.randint(1, 30), "exclusiveMinimum": low},
        {"minimum": 2**53 - dice.randint(1, 999), "maximum": 2**53},
    ]
    endless = [{}, {"minimum": low}, {"exclusiveMinimum": low}, {"maximum": high}, {"exclusiveMaximum": high}]
    return {"type": "integer", **dice.choice(endless if dice.random() < ENDLESS else bounded)}


def number(dice):
    low = dice.randint(-2000, 2000) / 8
    high = low + dice.randint(80, 3000) / 8
    # Fractions go on for up to 200 digits in each.
    endless = [
        {},
        {"minimum": low, "maximum": high},
        {"exclusiveMinimum": low, "exclusiveMaximum": high},
        {"exclusiveMinimum": 0, "exclusiveMaximum": 1},
        {"minimum": low, "exclusiveMaximum": low + 0.001},
        {"minimum": low},
        {"exclusiveMaximum": high},
        {"maximum": -0.125},
    ]
    bounded = [
        {"multipleOf": dice.randint(1, 10), "minimum": low, "maximum": high},
        {"multipleOf": dice.randint(1, 100)},
    ]
    return {"type": "number", **dice.choice(bounded if dice.random() < ENDLESS else endless)}


def sized(dice):
    """A text by its length."""
    least = dice.randint(0, 6)
    most = least + dice.randint(0, 24)
    forms = [{"minLength": least, "maxLength": most}, {"maxLength": most}, {"minLength": least}, {}]
    more = dice.choices(forms, [8, 6, 1, 1])[0]
    return {"type": "string", **more}
