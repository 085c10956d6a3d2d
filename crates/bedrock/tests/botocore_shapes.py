"""Every value that `cargo run --example wire_shapes` writes, against botocore's service models.

Checked are the names of members, required members, types, enumerations, patterns, lengths, times, and that a union has
one member; of errors the codes, statuses, members and the names inside streams. Needs botocore and cargo. Exit code 1
if anything differs.
"""

import base64
import json
import re
import subprocess
import sys

import botocore.loaders
import botocore.model

# Members that this server adds to AWS's shapes; SDKs ignore them.
ADDED = {
    "FoundationModelSummary": {"contextLength", "maxOutputTokens", "servedBy"},
    "FoundationModelDetails": {"contextLength", "maxOutputTokens", "servedBy"},
}
# Values that AWS itself sends beyond the model's enumeration.
WIDER = {"ModelModality": {"VIDEO", "SPEECH"}}
# Patterns that AWS's own values break: its system-defined profiles have names and descriptions with dots and commas.
WIDER_LENGTHS = {"BrandedName": 64}  # the model says 20; the service's own names are longer: "Llama 4 Maverick 17B Instruct"
WIDER_PATTERNS = {
    "InferenceProfileName": r"[0-9a-zA-Z .()+_-]{1,64}",
    "InferenceProfileDescription": r"[0-9a-zA-Z .,:()+_-]{1,200}",
}
TYPES = {
    "string": str,
    "integer": int,
    "long": int,
    "float": (int, float),
    "double": (int, float),
    "boolean": bool,
    "structure": dict,
    "map": dict,
    "list": list,
    "blob": str,
    "timestamp": str,
}

problems = []
loader = botocore.loaders.Loader()
services = {
    name: botocore.model.ServiceModel(loader.load_service_model(name, "service-2"))
    for name in ("bedrock", "bedrock-runtime")
}


def expect(good, where, what):
    if not good:
        problems.append(f"{where}: {what}")


def check(shape, value, where):
    if getattr(shape, "is_document_type", False):
        return
    wanted = TYPES[shape.type_name]
    good = isinstance(value, wanted) and (wanted is bool or not isinstance(value, bool))
    expect(good, where, f"{value!r} is no {shape.type_name}")
    if good:
        CHECKS.get(shape.type_name, lambda *_: None)(shape, value, where)


def check_structure(shape, value, where):
    known = {member.serialization.get("name", name): member for name, member in shape.members.items()}
    in_body = {name: member for name, member in known.items() if "location" not in member.serialization}
    for name, member in value.items():
        if name in in_body:
            check(in_body[name], member, f"{where}.{name}")
        else:
            expect(name in ADDED.get(shape.name, ()), where, f"{shape.name} has no member {name}")
    for name in shape.required_members:
        expect(name in value, where, f"{name} is required in {shape.name}")
    expect(not shape.is_tagged_union or len(value) == 1, where, f"{shape.name} is a union, not {sorted(value)}")


def check_list(shape, value, where):
    least = shape.metadata.get("min", 0)
    most = WIDER_LENGTHS.get(shape.name) or shape.metadata.get("max", len(value))
    expect(least <= len(value) <= most, where, f"{len(value)} items, not {least} to {most}")
    for index, member in enumerate(value):
        check(shape.member, member, f"{where}[{index}]")


def check_map(shape, value, where):
    for key, member in value.items():
        check(shape.key, key, where)
        check(shape.value, member, f"{where}.{key}")


def check_string(shape, value, where):
    allowed = set(shape.enum) | WIDER.get(shape.name, set())
    expect(not shape.enum or value in allowed, where, f"{value} is not in {sorted(allowed)}")
    pattern = WIDER_PATTERNS.get(shape.name) or shape.metadata.get("pattern")
    expect(not pattern or re.fullmatch(pattern, value), where, f"{value} does not match {pattern}")
    least = shape.metadata.get("min", 0)
    most = WIDER_LENGTHS.get(shape.name) or shape.metadata.get("max", len(value))
    expect(least <= len(value) <= most, where, f"{len(value)} characters, not {least} to {most}: {value}")


def check_timestamp(shape, value, where):
    iso = re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", value)
    expect(iso and shape.serialization.get("timestampFormat") == "iso8601", where, f"{value} is no ISO 8601 time")


def check_blob(shape, value, where):
    try:
        base64.b64decode(value, validate=True)
    except ValueError as failure:
        expect(False, where, f"no base64: {failure}")


CHECKS = {
    "structure": check_structure,
    "list": check_list,
    "map": check_map,
    "string": check_string,
    "blob": check_blob,
    "timestamp": check_timestamp,
}


def check_errors(errors):
    by_code = {error["code"]: error for error in errors}
    for service_name, service in services.items():
        for shape_name in service.shape_names:
            shape = service.shape_for(shape_name)
            if not shape.metadata.get("exception"):
                continue
            error = by_code.get(shape_name)
            expect(error, service_name, f"{shape_name} has no row")
            if error:
                status = shape.metadata["error"]["httpStatusCode"]
                expect(error["status"] == status, shape_name, f"status {error['status']}, not {status}")
                check(shape, error["body"], shape_name)
    for operation_name in ("ConverseStream", "InvokeModelWithResponseStream"):
        stream = services["bedrock-runtime"].operation_model(operation_name).get_event_stream_output()
        modelled = {name for name, member in stream.members.items() if member.metadata.get("exception")}
        sent = {error["streams"][operation_name] for error in errors}
        expect(sent == modelled, operation_name, f"sends {sorted(sent)}, models {sorted(modelled)}")


def main():
    command = ["cargo", "run", "--release", "--quiet", "-p", "outcrop-bedrock", "--example", "wire_shapes"]
    written = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    for each in written["shapes"]:
        shape = services[each["service"]].shape_for(each["shape"])
        check(shape, each["value"], each["shape"])
    check_errors(written["errors"])
    for problem in problems:
        print(problem, file=sys.stderr)
    shapes, errors = len(written["shapes"]), len(written["errors"])
    print(f"{shapes} values and {errors} errors, {len(problems)} problems")
    return 1 if problems or not shapes or not errors else 0


if __name__ == "__main__":
    sys.exit(__doc__ if len(sys.argv) > 1 else main())
