"""An app in a worker of its own process, for apps other than the one under test here.

A process can load one app (``devhost.worker``). ``AppProcess`` starts
``python -m tests.worker.app_process FOLDER`` and calls its worker by JSON lines: a list of calls
that run at the same time, answered by a list of their results.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Self

from devhost.http import HttpAnswer, Identity
from devhost.worker import FunctionFailed, Worker, WorkerError

ROOT = Path(__file__).parents[2]


class AppProcess:
    """The worker of an app, in a child process that treats warnings as errors.

    ``problems`` is what the child wrote to stderr; it is complete after leaving.
    """

    def __init__(self, app: Path) -> None:
        self._app = app
        self.problems = ""

    def __enter__(self) -> Self:
        command = [sys.executable, "-W", "error", "-m", __name__, str(self._app)]
        self._process = subprocess.Popen(
            command,
            cwd=ROOT,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        try:
            self.functions: dict[str, dict[str, Any]] = self._read()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.problems = self._process.communicate()[1]

    def calls(self, *calls: dict[str, Any]) -> list[Any]:
        """Results of calls made at the same time. Each names a method under ``call``."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(calls) + "\n")
        self._process.stdin.flush()
        return [_result(each) for each in self._read()]

    def http(self, method: str, path: str, **arguments: Any) -> HttpAnswer:
        answer = self.call("http", method=method, path=path, **arguments)
        assert isinstance(answer, HttpAnswer)
        return answer

    def call(self, call: str, **arguments: Any) -> Any:
        return self.calls({"call": call, **arguments})[0]

    def _read(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise AssertionError(f"the child died: {self._process.communicate()[1]}")
        return _result(json.loads(line))


def _result(answer: Any) -> Any:
    match answer:
        case {"failed": [function, message, stack]}:
            raise FunctionFailed(function, message.removeprefix(f"{function}: "), stack)
        case {"error": [message, stack]}:
            raise WorkerError(message, stack)
        case {"http": fields}:
            return HttpAnswer(
                **fields | {"body": fields["body"].encode(), "cookies": tuple(fields["cookies"])}
            )
    return answer


async def _call(worker: Worker, call: str, **arguments: Any) -> Any:
    if "body" in arguments:
        arguments["body"] = arguments["body"].encode()
    if "identity" in arguments:
        arguments["identity"] = Identity(**arguments["identity"])
    try:
        answer = await getattr(worker, call)(**arguments)
    except FunctionFailed as error:
        return {"failed": [error.function, str(error), error.stack]}
    except WorkerError as error:
        return {"error": [str(error), error.stack]}
    if isinstance(answer, HttpAnswer):
        return {"http": dataclasses.asdict(answer) | {"body": answer.body.decode()}}
    return answer


async def _serve(app: Path) -> None:
    try:
        async with Worker(app) as worker:
            _write({name: _described(each) for name, each in worker.functions.items()})
            while line := await asyncio.to_thread(sys.stdin.readline):
                calls = [_call(worker, **arguments) for arguments in json.loads(line)]
                _write(await asyncio.gather(*calls))
    except WorkerError as error:
        _write({"error": [str(error), error.stack]})


def _described(function: Any) -> dict[str, Any]:
    described = {name: getattr(function, name) for name in function.__slots__}
    return described | {"bindings": [dict(each) for each in function.bindings]}


def _write(answer: Any) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1])))
