"""Azurite for a test: a process of its own on free ports, in memory."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from tests.servers import setup

_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
_READY_SECONDS = 30.0


@contextmanager
def azurite() -> Iterator[str]:
    """Runs Azurite. Gives the connection string of its account."""
    ports = _free_ports()
    command = [setup.find_node().executable, str(setup.FOLDER / _SCRIPT)]  # type: ignore[union-attr]
    command += ["--silent", "--skipApiVersionCheck", "--disableTelemetry", "--inMemoryPersistence"]
    for service, port in ports.items():
        command += [f"--{service}Host", "127.0.0.1", f"--{service}Port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        for port in ports.values():
            _wait_for(port, process)
        yield connection_string(ports)
    finally:
        process.kill()
        process.wait()


def connection_string(ports: dict[str, int]) -> str:
    """The published account of every emulator, at these ports."""
    endpoints = [
        f"{service.capitalize()}Endpoint=http://127.0.0.1:{port}/devstoreaccount1"
        for service, port in ports.items()
    ]
    account = ["DefaultEndpointsProtocol=http", "AccountName=devstoreaccount1"]
    return ";".join([*account, f"AccountKey={_KEY}", *endpoints, ""])


_SCRIPT = "node_modules/azurite/dist/src/azurite.js"


def _free_ports() -> dict[str, int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(3)]
        ports = [each.getsockname()[1] for each in sockets]
    return dict(zip(("blob", "queue", "table"), ports, strict=True))


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    give_up = time.monotonic() + _READY_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert process.poll() is None, f"Azurite ended with status {process.returncode}"
            assert time.monotonic() < give_up, "Azurite was not ready in time"
            time.sleep(0.05)
        else:
            return
