"""What is told of a schema's meaning, field by field and word by word."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from provisioning.schema import Schema, digest
from provisioning.schema.advice import warnings
from provisioning.schema.compare import FieldChange, compare
from provisioning.schema.describe import filter_sentences, lines_of, summary
from provisioning.schema.deviations import Deviation, deviations
from provisioning.schema.meaning import expression_text, filter_texts
from provisioning.schema.properties import is_extension
from tests.mapping.schemas import attribute, clause, expression, object_mapping, scope
from tests.schema.test_problems import (
    GROUPS,
    SURNAME,
    USERS,
    Change,
    export,
    extra,
    flow,
    mapping,
    schema,
)

SALES = clause("department", "EQUALS", "Sales")
ROME = clause("city", "EQUALS", "Rome")
BERN = clause("city", "EQUALS", "Bern")


def text_of(source: str) -> str | None:
    made = schema(flow("displayName", source=expression(source)))
    return expression_text(made.user.attributes[5].expression)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("[mail]", "[mail]"),
        ('"a \\"b\\" \\\\"', '"a \\"b\\" \\\\"'),
        ("42", '"42"'),
        ("True", "True"),
        ("Join( ,[mail],  [city])", "Join(, [mail], [city])"),
        ('IIF([mail]="x",1,Now())', 'IIF([mail] = "x", "1", Now())'),
        ('InStr([mail],"x", ,vbTextCompare)', 'InStr([mail], "x", , vbTextCompare)'),
    ],
)
def test_an_expression_has_one_form_of_writing(source: str, text: str) -> None:
    assert text_of(source) == text


def test_half_a_pair_of_surrogates_has_a_digest() -> None:
    """A schema that was made in memory may have one."""
    odd = schema(flow("displayName", source=expression('"\ud800"')))
    assert digest(odd) != digest(schema())


def fields(old: Schema, new: Schema) -> list[tuple[str, str, str, Any, Any]]:
    """Target, kind of change, field, old and new value."""
    return [
        (change.target, change.change, one.field, one.old, one.new)
        for change in compare(old, new).user.attributes
        for one in change.fields
    ]


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (flow("name.givenName", whenEmpty="keep"), ("when_empty", "clear", "keep")),
        (flow("name.givenName", defaultValue="D"), ("default", None, "D")),
        (flow("name.givenName", defaultWhen="always"), ("default_when", "create", "always")),
        (flow("name.givenName", matchingPriority=2), ("matching", 0, 2)),
        (flow("name.givenName", flowType="ValueAddOnly"), ("apply", "always", "where empty")),
        (flow("name.givenName", flowType="MultiValueAddOnly"), ("apply", "always", "adding")),
        (flow("name.givenName", source=SURNAME), ("source", "[givenName]", "[surname]")),
        (flow("name.givenName", source=None), ("source", "[givenName]", None)),
    ],
)
def test_a_field_that_differs_is_named(change: Change, found: tuple[str, Any, Any]) -> None:
    field, was, becomes = found
    assert fields(schema(), schema(change)) == [("name.givenName", "changed", field, was, becomes)]
    assert fields(schema(change), schema()) == [("name.givenName", "changed", field, becomes, was)]
    assert digest(schema(change)) != digest(schema())


def test_a_type_that_differs_is_named() -> None:
    def typed(made: dict[str, Any]) -> None:
        for each in made["directories"][1]["objects"][0]["attributes"]:
            if each["name"] == "name.givenName":
                each["type"] = "Integer"

    (change,) = compare(schema(), schema(typed)).user.attributes
    assert change.fields == (FieldChange("type", "String", "Integer"),)
    assert digest(schema(typed)) != digest(schema())


def test_one_more_attribute_is_named_with_all_of_it() -> None:
    more = schema(extra(SURNAME, type="Integer"))
    values = {
        "source": "[surname]", "matching": 0, "apply": "always", "default_when": "create",
        "when_empty": "keep", "type": "Integer",
    }  # fmt: skip
    assert fields(schema(), more) == [
        ("extra", "added", field, None, value) for field, value in values.items()
    ]
    assert fields(more, schema()) == [
        ("extra", "removed", field, value, None) for field, value in values.items()
    ]


def test_what_differs_of_filters_is_named() -> None:
    none, sales = schema(), schema(mapping(scope=scope(SALES)))
    both = schema(mapping(scope=scope(SALES, [ROME, BERN])))
    found = compare(none, sales).user
    assert (found.filter_added, found.filter_removed) == (
        ("group 0: department EQUALS 'Sales'",),
        (),
    )
    assert (found.opened, found.closed, found.equal) == (False, True, False)
    found = compare(sales, none).user
    assert (found.filter_added, found.filter_removed) == (
        (),
        ("group 0: department EQUALS 'Sales'",),
    )
    assert (found.opened, found.closed, found.equal) == (True, False, False)
    found = compare(sales, both).user
    assert found.filter_added == ("group 1: city EQUALS 'Rome' and city EQUALS 'Bern'",)
    assert (found.opened, found.closed, found.equal) == (False, False, False)
    found = compare(both, sales).user
    assert found.filter_removed == ("group 1: city EQUALS 'Rome' and city EQUALS 'Bern'",)
    for one in (none, sales, both):
        same = compare(one, one)
        assert (same.equal, same.user.opened, same.user.closed) == (True, False, False)
    groups = compare(none, schema(mapping("Group", scope=scope(clause("mail", "IS NULL")))))
    assert (groups.user.equal, groups.group.equal, groups.equal) == (True, False, False)
    assert (groups.group.filter_added, groups.group.closed) == (("group 0: mail IS NULL",), True)
    assert (compare(none, sales).group.equal, compare(none, sales).equal) == (True, False)


def test_names_and_order_within_a_filter_mean_nothing() -> None:
    one = schema(mapping(scope=scope([ROME, SALES], BERN))).user.filter
    other = schema(mapping(scope=scope(BERN, [SALES, ROME, SALES]))).user.filter
    assert filter_texts(one) == filter_texts(other)
    assert filter_texts(one) == {
        "city EQUALS 'Rome' and department EQUALS 'Sales'", "city EQUALS 'Bern'",
    }  # fmt: skip
    assert filter_texts(None) == frozenset()
    assert filter_sentences(None) == ()
    unnamed = schema(mapping(scope={"groups": [{"clauses": [SALES, ROME]}]})).user.filter
    assert filter_sentences(unnamed) == ("department EQUALS 'Sales' and city EQUALS 'Rome'",)


def test_a_summary_names_what_it_is_found_by_and_the_filter() -> None:
    made = schema(
        flow("externalId", matchingPriority=3),
        flow("displayName", matchingPriority=2),
        mapping(scope=scope(SALES, ROME)),
    )
    assert summary(made.user).endswith(
        "found by userName, then displayName, then externalId; a filter of 2 groups of clauses"
    )
    one = schema(
        mapping(scope=scope(SALES)),
        lambda made: object_mapping(made, "Group").update(
            attributeMappings=[
                attribute(made, "displayName", "Group"), attribute(made, "members", "Group")
            ]
        ),
    )  # fmt: skip
    assert summary(one.user).endswith("; a filter of 1 group of clauses")
    assert summary(one.group) == (
        "2 attributes (displayName, members), found by displayName; no filter"
    )
    single = msgspec.structs.replace(one.user, attributes=one.user.attributes[:1], filter=None)
    assert summary(single) == "1 attribute (userName), found by userName; no filter"
    assert [line.target for line in lines_of(single)] == ["userName"]


# --- warnings ------------------------------------------------------------------------------------

CLEAR = 'Add "whenEmpty": "clear" if ZSCloud is to lose it too.'
MATCH = "Match by what everybody has, such as userPrincipalName, or add it with Coalesce."


def named(name: str, change: Change) -> Change:
    """The change, with one more attribute that users and groups may be read by."""

    def both(made: dict[str, Any]) -> None:
        for each in made["directories"][0]["objects"]:
            each["attributes"].append({"name": name})
        change(made)

    return both


@pytest.mark.parametrize(
    ("change", "field", "message", "remedy"),
    [
        (
            flow("name.givenName", whenEmpty="keep"),
            f"{USERS}.attributeMappings[3].whenEmpty",
            "name.givenName keeps its last value in ZSCloud when it has none in Entra any more.",
            CLEAR,
        ),
        (
            flow("name.givenName", whenEmpty="keep", source=expression(
                "Join(, [displayName], [surname])")),
            f"{USERS}.attributeMappings[3].whenEmpty",
            "name.givenName keeps its last value in ZSCloud when it has none in Entra any more.",
            CLEAR,
        ),
        (
            flow("userName", source=expression("Append([mail], [city])")),
            f"{USERS}.attributeMappings[0].matchingPriority",
            ("userName may have no value: it is made of mail, city only, which Entra does not ask "
            "for."),
            MATCH,
        ),
        (
            flow("displayName", "Group", source=expression("[mail]")),
            f"{GROUPS}.attributeMappings[0].matchingPriority",
            "displayName may have no value: it is made of mail only, which Entra does not ask for.",
            MATCH,
        ),
        (
            named("made", flow("displayName", source=expression("[made]"))),
            f"{USERS}.attributeMappings[5].source.expression",
            "Graph has no property 'made' of a user that could be read: the next cycle may fail.",
            "Correct the name.",
        ),
        (
            named("made", flow("externalId", "Group", source=expression("[made]"))),
            f"{GROUPS}.attributeMappings[1].source.expression",
            "Graph has no property 'made' of a group that could be read: the next cycle may fail.",
            "Correct the name.",
        ),
        (
            named("made", mapping(scope=scope(clause("made", "IS NULL")))),
            f"{USERS}.scope.groups[0].clauses[0].sourceOperandName",
            "Graph has no property 'made' of a user that could be read: the next cycle may fail.",
            "Correct the name.",
        ),
        (
            mapping(scope=scope(clause("department", "NOT EQUALS", "Sales"))),
            f"{USERS}.scope.groups[0].clauses[0]",
            ("department is often empty, and no value makes the clause false: who has none is left "
            "out."),
            "If that is not meant, add a group with department IS NULL.",
        ),
        (
            mapping(scope=scope(clause("city", "IS NULL"),
                                clause("department", "NOT EQUALS", "Sales"))),
            f"{USERS}.scope.groups[1].clauses[0]",
            ("department is often empty, and no value makes the clause false: who has none is left "
            "out."),
            "If that is not meant, add a group with department IS NULL.",
        ),
    ],
)  # fmt: skip
def test_a_warning_says(change: Change, field: str, message: str, remedy: str) -> None:
    assert [(one.field, one.message, one.remedy) for one in warnings(schema(change))] == [
        (field, message, remedy)
    ]


@pytest.mark.parametrize(
    "change",
    [
        flow("name.givenName", whenEmpty="keep", source=None),
        flow("name.givenName", whenEmpty="keep", source=expression("[displayName]")),
        flow("name.givenName", whenEmpty="keep", source=expression('"fixed"')),
        flow("name.givenName", whenEmpty="keep", flowType="ObjectAddOnly"),
        flow("displayName", source=expression("[mail]")),
        flow("externalId", source=expression("[mail]")),
        flow("userName", source=expression("Coalesce([mail], [userPrincipalName])")),
        flow("userName", source=expression('"fixed"')),
        named("ext_made", flow("displayName", source=expression("[ext_made]"))),
        mapping(scope=scope(clause("displayName", "NOT EQUALS", "Sales"))),
        mapping("Group", scope=scope(clause("displayName", "NOT EQUALS", "Sales"))),
    ],
)
def test_what_gets_no_warning(change: Change) -> None:
    assert warnings(schema(change)) == ()


@pytest.mark.parametrize(
    ("name", "extension"),
    [
        ("extension_x", True),
        ("ext0_x", True),
        ("ext0", False),
        ("e_xt", False),
        ("extension", False),
    ],
)
def test_what_is_an_extension(name: str, extension: bool) -> None:
    assert is_extension(name) is extension


# --- deviations ----------------------------------------------------------------------------------

ALWAYS = "It is written when it differs from what ZSCloud has, not with every cycle."
LOST = "Without a value in Entra, ZSCloud loses its value too; Entra keeps it for ever."
BY_ID = "An account that is linked once is found by its id, also when these values change."
OPERATOR = "Entra has no such operator: the file cannot be given back to it."


def plain(made: dict[str, Any]) -> None:
    """Nothing that is other than in Entra."""
    for item in object_mapping(made)["attributeMappings"]:
        item.pop("whenEmpty", None)
    attribute(made, "active")["source"] = expression("Not([IsSoftDeleted])")


def other(*changes: Change) -> list[Deviation]:
    made = export(plain, *changes)
    return list(deviations(schema(plain, *changes), made))


def test_nothing_deviates_without_our_own() -> None:
    assert other() == []


@pytest.mark.parametrize(
    ("change", "subject", "where", "what"),
    [
        (flow("displayName", flowBehavior="FlowAlways"), "FlowAlways", ("displayName",), ALWAYS),
        (flow("name.givenName", whenEmpty="clear"), "whenEmpty", ("name.givenName",), LOST),
        (flow("externalId", matchingPriority=2), "matchingPriority", ("user",), BY_ID),
        (flow("externalId", "Group", matchingPriority=2), "matchingPriority", ("group",), BY_ID),
    ],
)
def test_a_deviation_says(change: Change, subject: str, where: tuple[str, ...], what: str) -> None:
    assert other(change) == [Deviation(subject, where, what)]


def test_both_types_of_objects_are_looked_at() -> None:
    twice = [
        flow("externalId", matchingPriority=2),
        flow("externalId", "Group", matchingPriority=2),
    ]
    assert [one.where for one in other(*twice)] == [("user",), ("group",)]
    always = [
        flow(target, name, flowBehavior="FlowAlways")
        for target, name in (
            ("displayName", "User"), ("displayName", "Group"), ("members", "Group")
        )
    ]  # fmt: skip
    assert [one.where for one in other(*always)] == [("displayName", "members")]
    cleared = [flow(f"name.{name}", whenEmpty="clear") for name in ("givenName", "familyName")]
    assert [one.where for one in other(*cleared)] == [("name.givenName", "name.familyName")]


def test_functions_are_named_once_with_what_they_are_used_for() -> None:
    found = other(
        flow(
            "displayName",
            source=expression('IIF(Len([mail])=Mid([city], 1, 1), Left([mail], 1), "")'),
        ),
        flow("externalId", "Group", source=expression("Append([mail], Append([mail], [mail]))")),
        flow("name.givenName", source=expression("ToLower(Left([givenName], 3))")),
    )
    assert [(one.subject, one.where) for one in found] == [
        ("Append", ("externalId",)),
        ("IIF", ("displayName",)),
        ("Left", ("name.givenName", "displayName")),
        ("Len", ("displayName",)),
        ("Mid", ("displayName",)),
        ("ToLower", ("name.givenName",)),
    ]


def test_filters_and_operators_of_our_own_are_named() -> None:
    found = other(mapping(scope=scope(SALES, ROME)))
    assert [(one.subject, one.where) for one in found] == [
        ("scoping filter", (f"{USERS}.scope.groups[0].clauses[0]",))
    ]
    begins = clause("city", "STARTS_WITH", "R")
    small = clause("employeeId", "LESS_THAN", "5")
    found = other(
        mapping(scope=scope(SALES, [begins, small, begins])),
        mapping("Group", scope=scope(clause("mail", "STARTS_WITH", "x"))),
    )
    assert found[0] == Deviation("operators", ("STARTS_WITH", "LESS_THAN"), OPERATOR)
    assert found[1].subject == "scoping filter"
    assert "ON_OUT_OF_FILTER" in found[1].what
    (_, only) = other(mapping("Group", scope=scope(clause("mail", "STARTS_WITH", "x"))))
    assert only.where == (f"{GROUPS}.scope.groups[0].clauses[0]",)
