"""JSON to typed structs, with every problem found and not just the first."""

from __future__ import annotations

from typing import Any, TypeVar, get_args, get_origin

import msgspec

from provisioning.errors import Problem, cut
from provisioning.schema.export import Located

SETTING = "PROVISIONING_SCHEMA"
"""The setting that names the file; every problem names it."""

MAX_PROBLEMS = 1_000
"""Problems of one file that are named. Nobody reads more, and a hostile file has no end of them."""

MAX_ITEMS = 2_000
"""Elements of one list."""

L = TypeVar("L", bound=Located)

_REMEDY = "Correct the file, or export the schema from Entra once more."


def problem(at: str, message: str, remedy: str = _REMEDY) -> Problem:
    """A problem at a JSON path of the schema file."""
    return Problem(f"{SETTING} {at}", message, remedy)


def decode(cls: type[L], raw: Any, at: str, problems: list[Problem]) -> L | None:
    """The struct of a JSON object, or ``None`` with the reasons added to ``problems``.

    A faulty element of a list is left out, so that the rest can still be checked.
    """
    if len(problems) >= MAX_PROBLEMS:
        return None
    if not isinstance(raw, dict):
        problems.append(problem(at, f"expected an object, got {_seen(raw)}."))
        return None
    values: dict[str, Any] = {"at": at}
    usable = True
    for field in msgspec.structs.fields(cls):
        path = f"{at}.{field.encode_name}"
        if field.name == "at":
            continue
        if field.encode_name in raw:
            value = _field(field.type, raw[field.encode_name], path, problems)
            values[field.name] = value
            usable = usable and value is not _FAULTY
        elif field.required:
            problems.append(problem(path, "is missing."))
            usable = False
    return cls(**values) if usable else None


_FAULTY = object()
"""Stands for a field whose value cannot be used."""


def _field(type_: Any, raw: Any, at: str, problems: list[Problem]) -> Any:
    element = _element(type_)
    if element is not None:
        return None if raw is None and _optional(type_) else _list(element, raw, at, problems)
    struct = _struct(type_)
    if struct is not None and raw is None and struct is not type_:
        return None
    if struct is not None:
        return decode(struct, raw, at, problems) or _FAULTY
    try:
        return msgspec.convert(raw, type_)
    except msgspec.ValidationError as error:
        text = str(error).partition(" - at ")[0]
        problems.append(problem(at, f"{text[0].lower()}{text[1:]}; the value is {_seen(raw)}."))
        return _FAULTY


def _list(cls: type[Located], raw: Any, at: str, problems: list[Problem]) -> Any:
    if not isinstance(raw, list):
        problems.append(problem(at, f"expected a list, got {_seen(raw)}."))
        return _FAULTY
    if len(raw) > MAX_ITEMS:
        message = f"has {len(raw)} elements; at most {MAX_ITEMS} are allowed."
        problems.append(problem(at, message, "Remove what is not used."))
        return _FAULTY
    decoded = (decode(cls, item, f"{at}[{i}]", problems) for i, item in enumerate(raw))
    return tuple(item for item in decoded if item is not None)


def _optional(type_: Any) -> bool:
    return type(None) in get_args(type_)


def _element(type_: Any) -> type[Located] | None:
    """The struct of a field that is a list of structs; the list may be optional."""
    for candidate in (type_, *get_args(type_)):
        if get_origin(candidate) is tuple:
            element = get_args(candidate)[0]
            return element if issubclass(element, Located) else None
    return None


def _struct(type_: Any) -> type[Located] | None:
    """The struct of a field's type, which may be optional."""
    for candidate in (type_, *get_args(type_)):
        if isinstance(candidate, type) and issubclass(candidate, Located):
            return candidate
    return None


def _seen(raw: Any) -> str:
    return cut(msgspec.json.encode(raw).decode(), 60)
