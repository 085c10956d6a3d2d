"""Every inference parameter has its true effect, seen from outside."""

import math

import pytest

from outcrop import MODEL, Stream, text_of, user

STORY = [user("Tell me a short story about a fox.")]


@pytest.fixture(scope="module")
def ask(client, endless):
    """Asks for a story that has exactly so many tokens, whatever the model would like; gives the whole response."""

    def ask(fields=None, paths=None, messages=STORY, **settings):
        settings = {"maxTokens": 48, **settings}
        extra = {"additionalModelResponseFieldPaths": paths} if paths else {}
        return client.converse(
            modelId=MODEL,
            messages=messages,
            inferenceConfig=settings,
            additionalModelRequestFields=with_bias(fields or {}, endless),
            **extra,
        )

    return ask


def with_bias(fields, endless):
    return {**fields, "logit_bias": {**endless["logit_bias"], **fields.get("logit_bias", {})}}


@pytest.fixture(scope="module")
def greedy(ask):
    return text_of(ask(temperature=0))


def entries(response):
    return response["additionalModelResponseFields"]["logprobs"]["content"]


def test_temperature_0_is_deterministic_whatever_the_seed(ask, greedy):
    assert {text_of(ask({"seed": seed}, temperature=0)) for seed in range(4)} == {greedy}


def test_a_seed_reproduces_and_seeds_differ(ask):
    texts = [text_of(ask({"seed": seed}, temperature=1)) for seed in range(8)]
    again = [text_of(ask({"seed": seed}, temperature=1)) for seed in range(8)]
    assert texts == again
    assert len(set(texts)) > 1


def test_a_drawn_seed_is_returned_and_reproduces(ask):
    first = ask(paths=["/seed"], temperature=1)
    second = ask(paths=["/seed"], temperature=1)
    seeds = [response["additionalModelResponseFields"]["seed"] for response in (first, second)]
    assert seeds[0] != seeds[1]
    for response, seed in zip((first, second), seeds):
        assert text_of(ask({"seed": int(seed)}, temperature=1)) == text_of(response)


def test_a_seed_means_the_same_in_a_stream(client, ask, endless):
    whole = ask({"seed": 7}, temperature=1)
    stream = Stream(
        client.converse_stream(
            modelId=MODEL,
            messages=STORY,
            inferenceConfig={"maxTokens": 48, "temperature": 1},
            additionalModelRequestFields={**endless, "seed": 7},
        )
    )
    assert stream.text == text_of(whole)


@pytest.mark.parametrize(
    "fields, settings",
    [({}, {"topP": 0}), ({"top_k": 1}, {}), ({"inferenceConfig": {"topK": 1}}, {}), ({"min_p": 1}, {})],
    ids=["topP 0", "top_k 1", "inferenceConfig.topK 1", "min_p 1"],
)
def test_keeping_one_token_is_greedy(ask, greedy, fields, settings):
    for seed in range(3):
        assert text_of(ask({"seed": seed, **fields}, temperature=1, **settings)) == greedy


def test_top_k_inside_inference_config_on_the_wire(server, greedy, endless):
    """Where Vercel's SDK puts it; boto3 would not send it."""
    settings = {"maxTokens": 48, "temperature": 1, "topK": 1}
    body = {"messages": STORY, "inferenceConfig": settings, "additionalModelRequestFields": endless}
    status, _, answer = server.post_json(f"/model/{MODEL}/converse", body)
    assert status == 200, answer
    assert text_of(answer) == greedy


@pytest.mark.parametrize("count", [1, 2, 17, 48])
def test_max_tokens_is_exact(ask, count):
    response = ask(maxTokens=count, temperature=1)
    assert response["usage"]["outputTokens"] == count
    assert response["stopReason"] == "max_tokens"


def test_a_stop_sequence_cuts_exactly(ask, greedy):
    stop = greedy[9:14]
    response = ask(paths=["/stop_sequence"], temperature=0, stopSequences=[stop])
    assert text_of(response) == greedy[: greedy.index(stop)]
    assert response["stopReason"] == "stop_sequence"
    assert response["additionalModelResponseFields"]["stop_sequence"] == stop


def test_the_earliest_of_several_stop_sequences_wins(ask, greedy):
    early, late = greedy[6:9], greedy[20:26]
    response = ask(paths=["/stop_sequence"], temperature=0, stopSequences=[late, "never there", early])
    first = min((early, late), key=greedy.index)
    assert text_of(response) == greedy[: greedy.index(first)]
    assert response["additionalModelResponseFields"]["stop_sequence"] == first


def test_no_part_of_a_stop_sequence_is_streamed(client, greedy, endless):
    stop = greedy[9:14]
    stream = Stream(
        client.converse_stream(
            modelId=MODEL,
            messages=STORY,
            inferenceConfig={"maxTokens": 48, "temperature": 0, "stopSequences": [stop]},
            additionalModelRequestFields=endless,
            additionalModelResponseFieldPaths=["/stop_sequence"],
        )
    )
    assert stream.text == greedy[: greedy.index(stop)]
    assert stream.stop["additionalModelResponseFields"]["stop_sequence"] == stop


def test_a_stop_sequence_that_never_comes_changes_nothing(ask, greedy):
    response = ask(paths=["/stop_sequence"], temperature=0, stopSequences=[greedy[-3:] + "#never#"])
    assert text_of(response) == greedy
    assert response["additionalModelResponseFields"]["stop_sequence"] is None


