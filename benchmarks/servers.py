"""The simulators in processes of their own, so that their CPU time is not the program's."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
_PATIENCE = 600.0
"""Seconds for which a server is waited for: it may have a million memberships to write out."""


@dataclass(frozen=True, slots=True)
class ZSCloud:
    """A running ZSCloud tenant."""

    url: str
    control_url: str
    token: str

    def reset(self, **faults: Any) -> None:
        """An empty tenant with an empty log, and these faults."""
        self._call("reset", {})
        self.set_faults(**faults)

    def set_faults(self, **faults: Any) -> None:
        """Replaces all faults by these."""
        self._call("faults", faults)

    def set_options(self, **options: Any) -> None:
        """Changes how the tenant behaves."""
        self._call("options", options)

    def requests(self) -> list[dict[str, Any]]:
        """Every request since the last reset, with its parsed body."""
        found: list[dict[str, Any]] = self._call("requests")["requests"]
        return found

    def objects(self) -> dict[str, Any]:
        """All ``users`` and ``groups``, as SCIM documents."""
        state: dict[str, Any] = self._call("state?objects=true")
        return state

    def _call(self, action: str, body: dict[str, Any] | None = None) -> Any:
        return _post(f"{self.control_url}/{action}", body)


@dataclass(frozen=True, slots=True)
class Entra:
    """A running Entra tenant."""

    graph_url: str
    control_url: str
    service_principal_id: str

    def change(self, action: str, **arguments: Any) -> dict[str, Any]:
        """A change that an administrator makes, or a knob; what it answers."""
        answer: dict[str, Any] = _post(f"{self.control_url}/{action}", arguments)
        return answer


@contextlib.contextmanager
def zscloud(*arguments: str, bodies: bool = True) -> Iterator[ZSCloud]:
    """A ZSCloud tenant without a rate limit that keeps the ``bodies`` of requests."""
    command = ("simulator", "zscloud", "--rate", "0", *(("--keep-bodies",) if bodies else ()))
    with _child(*command, *arguments) as ready:
        yield ZSCloud(ready["scim_url"], ready["zscloud_control_url"], ready["token"])


@contextlib.contextmanager
def entra(users: int, departments: int, circles: int = 0, each: int = 0) -> Iterator[Entra]:
    """The Entra tenant of a company."""
    sizes = [str(size) for size in (users, departments, circles, each)]
    with _child("benchmarks.company_server", *sizes) as ready:
        yield Entra(ready["graph_url"], ready["control_url"], ready["service_principal_id"])


def _post(url: str, body: dict[str, Any] | None) -> Any:
    """A call of a control interface; without a body a GET."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data)
    with urllib.request.urlopen(request, timeout=_PATIENCE) as answer:
        return json.load(answer)


@contextlib.contextmanager
def _child(*command: str) -> Iterator[dict[str, str]]:
    """Runs a module that prints one JSON line when it is ready, until the body has ended."""
    process = subprocess.Popen(
        [sys.executable, "-m", *command], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        if not line:
            raise RuntimeError(f"{' '.join(command)} ended before it was ready")
        yield json.loads(line)
    finally:
        process.terminate()
        process.wait(_PATIENCE)
        process.stdout.close()
