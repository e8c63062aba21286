"""One cold start of a package, in a process that sees nothing else (``tools.package.isolation``).

Prints one JSON line: seconds since the interpreter was up, and the resident set in bytes. The
settings are in its environment.
"""

from __future__ import annotations

import sys
import time

_BEGAN = time.perf_counter()


def import_only(app: str) -> dict[str, float]:
    """The import of ``function_app``, alone."""
    sys.path.insert(0, app)
    import function_app  # noqa: F401

    return {"import": _since()}


async def start(app: str) -> dict[str, float]:
    """A worker from its start to the first answers: the marks follow one another."""
    from pathlib import Path

    from devhost.worker import Worker

    marks = {"host": _since()}
    async with Worker(Path(app)) as worker:
        marks["indexed"] = _since()
        for name in ("health", "status"):
            answer = await worker.http("GET", f"/api/{name}")
            if answer.status != 200:
                raise RuntimeError(f"{name} answered {answer.status}: {answer.body!r}")
            marks[name] = _since()
        await _first_use(marks)
    return marks


async def _first_use(marks: dict[str, float]) -> None:
    """What a first cycle loads beside the store, one thing after another."""
    from provisioning.bootstrap import close_services, services

    made = await services()
    await made.leases.acquire("cold-start", "cold-start/1", 30.0)
    await made.leases.release("cold-start", "cold-start/1", b"")
    marks["lease"] = _since()
    await made.queue.send("cold-start", "{}")
    marks["queue"] = _since()
    await made.source.service_principal()
    marks["graph"] = _since()

    # On loopback no token is asked for: this is what the first one would load.
    from azure.identity.aio import DefaultAzureCredential

    await DefaultAzureCredential().close()
    marks["credential"] = _since()
    await close_services()


def _since() -> float:
    return time.perf_counter() - _BEGAN


def _resident() -> int:
    with open("/proc/self/status", encoding="ascii") as status:  # noqa: PTH123  pathlib costs time
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS:"))


def main() -> None:
    """``import`` or ``start``, of the app in the first argument."""
    app, what = sys.argv[1:3]
    if what == "import":
        measured = import_only(app)
    else:
        import asyncio

        measured = asyncio.run(start(app))

    import json

    sys.stdout.write(json.dumps({**measured, "resident": _resident()}) + "\n")


if __name__ == "__main__":
    main()
