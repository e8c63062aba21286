"""``logs`` as a file: JSON Lines and CSV, whole or in part, and what cannot be written."""

from __future__ import annotations

import csv
import io
import json
import stat
from pathlib import Path

import pytest

from tests.cli.world import World


async def test_the_log_is_written_out_whole_and_in_part(world: World, tmp_path: Path) -> None:
    await world.run("cycle", PROVISIONING_STATUS="on")
    everything = (await world.run("logs", "--json", "--limit", "1000")).json["items"]
    assert len(everything) > 5

    whole = await world.run("logs", "--format", "jsonl")
    assert [json.loads(line) for line in whole.out.splitlines()] == everything
    assert f"{len(everything)} entries written." in whole.err

    some = await world.run("logs", "--format", "jsonl", "--limit", "3")
    rest = await world.run("logs", "--format", "jsonl", "--after", some.err.split()[-1])
    assert [json.loads(line) for line in (some.out + rest.out).splitlines()] == everything

    file = tmp_path / "log.csv"
    told = await world.run("logs", "--format", "csv", "--output", str(file), "--action", "create")
    assert (told.status, told.out) == (0, "")
    rows = list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8"), newline="")))
    assert [row["id"] for row in rows] == [e["id"] for e in everything if e["action"] == "create"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600

    nothing = await world.run("logs", "--action", "delete")
    assert (nothing.status, nothing.out.strip()) == (0, "No entries.")
    user = next(each for each in everything if each["object_type"] == "user")
    found = await world.run("logs", "--json", "--target", user["name"], "--cause", "initial")
    assert {each["name"] for each in found.json["items"]} == {user["name"]}


@pytest.mark.parametrize(
    ("options", "field"),
    [
        (("--format", "xml"), "format"),
        (("--format", "csv", "--json"), "format"),
        (("--output", "log.csv"), "output"),
        (("--format", "csv", "--output", "nowhere/log.csv"), "output"),
        (("--format", "csv", "--limit", "0"), "limit"),
    ],
)
async def test_options_that_do_not_go_together(
    world: World, options: tuple[str, ...], field: str
) -> None:
    ended = await world.run("logs", *options)
    assert ended.status == 2
    assert ended.err.count(f"{field}: ") + ended.out.count(f'"{field}"') == 1


async def test_a_wrong_filter_leaves_the_file_as_it_was(world: World, tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    file.write_text("kept")
    ended = await world.run("logs", "--format", "csv", "--output", str(file), "--status", "odd")
    assert ended.status == 2
    assert file.read_text() == "kept"
