"""The program as its users drive it: its functions in the Azure worker, or its command line."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Protocol

import aiohttp

from demo.stage import ROOT

Document = dict[str, Any]
Progress = Callable[[Document], None]

_OPEN = ("queued", "running")
_LOOK_EVERY = 0.2
_READY_SECONDS = 30.0
_OURS = (
    *("ENTRA_", "GRAPH_", "ZSCLOUD_", "PROVISIONING_", "ON_", "DELETION_", "STATE_", "DRAIN_"),
    *("CYCLE_", "RECONCILE_", "AzureWebJobs"),
)
_OURS_TOO = ("NESTED_GROUPS", "DEFAULT_ACCESS", "MEMBER_BATCH_SIZE", "PROTECTED", "DRIFT")


class ProgramFailed(Exception):
    """The program answered something else than success."""


class Program(Protocol):
    """What the demo asks of the program. Documents are those of the HTTP interface."""

    how: str

    async def test_connection(self) -> Document:
        """The checks of both connections."""
        ...

    async def cycle(self, kind: str, progress: Progress, *, dry_run: bool = False) -> Document:
        """Runs a cycle to its end. ``progress`` sees the cycle now and then.

        For a dry run the document has all ``changes``.
        """
        ...

    async def log(self, cycle_id: str) -> list[Document]:
        """The provisioning log of a cycle, oldest first."""
        ...


class FunctionApp:
    """The function app as ``serve`` runs it: HTTP, timers and queues around the Azure worker."""

    how = "the function app, inside the Azure Functions worker for Python 3.13"

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def test_connection(self) -> Document:
        """``POST test-connection``."""
        return await self._call("POST", "test-connection")

    async def cycle(self, kind: str, progress: Progress, *, dry_run: bool = False) -> Document:
        """``POST cycles``; the work queue runs it; ``GET cycles/{id}`` until it has ended."""
        started = await self._call("POST", "cycles", {"kind": kind, "dry_run": dry_run})
        path = f"cycles/{started['cycle_id']}"
        while (document := await self._call("GET", path))["status"] in _OPEN:
            progress(document)
            await asyncio.sleep(_LOOK_EVERY)
        following = document.get("next")
        while following:
            page = await self._call("GET", f"{path}?after={following}")
            document["changes"] += page["changes"]
            following = page["next"]
        return document

    async def log(self, cycle_id: str) -> list[Document]:
        """``GET logs?cycle=``."""
        found = await self._call("GET", f"logs?cycle={cycle_id}&limit=1000")
        return list(reversed(found["items"]))

    async def status(self) -> Document:
        """``GET status``."""
        return await self._call("GET", "status")

    async def _call(self, method: str, path: str, body: Document | None = None) -> Document:
        async with self._session.request(method, f"api/{path}", json=body) as answer:
            if answer.status not in (200, 202):
                raise ProgramFailed(f"{method} {path}: {answer.status} {await answer.text()}")
            document: Document = await answer.json(content_type=None)
            return document


class CommandLine:
    """``python -m provisioning``: the same engine in a process for each command."""

    how = "the command line, since the Azure Functions worker needs Python 3.13"

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    async def test_connection(self) -> Document:
        """``test-connection``."""
        return await self._run("test-connection")

    async def cycle(self, kind: str, progress: Progress, *, dry_run: bool = False) -> Document:
        """``cycle``. Its own progress goes to stderr."""
        dry = ("--dry-run",) if dry_run else ()
        document = await self._run("cycle", "--kind", kind, *dry)
        progress(document)
        return document

    async def log(self, cycle_id: str) -> list[Document]:
        """``logs --cycle``."""
        found = await self._run("logs", "--cycle", cycle_id, "--limit", "1000")
        return list(reversed(found["items"]))

    async def _run(self, *arguments: str) -> Document:
        command = (sys.executable, "-m", "provisioning", *arguments, "--json")
        child = await asyncio.create_subprocess_exec(
            *command, cwd=ROOT, env=dict(self._environ), stdout=asyncio.subprocess.PIPE
        )
        printed, _ = await child.communicate()
        if child.returncode:
            text = printed.decode(errors="replace").strip()
            raise ProgramFailed(f"{' '.join(arguments)}: exit status {child.returncode} {text}")
        document: Document = json.loads(printed)
        return document


def around(settings: Mapping[str, str]) -> dict[str, str]:
    """The settings, in the environment of this process without any other setting."""
    kept = {n: v for n, v in os.environ.items() if not n.startswith(_OURS) and n not in _OURS_TOO}
    return {**kept, **settings}


@asynccontextmanager
async def program(settings: Mapping[str, str]) -> AsyncIterator[Program]:
    """The function app where the worker can run, else the command line."""
    environ = around(settings)
    if sys.version_info < (3, 13):
        yield CommandLine(environ)
        return
    async with serving(environ) as url, aiohttp.ClientSession(url) as session:
        yield FunctionApp(session)


@asynccontextmanager
async def serving(environ: Mapping[str, str], port: int = 0) -> AsyncIterator[str]:
    """``serve`` on a port of this machine, on a free one with 0; its address."""
    command = (sys.executable, "-m", "provisioning", "serve", "--port", str(port), "--poll", "0.1")
    with tempfile.TemporaryFile() as said:
        child = await asyncio.create_subprocess_exec(
            *command, "--json", cwd=ROOT, env=environ, stdout=asyncio.subprocess.PIPE, stderr=said
        )
        try:
            assert child.stdout is not None
            ready = await asyncio.wait_for(child.stdout.readline(), _READY_SECONDS)
            if not ready.strip():
                said.seek(0)
                raise ProgramFailed(f"serve did not start: {said.read().decode(errors='replace')}")
            yield f"{json.loads(ready)['url']}/"
        finally:
            if child.returncode is None:
                child.terminate()
            await child.wait()
