"""Links and their indexes, as a death in the middle of a write leaves them."""

from __future__ import annotations

import msgspec

from provisioning.links import Links
from provisioning.model import EntraId, Key, Link, ObjectType, Origin, ScimId
from provisioning.rows.buffer import WriteBehind
from provisioning.state.memory import MemoryStore
from tests.scenarios.simulation import RunningClock, simulate
from tests.scenarios.world import World

LINK = Link(
    key=Key(ObjectType.USER, EntraId("a")),
    scim_id=ScimId("1"),
    attributes={"userName": "Old@example.com"},
    origin=Origin.CREATED,
    linked_at=0.0,
    written_at=0.0,
)
RENAMED = msgspec.structs.replace(LINK, attributes={"userName": "new@example.com"})


def test_the_old_name_is_nobodys_however_much_of_a_rename_was_stored() -> None:
    """From when on the link has the new one; until then it is the link's."""

    async def story(_: World) -> None:
        rows = Links(WriteBehind(MemoryStore(), RunningClock()), "job").put(RENAMED, LINK)
        for count in range(len(rows) + 1):
            store = WriteBehind(MemoryStore(), RunningClock())
            links = Links(store, "job")
            await store.write(links.put(LINK, None))
            await store.write(rows[:count])
            link = await links.get(LINK.key)
            holders = [
                await links.holder(ObjectType.USER, name)
                for name in ("old@example.com", "new@example.com")
            ]
            assert holders == ([LINK.key, None] if link == LINK else [None, LINK.key])

    simulate(story)
