"""Converse and ConverseStream through boto3 over plain HTTP, signed with SigV4."""

import pytest
from botocore.exceptions import ClientError

from outcrop import MODEL, Stream, assistant, text_of, user

QUESTION = [user("What can you do?")]
GREEDY = {"maxTokens": 60, "temperature": 0}


def test_unary(client):
    response = client.converse(modelId=MODEL, messages=QUESTION, inferenceConfig=GREEDY)
    assert response["output"]["message"]["role"] == "assistant"
    assert text_of(response).strip()
    assert response["stopReason"] in ("end_turn", "max_tokens")
    usage = response["usage"]
    assert usage["totalTokens"] == usage["inputTokens"] + usage["outputTokens"]
    assert 0 < usage["outputTokens"] <= 60
    assert response["metrics"]["latencyMs"] >= 0
    assert len(response["ResponseMetadata"]["RequestId"]) == 36


def test_stream_gives_the_same_text_in_pieces(client):
    whole = client.converse(modelId=MODEL, messages=QUESTION, inferenceConfig=GREEDY)
    stream = Stream(client.converse_stream(modelId=MODEL, messages=QUESTION, inferenceConfig=GREEDY))
    assert stream.text == text_of(whole)
    assert stream.deltas > 1
    assert stream.stop_reason == whole["stopReason"]
    assert stream.usage == whole["usage"]


def test_stream_arrives_while_it_is_generated(server, client, endless):
    """The first event is there long before the last token is computed: the counter says so, not a clock."""
    before = server.wait_idle()["tokens_generated"]
    response = client.converse_stream(
        modelId=MODEL,
        messages=QUESTION,
        inferenceConfig={"maxTokens": 3000},
        additionalModelRequestFields=endless,
    )
    events = iter(response["stream"])
    next(events), next(events)
    assert server.counters()["tokens_generated"] - before < 3000
    rest = list(events)
    assert rest[-1]["metadata"]["usage"]["outputTokens"] == 3000


def test_a_conversation_is_understood_as_one(client):
    messages = [user("My name is Marta."), assistant("Hello Marta."), user("What is my name?")]
    response = client.converse(
        modelId=MODEL, system=[{"text": "Be brief."}], messages=messages, inferenceConfig=GREEDY
    )
    alone = client.converse(modelId=MODEL, messages=messages[-1:], inferenceConfig=GREEDY)
    assert response["usage"]["inputTokens"] > alone["usage"]["inputTokens"]
    assert text_of(response).strip()


def test_an_error_is_a_typed_exception(client):
    with pytest.raises(client.exceptions.ValidationException) as caught:
        client.converse(modelId="nobody.model-v1:0", messages=QUESTION)
    error = caught.value.response
    assert error["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert error["Error"]["Message"] == "The provided model identifier is invalid."
    assert error["ResponseMetadata"]["HTTPHeaders"]["x-amzn-errortype"].startswith("ValidationException")


def test_an_error_before_a_stream_is_a_typed_exception(client):
    with pytest.raises(client.exceptions.ValidationException):
        client.converse_stream(modelId=MODEL, messages=[user("   ")])


def test_the_model_that_really_served_is_said(client):
    response = client.converse(modelId=MODEL, messages=QUESTION, inferenceConfig=GREEDY)
    headers = response["ResponseMetadata"]["HTTPHeaders"]
    assert any("pebble" in value for name, value in headers.items() if name.startswith("x-outcrop")), headers


@pytest.mark.parametrize(
    "messages, part",
    [
        ([assistant("I begin.")], "must start with a user message"),
        ([user("a"), user("b")], "must alternate between user and assistant roles"),
        ([user(" \n")], "messages.0.content.0 is blank"),
        ([user("a"), assistant("b"), user("")], "messages.2.content.0 is blank"),
        ([{"role": "user", "content": []}], "messages.0 is empty"),
        ([{"role": "narrator", "content": [{"text": "a"}]}], "messages.0.role"),
    ],
)
def test_broken_conversations_get_bedrocks_words(client, messages, part):
    with pytest.raises(client.exceptions.ValidationException, match=part.replace(".", r"\.")):
        client.converse(modelId=MODEL, messages=messages)


@pytest.mark.parametrize(
    "settings, field",
    [
        ({"temperature": 1.5}, "temperature"),
        ({"topP": 1.01}, "topP"),
        ({"maxTokens": 4097}, "4096"),
        ({"stopSequences": ["x"] * 2501}, "stopSequences"),
    ],
)
def test_values_out_of_range_are_refused_by_name(client, settings, field):
    with pytest.raises(ClientError) as caught:
        client.converse(modelId=MODEL, messages=QUESTION, inferenceConfig=settings)
    assert caught.value.response["Error"]["Code"] == "ValidationException"
    assert field in caught.value.response["Error"]["Message"]


@pytest.mark.parametrize("field", ["temprature", "topk", "made_up"])
def test_an_unknown_sampling_field_is_refused_by_name(client, field):
    with pytest.raises(client.exceptions.ValidationException, match=f"extraneous key \\[{field}\\]"):
        client.converse(modelId=MODEL, messages=QUESTION, additionalModelRequestFields={field: 1})


def test_a_prompt_longer_than_the_window_is_too_long(client):
    with pytest.raises(client.exceptions.ValidationException, match="Input is too long for requested model"):
        client.converse(modelId=MODEL, messages=[user("one two three four " * 20_000)])


def test_tools_are_offered_and_a_result_is_taken(client):
    tools = {
        "tools": [
            {
                "toolSpec": {
                    "name": "get_weather",
                    "description": "Tells the weather of a place",
                    "inputSchema": {
                        "json": {
                            "type": "object",
                            "properties": {"city": {"type": "string"}},
                            "required": ["city"],
                        }
                    },
                }
            }
        ]
    }
    call = {"toolUse": {"toolUseId": "call-1", "name": "get_weather", "input": {"city": "Oslo"}}}
    result = {"toolResult": {"toolUseId": "call-1", "content": [{"json": {"sky": "clear", "celsius": 4}}]}}
    messages = [
        user("What is the weather in Oslo?"),
        {"role": "assistant", "content": [call]},
        {"role": "user", "content": [result]},
    ]
    response = client.converse(modelId=MODEL, messages=messages, toolConfig=tools, inferenceConfig=GREEDY)
    assert response["stopReason"] in ("end_turn", "max_tokens", "tool_use")
    first = client.converse(modelId=MODEL, messages=messages[:1], toolConfig=tools, inferenceConfig=GREEDY)
    plain = client.converse(modelId=MODEL, messages=messages[:1], inferenceConfig=GREEDY)
    assert first["usage"]["inputTokens"] > plain["usage"]["inputTokens"], "the tool is in the prompt"
    with pytest.raises(client.exceptions.ValidationException, match="The toolConfig field must be defined"):
        client.converse(modelId=MODEL, messages=messages)
