"""Schemathesis makes calls from the OpenAPI document and compares the answers with it."""

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
URL = os.environ["METAADS_URL"]
# Seconds for calls on the connected account; the number of examples for each operation grows with them.
SECONDS = int(os.environ.get("METAADS_SCHEMATHESIS_SECONDS", "40"))


def schemathesis(folder, configuration, seconds, *arguments):
    command = [Path(sys.executable).with_name("schemathesis"), "--config-file", HERE / configuration, "run"]
    command += [f"{URL}/api/openapi.json", "--header", f"Authorization: Bearer {os.environ['METAADS_API_KEY']}"]
    command += ["--seed", "1", "--max-time", str(seconds), "--max-examples", str(max(5, seconds // 4))]
    command += ["--generation-database", "none", "--checks", "all", "--continue-on-failure", "--no-color"]
    environment = {**os.environ, "SCHEMATHESIS_HOOKS": "adjust_document", "PYTHONPATH": str(HERE)}
    done = subprocess.run([*command, *arguments], cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_connected_account(tmp_path):
    phases = ["--phases", "examples,coverage,fuzzing"]
    schemathesis(tmp_path, "schemathesis.toml", SECONDS, "--exclude-method", "DELETE", *phases)


def test_connections_that_do_not_exist(tmp_path):
    schemathesis(tmp_path, "unknown-ids.toml", max(15, SECONDS // 4), "--phases", "fuzzing")
