"""Converse bodies made from botocore's service model, against this crate's reader.

For every member that the model of Converse and ConverseStream has, a body with that member: it is read, or refused by
a message that says why, and never as a key that nobody knows. For every bound, enumeration and pattern of the model, a
body that breaks it: it is refused. Needs botocore and cargo. Exit code 1 if anything differs.
"""

import json
import re
import subprocess
import sys

import botocore.loaders
import botocore.model

SERVICE = botocore.model.ServiceModel(botocore.loaders.Loader().load_service_model("bedrock-runtime", "service-2"))
HI = {"role": "user", "content": [{"text": "hi"}]}
# Texts that fit each pattern of the model.
FITTING = ["a", "default", "123456789012", "s3://bucket/a", "1"]


def least(shape):
    """The smallest value of a shape that keeps its bounds."""
    kind, metadata = shape.type_name, shape.metadata
    if getattr(shape, "is_document_type", False):
        return {}
    if kind == "structure":
        if getattr(shape, "is_tagged_union", False):
            name, member = next(iter(shape.members.items()))
            return {name: least(member)}
        return {name: least(shape.members[name]) for name in shape.required_members}
    if kind == "list":
        return [least(shape.member)] * max(1, metadata.get("min", 0))
    if kind == "map":
        return {least(shape.key): least(shape.value)}
    if kind == "string":
        fits = lambda text: re.fullmatch(metadata.get("pattern", ".*"), text)
        return shape.enum[0] if shape.enum else next(text for text in FITTING if fits(text))
    return {"blob": "AA==", "boolean": False}.get(kind, metadata.get("min", 0))


def breaking(shape):
    """Values that break a bound of a shape, each with what it breaks."""
    kind, metadata = shape.type_name, shape.metadata
    low, high = metadata.get("min"), metadata.get("max")
    if getattr(shape, "is_document_type", False):
        return
    if kind in ("integer", "long", "float", "double"):
        yield from ((bound + step, f"bound {bound}") for bound, step in ((low, -1), (high, 1)) if bound is not None)
        yield "1", "type"
    elif kind == "string":
        if shape.enum:
            yield "no-such-word", "enumeration"
        if low:
            yield "", f"length {low}"
        if high:
            yield "a" * (high + 1), f"length {high}"
        if metadata.get("pattern") and not re.fullmatch(metadata["pattern"], "ä"):
            yield "ä", "pattern"
        yield 5, "type"
    elif kind == "list":
        if low:
            yield [], f"length {low}"
        if high:
            yield [least(shape.member)] * (high + 1), f"length {high}"
        yield {}, "type"
    elif kind == "boolean":
        yield "true", "type"
    elif kind in ("structure", "map"):
        yield [], "type"
        if kind == "structure":
            yield least(shape) | {"noSuchMember": 1}, "unknown member"
            yield from (
                ({name: value for name, value in least(shape).items() if name != missing}, f"missing {missing}")
                for missing in shape.required_members
            )
        if getattr(shape, "is_tagged_union", False):
            yield {}, "empty union"
            if len(shape.members) > 1:
                yield {name: least(member) for name, member in list(shape.members.items())[:2]}, "two members"


def places(shape, path, wrap):
    """Every shape inside `shape`: its path, itself, and how a value of it becomes a body."""
    yield path, shape, wrap
    if len(path) > 14 or path.count("source") > 1:
        return
    kind = shape.type_name
    if getattr(shape, "is_document_type", False):
        return
    if kind == "structure":
        others = {} if getattr(shape, "is_tagged_union", False) else least(shape)
        for name, member in shape.members.items():
            put = lambda value, name=name: wrap(others | {name: value})
            yield from places(member, path + [name], put)
    elif kind == "list":
        yield from places(shape.member, path, lambda value: wrap([value]))
    elif kind == "map":
        yield from places(shape.value, path, lambda value: wrap({least(shape.key): value}))
        yield from places(shape.key, path, lambda value: wrap({value: least(shape.value)}) if isinstance(value, str) else None)


def in_context(body):
    """A block of a tool or of reasoning, put where a conversation may have it, so that only what is tested is wrong."""
    try:
        [message] = body["messages"]
        [block] = message["content"]
        [(kind, value)] = block.items()
    except (ValueError, TypeError, KeyError, AttributeError):
        return body
    use = lambda id: {"toolUse": {"toolUseId": id, "name": "a", "input": {}}}
    result = lambda id: {"toolResult": {"toolUseId": id, "content": []}}
    id = value.get("toolUseId", "a") if isinstance(value, dict) else "a"
    if message.get("role") != "user" or kind not in ("toolUse", "toolResult", "reasoningContent"):
        return body
    turns = [HI, {"role": "assistant", "content": [use(id)]}, {"role": "user", "content": [result(id)]}]
    turns[2 if kind == "toolResult" else 1]["content"] = [block]
    if kind == "reasoningContent":
        del turns[2]
    tool = {"toolSpec": {"name": "a", "inputSchema": {"json": {}}}}
    return body | {"messages": turns, "toolConfig": {"tools": [tool]}}


def bodies():
    """(path, what is wrong or None, body)"""
    for operation in ("Converse", "ConverseStream"):
        for name, member in SERVICE.operation_model(operation).input_shape.members.items():
            if name == "modelId":
                continue
            base = {} if name == "messages" else {"messages": [HI]}
            wrap = lambda value, name=name, base=base: base | {name: value}
            for path, shape, put in places(member, [name], wrap):
                yield path, None, in_context(put(least(shape)))
                for value, what in breaking(shape):
                    body = put(value)
                    if body is not None:
                        yield path, what, in_context(body)


def main():
    cases = list(bodies())
    command = ["cargo", "run", "--release", "--quiet", "-p", "outcrop-bedrock", "--example", "read_requests"]
    sent = json.dumps([body for _, _, body in cases]).encode()
    outcomes = json.loads(subprocess.run(command, input=sent, check=True, stdout=subprocess.PIPE).stdout)
    problems, read = [], 0
    for (path, wrong, body), message in zip(cases, outcomes, strict=True):
        where = ".".join(path)
        if wrong is None and message:
            names = re.findall(r"extraneous key \[(.*?)\]", message)
            if names:
                problems.append(f"{where}: {message}")
        elif wrong is None:
            read += 1
        elif message is None:
            problems.append(f"{where}: {wrong} was accepted: {json.dumps(body)[:300]}")
    for problem in sorted(set(problems)):
        print(problem, file=sys.stderr)
    print(f"{len(cases)} bodies, {read} of them read, {len(problems)} problems")
    return 1 if problems or not read else 0


if __name__ == "__main__":
    sys.exit(__doc__ if len(sys.argv) > 1 else main())
