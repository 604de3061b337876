"""A client of the sandbox: answers the dialog without a browser, and calls the control API."""

import os
from html.parser import HTMLParser
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import requests

BASE = os.environ.get("SANDBOX_URL", "http://127.0.0.1:4000")
VERSION = "v26.0"
GRAPH = f"{BASE}/{VERSION}"
DIALOG = f"{GRAPH}/dialog/oauth"
APP_ID = "100200300400500"
APP_SECRET = "pretend-meta-app-secret"
REDIRECT_URI = "http://localhost:9/callback"
# Configurations of Login for Business: a system user token that never expires, one for 60 days, a user token.
SYSTEM_USER, SYSTEM_USER_60_DAYS, PERSON = "600700800900", "600700800901", "600700800902"
SCOPES = "ads_read,ads_management,business_management,pages_show_list,email"

# Personas: key in the form, app-scoped user id, name.
AGENCY = ("agency", "10226498135524402", "Aylin Kaya-Öztürk")
SOLE_TRADER = ("sole-trader", "10158760143021101", "Tom Okafor")
TROUBLE = ("trouble", "10209117746235504", "Mei Tanaka (田中 芽衣)")


class _Form(HTMLParser):
    """The form of a page: its action, and the fields that a browser would submit without any input."""

    def __init__(self):
        super().__init__()
        self.action = None
        self.fields = []

    def handle_starttag(self, tag, attributes):
        named = dict(attributes)
        if tag == "form":
            self.action = named["action"]
        elif tag == "input" and "disabled" not in named:
            if named["type"] == "hidden" or "checked" in named:
                self.fields.append((named["name"], named.get("value", "on")))


def answer_dialog(url, person, decision="continue", declined=()):
    """Opens the dialog and presses a button as `person`. Returns the URL the browser is redirected to."""
    page = requests.get(url, timeout=10)
    assert page.status_code == 200, page.text
    form = _Form()
    form.feed(page.text)
    kept = [
        (name, value)
        for name, value in form.fields
        if name != "persona" and not (name == "permission" and value in declined)
    ]
    answer = requests.post(
        urljoin(url, form.action),
        data=[*kept, ("persona", person[0]), ("decision", decision)],
        allow_redirects=False,
        timeout=10,
    )
    assert answer.status_code == 302, answer.text
    return answer.headers["location"]


def query(url):
    return dict(parse_qsl(urlsplit(url).query))


def log_in(person, **more):
    """A complete login. Returns the response of the token endpoint."""
    asked = {"client_id": APP_ID, "redirect_uri": REDIRECT_URI, "state": "s+/=1", "response_type": "code"}
    if "config_id" not in more:
        asked["scope"] = SCOPES
    back = query(answer_dialog(f"{DIALOG}?{urlencode({**asked, **more})}", person))
    assert back["state"] == "s+/=1"
    return request_token(code=back["code"], redirect_uri=REDIRECT_URI)


def request_token(**params):
    answer = requests.get(
        f"{GRAPH}/oauth/access_token",
        params={"client_id": APP_ID, "client_secret": APP_SECRET, **params},
        timeout=10,
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


def exchange(token):
    return request_token(grant_type="fb_exchange_token", fb_exchange_token=token)


def _control(name, **values):
    answer = requests.post(f"{BASE}/_control/{name}", allow_redirects=False, timeout=10, **values)
    assert answer.status_code in (200, 303), answer.text


def fault(endpoint, effect, times=1):
    """Injects this effect into the next calls of an endpoint."""
    _control("faults", json={"endpoint": endpoint, "times": times, "effect": effect})


def refuse(endpoint, status, code, subcode=None, message="injected"):
    """Injects this Graph error into the next call of an endpoint."""
    error = {"status": status, "code": code, "subcode": subcode, "kind": "OAuthException", "message": message}
    fault(endpoint, {"graph": error})


def invalidate_tokens(person, subcode):
    _control("tokens", data={"user_id": person[1], "subcode": subcode})


def remove_app(person):
    """As the person would on facebook.com: granted and declined permissions are reset."""
    _control("people", data={"user_id": person[1], "act": "remove"})


def restore_tokens(person):
    _control("people", data={"user_id": person[1], "act": "heal"})


def require_proof(is_required):
    """The switch "Require App Secret" of the app."""
    _control("settings", data={"requires_proof": "on" if is_required else "off"})
