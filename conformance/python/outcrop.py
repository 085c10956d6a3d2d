"""Runs the real `outcrop` binary for a test and makes boto3 clients that point at it."""

import json
import os
import pathlib
import queue
import re
import signal
import ssl
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("OUTCROP_BIN", str(ROOT / "target/release/outcrop"))
START_LIMIT_S = 120

MODEL = "anthropic.claude-3-haiku-20240307-v1:0"
ACCESS_KEY = "AKIDEXAMPLE"
SECRET_KEY = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"


class Server:
    """One running server on a free port with a data folder of its own."""

    def __init__(self, *arguments, config=None, keys=()):
        self.folder = tempfile.TemporaryDirectory(prefix="outcrop-test-")
        self.data_dir = pathlib.Path(self.folder.name) / "data"
        self.lines = []
        self.url = None
        self.ca_file = None
        self.bearer = None
        self.signing_key = (ACCESS_KEY, SECRET_KEY)
        # What one who started it on a fresh machine would have, and nothing of this machine's own settings.
        self.environment = {
            "PATH": os.environ.get("PATH", ""),
            "HOME": self.folder.name,
            "OUTCROP_DATA_DIR": str(self.data_dir),
        }
        self.keys = [self.command("keys", "add", *key).stdout for key in keys]
        extra = list(arguments)
        self.config = pathlib.Path(self.folder.name) / "outcrop.toml"
        if config is not None:
            self.config.write_text(config)
            extra += ["--config", str(self.config)]
        listen = [] if "--listen" in extra else ["--listen", "127.0.0.1:0"]
        self.arguments = ["serve", *listen, *extra]
        self._start()

    def _start(self):
        self.process = subprocess.Popen(
            [BINARY, *self.arguments],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=open(pathlib.Path(self.folder.name) / "log", "a"),
            text=True,
        )
        try:
            self._wait_until_ready()
        except Exception:
            self.stop()
            raise

    def restart(self):
        """Ends it and starts it again on the same data folder; the port is another."""
        assert self.stop() == 0
        self.url = None
        self._start()

    def command(self, *arguments):
        """Runs another `outcrop` command on the same data folder."""
        return subprocess.run(
            [BINARY, *arguments], env=self.environment, capture_output=True, text=True, timeout=60, check=True
        )

    def log(self):
        return (pathlib.Path(self.folder.name) / "log").read_text()

    def _wait_until_ready(self):
        lines = queue.Queue()

        def read():
            for line in self.process.stdout:
                lines.put(line)
            lines.put(None)

        threading.Thread(target=read, daemon=True).start()
        deadline = time.monotonic() + START_LIMIT_S
        while self.url is None:
            line = lines.get(timeout=max(0.1, deadline - time.monotonic()))
            if line is None:
                raise RuntimeError(f"outcrop ended: {self.process.wait()}\n{self.log()}")
            self.lines.append(line)
            if found := re.search(r"AWS_CA_BUNDLE=(\S+)", line):
                self.ca_file = found[1]
            if found := re.search(r"listening on (https?://\S+)", line):
                self.url = found[1].rstrip("/")
        while self.get("/ready")[0] != 200:
            if time.monotonic() > deadline:
                raise RuntimeError("outcrop does not become ready\n" + self.log())
            time.sleep(0.05)

    def stop(self, wait_s=60):
        """Ends it as an operator would, and gives its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout=wait_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise

    def request(self, method, path, body=None, headers=None):
        """A plain request, for what no SDK lets one send. Gives status, headers, body."""
        request = urllib.request.Request(self.url + path, data=body, method=method, headers=headers or {})
        self._authorize(request)
        context = ssl.create_default_context(cafile=self.ca_file) if self.ca_file else None
        try:
            with urllib.request.urlopen(request, timeout=60, context=context) as response:
                return response.status, response.headers, response.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read()

    def _authorize(self, request):
        """As an operator: with the API key or key pair given, else with anything well-formed."""
        if request.has_header("Authorization"):
            return
        if self.bearer:
            request.add_header("Authorization", f"Bearer {self.bearer}")
            return
        signed = AWSRequest(request.get_method(), request.full_url, data=request.data)
        SigV4Auth(Credentials(*self.signing_key), "bedrock", "us-east-1").add_auth(signed)
        for name in ("Authorization", "X-Amz-Date"):
            request.add_header(name, signed.headers[name])

    def get(self, path, headers=None):
        return self.request("GET", path, headers=headers)

    def post_json(self, path, body, headers=None):
        status, headers, answer = self.request("POST", path, json.dumps(body).encode(), headers)
        return status, headers, json.loads(answer)

    def counters(self):
        """The engine's counters, summed over loaded models."""
        status, _, body = self.get("/outcrop/counters")
        assert status == 200, body
        return sum_counters(json.loads(body))

    def wait_idle(self, limit_s=60):
        """Waits until nothing is computed, queued or held for a retry; gives the counters."""
        deadline = time.monotonic() + limit_s
        while True:
            counters = self.counters()
            if not any(counters[name] for name in ("running", "waiting", "paused")):
                return counters
            assert time.monotonic() < deadline, f"still at work: {counters}"
            time.sleep(0.05)

    def client(
        self,
        service="bedrock-runtime",
        attempts=1,
        key=(ACCESS_KEY, SECRET_KEY),
        endpoint_url=None,
        region="us-east-1",
    ):
        """A boto3 client as any application makes it, with this endpoint."""
        session = boto3.Session(*key, region_name=region)
        config = Config(
            retries={"mode": "standard", "total_max_attempts": attempts},
            read_timeout=120,
            max_pool_connections=80,
        )
        return session.client(service, endpoint_url=endpoint_url or self.url, config=config, verify=self.ca_file)


def sum_counters(body):
    """Adds up numbers of the same name, whatever the nesting."""
    totals = {}

    def add(value):
        if isinstance(value, dict):
            for name, inner in value.items():
                if isinstance(inner, (dict, list)):
                    add(inner)
                elif isinstance(inner, int):
                    totals[name] = totals.get(name, 0) + inner
        elif isinstance(value, list):
            for inner in value:
                add(inner)

    add(body)
    return totals


def user(text):
    return {"role": "user", "content": [{"text": text}]}


def assistant(text):
    return {"role": "assistant", "content": [{"text": text}]}


def text_of(response):
    """The text of a Converse response."""
    return "".join(block.get("text", "") for block in response["output"]["message"]["content"])


class Stream:
    """A ConverseStream answer read to its end, with its order checked."""

    def __init__(self, response):
        self.events = list(response["stream"])
        names = [next(iter(event)) for event in self.events]
        assert names[0] == "messageStart", names
        assert names[-2:] == ["messageStop", "metadata"], names
        assert self.events[0]["messageStart"]["role"] == "assistant"
        deltas = [event["contentBlockDelta"] for event in self.events if "contentBlockDelta" in event]
        self.text = "".join(delta["delta"].get("text", "") for delta in deltas)
        self.deltas = len(deltas)
        self.stop = self.events[-2]["messageStop"]
        self.stop_reason = self.stop["stopReason"]
        self.usage = self.events[-1]["metadata"]["usage"]
        self.latency_ms = self.events[-1]["metadata"]["metrics"]["latencyMs"]
