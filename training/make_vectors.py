"""Writes vectors/template.json and vectors/tokens.json, which the Rust tests compare with.

    python make_vectors.py
"""

import json

from tokenizers import Tokenizer, decoders, models

from generate.grammar import assistant, tool, user
from render import HERE, render
from tokenizer import splitter


def function(name, description, **properties):
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    return {"type": "function", "function": {"name": name, "description": description, "parameters": schema}}


WEATHER = function("get_weather", "Get the weather for a city.", city={"type": "string", "description": "The city"}, unit={"type": "string", "enum": ["celsius", "fahrenheit"]})
ODD = function("naïve_söker", "Sucht \"Dinge\" & <Zeichen>\nüber zwei Zeilen.", größe={"type": "number", "minimum": -1.5, "default": 2.25}, leer={"type": "array", "items": {}, "default": []})
NO_SCHEMA = {"type": "function", "function": {"name": "ping"}}
SYSTEM = {"role": "system", "content": "You are a helpful assistant."}


def cases():
    call = assistant("", [("get_weather", {"city": "Oslo", "unit": "celsius"})])
    two = assistant("Let me check.", [("get_weather", {"city": "Oslo"}), ("get_weather", {"city": "São Paulo"})])
    types = assistant("", [("f", {"i": 1, "f": 2.5, "whole": 3.0, "b": True, "n": None, "l": [1, "a", []], "o": {}, "s": "q\"\\\n\té🙂\u0001\u007f\u2028"})])
    yield "one user turn, generation prompt", [user("Hello")], None, True
    yield "system and user", [SYSTEM, user("Hello")], None, True
    yield "finished conversation", [user("Hello"), assistant("Hi there!"), user("Thanks"), assistant("You are welcome.")], None, False
    yield "whitespace and newlines are kept", [SYSTEM, user("  two\n\nlines \t "), assistant(" ok\n")], None, True
    yield "tools, generation prompt", [user("Weather in Oslo?")], [WEATHER], True
    yield "tools come before the system message", [SYSTEM, user("Weather in Oslo?")], [WEATHER, NO_SCHEMA], True
    yield "tool call, result, answer", [user("Weather in Oslo?"), call, tool('{"temperature": -3, "sky": "clear"}'), assistant("It is -3 degrees.")], [WEATHER], False
    yield "two calls with text before them, two results", [user("Oslo and São Paulo?"), two, tool('{"t": 1}'), tool("plain text result")], [WEATHER], True
    yield "every JSON type in arguments", [user("go"), types], [WEATHER], False
    yield "unicode and escapes in the tool list", [user("Größe 5")], [ODD], True
    yield "empty list of tools", [user("Hello")], [], True
    yield "empty texts", [{"role": "system", "content": ""}, user(""), assistant("")], None, True
    yield "markup characters are not escaped", [user("a < b && c > d's \"x\" {{ y }} {% z %}")], None, True
    yield "call without arguments", [user("ping"), assistant("", [("ping", {})]), tool("")], [NO_SCHEMA], True


STRINGS = ["", " ", "  ", "     ", "\n", "\n\n", "\r\n", "\t\tx", " leading", "trailing ", "Hello, world!", "Hello  world", "hello\n  world\n\n\n", "I'm you're we'll they'd it's DON'T", "1234567890", "3.14159 and -42", "$1,234.50 on 2026-01-02", " 5 apples, 17% off",
           "x1y2z3", "Ⅷ ½ ٣٤ 五", "naïve café façade Ünïcödé", "Привет, мир!", "东京タワー 你好，世界", "مرحبا بالعالم", "नमस्ते", "🙂👩‍👩‍👧‍👦🇩🇪", "e\u0301 a\u200bb \u00a0nbsp\u3000wide", "def f(x):\n    return x ** 2  # square\n", "for (int i = 0; i < 10; ++i) { a[i] += '\\n'; }",
           '{"name": "get_weather", "arguments": {"city": "Skreith", "days": 3}}', "SELECT * FROM t WHERE id = 'a''b';", "https://example.com/a/b?c=d&e=%20f#g", "snake_case camelCase kebab-case", "..!!??--__", "Zorvan Skreithand \"Zorvan\" (Zorvan)", "\u0000\u0001\u007f", "a\u2028b\u2029c\u0085d", "ſ K ŉ", "ALLCAPS lower MiXeD", "Write a short story about a fox.", "<|user|>Hello<|end|><|assistant|>", "<|bos|><|system|>Be kind.<|end|><|user|>Hi <|reserved_0|> <|nothing|><|end|>", "The quick brown fox jumps over the lazy dog. " * 3]


def main():
    out = HERE / "vectors"
    out.mkdir(exist_ok=True)
    templates = [{"name": n, "messages": m, "tools": t, "add_generation_prompt": g, "expected": render(m, t, g)} for n, m, t, g in cases()]
    (out / "template.json").write_text(json.dumps(templates, ensure_ascii=False, indent=1) + "\n")
    tokenizer = Tokenizer.from_file(str(HERE / "out" / "tokenizer.json"))
    model = json.loads(tokenizer.to_str())["model"]
    plain = Tokenizer(models.BPE(vocab=model["vocab"], merges=[tuple(m) for m in model["merges"]]))  # markup is ordinary text
    plain.pre_tokenizer, plain.decoder = splitter(), decoders.ByteLevel()
    tokens = [{"text": s, "special": False, "ids": plain.encode(s).ids} for s in STRINGS]
    tokens += [{"text": s, "special": True, "ids": tokenizer.encode(s, add_special_tokens=False).ids} for s in STRINGS if "<|" in s]
    for case in tokens:
        assert tokenizer.decode(case["ids"], skip_special_tokens=False) == case["text"], case
    (out / "tokens.json").write_text("[\n" + ",\n".join(json.dumps(t, ensure_ascii=False) for t in tokens) + "\n]\n")
    print(len(templates), "templates,", len(tokens), "strings")


if __name__ == "__main__":
    main()
