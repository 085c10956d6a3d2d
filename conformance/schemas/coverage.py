"""What a schema uses of what docs/structured-output.md accepts, and what is accepted."""

import json
import pathlib
import re

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs/structured-output.md"

PARTS = ("items", "additionalProperties")
LISTS = ("prefixItems", "allOf", "anyOf", "oneOf")
MAPS = ("properties", "patternProperties", "$defs", "definitions")
WHOLE = ("allOf", "anyOf", "oneOf", "$ref")
ROOT_ONLY = ("$schema", "$id", "$defs", "definitions")
TYPES = ("null", "boolean", "integer", "number", "string", "array", "object")


def documented():
    """The page's keywords, those without effect, too, and the kinds of each that must come up."""
    page = PAGE.read_text().split("## What is enforced")[1]
    rows = dict(re.findall(r"^\| (`[^|]+`) \| (.+) \|$", page, re.MULTILINE))
    # Names of the tables further down are plain text.
    named = [name for names in rows for name in re.findall(r"`([^`]+)`", names)]
    silent = re.search(r"^Without effect.*?: (.*?)\. Def", page, re.MULTILINE | re.DOTALL)[1]
    keywords = [name for name in named if name not in ("true", "false")] + re.findall(r"`([^`]+)`", silent)
    formats = re.findall(r"`([^`]+)`", rows["`format`"].split(";")[0])
    drafts = re.search(r"drafts ([^;]+);", rows["`$schema`"])[1]
    return [
        *keywords,
        *(f"schema {name}" for name in named if name in ("true", "false")),
        *(f"{name} below the root" for name in keywords if name not in ROOT_ONLY),
        *(f"format {name}" for name in formats),
        *(f"$schema {draft}" for draft in re.findall(r"[\d-]+", drafts)),
        *(f"type {name}" for name in TYPES),
        "type, several",
        *(f"{key} of {name}" for key in ("const", "enum") for name in TYPES),
        *(f"{key} beside others" for key in WHOLE),
        *(f"$ref to {place}" for place in ("the root", "a definition", "a property")),
        "pattern beside format",
    ]


def used(schema):
    """What a schema uses, in the words of `documented`."""
    found = set()
    _walk(schema, False, found)
    return found


def _walk(schema, below, found):
    if isinstance(schema, bool):
        found.add(f"schema {json.dumps(schema)}")
        return
    for key, value in schema.items():
        found.update([key, f"{key} below the root"] if below else [key])
        found.update(_of_value(key, value))
        if key in WHOLE and _binding(schema) > 1:
            found.add(f"{key} beside others")
        for part in _parts(key, value):
            _walk(part, True, found)
    if "pattern" in schema and "format" in schema:
        found.add("pattern beside format")


def _binding(schema):
    """How many keywords say something about the value."""
    silent = {"title", "description", "default", "example", "examples", "deprecated", "readOnly", "writeOnly"}
    return len(set(schema) - silent - {"$schema", "$id", "$comment", "$defs", "definitions"})


def _parts(key, value):
    if key in PARTS:
        return [value]
    if key in LISTS:
        return value
    if key in MAPS:
        return [part for name, part in value.items() if name != "unused"]
    return []


def _of_value(key, value):
    if key == "type":
        return [f"type {value}"] if isinstance(value, str) else ["type, several"]
    if key == "format":
        return [f"format {value}"]
    if key == "$schema":
        return ["$schema " + re.search(r"draft[/-]0?([\d-]+)", value)[1]]
    if key == "const":
        return [f"const of {_kind(value)}"]
    if key == "enum":
        return [f"enum of {_kind(one)}" for one in value]
    if key == "$ref":
        places = {"#": "the root", "#/properties": "a property"}
        return ["$ref to " + places.get(value.rpartition("/")[0] or value, "a definition")]
    return []


def _kind(value):
    if isinstance(value, bool):
        return "boolean"
    names = {type(None): "null", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    return names[type(value)]
