"""The AWS CLI, version 1, with the endpoint and the credentials in the environment."""

import base64
import contextlib
import io
import json
import os
import pathlib
import subprocess
import sys

import pytest
from awscli.clidriver import create_clidriver

from outcrop import ACCESS_KEY, MODEL, SECRET_KEY
from wanted import wanted

AWS = pathlib.Path(sys.executable).parent / "aws"
QUESTION = [{"role": "user", "content": [{"text": "What can you do?"}]}]
STORY = [{"role": "user", "content": [{"text": "Tell me a short story about a fox."}]}]
WEATHER_QUESTION = [{"role": "user", "content": [{"text": "What is the weather in Oslo?"}]}]
WEATHER = {
    "toolSpec": {
        "name": "get_weather",
        "inputSchema": {
            "json": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
        },
    }
}
GREEDY = {"maxTokens": 24, "temperature": 0}


class CliError(Exception):
    """What the CLI printed when it gave up."""


@pytest.fixture(scope="module")
def environment(server, tmp_path_factory):
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path_factory.mktemp("home")),
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": server.url,
        "AWS_ENDPOINT_URL_BEDROCK": server.url,
        "AWS_MAX_ATTEMPTS": "1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


@pytest.fixture(scope="module")
def aws(environment):
    """Runs one command by the CLI's own entry point, in this process: a new one takes a second to start."""

    def aws(service, command, *arguments, **options):
        shown, wrong = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch:
            for name, value in environment.items():
                patch.setenv(name, value)
            with contextlib.redirect_stdout(shown), contextlib.redirect_stderr(wrong):
                code = create_clidriver().main(line(service, command, arguments, options))
        if code != 0:
            raise CliError(wrong.getvalue())
        return json.loads(shown.getvalue())

    return aws


def line(service, command, arguments, options):
    """A command line; options are given as keywords, values that are no text become JSON."""
    words = [service, command, "--output", "json"]
    for name, value in options.items():
        words += ["--" + name.replace("_", "-"), value if isinstance(value, str) else json.dumps(value)]
    return [*words, *arguments]


@pytest.fixture(scope="module")
def ask(aws, endless):
    def ask(fields=None, messages=STORY, **settings):
        return aws(
            "bedrock-runtime",
            "converse",
            model_id=MODEL,
            messages=messages,
            inference_config={"maxTokens": 32, **settings},
            additional_model_request_fields={**endless, **(fields or {})},
        )

    return ask


@pytest.fixture(scope="module")
def greedy(ask):
    return text_of(ask(temperature=0))


def text_of(answer):
    return "".join(block.get("text", "") for block in answer["output"]["message"]["content"])


class TestUnary:
    def test_the_command_itself_answers(self, environment):
        options = {"model_id": MODEL, "messages": QUESTION, "inference_config": GREEDY}
        words = line("bedrock-runtime", "converse", [], options)
        ran = subprocess.run([AWS, *words], env=environment, capture_output=True, text=True, timeout=120)
        assert ran.returncode == 0, ran.stderr
        assert text_of(json.loads(ran.stdout)).strip()

    def test_converse_answers(self, aws):
        answer = aws("bedrock-runtime", "converse", model_id=MODEL, messages=QUESTION, inference_config=GREEDY)
        assert text_of(answer).strip()
        assert answer["stopReason"] in ("end_turn", "max_tokens")

    def test_invoke_model_writes_the_native_body(self, aws, tmp_path):
        body = {
            "anthropic_version": "bedrock-2023-05-31",
            "max_tokens": 24,
            "temperature": 0,
            "messages": [{"role": "user", "content": "What can you do?"}],
        }
        (tmp_path / "body").write_text(json.dumps(body))
        written = tmp_path / "answer"
        shown = aws(
            "bedrock-runtime", "invoke-model", str(written), model_id=MODEL, body=f"fileb://{tmp_path / 'body'}"
        )
        assert shown["contentType"] == "application/json"
        answer = json.loads(written.read_text())
        whole = aws("bedrock-runtime", "converse", model_id=MODEL, messages=QUESTION, inference_config=GREEDY)
        assert answer["content"][0]["text"] == text_of(whole)

    def test_list_foundation_models_lists(self, aws):
        listed = aws("bedrock", "list-foundation-models", by_output_modality="TEXT")["modelSummaries"]
        assert MODEL in [model["modelId"] for model in listed]
        assert all("TEXT" in model["outputModalities"] for model in listed)

    def test_get_foundation_model_gives_the_one(self, aws):
        details = aws("bedrock", "get-foundation-model", model_identifier=MODEL)["modelDetails"]
        assert details["modelId"] == MODEL and details["modelArn"].endswith("foundation-model/" + MODEL)

    def test_a_document_is_read(self, aws):
        data = base64.b64encode(b"Oslo is in Norway.").decode()
        document = {"document": {"format": "txt", "name": "places", "source": {"bytes": data}}}
        question = {"text": "Where is Oslo?"}
        alone, with_it = [
            aws("bedrock-runtime", "converse", model_id=MODEL, messages=[{"role": "user", "content": content}])
            for content in ([question], [document, question])
        ]
        assert with_it["usage"]["inputTokens"] > alone["usage"]["inputTokens"]

    def test_inference_profiles_are_listed(self, aws):
        assert "inferenceProfileSummaries" in aws("bedrock", "list-inference-profiles")


