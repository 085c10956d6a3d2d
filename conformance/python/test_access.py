"""Who may call: keys, rights, signatures; pages in a browser; and how a server ends."""

import json
import subprocess
import threading

import boto3
import botocore
import pytest
from botocore.config import Config

from outcrop import BINARY, MODEL, Server, Stream, user
from test_sharing import key_pair

CALL = {"modelId": MODEL, "messages": [user("Hello.")], "inferenceConfig": {"maxTokens": 4}}


@pytest.fixture(scope="module")
def keyed():
    """A server with a key that may invoke, one that may only control, and an operator's."""
    running = Server(
        keys=[
            ("--name", "app", "--account", "123456789012", "--rights", "invoke"),
            ("--name", "ops", "--rights", "control"),
            ("--name", "admin", "--rights", "admin"),
        ]
    )
    running.app, running.ops, admin = (key_pair(shown) for shown in running.keys)
    running.signing_key = admin
    yield running
    assert running.stop() == 0


def test_a_signature_is_verified(keyed):
    assert keyed.client(key=keyed.app).converse(**CALL)["usage"]["outputTokens"] > 0
    for wrong in ((keyed.app[0], "not the secret"), ("AKIAUNKNOWN000000000", keyed.app[1])):
        client = keyed.client(key=wrong)
        with pytest.raises(client.exceptions.ClientError) as caught:
            client.converse(**CALL)
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_a_request_without_a_signature_is_refused(keyed):
    unsigned = boto3.client(
        "bedrock-runtime",
        region_name="us-east-1",
        endpoint_url=keyed.url,
        config=Config(signature_version=botocore.UNSIGNED, retries={"total_max_attempts": 1}),
    )
    with pytest.raises(unsigned.exceptions.ClientError) as caught:
        unsigned.converse(**CALL)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_rights_are_kept_apart(keyed):
    with pytest.raises(Exception, match="AccessDenied"):
        keyed.client(key=keyed.ops).converse(**CALL)
    with pytest.raises(Exception, match="AccessDenied"):
        keyed.client("bedrock", key=keyed.app).list_foundation_models()
    assert keyed.client("bedrock", key=keyed.ops).list_foundation_models()["modelSummaries"]


def test_a_revoked_key_stops_working_at_once(keyed):
    key = key_pair(keyed.command("keys", "add", "--name", "brief").stdout)
    client = keyed.client(key=key)
    client.converse(**CALL)
    keyed.command("keys", "revoke", key[0])
    with pytest.raises(client.exceptions.ClientError):
        client.converse(**CALL)


def test_listed_keys_show_no_secret(keyed):
    shown = keyed.command("keys", "ls").stdout
    assert keyed.app[0] in shown and "123456789012" in shown
    assert keyed.app[1] not in shown


@pytest.mark.parametrize(
    "header",
    [{"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}, {"host": "evil.example:4646"}],
    ids=["origin", "sec-fetch-site", "host"],
)
def test_a_web_page_is_refused_where_there_are_no_keys(server, header):
    status, _, body = server.post_json(f"/model/{MODEL}/converse", {"messages": [user("Hello.")]}, header)
    assert status == 403, body


def test_another_address_needs_keys():
    with pytest.raises(RuntimeError, match="without keys"):
        Server("--listen", "0.0.0.0:0")


def test_a_second_server_cannot_share_a_data_folder(server):
    second = subprocess.run(
        [BINARY, "serve", "--listen", "127.0.0.1:0"],
        env=server.environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert second.returncode == 1
    assert "another server" in second.stderr


def test_a_stream_that_runs_ends_whole_when_the_server_is_stopped(endless):
    server = Server()
    response = server.client().converse_stream(
        **{**CALL, "inferenceConfig": {"maxTokens": 600}}, additionalModelRequestFields=endless
    )
    events = iter(response["stream"])
    first = next(events)
    code = []
    stopping = threading.Thread(target=lambda: code.append(server.stop()))
    stopping.start()
    rest = Stream({"stream": [first, *events]})
    assert rest.usage["outputTokens"] == 600
    stopping.join()
    assert code == [0]


def test_no_prompt_and_no_secret_reaches_the_log(keyed):
    secret_text = "heliotrope-7719"
    keyed.client(key=keyed.app).converse(**{**CALL, "messages": [user(f"Remember {secret_text}.")]})
    log = keyed.log()
    assert secret_text not in log
    assert keyed.app[1] not in log
    assert json.dumps(secret_text) not in log
