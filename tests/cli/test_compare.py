"""``compare`` as a person calls it: a table, one JSON document, and exit statuses."""

from __future__ import annotations

import os
from pathlib import Path

from tests.cli.world import connected, small_tenant


async def test_it_compares_before_anything_is_switched_on(tmp_path: Path) -> None:
    async with connected(small_tenant(), tmp_path) as world:
        for user in (u for u in world.tenant.users.current().values() if u.surname == "S"):
            world.zscloud.create_user(
                userName=user.user_principal_name, externalId=user.id, displayName="Edited"
            )
        ended = await world.run("compare", PROVISIONING_STATUS="off")
        assert ended.status == 0, ended.err
        assert "displayName: Edited -> User 0" in ended.out
        assert "would be changed" in ended.out
        assert "ValueDiffers" in ended.out
        assert "Would be held until somebody approves: 1. State lost" in ended.out
        assert "Nothing was written." in ended.out
        assert world.writes == []
        assert os.listdir(tmp_path) == []  # noqa: PTH208  the file system of one machine


async def test_what_cannot_be_read_ends_with_4(tmp_path: Path) -> None:
    async with connected(small_tenant(), tmp_path) as world:
        ended = await world.run("compare", "--json", ZSCLOUD_SCIM_TOKEN="revoked-token")
        assert ended.status == 4
        assert ended.json["cycle"]["error"]["code"] == "Unauthorized"
        assert ended.json["items"] == []
