"""What a list showed of objects whose writes got no answer: it is asked for each of them once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from provisioning.apply.evidence import place_of
from provisioning.model import (
    NAME_PATH,
    CreateObject,
    ObjectType,
    ScimId,
    TargetObject,
    Write,
    folded,
)
from provisioning.ports import Clock

_FRESH = 20.0
"""Seconds for which a sighting is as good as a look."""


class Sightings:
    """Objects seen, or missed, by name and by id. Each is told once."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seen: dict[tuple[str, str], tuple[float, TargetObject | None]] = {}

    def note(
        self, type: ObjectType, writes: Sequence[Write], listed: Iterable[TargetObject]
    ) -> None:
        """Notes what a complete list shows of the objects that were written: ``listed`` are those
        that are ``concerned``. One that it does not show has not been created; whether one is
        gone, only the object itself says.
        """
        now = self._clock.monotonic()
        self._seen = {mark: one for mark, one in self._seen.items() if one[0] + _FRESH > now}
        marks = {_mark(type, write) for write in writes}
        found: dict[tuple[str, str], list[TargetObject]] = {mark: [] for mark in marks}
        for each in listed:
            for mark in _marks_of(each) & marks:
                found[mark].append(each)
        for mark, objects in found.items():
            named = mark[0] != ""
            if len(objects) == 1 or (named and not objects):
                # Of several the filter tells, which names them all.
                self._seen[mark] = (now, objects[0] if objects else None)

    @staticmethod
    def concerned(
        type: ObjectType, writes: Sequence[Write], listed: Iterable[TargetObject]
    ) -> list[TargetObject]:
        """Those that may be what was written."""
        marks = {_mark(type, write) for write in writes}
        return [each for each in listed if _marks_of(each) & marks]

    def by_name(self, type: ObjectType, name: str) -> Sequence[TargetObject] | None:
        """Those of that name; ``None`` if it was not looked for lately."""
        return self._take(_named(type, name))

    def by_id(self, id: ScimId) -> Sequence[TargetObject] | None:
        """The object, if it was seen lately."""
        return self._take(("", id))

    def _take(self, mark: tuple[str, str]) -> Sequence[TargetObject] | None:
        at, found = self._seen.pop(mark, (float("-inf"), None))
        if at + _FRESH <= self._clock.monotonic():
            return None
        return () if found is None else (found,)


def _mark(type: ObjectType, write: Write) -> tuple[str, str]:
    if isinstance(write, CreateObject):
        return _named(type, str(write.attributes.get(NAME_PATH[type])))
    return "", str(place_of(write)[1])


def _marks_of(object: TargetObject) -> set[tuple[str, str]]:
    name = str(object.attributes.get(NAME_PATH[object.type]))
    return {("", object.id), _named(object.type, name)}


def _named(type: ObjectType, name: str) -> tuple[str, str]:
    return type.value, folded(name)
