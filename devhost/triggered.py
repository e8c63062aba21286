"""The functions of an app by trigger, with what their bindings name resolved.

What the host would not index is refused, all problems together.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from devhost.functions import Function
from provisioning.errors import ConfigurationError, Problem
from provisioning.ncrontab import Schedule, parse_schedule
from provisioning.storage.account import NAME

_NAMED = re.compile(r"%([^%]+)%")


@dataclass(frozen=True, slots=True)
class Triggered:
    """Functions by name: HTTP ones, schedules of timers, names of queues.

    ``left_out`` are those that serve does not run, with the type of their trigger.
    """

    http: Mapping[str, Function] = field(default_factory=dict)
    timers: Mapping[str, Schedule] = field(default_factory=dict)
    queues: Mapping[str, str] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)


def triggered(functions: Iterable[Function], environ: Mapping[str, str]) -> Triggered:
    """The functions, sorted by trigger. ``%NAME%`` is the setting of that name.

    Raises ``ConfigurationError``.
    """
    http: dict[str, Function] = {}
    timers: dict[str, Schedule] = {}
    queues: dict[str, str] = {}
    left_out: dict[str, str] = {}
    problems: list[Problem] = []
    for function in functions:
        try:
            if function.trigger == "httpTrigger":
                http[function.name] = function
            elif function.trigger == "timerTrigger":
                timers[function.name] = _schedule(function, environ)
            elif function.trigger == "queueTrigger":
                queues[function.name] = _queue(function, environ)
            elif function.trigger == "eventHubTrigger":
                # Its events come from Azure, and the program does without them.
                left_out[function.name] = function.trigger
            else:
                raise _Refused(function.name, f"has a {function.trigger}.", "Use func start.")
        except _Refused as refused:
            problems.append(refused.problem)
    if problems:
        raise ConfigurationError(tuple(problems))
    return Triggered(http, timers, queues, left_out)


class _Refused(Exception):
    def __init__(self, field: str, message: str, remedy: str) -> None:
        super().__init__(message)
        self.problem = Problem(field, message, remedy)


def _schedule(function: Function, environ: Mapping[str, str]) -> Schedule:
    written = function.schedule or ""
    text = _resolved(written, function, environ)
    try:
        return parse_schedule(text)
    except ValueError as error:
        named = _NAMED.search(written)
        raise _Refused(
            named[1] if named else function.name,
            f"{text!r} is no schedule for the timer {function.name}: {error}",
            "Write six fields, such as 0 */5 * * * *.",
        ) from None


def _queue(function: Function, environ: Mapping[str, str]) -> str:
    [trigger] = [each for each in function.bindings if each["type"] == "queueTrigger"]
    if trigger.get("connection") != NAME:
        raise _Refused(
            function.name,
            f"connects to {trigger.get('connection')}, and serve knows {NAME} only.",
            "Use func start.",
        )
    return _resolved(function.queue_name or "", function, environ)


def _resolved(text: str, function: Function, environ: Mapping[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        given = environ.get(match[1], "").strip()
        if not given:
            raise _Refused(
                match[1],
                f"is not set, and the function {function.name} needs it: in Azure the host would "
                "not index the function.",
                "Set it; local.settings.json.example has its default.",
            )
        return given

    return _NAMED.sub(value, text)
