"""What is computed once: turns of a conversation, a prefix of many requests; and streams side by side."""

from concurrent.futures import ThreadPoolExecutor

from outcrop import MODEL, Server, Stream, assistant, text_of, user

BLOCK = 16

TURNS = [
    "My name is Marta.",
    "I live in Bergen.",
    "I have a dog called Pim.",
    "What is my name?",
    "Tell me a story about a dog.",
    "Where do I live?",
    "What does temperature do?",
    "My sister is called Ida.",
    "What is my sister called?",
    "What is my dog called?",
]


def test_turn_10_computes_only_what_is_new(server, client):
    messages, before = [], None
    for turn in TURNS:
        messages.append(user(turn))
        before = server.wait_idle()
        response = client.converse(modelId=MODEL, messages=messages, inferenceConfig={"maxTokens": 40, "temperature": 0})
        usage, known = response["usage"], 0 if len(messages) == 1 else last
        last = usage["inputTokens"] + usage["outputTokens"]
        messages.append(assistant(text_of(response) or "Yes."))
    after = server.wait_idle()
    computed = after["prompt_tokens_computed"] - before["prompt_tokens_computed"]
    new = usage["inputTokens"] - known
    assert usage["inputTokens"] > 10 * BLOCK, "long enough to tell"
    assert computed <= new + BLOCK, f"{computed} computed, {new} new of {usage['inputTokens']}"
    assert computed + after["prompt_tokens_cached"] - before["prompt_tokens_cached"] == usage["inputTokens"]


def long_system(client, tokens):
    """A system prompt of at least so many tokens."""
    words = "The archive of the harbour holds letters, maps and lists of ships. "
    once = count(client, words)
    return words * (tokens // max(1, count(client, words * 2) - once) + 1)


def count(client, system):
    converse = {"system": [{"text": system}], "messages": [user("Hello.")]}
    return client.count_tokens(modelId=MODEL, input={"converse": converse})["inputTokens"]


def test_64_requests_at_once_compute_their_prefix_once(server):
    client = server.client(attempts=1)
    system = long_system(client, 800)
    prefix = count(client, system)
    assert prefix >= 800
    before = server.wait_idle()

    def ask(number):
        return client.converse(
            modelId=MODEL,
            system=[{"text": system}],
            messages=[user(f"Question number {number}: what is kept here?")],
            inferenceConfig={"maxTokens": 8, "temperature": 0},
        )["usage"]["inputTokens"]

    with ThreadPoolExecutor(64) as pool:
        inputs = list(pool.map(ask, range(64)))
    after = server.wait_idle()
    computed = after["prompt_tokens_computed"] - before["prompt_tokens_computed"]
    # Each request may compute again the block in which the shared part ends.
    own = sum(tokens - prefix for tokens in inputs) + 64 * 2 * BLOCK
    assert computed <= prefix + own, f"{computed} computed for a prefix of {prefix} and {own} of their own"
    assert computed + after["prompt_tokens_cached"] - before["prompt_tokens_cached"] == sum(inputs)


def test_16_streams_of_200_tokens_all_end(server, endless):
    client = server.client(attempts=1)

    def stream(number):
        return Stream(
            client.converse_stream(
                modelId=MODEL,
                messages=[user(f"Tell me story number {number}.")],
                inferenceConfig={"maxTokens": 200, "temperature": 1},
                additionalModelRequestFields={**endless, "seed": number},
            )
        )

    with ThreadPoolExecutor(16) as pool:
        streams = list(pool.map(stream, range(16)))
    assert [s.usage["outputTokens"] for s in streams] == [200] * 16
    assert {s.stop_reason for s in streams} == {"max_tokens"}
    alone = [stream(number).text for number in range(0, 16, 5)]
    assert alone == [streams[number].text for number in range(0, 16, 5)], "alone = in a batch"


def test_accounts_share_no_prefix():
    """What one account asked leaves no trace in another's counters, and costs it the whole prompt."""
    server = Server(
        keys=[("--account", "111111111111"), ("--account", "222222222222"), ("--account", "333333333333", "--rights", "admin")]
    )
    try:
        first, second, admin = (key_pair(shown) for shown in server.keys)
        server.signing_key = admin
        call = {
            "modelId": MODEL,
            "messages": [user("The same long question of two accounts. " * 12)],
            "inferenceConfig": {"maxTokens": 4},
        }
        computed = []
        for key in (first, second, first):
            before = server.wait_idle()
            tokens = server.client(key=key).converse(**call)["usage"]["inputTokens"]
            computed.append(server.wait_idle()["prompt_tokens_computed"] - before["prompt_tokens_computed"])
        assert computed[0] == computed[1] == tokens
        assert computed[2] <= BLOCK
    finally:
        server.stop()


def key_pair(shown):
    """Access key id and secret from what `outcrop keys add` shows."""
    values = [line.split("=", 1)[1] for line in shown.splitlines()]
    return tuple(values)
