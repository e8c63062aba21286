"""``python -m demo.console``: the console over simulated tenants, with something to look at.

The first load runs at ZSCloud's limit while the page is open. Then there is a held plan to decide
about, somebody in escrow, an edit by hand, a stranger in ZSCloud, and somebody who is missing. It
goes on until Ctrl-C. Exit status 1 when something is wrong.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import sys
from collections.abc import Sequence

import aiohttp

from demo import show
from demo.program import FunctionApp, ProgramFailed, around, serving
from demo.remote import Directory, Person, Remote, RemoteFailed
from demo.stage import StageFailed, stage

_PORT = 7071
_LIMIT = 5.0
_LEAVERS = 9
_REFUSED = "sam@unknown.example"
_LIVE = {
    "CYCLE_SCHEDULE": "0 * * * * *",
    "ASSIGNMENTS_SCHEDULE": "*/10 * * * * *",
    "DRIFT": "report",
}


async def main(arguments: Sequence[str] | None = None) -> int:
    """Runs until it is stopped, and gives the exit status."""
    chosen = _parser().parse_args(arguments)
    if sys.version_info < (3, 13):
        show.problems(["The function app runs in the Azure Functions worker: Python 3.13."])
        return 1
    try:
        await _open(chosen.port, chosen.rate)
    except (ProgramFailed, RemoteFailed, StageFailed) as error:
        show.problems([str(error)])
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m demo.console", description=__doc__)
    parser.add_argument("--port", type=int, default=_PORT, help="0 takes a free one")
    parser.add_argument("--rate", type=float, default=_LIMIT, help="requests a second; 0: no limit")
    return parser


async def _open(port: int, rate: float) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with stage(rate=str(rate)) as built:
        environ = around({**built.environ, **_LIVE, "ZSCLOUD_REQUESTS_PER_SECOND": str(rate)})
        async with serving(environ, port) as url, aiohttp.ClientSession(url) as session:
            show.headline("The console, over a simulated Entra and a simulated ZSCloud")
            show.line(f"open {url}api/console")
            telling = asyncio.create_task(_tell(built.remote, FunctionApp(session)))
            stopping = asyncio.create_task(stop.wait())
            await asyncio.wait({telling, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if telling.done():
                telling.result()
                show.line("Ctrl-C ends it")
                await stopping
            for task in (telling, stopping):
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task


async def _tell(remote: Remote, program: FunctionApp) -> None:
    """What makes something to look at."""
    await remote.change("create_user", userPrincipalName=_REFUSED, displayName="Sam Sands")
    await remote.change("assign", principal=_REFUSED)
    await remote.edit("create_user", userName="stranger@example.com", displayName="A stranger")
    await _cycle(program, "initial", "the first load, live on the page")
    directory = await remote.directory()
    leavers, edited = _leavers(directory), _inside(directory)[-1]
    await remote.edit("edit_user", user=edited.login, attributes={"displayName": "By hand"})
    await _cycle(program, "reconcile", "looking for edits by hand")
    for person in leavers:
        await remote.change("disable", id=person.id)
    await _cycle(program, "incremental", "more people leave than the brake lets go")
    status = await program.status()
    if not (status["held"] and status["escrow"]):
        raise ProgramFailed(f"{status['held']} are held and {status['escrow']} in escrow")
    missing = _outside(directory)
    show.line(f"to be decided: {status['held']} people would lose their access (Held plans)")
    show.line(f"refused by ZSCloud: {_REFUSED} (Escrow)")
    show.line(f"missing, and why: type {missing.name} into the field at the top, and Enter")


async def _cycle(program: FunctionApp, kind: str, label: str) -> None:
    with show.progress(label) as progress:
        await program.cycle(kind, progress)


def _inside(directory: Directory) -> list[Person]:
    found = [directory.people[id] for id in sorted(directory.in_scope)]
    return [each for each in found if each.enabled and each.name.endswith("@example.com")]


def _leavers(directory: Directory) -> list[Person]:
    return _inside(directory)[:_LEAVERS]


def _outside(directory: Directory) -> Person:
    people = sorted(directory.people.values(), key=lambda person: person.name)
    return next(p for p in people if p.enabled and p.id not in directory.in_scope)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
