"""OpenAI's own client at the doors of its API: chat completions, Responses, models."""

import openai
import pytest

from outcrop import MODEL, Server, text_of, user

QUESTION = "What can you do?"
GREEDY = {"model": MODEL, "temperature": 0}
CHAT = {**GREEDY, "messages": [{"role": "user", "content": QUESTION}], "max_completion_tokens": 40}
RESPONSE = {**GREEDY, "input": QUESTION, "max_output_tokens": 40}
WEATHER = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
BASES = pytest.mark.parametrize("base", ["/v1", "/openai/v1"])


def connect(server, base="/v1", **settings):
    return openai.OpenAI(base_url=server.url + base, **{"api_key": "any", "max_retries": 0, **settings})


@pytest.fixture(scope="module")
def openai_client(server):
    return connect(server)


@pytest.fixture(scope="module")
def expected(client):
    """What Converse answers."""
    return client.converse(
        modelId=MODEL, messages=[user(QUESTION)], inferenceConfig={"maxTokens": 40, "temperature": 0}
    )


def chat_text(chunks):
    return "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)


@BASES
def test_chat_is_the_answer_of_converse(server, expected, base):
    completion = connect(server, base).chat.completions.create(**CHAT)
    assert completion.choices[0].message.content == text_of(expected)
    assert completion.usage.prompt_tokens == expected["usage"]["inputTokens"]
    assert completion.usage.completion_tokens == expected["usage"]["outputTokens"]
    assert completion.object == "chat.completion" and completion.model == MODEL
    assert completion.choices[0].finish_reason in ("stop", "length")


@BASES
def test_a_chat_stream_has_the_same_text_and_no_usage_unasked(server, expected, base):
    chunks = list(connect(server, base).chat.completions.create(**CHAT, stream=True))
    assert chat_text(chunks) == text_of(expected)
    assert chunks[0].choices[0].delta.role == "assistant"
    assert chunks[-1].choices[0].finish_reason in ("stop", "length")
    assert all(chunk.usage is None and chunk.choices for chunk in chunks)
    assert len({chunk.id for chunk in chunks}) == 1


def test_usage_comes_in_a_last_chunk_if_asked(openai_client, expected):
    chunks = list(
        openai_client.chat.completions.create(**CHAT, stream=True, stream_options={"include_usage": True})
    )
    assert chunks[-1].choices == []
    assert chunks[-1].usage.completion_tokens == expected["usage"]["outputTokens"]
    assert all(chunk.usage is None for chunk in chunks[:-1])


def test_the_clients_own_helper_joins_a_chat_stream(openai_client):
    """The helper refuses answers that were cut off, so this one has room to end by itself."""
    roomy = {**CHAT, "max_completion_tokens": 400}
    with openai_client.chat.completions.stream(**roomy) as stream:
        final = stream.get_final_completion()
    whole = openai_client.chat.completions.create(**roomy)
    assert final.choices[0].finish_reason == whole.choices[0].finish_reason == "stop"
    assert final.choices[0].message.content == whole.choices[0].message.content


def test_raw_responses_have_the_requests_id(openai_client):
    raw = openai_client.chat.completions.with_raw_response.create(**CHAT)
    assert raw.request_id == raw.headers["x-amzn-requestid"]
    assert raw.headers["x-outcrop-model"]


def test_choices_seed_and_temperature_above_one(openai_client, endless):
    hot = {**CHAT, "temperature": 2, "n": 3, "seed": 11, "logit_bias": endless["logit_bias"]}
    texts = [choice.message.content for choice in openai_client.chat.completions.create(**hot).choices]
    assert len(set(texts)) > 1, "each choice draws its own numbers"
    again = openai_client.chat.completions.create(**hot)
    assert [choice.message.content for choice in again.choices] == texts


def test_models_are_listed_and_found(openai_client):
    ids = [model.id for model in openai_client.models.list()]
    assert MODEL in ids and len(ids) > 40
    assert openai_client.models.retrieve("us." + MODEL).id == MODEL
    with pytest.raises(openai.NotFoundError):
        openai_client.models.retrieve("nobody.model")


@BASES
def test_a_response_is_the_answer_of_converse(server, expected, base):
    response = connect(server, base).responses.create(**RESPONSE)
    assert response.output_text == text_of(expected)
    assert response.usage.input_tokens == expected["usage"]["inputTokens"]
    assert response.usage.output_tokens == expected["usage"]["outputTokens"]
    assert response.to_dict()["store"] is False, "nothing is kept"
    assert response.status in ("completed", "incomplete")


def test_a_responses_stream_is_typed_and_in_order(openai_client, expected):
    events = list(openai_client.responses.create(**RESPONSE, stream=True))
    kinds = [event.type for event in events]
    assert kinds[:4] == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
    ]
    assert kinds[-4:-1] == [
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
    ]
    assert kinds[-1] in ("response.completed", "response.incomplete")
    assert set(kinds[4:-4]) == {"response.output_text.delta"}
    assert [event.sequence_number for event in events] == list(range(len(events)))
    deltas = [event.delta for event in events if event.type == "response.output_text.delta"]
    assert "".join(deltas) == events[-1].response.output_text == text_of(expected)
    assert events[-1].response.usage.output_tokens == expected["usage"]["outputTokens"]


