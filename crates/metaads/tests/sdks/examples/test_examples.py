"""The applications in `examples/` at work: they list campaigns, hear that the grant is gone, and say who has to act."""

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

import demo as service  # noqa: E402

EXAMPLES = Path(__file__).parents[5] / "examples"


def python():
    # An interpreter with the packages of examples/python.
    return [os.environ["METAADS_EXAMPLE_PYTHON"], str(EXAMPLES / "python/app.py")]


def typescript():
    # A folder with the packages of examples/typescript in node_modules.
    folder = Path(os.environ["METAADS_EXAMPLE_TYPESCRIPT"]).resolve()
    for name in ("app.ts", "tsconfig.json"):
        shutil.copy(EXAMPLES / "typescript" / name, folder)
    checked = subprocess.run([folder / "node_modules/.bin/tsc"], cwd=folder, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout
    return ["node", str(folder / "dist/app.js")]


@pytest.fixture(params=[python, typescript])
def world(request, tmp_path):
    demo = service.Demo(os.environ["METAADS_BIN"], tmp_path, None)
    try:
        demo.start()
        demo.register()
        demo.connection = demo.connect()
        demo.browse("POST", f"/connections/{demo.connection}/assets", {"account_id": "825642424077674"})
        app = App(demo, request.param())
        try:
            yield demo, app
        finally:
            app.stop()
    finally:
        demo.stop()


class App:
    """A running example."""

    def __init__(self, demo, command):
        environment = {
            **os.environ,
            "METAADS_URL": demo.url,
            "METAADS_API_KEY": demo.key(["connections:read", "graph:read", "webhooks:manage"]),
            "METAADS_GRAPH_KEY": demo.key(["graph:read"], demo.connection),
            "METAADS_CONNECTION": demo.connection,
            "PORT": str(service.free_port()),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        self.process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        self.base = self.process.stdout.readline().strip().removesuffix("/campaigns")
        assert self.base.startswith("http://127.0.0.1:"), self.base
        threading.Thread(target=self.process.stdout.read, daemon=True).start()

    def stop(self):
        self.process.terminate()
        assert self.process.wait(20) == 0

    def get(self, path):
        status, _, text = service.request("GET", f"{self.base}{path}")
        assert status == 200, text
        return json.loads(text)

    def campaigns(self):
        """Of the only connection."""
        found = self.get("/campaigns")
        return found[0] if isinstance(found, list) else found

    def types_until(self, wanted):
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            types = [event["type"] for event in self.get("/events")]
            if wanted in types:
                return types
            time.sleep(0.1)
        raise AssertionError(f"{wanted} did not arrive, only {types}")


def test_a_grant_ends_and_is_renewed(world):
    demo, app = world
    names = [campaign["name"] for campaign in app.campaigns()["campaigns"]]
    assert len(names) >= 12

    status, _, _ = service.request("POST", f"{app.base}/webhooks", {"type": "connection.revoked"})
    assert status == 401, "an event without a signature is refused"
    assert app.get("/events") == []

    person = {"user_id": service.TOM, "act": "remove"}
    status, _, text = service.request("POST", f"{demo.sandbox}/_control/people", person)
    assert status == 303, text
    app.types_until("connection.revoked")
    event = app.get("/events")[-1]
    assert event["data"]["connection_id"] == demo.connection
    assert event["data"]["status_reason"] == "app_removed"

    told = app.campaigns()
    link = f"{demo.url}/connections/{demo.connection}"
    assert told["error"]["status"] == 409
    assert link in told["error"]["message"]
    issue = told["issues"][0]
    assert (issue["code"], issue["who"], issue["url"]) == ("app_removed", "person", link)
    assert issue["remedy"]

    demo.browse("GET", f"/connections/{demo.connection}")
    assert demo.connect() == demo.connection
    app.types_until("connection.reconnected")
    assert [campaign["name"] for campaign in app.campaigns()["campaigns"]] == names
