"""``serve`` in a process of its own, called over HTTP as others call it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
SAMPLE = Path(__file__).parent / "sample_app"
KEY = "a-key/of+tests=="
PATIENCE = 30.0
NEVER = "0 0 0 29 2 *"
"""A schedule that does not come while a test runs."""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Message
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Served:
    """A process that serves. ``log`` is what it has written to stderr so far."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process = process
        self._log = log
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, self.log
        self.document = json.loads(line)
        self.url: str = self.document["url"]

    @property
    def log(self) -> str:
        return self._log.read_text(encoding="utf-8")

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str | None = KEY,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """An HTTP call with the right key, unless told. A body that is bytes goes as it is."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"x-functions-key": key, **(headers or {})} if key else dict(headers or {})
        request = urllib.request.Request(self.url + path, data, sent, method=method)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return Answer(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.headers, error.read())

    def wait_for(self, pattern: str, times: int = 1) -> None:
        """Waits until the log has lines that match."""
        until(lambda: len(re.findall(pattern, self.log)) >= times, lambda: self.log)

    def end(self, signal_number: int) -> int:
        """Sends a signal and waits. The exit status."""
        self.process.send_signal(signal_number)
        return self.process.wait(PATIENCE)


def until(condition: Callable[[], bool], complaint: Callable[[], str] = lambda: "") -> None:
    """Returns when the condition holds."""
    give_up = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < give_up, f"it did not happen. {complaint()}"
        time.sleep(0.02)


@contextmanager
def serving(folder: Path, *arguments: str, name: str = "serve", **environ: str) -> Iterator[Served]:
    """``python -m provisioning serve`` on a free port, killed on leaving."""
    command = ["provisioning", "serve", "--port", "0", "--json", "--poll", "0.05", *arguments]
    with _process(command, folder, name, environ) as served:
        yield served


@contextmanager
def serving_sample(
    folder: Path, app: Path = SAMPLE, *, name: str = "sample", **environ: str
) -> Iterator[Served]:
    """The sample app, or a copy of it."""
    command = ["tests.devhost.sample_program", str(app), str(folder / "state.db")]
    with _process(command, folder, name, {"TICK_SCHEDULE": NEVER, **environ}) as served:
        yield served


@contextmanager
def _process(
    command: list[str], folder: Path, name: str, environ: Mapping[str, str]
) -> Iterator[Served]:
    log = folder / f"{name}.log"
    with log.open("wb") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-W", "error", "-m", *command],
            cwd=folder,
            env={**environment(), **environ},
            stdout=subprocess.PIPE,
            stderr=stderr,
        )
        try:
            yield Served(process, log)
        finally:
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()


def environment() -> dict[str, str]:
    """What a child needs of this process's environment, and no setting."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return {**kept, "PYTHONPATH": str(ROOT)}
