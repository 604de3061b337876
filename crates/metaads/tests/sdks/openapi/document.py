"""The OpenAPI document for generators of clients."""

import json
import os
import urllib.request


def download():
    with urllib.request.urlopen(f"{os.environ['METAADS_URL']}/api/openapi.json") as answer:
        return json.load(answer)
