"""The comparison of a dry run with the run notices what only one of them has."""

from __future__ import annotations

from typing import Any

import msgspec

from provisioning.model import Action, Change, EntraId, ObjectType, ScimId
from provisioning.provisioning_log import LogEntry, LogStatus
from tests.soak.rehearsal import unlike

CHANGE = Change(
    change_id="rename",
    action=Action.UPDATE,
    object_type=ObjectType.USER,
    source_id=EntraId("one"),
    target_id=ScimId("1"),
    name="one@example.com",
    reason_code="AttributeChanged",
    reason="userName differs from Entra.",
)
LINE = LogEntry(
    id="1",
    time=0.0,
    cycle_id="this",
    cause="incremental",
    status=LogStatus.SUCCESS,
    action=CHANGE.action,
    object_type=CHANGE.object_type,
    source_id=CHANGE.source_id,
    target_id=CHANGE.target_id,
    name=CHANGE.name,
    change_id=CHANGE.change_id,
)


def line(**other: Any) -> LogEntry:
    return msgspec.structs.replace(LINE, **other)


def test_what_was_told_and_made_is_alike() -> None:
    assert unlike([CHANGE], [LINE], "this", ()) == []
    assert unlike([], [line(change_id=None)], "this", ()) == []
    assert unlike([], [line(status=LogStatus.SKIPPED)], "this", ()) == []


def test_what_only_one_of_both_has_is_noticed() -> None:
    assert unlike([CHANGE], [], "this", ()) == ["told only: update one@example.com"]
    assert unlike([], [LINE], "this", ()) == ["done only: update one@example.com"]
    assert len(unlike([CHANGE], [line(change_id="another")], "this", ())) == 2
    assert len(unlike([CHANGE], [LINE, LINE], "this", ())) == 1


def test_what_waited_in_escrow_is_made_by_the_run_under_the_cycle_that_it_comes_from() -> None:
    waited = line(cycle_id="earlier", cause="escrow")
    assert unlike([CHANGE], [waited], "this", ()) == []
    assert unlike([], [waited], "this", ()) == []
    assert len(unlike([CHANGE], [line(cycle_id="earlier", change_id="another")], "this", ())) == 1


def test_who_failed_and_who_was_edited_by_hand_does_not_count_and_others_do() -> None:
    failed = line(status=LogStatus.FAILURE)
    assert unlike([CHANGE], [failed], "this", ()) == []
    assert unlike([CHANGE], [], "this", {"one"}) == []
    other = msgspec.structs.replace(CHANGE, source_id=EntraId("two"))
    assert len(unlike([other], [failed], "this", {"one"})) == 1


def test_a_name_for_a_moment_counts_unless_somebody_is_linked_by_the_run() -> None:
    moment = line(change_id="moment", reason_code="NameExchanged")
    matched = line(change_id=None, reason_code="Matched")
    assert len(unlike([CHANGE], [LINE, moment], "this", ())) == 1
    assert unlike([CHANGE], [LINE, moment, matched], "this", ()) == []
    assert len(unlike([], [LINE, moment, matched], "this", ())) == 1
