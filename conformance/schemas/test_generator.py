"""The generator of schemas: its schemas are schemas, it forgets no keyword, and a seed is a schema."""

import json
from collections import Counter

import pytest

import judge
from coverage import documented, used
from generator import FORMATS, generate

MANY = 600


@pytest.mark.parametrize("is_object", [False, True])
def test_every_schema_is_valid_under_its_metaschema_and_survives_json(is_object):
    for seed in range(MANY):
        schema = generate(seed, is_object)
        judge.check_schema(schema)
        assert json.loads(json.dumps(schema)) == schema
        assert not is_object or schema["type"] == "object"


def test_the_same_seed_is_the_same_schema():
    texts = [json.dumps(generate(seed)) for seed in range(200)]
    assert texts == [json.dumps(generate(seed)) for seed in range(200)]
    assert len(set(texts)) > 190


def test_everything_that_the_page_accepts_comes_up():
    seen = Counter(feature for seed in range(MANY) for feature in used(generate(seed)))
    assert [feature for feature in documented() if seen[feature] < 3] == []


def test_the_judge_knows_every_format():
    wanted = [name for name in documented() if name.startswith("format ") and "root" not in name]
    assert sorted(wanted) == sorted(f"format {name}" for name in FORMATS)
    for name in FORMATS:
        assert judge.fault({"format": name}, "-") is not None, name


@pytest.mark.parametrize(
    "schema, value",
    [
        ({"pattern": r"^\d$"}, "٣"),
        ({"pattern": "^a$"}, "a\n"),
        ({"pattern": "^.$"}, "\r"),
        ({"patternProperties": {r"^\w": {"type": "null"}}, "additionalProperties": False}, {"é": None}),
        ({"patternProperties": {"^x": {"type": "null"}}}, {"x": 1}),
        ({"format": "date"}, "2025-02-29"),
        ({"const": 1}, True),
        ({"oneOf": [{"type": "integer"}, {"minimum": 2}]}, 3),
    ],
)
def test_the_judge_sees_what_is_wrong(schema, value):
    assert judge.fault(schema, value) is not None


@pytest.mark.parametrize("text", ["NaN", "[1e999]", "-Infinity", '{"a": 1', "01", '"\n"'])
def test_the_judge_reads_json_only(text):
    with pytest.raises(ValueError):
        judge.read(text)
