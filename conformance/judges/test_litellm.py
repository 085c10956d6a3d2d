"""LiteLLM as a client: Converse by `bedrock/converse/…`, native bodies by `bedrock/invoke/…`."""

import asyncio
import json

import litellm
import pytest

from outcrop import ACCESS_KEY, MODEL, SECRET_KEY
from wanted import wanted

LONG = 4000
CONVERSE = f"bedrock/converse/{MODEL}"
ANTHROPIC = f"bedrock/invoke/{MODEL}"
LLAMA = "bedrock/invoke/meta.llama3-8b-instruct-v1:0"
CONVERSE_IDS = [CONVERSE, "bedrock/converse/meta.llama3-1-8b-instruct-v1:0", "bedrock/converse/openai.gpt-oss-20b-1:0"]
ROUTES = [CONVERSE, ANTHROPIC]
ALL = [*CONVERSE_IDS, ANTHROPIC, LLAMA]
# LiteLLM's own table lets only newer models have a choice of tools over Converse.
NEWER = "bedrock/converse/us.anthropic.claude-sonnet-4-5-20250929-v1:0"

QUESTION = [{"role": "user", "content": "What can you do?"}]
STORY = [{"role": "user", "content": "Tell me a short story about a fox."}]
WEATHER_QUESTION = [{"role": "user", "content": "What is the weather in Oslo?"}]
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Tells the weather of a place",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}
FORCED = {"type": "function", "function": {"name": "get_weather"}}

by_route = pytest.mark.parametrize("model", ROUTES, ids=["converse", "invoke"])
with_tools = pytest.mark.parametrize("model", [NEWER, ANTHROPIC], ids=["converse", "invoke"])


@pytest.fixture(scope="module")
def signed(server):
    return {
        "aws_bedrock_runtime_endpoint": server.url,
        "aws_access_key_id": ACCESS_KEY,
        "aws_secret_access_key": SECRET_KEY,
        "aws_region_name": "us-east-1",
        "num_retries": 0,
        "max_retries": 0,
    }


@pytest.fixture(scope="module")
def complete(signed):
    def complete(model=CONVERSE, messages=QUESTION, **settings):
        return litellm.completion(model=model, messages=messages, **{**signed, "max_tokens": 32, **settings})

    return complete


@pytest.fixture(scope="module")
def ask(complete, endless):
    """Asks for a story that has exactly so many tokens, whatever the model would like."""

    def ask(model, **settings):
        return complete(model, STORY, **{**endless, "allowed_openai_params": ["seed", "logit_bias"], **settings})

    return ask


def text_of(response):
    return response.choices[0].message.content


def joined(chunks):
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


class TestUnary:
    @pytest.mark.parametrize("model", ALL)
    def test_a_completion_answers(self, complete, model):
        response = complete(model, temperature=0)
        assert text_of(response).strip()
        assert response.choices[0].finish_reason in ("stop", "length")
        assert response.choices[0].message.role == "assistant"

    def test_api_base_points_at_it_too(self, signed):
        elsewhere = {name: value for name, value in signed.items() if name != "aws_bedrock_runtime_endpoint"}
        base = signed["aws_bedrock_runtime_endpoint"]
        call = {"model": CONVERSE, "messages": QUESTION, "max_tokens": 8, "temperature": 0}
        texts = [text_of(litellm.completion(**call, **way)) for way in (signed, {"api_base": base, **elsewhere})]
        assert texts[0] == texts[1] and texts[0].strip()

    @by_route
    def test_16_async_completions_at_once_are_the_same(self, signed, complete, model):
        call = {"model": model, "messages": QUESTION, "max_tokens": 24, "temperature": 0, **signed}

        async def all_at_once():
            return await asyncio.gather(*(litellm.acompletion(**call) for _ in range(16)))

        assert {text_of(response) for response in asyncio.run(all_at_once())} == {
            text_of(complete(model, temperature=0, max_tokens=24))
        }


class TestStream:
    @pytest.mark.parametrize("model", ALL)
    def test_a_stream_gives_the_same_text_in_pieces(self, complete, model):
        whole = complete(model, temperature=0)
        chunks = list(complete(model, temperature=0, stream=True))
        assert len(chunks) > 2
        assert joined(chunks) == text_of(whole)
        assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == (
            whole.choices[0].finish_reason
        )

    @by_route
    def test_an_async_stream_gives_the_same_text(self, signed, complete, model):
        call = {"model": model, "messages": QUESTION, "max_tokens": 24, "temperature": 0, "stream": True, **signed}

        async def collect():
            return joined([chunk async for chunk in await litellm.acompletion(**call)])

        assert asyncio.run(collect()) == text_of(complete(model, temperature=0, max_tokens=24))


