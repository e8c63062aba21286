"""Whom a look files: in order, some at a time. The keys of a large tenant are never in memory
together.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from itertools import islice

from provisioning.job import Job
from provisioning.model import EntraId, Key, ObjectType

_AT_ONCE = 500
"""Keys that are handed out together."""


class Crowd:
    """Named keys, and with them those of a stored table. What is stored meanwhile may be among
    them, or not.
    """

    def __init__(self, job: Job, keys: Collection[Key] = ()) -> None:
        self._job = job
        self._keys = frozenset(keys)

    def with_keys(self, keys: Collection[Key]) -> Crowd:
        """The same, and these."""
        return Crowd(self._job, self._keys.union(keys))

    async def pages(self, type: ObjectType) -> AsyncIterator[list[Key]]:
        """All of one type in order, each once."""
        named = sorted(key for key in self._keys if key.type is type)
        for part in _parts(named):
            yield part

    async def those(self, keys: Collection[Key]) -> set[Key]:
        """Those of the keys that are among them."""
        return {key for key in keys if key in self._keys}


class StoredCrowd(Crowd):
    """The keys that looks have touched, or with ``everybody`` all that the mirror knows.

    ``without`` leaves out keys, unless they are named.
    """

    def __init__(
        self,
        job: Job,
        keys: Collection[Key] = (),
        *,
        everybody: bool,
        without: Collection[Key] = (),
    ) -> None:
        super().__init__(job, keys)
        self._everybody = everybody
        self._without = frozenset(without)

    def with_keys(self, keys: Collection[Key]) -> Crowd:
        """The same, and these."""
        return StoredCrowd(
            self._job,
            self._keys.union(keys),
            everybody=self._everybody,
            without=self._without,
        )

    async def pages(self, type: ObjectType) -> AsyncIterator[list[Key]]:
        """All of one type in order, each once."""
        named = sorted((key for key in self._keys if key.type is type), reverse=True)
        async for stored in self._stored(type):
            page = {key for key in stored if key not in self._without}
            while named and named[-1] <= stored[-1]:
                page.add(named.pop())
            for part in _parts(sorted(page)):
                yield part
        for part in _parts(named[::-1]):
            yield part

    async def those(self, keys: Collection[Key]) -> set[Key]:
        """Those of the keys that are among them."""
        found = await super().those(keys)
        rest = [key for key in keys if key not in found and key not in self._without]
        touched = await self._job.touched.get_many(str(key) for key in rest)
        found.update(key for key in rest if str(key) in touched)
        if self._everybody:
            users = await self._job.mirror.users.get_many(_ids(rest, ObjectType.USER))
            groups = await self._job.mirror.groups.get_many(_ids(rest, ObjectType.GROUP))
            known = {ObjectType.USER: users.keys(), ObjectType.GROUP: groups.keys()}
            found.update(key for key in rest if key.id in known[key.type])
        return found

    async def _stored(self, type: ObjectType) -> AsyncIterator[list[Key]]:
        mirror = self._job.mirror
        rows = mirror.users.name if type is ObjectType.USER else mirror.groups.name
        table, start = (rows, "") if self._everybody else (self._job.touched.name, f"{type.value}/")
        after = ""
        # Keys alone: what their rows hold is read, and decoded, when they are filed.
        while page := await self._job.store.scan(table, start, after=after, limit=_AT_ONCE):
            after = page[-1][0]
            yield [Key(type, EntraId(key.removeprefix(start))) for key, _ in page]


def _ids(keys: Collection[Key], type: ObjectType) -> list[str]:
    return [key.id for key in keys if key.type is type]


def _parts(keys: Collection[Key]) -> list[list[Key]]:
    rest = iter(keys)
    parts: list[list[Key]] = []
    while part := list(islice(rest, _AT_ONCE)):
        parts.append(part)
    return parts
