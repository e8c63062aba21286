"""Inputs: valid documents, changed as a broken, an odd or a hostile sender would change them.

A document is a JSON value in which ``Raw`` stands for bytes as they are. So it can be made into
what no encoder writes: a field twice, a number without end, half of a surrogate pair.

Hypothesis chooses a document and a number for each change; everything else about a change follows
from its number. So an input costs few choices, and fewer changes are found when it is made small.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import Any, NamedTuple

from hypothesis import strategies as st

SECRET = "s3cret-V3ry/private+token=="
"""Stands for what the program knows to be a secret. Inputs hold it where a sender may repeat it."""


class Raw(NamedTuple):
    """Bytes of JSON, or what pretends to be."""

    json: bytes


class Twice(NamedTuple):
    """An object as a list of fields, so that one may come again."""

    fields: tuple[tuple[str, Any], ...]


def _deep(opening: bytes, closing: bytes, depth: int) -> Raw:
    return Raw(opening * depth + b"1" + closing * depth)


LONG = "x" * 70_000
TEXTS = (
    *("", " ", "\r\nX-Injected: yes", "a\nb", "\0", "\x1b[31m", "\u202eevil", "\ufeff", "\ufffe"),
    *("\u2028", "İı", "ß" * 300, "\U0001f600", "e\u0301", "%", "%0d%0a", "../..", "[", "]", "\\"),
    *("'", '"', "null", "True", "NaN", "inf", "-1", "1e999", "9" * 5000, "\u0661\u0662", "²"),
    *("0 seconds", "Fri, 31 Dec 9999 23:59:59 -9999", "1, 2 Foo", "0001-01-01T00:00:00+23:59"),
    *("9999-12-31T23:59:59-23:59", "2026-02-30T00:00:00Z", "http://[", "//", "https://a:b@c:0/"),
    *("urn:ietf:params:scim:schemas:core:2.0:User:userName", "$count", "(" * 300, "a" * 5000),
)
"""Texts that somebody has once tripped over."""

HOSTILE: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1.5, 2**31, 2**53 + 1, 2**63, 2**64, -(2**63) - 1, [], {}),
    *([None], [[]], [{}], {"": {}}, {"id": "x"}, [1, "a", None], *TEXTS),
    *map(Raw, (b"NaN", b"-Infinity", b"1e999", b"-1e999", b"1E400", b"-0", b"01", b"1e-9999")),
    *map(Raw, (b"9" * 400, b"9" * 5000, b"-" + b"9" * 5000, b"0." + b"1" * 5000, b"")),
    *map(Raw, (b'"\\ud800"', b'"\\udc00\\ud800"', b'"\\u0000"', b'"\xff\xfe"', b'"\0"', b'"\n"')),
    *map(Raw, (b'"\xed\xa0\x80"', b'"open', b"'x'", b"tru", b"{,}", b"[,]", b'{"a"}', b"//x")),
    _deep(b"[", b"]", 150),
    _deep(b'{"a":', b"}", 150),
    _deep(b"[", b"]", 1100),
    _deep(b'{"value":', b"}", 3000),
    Raw(b"[" * 100_000),
    Raw(b'"' + LONG.encode() + b'"'),
)
"""Values that stand where others are expected."""

_NAMES = ("", "id", "ID", "value", "@removed", "@odata.type", "__class__", "$ref", "\n", LONG)

Path = tuple[str | int, ...]


def encode(document: Any) -> bytes:
    """The document as bytes."""
    if isinstance(document, Raw):
        return document.json
    if isinstance(document, Twice):
        return b"{" + b",".join(_field(name, each) for name, each in document.fields) + b"}"
    if isinstance(document, dict):
        return b"{" + b",".join(_field(name, each) for name, each in document.items()) + b"}"
    if isinstance(document, list):
        return b"[" + b",".join(map(encode, document)) + b"]"
    return json.dumps(document, ensure_ascii=False).encode(errors="surrogatepass")


def _field(name: str, value: Any) -> bytes:
    return json.dumps(name).encode() + b":" + encode(value)


def _paths(document: Any, at: Path = ()) -> list[Path]:
    found = [at]
    if isinstance(document, dict):
        for name, each in document.items():
            found += _paths(each, (*at, name))
    elif isinstance(document, list):
        for index, each in enumerate(document):
            found += _paths(each, (*at, index))
    return found


def _at(document: Any, path: Path) -> Any:
    for step in path:
        document = document[step]
    return document


def _put(document: Any, path: Path, value: Any) -> Any:
    if not path:
        return deepcopy(value)
    _at(document, path[:-1])[path[-1]] = deepcopy(value)
    return document


NUMBERS = st.lists(st.integers(0, 2**32 - 1), max_size=4)
"""Of up to four changes."""

_KINDS = st.integers(0, 9)

Change = Callable[[random.Random, Any, Path, Sequence[Any]], Any]


def mutated(valid: Sequence[Any], extra: Sequence[Any] = ()) -> st.SearchStrategy[Any]:
    """A valid document with up to four changes. ``extra`` are more values of its kind."""
    return st.builds(
        lambda document, numbers: changed(document, numbers, extra),
        st.sampled_from(valid),
        NUMBERS,
    )


def changed(document: Any, numbers: Sequence[int], extra: Sequence[Any]) -> Any:
    """The document with a change for each of the numbers."""
    document = deepcopy(document)
    for number in numbers:
        chance = random.Random(number)
        document = chance.choice(_CHANGES)(chance, document, chance.choice(_paths(document)), extra)
    return document


def _retyped(chance: random.Random, document: Any, path: Path, extra: Sequence[Any]) -> Any:
    from_extra = bool(extra) and chance.random() < 0.4
    return _put(document, path, chance.choice(extra if from_extra else HOSTILE))


def _spoilt(chance: random.Random, document: Any, path: Path, _: Sequence[Any]) -> Any:
    """A text with something in it that does not belong there."""
    text = _at(document, path)
    if not isinstance(text, str):
        return _put(document, path, chance.choice(HOSTILE))
    return _put(document, path, _with_piece(chance, text))


def _deleted(_chance: random.Random, document: Any, path: Path, _: Sequence[Any]) -> Any:
    if path:
        del _at(document, path[:-1])[path[-1]]
    return document


def _repeated(chance: random.Random, document: Any, path: Path, _: Sequence[Any]) -> Any:
    found = _at(document, path)
    if isinstance(found, list):
        return _put(document, path, found * chance.choice((2, 3, 50)))
    if isinstance(found, dict) and found:
        name = chance.choice(sorted(found))
        again = chance.choice((name, name.swapcase()))
        return _put(document, path, Twice((*found.items(), (again, chance.choice(HOSTILE)))))
    return _put(document, path, [found, found])


def _renamed(chance: random.Random, document: Any, path: Path, _: Sequence[Any]) -> Any:
    if path and isinstance(path[-1], str):
        holder = _at(document, path[:-1])
        name = chance.choice((*_NAMES, path[-1].swapcase(), path[-1].lower()))
        holder[name] = holder.pop(path[-1])
    return document


def _moved(chance: random.Random, document: Any, path: Path, _: Sequence[Any]) -> Any:
    return _put(document, path, deepcopy(_at(document, chance.choice(_paths(document)))))


def _wrapped(chance: random.Random, document: Any, path: Path, _: Sequence[Any]) -> Any:
    inner = encode(_at(document, path))
    depth = chance.choice((1, 2, 60, 300, 2000))
    opening, closing = chance.choice(((b"[", b"]"), (b'{"value":', b"}")))
    return _put(document, path, Raw(opening * depth + inner + closing * depth))


_CHANGES: tuple[Change, ...] = (
    *(_retyped, _retyped, _spoilt, _spoilt, _deleted, _repeated, _renamed, _moved, _wrapped),
)


def broken(raw: bytes, number: int) -> bytes:
    """Bytes that broke on the way."""
    chance = random.Random(number)
    at = chance.randrange(len(raw) + 1)
    other = "utf-16" if number % 2 else "utf-32"
    return chance.choice(
        (
            lambda: raw[:at],
            lambda: raw[:at] + chance.randbytes(chance.randint(1, 4)) + raw[at:],
            lambda: raw[:at] + raw[at + chance.randint(1, 8) :],
            lambda: b"\xef\xbb\xbf" + raw,
            lambda: raw.decode("utf-8", "replace").encode(other, "replace"),
            lambda: raw + chance.choice((b"\0", b"{}", b"\n", raw)),
            lambda: chance.randbytes(64),
        )
    )()


def bodies(*valid: Any, extra: Sequence[Any] = ()) -> st.SearchStrategy[bytes]:
    """Bodies of JSON, most of them nearly valid ones."""

    def body(document: Any, numbers: list[int], kind: int) -> bytes:
        whole = encode(changed(document, numbers, extra))
        return whole if kind < 8 else broken(whole, sum(numbers) + kind)

    return st.builds(body, st.sampled_from(valid), NUMBERS, _KINDS)


def _with_piece(chance: random.Random, text: str) -> str:
    """A text with a piece cut out, put in or repeated."""
    start = chance.randrange(len(text) + 1)
    end = start + chance.choice((0, 0, 1, 3, 1000))
    pieces = (chance.choice(TEXTS), chr(chance.randrange(0x11000)), text[start:end], "")
    made = text[:start] + chance.choice(pieces) * chance.choice((1, 1, 1, 2, 40)) + text[end:]
    return made[:100_000]


def texts(*valid: str) -> st.SearchStrategy[str]:
    """Texts, most of them nearly valid ones."""

    def text(start: str, numbers: list[int]) -> str:
        for number in numbers:
            start = _with_piece(random.Random(number), start)
        return start

    return st.builds(text, st.sampled_from((*valid, *valid, *TEXTS)), NUMBERS)


def encodable_texts(*valid: str) -> st.SearchStrategy[str]:
    """The same without halves of surrogate pairs, which a decoder before has refused."""
    return texts(*valid).map(lambda text: text.encode(errors="replace").decode())