class TestTurns:
    @pytest.mark.parametrize("model", ALL)
    def test_earlier_turns_and_the_system_prompt_are_part_of_the_prompt(self, complete, model):
        turns = [*QUESTION, {"role": "assistant", "content": "Stories."}, *STORY]
        told = [{"role": "system", "content": "Be brief."}, *turns]
        used = [complete(model, messages).usage.prompt_tokens for messages in (STORY, turns, told)]
        assert used[0] < used[1] < used[2]


class TestParameters:
    @by_route
    def test_a_seed_reproduces_and_seeds_differ(self, ask, model):
        texts, again = (
            [text_of(ask(model, temperature=1, seed=seed)) for seed in range(6)] for _ in range(2)
        )
        assert texts == again and len(set(texts)) > 1

    @by_route
    @pytest.mark.parametrize(
        "settings", [{"temperature": 0}, {"top_k": 1}, {"top_p": 0.0}, {"min_p": 1}], ids=lambda given: "".join(given)
    )
    def test_keeping_one_token_is_greedy(self, ask, model, settings):
        greedy = text_of(ask(model, temperature=0))
        assert text_of(ask(model, **{"temperature": 1, "seed": 5, **settings})) == greedy

    def test_llamas_temperature_0_is_deterministic_and_top_p_0_is_the_same(self, complete):
        greedy = {text_of(complete(LLAMA, STORY, temperature=0)) for _ in range(2)}
        assert {text_of(complete(LLAMA, STORY, temperature=1, top_p=0.0))} == greedy

    @by_route
    @pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
    def test_the_most_tokens_are_exact(self, signed, endless, model, name):
        response = litellm.completion(
            model=model, messages=STORY, allowed_openai_params=["logit_bias"], **endless, **signed, **{name: 17}
        )
        assert (response.usage.completion_tokens, response.choices[0].finish_reason) == (17, "length")

    @pytest.mark.parametrize("model", [*CONVERSE_IDS, ANTHROPIC])
    def test_a_stop_sequence_cuts_exactly(self, complete, model):
        greedy = text_of(complete(model, STORY, temperature=0))
        stop = greedy[9:14]
        response = complete(model, STORY, temperature=0, stop=[stop])
        assert text_of(response) == greedy[: greedy.index(stop)]
        assert response.choices[0].finish_reason == "stop"

    @with_tools
    def test_output_follows_a_schema(self, complete, model):
        schema = {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
            "additionalProperties": False,
        }
        form = {"type": "json_schema", "json_schema": {"name": "place", "schema": schema, "strict": True}}
        response = complete(model, WEATHER_QUESTION, temperature=0, max_tokens=200, response_format=form)
        assert set(json.loads(text_of(response))) == {"city"}


class TestTools:
    @with_tools
    @pytest.mark.parametrize("choice", [FORCED, "required"], ids=["named", "required"])
    def test_a_forced_tool_is_called(self, complete, model, choice):
        response = complete(
            model, WEATHER_QUESTION, temperature=0, max_tokens=200, tools=[WEATHER], tool_choice=choice
        )
        assert response.choices[0].finish_reason == "tool_calls"
        call = response.choices[0].message.tool_calls[0]
        assert call.id and call.function.name == "get_weather"
        assert isinstance(json.loads(call.function.arguments), dict)

    @with_tools
    def test_a_streamed_call_is_the_unary_one(self, complete, model):
        settings = {"temperature": 0, "max_tokens": 200, "tools": [WEATHER], "tool_choice": FORCED}
        whole = complete(model, WEATHER_QUESTION, **settings)
        chunks = list(complete(model, WEATHER_QUESTION, stream=True, **settings))
        streamed = litellm.stream_chunk_builder(chunks)
        calls = [response.choices[0].message.tool_calls[0].function for response in (whole, streamed)]
        assert calls[0].name == calls[1].name
        assert json.loads(calls[0].arguments) == json.loads(calls[1].arguments)

    @with_tools
    def test_a_result_is_taken(self, complete, model):
        settings = {"temperature": 0, "max_tokens": 200, "tools": [WEATHER]}
        first = complete(model, WEATHER_QUESTION, tool_choice=FORCED, **settings)
        message = first.choices[0].message
        result = {"role": "tool", "tool_call_id": message.tool_calls[0].id, "content": "clear, 4 degrees"}
        second = complete(model, [*WEATHER_QUESTION, message.model_dump(), result], **settings)
        assert second.choices[0].finish_reason in ("stop", "length", "tool_calls")
        assert second.usage.prompt_tokens > first.usage.prompt_tokens

    @pytest.mark.parametrize("model", CONVERSE_IDS[1:])
    def test_a_tool_of_other_families_is_in_the_prompt(self, complete, model):
        plain = complete(model, WEATHER_QUESTION, temperature=0)
        offered = complete(model, WEATHER_QUESTION, temperature=0, tools=[WEATHER])
        assert offered.usage.prompt_tokens > plain.usage.prompt_tokens


