"""Strands Agents: ConverseStream by default, Converse with `streaming=False`."""

import asyncio

import boto3
import pytest
from strands import Agent, tool
from strands.models import BedrockModel
from strands.types.exceptions import ContextWindowOverflowException

from botocore.config import Config
from botocore.exceptions import ClientError
from outcrop import ACCESS_KEY, MODEL, SECRET_KEY

STORY = [{"role": "user", "content": [{"text": "Tell me a short story about a fox."}]}]
WEATHER = {
    "name": "get_weather",
    "description": "Tells the weather of a place",
    "inputSchema": {"json": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}},
}
streaming_or_not = pytest.mark.parametrize("streaming", [True, False], ids=["stream", "unary"])


@pytest.fixture(scope="module")
def make(server, endless):
    """A model object that answers with exactly `max_tokens` tokens, whatever the model would like."""

    def make(fields=None, url=None, **settings):
        settings = {"max_tokens": 40, "temperature": 0, **settings}
        return BedrockModel(
            boto_session=boto3.Session(ACCESS_KEY, SECRET_KEY, region_name="us-east-1"),
            boto_client_config=Config(retries={"total_max_attempts": 1}),
            endpoint_url=url or server.url,
            model_id=MODEL,
            additional_request_fields={**endless, **(fields or {})},
            **settings,
        )

    return make


class Answer:
    """The events of one answer, read to their end."""

    def __init__(self, model, messages=STORY, **settings):
        async def collect():
            return [event async for event in model.stream(messages, **settings)]

        self.events = asyncio.run(collect())
        self.deltas = [event["contentBlockDelta"]["delta"] for event in self.events if "contentBlockDelta" in event]
        self.text = "".join(delta.get("text", "") for delta in self.deltas)
        (self.stop_reason,) = [event["messageStop"]["stopReason"] for event in self.events if "messageStop" in event]
        (self.usage,) = [event["metadata"]["usage"] for event in self.events if "metadata" in event]


class TestUnary:
    def test_without_streaming_the_text_is_the_same(self, make):
        assert Answer(make(streaming=False)).text == Answer(make()).text


class TestStream:
    def test_a_stream_has_pieces(self, make):
        answer = Answer(make())
        assert len(answer.deltas) > 1 and answer.text.strip()


class TestTurns:
    def test_an_agent_keeps_the_conversation(self, make):
        agent = Agent(model=make_plain(make), callback_handler=None)
        agent("What can you do?")
        first = agent.event_loop_metrics.accumulated_usage["inputTokens"]
        agent("Tell me more.")
        assert agent.event_loop_metrics.accumulated_usage["inputTokens"] > 2 * first
        assert [message["role"] for message in agent.messages] == ["user", "assistant"] * 2


def make_plain(make):
    """A model object that may end when it likes: an agent takes an answer that was cut off as an error."""
    return make(fields={"logit_bias": {}}, max_tokens=1000)


class TestParameters:
    @streaming_or_not
    def test_a_seed_reproduces_and_seeds_differ(self, make, streaming):
        texts, again = (
            [Answer(make({"seed": seed}, temperature=1, streaming=streaming)).text for seed in range(4)]
            for _ in range(2)
        )
        assert texts == again and len(set(texts)) > 1

    @pytest.mark.parametrize("fields, settings", [({"top_k": 1}, {}), ({}, {"top_p": 0.0})], ids=["top_k", "top_p"])
    def test_keeping_one_token_is_greedy(self, make, fields, settings):
        greedy = Answer(make()).text
        assert Answer(make({"seed": 5, **fields}, temperature=1, **settings)).text == greedy

    @streaming_or_not
    def test_max_tokens_is_exact(self, make, streaming):
        answer = Answer(make(max_tokens=17, streaming=streaming))
        assert (answer.usage["outputTokens"], answer.stop_reason) == (17, "max_tokens")

    @streaming_or_not
    def test_a_stop_sequence_cuts_exactly(self, make, streaming):
        greedy = Answer(make()).text
        stop = greedy[9:14]
        answer = Answer(make(stop_sequences=[stop], streaming=streaming))
        assert (answer.text, answer.stop_reason) == (greedy[: greedy.index(stop)], "stop_sequence")


class TestTools:
    @streaming_or_not
    def test_a_forced_tool_is_called(self, make, streaming):
        model = make({"logit_bias": {}}, max_tokens=200, streaming=streaming)
        messages = [{"role": "user", "content": [{"text": "What is the weather in Oslo?"}]}]
        answer = Answer(model, messages, tool_specs=[WEATHER], tool_choice={"tool": {"name": "get_weather"}})
        assert answer.stop_reason == "tool_use"
        starts = [event["contentBlockStart"]["start"] for event in answer.events if "contentBlockStart" in event]
        assert starts[-1]["toolUse"]["name"] == "get_weather"

    def test_an_agents_own_call_of_a_tool_is_in_the_conversation(self, make):
        @tool
        def get_weather(city: str) -> str:
            """Tells the weather of a place.

            Args:
                city: The place.
            """
            return f"clear in {city}"

        agent = Agent(model=make_plain(make), tools=[get_weather], callback_handler=None)
        agent.tool.get_weather(city="Oslo")
        before = len(agent.messages)
        agent("Thank you. What can you do?")
        assert before >= 2 and len(agent.messages) > before


class TestErrors:
    def test_an_error_is_botocores_validation_exception(self, make):
        with pytest.raises(ClientError, match="ValidationException.*topP"):
            Answer(make(top_p=1.5))

    def test_a_prompt_longer_than_the_window_is_a_context_window_overflow(self, make):
        long = [{"role": "user", "content": [{"text": "one two three four " * 20_000}]}]
        with pytest.raises(ContextWindowOverflowException):
            Answer(make(), long)

    def test_a_model_that_is_not_ready_is_botocores_exception(self, make, busy_server):
        with pytest.raises(ClientError, match="ModelNotReadyException"):
            Answer(make(url=busy_server.url))


class TestUsage:
    @streaming_or_not
    def test_the_total_is_the_sum(self, make, streaming):
        usage = Answer(make(streaming=streaming)).usage
        assert usage["totalTokens"] == usage["inputTokens"] + usage["outputTokens"] > usage["outputTokens"] == 40
