"""The function app with both simulators, in processes of their own, and a past."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.console.seeds import seed
from tests.devhost.served import KEY, NEVER, ROOT, Served, serving, until

MISSING = "nora.new@example.com"
REFUSED = "jo@elsewhere.example"
"""Of a domain that ZSCloud does not know: its account is refused."""

STRANGER = "made.by.hand@example.com"
MARKUP = "<img src=x onerror=document.title='broken'>"
"""A display name that would be noticed if it ever became markup."""

LEAVERS = 8
_OPEN = {"queued", "running"}
_TENANT = (
    *("--users", "30", "--groups", "2", "--group-size", "4", "--assigned-users", "24"),
    *("--assigned-groups", "1", "--default-access", "0", "--guests", "0", "--disabled", "0"),
)


@dataclass
class World:
    """``served`` answers; ``addresses`` is what the simulators print."""

    served: Served
    addresses: dict[str, str]

    @property
    def url(self) -> str:
        """Where the console is."""
        return f"{self.served.url}/api/console"

    def entra(self, action: str, **arguments: Any) -> Any:
        """Changes something in Entra."""
        return _post(f"{self.addresses['entra_control_url']}/{action}", arguments)

    def zscloud(self, action: str, **arguments: Any) -> Any:
        """Changes something in ZSCloud past its interface."""
        return _post(f"{self.addresses['zscloud_control_url']}/{action}", arguments)

    def accounts(self) -> list[Any]:
        """The users in ZSCloud."""
        url = f"{self.addresses['zscloud_control_url']}/state?objects=true"
        with urllib.request.urlopen(url, timeout=10) as answer:
            users: list[Any] = json.load(answer)["users"]
            return users

    def ours(self) -> list[str]:
        """Names of the accounts that are on by our doing, sorted."""
        return sorted(
            a["userName"] for a in self.accounts() if a.get("active") and a.get("externalId")
        )

    def get(self, path: str) -> Any:
        """A document."""
        answer = self.served.call("GET", f"/api/{path}")
        assert answer.status == 200, answer.body
        return answer.json

    def cycle(self, kind: str) -> Any:
        """Runs a cycle to its end."""
        id = self.served.call("POST", "/api/cycles", {"kind": kind}).json["cycle_id"]
        until(lambda: self.get(f"cycles/{id}")["status"] not in _OPEN, lambda: self.served.log)
        return self.get(f"cycles/{id}")


@contextmanager
def world(folder: Path, *, past: bool) -> Iterator[World]:
    """Both simulators and ``serve``, with a held plan, an entry in escrow, an edit by hand and an
    orphan. ``past``: also with what ``seeds`` writes.
    """
    command = ["simulator", "both", "--strict", "--rate", "0", *_TENANT]
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-m", *command], cwd=ROOT, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        try:
            addresses = json.loads(child.stdout.readline())
            settings = _settings(addresses)
            if past:
                seed(folder / "state" / "provisioning.db", settings)
            with serving(folder, **settings) as served:
                made = World(served, addresses)
                _live(made)
                yield made
        finally:
            child.terminate()


def _settings(addresses: dict[str, str]) -> dict[str, str]:
    schedules = ("CYCLE", "RECONCILE", "ASSIGNMENTS", "MAINTENANCE")
    return {
        "ENTRA_SERVICE_PRINCIPAL_ID": addresses["service_principal_id"],
        "GRAPH_BASE_URL": addresses["graph_url"],
        "ZSCLOUD_SCIM_BASE_URL": addresses["scim_url"],
        "ZSCLOUD_SCIM_TOKEN": addresses["token"],
        "ZSCLOUD_REQUESTS_PER_SECOND": "0",
        "PROVISIONING_STATUS": "on",
        "STATE_STORE": "sqlite:///state/provisioning.db",
        "FUNCTION_KEY": KEY,
        "DRIFT": "report",
        **{f"{name}_SCHEDULE": NEVER for name in schedules},
    }


def _live(world: World) -> None:
    """A first load, edits by hand, and then more leavers than the brake lets go."""
    world.entra("create_user", userPrincipalName=MISSING, displayName="Nora New")
    for name, shown in ((REFUSED, "Jo Elsewhere"), ("ivan@example.com", MARKUP)):
        world.entra("create_user", userPrincipalName=name, displayName=shown)
        world.entra("assign", principal=name)
    world.zscloud("create_user", userName=STRANGER, displayName="Made by hand")
    assert world.cycle("initial")["counts"]["created"] >= 24
    people = [a for a in world.accounts() if a.get("externalId")]
    world.zscloud("edit_user", user=people[-1]["id"], attributes={"displayName": "By hand"})
    world.cycle("reconcile")
    for account in people[:LEAVERS]:
        world.entra("disable", id=account["externalId"])
    assert world.cycle("incremental")["status"] == "held"


def _post(url: str, document: Any) -> Any:
    request = urllib.request.Request(url, json.dumps(document).encode(), method="POST")
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)
