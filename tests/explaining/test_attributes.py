"""Attributes: from what each has its value, and what becomes of it."""

from __future__ import annotations

import msgspec
import pytest

from provisioning.drift import parse_drift
from provisioning.explaining.attributes import (
    explained_attributes,
    left_by_hand,
    written_values,
)
from provisioning.explaining.findings import Findings
from provisioning.mapping import AttributeSource
from tests.decisions.principals import (
    JO,
    link,
    mapped,
    unfit,
)
from tests.explaining.findings import (
    there,
    unlinked,
    user,
)
from tests.explaining.plans import (
    CREATE,
    DELETE,
    UPDATE,
    doing,
    update,
)


def outcome(found: Findings, name: str = "title") -> str:
    return next(each.outcome for each in explained_attributes(found) if each.name == name)


def test_an_attribute_with_all_that_is_known_of_it() -> None:
    found = user({"mapped": mapped({**JO, "title": "Boss"})}, {"live": there(title="By hand")})
    _, title = explained_attributes(found)
    assert msgspec.structs.asdict(title) == {
        "name": "title",
        "expression": "[jobTitle]",
        "source": {"jobTitle": "Clerk"},
        "value": "Boss",
        "recorded": "Clerk",
        "live": "By hand",
        "outcome": "not_sent",
        "problem": None,
        "remedy": None,
    }
    assert [each.name for each in explained_attributes(found)] == ["userName", "title"]


def test_an_attribute_that_no_log_may_show() -> None:
    secret = AttributeSource("title", "Redact([jobTitle])", ("jobTitle",), True)
    (title,) = explained_attributes(user({}, {"live": there(title="x")}, sources=(secret,)))
    assert title.source == {"jobTitle": "[Redact]"}
    assert title.value == title.recorded == title.live == "[Redact]"


@pytest.mark.parametrize(
    ("should", "rules", "recorded", "live", "drift", "expected"),
    [
        ("Clerk", {}, "Clerk", None, "repair", "equal"),
        ("Clerk", {}, "Clerk", {"title": "Clerk"}, "repair", "equal"),
        ("Boss", {}, "Clerk", {"title": "Boss"}, "repair", "equal"),
        ("Clerk", {}, "Clerk", {"title": "hand"}, "repair", "not_sent"),
        ("Clerk", {}, "Clerk", {"title": "hand"}, "leave", "left"),
        ("Clerk", {}, "Clerk", {"title": "hand"}, "report", "not_sent"),
        ("Boss", {}, "Clerk", {"title": "hand"}, "leave", "not_sent"),
        ("Boss", {"create_only": {"title"}}, "Clerk", None, "repair", "created_only"),
        (None, {}, None, None, "repair", "empty"),
        (None, {}, "", None, "repair", "empty"),
        (None, {"keep": {"title"}}, "Clerk", None, "repair", "kept"),
        (None, {}, "Clerk", None, "repair", "not_sent"),
        (None, {}, None, {"title": "hand"}, "leave", "left"),
        (None, {}, None, {"title": "hand"}, "repair", "not_sent"),
    ],
)
def test_what_becomes_of_an_attribute(
    should: str | None,
    rules: dict[str, set[str]],
    recorded: str | None,
    live: dict[str, str] | None,
    drift: str,
    expected: str,
) -> None:
    values = {} if should is None else {"title": should}
    frozen = {name: frozenset(each) for name, each in rules.items()}
    found = user(
        {"mapped": mapped(values, **frozen)},
        {} if live is None else {"live": there(**live)},
        link=link(attributes={} if recorded is None else {"title": recorded}),
        drift=parse_drift(drift),
    )
    assert outcome(found) == expected
    assert left_by_hand(found) == (["title"] if expected == "left" else [])


def test_what_a_request_carries_is_written_or_cleared() -> None:
    assert outcome(doing(UPDATE)) == "written"
    assert outcome(doing(update(title=None))) == "cleared"
    assert outcome(doing(CREATE), "userName") == "written"
    assert written_values(doing(CREATE, UPDATE, DELETE)) == {**JO, "title": "Boss"}
    (_, title) = explained_attributes(doing(UPDATE))
    assert title.value == "Boss"


def test_what_is_unfit_says_why() -> None:
    _, title = explained_attributes(user({"mapped": unfit(JO)}))
    assert (title.outcome, title.problem, title.remedy) == (
        "unfit",
        "It has none either.",
        "Give it another.",
    )


def test_what_would_be_created_only_is_not_yet_there() -> None:
    only = mapped({"title": "Boss"}, create_only=frozenset({"title"}))
    assert outcome(unlinked(user({"mapped": only}))) == "not_sent"
    found = unlinked(user({"mapped": only}, {"live": there(title="x")}, drift=parse_drift("leave")))
    assert outcome(found) == "created_only"
