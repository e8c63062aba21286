"""Values that people had and a read shows no more: taken in only when it is plain that somebody
cleared them. Without the permission for it, Graph answers with nulls and not with an error.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import msgspec

from provisioning.errors import SourceImplausible
from provisioning.evidence import FEW, PROBED, is_empty, judge_values
from provisioning.job import Job
from provisioning.model import MANAGER, Attributes, EntraId, MirrorUser, Presence
from provisioning.ports import Row, Source

_AT_ONCE = 500
"""Rows of the mirror changed together."""


class Vanished:
    """Keeps such values back until the look has read all it reads.

    The mirror holds the former values meanwhile, so that a look that is not believed has spoilt
    nothing. Whom people report to is left out: one who is deleted is missing for all at once.
    """

    def __init__(self, job: Job) -> None:
        self._job = job
        self._kept: dict[EntraId, Attributes] = {}

    def keep_back(self, id: EntraId, before: MirrorUser | None, now: Attributes) -> Attributes:
        """The attributes to store: with the former values for those that vanished."""
        had = {} if before is None or before.presence is not Presence.PRESENT else before.attributes
        lost = {
            name: value
            for name, value in now.items()
            if is_empty(value) and name != MANAGER and not is_empty(had.get(name))
        }
        if not lost:
            self._kept.pop(id, None)  # Another replica still shows them.
            return now
        self._kept[id] = lost
        return {**now, **{name: had[name] for name in lost}}

    def last_shown(self, row: MirrorUser) -> Attributes:
        """The attributes as they were last shown: without the values that are kept back."""
        return {**row.attributes, **self._kept.get(row.id, {})}

    async def settle(self, source: Source) -> None:
        """Takes in what was kept back. Raises ``SourceImplausible`` when that cannot be believed:
        almost everybody has lost a value, or others have lost it too whom no change was told of.
        """
        for name, ids in _by_property(self._kept).items():
            await self._judge(name, ids, source)
        kept = sorted(self._kept)
        for start in range(0, len(kept), _AT_ONCE):
            await self._job.store.write(await self._cleared_rows(kept[start : start + _AT_ONCE]))
        self._kept.clear()

    async def _judge(self, name: str, lost: Collection[EntraId], source: Source) -> None:
        had, others = await self._others(name, lost)
        found = await source.users(others) if others else {}
        probed = [user.attributes.get(name) for user in found.values() if user is not None]
        sentence = judge_values(
            name,
            len(lost),
            had,
            probed=len(probed),
            probed_lost=sum(is_empty(value) for value in probed),
        )
        if sentence is not None:
            raise SourceImplausible(
                sentence,
                remedy="Grant the application permission User.Read.All to the identity of the app "
                f"and give admin consent. If '{name}' was cleared for everybody on purpose, take "
                "it out of the attribute mapping, run a cycle, and put it back.",
            )

    async def _others(self, name: str, lost: Collection[EntraId]) -> tuple[int, list[EntraId]]:
        """How many people have or had a value, and some of those who did not lose it.

        Of a few who lost it, only the others are looked for.
        """
        had, others = len(lost), list[EntraId]()
        async for key, row in self._job.mirror.users.all():
            id = EntraId(key)
            kept = row.presence is Presence.PRESENT and not is_empty(row.attributes.get(name))
            if not kept or id in lost:
                continue
            had += 1
            if len(others) < PROBED:
                others.append(id)
            elif len(lost) <= FEW:
                break
        return had, others

    async def _cleared_rows(self, ids: Sequence[EntraId]) -> list[Row]:
        rows = await self._job.mirror.users.get_many(ids)
        return [
            self._job.mirror.users.put(
                id,
                msgspec.structs.replace(
                    row,
                    attributes={**row.attributes, **self._kept[EntraId(id)]},
                ),
            )
            for id, row in rows.items()
        ]


def _by_property(kept: Mapping[EntraId, Attributes]) -> dict[str, set[EntraId]]:
    lost: dict[str, set[EntraId]] = {}
    for id, names in kept.items():
        for name in names:
            lost.setdefault(name, set()).add(id)
    return lost
