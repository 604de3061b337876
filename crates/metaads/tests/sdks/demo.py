"""Runs a command against a new demo of the service, in which Tom Okafor is connected.

    python3 demo.py [--scopes a,b] [--every-connection] [--no-tokens] COMMAND…

The program that METAADS_BIN names is started with an empty data directory. The command gets:

METAADS_URL           the address of the service
METAADS_API_KEY       an API key, bound to the connection unless --every-connection is given
METAADS_CONNECTION    the id of the connection
SANDBOX_URL           the address of the sandbox that takes the place of Meta

With --no-tokens, everything that the command received from the service is searched for tokens of Meta's at the end.
"""

import argparse
import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

from recorder import Recorder, find_secrets

EMAIL = "sdk@example.com"
TOM = "10158760143021101"
ALL_SCOPES = [
    "connections:read", "connections:write", "tokens:read", "graph:read", "graph:write", "connect:sessions",
    "webhooks:manage", "metrics:read",
]


def request(method, url, fields=None, headers=None):
    """One HTTP request without redirects. Returns status, headers and body."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
    headers = dict(headers or {})
    body = None
    if fields is not None:
        body = urlencode(fields)
        headers |= {"content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "same-origin"}
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    connection.request(method, path, body, {"host": parts.netloc, **headers})
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, answer.headers, text


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Demo:
    """A running demo with one user."""

    def __init__(self, binary, folder, public_port):
        self.binary, self.folder = binary, Path(folder)
        self.port = free_port()
        self.url = f"http://localhost:{public_port or self.port}"
        # The service itself, also where PUBLIC_URL is the recorder's address.
        self.direct = f"http://127.0.0.1:{self.port}"
        self.environment = {
            "METAADS_LISTEN": f"127.0.0.1:{self.port}",
            "PUBLIC_URL": self.url,
            "METAADS_DATA_DIR": str(self.folder / "data"),
            "METAADS_SIGNIN_LIMITS": "off",
            "METAADS_JOBS_INTERVAL": "1s",
            "RUST_LOG": "warn,metaads=info",
            "NO_COLOR": "1",
        }
        self.log = self.folder / "log"
        self.process = None
        self.cookie = ""

    def start(self):
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [self.binary], env=self.environment, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self.process.poll() is None:
            with contextlib.suppress(OSError):
                if request("GET", f"{self.direct}/readyz", headers=self.host())[0] == 200:
                    self.sandbox = re.search(r"(http://\S+)/_control", self.log.read_text())[1]
                    return
            time.sleep(0.05)
        raise SystemExit(f"the service did not start:\n{self.log.read_text()}")

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()

    def host(self):
        return {"host": urlsplit(self.url).netloc, "cookie": self.cookie}

    def browse(self, method, path, fields=None):
        status, headers, text = request(method, f"{self.direct}{path}", fields, self.host())
        assert status in (200, 303), f"{method} {path}: {status} {text}"
        return headers, text

    def register(self):
        headers, _ = self.browse("POST", "/register", {"email": EMAIL, "password": "three odd words here"})
        self.cookie = "; ".join(one.split(";")[0] for one in headers.get_all("set-cookie"))

    def connect(self):
        """Connects Tom's account as a person does in a browser, and returns the id of the connection."""
        dialog = urlsplit(self.browse("POST", "/connect/meta", {})[0]["location"])
        asked = dict(parse_qsl(dialog.query))
        fields = [*asked.items(), ("persona", "sole-trader"), ("decision", "continue")]
        fields += [("permission", permission) for permission in asked["scope"].split(",")]
        status, headers, text = request("POST", f"{self.sandbox}{dialog.path}/answer", fields)
        assert status == 302, f"the dialog: {status} {text}"
        back = urlsplit(headers["location"])
        self.browse("GET", f"{back.path}?{back.query}")
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            found = json.loads(self.browse("GET", "/api/v1/connections")[1])["data"]
            if found and found[0]["sync"]["state"] == "idle" and found[0]["ad_accounts"]["total"]:
                return found[0]["id"]
            time.sleep(0.1)
        raise SystemExit(f"no connection with ad accounts:\n{self.log.read_text()}")

    def key(self, scopes, connection=None):
        bound = ["--connection", connection] if connection else []
        command = [self.binary, "admin", "keys", "create", "--user", EMAIL, "--name", "SDKs"]
        command += ["--scopes", ",".join(scopes), *bound]
        made = subprocess.run(command, env=self.environment, cwd=self.folder, capture_output=True, text=True)
        assert made.returncode == 0, made.stderr
        return made.stdout.strip()

    def token(self, connection):
        key = self.key(["tokens:read"])
        url = f"{self.direct}/api/v1/connections/{connection}/token"
        _, _, text = request("GET", url, headers={**self.host(), "cookie": "", "authorization": f"Bearer {key}"})
        return json.loads(text)


def run(arguments):
    binary = os.environ.get("METAADS_BIN") or sys.exit("METAADS_BIN has to name the built program")
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="metaads-demo-"))
        recorder = stack.enter_context(Recorder()) if arguments.no_tokens else None
        demo = Demo(os.path.abspath(binary), folder, recorder and recorder.port)
        stack.callback(demo.stop)
        demo.start()
        demo.register()
        connection = demo.connect()
        key = demo.key(arguments.scopes.split(","), None if arguments.every_connection else connection)
        token = demo.token(connection)
        if recorder:
            recorder.target = ("127.0.0.1", demo.port)
        environment = {
            **os.environ,
            "METAADS_URL": demo.url,
            "METAADS_API_KEY": key,
            "METAADS_CONNECTION": connection,
            "SANDBOX_URL": demo.sandbox,
            "PYTHONDONTWRITEBYTECODE": "1",
            "NO_COLOR": "1",
        }
        code = subprocess.run(arguments.command, env=environment).returncode
        if recorder:
            found = find_secrets(recorder.received(), key, [token["access_token"], token["appsecret_proof"]])
            print(found.summary, file=sys.stderr)
            code = code or (1 if found.problems else 0)
        if code:
            print("".join(demo.log.read_text().splitlines(True)[-40:]), file=sys.stderr)
        return code


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scopes", default=",".join(ALL_SCOPES))
    parser.add_argument("--every-connection", action="store_true")
    parser.add_argument("--no-tokens", action="store_true")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    sys.exit(run(parser.parse_args()))
