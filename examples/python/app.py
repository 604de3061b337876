"""Lists the campaigns of everybody who connected an account, and says who has to act where that is not possible."""

import json
import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests
from facebook_business.adobjects.adaccount import AdAccount
from facebook_business.api import FacebookAdsApi
from facebook_business.exceptions import FacebookRequestError
from facebook_business.session import FacebookSession
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

URL = os.environ.get("METAADS_URL", "http://localhost:3000")
KEY = os.environ["METAADS_API_KEY"]
PORT = int(os.environ.get("PORT", "8000"))
EVENTS = ["connection.revoked", "connection.needs_reauthorization", "connection.reconnected", "connection.recovered"]

# The one change to Meta's SDK: its calls go to the proxy of MetaAds.
FacebookSession.GRAPH = f"{URL}/graph"


class MetaAds:
    """The part of the JSON API that this app uses."""

    def __init__(self):
        self.http = requests.Session()
        self.http.headers["Authorization"] = f"Bearer {KEY}"

    def call(self, method, path, **arguments):
        answer = self.http.request(method, f"{URL}/api/v1{path}", timeout=30, **arguments)
        if not answer.ok:
            problem = answer.json()
            raise RuntimeError(f"{problem['title']}: {problem['detail']} ({problem['request_id']})")
        return answer.json() if answer.content else None

    def list(self, path, **query):
        """All rows of a list, page by page."""
        while True:
            page = self.call("GET", path, params=query)
            yield from page["data"]
            if page["next_cursor"] is None:
                return
            query["cursor"] = page["next_cursor"]


def graph(connection_id):
    """Meta's SDK for one connection: the API key is the access token, a header names the connection."""
    session = FacebookSession(access_token=KEY, timeout=30)
    session.requests.headers["X-Metaads-Connection"] = connection_id
    return FacebookAdsApi(session, api_version="v26.0")


def campaigns(metaads, connection):
    """The campaigns of a connection's selected ad accounts, or why there are none and who has to act."""
    api = graph(connection["id"])
    found = []
    try:
        for account in metaads.list(f"/connections/{connection['id']}/ad-accounts", selected="true"):
            rows = AdAccount(f"act_{account['account_id']}", api=api).get_campaigns(fields=["name", "status"])
            found += [row.export_all_data() for row in rows]
    except FacebookRequestError as error:
        health = metaads.call("GET", f"/connections/{connection['id']}/health")
        return {
            "name": connection["name"],
            "error": {"status": error.http_status(), "message": error.api_error_message()},
            "issues": health["issues"],
        }
    return {"name": connection["name"], "campaigns": found}


class Handler(BaseHTTPRequestHandler):
    """`GET /campaigns`, `GET /events` for a look, and `POST /webhooks`, which MetaAds calls."""

    def do_GET(self):
        match self.path:
            case "/campaigns":
                metaads = self.server.metaads
                self.answer(200, [campaigns(metaads, connection) for connection in metaads.list("/connections")])
            case "/events":
                self.answer(200, list(self.server.events.values()))
            case _:
                self.answer(404, {"error": "not found"})

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        try:
            event = self.server.webhook.verify(body, dict(self.headers))
        except WebhookVerificationError:
            return self.answer(401, {"error": "the signature is wrong"})
        # An event may arrive twice, under the same id.
        self.server.events.setdefault(self.headers["webhook-id"], event)
        self.answer(200, {"received": True})
        print(f"{event['type']}: {event['data']['name']}", flush=True)

    def answer(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


def main():
    server = ThreadingHTTPServer(("127.0.0.1", PORT), Handler)
    server.metaads = MetaAds()
    server.events = {}
    # The secret is shown only now. An app that keeps it would do this once, not at every start.
    address = f"http://127.0.0.1:{server.server_port}/webhooks"
    endpoint = server.metaads.call("POST", "/webhook-endpoints", json={"url": address, "events": EVENTS})
    server.webhook = Webhook(endpoint["secret"])
    print(f"http://127.0.0.1:{server.server_port}/campaigns", flush=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        server.metaads.call("DELETE", f"/webhook-endpoints/{endpoint['id']}")


if __name__ == "__main__":
    main()
