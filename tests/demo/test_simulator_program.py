"""``python -m simulator``: one line when ready, and an end when told."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


def _command(*arguments: str) -> Sequence[str]:
    return [sys.executable, "-W", "error", "-m", "simulator", *arguments]


@contextmanager
def _running(*arguments: str) -> Iterator[dict[str, str]]:
    """The addresses while it runs. It must end well when told to."""
    child = subprocess.Popen(
        _command(*arguments),
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        assert child.stdout is not None
        yield json.loads(child.stdout.readline())
    finally:
        child.terminate()
        printed, complaints = child.communicate(timeout=20)
    assert (child.returncode, printed, complaints) == (0, "", "")


def _get(url: str, token: str | None = None) -> Any:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as answer:
        return json.load(answer)


def test_both_serve_what_the_options_say() -> None:
    options = ("--users", "9", "--groups", "2", "--token", "another", "--strict", "--rate", "0")
    with _running("both", *options, "--domains", "example.org,example.com") as addresses:
        users = _get(f"{addresses['graph_url']}/users?$select=userPrincipalName")["value"]
        assert len(users) == 9
        application = addresses["service_principal_id"]
        assert _get(f"{addresses['graph_url']}/servicePrincipals/{application}")
        found = _get(f"{addresses['scim_url']}/Users", addresses["token"])
        assert found["totalResults"] == 1
        state = _get(f"{addresses['zscloud_control_url']}/state")
        assert state["options"]["strict"] is True
        assert state["options"]["rate"] == 0
        assert state["options"]["domains"] == ["example.org", "example.com"]
        assert addresses["token"] == "another"
        assert _get(f"{addresses['entra_control_url']}/state")["tenantId"] == addresses["tenant_id"]


@pytest.mark.parametrize(("command", "missing"), [("entra", "scim_url"), ("zscloud", "graph_url")])
def test_one_of_them_alone(command: str, missing: str) -> None:
    with _running(command) as addresses:
        assert missing not in addresses


def test_same_seed_makes_the_same_tenant() -> None:
    with _running("entra", "--seed", "5") as first, _running("entra", "--seed", "5") as second:
        assert first["service_principal_id"] == second["service_principal_id"]


def test_port_in_use_is_told() -> None:
    with _running("zscloud") as addresses:
        port = addresses["scim_url"].split(":")[2].partition("/")[0]
        done = subprocess.run(
            _command("zscloud", "--zscloud-port", port),
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert "address already in use" in done.stderr
