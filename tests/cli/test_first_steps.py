"""The program without a command says what to do as things stand."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Any

import pytest

from provisioning.cli import first_steps
from provisioning.operations.first_steps import REQUIRED
from tests.cli.world import TOKEN, World


def commands(document: dict[str, Any]) -> list[str | None]:
    return [step["command"] for step in document["steps"]]


async def test_nothing_is_set(world: World) -> None:
    """Which settings are needed, and where they are read from."""
    world.settings.clear()
    said = await world.run()
    assert said.status == 0
    assert all(name in said.out for name in REQUIRED)
    assert f"{world.folder}/local.settings.json, which is not there" in said.out
    assert "make demo" in said.out
    assert len(said.out.splitlines()) < 15
    assert not list(world.folder.iterdir())


async def test_settings_are_wrong(world: World) -> None:
    """All that is wrong, each with its remedy, never a secret's value."""
    (world.folder / "local.settings.json").write_text('{"Values": {}}')
    wrong = {"ENTRA_SERVICE_PRINCIPAL_ID": "x", "ZSCLOUD_SCIM_TOKEN": f"{TOKEN} "}
    said = await world.run(**wrong)
    assert said.status == 0
    assert all(name in said.out for name in wrong)
    assert "local.settings.json, which is read" in said.out
    document = (await world.run("--json", **wrong)).json
    assert document["situation"] == "unfit"
    assert {problem["field"] for problem in document["problems"]} == set(wrong)


async def test_from_switched_off_to_at_work(world: World) -> None:
    """Each time the next step; what was done already is ticked off."""
    off = {"PROVISIONING_STATUS": "off"}
    document = (await world.run("--json", **off)).json
    assert document["situation"] == "off"
    assert commands(document) == [
        *("test-connection", "plan", "on-demand --user UPN"),
        *(None, "cycle"),
    ]
    assert "PROVISIONING_STATUS=on" in document["steps"][3]["text"]
    await world.run("plan", **off)
    await world.run("on-demand", "--user", "user0@example.com", **off)
    said = (await world.run(**off)).out
    assert [line[0] for line in said.splitlines() if line.endswith("(done)")] == ["2", "3"]

    document = (await world.run("--json")).json
    assert (document["situation"], commands(document)) == ("new", ["plan", "cycle"])
    await world.run("cycle")
    document = (await world.run("--json")).json
    assert (document["situation"], commands(document)[0]) == ("healthy", "status")
    assert document["sentence"] == "The last cycle completed."

    await world.run("stop")
    document = (await world.run("--json")).json
    assert (document["situation"], commands(document)) == ("stopped", ["status", "start"])


async def test_a_store_of_another_job(world: World) -> None:
    """Says what `restart --take-over` or the right settings would mend, and changes nothing."""
    await world.run("cycle")
    other = {"ENTRA_SERVICE_PRINCIPAL_ID": "00000000-0000-4000-8000-000000000001"}
    said = await world.run(**other)
    assert said.status == 0
    assert "STATE_STORE" in said.out


def test_the_program_is_named_as_it_can_be_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    interpreter = tmp_path / ".venv" / "bin" / "python"
    interpreter.parent.mkdir(parents=True)
    interpreter.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(interpreter))
    assert first_steps.invocation() == ".venv/bin/python -m provisioning"
    monkeypatch.setenv("PATH", str(interpreter.parent))
    assert first_steps.invocation() == "python -m provisioning"
    elsewhere = tmp_path / "else where"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    monkeypatch.setenv("PATH", "")
    assert shlex.split(first_steps.invocation())[0] == str(interpreter)
