"""Keeps every byte that a client receives from the service, and searches it for tokens of Meta's."""

import gzip
import http.client
import io
import re
import socket
import threading
from dataclasses import dataclass, field

# How Meta's tokens start. Shorter words are not tokens.
TOKEN = re.compile(rb"(?<![A-Za-z0-9_-])(?:EAA|IGAA|IGQ)[A-Za-z0-9_-]{20,}")


class Recorder:
    """A relay on loopback. PUBLIC_URL is its address, so that links of the service lead through it too."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.target = None
        self.streams = []

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.close()

    def received(self):
        return [bytes(stream) for stream in self.streams]

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(self.target)
            stream = bytearray()
            self.streams.append(stream)
            threading.Thread(target=_pump, args=(client, server, None), daemon=True).start()
            threading.Thread(target=_pump, args=(server, client, stream), daemon=True).start()


def _pump(source, sink, stream):
    try:
        while piece := source.recv(65536):
            if stream is not None:
                stream += piece
            sink.sendall(piece)
    except OSError:
        pass
    finally:
        try:
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass


@dataclass
class Found:
    responses: int = 0
    bytes: int = 0
    problems: list = field(default_factory=list)
    has_key: bool = False

    @property
    def summary(self):
        result = "; ".join(self.problems) or "no token of Meta's"
        return f"received: {self.responses} responses, {self.bytes} bytes: {result}"


class _Stream(io.BytesIO):
    """Lets http.client read recorded responses one after the other: it closes the file after each."""

    def makefile(self, *_):
        return self

    def close(self):
        pass


def _texts(data):
    """Head and decoded body of each response of a stream."""
    stream = _Stream(data)
    while stream.tell() < len(data):
        response = http.client.HTTPResponse(stream, method="GET")
        response.begin()
        body = response.read()
        if response.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        yield str(response.headers).encode() + body


def find_secrets(streams, key, secrets):
    """Tokens, and the exact secrets, in what was received. The caller's own key has to be there: else nothing was
    recorded that could have contained a token."""
    found = Found()
    for data in streams:
        for text in _texts(data):
            found.responses += 1
            found.bytes += len(text)
            found.has_key |= key.encode() in text
            if token := TOKEN.search(text):
                found.problems.append(f"a token: {token[0][:12].decode()}…")
            found.problems += ["the connection's own secret" for secret in secrets if secret.encode() in text]
    if not found.has_key:
        found.problems.append("the API key stands nowhere, so no link was recorded")
    return found
