"""Anthropic's own clients at the door of its API: Messages, with API keys and with AWS signatures."""

import anthropic
import pytest

from outcrop import ACCESS_KEY, MODEL, SECRET_KEY, Server, text_of, user
from test_sharing import key_pair

QUESTION = "What can you do?"
# The client has no argument for the temperature any more, but lets one send it.
CALL = {
    "model": MODEL,
    "max_tokens": 40,
    "extra_body": {"temperature": 0},
    "messages": [{"role": "user", "content": QUESTION}],
}


def connect(server, **settings):
    return anthropic.Anthropic(
        base_url=server.url + "/anthropic", **{"api_key": "any", "max_retries": 0, **settings}
    )


def connect_mantle(server, key=(ACCESS_KEY, SECRET_KEY)):
    """The client for Bedrock's own Messages endpoint, which signs for the service `bedrock-mantle`."""
    return anthropic.AnthropicBedrockMantle(
        aws_access_key=key[0],
        aws_secret_key=key[1],
        aws_region="us-east-1",
        base_url=server.url + "/anthropic",
        max_retries=0,
    )


@pytest.fixture(scope="module")
def anthropic_client(server):
    return connect(server)


@pytest.fixture(scope="module")
def expected(client):
    """What Converse answers."""
    return client.converse(
        modelId=MODEL, messages=[user(QUESTION)], inferenceConfig={"maxTokens": 40, "temperature": 0}
    )


def message_text(message):
    return "".join(block.text for block in message.content if block.type == "text")


@pytest.mark.parametrize("make", [connect, connect_mantle])
def test_a_message_is_the_answer_of_converse(server, expected, make):
    message = make(server).messages.create(**CALL)
    assert message_text(message) == text_of(expected)
    assert (message.role, message.type, message.model) == ("assistant", "message", MODEL)
    assert message.usage.input_tokens == expected["usage"]["inputTokens"]
    assert message.usage.output_tokens == expected["usage"]["outputTokens"]
    assert message.stop_reason == expected["stopReason"]


@pytest.mark.parametrize("make", [connect, connect_mantle])
def test_a_stream_has_the_same_text(server, expected, make):
    with make(server).messages.stream(**CALL) as stream:
        text = "".join(stream.text_stream)
        final = stream.get_final_message()
    assert text == message_text(final) == text_of(expected)
    assert final.usage.output_tokens == expected["usage"]["outputTokens"]
    assert final.stop_reason == expected["stopReason"]


def test_events_come_in_their_order(anthropic_client):
    kinds = [event.type for event in anthropic_client.messages.create(**CALL, stream=True)]
    assert kinds[:2] == ["message_start", "content_block_start"]
    assert kinds[-3:] == ["content_block_stop", "message_delta", "message_stop"]
    assert set(kinds[2:-3]) == {"content_block_delta"}


def test_tokens_are_counted_as_they_are_billed(anthropic_client):
    system = "Be brief."
    message = anthropic_client.messages.create(**CALL, system=system)
    counted = anthropic_client.messages.count_tokens(model=MODEL, messages=CALL["messages"], system=system)
    assert counted.input_tokens == message.usage.input_tokens


def test_a_stop_sequence_is_named(anthropic_client, expected):
    text = text_of(expected)
    stop = text[7:11]
    message = anthropic_client.messages.create(**CALL, stop_sequences=[stop])
    assert message_text(message) == text[: text.index(stop)]
    assert (message.stop_reason, message.stop_sequence) == ("stop_sequence", stop)


def test_an_answer_goes_on_as_a_turn(anthropic_client):
    first = anthropic_client.messages.create(**{**CALL, "messages": [{"role": "user", "content": "My name is Marta."}]})
    turns = [
        {"role": "user", "content": "My name is Marta."},
        {"role": "assistant", "content": [block.to_dict() for block in first.content]},
        {"role": "user", "content": "What is my name?"},
    ]
    second = anthropic_client.messages.create(**{**CALL, "messages": turns})
    assert second.usage.input_tokens > first.usage.input_tokens


@pytest.mark.parametrize("streams", [False, True])
def test_errors_are_those_of_anthropic(anthropic_client, streams):
    def refused(kind, name, **change):
        with pytest.raises(kind) as caught:
            anthropic_client.messages.create(**{**CALL, **change}, stream=streams)
        body = caught.value.body
        assert (body["type"], body["error"]["type"]) == ("error", name)
        assert body["request_id"] == caught.value.request_id
        return body["error"]["message"]

    missing = refused(anthropic.NotFoundError, "not_found_error", model="nobody.model")
    assert "nobody.model" in missing
    invalid = "invalid_request_error"
    assert "temperature" in refused(anthropic.BadRequestError, invalid, extra_body={"temperature": 1.5})
    assert "thinking" in refused(anthropic.BadRequestError, invalid, thinking={"type": "enabled", "budget_tokens": 1024})
    long = [{"role": "user", "content": "word " * 60_000}]
    assert "Input is too long" in refused(anthropic.BadRequestError, invalid, messages=long)


def test_a_dropped_stream_stops_the_generation(server, anthropic_client, endless):
    before = server.wait_idle()["tokens_generated"]
    stream = anthropic_client.messages.create(
        **{**CALL, "max_tokens": 4000, "extra_body": {"logit_bias": endless["logit_bias"]}}, stream=True
    )
    next(iter(stream))
    stream.close()
    after = server.wait_idle()
    assert after["tokens_generated"] - before < 4000
    assert after["kv_blocks_used"] == 0


@pytest.fixture(scope="module")
def keyed():
    running = Server(
        keys=[
            ("--api-key", "--name", "app", "--rights", "invoke"),
            ("--name", "signer", "--rights", "invoke"),
            ("--api-key", "--name", "ops", "--rights", "control"),
        ]
    )
    running.app = running.keys[0].strip().split("=", 1)[1]
    running.signer = key_pair(running.keys[1])
    running.ops = running.keys[2].strip().split("=", 1)[1]
    running.bearer = running.app
    yield running
    assert running.stop() == 0


def test_an_api_key_is_verified_in_either_header(keyed):
    assert connect(keyed, api_key=keyed.app).messages.create(**CALL).content
    assert connect(keyed, api_key=None, auth_token=keyed.app).messages.create(**CALL).content
    with pytest.raises(anthropic.AuthenticationError):
        connect(keyed, api_key="not-a-key").messages.create(**CALL)
    with pytest.raises(anthropic.PermissionDeniedError):
        connect(keyed, api_key=keyed.ops).messages.create(**CALL)


def test_a_signature_for_bedrock_mantle_is_verified(keyed):
    assert connect_mantle(keyed, keyed.signer).messages.create(**CALL).content
    with pytest.raises(anthropic.AuthenticationError):
        connect_mantle(keyed, (keyed.signer[0], "not the secret")).messages.create(**CALL)
