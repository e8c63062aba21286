"""Whether a value is what the annotations of the program say that it is."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Literal, NewType, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec


class WrongType(AssertionError):
    """A parser gave what its annotation does not promise."""


def check(value: object, hint: Any, at: str = "value") -> None:
    """Raises ``WrongType`` with the place. A text has to be one that can be stored and sent."""
    if isinstance(hint, NewType):
        hint = hint.__supertype__
    if isinstance(value, str) and not _encodable(value):
        raise WrongType(f"{at} holds half of a surrogate pair: {value[:40]!r}")
    if hint is Any or hint is object or isinstance(hint, TypeVar):
        return
    origin, arguments = get_origin(hint) or hint, get_args(hint)
    if origin in (Union, types.UnionType):
        _any_of(value, arguments, at)
    elif origin is Literal:
        _require(value in arguments, value, hint, at)
    elif hint is float:
        _require(type(value) in (int, float), value, hint, at)
    elif hint is int:
        _require(type(value) is int, value, hint, at)
    elif hint is None:
        _require(value is None, value, hint, at)
    else:
        wanted = Callable if origin is Callable else origin
        _require(isinstance(value, wanted), value, hint, at)
        _inside(value, arguments, at)


def _any_of(value: object, hints: tuple[Any, ...], at: str) -> None:
    wrong = []
    for hint in hints:
        try:
            check(value, hint, at)
        except WrongType as error:
            wrong.append(str(error))
        else:
            return
    raise WrongType("; ".join(wrong))


def _inside(value: object, arguments: tuple[Any, ...], at: str) -> None:
    if isinstance(value, msgspec.Struct) or dataclasses.is_dataclass(value):
        for name, hint in _hints(type(value)).items():
            if hasattr(value, name):
                check(getattr(value, name), hint, f"{at}.{name}")
    elif isinstance(value, Mapping):
        for key, each in value.items():
            check(key, arguments[0] if arguments else Any, f"{at} key")
            check(each, arguments[1] if arguments else Any, f"{at}[{key!r:.40}]")
    elif isinstance(value, tuple) and arguments and arguments[-1] is not ...:
        _require(len(value) == len(arguments), value, arguments, at)
        for index, (each, hint) in enumerate(zip(value, arguments, strict=True)):
            check(each, hint, f"{at}[{index}]")
    elif isinstance(value, Sequence | frozenset | set) and not isinstance(value, str | bytes):
        for index, each in enumerate(value):
            check(each, arguments[0] if arguments else Any, f"{at}[{index}]")


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _encodable(text: str) -> bool:
    return text.isascii() or not any("\ud800" <= each <= "\udfff" for each in text)


def _require(fits: bool, value: object, hint: Any, at: str) -> None:
    if not fits:
        raise WrongType(f"{at} is {value!r:.80}, and not {hint}")
