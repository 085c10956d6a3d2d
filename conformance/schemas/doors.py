"""One request under a schema through a door of the server, and what came back of it."""

import http.client
import json
import urllib.parse
from dataclasses import dataclass, field

import botocore.exceptions

from outcrop import MODEL, user

PROMPTS = ["Give me some JSON.", "Describe a town.", "What is in the invoice?", "Tell me a story about a baker.", "hi"]
TOOLS = ("look_up", "store")


@dataclass
class Case:
    """A request: everything in it follows from its seed."""

    seed: int
    door: str
    stream: bool
    prompt: str
    max_tokens: int
    schema: object = None
    # Schemas of tools by name, one of which must be used.
    tools: dict = field(default_factory=dict)
    named: bool = False

    @property
    def way(self):
        return " ".join([self.door, "stream" if self.stream else "unary", "tools" if self.tools else "text"])


@dataclass
class Answer:
    """What came back. Texts are as the server sent them, unless an SDK has read them before."""

    stop: str
    tokens: int
    text: str = ""
    # (name of the tool, arguments as text or as a value)
    calls: list = field(default_factory=list)


class Refused(Exception):
    """Status 400."""


def ask(server, client, case):
    """Sends it. Raises `Refused`, or whatever else went wrong."""
    return _converse(client, case) if case.door == "converse" else _chat(server, case)


def _converse(client, case):
    body = {
        "modelId": MODEL,
        "messages": [user(case.prompt)],
        "inferenceConfig": {"maxTokens": case.max_tokens, "temperature": 1.0},
        "additionalModelRequestFields": {"seed": case.seed},
    }
    if case.tools:
        choice = {"tool": {"name": next(iter(case.tools))}} if case.named else {"any": {}}
        tools = [
            {"toolSpec": {"name": name, "inputSchema": {"json": schema}, "strict": True}}
            for name, schema in case.tools.items()
        ]
        body["toolConfig"] = {"tools": tools, "toolChoice": choice}
    else:
        form = {"jsonSchema": {"name": "answer", "schema": json.dumps(case.schema)}}
        body["outputConfig"] = {"textFormat": {"type": "json_schema", "structure": form}}
    try:
        if case.stream:
            return _converse_stream(client.converse_stream(**body))
        response = client.converse(**body)
    except botocore.exceptions.ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == 400:
            raise Refused(error.response["Error"]["Message"]) from None
        raise
    blocks = response["output"]["message"]["content"]
    answer = Answer(response["stopReason"], response["usage"]["outputTokens"])
    answer.text = "".join(block.get("text", "") for block in blocks)
    answer.calls = [(block["toolUse"]["name"], block["toolUse"]["input"]) for block in blocks if "toolUse" in block]
    return answer


def _converse_stream(response):
    answer = Answer("", 0)
    for event in response["stream"]:
        match event:
            case {"contentBlockStart": {"start": {"toolUse": use}}}:
                answer.calls.append((use["name"], ""))
            case {"contentBlockDelta": {"delta": {"text": text}}}:
                answer.text += text
            case {"contentBlockDelta": {"delta": {"toolUse": use}}}:
                name, before = answer.calls.pop()
                answer.calls.append((name, before + use["input"]))
            case {"messageStop": stop}:
                answer.stop = stop["stopReason"]
            case {"metadata": metadata}:
                answer.tokens = metadata["usage"]["outputTokens"]
    return answer


def _chat(server, case):
    body = {
        "model": MODEL,
        "messages": [{"role": "user", "content": case.prompt}],
        "max_completion_tokens": case.max_tokens,
        "temperature": 1.5,
        "seed": case.seed,
    }
    if case.stream:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    if case.tools:
        functions = [{"name": name, "parameters": schema, "strict": True} for name, schema in case.tools.items()]
        body["tools"] = [{"type": "function", "function": function} for function in functions]
        named = {"type": "function", "function": {"name": functions[0]["name"]}}
        body["tool_choice"] = named if case.named else "required"
    else:
        form = {"name": "answer", "schema": case.schema, "strict": True}
        body["response_format"] = {"type": "json_schema", "json_schema": form}
    place = urllib.parse.urlsplit(server.url)
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=300)
    try:
        headers = {"Authorization": "Bearer any", "Content-Type": "application/json"}
        connection.request("POST", "/v1/chat/completions", json.dumps(body), headers)
        response = connection.getresponse()
        if response.status != 200:
            message = response.read().decode()
            raise (Refused if response.status == 400 else RuntimeError)(message)
        return _chat_stream(response) if case.stream else _chat_answer(json.loads(response.read()))
    finally:
        connection.close()


def _chat_answer(body):
    choice = body["choices"][0]
    text = choice["message"].get("content") or ""
    answer = Answer(choice["finish_reason"], body["usage"]["completion_tokens"], text)
    for call in choice["message"].get("tool_calls") or []:
        answer.calls.append((call["function"]["name"], call["function"]["arguments"]))
    return answer


def _chat_stream(response):
    answer = Answer("", 0)
    calls = {}
    for line in response:
        # Between events there are empty lines, and comments where nothing comes for long.
        name, _, data = line.decode().strip().partition(": ")
        if name != "data" or data == "[DONE]":
            continue
        chunk = json.loads(data)
        if "error" in chunk:
            raise RuntimeError(data)
        if chunk.get("usage"):
            answer.tokens = chunk["usage"]["completion_tokens"]
        for choice in chunk["choices"]:
            answer.text += choice["delta"].get("content") or ""
            answer.stop = choice.get("finish_reason") or answer.stop
            for part in choice["delta"].get("tool_calls") or []:
                name, arguments = calls.get(part["index"], ("", ""))
                function = part["function"]
                more = function.get("arguments") or ""
                calls[part["index"]] = (name + (function.get("name") or ""), arguments + more)
    answer.calls = list(calls.values())
    return answer
