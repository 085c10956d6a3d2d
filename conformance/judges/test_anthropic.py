"""Anthropic's SDK for Python (`anthropic[bedrock]`), as an application that moves from Bedrock uses it."""

import asyncio
import base64
import json

import anthropic
import pytest
from anthropic import AnthropicBedrock, AsyncAnthropicBedrock

from outcrop import ACCESS_KEY, MODEL, SECRET_KEY
from wanted import wanted

SIGNED = {"aws_access_key": ACCESS_KEY, "aws_secret_key": SECRET_KEY, "aws_region": "us-east-1", "max_retries": 0}
QUESTION = [{"role": "user", "content": "What can you do?"}]
STORY = [{"role": "user", "content": "Tell me a short story about a fox."}]
WEATHER = {
    "name": "get_weather",
    "description": "Tells the weather of a place",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
WEATHER_QUESTION = [{"role": "user", "content": "What is the weather in Oslo?"}]
FORCED = {"type": "tool", "name": "get_weather"}
LONG = 4000
# Version 2 of the SDK has no arguments for sampling any more; a body may still hold it.
GREEDY = {"extra_body": {"temperature": 0}}


@pytest.fixture(scope="module")
def claude(server):
    with AnthropicBedrock(base_url=server.url, **SIGNED) as client:
        yield client


@pytest.fixture(scope="module")
def ask(claude, endless):
    """Asks for a story of exactly so many tokens, whatever the model would like."""

    def ask(sampling=None, **settings):
        settings = {"max_tokens": 48, **settings}
        return claude.messages.create(
            model=MODEL, messages=STORY, extra_body={**endless, **(sampling or {})}, **settings
        )

    return ask


@pytest.fixture(scope="module")
def greedy(ask):
    return text_of(ask({"temperature": 0}))


def text_of(message):
    return "".join(block.text for block in message.content if block.type == "text")


class TestUnary:
    def test_a_message_has_the_shape_of_anthropics_api(self, claude):
        message = claude.messages.create(model=MODEL, max_tokens=40, **GREEDY, messages=QUESTION)
        assert message.type == "message" and message.role == "assistant"
        assert message.id.startswith("msg_bdrk_")
        assert text_of(message).strip()
        assert message.stop_reason in ("end_turn", "max_tokens")
        assert message.stop_sequence is None

    def test_the_id_of_an_inference_profile_serves_too(self, claude):
        one, other = (
            claude.messages.create(model=model, max_tokens=24, **GREEDY, messages=QUESTION)
            for model in (MODEL, "us." + MODEL)
        )
        assert text_of(one) == text_of(other)

    def test_the_beta_resource_serves_too(self, claude):
        call = {"model": MODEL, "max_tokens": 24, "messages": QUESTION, **GREEDY}
        beta = claude.beta.messages.create(betas=["context-1m-2025-08-07"], **call)
        assert text_of(beta) == text_of(claude.messages.create(**call))

    def test_16_async_calls_at_once_are_the_same(self, server, claude):
        whole = text_of(claude.messages.create(model=MODEL, max_tokens=24, **GREEDY, messages=QUESTION))

        async def all_at_once():
            async with AsyncAnthropicBedrock(base_url=server.url, **SIGNED) as client:
                call = {"model": MODEL, "max_tokens": 24, **GREEDY, "messages": QUESTION}
                return await asyncio.gather(*(client.messages.create(**call) for _ in range(16)))

        assert {text_of(message) for message in asyncio.run(all_at_once())} == {whole}

    def test_a_document_is_read(self, claude):
        source = {"type": "text", "media_type": "text/plain", "data": "Oslo is in Norway."}
        question = {"type": "text", "text": "Where is Oslo?"}
        alone, with_it = [
            claude.messages.create(model=MODEL, max_tokens=8, messages=[{"role": "user", "content": content}])
            for content in ([question], [{"type": "document", "source": source}, question])
        ]
        assert with_it.usage.input_tokens > alone.usage.input_tokens


class TestStream:
    def test_the_accumulated_message_is_the_unary_one(self, claude):
        call = {"model": MODEL, "max_tokens": 40, **GREEDY, "messages": QUESTION}
        whole = claude.messages.create(**call)
        with claude.messages.stream(**call) as stream:
            pieces = list(stream.text_stream)
            final = stream.get_final_message()
        assert len(pieces) > 1
        assert "".join(pieces) == text_of(final) == text_of(whole)
        assert final.stop_reason == whole.stop_reason
        assert final.usage.output_tokens == whole.usage.output_tokens
        assert final.usage.input_tokens == whole.usage.input_tokens

    def test_raw_events_come_in_anthropics_order(self, claude):
        events = [
            event.type
            for event in claude.messages.create(
                model=MODEL, max_tokens=16, **GREEDY, messages=QUESTION, stream=True
            )
        ]
        assert events[:2] == ["message_start", "content_block_start"]
        assert events[-3:] == ["content_block_stop", "message_delta", "message_stop"]
        assert set(events[2:-3]) <= {"content_block_delta", "ping"}

    def test_an_async_stream_gives_the_same_text(self, server, claude):
        call = {"model": MODEL, "max_tokens": 24, **GREEDY, "messages": QUESTION}

        async def collect():
            async with AsyncAnthropicBedrock(base_url=server.url, **SIGNED) as client:
                async with client.messages.stream(**call) as stream:
                    return "".join([piece async for piece in stream.text_stream])

        assert asyncio.run(collect()) == text_of(claude.messages.create(**call))


class TestTurns:
    def test_earlier_turns_and_the_system_prompt_are_part_of_the_prompt(self, claude):
        messages = [
            {"role": "user", "content": "My name is Marta."},
            {"role": "assistant", "content": [{"type": "text", "text": "Hello Marta."}]},
            {"role": "user", "content": "What is my name?"},
        ]
        call = {"model": MODEL, "max_tokens": 16, **GREEDY}
        alone = claude.messages.create(messages=messages[-1:], **call)
        turns = claude.messages.create(messages=messages, **call)
        told = claude.messages.create(messages=messages, system="Be brief.", **call)
        assert alone.usage.input_tokens < turns.usage.input_tokens < told.usage.input_tokens

    def test_an_answer_goes_back_as_it_came(self, claude):
        call = {"model": MODEL, "max_tokens": 16, **GREEDY}
        first = claude.messages.create(messages=STORY, **call)
        messages = [*STORY, {"role": "assistant", "content": first.content}, *QUESTION]
        second = claude.messages.create(messages=messages, **call)
        assert second.usage.input_tokens > first.usage.input_tokens + first.usage.output_tokens

    def test_a_last_assistant_turn_is_continued(self, claude):
        begun = [*STORY, {"role": "assistant", "content": "Once upon a time"}]
        call = {"model": MODEL, "max_tokens": 16, **GREEDY}
        answers = {text_of(claude.messages.create(messages=begun, **call)) for _ in range(2)}
        assert len(answers) == 1 and answers != {text_of(claude.messages.create(messages=STORY, **call))}


class TestParameters:
    def test_temperature_0_is_deterministic_whatever_the_seed(self, ask, greedy):
        assert {text_of(ask({"seed": seed, "temperature": 0})) for seed in range(3)} == {greedy}

    def test_a_seed_reproduces_and_seeds_differ(self, ask):
        texts, again = ([text_of(ask({"seed": seed})) for seed in range(6)] for _ in range(2))
        assert texts == again and len(set(texts)) > 1

    def test_top_k_1_is_greedy(self, ask, greedy):
        assert text_of(ask({"seed": 1, "top_k": 1})) == greedy

    def test_top_p_0_is_greedy(self, ask, greedy):
        assert text_of(ask({"seed": 1, "top_p": 0})) == greedy

    def test_min_p_1_is_greedy(self, ask, greedy):
        assert text_of(ask({"seed": 1, "min_p": 1})) == greedy

    @pytest.mark.parametrize("count", [1, 17, 48])
    def test_max_tokens_is_exact(self, ask, count):
        message = ask(max_tokens=count)
        assert (message.usage.output_tokens, message.stop_reason) == (count, "max_tokens")

    def test_a_stop_sequence_cuts_exactly_and_is_named(self, ask, greedy):
        stop = greedy[9:14]
        message = ask({"temperature": 0}, stop_sequences=["never there", stop])
        assert text_of(message) == greedy[: greedy.index(stop)]
        assert (message.stop_reason, message.stop_sequence) == ("stop_sequence", stop)

    def test_a_repetition_penalty_changes_a_greedy_answer(self, ask):
        penalties = [{}, {"repetition_penalty": 2}]
        plain, punished = (text_of(ask({"temperature": 0, **penalty}, max_tokens=200)) for penalty in penalties)
        assert plain != punished

    def test_metadata_has_no_effect_and_is_accepted(self, ask, greedy):
        assert text_of(ask({"temperature": 0}, metadata={"user_id": "u-1"})) == greedy

    def test_output_follows_a_schema(self, claude):
        schema = {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
            "additionalProperties": False,
        }
        message = claude.messages.create(
            model=MODEL,
            max_tokens=200,
            messages=WEATHER_QUESTION,
            output_config={"format": {"type": "json_schema", "schema": schema}},
            **GREEDY,
        )
        assert set(json.loads(text_of(message))) == {"city"}


class TestTools:
    @pytest.mark.parametrize("choice", [FORCED, {"type": "any"}], ids=["tool", "any"])
    def test_a_forced_tool_is_called(self, claude, choice):
        message = claude.messages.create(
            model=MODEL, max_tokens=200, **GREEDY, messages=WEATHER_QUESTION, tools=[WEATHER], tool_choice=choice
        )
        assert message.stop_reason == "tool_use"
        call = message.content[-1]
        assert (call.type, call.name) == ("tool_use", "get_weather")
        assert call.id and isinstance(call.input, dict)

    def test_a_streamed_call_is_the_unary_one(self, claude):
        call = {
            "model": MODEL,
            "max_tokens": 200,
            **GREEDY,
            "messages": WEATHER_QUESTION,
            "tools": [WEATHER],
            "tool_choice": FORCED,
        }
        with claude.messages.stream(**call) as stream:
            kinds = {event.type for event in stream}
            final = stream.get_final_message()
        whole = claude.messages.create(**call)
        assert "input_json" in kinds
        assert final.stop_reason == "tool_use"
        assert final.content[-1].input == whole.content[-1].input

    def test_an_offered_tool_is_in_the_prompt_and_a_result_is_taken(self, claude):
        call = {"model": MODEL, "max_tokens": 60, **GREEDY}
        plain = claude.messages.create(messages=WEATHER_QUESTION, **call)
        offered = claude.messages.create(messages=WEATHER_QUESTION, tools=[WEATHER], **call)
        assert offered.usage.input_tokens > plain.usage.input_tokens
        forced = claude.messages.create(
            messages=WEATHER_QUESTION, tools=[WEATHER], tool_choice=FORCED, **{**call, "max_tokens": 200}
        )
        result = {"type": "tool_result", "tool_use_id": forced.content[-1].id, "content": "clear, 4 degrees"}
        messages = [
            *WEATHER_QUESTION,
            {"role": "assistant", "content": forced.content},
            {"role": "user", "content": [result]},
        ]
        answer = claude.messages.create(messages=messages, tools=[WEATHER], **call)
        assert answer.stop_reason in ("end_turn", "max_tokens", "tool_use")
        assert answer.usage.input_tokens > offered.usage.input_tokens

    def test_tool_choice_none_forbids_a_call(self, claude):
        message = claude.messages.create(
            model=MODEL,
            max_tokens=60,
            **GREEDY,
            messages=WEATHER_QUESTION,
            tools=[WEATHER],
            tool_choice={"type": "none"},
        )
        assert all(block.type == "text" for block in message.content)

    def test_a_strict_tool_is_called_by_its_schema(self, claude):
        strict = {**WEATHER, "strict": True, "input_schema": {**WEATHER["input_schema"], "additionalProperties": False}}
        message = claude.messages.create(
            model=MODEL,
            max_tokens=200,
            **GREEDY,
            messages=WEATHER_QUESTION,
            tools=[strict],
            tool_choice=FORCED,
        )
        assert set(message.content[-1].input) == {"city"}

    def test_at_most_one_tool_is_called(self, claude):
        message = claude.messages.create(
            model=MODEL,
            max_tokens=200,
            **GREEDY,
            messages=WEATHER_QUESTION,
            tools=[WEATHER],
            tool_choice={"type": "any", "disable_parallel_tool_use": True},
        )
        assert [block.type for block in message.content].count("tool_use") == 1


class TestErrors:
    def test_a_blank_message_is_a_bad_request(self, claude):
        with pytest.raises(anthropic.BadRequestError, match=r"messages\.0") as caught:
            claude.messages.create(model=MODEL, max_tokens=8, messages=[{"role": "user", "content": "  "}])
        assert caught.value.status_code == 400

    def test_an_error_before_a_stream_is_the_same(self, claude):
        with pytest.raises(anthropic.BadRequestError, match=r"messages\.0"):
            claude.messages.create(
                model=MODEL, max_tokens=8, messages=[{"role": "user", "content": "  "}], stream=True
            )

    def test_an_unknown_model_is_a_bad_request(self, claude):
        with pytest.raises(anthropic.BadRequestError, match="model identifier is invalid"):
            claude.messages.create(model="anthropic.nobody-v1:0", max_tokens=8, messages=QUESTION)

    @pytest.mark.parametrize("name, value", [("temperature", 1.5), ("top_p", 1.1), ("top_k", 501)])
    def test_a_value_out_of_range_is_refused_by_name(self, claude, name, value):
        with pytest.raises(anthropic.BadRequestError, match=name):
            claude.messages.create(model=MODEL, max_tokens=8, messages=QUESTION, extra_body={name: value})

    def test_a_field_that_nobody_knows_is_refused_by_name(self, claude):
        with pytest.raises(anthropic.BadRequestError, match="temprature"):
            claude.messages.create(model=MODEL, max_tokens=8, messages=QUESTION, extra_body={"temprature": 1})

    def test_a_model_that_is_not_ready_is_a_rate_limit(self, busy_server):
        with AnthropicBedrock(base_url=busy_server.url, **SIGNED) as client:
            with pytest.raises(anthropic.RateLimitError) as caught:
                client.messages.create(model=MODEL, max_tokens=8, messages=QUESTION)
        assert caught.value.status_code == 429


class TestUsage:
    def test_what_was_generated_is_counted(self, ask):
        assert [ask(max_tokens=count).usage.output_tokens for count in (3, 30)] == [3, 30]

    def test_input_tokens_are_those_of_count_tokens(self, server, claude):
        message = claude.messages.create(model=MODEL, max_tokens=8, messages=QUESTION)
        converse = {"messages": [{"role": "user", "content": [{"text": QUESTION[0]["content"]}]}]}
        counted = server.client().count_tokens(modelId=MODEL, input={"converse": converse})
        assert message.usage.input_tokens == counted["inputTokens"]


class TestCancel:
    def test_a_closed_stream_stops_the_generation(self, server, claude, endless):
        before = server.wait_idle()["tokens_generated"]
        stream = claude.messages.create(
            model=MODEL, max_tokens=LONG, messages=STORY, extra_body=endless, stream=True
        )
        for _, _ in zip(range(4), stream):
            pass
        stream.close()
        assert 0 < server.wait_idle()["tokens_generated"] - before < LONG


class TestAccess:
    def test_an_api_key_is_a_bearer_token(self, keyed_server):
        with AnthropicBedrock(base_url=keyed_server.url, api_key=keyed_server.bearer, aws_region="us-east-1") as client:
            assert text_of(client.messages.create(model=MODEL, max_tokens=8, messages=QUESTION, **GREEDY)).strip()

    def test_a_wrong_api_key_is_denied(self, keyed_server):
        with AnthropicBedrock(
            base_url=keyed_server.url, api_key="bedrock-api-key-wrong", aws_region="us-east-1", max_retries=0
        ) as client:
            with pytest.raises(anthropic.PermissionDeniedError):
                client.messages.create(model=MODEL, max_tokens=8, messages=QUESTION)


PIXEL = base64.b64encode(
    bytes.fromhex(
        "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415408d763f8cfc000000301010018dd8db0"
        "0000000049454e44ae426082"
    )
).decode()


class TestWanted:
    def test_an_image_is_seen(self, claude):
        image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}}
        content = [image, {"type": "text", "text": "What is it?"}]
        with wanted("images", anthropic.BadRequestError, "image"):
            claude.messages.create(model=MODEL, max_tokens=8, messages=[{"role": "user", "content": content}])

    def test_thinking_comes_first(self, claude):
        thinking = {"type": "enabled", "budget_tokens": 1024}
        with wanted("extended thinking", anthropic.BadRequestError, "thinking"):
            message = claude.messages.create(model=MODEL, max_tokens=2000, messages=QUESTION, thinking=thinking)
            assert message.content[0].type == "thinking"
