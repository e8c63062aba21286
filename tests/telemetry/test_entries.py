"""What of a log entry leaves the process."""

from __future__ import annotations

import json

import msgspec
import pytest

from provisioning.model import Action, ChangeMember, EntraId, ModifiedProperty, ObjectType, ScimId
from provisioning.provisioning_log import LogEntry, LogStatus, Step
from provisioning.telemetry.catalogue import LOG_ENTRY
from provisioning.telemetry.entries import LONGEST, Fields, fields

NAMES = ("Ada Adler", "ada@example.com", "Sales", "Bob", "Legal")


def entry(**changes: object) -> LogEntry:
    whole = LogEntry(
        id="0001",
        time=1_760_000_000.1234,
        cycle_id="c1",
        cause="live",
        status=LogStatus.FAILURE,
        action=Action.ADD_MEMBER,
        object_type=ObjectType.GROUP,
        source_id=EntraId("g1"),
        target_id=ScimId("t1"),
        name="Ada Adler",
        change_id="d1",
        member=ChangeMember(EntraId("u1"), ScimId("t2"), "Bob"),
        reason_code="Assigned",
        reason="Bob is a member of Sales.",
        modified_properties=(ModifiedProperty("department", "Sales", "Legal"),),
        error_code="Rejected",
        remedy="Correct ada@example.com.",
        request_id="r1",
        trace_id="a" * 32,
        attempt=2,
        duration_ms=30,
        latency_ms=1500,
        steps=(Step("match", "success", "ada@example.com was found"),),
    )
    return msgspec.structs.replace(whole, **changes)


def told(entry: LogEntry, *, personal: bool = False) -> Fields:
    return fields(msgspec.json.encode(entry), personal=personal)[1]


def test_fields_are_called_as_in_the_log_and_are_all_in_the_catalogue() -> None:
    assert set(told(entry())) == set(LOG_ENTRY.fields)
    assert set(told(entry(), personal=True)) == {*LOG_ENTRY.fields, *LOG_ENTRY.personal}
    assert {*LOG_ENTRY.fields, *LOG_ENTRY.personal} == set(LogEntry.__struct_fields__)


def test_without_personal_data_nobody_is_named_and_no_value_is_told() -> None:
    shown = told(entry())
    assert not [name for name in NAMES if name in json.dumps(shown)]
    assert json.loads(str(shown["member"])) == {"source_id": "u1", "target_id": "t2"}
    assert json.loads(str(shown["modified_properties"])) == [{"name": "department"}]
    assert json.loads(str(shown["steps"])) == [{"name": "match", "status": "success"}]
    assert (shown["source_id"], shown["latency_ms"], shown["attempt"]) == ("g1", 1500, 2)
    assert shown["time"] == "2025-10-09T08:53:20.123Z"


def test_with_personal_data_all_of_the_entry_is_told() -> None:
    shown = told(entry(), personal=True)
    assert all(name in json.dumps(shown) for name in NAMES)
    [modified] = json.loads(str(shown["modified_properties"]))
    assert modified == {"name": "department", "old": "Sales", "new": "Legal"}


def test_what_has_no_value_is_left_out() -> None:
    shown = told(entry(member=None, modified_properties=(), error_code=None, steps=(), reason=""))
    assert {"member", "modified_properties", "error_code", "steps", "reason"} & set(shown) == set()


@pytest.mark.parametrize("personal", [False, True])
def test_a_large_entry_is_cut_where_json_stays_json(personal: bool) -> None:
    many = tuple(ModifiedProperty(f"attribute{n}", "x" * 100, "é" * 100) for n in range(1000))
    shown = told(entry(modified_properties=many, reason="y" * 20_000), personal=personal)
    assert max(len(str(value)) for value in shown.values()) <= LONGEST
    properties = json.loads(str(shown["modified_properties"]))
    assert properties[-1] == {"left_out": 1000 - (len(properties) - 1)}
    one = (ModifiedProperty("photo", None, "x" * 20_000),)
    shown = told(entry(modified_properties=one), personal=True)
    assert json.loads(str(shown["modified_properties"])) == [{"left_out": 1}]
