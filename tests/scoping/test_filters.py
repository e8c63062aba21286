"""Groups of clauses, what cannot be decided, and the words for people."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.scoping import OPERATORS, Context, NullTally, Outcome
from provisioning.scoping.operators import Asks

from .forms import NOW, Clause, filter_of, outcome, problems_of

HERE = Context(NOW)
SLOW = "^(?:(?=a)a|aa)+$"
"""Goes back and forth in a text of many letters; for its lookahead it is not run by RE2."""


def test_no_groups_are_no_filter() -> None:
    assert problems_of() == []


def test_what_a_filter_reads_is_known() -> None:
    compiled = filter_of(
        [("department", "EQUALS", "Sales"), ("memberOf", "MEMBER_OF", "a", "b")],
        [("city", "IS NULL"), ("department", "IS NOT NULL")],
    )
    assert compiled.attributes == ("department", "city")
    assert compiled.groups == ("a", "b")
    assert compiled.text == (
        "department EQUALS 'Sales' and memberOf MEMBER_OF 'a' 'b'; or "
        "city IS NULL and department IS NOT NULL"
    )


def test_the_details_name_the_clause_that_decided() -> None:
    compiled = filter_of(
        [("department", "EQUALS", "Sales"), ("city", "EQUALS", "Rome")],
        [("employeeId", "GREATER_THAN", "9"), ("city", "NOT EQUALS", "Rome")],
    )
    row = {"department": "Marketing", "city": None, "employeeId": "12"}
    verdict = compiled.explain(row, HERE)
    assert not verdict.passes
    assert verdict.sentence == (
        "'group 0': department EQUALS Sales: is 'Marketing'; "
        "'group 1': city NOT EQUALS Rome: has no value"
    )
    assert [clause.at for clause in verdict.decided_by] == [
        "$.groups[0].clauses[0]",
        "$.groups[1].clauses[1]",
    ]
    assert [[c.outcome for c in group.clauses] for group in verdict.groups] == [
        [Outcome.FAILED, Outcome.FAILED],
        [Outcome.PASSED, Outcome.FAILED],
    ]
    assert [[c.because_null for c in group.clauses] for group in verdict.groups] == [
        [False, True],
        [False, True],
    ]


def test_the_details_of_who_passes() -> None:
    compiled = filter_of([("a", "EQUALS", "x")], [("a", "EQUALS", "y"), ("b", "IS NULL")])
    verdict = compiled.explain({"a": "y", "b": ""}, HERE)
    assert verdict.passes
    assert verdict.decided_by == ()
    assert verdict.sentence == "'group 1': a EQUALS y: is 'y' and b IS NULL: has no value"


# --- what cannot be decided ----------------------------------------------------------------------


def test_an_attribute_that_was_never_read_is_not_null() -> None:
    for operator in ("IS NULL", "IS NOT NULL", "EQUALS", "NOT EQUALS"):
        verdict = filter_of([("x", operator, "a")]).explain({}, HERE)
        assert verdict.undecided
        assert "not decided, since the attribute has not been read" in verdict.sentence
        assert not verdict.decided_by[0].because_null


def test_a_pattern_that_takes_too_long_drops_nobody() -> None:
    text = "a" * 60 + "!"
    assert outcome(text, "REGEX MATCH", SLOW) is Outcome.UNDECIDED
    assert outcome(text, "NOT REGEX MATCH", SLOW) is Outcome.UNDECIDED
    verdict = filter_of([("x", "REGEX MATCH", SLOW)]).explain({"x": text}, HERE)
    assert "within 50 ms" in verdict.sentence
    assert not verdict.passes


def test_undecided_only_where_nothing_else_decides() -> None:
    false, true, unread = ("a", "EQUALS", "x"), ("a", "EQUALS", "y"), ("b", "IS NULL")
    row = {"a": "y"}
    assert filter_of([unread, false]).outcome(row, HERE) is Outcome.FAILED
    assert filter_of([unread, true]).outcome(row, HERE) is Outcome.UNDECIDED
    assert filter_of([unread], [true]).outcome(row, HERE) is Outcome.PASSED
    assert filter_of([unread], [false]).outcome(row, HERE) is Outcome.UNDECIDED


@pytest.mark.parametrize(
    ("groups", "unknown", "member", "not_member"),
    [
        ({"a"}, set(), Outcome.PASSED, Outcome.FAILED),
        ({"c"}, set(), Outcome.FAILED, Outcome.PASSED),
        ({"a"}, {"b"}, Outcome.PASSED, Outcome.FAILED),
        ({"c"}, {"b"}, Outcome.UNDECIDED, Outcome.UNDECIDED),
    ],
)
def test_membership(
    groups: set[str], unknown: set[str], member: Outcome, not_member: Outcome
) -> None:
    context = Context(NOW, frozenset(groups), frozenset(unknown))
    is_in = filter_of([("memberOf", "MEMBER_OF", "a", "b")])
    is_out = filter_of([("memberOf", "NOT MEMBER_OF", "a", "b")])
    assert is_in.outcome({}, context) is member
    assert is_out.outcome({}, context) is not_member
    if member is Outcome.UNDECIDED:
        assert "since the members of 'b' are not known" in is_in.explain({}, context).sentence


# --- laws ----------------------------------------------------------------------------------------

values: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["Sales", "2025-01-01", "12", "9" * 5000]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=4,
)
rows = st.dictionaries(st.sampled_from(["a", "b", "memberOf"]), values)
CONSTANT = {"BEFORE": "now-30d", "AFTER": "2025-01-01", "REGEX MATCH": "a|1", "&": "a,Sales"}
clauses: st.SearchStrategy[Clause] = st.builds(
    lambda attribute, operator: (
        "memberOf" if operator.asks is Asks.MEMBERSHIP else attribute,
        operator.name,
        CONSTANT.get(operator.name, "12"),
    ),
    st.sampled_from(["a", "b"]),
    st.sampled_from(OPERATORS),
)
contexts = st.builds(
    Context,
    st.floats(0, 4e9),
    st.frozensets(st.sampled_from(["12", "x"])),
    st.frozensets(st.just("12")),
)


@given(
    groups=st.lists(st.lists(clauses, min_size=1, max_size=3), min_size=1), row=rows, at=contexts
)
def test_whatever_the_values_it_answers_and_the_laws_hold(
    groups: list[list[Clause]], row: dict[str, Any], at: Context
) -> None:
    """AND within a group and OR between groups; the details agree with the short answer."""
    whole = filter_of(*groups)
    alone = [[filter_of([clause]).outcome(row, at) for clause in group] for group in groups]
    each = [
        Outcome.FAILED
        if Outcome.FAILED in group
        else Outcome.UNDECIDED
        if Outcome.UNDECIDED in group
        else Outcome.PASSED
        for group in alone
    ]
    order = [Outcome.PASSED, Outcome.UNDECIDED, Outcome.FAILED]
    wanted = min(each, key=order.index)
    assert whole.outcome(row, at) is wanted
    verdict = whole.explain(row, at)
    assert verdict.outcome is wanted
    assert [group.outcome for group in verdict.groups] == each
    assert verdict.sentence
    assert whole.passes(row, at) is verdict.passes


# --- null, counted -------------------------------------------------------------------------------


def test_who_is_out_for_want_of_a_value_is_counted() -> None:
    compiled = filter_of([("department", "NOT EQUALS", "Sales"), ("city", "IS NOT NULL")])
    tally = NullTally()
    for department in (None, "", "Sales", "Legal", None):
        tally.add(compiled.explain({"department": department, "city": "Rome"}, HERE))
    tally.add(compiled.explain({"department": "Legal", "city": None}, HERE))
    (count,) = tally.above(2)
    assert (count.at, count.attribute, count.principals) == (
        "$.groups[0].clauses[0]",
        "department",
        3,
    )
    assert count.sentence.startswith("3 are out of scope since their department has no value")
    assert tally.above(3) == ()


def test_a_large_tenant_is_judged_in_a_moment() -> None:
    compiled = filter_of(
        [("department", "NOT EQUALS", "Sales"), ("mail", "REGEX MATCH", r".*\@example\.com")],
        [("city", "STARTS_WITH", "R"), ("employeeId", "GREATER_THAN", "5000")],
    )
    rows = [
        {"department": "Sales", "mail": f"u{n}@example.com", "city": "Rome", "employeeId": str(n)}
        for n in range(100_000)
    ]
    began = time.process_time()
    passed = sum(compiled.passes(row, HERE) for row in rows)
    assert passed == 94_999
    assert time.process_time() - began < 5.0  # about half a second on an idle machine
