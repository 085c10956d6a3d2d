"""Model ids in all their forms, token counts, and the control plane's lists."""

import json

import pytest

from outcrop import MODEL, Server, user
from vocabulary import PEBBLE

LLAMA = "meta.llama3-1-8b-instruct-v1:0"
CALL = {"messages": [user("Hello.")], "inferenceConfig": {"maxTokens": 8, "temperature": 0}}


@pytest.fixture(scope="module")
def control(server):
    return server.client("bedrock")


@pytest.mark.parametrize(
    "model",
    [
        LLAMA,
        *(f"{geo}.{LLAMA}" for geo in ("us", "eu", "apac", "jp", "au", "ca", "in", "us-gov", "global")),
        f"arn:aws:bedrock:us-east-1::foundation-model/{LLAMA}",
        f"arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.{LLAMA}",
    ],
)
def test_every_form_of_an_id_is_the_same_model(client, model):
    response = client.converse(modelId=model, **CALL)
    assert response["output"] == client.converse(modelId=LLAMA, **CALL)["output"]


def test_a_raw_colon_in_the_path_is_accepted(server):
    """As the Anthropic SDKs send it."""
    for path in (f"/model/{LLAMA}/converse", f"/model/{LLAMA.replace(':', '%3A')}/converse"):
        assert server.post_json(path, CALL)[0] == 200


@pytest.mark.parametrize("model", ["nobody.model", "us.nobody.model-v1:0", "Qwen/Qwen3-8B", "..", "%00"])
def test_an_id_outside_the_catalogue_is_invalid(client, model):
    with pytest.raises(client.exceptions.ValidationException):
        client.converse(modelId=model, **CALL)


@pytest.mark.parametrize(
    "model", ["amazon.titan-embed-text-v2:0", "cohere.rerank-v3-5:0", "amazon.nova-canvas-v1:0"]
)
def test_what_is_no_text_model_is_not_served_by_one(client, model):
    with pytest.raises(client.exceptions.ValidationException):
        client.converse(modelId=model, **CALL)
    with pytest.raises(client.exceptions.ValidationException):
        client.invoke_model(modelId=model, body=json.dumps({"inputText": "x"}))


@pytest.mark.parametrize(
    "converse",
    [
        {"messages": [user("Hello.")]},
        {"messages": [user("Grüße, 世界! 🌍 <|end|>")]},
        {
            "system": [{"text": "Be brief."}, {"text": "Be kind."}],
            "messages": [user("a"), {"role": "assistant", "content": [{"text": "b"}]}, user("c " * 200)],
        },
    ],
)
def test_count_tokens_is_what_converse_bills(client, converse):
    counted = client.count_tokens(modelId=MODEL, input={"converse": converse})["inputTokens"]
    response = client.converse(modelId=MODEL, **converse, inferenceConfig={"maxTokens": 1})
    assert counted == response["usage"]["inputTokens"]


def test_count_tokens_of_a_native_body(client):
    body = {"anthropic_version": "x", "max_tokens": 3, "messages": [{"role": "user", "content": "Count me."}]}
    counted = client.count_tokens(modelId=MODEL, input={"invokeModel": {"body": json.dumps(body)}})
    answer = json.loads(client.invoke_model(modelId=MODEL, body=json.dumps(body))["body"].read())
    assert counted["inputTokens"] == answer["usage"]["input_tokens"]


def test_foundation_models_are_listed(control):
    models = control.list_foundation_models()["modelSummaries"]
    assert len(models) > 50
    ids = {model["modelId"] for model in models}
    assert {MODEL, LLAMA, "amazon.titan-embed-text-v2:0"} <= ids
    for model in models:
        assert model["modelArn"] == f"arn:aws:bedrock:us-east-1::foundation-model/{model['modelId']}"
        assert model["inputModalities"] and model["outputModalities"]


def test_lists_are_filtered(control):
    def ids(**filters):
        return {model["modelId"] for model in control.list_foundation_models(**filters)["modelSummaries"]}

    assert all(model.startswith("anthropic.") for model in ids(byProvider="Anthropic"))
    embeddings = ids(byOutputModality="EMBEDDING")
    assert "amazon.titan-embed-text-v2:0" in embeddings and MODEL not in embeddings
    with pytest.raises(control.exceptions.ValidationException):
        ids(byOutputModality="SMELL")


def test_one_model_is_described(control):
    details = control.get_foundation_model(modelIdentifier=MODEL)["modelDetails"]
    assert details["modelId"] == MODEL
    assert details["responseStreamingSupported"] is True
    with pytest.raises(control.exceptions.ClientError):
        control.get_foundation_model(modelIdentifier="nobody.model")


def test_health_and_readiness(server):
    assert server.get("/health")[0] == 200
    assert server.get("/ready")[0] == 200


def test_a_configured_file_serves_its_ids_and_no_others():
    """Two ids, one file: it is loaded once, on first use, beside the built-in model."""
    config = f"[models]\n{LLAMA!r} = {str(PEBBLE)!r}\n'my-own-model' = {str(PEBBLE)!r}\n"
    server = Server(config=config)
    try:
        client = server.client(attempts=8)
        assert loaded(server) == ["the built-in model"]
        for model in (f"us.{LLAMA}", "my-own-model"):
            client.converse(modelId=model, **CALL)
            assert loaded(server) == sorted([str(PEBBLE), "the built-in model"])
        listed = server.client("bedrock").list_foundation_models()["modelSummaries"]
        assert "my-own-model" in {model["modelId"] for model in listed}
        assert str(PEBBLE) in server.command("models", "--config", str(server.config)).stdout
    finally:
        server.stop()


def loaded(server):
    return sorted(model["source"] for model in json.loads(server.get("/outcrop/counters")[2])["models"])
