"""What a schema means: shown, compared, warned about, and set beside what Entra does."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.expressions import compile_expression
from provisioning.schema import SHIPPED, Schema, digest, load_schema, schema_of
from provisioning.schema.advice import warnings
from provisioning.schema.compare import compare
from provisioning.schema.describe import filter_sentences, lines_of, summary
from provisioning.schema.deviations import deviations
from provisioning.schema.meaning import expression_text
from tests.mapping.schemas import attribute, clause, expression, object_mapping, scope

USERS = "$.synchronizationRules[0].objectMappings[0]"
SALES = clause("department", "EQUALS", "Sales")
GERMAN = clause("country", "EQUALS", "DE")


def export(*changes: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(SHIPPED.read_text(encoding="utf-8"))
    for change in changes:
        change(made)
    return made


def schema(*changes: Callable[[dict[str, Any]], None]) -> Schema:
    return schema_of(export(*changes))


def source(target: str, text: str) -> Callable[[dict[str, Any]], None]:
    return lambda e: attribute(e, target).update(source=expression(text))


def filtered(*groups: Any, name: str = "User") -> Callable[[dict[str, Any]], None]:
    return lambda e: object_mapping(e, name).update(scope=scope(*groups))


TEXTS = st.text(max_size=20)


@given(TEXTS, TEXTS)
def test_the_written_form_of_an_expression_means_the_same(one: str, other: str) -> None:
    """It parses to itself, whatever stands in its texts."""
    quoted = [text.replace("\\", "\\\\").replace('"', '\\"') for text in (one, other)]
    text = f'IIF( [a]="{quoted[0]}",Join("{quoted[1]}" , [b],,1) ,Append([c], True))'
    compiled = compile_expression(text, "x")
    shown = expression_text(compiled)
    assert shown is not None
    again = compile_expression(shown, "x")
    assert expression_text(again) == shown
    row = {"a": one, "b": "x", "c": "y"}
    assert again.evaluate(row) == compiled.evaluate(row)


def test_what_means_nothing() -> None:
    """Order, names, ids and white space."""

    def shuffle(e: dict[str, Any]) -> None:
        e["directories"].reverse()
        e["synchronizationRules"][0]["name"] = "another"
        e["synchronizationRules"][0]["objectMappings"].reverse()
        object_mapping(e)["attributeMappings"].reverse()
        attribute(e, "active")["source"]["expression"] = (
            'Switch([IsSoftDeleted],,"False","True","True","False")'
        )

    filters = filtered([SALES, GERMAN], clause("city", "IS NULL"))
    turned = filtered(clause("city", "is_null"), [GERMAN, SALES])
    old, new = schema(filters), schema(shuffle, turned)
    assert digest(old) == digest(new)
    assert compare(old, new).equal


CHANGES: list[Callable[[dict[str, Any]], None]] = [
    source("displayName", "[mail]"),
    source("displayName", '"Jo"'),
    lambda e: attribute(e, "displayName").update(defaultValue="Nobody"),
    lambda e: attribute(e, "name.givenName").update(whenEmpty="keep"),
    lambda e: attribute(e, "name.givenName").update(whenEmpty="keep", flowType="ObjectAddOnly"),
    lambda e: attribute(e, "externalId").update(matchingPriority=2),
    lambda e: object_mapping(e)["attributeMappings"].pop(),
    filtered(SALES),
    filtered(SALES, GERMAN),
    filtered([SALES, GERMAN]),
    filtered(clause("department", "NOT EQUALS", "Sales")),
    filtered(clause("department", "EQUALS", "sales")),
    filtered(clause("displayName", "EQUALS", "Sales"), name="Group"),
]


def test_everything_that_means_something_is_told_apart() -> None:
    """By the digest and by the comparison, and both agree."""
    schemas = [schema(), *(schema(change) for change in CHANGES)]
    assert len({digest(each) for each in schemas}) == len(schemas)
    for n, one in enumerate(schemas):
        for m, other in enumerate(schemas):
            assert compare(one, other).equal is (n == m)


def test_a_difference_names_each_field() -> None:
    change = lambda e: attribute(e, "name.givenName").update(  # noqa: E731
        source=expression("ToUpper([givenName])"), whenEmpty="keep", defaultValue="-"
    )
    (found,) = compare(schema(), schema(change)).user.attributes
    assert (found.target, found.change) == ("name.givenName", "changed")
    assert [(f.field, f.old, f.new) for f in found.fields] == [
        ("source", "[givenName]", "ToUpper([givenName])"),
        ("default", None, "-"),
        ("when_empty", "clear", "keep"),
    ]
    pop = lambda e: object_mapping(e)["attributeMappings"].pop()  # noqa: E731
    (removed,) = compare(schema(), schema(pop)).user.attributes
    (added,) = compare(schema(pop), schema()).user.attributes
    assert (removed.change, added.change) == ("removed", "added")
    (source_field,) = [f for f in removed.fields if f.field == "source"]
    assert (source_field.old, source_field.new) == ("[department]", None)


def test_a_difference_of_filters() -> None:
    found = compare(schema(filtered(SALES, GERMAN)), schema(filtered(SALES))).user
    assert found.filter_removed == ("group 1: country EQUALS 'DE'",)
    assert found.filter_added == ()
    assert not found.opened
    opened = compare(schema(filtered(SALES)), schema()).user
    assert opened.opened
    assert compare(schema(), schema(filtered(SALES))).user.closed


def test_lines_and_sentences() -> None:
    made = schema(filtered([SALES, clause("memberOf", "MEMBER_OF", "A", "B")]))
    assert filter_sentences(made.user.filter) == (
        "group 0: department EQUALS 'Sales' and memberOf MEMBER_OF 'A' 'B'",
    )
    lines = {line.target: line for line in lines_of(made.user)}
    assert lines["userName"].matching == 1
    assert lines["name.givenName"].when_empty == "clear"
    assert [line.target for line in lines_of(made.group)][-1] == "members"
    assert "found by userName; a filter of 1 group of clauses" in summary(made.user)
    assert "no filter" in summary(made.group)


# --- warnings ------------------------------------------------------------------------------------


def told(*changes: Callable[[dict[str, Any]], None]) -> list[str]:
    return [f"{w.field} {w.message}" for w in warnings(schema(*changes))]


def test_the_shipped_schema_has_no_warning() -> None:
    assert told() == []


@pytest.mark.parametrize(
    ("change", "at", "message"),
    [
        (
            lambda e: attribute(e, "name.givenName").update(whenEmpty="keep"),
            "attributeMappings[3].whenEmpty",
            "keeps its last value",
        ),
        (
            source("userName", "[mail]"),
            "attributeMappings[0].matchingPriority",
            "may have no value",
        ),
        (
            filtered(clause("department", "NOT EQUALS", "Sales")),
            "scope.groups[0].clauses[0]",
            "department is often empty",
        ),
    ],
)
def test_what_is_mostly_not_meant(change: Any, at: str, message: str) -> None:
    (warning,) = told(change)
    assert warning.startswith(f"{USERS}.{at} ")
    assert message in warning


def test_a_name_that_graph_does_not_have() -> None:
    def define(e: dict[str, Any]) -> None:
        names = e["directories"][0]["objects"][0]["attributes"]
        names += [{"name": n, "type": "String"} for n in ("mobile", "madeUp", "extension_1_x")]

    assert told(define, source("displayName", "[mobile]")) == []  # mobilePhone, by its older name
    (made_up,) = warnings(schema(define, source("displayName", "[madeUp]")))
    assert "'madeUp'" in made_up.message
    assert told(define, source("displayName", "[extension_1_x]")) == []
    asked = told(define, filtered(clause("madeUp", "IS NULL")))
    assert len(asked) == 1


def test_a_group_for_null_is_enough() -> None:
    not_sales = clause("department", "NOT EQUALS", "Sales")
    assert told(filtered(not_sales, clause("department", "IS NULL"))) == []
    assert told(filtered(clause("userPrincipalName", "ENDS_WITH", ".org"))) == []
    assert told(filtered(clause("memberOf", "NOT MEMBER_OF", "Guests"))) == []


# --- deviations ----------------------------------------------------------------------------------


def test_deviations_name_what_is_used() -> None:
    """Functions by their own words, and only those of the file; flows and filters."""
    made = export(
        source("displayName", 'IIF([city]="Rome", Append([givenName], "!"), [displayName])'),
        lambda e: attribute(e, "userName").update(flowBehavior="FlowAlways"),
        filtered(clause("department", "STARTS_WITH", "S")),
    )
    found = {each.subject: each for each in deviations(schema_of(made), made)}
    assert set(found) == {
        *("Append", "IIF", "Switch", "FlowAlways", "whenEmpty", "operators", "scoping filter")
    }
    assert found["Append"].where == ("displayName",)
    assert found["operators"].where == ("STARTS_WITH",)
    assert found["FlowAlways"].where == ("userName",)


def test_an_export_without_additions_deviates_in_little(tmp_path: Path) -> None:
    def plain(e: dict[str, Any]) -> None:
        for item in object_mapping(e)["attributeMappings"]:
            item.pop("whenEmpty", None)
        attribute(e, "active")["source"] = expression("Not([IsSoftDeleted])")

    made = export(plain)
    subjects = [each.subject for each in deviations(schema_of(made), made)]
    assert subjects in ([], ["Not"])
    assert load_schema(None)
