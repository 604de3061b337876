"""The types that openapi-typescript generates compile, and openapi-fetch does the main journey with them."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import document

SOURCES = Path(__file__).parent / "typescript"
# A folder with the packages of typescript/package.json in node_modules.
FOLDER = Path(os.environ["METAADS_OPENAPI_NODE"]).resolve()


def run(*command):
    done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_from_the_connection_to_its_token():
    for name in ("journey.ts", "tsconfig.json"):
        shutil.copy(SOURCES / name, FOLDER)
    (FOLDER / "openapi.json").write_text(json.dumps(document.download()))
    programs = FOLDER / "node_modules/.bin"
    run(programs / "openapi-typescript", "openapi.json", "--output", "schema.d.ts")
    run(programs / "tsc")
    assert run("node", "dist/journey.js") == "done\n"
