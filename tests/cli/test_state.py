"""``state export`` and ``state import`` as an operator calls them."""

from __future__ import annotations

import asyncio
import stat
from pathlib import Path

from tests.cli.world import World


async def test_state_moves_to_another_store_and_the_next_cycle_sends_nothing(
    world: World,
) -> None:
    assert (await world.run("cycle")).status == 0
    sent = len(world.writes)
    exported = await world.run("state", "export", "state.jsonl")
    assert exported.status == 0, exported.err
    assert "without the provisioning log" in exported.out
    file = world.folder / "state.jsonl"
    assert stat.S_IMODE((await asyncio.to_thread(file.stat)).st_mode) == 0o600
    again = await world.run("state", "export", "state.jsonl")
    assert again.status == 2
    assert "exists already" in again.err
    other = {"STATE_STORE": f"sqlite:///{world.folder}/other.db"}
    imported = await world.run("state", "import", "state.jsonl", "--json", **other)
    assert imported.status == 0, imported.err
    assert imported.json["tables"]["link"] > 0
    assert not imported.json["repeated"]
    assert (await world.run("cycle", **other)).status == 0
    assert len(world.writes) == sent
    refused = await world.run("state", "import", "state.jsonl", **other)
    assert refused.status == 2
    assert "is not empty" in refused.err


async def test_what_is_no_export_is_refused(world: World, tmp_path: Path) -> None:
    await asyncio.to_thread((tmp_path / "no.jsonl").write_bytes, b"{}\n")
    for name, said in (("no.jsonl", "is no export"), ("none.jsonl", "cannot be read")):
        refused = await world.run("state", "import", name)
        assert refused.status == 2
        assert said in refused.err
