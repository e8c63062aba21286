"""Instances of the function app: ``serve`` in processes that may be killed and paused."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import aiohttp

from demo.stage import ROOT

Document = dict[str, Any]

_READY_SECONDS = 60.0
_LOW_PRIORITY = 10


class InstanceFailed(Exception):
    """An instance did not start. The message ends with what it wrote."""


class Instance:
    """One ``serve`` process, started anew as often as it is killed."""

    def __init__(
        self,
        name: str,
        environ: Mapping[str, str],
        folder: Path,
        port: int = 0,
        options: Sequence[str] = (),
    ) -> None:
        self.name = name
        self._options = ("--port", str(port), "--poll", "0.1", *options)
        self.log = folder / f"{name}.log"
        self._environ = {**os.environ, **environ}
        self._process: asyncio.subprocess.Process | None = None
        self._url = ""

    @property
    def pid(self) -> int:
        """Its process. 0 when it does not run."""
        return self._process.pid if self._process is not None else 0

    async def start(self) -> None:
        """Starts it. It returns when the app answers."""
        command = (sys.executable, "-m", "provisioning", "serve", *self._options)
        with self.log.open("ab") as said:
            self._process = await asyncio.create_subprocess_exec(
                *command,
                "--json",
                cwd=ROOT,
                env=self._environ,
                stdout=asyncio.subprocess.PIPE,
                stderr=said,
            )
        assert self._process.stdout is not None
        ready = await asyncio.wait_for(self._process.stdout.readline(), _READY_SECONDS)
        if not ready.strip():
            raise InstanceFailed(f"{self.name} did not start:\n{self.log.read_text()[-2000:]}")
        self._url = json.loads(ready)["url"]

    @property
    def url(self) -> str:
        """Where it answers."""
        return self._url

    def resident(self) -> float:
        """Its resident set in MiB."""
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        return int(status.partition("VmRSS:")[2].split()[0]) / 1024

    async def kill(self) -> None:
        """Ends it at once, without a chance to clean up."""
        if self._process is not None:
            self._process.kill()
            await self._process.wait()
            self._process = None

    def yield_to_others(self) -> None:
        """From now on it works where the machine has time left. Each instance in Azure has cores
        of its own; here all share a few.
        """
        os.setpriority(os.PRIO_PROCESS, self.pid, _LOW_PRIORITY)

    def pause(self) -> None:
        """Stops it where it stands."""
        os.kill(self.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        """Lets it go on."""
        os.kill(self.pid, signal.SIGCONT)

    async def call(self, method: str, path: str, body: Document | None = None) -> Document:
        """An HTTP call. Raises ``aiohttp.ClientError``."""
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)) as session,
            session.request(method, f"{self._url}/api/{path}", json=body) as answer,
        ):
            answer.raise_for_status()
            document: Document = await answer.json(content_type=None)
            return {**document, "http_status": answer.status}
