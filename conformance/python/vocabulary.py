"""The built-in model's vocabulary, read from its GGUF file: clients name tokens by id, as in `logit_bias`."""

import pathlib
import struct

PEBBLE = pathlib.Path(__file__).resolve().parents[2] / "crates/models/assets/pebble.gguf"
CONTROL = 3

# Type number → struct format; 8 is a text, 9 an array. https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
SCALARS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}


class Vocabulary:
    """Token texts (as the file holds them) and kinds, by id."""

    def __init__(self, path=PEBBLE):
        metadata = read_metadata(path.read_bytes())
        self.tokens = metadata["tokenizer.ggml.tokens"]
        self.kinds = metadata["tokenizer.ggml.token_type"]
        self.end = metadata["tokenizer.ggml.eos_token_id"]
        self.byte_of = {character: byte for byte, character in byte_letters().items()}

    def bytes_of(self, token):
        """The bytes that a token writes (byte-level BPE)."""
        return bytes(self.byte_of[character] for character in self.tokens[token])

    def id_of(self, written):
        """The one token that writes exactly these bytes."""
        found = [
            token
            for token, kind in enumerate(self.kinds)
            if kind != CONTROL and all(c in self.byte_of for c in self.tokens[token]) and self.bytes_of(token) == written
        ]
        assert len(found) == 1, f"{written!r}: {found}"
        return found[0]

    def controls(self):
        return [token for token, kind in enumerate(self.kinds) if kind == CONTROL]


def byte_letters():
    """GPT-2's letter for each byte."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in plain]
    return {byte: chr(byte) for byte in plain} | {byte: chr(256 + at) for at, byte in enumerate(others)}


def read_metadata(data):
    """All metadata of a GGUF file."""
    magic, _version, _tensors, count = struct.unpack_from("<4sIQQ", data)
    assert magic == b"GGUF"
    at = 24

    def scalar(form):
        nonlocal at
        (value,) = struct.unpack_from(form, data, at)
        at += struct.calcsize(form)
        return value

    def text():
        nonlocal at
        length = scalar("<Q")
        at += length
        return data[at - length : at].decode()

    def value(kind):
        if kind == 8:
            return text()
        if kind == 9:
            inner, length = scalar("<I"), scalar("<Q")
            return [value(inner) for _ in range(length)]
        return scalar(SCALARS[kind])

    metadata = {}
    for _ in range(count):
        key = text()
        metadata[key] = value(scalar("<I"))
    return metadata
