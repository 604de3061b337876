"""The client that openapi-python-client generates does the main journey."""

import compileall
import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import document
import pytest

CONNECTION = os.environ["METAADS_CONNECTION"]


@pytest.fixture(scope="module")
def generated(tmp_path_factory):
    """A function that imports a module of the generated client."""
    folder = tmp_path_factory.mktemp("python")
    (folder / "openapi.json").write_text(json.dumps(document.download()))
    tools = Path(sys.executable).parent
    command = [tools / "openapi-python-client", "generate", "--path", "openapi.json", "--fail-on-warning"]
    command += ["--meta", "none", "--output-path", "generated_client"]
    environment = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert compileall.compile_dir(folder, quiet=1)
    sys.path.insert(0, str(folder))
    yield lambda name: importlib.import_module(f"generated_client.{name}")
    sys.path.remove(str(folder))


@pytest.fixture(scope="module")
def client(generated):
    return generated("client").AuthenticatedClient(
        base_url=os.environ["METAADS_URL"], token=os.environ["METAADS_API_KEY"], raise_on_unexpected_status=True
    )


def test_from_the_connection_to_its_token(generated, client):
    connection = generated("api.connections.list_connections").sync(client=client).data[0]
    assert str(connection.id) == CONNECTION
    assert connection.name == "Tom Okafor"
    assert connection.status == "active"

    account = generated("api.ad_accounts.list_ad_accounts").sync(CONNECTION, client=client).data[0]
    assert (account.account_id, account.currency) == ("825642424077674", "EUR")
    body = generated("models").AdAccountPatch(is_selected=True)
    update = generated("api.ad_accounts.update_ad_account")
    assert update.sync(CONNECTION, account.account_id, client=client, body=body).is_selected
    chosen = generated("api.ad_accounts.list_ad_accounts").sync(CONNECTION, client=client, selected=True)
    assert [row.account_id for row in chosen.data] == [account.account_id]

    health = generated("api.connections.show_health").sync(CONNECTION, client=client)
    assert (health.status, health.issues) == ("active", [])
    token = generated("api.tokens.show_token").sync(CONNECTION, client=client, min_valid_for=7200)
    assert token.access_token.startswith("EAA")
    assert "ads_read" in token.scopes


def test_a_problem_is_parsed(generated, client):
    unknown = "00000000-0000-7000-8000-000000000000"
    answer = generated("api.connections.show_connection").sync_detailed(unknown, client=client)
    assert answer.status_code == 404
    assert answer.parsed.code == "not_found"
