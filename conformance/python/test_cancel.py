"""A client that goes away stops the work; a client that comes back for the same call finds it going on."""

import socket
import threading
import urllib.parse

from outcrop import MODEL, Server, user

LONG = 4000
LONG_CALL = {"modelId": MODEL, "messages": [user("Tell me a story.")]}


def test_a_dropped_stream_stops_the_generation(server, endless):
    before = server.wait_idle()["tokens_generated"]
    response = server.client(attempts=1).converse_stream(
        **LONG_CALL, inferenceConfig={"maxTokens": LONG}, additionalModelRequestFields=endless
    )
    events = iter(response["stream"])
    for _ in range(4):
        next(events)
    response["stream"].close()
    after = server.wait_idle()
    assert 0 < after["tokens_generated"] - before < LONG
    assert after["kv_blocks_used"] == 0


def test_a_dropped_stream_of_a_retrying_client_stops_after_the_window(server, endless):
    before = server.wait_idle()["tokens_generated"]
    response = server.client(attempts=3).converse_stream(
        **LONG_CALL, inferenceConfig={"maxTokens": LONG}, additionalModelRequestFields=endless
    )
    next(iter(response["stream"]))
    response["stream"].close()
    assert server.wait_idle()["tokens_generated"] - before < LONG


def test_a_retry_after_a_cut_connection_is_one_generation(endless):
    """The first connection is cut while the answer is computed; boto3 tries again; the server computes it once."""
    server = Server(config="[limits]\nretry_window_s = 30\n")
    proxy = CuttingProxy(server)
    try:
        response = server.client(attempts=3, endpoint_url=proxy.url).converse(
            **LONG_CALL, inferenceConfig={"maxTokens": LONG}, additionalModelRequestFields=endless
        )
        counters = server.wait_idle()
        assert proxy.connections >= 2, "the first connection was cut"
        assert response["usage"]["outputTokens"] == LONG
        assert counters["tokens_generated"] == LONG
        assert counters["prompt_tokens_computed"] + counters["prompt_tokens_cached"] == response["usage"]["inputTokens"]
    finally:
        proxy.close()
        server.stop()


class CuttingProxy:
    """Forwards connections, but cuts the first one as soon as the server has begun to generate for it."""

    def __init__(self, server):
        self.server = server
        self.target = urllib.parse.urlparse(server.url)
        self.connections = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = "http://127.0.0.1:%d" % self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self.listener.close()

    def _accept(self):
        while True:
            try:
                inbound, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            outbound = socket.create_connection((self.target.hostname, self.target.port))
            threading.Thread(target=self._pump, args=(inbound, outbound), daemon=True).start()
            threading.Thread(target=self._pump, args=(outbound, inbound), daemon=True).start()
            if self.connections == 1:
                threading.Thread(target=self._cut, args=(inbound, outbound), daemon=True).start()

    def _cut(self, *ends):
        while self.server.counters()["tokens_generated"] == 0:
            pass
        for end in ends:
            shut(end)

    @staticmethod
    def _pump(source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
        except OSError:
            pass
        shut(sink)


def shut(end):
    try:
        end.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
