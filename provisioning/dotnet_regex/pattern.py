"""A pattern that can be searched for, and what its matches are replaced by."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from provisioning.dotnet_regex.engines import (
    Backtracking,
    Found,
    Linear,
    backtracking,
    linear,
)
from provisioning.dotnet_regex.errors import (
    InvalidPattern,
    MatchFailed,
    ReplacementTooLong,
    TextTooLong,
)
from provisioning.dotnet_regex.limits import MAX_LINEAR_WORK, MAX_TEXT_LENGTH
from provisioning.dotnet_regex.replacement import Group, Part, Special, parts_of

if TYPE_CHECKING:
    from provisioning.dotnet_regex.scan import Scanned

_NOWHERE = -1


class Match:
    """Where a pattern was found in a text."""

    __slots__ = ("_found", "_groups", "_text")

    def __init__(self, text: str, found: Found, groups: dict[str, tuple[int, ...]]) -> None:
        self._text = text
        self._found = found
        self._groups = groups

    def group(self, name: str = "0") -> str | None:
        """The text of a group by its name or number; ``None`` when it took no part."""
        start, end = _span(self._found, self._groups.get(name, ()))
        return None if start == _NOWHERE else self._text[start:end]


class Pattern:
    """A checked pattern. Made by ``compile_pattern``."""

    def __init__(self, text: str, scanned: Scanned) -> None:
        self.text = text
        self._scanned = scanned
        self._last: tuple[str, tuple[Part, ...]] = ("", ())
        self._linear = None if scanned.linear is None else linear(scanned.linear)
        self._backtracking = backtracking(scanned.full) if self._linear is None else None

    @property
    def groups(self) -> frozenset[str]:
        """Names and numbers of the groups."""
        return frozenset(self._scanned.groups)

    @property
    def is_linear(self) -> bool:
        """Whether the time of matching grows with the text, and no faster."""
        return self._linear is not None

    def search(self, text: str) -> Match | None:
        """The first place where the pattern fits. Raises ``MatchFailed``."""
        found = self._engine(text).search(text)
        return None if found is None else Match(text, found, self._scanned.groups)

    def replace(self, text: str, replacement: str, *, limit: int, group: str | None = None) -> str:
        """The text with every match replaced, or of every match only the group ``group``.

        ``replacement`` may refer to groups (``${name}``). ``limit`` is the most characters of the
        result. Raises ``MatchFailed``.
        """
        groups = self._scanned.groups
        parts = self._parts(replacement)
        target = (0,) if group is None else groups.get(group, ())
        pieces: list[str] = []
        at = size = 0
        for found in self._matches(text):
            start, end = _span(found, target)
            if start < at:
                continue
            piece = text[at:start] + _filled(parts, found, text)
            size += len(piece)
            if size > limit:
                raise ReplacementTooLong(limit)
            pieces.append(piece)
            at = end
        if size + len(text) - at > limit:
            raise ReplacementTooLong(limit)
        return "".join((*pieces, text[at:]))

    def _parts(self, replacement: str) -> tuple[Part, ...]:
        """The replacement in parts. The last one is kept: in a mapping it is always the same."""
        text, parts = self._last
        if text != replacement:
            parts = parts_of(replacement, self._scanned.groups)
            self._last = (replacement, parts)
        return parts

    def _matches(self, text: str) -> list[Found]:
        engine = self._engine(text)
        if isinstance(engine, Linear):
            found = _within_work(engine.matches(text), len(text) * engine.size)
            if found is not None:
                return found
            engine = self._full()
        return list(engine.matches(text))

    def _engine(self, text: str) -> Linear | Backtracking:
        if len(text) > MAX_TEXT_LENGTH:
            raise TextTooLong(len(text))
        scanned = self._scanned
        if (
            self._linear is None
            or (scanned.soft_end and text.endswith("\n"))
            or (scanned.ascii_only and not text.isascii())
        ):
            return self._full()
        return self._linear

    def _full(self) -> Backtracking:
        if self._backtracking is None:
            try:
                self._backtracking = backtracking(self._scanned.full)
            except InvalidPattern as error:
                raise MatchFailed(str(error)) from error
        return self._backtracking


@lru_cache(maxsize=256)
def compile_pattern(text: str) -> Pattern:
    """The pattern, checked and ready. Raises ``InvalidPattern``."""
    # Loaded by the first pattern: most mappings have none, and it is slow to load.
    from provisioning.dotnet_regex.scan import scan

    return Pattern(text, scan(text))


def _within_work(matches: Iterator[Found], each: int) -> list[Found] | None:
    """The matches; ``None`` when finding them takes more than RE2 is given."""
    most = max(MAX_LINEAR_WORK // max(each, 1), 1)
    found: list[Found] = []
    for match in matches:
        if len(found) >= most:
            return None
        found.append(match)
    return found


def _span(found: Found, indices: tuple[int, ...]) -> tuple[int, int]:
    """The group's last place. Of groups of one name the one that ends last counts."""
    if len(indices) == 1:
        return found.span(indices[0])
    spans = [found.span(index) for index in indices]
    return max(spans, key=lambda span: span[1], default=(_NOWHERE, _NOWHERE))


def _filled(parts: tuple[Part, ...], found: Found, text: str) -> str:
    return "".join(
        part if isinstance(part, str) else _reference(part, found, text) for part in parts
    )


def _reference(part: Group | Special, found: Found, text: str) -> str:
    if isinstance(part, Group):
        start, end = _span(found, part.indices)
        return "" if start == _NOWHERE else text[start:end]
    start, end = found.span(0)
    if part.mark == "`":
        return text[:start]
    return text[end:] if part.mark == "'" else text