class TestErrors:
    @by_route
    def test_a_value_out_of_range_is_a_bad_request(self, complete, model):
        with pytest.raises(litellm.BadRequestError, match="(?i)top_?p"):
            complete(model, top_p=1.5)

    @by_route
    def test_an_error_before_a_stream_is_the_same(self, complete, model):
        with pytest.raises(litellm.BadRequestError, match="(?i)top_?p"):
            list(complete(model, top_p=1.5, stream=True))

    @by_route
    def test_a_field_that_nobody_knows_is_refused_by_name(self, complete, model):
        with pytest.raises(litellm.BadRequestError, match="temprature"):
            complete(model, temprature=1)

    def test_an_unknown_model_is_a_bad_request(self, complete):
        with pytest.raises(litellm.BadRequestError, match="model identifier is invalid"):
            complete("bedrock/converse/anthropic.nobody-v1:0")

    def test_a_prompt_longer_than_the_window_is_a_context_window_error(self, complete):
        with pytest.raises(litellm.ContextWindowExceededError):
            complete(CONVERSE, [{"role": "user", "content": "one two three four " * 20_000}])

    @by_route
    def test_a_model_that_is_not_ready_is_a_rate_limit(self, busy_server, complete, model):
        with pytest.raises(litellm.RateLimitError):
            complete(model, aws_bedrock_runtime_endpoint=busy_server.url)


class TestUsage:
    @pytest.mark.parametrize("model", ALL)
    def test_the_total_is_the_sum(self, complete, model):
        usage = complete(model, temperature=0).usage
        assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens
        assert usage.prompt_tokens > 0 and usage.completion_tokens > 0

    # Without Llama's body: LiteLLM reads no usage from its chunks and estimates it.
    @pytest.mark.parametrize("model", [*CONVERSE_IDS, ANTHROPIC])
    def test_the_end_of_a_stream_has_the_unary_numbers(self, complete, model):
        usage = complete(model, temperature=0).usage
        last = list(complete(model, temperature=0, stream=True, stream_options={"include_usage": True}))[-1].usage
        assert (last.prompt_tokens, last.completion_tokens) == (usage.prompt_tokens, usage.completion_tokens)


class TestCancel:
    @by_route
    def test_a_stream_that_is_left_stops_the_generation(self, server, ask, model):
        before = server.wait_idle()["tokens_generated"]
        stream = ask(model, max_tokens=LONG, stream=True)
        for _, _ in zip(range(4), stream):
            pass
        del stream
        assert 0 < server.wait_idle()["tokens_generated"] - before < LONG


class TestAccess:
    @by_route
    def test_an_api_key_is_a_bearer_token(self, keyed_server, model):
        call = {"model": model, "messages": QUESTION, "max_tokens": 8, "temperature": 0, "aws_region_name": "us-east-1"}
        call["aws_bedrock_runtime_endpoint"] = keyed_server.url
        assert text_of(litellm.completion(api_key=keyed_server.bearer, **call))
        with pytest.raises((litellm.AuthenticationError, litellm.PermissionDeniedError)) as caught:
            litellm.completion(api_key="bedrock-api-key-wrong", num_retries=0, **call)
        assert caught.value.status_code in (401, 403)


class TestWanted:
    def test_thinking_comes_first(self, complete):
        with wanted("extended thinking", litellm.BadRequestError, "thinking"):
            response = complete(
                NEWER,
                max_tokens=2000,
                thinking={"type": "enabled", "budget_tokens": 1024},
            )
            assert response.choices[0].message.reasoning_content