def test_logprobs_are_of_the_drawn_tokens_and_sum_to_at_most_one(ask, greedy):
    response = ask({"logprobs": True, "top_logprobs": 20}, ["/logprobs"], temperature=0)
    tokens = entries(response)
    written = b"".join(bytes(int(byte) for byte in token["bytes"]) for token in tokens)
    assert written.decode() == greedy
    assert len(tokens) == response["usage"]["outputTokens"]
    for token in tokens:
        best = [float(top["logprob"]) for top in token["top_logprobs"]]
        assert len(best) == 20 and best == sorted(best, reverse=True)
        assert 0 < sum(map(math.exp, best)) <= 1 + 1e-4
        texts = [top for top in token["top_logprobs"] if top["bytes"]]
        assert token["logprob"] == texts[0]["logprob"], "greedy takes the most likely that is allowed"


def test_logprobs_are_raw_whatever_the_temperature(ask):
    """The first token's alternatives have the same values, however the token is drawn."""
    fields = {"logprobs": True, "top_logprobs": 5}
    cold = entries(ask(fields, ["/logprobs"], temperature=0, maxTokens=1))[0]
    hot = entries(ask({**fields, "seed": 3}, ["/logprobs"], temperature=1, topP=0.5, maxTokens=1))[0]
    assert cold["top_logprobs"] == hot["top_logprobs"]


def test_logit_bias_forbids_a_token(ask, vocabulary):
    first = entries(ask({"logprobs": True}, ["/logprobs"], temperature=0, maxTokens=1))[0]
    token = vocabulary.id_of(bytes(int(byte) for byte in first["bytes"]))
    fields = {"logprobs": True, "logit_bias": {str(token): -100}}
    tokens = entries(ask(fields, ["/logprobs"], temperature=0))
    assert all(entry["bytes"] != first["bytes"] for entry in tokens)


def test_logit_bias_forces_a_token(ask, vocabulary):
    token = vocabulary.id_of(b" the")
    assert text_of(ask({"logit_bias": {str(token): 100}}, temperature=1, maxTokens=6)) == " the" * 6


@pytest.mark.parametrize("name, strength", [("presence_penalty", 2.0), ("frequency_penalty", 1.0)])
def test_a_penalty_changes_the_first_token_that_it_must(ask, name, strength):
    """From the raw log-probabilities of a greedy run one can compute where a penalty first changes the choice."""
    fields = {"logprobs": True, "top_logprobs": 20}
    plain = entries(ask(fields, ["/logprobs"], temperature=0, maxTokens=400))
    punished = entries(ask({**fields, name: strength}, ["/logprobs"], temperature=0, maxTokens=400))
    at, expected = first_change(plain, name, strength)
    assert [token["bytes"] for token in punished[:at]] == [token["bytes"] for token in plain[:at]]
    assert punished[at]["bytes"] == expected


def first_change(tokens, name, strength):
    counts = {}
    for at, token in enumerate(tokens):
        scored = [
            (float(top["logprob"]) - strength * weight(counts.get(tuple(top["bytes"]), 0), name), top["bytes"])
            for top in token["top_logprobs"]
            if top["bytes"]
        ]
        best = max(scored, key=lambda pair: pair[0])
        if best[1] != token["bytes"]:
            return at, best[1]
        counts[tuple(token["bytes"])] = counts.get(tuple(token["bytes"]), 0) + 1
    raise AssertionError("the greedy answer never repeats itself enough to be punished; ask for more tokens")


def weight(count, name):
    return count if name == "frequency_penalty" else min(count, 1)


def test_repetition_penalty_makes_a_text_repeat_itself_less(ask):
    def most_common(fields):
        tokens = entries(
            ask({"logprobs": True, **fields}, ["/logprobs"], temperature=0, maxTokens=200)
        )
        written = [tuple(token["bytes"]) for token in tokens]
        return max(map(written.count, written))

    assert most_common({"repetition_penalty": 2}) < most_common({})


def test_only_named_response_fields_are_returned(ask):
    assert "additionalModelResponseFields" not in ask(temperature=0)
    named = ask(paths=["/seed", "/nothing/here"], temperature=0)["additionalModelResponseFields"]
    assert set(named) == {"seed"}
    with pytest.raises(Exception, match="ValidationException"):
        ask(paths=["no pointer"], temperature=0)


def test_an_explanation_ends_with_the_token_that_was_drawn(ask):
    fields = {"seed": 3, "explain": 5, "top_k": 4, "min_p": 0.05}
    told = ask(fields, ["/explain"], temperature=0.8, maxTokens=12)
    del fields["explain"]
    assert text_of(ask(fields, temperature=0.8, maxTokens=12)) == text_of(told)
    tokens = told["additionalModelResponseFields"]["explain"]
    assert len(tokens) == 12
    for token in tokens:
        last = [stage for stage in token["stages"] if stage["changed"]][-1]
        mass = sum(float(candidate["probability"]) for candidate in last["candidates"]) + float(last["rest"])
        assert mass == pytest.approx(1, abs=1e-5)
        assert token["id"] in [candidate["id"] for candidate in last["candidates"]]
        assert last["kept"] <= 4
