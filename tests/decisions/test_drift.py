"""DRIFT: what it says of what, and what it may not say."""

from __future__ import annotations

import pytest

from provisioning.drift import (
    DriftPolicy,
    Treatment,
    parse_drift,
    remembered,
    remembered_members,
)
from provisioning.errors import ConfigurationError
from provisioning.model import ScimId
from provisioning.setting_values import InvalidSettingError

DEPARTMENT = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department"
REPAIR, REPORT, LEAVE = Treatment


@pytest.mark.parametrize("text", ["repair", " REPAIR ", "repair,", ""])
def test_one_word_is_for_everything(text: str) -> None:
    assert parse_drift(text) == DriftPolicy(REPAIR)
    assert parse_drift(text).of("memberships") is REPAIR


def test_exceptions_are_found_by_path_and_by_its_end_in_any_case() -> None:
    policy = parse_drift("Report, memberships = leave,DEPARTMENT=repair,name.givenName=leave")
    assert policy.of("memberships") is LEAVE
    assert policy.of(DEPARTMENT) is REPAIR
    assert policy.of("name.givenName") is LEAVE
    assert policy.of("name.familyName") is REPORT
    assert parse_drift(f"{DEPARTMENT}=leave").of(DEPARTMENT) is LEAVE
    assert parse_drift('emails[type eq "work"].value=leave').of('emails[type eq "work"].value') is (
        LEAVE
    )


def test_exceptions_alone_leave_the_rest_repaired() -> None:
    assert parse_drift("existence=report").of("title") is REPAIR


@pytest.mark.parametrize(
    "text", ["fix", "repair,title", "title=", "=leave", "title=fix", "report,title=leave,=repair"]
)
def test_what_is_no_treatment_is_named(text: str) -> None:
    with pytest.raises(InvalidSettingError, match="none of the values") as caught:
        parse_drift(text)
    assert "memberships=report" in caught.value.remedy


@pytest.mark.parametrize("text", ["repair,leave", "title=leave,TITLE=repair", "repair,repair"])
def test_what_is_said_twice_is_refused(text: str) -> None:
    with pytest.raises(InvalidSettingError, match="a second time"):
        parse_drift(text)


def test_a_name_that_the_schema_does_not_have_is_named_with_those_that_it_has() -> None:
    policy = parse_drift("repair,titel=leave,active=report,externalid=leave,department=leave")
    with pytest.raises(ConfigurationError) as caught:
        policy.require_known(("externalId", "title", DEPARTMENT))
    (problem,) = caught.value.problems
    assert (problem.field, "'titel'" in problem.message) == ("DRIFT", True)
    for name in ("memberships", "existence", "active", "externalId", "title", DEPARTMENT):
        assert name in problem.remedy
    parse_drift("existence=leave,memberships=leave,active=leave").require_known(())


def test_the_text_says_what_was_set() -> None:
    assert str(parse_drift("Title=leave, report")) == "report,title=leave"


def test_a_call_on_demand_decides_what_is_reported_and_leaves_what_is_left() -> None:
    policy = parse_drift("report,title=leave,department=repair").on_demand()
    assert [policy.of(name) for name in ("x", "title", DEPARTMENT)] == [REPAIR, LEAVE, REPAIR]


def test_the_record_takes_what_is_there_or_keeps_what_was_written() -> None:
    recorded = {"title": "T", "displayName": "D", "gone": "G"}
    found = {"title": "by hand", "displayName": "by hand", "added": "A"}
    policy = parse_drift("title=leave,gone=leave,added=report")
    assert remembered(recorded, found, policy) == {
        "title": "T",
        "displayName": "by hand",
        "gone": "G",
    }
    about = policy.without(["title", "added"])
    assert remembered(recorded, found, about) == {
        "title": "by hand",
        "displayName": "by hand",
        "added": "A",
        "gone": "G",
    }


@pytest.mark.parametrize("text", ["report", "leave"])
def test_members_that_hands_may_have_are_not_learned_and_not_forgotten(text: str) -> None:
    ids = {name: ScimId(name) for name in ("stays", "out", "old", "in", "wanted", "stranger")}
    recorded = [ids["stays"], ids["out"], ids["old"]]
    live = {ids["stays"], ids["in"], ids["wanted"], ids["stranger"]}
    belongs = [ids["stays"], ids["out"], ids["wanted"]]
    linked = [ids["in"], ids["wanted"]]
    add, gone = remembered_members(recorded, live, belongs, linked, parse_drift(text))
    assert (set(add), set(gone)) == ({"wanted", "stranger"}, {"old"})
    add, gone = remembered_members(recorded, live, belongs, linked, parse_drift("repair"))
    assert (set(add), set(gone)) == ({"in", "wanted", "stranger"}, {"out", "old"})
