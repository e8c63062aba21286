"""What to do first, or next, as things stand now."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from provisioning.errors import ConfigurationError
from provisioning.operations.documents import Document
from provisioning.operations.status import status
from provisioning.record import CycleKind, CycleRecord
from provisioning.services import Services
from provisioning.settings import SETTINGS

_RECENT = 200
REQUIRED = tuple(setting.name for setting in SETTINGS if setting.default is None)
"""Settings without which nothing can be done."""


class Step(msgspec.Struct, frozen=True):
    """One thing to do: a command with its arguments, or without one, something else.

    ``done``: it was done before, as far as that is recorded.
    """

    text: str
    command: str | None = None
    done: bool = False


_LOOK = Step("how it stands", "status")
_WHY = Step("why somebody is, or is not, in ZSCloud", "explain PRINCIPAL")

_NEXT: dict[str, tuple[Step, ...]] = {
    "stopped": (_LOOK, Step("go on where it was stopped", "start")),
    "quarantined": (
        Step("why, and when it is tried again", "status"),
        Step("what is wrong, one thing after the other, and what to do", "doctor"),
    ),
    "held": (
        Step("the plans that wait for a decision", "held list"),
        Step("who would lose access, and why", "held show ID"),
        Step("let it happen exactly as shown; or `held reject ID --note TEXT`", "held approve ID"),
    ),
    "working": (_LOOK, _WHY),
    "healthy": (_LOOK, _WHY, Step("what was done, to whom, and why", "logs --since 2h")),
}
_FAILING = Step("what failed, why, and when it is tried again", "escrow")


def without_settings(error: ConfigurationError, given: Sequence[str]) -> Document:
    """When the settings, or what is stored, do not allow to begin.

    Args:
        error: what is wrong.
        given: names of the settings that have a value.
    """
    none = not any(name in given for name in REQUIRED)
    steps = [
        Step(f"set {', '.join(REQUIRED)}" if none else "correct what is named above"),
        Step("is everything there, and allowed?", "doctor"),
    ]
    if none:
        steps += _going_live()
    sentence = "Nothing is set up yet." if none else "It cannot begin as it is set up."
    problems = [msgspec.to_builtins(problem) for problem in error.problems]
    return _document("unset" if none else "unfit", sentence, steps, [] if none else problems)


async def first_steps(services: Services) -> Document:
    """The situation in a sentence, and what to do, most urgent first.

    Raises ``ConfigurationError`` for a store of another job.
    """
    shown = await status(services)
    state, sentence = shown["state"], shown["why"]
    if state == "off":
        return _document(state, "Set up, and switched off.", await _before_switching_on(services))
    if shown["cycle"] is None and state == "healthy":
        steps = (
            Step("what would be sent, and why", "plan"),
            Step("the first cycle: everybody who is assigned", "cycle"),
        )
        return _document("new", "Switched on, and no cycle has run yet.", steps)
    failing = [_FAILING] if shown["escrow"] else []
    return _document(state, sentence, [*_NEXT[state], *failing])


async def _before_switching_on(services: Services) -> list[Step]:
    planned, tried = False, False
    for _, record in await services.job().cycles.rows.page(limit=_RECENT, reverse=True):
        tried = tried or _is_try(record)
        planned = planned or (record.dry_run and record.kind is not CycleKind.ON_DEMAND)
    reached = Step("do both systems answer, and accept the credentials?", "test-connection")
    return [reached, *_going_live(planned=planned, tried=tried)]


def _going_live(*, planned: bool = False, tried: bool = False) -> list[Step]:
    return [
        Step("what would be sent, and why; nothing is sent", "plan", planned),
        Step("one test user goes first", "on-demand --user UPN", tried),
        Step("set PROVISIONING_STATUS=on"),
        Step("everybody who is assigned", "cycle"),
    ]


def _is_try(record: CycleRecord) -> bool:
    return record.kind is CycleKind.ON_DEMAND and not record.dry_run


def _document(
    situation: str, sentence: str, steps: Sequence[Step], problems: Sequence[Document] = ()
) -> Document:
    return {
        "situation": situation,
        "sentence": sentence,
        "problems": list(problems),
        "steps": [msgspec.to_builtins(step) for step in steps],
    }
