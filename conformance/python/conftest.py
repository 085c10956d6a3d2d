"""Servers that tests share; each test that needs settings of its own starts its own."""

import pytest

from outcrop import Server
from vocabulary import Vocabulary


@pytest.fixture(scope="session")
def server():
    """A server as it starts on a fresh machine: no keys, no configuration."""
    running = Server()
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="session")
def client(server):
    return server.client()


@pytest.fixture(scope="session")
def vocabulary():
    return Vocabulary()


@pytest.fixture(scope="session")
def endless(vocabulary):
    """Request fields with which an answer only ends at `maxTokens`: no control token may come."""
    return {"logit_bias": {str(token): -100 for token in vocabulary.controls()}}
