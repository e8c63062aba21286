"""What is printed and which status is given, decided without a process."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from provisioning.cli import exit_status, output
from provisioning.cli.changes import changes_table
from provisioning.cli.environment import LOCAL_SETTINGS, add_local_settings
from provisioning.cli.progress import line_of, progress
from provisioning.errors import ConfigurationError
from provisioning.model import (
    Action,
    Change,
    ChangeMember,
    EntraId,
    ModifiedProperty,
    ObjectType,
    ScimId,
)
from provisioning.record import CycleKind, CycleRecord, CycleStatus, Requests
from tests.cli.world import until


def record(status: CycleStatus, code: str | None = None, *, dry_run: bool = False) -> CycleRecord:
    return CycleRecord(
        cycle_id="1",
        kind=CycleKind.INCREMENTAL,
        status=status,
        error_code=code,
        dry_run=dry_run,
    )


@pytest.mark.parametrize(
    ("status", "code", "run", "dry_run"),
    [
        (CycleStatus.COMPLETED, None, 0, 0),
        (CycleStatus.COMPLETED_WITH_ERRORS, None, 1, 0),
        (CycleStatus.HELD, None, 3, 0),
        (CycleStatus.STOPPED, None, 3, 0),
        (CycleStatus.QUARANTINED, "TooManyFailures", 3, 3),
        (CycleStatus.QUARANTINED, "Unauthorized", 4, 4),
        (CycleStatus.FAILED, "ConfigurationError", 2, 2),
        (CycleStatus.FAILED, "NotFound", 2, 2),
        (CycleStatus.FAILED, "RemoteUnavailable", 4, 4),
        (CycleStatus.FAILED, "TooManyRequests", 4, 4),
        (CycleStatus.FAILED, "InsufficientRights", 4, 4),
        (CycleStatus.FAILED, "SourceImplausible", 4, 4),
        (CycleStatus.FAILED, "LeaseUnavailable", 4, 4),
    ],
)
def test_exit_status_of_a_cycle(
    status: CycleStatus, code: str | None, run: int, dry_run: int
) -> None:
    """A dry run that failed exits like a run; what it shows is no failure."""
    assert exit_status.of_cycle(record(status, code)) == run
    assert exit_status.of_cycle(record(status, code, dry_run=True)) == dry_run


@pytest.mark.parametrize(
    ("status", "code", "outcomes", "expected"),
    [
        (CycleStatus.COMPLETED, None, ["create", "unchanged"], 0),
        (CycleStatus.COMPLETED_WITH_ERRORS, None, ["create", "failure"], 1),
        (CycleStatus.HELD, None, ["create"], 0),
        (CycleStatus.HELD, None, ["failure", "held"], 3),
        (CycleStatus.FAILED, "RemoteUnavailable", ["failure", "held"], 4),
        (CycleStatus.FAILED, "ConfigurationError", ["held"], 2),
    ],
)
def test_exit_status_on_demand(
    status: CycleStatus, code: str | None, outcomes: list[str], expected: int
) -> None:
    """The first of 2, 4, 3, 1 counts; what others are held for does not."""
    assert exit_status.of_on_demand(record(status, code), outcomes) == expected


def rendered(renderable: object) -> str:
    console = Console(file=io.StringIO(), width=200)
    console.print(renderable)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def added(number: int, name: str = "Staff") -> list[Change]:
    return [
        Change(
            change_id=str(index),
            action=Action.ADD_MEMBER,
            object_type=ObjectType.GROUP,
            source_id=EntraId(name),
            target_id=None,
            name=name,
            member=ChangeMember(EntraId(f"member-{index}"), ScimId(str(index))),
            reason_code="MemberOfGroup",
            reason="Member in Entra.",
        )
        for index in range(number)
    ]


def test_many_memberships_are_one_line() -> None:
    """Twenty are shown one by one, more as a number for each group."""
    few = rendered(changes_table(added(20)))
    assert few.count("add_member") == 20
    assert "member-19" in few
    many = rendered(changes_table([*added(21), *added(2, "Sales")]))
    assert many.count("add_member") == 3
    assert "21 members" in many


def test_values_are_shown_old_and_new_and_never_interpreted() -> None:
    """Markup and control characters of a remote system are text."""
    change = Change(
        change_id="1",
        action=Action.UPDATE,
        object_type=ObjectType.USER,
        source_id=EntraId("1"),
        target_id=ScimId("2"),
        name="[red]\x1b[2Jname[/red]",
        reason_code="Changed",
        reason="Its attributes changed.",
        modified_properties=(
            ModifiedProperty("title", "Old", "New"),
            ModifiedProperty("active", False, True),
            ModifiedProperty("department", "Sales", None),
        ),
    )
    shown = rendered(changes_table([change]))
    assert "title: Old -> New" in shown
    assert "active: false -> true" in shown
    assert "department: Sales -> (removed)" in shown
    assert "[red] [2Jname[/red]" in shown


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.44, "0.4 s"), (59, "59 s"), (200, "3 min 20 s"), (3900.2, "1 h 5 min")],
)
def test_durations(seconds: float, text: str) -> None:
    assert output.duration(seconds) == text


def test_progress_line() -> None:
    """Phase, items, requests and time left, as far as they are known."""
    cycle = record(CycleStatus.RUNNING)
    cycle.phase = "reading Entra"
    assert line_of(cycle) == "reading Entra: 0 requests sent"
    cycle.phase, cycle.done, cycle.left, cycle.seconds_left = "provisioning", 3, 7, 14
    cycle.requests = Requests(graph=2, scim=4)
    assert line_of(cycle) == "provisioning: 3 of 10 done, 6 requests sent, 14 s left"


@pytest.mark.parametrize("terminal", [True, False])
async def test_progress_goes_to_its_console(terminal: bool) -> None:
    """A bar on a terminal, lines elsewhere; both say first what is waited for."""
    out = io.StringIO()
    console = Console(file=out, force_terminal=terminal, width=120)
    cycle = record(CycleStatus.RUNNING)
    cycle.phase, cycle.done, cycle.left = "provisioning", 3, 7
    async with progress(console, "waiting", every=0.005) as update:
        await until(lambda: "waiting" in out.getvalue())
        update(cycle)
        await until(lambda: "provisioning" in out.getvalue())
    assert ("3/10" if terminal else "3 of 10") in out.getvalue()


@pytest.mark.parametrize(
    "content",
    ["{", "[]", '{"IsEncrypted": true, "Values": {}}', '{"Values": {"A": 1}}', "[" * 100_000],
    ids=["no JSON", "no object", "encrypted", "number", "too deep"],
)
def test_unreadable_local_settings(tmp_path: Path, content: str) -> None:
    """The file is named, and what to write in it."""
    (tmp_path / LOCAL_SETTINGS).write_text(content)
    with pytest.raises(ConfigurationError, match=r"local\.settings\.json") as caught:
        add_local_settings({}, tmp_path)
    assert caught.value.problems[0].remedy


def test_local_settings_of_windows_editors(tmp_path: Path) -> None:
    """A byte order mark is no part of the JSON; what is set already stays."""
    text = '{"Values": {"A": "file", "B": "file"}}'
    (tmp_path / LOCAL_SETTINGS).write_text(text, encoding="utf-8-sig")
    environ = {"A": "environment"}
    add_local_settings(environ, tmp_path)
    assert environ == {"A": "environment", "B": "file"}
    add_local_settings(environ, tmp_path / "nowhere")
    assert len(environ) == 2
