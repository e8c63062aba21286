"""The program as its users drive it: its functions in the Azure worker, or its command line."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Protocol

from demo.stage import ROOT
from devhost.errors import WorkerUnavailable
from handlers.shutdown import close

if TYPE_CHECKING:
    from devhost.http import HttpAnswer
    from devhost.outputs import Outputs
    from devhost.worker import Worker

Document = dict[str, Any]
Progress = Callable[[Document], None]

_QUEUE = "provisioning-work"
_LOOK_EVERY = 0.5
_OURS = ("ENTRA_", "GRAPH_", "ZSCLOUD_", "PROVISIONING_", "ON_", "DELETION_", "STATE_", "DRAIN_")
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
    """The function app inside the Python worker of Azure Functions, and a queue around it."""

    how = "the function app, inside the Azure Functions worker for Python 3.13"

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._messages: asyncio.Queue[str] = asyncio.Queue()

    async def test_connection(self) -> Document:
        """``POST test-connection``."""
        return await self._call("POST", "test-connection")

    async def cycle(self, kind: str, progress: Progress, *, dry_run: bool = False) -> Document:
        """``POST cycles``; the queue's messages to the work function; ``GET cycles/{id}``."""
        started = await self._call("POST", "cycles", {"kind": kind, "dry_run": dry_run})
        path = f"cycles/{started['cycle_id']}"
        pump = asyncio.create_task(self._pump())
        while not pump.done():
            await asyncio.wait([pump], timeout=_LOOK_EVERY)
            progress(await self._call("GET", path))
        pump.result()
        document = await self._call("GET", path)
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

    async def _pump(self) -> None:
        """What the Functions host does: hands each message of the queue to its function."""
        while not self._messages.empty():
            self._put(await self._worker.queue("work", self._messages.get_nowait()))

    async def _call(self, method: str, path: str, body: Document | None = None) -> Document:
        raw = b"" if body is None else json.dumps(body).encode()
        answer: HttpAnswer = await self._worker.http(method, f"/api/{path}", body=raw)
        if answer.status not in (200, 202):
            raise ProgramFailed(f"{method} {path}: {answer.status} {answer.body.decode()}")
        self._put(answer.outputs)
        document: Document = answer.json()
        return document

    def _put(self, outputs: Outputs) -> None:
        for message in outputs.get(_QUEUE, []):
            self._messages.put_nowait(message)


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


@asynccontextmanager
async def program(settings: Mapping[str, str]) -> AsyncIterator[Program]:
    """The function app where the worker can run, else the command line."""
    kept = {n: v for n, v in os.environ.items() if not n.startswith(_OURS) and n not in _OURS_TOO}
    try:
        from devhost.worker import Worker
    except WorkerUnavailable:
        yield CommandLine({**kept, **settings})
        return
    before = dict(os.environ)
    _replace_environment({**kept, **settings})
    try:
        async with Worker(ROOT) as worker:
            yield FunctionApp(worker)
    finally:
        await close()
        _replace_environment(before)


def _replace_environment(environ: Mapping[str, str]) -> None:
    """The app reads its settings from the process's environment, as in Azure."""
    os.environ.clear()
    os.environ.update(environ)
