"""An independent validator: the package jsonschema, with formats, and with patterns read as ECMA-262 by another engine.

Python's own `re`, which jsonschema would use, means something else by `\\d`, `\\w`, `.` and `$`.
"""

import functools
import json

import jsonschema
import regress
from jsonschema import Draft202012Validator, ValidationError, validators

FORMATS = Draft202012Validator.FORMAT_CHECKER


@functools.lru_cache(maxsize=1000)
def _expression(pattern):
    return regress.Regex(pattern, "u")


def _found(pattern, text):
    return _expression(pattern).find(text) is not None


def _pattern(validator, pattern, instance, _schema):
    if validator.is_type(instance, "string") and not _found(pattern, instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


def _pattern_properties(validator, patterns, instance, _schema):
    if validator.is_type(instance, "object"):
        for pattern, schema in patterns.items():
            for name, value in instance.items():
                if _found(pattern, name):
                    yield from validator.descend(value, schema, path=name, schema_path=pattern)


def _additional_properties(validator, schema, instance, parent):
    if not validator.is_type(instance, "object"):
        return
    named, patterns = parent.get("properties", {}), parent.get("patternProperties", {})
    for name, value in instance.items():
        if name not in named and not any(_found(pattern, name) for pattern in patterns):
            yield from validator.descend(value, schema, path=name)


KEYWORDS = {
    "pattern": _pattern,
    "patternProperties": _pattern_properties,
    "additionalProperties": _additional_properties,
}


@functools.cache
def _extended(draft):
    return validators.extend(draft, KEYWORDS)


def _draft(schema):
    return validators.validator_for(schema, default=Draft202012Validator)


def check_schema(schema):
    """Fails if the metaschema of its draft does not allow a schema."""
    _draft(schema).check_schema(schema)


def validator(schema):
    return _extended(_draft(schema))(schema, format_checker=FORMATS)


def read(text):
    """The value of a JSON text as RFC 8259 has it: neither NaN nor an infinity, nor a number that becomes one."""

    def refuse(name):
        raise ValueError(f"{name} is not JSON")

    value = json.loads(text, parse_constant=refuse)
    json.dumps(value, allow_nan=False)
    return value


def fault(schema, value):
    """Why a value is not valid, if it is not."""
    error = jsonschema.exceptions.best_match(validator(schema).iter_errors(value))
    if error is None:
        return None
    place = "/".join(map(str, error.absolute_path))
    return f"at /{place}: {error.message[:500]} (schema: /{'/'.join(map(str, error.absolute_schema_path))})"
