"""Start Azurite, the emulator of Azure Storage, for tests: blobs, queues and tables over HTTP.

``running`` is for a fixture or a script; ``Azurite.environ`` is what a program is told about it.
The process ends with whoever started it. Its clock can be put forward, so that leases run out
without waiting.
"""

from __future__ import annotations

import atexit
import functools
import http.client
import queue
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers import setup

START_SECONDS = 30.0
"""How long it may take to be ready: 1 to 4 seconds on an idle machine."""

ACCOUNT = "devstoreaccount1"
# The published key of every emulator of Azure Storage (Microsoft Learn: Use the Azurite emulator).
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
_SCRIPT = setup.MODULES / "azurite" / "dist" / "src" / "azurite.js"
_SERVICES = ("blob", "queue", "table")


class AzuriteFailed(Exception):
    """Azurite did not start, or died. The message ends with what it wrote."""


@dataclass(frozen=True)
class Azurite:
    """A running Azurite. ``ports`` by service: ``blob``, ``queue``, ``table``."""

    ports: Mapping[str, int]
    _process: subprocess.Popen[str]
    _said: queue.SimpleQueue[str]

    @property
    def environ(self) -> dict[str, str]:
        """The environment of a program that uses it."""
        return {"AzureWebJobsStorage": connection_string(self.ports)}

    def put_clock_forward(self, seconds: float) -> None:
        """Lets that time pass for Azurite. It returns when it has passed."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{seconds}\n")
        self._process.stdin.flush()
        while not (line := self._said.get(timeout=START_SECONDS)).startswith("ahead "):
            if not line:
                raise AzuriteFailed("Azurite ended.")


def connection_string(ports: Mapping[str, int], key: str = KEY) -> str:
    """How an emulator on loopback is named, by the ports of its services."""
    endpoints = ";".join(
        f"{service.capitalize()}Endpoint=http://127.0.0.1:{port}/{ACCOUNT}"
        for service, port in ports.items()
    )
    return f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={key};{endpoints};"


@contextmanager
def running(location: Path | None = None, *, heap_mib: int = 0) -> Iterator[Azurite]:
    """An Azurite of one's own on free ports, killed on leaving.

    It keeps everything in memory, or in the folder ``location``, which a later one can open.
    ``heap_mib``: how much memory it may take, where Node's own limit is too low.

    :raises AzuriteFailed: it is not installed, died, or was not ready in time.
    """
    node = setup.find_node()
    if node is None or not _SCRIPT.is_file():
        raise AzuriteFailed("Azurite is not installed: run python -m tests.servers.setup")
    ports = _free_ports()
    with ExitStack() as stack:
        folder = location or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        stderr = stack.enter_context(tempfile.TemporaryFile("w+"))
        process = stack.enter_context(
            subprocess.Popen(
                [
                    node.executable,
                    *([f"--max-old-space-size={heap_mib}"] if heap_mib else ()),
                    *_arguments(ports, folder, in_memory=location is None),
                ],
                cwd=folder,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
            )
        )
        stack.callback(process.kill)
        azurite = Azurite(ports, process, _lines(process))
        if not _ready(azurite):
            stderr.seek(0)
            said = stderr.read().strip() or "(nothing on stderr)"
            raise AzuriteFailed(f"Azurite was not ready within {START_SECONDS:g} s:\n{said}")
        yield azurite


def _arguments(ports: Mapping[str, int], folder: Path, *, in_memory: bool) -> list[str]:
    arguments = ["--require", str(setup.FOLDER / "azurite.cjs"), str(_SCRIPT), "--silent"]
    arguments += ["--skipApiVersionCheck", "--disableTelemetry"]
    arguments += ["--inMemoryPersistence"] if in_memory else ["--location", str(folder)]
    for service, port in ports.items():
        arguments += [f"--{service}Host", "127.0.0.1", f"--{service}Port", str(port)]
    return arguments


def _free_ports() -> dict[str, int]:
    """Three ports that are free now, held together so that they differ."""
    with ExitStack() as stack:
        found = {}
        for service in _SERVICES:
            listener = stack.enter_context(socket.socket())
            listener.bind(("127.0.0.1", 0))
            found[service] = listener.getsockname()[1]
        return found


def _lines(process: subprocess.Popen[str]) -> queue.SimpleQueue[str]:
    """What it writes to stdout, line by line; an empty line says that it ended."""
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()
    pipe = process.stdout
    assert pipe is not None

    def read() -> None:
        for line in pipe:
            lines.put(line)
        lines.put("")

    threading.Thread(target=read, daemon=True).start()
    return lines


def _ready(azurite: Azurite) -> bool:
    give_up = time.monotonic() + START_SECONDS
    while time.monotonic() < give_up and azurite._process.poll() is None:
        if all(_answers(port) for port in azurite.ports.values()):
            return True
        time.sleep(0.05)
    return False


def _answers(port: int) -> bool:
    """Whether an HTTP server answers there, whatever it says."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1.0)
    try:
        connection.request("GET", "/")
        connection.getresponse()
    except (OSError, http.client.HTTPException):
        return False
    else:
        return True
    finally:
        connection.close()


@functools.cache
def shared() -> Azurite:
    """The Azurite of this process, started by the first call and ended with the process.

    Tests that share it keep apart by names of their own.
    """
    stack = ExitStack()
    atexit.register(stack.close)
    return stack.enter_context(running())
