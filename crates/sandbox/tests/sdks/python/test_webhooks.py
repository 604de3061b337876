"""Outgoing webhooks of the service, verified with the library of the Standard Webhooks specification."""

import json
import os
import queue
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

SERVICE = os.environ["METAADS_URL"]


@pytest.fixture
def receiver():
    """A server that puts what it receives into `receiver.received`."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            self.server.received.put((dict(self.headers), body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.received = queue.Queue()
    server.url = f"http://127.0.0.1:{server.server_port}/webhooks"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def api():
    """A signed-in user of a new account, and a function that calls the API as that user."""
    session = requests.Session()
    fields = {"email": f"{uuid.uuid4()}@example.com", "password": "three odd words here"}
    answer = session.post(f"{SERVICE}/register", data=fields, allow_redirects=False, timeout=20)
    assert answer.status_code == 303, answer.text

    def call(method, path, body=None):
        answer = session.request(method, f"{SERVICE}/api/v1{path}", json=body, timeout=20)
        assert answer.status_code < 300, answer.text
        return answer.json()

    return call


def sent_test(api, receiver, endpoint):
    delivery = api("POST", f"/webhook-endpoints/{endpoint['id']}/test")
    assert delivery["status"] == "delivered", delivery
    return receiver.received.get(timeout=20)


def test_the_library_accepts_what_the_service_sends(api, receiver):
    endpoint = api("POST", "/webhook-endpoints", {"url": receiver.url})
    headers, body = sent_test(api, receiver, endpoint)
    payload = Webhook(endpoint["secret"]).verify(body, headers)
    assert payload == json.loads(body)
    assert payload["type"] == "webhook.test" and payload["data"]["message"]


def test_the_library_refuses_what_was_changed_or_signed_with_another_secret(api, receiver):
    endpoint = api("POST", "/webhook-endpoints", {"url": receiver.url})
    other = api("POST", "/webhook-endpoints", {"url": receiver.url})
    headers, body = sent_test(api, receiver, endpoint)
    with pytest.raises(WebhookVerificationError):
        Webhook(endpoint["secret"]).verify(body.replace(b"test", b"best"), headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(other["secret"]).verify(body, headers)


def test_after_a_rotation_the_library_accepts_both_secrets(api, receiver):
    endpoint = api("POST", "/webhook-endpoints", {"url": receiver.url})
    rotated = api("POST", f"/webhook-endpoints/{endpoint['id']}/rotate-secret")
    headers, body = sent_test(api, receiver, endpoint)
    for secret in (endpoint["secret"], rotated["secret"]):
        Webhook(secret).verify(body, headers)
