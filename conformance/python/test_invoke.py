"""InvokeModel and its stream, in the native bodies of every family of text."""

import json

import pytest

from outcrop import text_of, user

CLAUDE = "anthropic.claude-3-haiku-20240307-v1:0"
LLAMA = "meta.llama3-1-8b-instruct-v1:0"
OPENAI = "openai.gpt-oss-20b-1:0"
NOVA = "amazon.nova-lite-v1:0"
TITAN = "amazon.titan-text-express-v1"
MISTRAL = "mistral.mistral-7b-instruct-v0:2"
MISTRAL_CHAT = "mistral.mistral-large-2407-v1:0"
COHERE = "cohere.command-r-v1:0"
JAMBA = "ai21.jamba-1-5-mini-v1:0"
DEEPSEEK = "deepseek.r1-v1:0"

QUESTION = "What can you do?"
BODIES = {
    CLAUDE: {
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": 40,
        "temperature": 0,
        "messages": [{"role": "user", "content": QUESTION}],
    },
    LLAMA: {
        "prompt": "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\n"
        + QUESTION
        + "<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",
        "max_gen_len": 40,
        "temperature": 0,
    },
    OPENAI: {"messages": [{"role": "user", "content": QUESTION}], "max_completion_tokens": 40, "temperature": 0},
    # Nova's temperature is above 0; the best of one is the same.
    NOVA: {
        "messages": [{"role": "user", "content": [{"text": QUESTION}]}],
        "inferenceConfig": {"maxTokens": 40, "topK": 1},
    },
    TITAN: {
        "inputText": f"User: {QUESTION}\nBot:",
        "textGenerationConfig": {"maxTokenCount": 40, "temperature": 0},
    },
    MISTRAL: {"prompt": f"<s>[INST] {QUESTION} [/INST]", "max_tokens": 40, "temperature": 0},
    MISTRAL_CHAT: {"messages": [{"role": "user", "content": QUESTION}], "max_tokens": 40, "temperature": 0},
    COHERE: {"message": QUESTION, "max_tokens": 40, "temperature": 0},
    JAMBA: {"messages": [{"role": "user", "content": QUESTION}], "max_tokens": 40, "temperature": 0},
    DEEPSEEK: {
        "prompt": f"<｜begin▁of▁sentence｜><｜User｜>{QUESTION}<｜Assistant｜>",
        "max_tokens": 40,
        "temperature": 0,
    },
}
TEXT = {
    CLAUDE: lambda body: "".join(block["text"] for block in body["content"]),
    LLAMA: lambda body: body["generation"],
    OPENAI: lambda body: body["choices"][0]["message"]["content"],
    NOVA: lambda body: "".join(block["text"] for block in body["output"]["message"]["content"]),
    TITAN: lambda body: body["results"][0]["outputText"],
    MISTRAL: lambda body: body["outputs"][0]["text"],
    MISTRAL_CHAT: lambda body: body["choices"][0]["message"]["content"],
    COHERE: lambda body: body["text"],
    JAMBA: lambda body: body["choices"][0]["message"]["content"],
    DEEPSEEK: lambda body: body["choices"][0]["text"],
}
# Mistral's, Cohere's and DeepSeek's answers count no tokens.
TOKENS = {
    CLAUDE: lambda body: (body["usage"]["input_tokens"], body["usage"]["output_tokens"]),
    LLAMA: lambda body: (body["prompt_token_count"], body["generation_token_count"]),
    OPENAI: lambda body: (body["usage"]["prompt_tokens"], body["usage"]["completion_tokens"]),
    NOVA: lambda body: (body["usage"]["inputTokens"], body["usage"]["outputTokens"]),
    TITAN: lambda body: (body["inputTextTokenCount"], body["results"][0]["tokenCount"]),
    JAMBA: lambda body: (body["usage"]["prompt_tokens"], body["usage"]["completion_tokens"]),
}
PIECE = {
    CLAUDE: lambda chunk: chunk.get("delta", {}).get("text", ""),
    LLAMA: lambda chunk: chunk.get("generation") or "",
    OPENAI: lambda chunk: "".join(choice["delta"].get("content") or "" for choice in chunk["choices"]),
    NOVA: lambda chunk: chunk.get("contentBlockDelta", {}).get("delta", {}).get("text", ""),
    TITAN: lambda chunk: chunk["outputText"],
    MISTRAL: lambda chunk: chunk["outputs"][0]["text"],
    MISTRAL_CHAT: lambda chunk: chunk["choices"][0]["message"]["content"],
    COHERE: lambda chunk: chunk["text"] if chunk["event_type"] == "text-generation" else "",
    JAMBA: lambda chunk: chunk["choices"][0]["delta"].get("content") or "",
    DEEPSEEK: lambda chunk: chunk["choices"][0]["text"],
}
FAMILIES = pytest.mark.parametrize("model", list(BODIES))


def invoke(client, model, body=None):
    response = client.invoke_model(modelId=model, body=json.dumps(body or BODIES[model]))
    assert response["contentType"] == "application/json"
    return json.loads(response["body"].read())


def stream(client, model, body=None):
    response = client.invoke_model_with_response_stream(modelId=model, body=json.dumps(body or BODIES[model]))
    return [json.loads(event["chunk"]["bytes"]) for event in response["body"]]


@FAMILIES
def test_the_answer_is_that_of_converse(client, model):
    converse = client.converse(
        modelId=model, messages=[user(QUESTION)], inferenceConfig={"maxTokens": 40, "temperature": 0}
    )
    body = invoke(client, model)
    assert TEXT[model](body) == text_of(converse)
    if model in TOKENS:
        assert TOKENS[model](body) == (converse["usage"]["inputTokens"], converse["usage"]["outputTokens"])


