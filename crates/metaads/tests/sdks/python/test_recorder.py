"""The search for tokens finds them, compressed and after other responses too."""

import gzip
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from recorder import find_secrets  # noqa: E402

KEY = "mak_key"
TOKEN = b"EAABsbCS1iHgBAKZCZBZC7ZAQ0cYZBexample"


def response(body, compressed=False):
    body = gzip.compress(body) if compressed else body
    encoding = b"content-encoding: gzip\r\n" if compressed else b""
    return b"HTTP/1.1 200 OK\r\n%scontent-length: %d\r\n\r\n%s" % (encoding, len(body), body)


def test_a_token_is_found():
    own = response(b'{"next": "https://x/?access_token=mak_key"}')
    for other in (response(b'"%s"' % TOKEN), response(b'"%s"' % TOKEN, compressed=True)):
        assert find_secrets([own + other], KEY, []).problems == ["a token: EAABsbCS1iHg…"]
    assert find_secrets([own], KEY, []).problems == []
    assert find_secrets([response(b"proof", compressed=True) + own], KEY, ["proof"]).problems
    assert find_secrets([response(b"{}")], KEY, []).problems, "nothing to find"


def test_the_service_is_reached_through_the_recorder():
    assert os.environ["METAADS_URL"].startswith("http://localhost:")
