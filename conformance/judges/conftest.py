"""Servers for clients that others wrote. Nothing of this machine's own AWS settings reaches a client."""

import contextlib
import json
import os
import socket
import time
import urllib.parse

import pytest

for name in list(os.environ):
    if name.startswith(("AWS_", "ANTHROPIC_", "LITELLM_", "LANGSMITH_")):
        del os.environ[name]
# LiteLLM would fetch its table of models from the network; boto3 would ask for an instance's credentials.
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
os.environ["AWS_EC2_METADATA_DISABLED"] = "true"

from outcrop import Server, user
from vocabulary import PEBBLE, Vocabulary

LONG = 4000
HELD = "held"
ALL_RIGHTS = ("--api-key", "--rights", "invoke,control,admin")


@pytest.fixture(scope="session")
def server():
    """A server as it starts on a fresh machine: no keys, no configuration."""
    running = Server()
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="session")
def keyed_server():
    """A server that wants an API key, which is its attribute `bearer`."""
    running = Server(keys=[ALL_RIGHTS])
    running.bearer = running.keys[0].strip().split("=", 1)[1]
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="session")
def endless():
    """Request fields with which an answer only ends at its most tokens: no control token may come."""
    return {"logit_bias": {str(token): -100 for token in Vocabulary().controls()}}


@pytest.fixture(scope="session")
def busy_server(endless):
    """A server whose memory has room for one model, which somebody uses: whoever asks for another is told to wait.

    The model that is held is the built-in one's file. Its reader takes nothing, so the answer never ends.
    """
    config = f"""
[models]
"{HELD}" = "{PEBBLE}"
[memory]
budget = "40 MiB"
load_wait_ms = 100
[engine]
stall_limit_s = 3600
[limits]
write_timeout_s = 3600
"""
    running = Server(config=config)
    # Its own loading may take longer than it waits for one.
    wait_until(lambda: answers(running, HELD))
    with reader_that_reads_nothing(running, endless):
        wait_until(lambda: running.counters().get("paused") == 1)
        yield running
    running.wait_idle()
    assert running.stop() == 0


def wait_until(condition, limit_s=60):
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.02)


def answers(server, model):
    """Whether the model is loaded: whoever asks too early is told to wait."""
    body = {"messages": [user("Hi.")], "inferenceConfig": {"maxTokens": 1}}
    status, _, answer = server.request("POST", f"/model/{model}/converse", json.dumps(body).encode())
    assert status in (200, 429), answer
    return status == 200


@contextlib.contextmanager
def reader_that_reads_nothing(server, endless):
    """Asks the model that is held for a long stream and takes none of it."""
    target = urllib.parse.urlparse(server.url)
    body = {
        "messages": [user("Tell me a story.")],
        "inferenceConfig": {"maxTokens": LONG},
        "additionalModelRequestFields": endless,
    }
    payload = json.dumps(body).encode()
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect((target.hostname, target.port))
        head = (
            f"POST /model/{HELD}/converse-stream HTTP/1.1\r\nHost: {target.netloc}\r\n"
            f"Authorization: Bearer any\r\nContent-Length: {len(payload)}\r\n\r\n"
        )
        connection.sendall(head.encode() + payload)
        yield
