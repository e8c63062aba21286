"""Start a third-party SCIM server for a test, and look at what it really holds.

``launch`` is for one test; ``running`` is the same for a fixture of a wider scope, since a server
belongs to no event loop.
"""

from __future__ import annotations

import asyncio
import json
import os
import queue
import secrets
import subprocess
import sys
import tempfile
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal, get_args

from tests.servers import setup
from tests.servers.client import PlainClient, Resource

ServerName = Literal["scim2-server", "scimmy", "better-auth"]
SERVERS: tuple[ServerName, ...] = get_args(ServerName)
START_SECONDS = 30.0
"""How long a server may take to be ready: they need 1 to 3 seconds on an idle machine."""
RESET_SECONDS = 10.0
REPOSITORY = Path(__file__).parents[2]


class ServerFailed(Exception):
    """A server did not start, or died. The message ends with what it wrote to stderr."""


@dataclass(frozen=True)
class ScimServer:
    """A running server. ``url`` is the base with /Users below it."""

    name: ServerName
    url: str
    token: str
    _child: _Child

    @property
    def client(self) -> PlainClient:
        """A plain client with this server's token."""
        return PlainClient(self.url, self.token)

    async def users(self) -> list[Resource]:
        """Every user that the server holds, as it shows them."""
        return await self.client.all("/Users")

    async def groups(self) -> list[Resource]:
        """Every group that the server holds, with its members."""
        return await self.client.all("/Groups")

    async def reset(self) -> None:
        """Make the server empty, as after its start. Takes milliseconds."""
        await asyncio.to_thread(self._child.reset)


@asynccontextmanager
async def launch(name: ServerName, port: int = 0) -> AsyncIterator[ScimServer]:
    """A server of one's own, killed on leaving. Port 0 takes a free one.

    :raises ServerFailed: it is not installed, died, or was not ready in time.
    """
    with _child(name, port) as child:
        ready = await asyncio.to_thread(child.read, START_SECONDS)
        yield ScimServer(name, ready["url"], ready["token"], child)


@contextmanager
def running(name: ServerName, port: int = 0) -> Iterator[ScimServer]:
    """The same without an event loop, for fixtures that serve many tests."""
    with _child(name, port) as child:
        ready = child.read(START_SECONDS)
        yield ScimServer(name, ready["url"], ready["token"], child)


@contextmanager
def _child(name: ServerName, port: int) -> Iterator[_Child]:
    with tempfile.TemporaryFile() as stderr:
        child = _Child(name, _command(name, port), stderr)
        try:
            yield child
        finally:
            child.kill()


def _command(name: ServerName, port: int) -> list[str]:
    if name == "scim2-server":
        return [sys.executable, "-m", "tests.servers.scim2", str(port)]
    node = setup.find_node()
    if node is None or not setup.is_current():
        raise ServerFailed(f"{name} is not installed: run python -m tests.servers.setup")
    script = {"scimmy": "scimmy.mjs", "better-auth": "better_auth.mjs"}[name]
    return [node.executable, str(setup.FOLDER / script), str(port)]


class _Child:
    """A server's process. It answers in JSON lines on stdout, and ends when stdin does."""

    def __init__(self, name: ServerName, command: list[str], stderr: IO[bytes]) -> None:
        self._name = name
        self._stderr = stderr
        self._process = subprocess.Popen(
            command,
            cwd=REPOSITORY,
            env={**os.environ, "SCIM_SERVER_TOKEN": secrets.token_urlsafe(16)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            bufsize=0,
        )
        self._lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read_lines, daemon=True)
        self._reader.start()

    def read(self, timeout_seconds: float) -> dict[str, Any]:
        """The next line of the child. Raises ServerFailed when none comes, or it is no JSON."""
        try:
            line = self._lines.get(timeout=timeout_seconds)
        except queue.Empty:
            raise self._failure(f"said nothing for {timeout_seconds:g} seconds") from None
        try:
            answer: dict[str, Any] = json.loads(line)
        except ValueError:
            raise self._failure(f"said {line!r}" if line else "ended") from None
        return answer

    def reset(self) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(b"reset\n")
        except BrokenPipeError:
            raise self._failure("ended before it was reset") from None
        self.read(RESET_SECONDS)

    def kill(self) -> None:
        """End the process at once and wait for it. Does nothing to one that has ended."""
        self._process.kill()
        self._process.wait()
        self._reader.join()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()

    def _read_lines(self) -> None:
        """Queue each line; an empty one says that the child ended."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put(b"")

    def _failure(self, what: str) -> ServerFailed:
        self._stderr.seek(0)
        said = self._stderr.read().decode(errors="replace").strip() or "(nothing on stderr)"
        return ServerFailed(f"{self._name} {what}:\n{said}")
