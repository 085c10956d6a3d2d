"""Schemas made of everything that docs/structured-output.md accepts, from a seed.

A schema stays within what the page says of each keyword, so a server that refuses one contradicts the page. Each can be
met: whatever is joined (`allOf`, keywords beside `anyOf`, `oneOf` or `$ref`) is made of parts that leave something.
"""

import random

from literals import LITERALS, PROPERTIES, text
from shapes import FORMATS, HEAVY_PATTERNS, LIGHT_PATTERNS, NAME_PATTERNS, integer, number, sized

DRAFTS = {
    "https://json-schema.org/draft/2020-12/schema": 8,
    "https://json-schema.org/draft/2019-09/schema": 1,
    "http://json-schema.org/draft-07/schema#": 1,
    "http://json-schema.org/draft-06/schema#": 1,
}
# Patterns and formats in a schema that joins; the page allows 16, and a tool's or a definition's may be read twice.
JOINED_PATTERNS_MAX = 8
PARTS_MAX = 24
ONE_OF_TYPES = ["null", "boolean", "integer", "number", "string", "array", "object"]


def generate(seed, is_object=False):
    """The schema of a seed. With `is_object`, one that a tool's arguments may have."""
    return Generator(random.Random(f"schema {seed}")).root(is_object)


class Generator:
    """Draws the parts of one schema."""

    def __init__(self, dice):
        self.dice = dice
        self.joins = dice.random() < 0.5
        self.tuples = True
        self.patterns = 0
        self.parts = 0
        self.definitions = {}
        self.container = "$defs"
        self.recursive_root = False

    def chance(self, of_one):
        return self.dice.random() < of_one

    def draw(self, weighted):
        return self.dice.choices([item for item, _ in weighted], [weight for _, weight in weighted])[0]

    def root(self, is_object):
        dice = self.dice
        head = {}
        if self.chance(0.4):
            head["$schema"] = dice.choices(list(DRAFTS), list(DRAFTS.values()))[0]
            self.tuples = "2020-12" in head["$schema"]
        if self.chance(0.15):
            head["$id"] = f"https://example.com/schemas/{dice.randrange(1000)}"
        self.container = "definitions" if self.chance(0.3) else "$defs"
        self.recursive_root = not is_object and self.chance(0.06)
        depth = dice.choice([1, 2, 2, 3, 3, 4])
        if is_object:
            body = self.object(depth)
        elif self.recursive_root:
            body = self.refers_to_itself()
        elif self.chance(0.08):
            body = self.leaf()
        else:
            body = self.compound(depth)
        if isinstance(body, bool):
            body = {"anyOf": [body]}
        if self.recursive_root is False and self.chance(0.08) and "properties" in body:
            self.refer_to_a_property(body)
        if self.definitions:
            body = {**body, self.container: dict(self.definitions)}
            if self.chance(0.3):
                body[self.container]["unused"] = {"not": {}}
        return {**head, **self.annotated(body, 0.5)}

    def schema(self, depth):
        """Any schema, with at most `depth` levels below it."""
        self.parts += 1
        if depth <= 0 or self.parts > PARTS_MAX or self.chance(0.15):
            return self.annotated(self.leaf(), 0.08)
        return self.annotated(self.compound(depth), 0.15)

    def compound(self, depth):
        kinds = [(self.object, 8), (self.array, 4), (self.any_of, 2), (self.one_of, 2)]
        if self.joins:
            kinds += [(self.all_of, 3), (self.beside, 2)]
        return self.draw(kinds)(depth)

    def annotated(self, schema, of_one):
        """With keywords that say nothing about what is valid."""
        if not isinstance(schema, dict) or not self.chance(of_one):
            return schema
        annotations = {
            "title": "A title",
            "description": "What it is: \"quoted\", long enough, and é.",
            "default": self.literal(1),
            "example": self.literal(1),
            "examples": [self.literal(1), self.literal(0)],
            "deprecated": self.chance(0.5),
            "readOnly": self.chance(0.5),
            "writeOnly": self.chance(0.5),
            "$comment": "not for the model",
        }
        chosen = self.dice.sample(list(annotations), self.dice.randint(1, 3))
        return {**{name: annotations[name] for name in chosen}, **schema}

    # Leaves

    def leaf(self):
        return self.draw(
            [
                (lambda: {"type": "null"}, 1),
                (lambda: {"type": "boolean"}, 2),
                (lambda: integer(self.dice), 4),
                (lambda: number(self.dice), 2.5),
                (lambda: sized(self.dice), 3),
                (self.pattern, 3),
                (self.format, 4),
                (self.constant, 2),
                (self.choice, 3),
                (self.several_types, 2),
                (self.reference, 3),
                (lambda: self.dice.choice([True, {}]), 0.5),
                (self.empty, 0.5),
            ]
        )()

    def counts_pattern(self, how_many=1):
        """Whether as many patterns more may stand in this schema."""
        if self.joins and self.patterns + how_many > JOINED_PATTERNS_MAX:
            return False
        self.patterns += how_many
        return True

    def pattern(self):
        if not self.counts_pattern():
            return sized(self.dice)
        table = LIGHT_PATTERNS if self.joins or self.chance(0.3) else HEAVY_PATTERNS
        pattern, shortest, longest = self.dice.choice(table)
        schema = {"type": "string", "pattern": pattern}
        if self.chance(0.3):
            schema["minLength"] = self.dice.randint(0, shortest)
        if longest is None or self.chance(0.3):
            schema["maxLength"] = (longest or shortest + 4) + self.dice.randint(0, 9)
        return schema

    def format(self):
        if self.joins and self.chance(0.25) and self.counts_pattern(2):
            beside = {"date": "^20", "date-time": "Z$", "ipv4": r"^1\d*\.", "uuid": "^[0-8]", "email": "@a"}
            name = self.dice.choice(list(beside))
            return {"type": "string", "format": name, "pattern": beside[name]}
        if not self.counts_pattern():
            return sized(self.dice)
        schema = {"type": "string", "format": self.dice.choice(FORMATS)}
        if self.chance(0.15) and schema["format"] in ("hostname", "email", "uri", "ipv6", "time"):
            schema["maxLength"] = self.dice.randint(25, 60)
        return schema

    def literal(self, depth):
        kind = self.dice.choice(list(LITERALS))
        return LITERALS[kind](self.dice, depth)

    def constant(self):
        return {"const": self.literal(2)}

    def choice(self):
        dice = self.dice
        if self.chance(0.4):
            values = {text(dice): None for _ in range(dice.randint(1, 6))}
            return {"type": "string", "enum": list(values)}
        values = []
        for _ in range(dice.randint(1, 7)):
            value = self.literal(2)
            if all(repr(value) != repr(other) and value != other for other in values):
                values.append(value)
        return {"enum": values}

    def several_types(self):
        schema = self.dice.choice(
            [
                {"type": ["integer", "null"], "minimum": 3, "maximum": 3000},
                {"type": ["string", "boolean"], "maxLength": 6},
                {"type": ["number", "string"], "exclusiveMinimum": -4.5, "maxLength": 8},
                {"type": ["null", "array"], "items": {"type": "boolean"}, "maxItems": 3},
                {"type": ["object", "integer"], "properties": {"n": {"type": "null"}}, "additionalProperties": False},
                {"type": ["null"]},
            ]
        )
        return dict(schema)

    def empty(self):
        """An array or object that is allowed nothing but itself."""
        return self.dice.choice(
            [
                {"type": "array", "items": False},
                {"type": "array", "maxItems": 0},
                {"type": "object", "additionalProperties": False},
                {"type": "object", "maxProperties": 0},
                {"type": "object", "properties": {"never": False}, "additionalProperties": False},
            ]
        )

    # References

    def reference(self):
        if self.recursive_root and self.chance(0.3):
            return {"type": "array", "items": {"$ref": "#"}, "maxItems": 1}
        name = self.dice.choice(["tree", "a/b", "til~de", "positive", "even", "odd"])
        self.define(name)
        pointer = name.replace("~", "~0").replace("/", "~1")
        reference = {"$ref": f"#/{self.container}/{pointer}"}
        if name == "positive" and self.joins and self.chance(0.5):
            return {**reference, "maximum": self.dice.randint(10, 99)}
        return reference

    def define(self, name):
        if name in self.definitions:
            return
        closed = {"type": "object", "additionalProperties": False}

        def ref(other):
            return {"$ref": f"#/{self.container}/{other}"}

        count = {"type": "integer", "minimum": 0, "maximum": 99}
        leaf = self.dice.choice([{"type": "boolean"}, {"enum": ["x", "y", 1]}, count])
        schemas = {
            "tree": {
                **closed,
                "properties": {"leaf": leaf, "more": {"type": "array", "items": ref("tree"), "maxItems": 1}},
                "required": ["leaf"],
            },
            "a/b": {"anyOf": [{"type": "null"}, {**closed, "properties": {"next": ref("a~1b")}, "required": ["next"]}]},
            "til~de": {"type": "array", "items": leaf, "minItems": 1, "maxItems": 3},
            "positive": {"type": "integer", "exclusiveMinimum": 0},
            "even": {**closed, "properties": {"even": leaf, "odd": ref("odd")}, "required": ["even"]},
            "odd": {**closed, "properties": {"odd": leaf, "even": ref("even")}, "required": ["odd"]},
        }
        self.definitions[name] = schemas[name]
        for other in {"even": ["odd"], "odd": ["even"]}.get(name, []):
            self.define(other)

    def refers_to_itself(self):
        inner = self.leaf()
        own = {"$ref": "#"}
        return self.dice.choice(
            [
                {"type": "array", "items": own, "maxItems": 2},
                {
                    "type": "object",
                    "properties": {"value": inner, "self": own},
                    "required": ["value"],
                    "additionalProperties": False,
                },
                {"anyOf": [inner, {"type": "array", "items": own, "minItems": 1, "maxItems": 2}]},
            ]
        )

    def refer_to_a_property(self, body):
        """A reference into the schema that is no definition."""
        names = [name for name in body["properties"] if name.isascii() and name.isidentifier()]
        if names and "maxProperties" not in body:
            body["properties"]["as before"] = {"$ref": f"#/properties/{self.dice.choice(names)}"}

    # Arrays and objects

    def array(self, depth):
        dice = self.dice
        schema = {"type": "array"}
        tuple_length = dice.randint(1, 3) if self.tuples and self.chance(0.4) else 0
        if tuple_length:
            schema["prefixItems"] = [self.schema(depth - 1) for _ in range(tuple_length)]
        if tuple_length and self.chance(0.5):
            schema["items"] = False
            least = dice.randint(0, tuple_length)
            most = None
        else:
            schema["items"] = self.schema(depth - 1)
            least = dice.randint(0, tuple_length + 2)
            most = least + dice.randint(0, 2)
        if least or self.chance(0.2):
            schema["minItems"] = least
        if most is not None and self.chance(0.93):
            schema["maxItems"] = most
        if self.chance(0.2):
            schema["uniqueItems"] = False
        return schema

    def object(self, depth):
        kinds = [(self.record, 6), (self.dictionary, 1.5), (self.counted, 2)]
        kinds += [(self.by_pattern, 1.5)] if self.joins else [(self.by_one_pattern, 1)]
        return self.draw(kinds)(depth)

    def names(self, least, most):
        return self.dice.sample(PROPERTIES, self.dice.randint(least, most))

    def record(self, depth):
        """Named properties, some of which must be there."""
        names = self.names(1, 5)
        schema = {"type": "object", "properties": {name: self.schema(depth - 1) for name in names}}
        required = [name for name in names if self.chance(0.6)]
        if required or self.chance(0.3):
            schema["required"] = required
        if self.chance(0.85):
            schema["additionalProperties"] = False
        elif self.chance(0.8):
            schema["additionalProperties"] = self.schema(0)
            if self.chance(0.3):
                schema["required"] = [*required, "also"]
        return schema

    def dictionary(self, depth):
        """Names that the model chooses."""
        schema = {"type": "object", "additionalProperties": self.schema(depth - 1)}
        if self.chance(0.4):
            schema["minProperties"] = self.dice.randint(0, 1)
        schema["maxProperties"] = self.dice.randint(1, 3)
        return schema

    def counted(self, depth):
        """As many properties as the page says can be promised."""
        if self.chance(0.4):
            names = self.names(2, 3)
            schema = {"type": "object", "properties": {name: self.schema(depth - 1) for name in names}}
            schema["additionalProperties"] = False
            schema[self.dice.choice(["minProperties", "maxProperties"])] = 1
            return schema
        names = self.names(0, 3)
        schema = {"type": "object", "properties": {name: self.schema(depth - 1) for name in names}, "required": names}
        schema["additionalProperties"] = self.schema(0)
        if schema["additionalProperties"] is False:
            return schema
        if self.chance(0.7):
            schema["minProperties"] = self.dice.randint(0, len(names) + 1)
        schema["maxProperties"] = len(names) + self.dice.randint(1, 2)
        return schema

    def by_one_pattern(self, depth):
        self.patterns += 1
        pattern = self.dice.choice(NAME_PATTERNS)
        return {
            "type": "object",
            "patternProperties": {pattern: self.schema(depth - 1)},
            "additionalProperties": False,
            "maxProperties": self.dice.randint(1, 3),
        }

    def by_pattern(self, depth):
        """Patterns beside names; a name that a pattern matches, too, obeys both."""
        count = self.dice.randint(1, 3)
        if not self.counts_pattern(count):
            return self.record(depth)
        patterns = self.dice.sample(NAME_PATTERNS, count)
        schema = {"type": "object", "patternProperties": {pattern: self.schema(depth - 1) for pattern in patterns}}
        if "^x_" in patterns and self.chance(0.5):
            schema["patternProperties"]["^x_"] = {"type": "integer", "maximum": 100}
            schema["properties"] = {"x_a": {"minimum": 5}, "name": self.schema(0)}
            schema["required"] = ["x_a"]
        schema["additionalProperties"] = False if self.chance(0.6) else self.schema(0)
        if "properties" not in schema:
            schema["maxProperties"] = self.dice.randint(1, 3)
        return schema

    # Schemas for the same value

    def any_of(self, depth):
        return {"anyOf": [self.schema(depth - 1) for _ in range(self.dice.randint(1, 4))]}

    def one_of(self, depth):
        if self.chance(0.5):
            return self.tagged(depth)
        types = self.dice.sample(ONE_OF_TYPES, self.dice.randint(1, 4))
        if "number" in types and "integer" in types:
            types.remove("integer")
        return {"oneOf": [self.of_type(kind, depth) for kind in types]}

    def of_type(self, kind, depth):
        makers = {
            "null": lambda: {"type": "null"},
            "boolean": lambda: {"type": "boolean"},
            "integer": lambda: integer(self.dice),
            "number": lambda: number(self.dice),
            "string": self.pattern,
            "array": lambda: self.array(depth - 1),
            "object": lambda: self.record(depth - 1),
        }
        return makers[kind]()

    def tagged(self, depth):
        """Objects that a constant tells apart."""
        options = []
        for tag in self.dice.sample(["cat", "dog", "é", 1, 2.5, True, None], self.dice.randint(2, 3)):
            properties = {"kind": {"const": tag}, self.dice.choice(PROPERTIES): self.schema(depth - 1)}
            required = list(properties) if self.chance(0.7) else ["kind"]
            record = {"type": "object", "properties": properties, "required": required}
            options.append({**record, "additionalProperties": False})
        return {"oneOf": options}

    def all_of(self, depth):
        return self.draw(
            [
                (self.all_of_numbers, 2),
                (self.all_of_texts, 2),
                (self.all_of_arrays, 2),
                (self.all_of_objects, 4),
                (self.all_of_unions, 1),
            ]
        )(depth)

    def all_of_numbers(self, _):
        low = self.dice.randint(-50, 50)
        return {"allOf": [{"type": "integer", "minimum": low}, {"maximum": low + self.dice.randint(1, 500)}]}

    def all_of_texts(self, _):
        parts = [{"type": "string", "minLength": self.dice.randint(0, 2)}, {"maxLength": self.dice.randint(3, 9)}]
        if self.counts_pattern(2):
            parts += [{"pattern": "^[a-m]"}, {"pattern": "[0-9]$"}]
        return {"allOf": parts}

    def all_of_arrays(self, depth):
        least = self.dice.randint(0, 2)
        items = self.schema(depth - 1)
        if items is False:
            items = True
        return {"allOf": [{"type": "array", "items": items}, {"minItems": least, "maxItems": least + 1}]}

    def all_of_objects(self, depth):
        first, second = self.names(1, 2), ["left", "right"]
        parts = []
        for names in (first, second):
            properties = {name: self.schema(depth - 1) for name in names}
            required = [name for name in names if self.chance(0.7)]
            parts.append({"type": "object", "properties": properties, "required": required})
        if self.chance(0.4):
            parts.append({"required": [first[0]]})
        return {"allOf": parts}

    def all_of_unions(self, _):
        numbers = {"anyOf": [{"type": "integer"}, {"type": "string"}]}
        fewer = {"anyOf": [{"type": "integer", "minimum": 3}, {"type": "null"}, {"type": "string", "maxLength": 5}]}
        return {"allOf": [numbers, fewer]}

    def beside(self, depth):
        """Keywords beside `anyOf`, `oneOf` or `allOf`."""
        names = self.names(2, 3)
        properties = {name: self.schema(depth - 1) for name in names}
        closed = {"type": "object", "properties": properties, "additionalProperties": False}
        return self.dice.choice(
            [
                {**closed, "anyOf": [{"required": [names[0]]}, {"required": [names[1]]}]},
                {**closed, "allOf": [{"required": [names[0]]}]},
                {"type": ["integer", "string"], "anyOf": [{"type": "integer", "minimum": 3}, {"maxLength": 4}]},
                {"minimum": 3, "maximum": 70, "oneOf": [{"type": "integer"}, {"type": "string", "maxLength": 6}]},
                {"minItems": 1, "oneOf": [{"type": "array", "items": {"type": "null"}, "maxItems": 3}, {"type": "null"}]},
            ]
        )