def test_the_clients_own_helper_joins_a_responses_stream(openai_client):
    """The helper knows only responses that completed, so this one has room to end by itself."""
    with openai_client.responses.stream(**{**RESPONSE, "max_output_tokens": 400}) as stream:
        final = stream.get_final_response()
    whole = openai_client.responses.create(**{**RESPONSE, "max_output_tokens": 400})
    assert final.output_text == whole.output_text
    assert final.status == whole.status == "completed"


def test_a_responses_answer_goes_on_as_input(openai_client, client):
    first = openai_client.responses.create(**{**RESPONSE, "input": "My name is Marta."})
    items = [{"role": "user", "content": "My name is Marta."}]
    items += [item.to_dict() for item in first.output]
    items += [{"role": "user", "content": "What is my name?"}]
    second = openai_client.responses.create(**{**RESPONSE, "input": items})
    converse = client.converse(
        modelId=MODEL,
        messages=[
            user("My name is Marta."),
            {"role": "assistant", "content": [{"text": first.output_text}]},
            user("What is my name?"),
        ],
        inferenceConfig={"maxTokens": 40, "temperature": 0},
    )
    assert second.output_text == text_of(converse)


def test_instructions_are_the_system_prompt(openai_client, client):
    response = openai_client.responses.create(**RESPONSE, instructions="Be brief.")
    converse = client.converse(
        modelId=MODEL,
        system=[{"text": "Be brief."}],
        messages=[user(QUESTION)],
        inferenceConfig={"maxTokens": 40, "temperature": 0},
    )
    assert response.output_text == text_of(converse)
    assert response.usage.input_tokens == converse["usage"]["inputTokens"]


def test_tools_are_offered_and_an_output_is_taken(openai_client):
    tool = {"type": "function", "name": "get_weather", "description": "Weather of a city", "parameters": WEATHER}
    items = [
        {"role": "user", "content": "What is the weather in Oslo?"},
        {"type": "function_call", "call_id": "c1", "name": "get_weather", "arguments": '{"city": "Oslo"}'},
        {"type": "function_call_output", "call_id": "c1", "output": '{"sky": "clear"}'},
    ]
    response = openai_client.responses.create(**{**RESPONSE, "input": items}, tools=[tool])
    assert {item.type for item in response.output} <= {"message", "function_call"}
    plain = openai_client.responses.create(**{**RESPONSE, "input": items[:1]})
    offered = openai_client.responses.create(**{**RESPONSE, "input": items[:1]}, tools=[tool])
    assert offered.usage.input_tokens > plain.usage.input_tokens, "the tool is in the prompt"
    with pytest.raises(openai.BadRequestError, match="No tool output found for function call c1"):
        openai_client.responses.create(**{**RESPONSE, "input": items[:2]}, tools=[tool])


@pytest.mark.parametrize("key", ["previous_response_id", "conversation"])
def test_what_needs_a_stored_response_is_refused_by_name(openai_client, key):
    with pytest.raises(openai.BadRequestError, match="are not kept") as caught:
        openai_client.responses.create(**RESPONSE, **{key: "resp_1"})
    assert caught.value.param == key


@pytest.mark.parametrize("streams", [False, True])
@pytest.mark.parametrize("call", ["chat", "responses"])
def test_errors_are_those_of_openai(openai_client, call, streams):
    if call == "chat":
        create, body, said = openai_client.chat.completions.create, CHAT, "messages"
        long = [{"role": "user", "content": "word " * 60_000}]
    else:
        create, body, said = openai_client.responses.create, RESPONSE, "input"
        long = "word " * 60_000
    with pytest.raises(openai.NotFoundError) as caught:
        create(**{**body, "model": "nobody.model"}, stream=streams)
    assert (caught.value.code, caught.value.param) == ("model_not_found", "model")
    assert caught.value.request_id
    with pytest.raises(openai.BadRequestError) as caught:
        create(**{**body, "temperature": 9}, stream=streams)
    assert (caught.value.type, caught.value.param) == ("invalid_request_error", "temperature")
    with pytest.raises(openai.BadRequestError) as caught:
        create(**{**body, said: long}, stream=streams)
    assert caught.value.code == "context_length_exceeded"


def test_a_dropped_stream_stops_the_generation(server, openai_client, endless):
    before = server.wait_idle()["tokens_generated"]
    stream = openai_client.chat.completions.create(
        **{**CHAT, "max_completion_tokens": 4000, "logit_bias": endless["logit_bias"]}, stream=True
    )
    next(iter(stream))
    stream.close()
    after = server.wait_idle()
    assert after["tokens_generated"] - before < 4000
    assert after["kv_blocks_used"] == 0


def test_an_api_key_is_verified():
    server = Server(keys=[("--api-key", "--name", "app"), ("--api-key", "--name", "ops", "--rights", "admin")])
    app, server.bearer = (shown.strip().split("=", 1)[1] for shown in server.keys)
    try:
        assert connect(server, api_key=app).chat.completions.create(**CHAT).choices[0].message.content
        with pytest.raises(openai.AuthenticationError) as caught:
            connect(server, api_key="not-a-key").chat.completions.create(**CHAT)
        assert caught.value.code == "invalid_api_key"
    finally:
        assert server.stop() == 0
