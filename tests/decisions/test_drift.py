"""DRIFT: what it says of what, and what it may not say."""

from __future__ import annotations

import pytest

from provisioning.drift import (
    WORDS,
    DriftCounts,
    DriftPolicy,
    Finding,
    Outcome,
    Treatment,
    What,
    parse_drift,
    remembered,
    remembered_members,
)
from provisioning.errors import ConfigurationError
from provisioning.model import EntraId, ObjectType, ScimId
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
    with pytest.raises(ConfigurationError) as again:
        policy.require_known(("active", "externalId"))
    assert again.value.problems[0].remedy.count("active") == 1
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


def test_the_words_that_are_stored_and_shown() -> None:
    """Settings and documents hold them."""
    assert list(Treatment) == ["repair", "report", "leave"]
    assert list(Outcome) == ["repaired", "reported", "left"]
    assert list(What) == ["attribute", "active", "membership", "missing", "unmanaged"]
    assert WORDS == ("memberships", "existence", "active")
    assert DriftPolicy() == DriftPolicy(Treatment.REPAIR, {})


def test_what_was_found_starts_from_nothing() -> None:
    assert DriftCounts() == DriftCounts(
        cycle_id="",
        at=0,
        found=0,
        repaired=0,
        reported=0,
        left=0,
        unmanaged=0,
        orphans=0,
        reenabled=0,
        listed=0,
    )


def test_a_word_that_is_wrong_is_shown_but_not_the_whole_of_it() -> None:
    long = "x" * 200
    for text in (f"{long}=fix", f"repair,{long}"):
        with pytest.raises(InvalidSettingError) as caught:
            parse_drift(text)
        assert "x" * 90 in str(caught.value)
        assert "x" * 100 not in str(caught.value)
    with pytest.raises(InvalidSettingError, match="'title=leave' says") as twice:
        parse_drift("title=report,title=leave")
    assert "title=leave" in twice.value.remedy
    with pytest.raises(ConfigurationError) as unknown:
        parse_drift(f"{long}=leave,{'y' * 200}=leave").require_known(("b", "a", "a"))
    assert [problem.message.count("xxx") > 0 for problem in unknown.value.problems] == [True, False]
    assert all("y" * 100 not in problem.message for problem in unknown.value.problems)
    assert unknown.value.problems[0].remedy == ("Name one of memberships, existence, active, a, b.")


@pytest.mark.parametrize("keeps", ["report", "leave"])
def test_only_a_repair_takes_the_record_from_what_is_there(keeps: str) -> None:
    policy = parse_drift(f"title={keeps}")
    assert policy.keeps("title")
    assert not policy.keeps("nickName")
    assert remembered({}, {"title": "by hand"}, policy) == {}
    assert remembered({"nickName": "N"}, {}, policy) == {}


def test_a_path_that_is_no_urn_is_named_whole() -> None:
    path = 'emails[type eq "a:work"].value'
    assert parse_drift('work"].value=leave').of(path) is REPAIR
    about = parse_drift("leave").without([DEPARTMENT])
    assert about.of(DEPARTMENT) is REPAIR
    assert about.of("department") is REPAIR
    assert about.of("title") is LEAVE


@pytest.mark.parametrize(
    ("what", "expected", "found", "treatment", "reenabled"),
    [
        (What.ACTIVE, False, True, Outcome.LEFT, True),
        (What.ACTIVE, False, True, Outcome.REPORTED, True),
        (What.ACTIVE, False, True, Outcome.REPAIRED, False),
        (What.ACTIVE, True, False, Outcome.LEFT, False),
        (What.ACTIVE, True, True, Outcome.LEFT, False),
        (What.ACTIVE, False, False, Outcome.LEFT, False),
        (What.ATTRIBUTE, False, True, Outcome.LEFT, False),
    ],
)
def test_an_account_that_hands_switched_on(
    what: What, expected: bool, found: bool, treatment: Outcome, reenabled: bool
) -> None:
    finding = Finding(
        object_type=ObjectType.USER,
        source_id=EntraId("u"),
        target_id=ScimId("s"),
        name="Jo",
        what=what,
        attribute="active",
        expected=expected,
        found=found,
        treatment=treatment,
        at=0.0,
    )
    assert finding.is_reenabled is reenabled
