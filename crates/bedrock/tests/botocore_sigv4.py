"""Signatures made by botocore, as vectors for the verifier.

    botocore_sigv4.py           check that vectors/sigv4.json is what botocore makes
    botocore_sigv4.py vectors   print the vectors

Real clients are called and stopped before they send, and the signer itself is used for what clients do not do (raw
colons, odd white space, repeated headers, `:authority`). Time and keys are fixed, so the output is reproducible.
Needs botocore.
"""

import datetime
import json
import pathlib
import sys
import urllib.parse

import botocore.auth
import botocore.awsrequest
import botocore.config
import botocore.credentials
import botocore.session

VECTORS = pathlib.Path(__file__).parent / "vectors" / "sigv4.json"
NOW = datetime.datetime(2026, 11, 24, 1, 2, 3)
ACCESS_KEY, SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
HOST = "http://127.0.0.1:4646"
UNSIGNED = {"user-agent", "amz-sdk-invocation-id", "amz-sdk-request"}
HAIKU = "anthropic.claude-3-haiku-20240307-v1:0"

steps = {}


def keep(name):
    """Keeps what a step of the signer returned."""
    original = getattr(botocore.auth.SigV4Auth, name)

    def wrapper(self, *arguments):
        steps[name] = original(self, *arguments)
        return steps[name]

    setattr(botocore.auth.SigV4Auth, name, wrapper)


keep("canonical_request")
keep("string_to_sign")
botocore.auth.get_current_datetime = lambda *_: NOW


def vector(name, request, authority=None):
    """What a server receives, and what botocore computed."""
    url = urllib.parse.urlsplit(request.url)
    headers = []
    for key, value in request.headers.items():
        value = value if isinstance(value, str) else value.decode()
        if key.lower() not in UNSIGNED:
            headers.append([key, value])
    if authority is None and "host" not in {key.lower() for key, _ in headers}:
        headers.append(["Host", url.netloc])
    body = request.body or b""
    body = body.encode() if isinstance(body, str) else bytes(body)
    authorization = next(value for key, value in headers if key == "Authorization")
    return {
        "name": name,
        "method": request.method,
        "path": url.path or "/",
        "query": url.query,
        "headers": [pair for pair in headers if pair[0] != "Authorization"],
        "authority": authority,
        "body_hex": body.hex(),
        "authorization": authorization,
        "canonical_request": steps["canonical_request"],
        "string_to_sign": steps["string_to_sign"],
    }


def client_call(name, service, operation, token=None, endpoint=HOST, **arguments):
    """A call of a real client, stopped before it is sent."""
    session = botocore.session.Session()
    session.set_credentials(ACCESS_KEY, SECRET, token)
    config = botocore.config.Config(retries={"total_max_attempts": 1})
    client = session.create_client(service, region_name="eu-central-1", endpoint_url=endpoint, config=config)
    caught = []

    class Stop(Exception):
        pass

    def before_send(request, **_):
        caught.append(request)
        raise Stop

    client.meta.events.register("before-send", before_send)
    try:
        getattr(client, operation)(**arguments)
    except Stop:
        pass
    return vector(name, caught[0])


class Http2Auth(botocore.auth.SigV4Auth):
    """Signs `:authority` in place of `host`, as the JavaScript SDK does over HTTP/2."""

    def headers_to_sign(self, request):
        found = super().headers_to_sign(request)
        found[":authority"] = found["host"]
        del found["host"]
        return found


def signed(name, method, path, headers=(), body=b"", http2=False, service="bedrock"):
    """The signer itself, over a request as given."""
    request = botocore.awsrequest.AWSRequest(method=method, url=HOST + path, data=body)
    for key, value in headers:
        request.headers.add_header(key, value)
    credentials = botocore.credentials.Credentials(ACCESS_KEY, SECRET)
    signer = Http2Auth if http2 else botocore.auth.SigV4Auth
    signer(credentials, service, "us-east-1").add_auth(request)
    return vector(name, request, "127.0.0.1:4646" if http2 else None)


def cases():
    messages = [{"role": "user", "content": [{"text": "Grüße, \U0001f600"}]}]
    json_type = ("Content-Type", "application/json")
    yield client_call("boto3_converse", "bedrock-runtime", "converse", modelId=HAIKU, messages=messages)
    yield client_call(
        "boto3_session_token", "bedrock-runtime", "converse_stream", token="AQoDY==", modelId=HAIKU, messages=messages
    )
    yield client_call(
        "boto3_invoke_with_headers",
        "bedrock-runtime",
        "invoke_model",
        modelId="us." + HAIKU,
        body=b'{"max_tokens": 1}',
        accept="application/json",
        contentType="application/json",
        trace="ENABLED",
        guardrailIdentifier="abc123",
        guardrailVersion="1",
    )
    yield client_call(
        "boto3_arn",
        "bedrock-runtime",
        "count_tokens",
        modelId="arn:aws:bedrock:eu-central-1::foundation-model/" + HAIKU,
        input={"converse": {"messages": messages}},
    )
    yield client_call("boto3_slash", "bedrock-runtime", "converse", modelId="Qwen/Qwen3-8B", messages=messages)
    yield client_call(
        "boto3_path_prefix",
        "bedrock-runtime",
        "converse",
        endpoint=HOST + "/pfx",
        modelId=HAIKU,
        messages=messages,
    )
    yield client_call(
        "boto3_query",
        "bedrock",
        "list_foundation_models",
        byProvider="AI21 Labs",
        byOutputModality="TEXT",
        byInferenceType="ON_DEMAND",
    )
    yield client_call("boto3_get", "bedrock", "get_foundation_model", modelIdentifier=HAIKU)
    yield signed("raw_colon", "POST", f"/model/{HAIKU}/invoke", [json_type], b"{}")
    yield signed(
        "white_space_and_repeats",
        "POST",
        "/model/m/converse",
        [json_type, ("X-B", "  two   blanks\t and a tab "), ("X-A", "first"), ("x-a", "second"), ("X-Empty", "")],
        b"{}",
    )
    yield signed("query_sorted", "GET", "/foundation-models?b=2&a=%C3%BC&a=%20&a=&c&A=~&a%2Fb=x%2By", [])
    yield signed("dot_segments", "GET", "/a/./b//c/../d/")
    yield signed("root", "GET", "/")
    yield signed("unicode_header", "POST", "/model/m/invoke", [("X-Name", "Grüße")], b"\x00\xff")
    yield signed(
        "payload_hash_header",
        "POST",
        "/model/m/invoke",
        [("X-Amz-Content-SHA256", "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a")],
        b"{}",
    )
    yield signed("http2_authority", "POST", f"/model/{HAIKU.replace(':', '%3A')}/converse", [json_type], b"{}", True)
    yield signed("other_service", "GET", "/", service="s3")


def vectors():
    """One vector a line, so that differences can be read."""
    rows = [json.dumps(case) for case in cases()]
    header = {"access_key": ACCESS_KEY, "secret_key": SECRET, "now": NOW.strftime("%Y%m%dT%H%M%SZ")}
    return json.dumps(header)[:-1] + ', "vectors": [\n' + ",\n".join(rows) + "\n]}\n"


def check():
    current = VECTORS.read_text() == vectors()
    print(f"{VECTORS.name} is {'current' if current else 'stale: write it anew with `vectors`'}")
    return 0 if current else 1


if __name__ == "__main__":
    if sys.argv[1:] == ["vectors"]:
        sys.stdout.write(vectors())
    else:
        sys.exit(__doc__ if len(sys.argv) > 1 else check())
