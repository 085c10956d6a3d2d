"""The event stream against botocore's parser, in both directions.

    botocore_eventstream.py           check that vectors/eventstream.json is current; parse what
                                      `cargo run --example eventstream_frames` writes with botocore and the real
                                      service model, and compare
    botocore_eventstream.py vectors   print the vectors: frames made here with struct and zlib, and what botocore
                                      reads from them

Needs botocore, and cargo for the check. Exit code 1 if anything differs.
"""

import json
import pathlib
import struct
import subprocess
import sys
import uuid
import zlib

import botocore.eventstream
import botocore.exceptions
import botocore.loaders
import botocore.model
import botocore.parsers

VECTORS = pathlib.Path(__file__).parent / "vectors" / "eventstream.json"
WIDTHS = {2: ">b", 3: ">h", 4: ">i", 5: ">q", 8: ">q"}


def header(name, kind, value=None):
    """One header; `kind` is the type's number."""
    name = name if isinstance(name, bytes) else name.encode()
    out = bytes([len(name)]) + name + bytes([kind])
    if kind in WIDTHS:
        return out + struct.pack(WIDTHS[kind], value)
    if kind in (6, 7):
        value = value if isinstance(value, bytes) else value.encode()
        return out + struct.pack(">H", len(value)) + value
    return out + value if kind == 9 else out


def frame(headers=b"", payload=b"", total=None, headers_length=None, prelude_crc=0, message_crc=0):
    """A frame; the lengths can be replaced and the checksums be damaged (exclusive or)."""
    total = 16 + len(headers) + len(payload) if total is None else total
    headers_length = len(headers) if headers_length is None else headers_length
    out = struct.pack(">II", total, headers_length)
    out += struct.pack(">I", zlib.crc32(out) ^ prelude_crc)
    out += headers + payload
    return out + struct.pack(">I", zlib.crc32(out) ^ message_crc)


def event(name, payload):
    return frame(
        header(":event-type", 7, name)
        + header(":content-type", 7, "application/json")
        + header(":message-type", 7, "event"),
        payload,
    )


def streams():
    """Name and bytes of each vector."""
    every_type = b"".join(
        [
            header("true", 0),
            header("false", 1),
            header("byte", 2, -128),
            header("int16", 3, -32768),
            header("int32", 4, -(2**31)),
            header("int64", 5, 2**63 - 1),
            header("bytes", 6, bytes(range(256))),
            header("string", 7, "Grüße \U0001f600"),
            header("timestamp", 8, 1732406400123),
            header("uuid", 9, uuid.UUID("01020304-0506-0708-090a-0b0c0d0e0f10").bytes),
        ]
    )
    delta = json.dumps({"contentBlockIndex": 0, "delta": {"text": "Hi"}}).encode()
    good = event("contentBlockDelta", delta)
    flipped = bytearray(good)
    flipped[len(good) // 2] ^= 1
    yield "empty_message", frame()
    yield "payload_without_headers", frame(b"", b"{'foo':'bar'}")
    yield "one_string_header", frame(header("content-type", 7, "application/json"), b"{'foo':'bar'}")
    yield "every_header_type", frame(every_type, b"\x00\xff")
    yield "empty_values", frame(header("s", 7, "") + header("b", 6, b""))
    yield "longest_name", frame(header("n" * 255, 0))
    yield "event", good
    yield "three_events", good + event("contentBlockStop", b'{"contentBlockIndex":0}') + frame()
    yield "exception", frame(
        header(":message-type", 7, "exception")
        + header(":exception-type", 7, "throttlingException")
        + header(":content-type", 7, "application/json"),
        b'{"message":"Too many tokens, please wait before trying again."}',
    )
    yield "good_then_damaged", good + bytes(flipped)
    yield "prelude_checksum_damaged", frame(b"", b"x", prelude_crc=1)
    yield "message_checksum_damaged", frame(b"", b"x", message_crc=0x80000000)
    yield "payload_bit_flipped", bytes(flipped)
    yield "duplicate_header", frame(header("a", 0) + header("a", 1))
    yield "unknown_header_type", frame(b"\x01a\x0a")
    yield "headers_too_long", frame(total=131089 + 16, headers_length=131073)
    yield "payload_too_long", frame(total=24 * 1024 * 1024 + 17, headers_length=0)
    yield "name_not_utf8", frame(header(b"\xff", 0))
    yield "string_not_utf8", frame(header("a", 7, b"\xc3\x28"))
    yield "truncated_in_prelude", good[:9]
    yield "truncated_in_headers", good[:40]
    yield "truncated_in_last_checksum", good[:-1]


def plain(value):
    return {"hex": value.hex()} if isinstance(value, bytes) else value


def parse(data):
    """What botocore reads: messages, and the name of the error that ended it."""
    buffer = botocore.eventstream.EventStreamBuffer()
    messages, error = [], None
    buffer.add_data(data)
    try:
        for message in buffer:
            headers = [[name, plain(value)] for name, value in message.headers.items()]
            messages.append({"headers": headers, "payload": message.payload.hex()})
    except Exception as failure:
        error = type(failure).__name__
    return {"messages": messages, "error": error}


def vectors():
    """One vector a line, so that differences can be read."""
    rows = [json.dumps({"name": name, "hex": data.hex(), **parse(data)}) for name, data in streams()]
    return "[\n" + ",\n".join(rows) + "\n]\n"


class Body:
    """A response body that arrives in small pieces."""

    def __init__(self, data):
        self.data = data

    def stream(self):
        for start in range(0, len(self.data), 1000):
            yield self.data[start : start + 1000]

    def close(self):
        pass


def read(case, service):
    operation = service.operation_model(case["operation"])
    shape = operation.get_event_stream_output()
    parser = botocore.parsers.create_parser("rest-json")._event_stream_parser
    stream = botocore.eventstream.EventStream(Body(bytes.fromhex(case["hex"])), shape, parser, operation.name)
    events, error = [], None
    try:
        for each in stream:
            events.append(each)
    except botocore.exceptions.EventStreamError as failure:
        error = {key.lower(): failure.response["Error"][key] for key in ("Code", "Message")}
    return {"events": events, "error": error}


def text(value):
    """Blobs as text, so that they compare with JSON."""
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, dict):
        return {key: text(member) for key, member in value.items()}
    return [text(member) for member in value] if isinstance(value, list) else value


def check():
    command = ["cargo", "run", "--release", "--quiet", "-p", "outcrop-bedrock", "--example", "eventstream_frames"]
    cases = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    raw = botocore.loaders.Loader().load_service_model("bedrock-runtime", "service-2")
    service = botocore.model.ServiceModel(raw)
    failures = 0
    for case in cases:
        found = text(read(case, service))
        expected = {"events": case["events"], "error": case.get("error")}
        if found != expected:
            failures += 1
            print(f"{case['operation']}: expected {expected}, botocore read {found}"[:2000], file=sys.stderr)
    print(f"{len(cases)} streams, {failures} differ")
    current = VECTORS.read_text() == vectors()
    print(f"{VECTORS.name} is {'current' if current else 'stale: write it anew with `vectors`'}")
    return 1 if failures or not cases or not current else 0


if __name__ == "__main__":
    if sys.argv[1:] == ["vectors"]:
        sys.stdout.write(vectors())
    else:
        sys.exit(__doc__ if len(sys.argv) > 1 else check())
