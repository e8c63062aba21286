"""The bytes of a schema file to JSON values. A file is bounded before it is read in.

PowerShell writes UTF-16 or a byte order mark, and Graph adds annotations to what it returns.
"""

from __future__ import annotations

import codecs
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from provisioning.errors import ConfigurationError, Problem, cut
from provisioning.schema.decode import MAX_PROBLEMS, SETTING, problem

MAX_BYTES = 2_000_000
"""A schema of a gallery application has some 100,000."""

MAX_NESTING = 200
"""Objects and lists within one another. An expression of 50 functions has some 160."""

ANNOTATION = "@odata."
"""In the name of what Graph adds to an answer: ``@odata.context``, ``directories@odata.context``.
"""

_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[\[{\]}]', re.DOTALL)
"""Texts, so that brackets within them do not count, and brackets. An open text runs to the end."""


def read_export(path: Path) -> Any:
    """The JSON value of a file, without Graph's annotations.

    Raises ``ConfigurationError`` for a file that cannot be read, is too large or too deep, is no
    JSON, or names a field of one object twice.
    """
    text = _text(path, _bytes(path))
    if _deepest(text) > MAX_NESTING:
        raise _unusable(
            path,
            f"is nested more than {MAX_NESTING} deep.",
            "Nest fewer functions, or export the schema from Entra once more.",
        )
    try:
        value = msgspec.json.decode(text)
        twice = list(_twice(json.loads(text, object_pairs_hook=_object), "$"))
    except (ValueError, RecursionError) as error:
        raise _no_json(path, str(error)) from error
    if twice:
        raise ConfigurationError(tuple(twice[:MAX_PROBLEMS]))
    return _plain(value)


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            # One more than allowed: what has no end is not read to it.
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        message = f"cannot be read: {error.strerror or error}."
        remedy = "Give the path of a schema file, or leave the setting empty for the shipped one."
        raise _unusable(path, message, remedy) from error
    if len(raw) > MAX_BYTES:
        message = f"is larger than {MAX_BYTES:,} bytes."
        remedy = "Give a schema as Entra exports it; one of ZSCloud has some 100,000 bytes."
        raise _unusable(path, message, remedy)
    return raw


def _text(path: Path, raw: bytes) -> str:
    try:
        return raw.decode(_encoding(raw))
    except UnicodeDecodeError as error:
        raise _no_json(path, str(error)) from error


def _encoding(raw: bytes) -> str:
    """The encoding by the mark in front; without one, by where JSON's first bytes have zeros."""
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if raw[1:2] == b"\0":
        return "utf-16-le"
    return "utf-16-be" if raw[:1] == b"\0" else "utf-8-sig"


def _deepest(text: str) -> int:
    """How deep objects and lists are within one another, without going down with them."""
    depth = deepest = 0
    for found in _BRACKETS.finditer(text):
        first = found[0][0]
        if first in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif first in "]}":
            depth -= 1
    return deepest


class _Twice(dict[str, Any]):
    """An object with a field that was given more than once, and which they are."""

    fields: tuple[str, ...] = ()


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) == len(pairs):
        return made
    twice = _Twice(made)
    counted = Counter(name for name, _ in pairs)
    twice.fields = tuple(name for name, number in counted.items() if number > 1)
    return twice


def _twice(value: Any, at: str) -> Iterator[Problem]:
    """A reader takes one of two values, and no person sees which."""
    if isinstance(value, _Twice):
        for name in value.fields:
            yield problem(f"{at}.{cut(name, 100)}", "is there more than once.", "Keep one of them.")
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _twice(item, f"{at}.{cut(name, 100)}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            if isinstance(item, dict | list):
                yield from _twice(item, f"{at}[{index}]")


def _plain(value: Any) -> Any:
    """The value without annotations."""
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items() if ANNOTATION not in name}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


def _no_json(path: Path, why: str) -> ConfigurationError:
    return _unusable(path, f"is not JSON: {cut(why)}.", "Give a schema as Entra exports it.")


def _unusable(path: Path, message: str, remedy: str) -> ConfigurationError:
    return ConfigurationError((Problem(SETTING, f"{cut(str(path), 200)!r} {message}", remedy),))