@FAMILIES
def test_a_stream_has_the_same_text_and_ends_with_metrics(client, model):
    body = invoke(client, model)
    chunks = stream(client, model)
    assert "".join(map(PIECE[model], chunks)) == TEXT[model](body)
    metrics = chunks[-1]["amazon-bedrock-invocationMetrics"]
    assert metrics["inputTokenCount"] > 0 and metrics["outputTokenCount"] > 0
    if model in TOKENS:
        assert (metrics["inputTokenCount"], metrics["outputTokenCount"]) == TOKENS[model](body)
    assert metrics["invocationLatency"] >= metrics["firstByteLatency"] >= 0
    assert not any("amazon-bedrock-invocationMetrics" in chunk for chunk in chunks[:-1])


def test_anthropic_events_come_in_their_order(client):
    kinds = [chunk["type"] for chunk in stream(client, CLAUDE)]
    assert kinds[:2] == ["message_start", "content_block_start"]
    assert kinds[-3:] == ["content_block_stop", "message_delta", "message_stop"]
    assert set(kinds[2:-3]) == {"content_block_delta"}


@pytest.mark.parametrize(
    "model, field, limit, reason",
    [
        (CLAUDE, "max_tokens", 5, lambda body: body["stop_reason"] == "max_tokens"),
        (LLAMA, "max_gen_len", 5, lambda body: body["stop_reason"] == "length"),
        (OPENAI, "max_completion_tokens", 5, lambda body: body["choices"][0]["finish_reason"] == "length"),
    ],
    ids=["anthropic", "llama", "openai"],
)
def test_the_limit_on_tokens_is_the_familys_own(client, model, field, limit, reason):
    body = invoke(client, model, {**BODIES[model], field: limit})
    assert TOKENS[model](body)[1] == limit
    assert reason(body)


def test_cohere_repeats_the_history_and_the_answer(client):
    history = [{"role": "USER", "message": "Hello"}, {"role": "CHATBOT", "message": "Hello."}]
    body = {**BODIES[COHERE], "chat_history": history}
    answer = invoke(client, COHERE, body)
    said = [*history, {"role": "USER", "message": QUESTION}, {"role": "CHATBOT", "message": answer["text"]}]
    assert answer["chat_history"] == said
    assert stream(client, COHERE, body)[-1]["response"]["chat_history"] == said


def test_anthropic_stop_sequence_is_named(client):
    text = TEXT[CLAUDE](invoke(client, CLAUDE))
    stop = text[7:11]
    body = invoke(client, CLAUDE, {**BODIES[CLAUDE], "stop_sequences": [stop]})
    assert TEXT[CLAUDE](body) == text[: text.index(stop)]
    assert (body["stop_reason"], body["stop_sequence"]) == ("stop_sequence", stop)


def test_anthropic_system_and_turns_reach_the_model(client):
    body = {
        **BODIES[CLAUDE],
        "system": "Be brief.",
        "messages": [
            {"role": "user", "content": "My name is Marta."},
            {"role": "assistant", "content": [{"type": "text", "text": "Hello Marta."}]},
            {"role": "user", "content": [{"type": "text", "text": "What is my name?"}]},
        ],
    }
    converse = client.converse(
        modelId=CLAUDE,
        system=[{"text": "Be brief."}],
        messages=[
            user("My name is Marta."),
            {"role": "assistant", "content": [{"text": "Hello Marta."}]},
            user("What is my name?"),
        ],
        inferenceConfig={"maxTokens": 40, "temperature": 0},
    )
    assert TEXT[CLAUDE](invoke(client, CLAUDE, body)) == text_of(converse)


def test_openai_choices_and_seed(client, endless):
    body = {**BODIES[OPENAI], **endless, "n": 3, "temperature": 2, "seed": 11}
    choices = invoke(client, OPENAI, body)["choices"]
    assert [choice["index"] for choice in choices] == [0, 1, 2]
    texts = [choice["message"]["content"] for choice in choices]
    assert len(set(texts)) > 1, "each choice draws its own numbers"
    assert [choice["message"]["content"] for choice in invoke(client, OPENAI, body)["choices"]] == texts


def test_openai_logprobs(client):
    body = invoke(client, OPENAI, {**BODIES[OPENAI], "logprobs": True, "top_logprobs": 2})
    tokens = body["choices"][0]["logprobs"]["content"]
    assert b"".join(bytes(token["bytes"]) for token in tokens).decode() == TEXT[OPENAI](body)
    assert all(len(token["top_logprobs"]) == 2 and token["logprob"] <= 0 for token in tokens)


@pytest.mark.parametrize(
    "model, body, part",
    [
        (CLAUDE, {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 5}, "messages"),
        (CLAUDE, {**BODIES[CLAUDE], "max_tokens": "many"}, "max_tokens"),
        (LLAMA, {**BODIES[LLAMA], "max_gen_len": 0}, "max_gen_len"),
        (LLAMA, {**BODIES[LLAMA], "top_k": 1, "wrong": 1}, "extraneous key \\[wrong\\]"),
        (OPENAI, {**BODIES[OPENAI], "temperature": 9}, "temperature"),
        (OPENAI, {"messages": []}, "must start with a user message"),
    ],
)
def test_a_wrong_field_is_named(client, model, body, part):
    with pytest.raises(client.exceptions.ValidationException, match=part):
        invoke(client, model, body)
    with pytest.raises(client.exceptions.ValidationException, match=part):
        stream(client, model, body)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"text"', b"\xff\xfe", b'{"a":1}}'])
def test_a_body_that_is_no_object_is_refused(client, body):
    with pytest.raises(client.exceptions.ValidationException):
        client.invoke_model(modelId=CLAUDE, body=body)
