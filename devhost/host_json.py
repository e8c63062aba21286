"""``host.json``: what the host is told about the app (Azure Functions: host.json reference)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from devhost.http import ROUTE_PREFIX
from provisioning.errors import ConfigurationError, Problem

FILE = "host.json"
_TIME = re.compile(r"(?:(\d{1,3})\.)?(\d{1,2}):([0-5]\d):([0-5]\d)(?:\.(\d{1,7}))?")


@dataclass(frozen=True, slots=True)
class QueueOptions:
    """``extensions.queues``, with the platform's defaults. Times are seconds."""

    batch_size: int = 16
    new_batch_threshold: int = 8
    max_dequeue_count: int = 5
    max_polling_interval: float = 60.0
    visibility_timeout: float = 0.0

    def polling(self, longest: float | None) -> QueueOptions:
        """The same with another longest pause between looks, ``None`` for this one."""
        return self if longest is None else replace(self, max_polling_interval=longest)


@dataclass(frozen=True, slots=True)
class HostOptions:
    """``function_timeout`` is in seconds, ``None`` for no limit."""

    function_timeout: float | None = 1800.0
    queues: QueueOptions = QueueOptions()


def read_host_json(folder: Path) -> HostOptions:
    """The options of an app. Raises ``ConfigurationError`` with all problems."""
    problems: list[Problem] = []
    document = _document(folder / FILE)
    extensions = document.get("extensions", {})
    values = _Values(extensions.get("queues", {}), problems)
    batch = values.integer("batchSize", 16, 1, 32)
    queues = QueueOptions(
        batch_size=batch,
        new_batch_threshold=values.integer("newBatchThreshold", batch // 2, 0, 1000),
        max_dequeue_count=values.integer("maxDequeueCount", 5, 1, 1000),
        max_polling_interval=values.time("maxPollingInterval", 60.0),
        visibility_timeout=values.time("visibilityTimeout", 0.0),
    )
    if values.get("messageEncoding", "base64") != "none":
        remedy = 'Set it to "none": messages are text, and their sender writes them so.'
        problems.append(_problem("messageEncoding", "is not none.", remedy))
    prefix = extensions.get("http", {}).get("routePrefix", "api")
    if f"/{prefix}/" != ROUTE_PREFIX:
        problems.append(_problem("routePrefix", f"is {prefix!r}.", "Set it to api."))
    limit = _Values(document, problems)
    timeout = (
        None if limit.get("functionTimeout", "") == "-1" else limit.time("functionTimeout", 1800.0)
    )
    if problems:
        raise ConfigurationError(tuple(problems))
    return HostOptions(timeout, queues)


class _Values:
    """Values of one object; what is wrong with them is collected."""

    def __init__(self, values: Mapping[str, Any], problems: list[Problem]) -> None:
        self._values = values
        self._problems = problems

    def get(self, name: str, default: str) -> Any:
        return self._values.get(name, default)

    def integer(self, name: str, default: int, least: int, most: int) -> int:
        value = self._values.get(name, default)
        if type(value) is int and least <= value <= most:
            return value
        remedy = f"Write a whole number from {least} to {most}."
        self._problems.append(_problem(name, f"is {value!r}.", remedy))
        return default

    def time(self, name: str, default: float) -> float:
        """Seconds of a .NET time span: ``hh:mm:ss``, perhaps with days and fractions."""
        if name not in self._values:
            return default
        value = self._values[name]
        match = _TIME.fullmatch(value) if isinstance(value, str) else None
        if match is None or int(match[2]) > 23:
            self._problems.append(_problem(name, f"is {value!r}.", "Write hh:mm:ss."))
            return default
        days, hours, minutes, seconds = (int(each or 0) for each in match.groups()[:4])
        whole = ((days * 24 + hours) * 60 + minutes) * 60 + seconds
        return whole + float(f"0.{match[5] or 0}")


def _document(path: Path) -> Mapping[str, Any]:
    remedy = "Correct it; it belongs beside function_app.py."
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise _refused(f"cannot be read: {error.strerror}.", remedy) from None
    except ValueError as error:
        raise _refused(f"is no JSON: {error}.", remedy) from None
    extensions = document.get("extensions", {}) if isinstance(document, dict) else None
    parts = [*extensions.values()] if isinstance(extensions, dict) else [None]
    if not all(isinstance(part, dict) for part in parts):
        raise _refused("does not have the form of a host.json.", remedy)
    return document  # type: ignore[no-any-return]


def _refused(message: str, remedy: str) -> ConfigurationError:
    return ConfigurationError((Problem(FILE, message, remedy),))


def _problem(name: str, message: str, remedy: str) -> Problem:
    return Problem(f"{FILE} {name}", message, remedy)