class TestTurns:
    def test_earlier_turns_and_the_system_prompt_are_part_of_the_prompt(self, aws):
        turns = [*QUESTION, {"role": "assistant", "content": [{"text": "Stories."}]}, *STORY]
        call = {"model_id": MODEL, "inference_config": GREEDY}
        alone = aws("bedrock-runtime", "converse", messages=STORY, **call)
        told = aws("bedrock-runtime", "converse", messages=turns, system=[{"text": "Be brief."}], **call)
        assert told["usage"]["inputTokens"] > alone["usage"]["inputTokens"]


class TestParameters:
    def test_temperature_0_is_deterministic_whatever_the_seed(self, ask, greedy):
        assert text_of(ask({"seed": 1}, temperature=0)) == greedy

    def test_a_seed_reproduces(self, ask, greedy):
        first, second = (text_of(ask({"seed": 5}, temperature=1)) for _ in range(2))
        assert first == second

    def test_top_p_0_is_greedy(self, ask, greedy):
        assert text_of(ask({"seed": 5}, temperature=1, topP=0)) == greedy

    def test_top_k_1_is_greedy(self, ask, greedy):
        assert text_of(ask({"seed": 5, "top_k": 1}, temperature=1)) == greedy

    def test_max_tokens_is_exact(self, ask):
        answer = ask(maxTokens=7)
        assert (answer["usage"]["outputTokens"], answer["stopReason"]) == (7, "max_tokens")

    def test_a_stop_sequence_cuts_exactly(self, ask, greedy):
        stop = greedy[9:14]
        answer = ask(temperature=0, stopSequences=[stop])
        assert text_of(answer) == greedy[: greedy.index(stop)]
        assert answer["stopReason"] == "stop_sequence"


class TestTools:
    def test_a_forced_tool_is_called(self, aws):
        answer = aws(
            "bedrock-runtime",
            "converse",
            model_id=MODEL,
            messages=WEATHER_QUESTION,
            inference_config={"maxTokens": 200, "temperature": 0},
            tool_config={"tools": [WEATHER], "toolChoice": {"tool": {"name": "get_weather"}}},
        )
        call = answer["output"]["message"]["content"][-1]["toolUse"]
        assert answer["stopReason"] == "tool_use"
        assert call["name"] == "get_weather" and isinstance(call["input"], dict)


class TestErrors:
    def test_a_blank_message_is_a_validation_exception(self, aws):
        blank = [{"role": "user", "content": [{"text": "  "}]}]
        with pytest.raises(CliError, match=r"\(ValidationException\) when calling the Converse .*messages\.0"):
            aws("bedrock-runtime", "converse", model_id=MODEL, messages=blank)

    def test_an_unknown_model_is_a_validation_exception(self, aws):
        with pytest.raises(CliError, match=r"\(ValidationException\).*model identifier is invalid"):
            aws("bedrock-runtime", "converse", model_id="nobody.model-v1:0", messages=QUESTION)

    def test_an_unknown_foundation_model_is_not_found(self, aws):
        with pytest.raises(CliError, match=r"\(ResourceNotFoundException\)"):
            aws("bedrock", "get-foundation-model", model_identifier="anthropic.nobody-v1:0")


class TestUsage:
    def test_count_tokens_is_what_converse_counts(self, aws):
        counted = aws("bedrock-runtime", "count-tokens", model_id=MODEL, input={"converse": {"messages": QUESTION}})
        answer = aws("bedrock-runtime", "converse", model_id=MODEL, messages=QUESTION, inference_config=GREEDY)
        usage = answer["usage"]
        assert counted["inputTokens"] == usage["inputTokens"]
        assert usage["totalTokens"] == usage["inputTokens"] + usage["outputTokens"]


class TestWanted:
    def test_a_guardrail_is_applied(self, aws):
        with wanted("guardrails", CliError, "guardrail"):
            aws(
                "bedrock-runtime",
                "converse",
                model_id=MODEL,
                messages=QUESTION,
                guardrail_config={"guardrailIdentifier": "abcdefgh", "guardrailVersion": "1"},
            )
