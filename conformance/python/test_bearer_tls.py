"""boto3 with an API key, which it sends over TLS only; the certificate is the local authority's."""

import os
import subprocess
import sys

import pytest

from outcrop import MODEL, Server, Stream, text_of, user

CALL = {"modelId": MODEL, "messages": [user("What can you do?")], "inferenceConfig": {"maxTokens": 24, "temperature": 0}}


@pytest.fixture(scope="module")
def tls_server():
    running = Server("--tls", keys=[("--api-key", "--name", "laptop"), ("--api-key", "--rights", "admin")])
    running.api_key, running.admin_key = (shown.strip().split("=", 1)[1] for shown in running.keys)
    running.bearer = running.admin_key
    yield running
    assert running.stop() == 0


@pytest.fixture
def bearer_client(tls_server, monkeypatch):
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", tls_server.api_key)
    return tls_server.client()


def test_unary(tls_server, bearer_client):
    assert tls_server.url.startswith("https://")
    assert text_of(bearer_client.converse(**CALL)).strip()


def test_stream(bearer_client):
    whole = text_of(bearer_client.converse(**CALL))
    assert Stream(bearer_client.converse_stream(**CALL)).text == whole


def test_error(bearer_client):
    with pytest.raises(bearer_client.exceptions.ValidationException):
        bearer_client.converse(**{**CALL, "messages": [user(" ")]})


def test_a_wrong_key_is_denied(tls_server, monkeypatch):
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "not-a-key")
    client = tls_server.client()
    with pytest.raises(client.exceptions.AccessDeniedException):
        client.converse(**CALL)


def test_cancel(tls_server, bearer_client, endless):
    before = tls_server.wait_idle()["tokens_generated"]
    long = {**CALL, "inferenceConfig": {"maxTokens": 4000}, "additionalModelRequestFields": endless}
    response = bearer_client.converse_stream(**long)
    next(iter(response["stream"]))
    response["stream"].close()
    assert tls_server.wait_idle()["tokens_generated"] - before < 4000


def test_the_shown_environment_is_all_that_a_program_needs(tls_server):
    """AWS_CA_BUNDLE, the endpoint and the key from the environment, and a program that knows nothing of Outcrop."""
    program = (
        "import boto3; r = boto3.client('bedrock-runtime', region_name='us-east-1').converse("
        f"modelId={MODEL!r}, messages=[dict(role='user', content=[dict(text='Hello.')])]); "
        "print(r['output']['message']['role'])"
    )
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "AWS_CA_BUNDLE": tls_server.ca_file,
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": tls_server.url,
        "AWS_BEARER_TOKEN_BEDROCK": tls_server.api_key,
    }
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.stdout == "assistant\n", done.stderr
