"""Functions that are random in Entra. Here they are derived: see ``Surroundings.seed``.

The same object gets the same value each time, so that a dry run shows what is sent and no cycle
changes it. Whoever knows the seed knows the value: it is no secret and no password.
"""

from __future__ import annotations

import hashlib
import string
from collections.abc import Iterator, Sequence
from uuid import UUID

from provisioning.expressions import readers
from provisioning.expressions.errors import Unfit
from provisioning.expressions.functions.function import Function, Parameter
from provisioning.expressions.operands import Operand
from provisioning.expressions.surroundings import Surroundings

MAX_LENGTH = 256
_SPECIAL = "~!@#$%^&*_-+=`|\\(){}[]:;\"'<>,.?/"
_KINDS = (string.digits, _SPECIAL, string.ascii_uppercase, string.ascii_lowercase)
_AT_SPECIAL = 1
_DERIVED = (
    "The value is derived from the job, the object, the target attribute and the number of the "
    "function among its like: the same each time, shown by a dry run, no secret and no password."
)


def _seed(around: Surroundings) -> bytes:
    if around.seed is None:
        raise Unfit("there is nothing to derive a value from here.", "Report this.")
    return around.seed


def _guid(around: Surroundings, place: int) -> Operand:
    digest = hashlib.sha256(b"Guid\0%d\0" % place + _seed(around)).digest()
    return str(UUID(bytes=digest[:16], version=4))


def _random_string(
    around: Surroundings,
    place: int,
    length: int | None,
    *least_and_avoid: int | str | None,
) -> Operand:
    least = [count or 0 for count in least_and_avoid[:4] if not isinstance(count, str)]
    avoided = least_and_avoid[4] if len(least_and_avoid) > 4 else None
    size = length or 0
    wrong = _wrong(size, least)
    if wrong is not None:
        raise Unfit(wrong[0], "Correct the numbers.", value=str(wrong[2]), argument=wrong[1])
    kinds = [_without(kind, avoided) for kind in _KINDS]
    numbers = _numbers(b"RandomString\0%d\0" % place + _seed(around))
    characters = [
        _pick(kind, numbers) for kind, count in zip(kinds, least, strict=True) for _ in range(count)
    ]
    # Special characters come only where they are asked for.
    pool = "".join(kind for at, kind in enumerate(kinds) if least[at] or at != _AT_SPECIAL)
    characters += [_pick(pool, numbers) for _ in range(size - len(characters))]
    return "".join(_shuffled(characters, numbers))


def _wrong(length: int, least: Sequence[int]) -> tuple[str, int, int] | None:
    if not 1 <= length <= MAX_LENGTH:
        return f"is no length from 1 to {MAX_LENGTH}.", 1, length
    for index, count in enumerate(least):
        if count < 0:
            return "is negative.", index + 2, count
    if sum(least) > length:
        return "is less than the least numbers together.", 1, length
    return None


def _check(arguments: Sequence[object]) -> str | None:
    length, *least = arguments[:5]
    if not isinstance(length, int):
        return None
    wrong = _wrong(length, [count if isinstance(count, int) else 0 for count in least])
    return None if wrong is None else f"its argument {wrong[1]}, {wrong[2]}, {wrong[0][:-1]}"


def _without(kind: str, avoided: int | str | None) -> str:
    return "".join(c for c in kind if c not in avoided) if isinstance(avoided, str) else kind


def _pick(characters: str, numbers: Iterator[int]) -> str:
    if not characters:
        raise Unfit("leaves no character to choose.", "Avoid fewer characters.", argument=6)
    return characters[next(numbers) % len(characters)]


def _shuffled(characters: list[str], numbers: Iterator[int]) -> list[str]:
    for last in range(len(characters) - 1, 0, -1):
        other = next(numbers) % (last + 1)
        characters[last], characters[other] = characters[other], characters[last]
    return characters


def _numbers(seed: bytes) -> Iterator[int]:
    """Numbers of 64 bits without end; against them the remainders below are even enough."""
    block = 0
    while True:
        digest = hashlib.sha512(b"%d\0" % block + seed).digest()
        for start in range(0, len(digest), 8):
            yield int.from_bytes(digest[start : start + 8])
        block += 1


_NUMBER = readers.whole_number

FUNCTIONS = (
    Function(
        "Guid",
        (),
        "A GUID.",
        _guid,
        surrounded=True,
        placed=True,
        deviation=_DERIVED,
    ),
    Function(
        "RandomString",
        (
            Parameter("length", _NUMBER, blank=False),
            Parameter("minimumNumbers", _NUMBER, blank=False),
            Parameter("minimumSpecialCharacters", _NUMBER, blank=False),
            Parameter("minimumCapital", _NUMBER, blank=False),
            Parameter("minimumLowerCase", _NUMBER, blank=False),
            Parameter("charactersToAvoid", readers.text, optional=True),
        ),
        f"So many characters, at most {MAX_LENGTH}, with at least so many of each kind.",
        _random_string,
        surrounded=True,
        placed=True,
        check=_check,
        deviation=f"{_DERIVED} Special characters come only when their minimum is above 0.",
    ),
)
