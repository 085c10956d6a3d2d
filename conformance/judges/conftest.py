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

from outcrop import MODEL, Server, user
from vocabulary import Vocabulary

LONG = 4000
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
def full_server(endless):
    """A server whose one place is taken and whose queue of one is full, as long as this fixture lives."""
    running = Server(config="[engine]\nmax_running = 1\nmax_queue = 1\n")
    with contextlib.ExitStack() as readers:
        for taken in ("running", "waiting"):
            readers.enter_context(reader_that_reads_nothing(running, endless))
            wait_until(lambda: occupied(running, taken))
        yield running
    running.wait_idle()
    assert running.stop() == 0


def occupied(server, taken):
    counters = server.counters()
    places = counters["running"] + counters["paused"]
    return counters["waiting"] == 1 if taken == "waiting" else places == 1


def wait_until(condition, limit_s=60):
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.02)


@contextlib.contextmanager
def reader_that_reads_nothing(server, endless):
    """Asks for a long stream and takes none of it, so that the server's pipe fills and the sequence keeps its place."""
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
            f"POST /model/{MODEL}/converse-stream HTTP/1.1\r\nHost: {target.netloc}\r\n"
            f"Authorization: Bearer any\r\nContent-Length: {len(payload)}\r\n\r\n"
        )
        connection.sendall(head.encode() + payload)
        yield
