"""What is said of a file that is wrong, in full: people correct it by these words."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from provisioning.errors import ConfigurationError, Problem
from provisioning.schema import SHIPPED, Schema, schema_of
from provisioning.schema.decode import MAX_ITEMS, MAX_PROBLEMS
from provisioning.schema.load import MAX_CLAUSES, MAX_MAPPINGS, _bounded
from tests.mapping.schemas import attribute, clause, expression, object_mapping, scope

Change = Callable[[dict[str, Any]], Any]

USERS = "$.synchronizationRules[0].objectMappings[0]"
GROUPS = "$.synchronizationRules[0].objectMappings[1]"
FILE = "Correct the file, or export the schema from Entra once more."
DEFINE = "Add it to $.directories, or export the schema with its directories."


def export(*changes: Change) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(SHIPPED.read_text(encoding="utf-8"))
    for change in changes:
        change(made)
    return made


def problems(read: Callable[[], object]) -> list[tuple[str, str, str]]:
    with pytest.raises(ConfigurationError) as caught:
        read()
    return [(each.field, each.message, each.remedy) for each in caught.value.problems]


def told(*changes: Change) -> list[tuple[str, str, str]]:
    found = problems(lambda: schema_of(export(*changes)))
    assert {field.partition(" ")[0] for field, _, _ in found} == {"PROVISIONING_SCHEMA"}
    return [(field.partition(" ")[2], message, remedy) for field, message, remedy in found]


def schema(*changes: Change) -> Schema:
    return schema_of(export(*changes))


def flow(target: str, name: str = "User", **fields: Any) -> Change:
    return lambda made: attribute(made, target, name).update(fields)


def mapping(name: str = "User", **fields: Any) -> Change:
    return lambda made: object_mapping(made, name).update(fields)


def rule(**fields: Any) -> Change:
    return lambda made: made["synchronizationRules"][0].update(fields)


def another(**fields: Any) -> Change:
    """One more object mapping, like that of users."""
    return lambda made: made["synchronizationRules"][0]["objectMappings"].append(
        {**object_mapping(made), **fields}
    )


def extra(source: Any, name: str = "extra", at: int = 0, **definition: Any) -> Change:
    """One more target attribute, of users or of groups, with its definition."""

    def change(made: dict[str, Any]) -> None:
        made["directories"][0]["objects"][at]["attributes"].append({"name": "manager"})
        made["directories"][1]["objects"][at]["attributes"].append({"name": name, **definition})
        item = {"targetAttributeName": name, "source": source}
        made["synchronizationRules"][0]["objectMappings"][at]["attributeMappings"].append(item)

    return change


SURNAME = expression("[surname]", "Attribute")


@pytest.mark.parametrize(
    ("change", "field", "message", "remedy"),
    [
        # Its form
        (
            lambda e: e.pop("synchronizationRules"),
            "$.synchronizationRules", "is missing.", FILE,
        ),
        (
            lambda e: e.update(synchronizationRules={}),
            "$.synchronizationRules", "expected a list, got {}.", FILE,
        ),
        (
            lambda e: e.update(synchronizationRules=None),
            "$.synchronizationRules", "expected a list, got null.", FILE,
        ),
        (
            lambda e: e.update(synchronizationRules=[7]),
            "$.synchronizationRules[0]", "expected an object, got 7.", FILE,
        ),
        (
            flow("displayName", source=7),
            f"{USERS}.attributeMappings[5].source", "expected an object, got 7.", FILE,
        ),
        (
            flow("displayName", defaultValue=5),
            f"{USERS}.attributeMappings[5].defaultValue",
            "expected `str | null`, got `int`; the value is 5.", FILE,
        ),
        (
            flow("displayName", flowType="Sometimes"),
            f"{USERS}.attributeMappings[5].flowType",
            "invalid enum value 'Sometimes'; the value is \"Sometimes\".", FILE,
        ),
        (
            mapping(scope={"groups": {}}),
            f"{USERS}.scope.groups", "expected a list, got {}.", FILE,
        ),
        (
            mapping(attributeMappings=[{}] * (MAX_ITEMS + 1)),
            f"{USERS}.attributeMappings",
            f"has {MAX_ITEMS + 1} elements; at most {MAX_ITEMS} are allowed.",
            "Remove what is not used.",
        ),
        # Its object mappings
        (
            another(),
            f"{USERS[:-3]}[2]", "is a second mapping of User objects.",
            "Keep one object mapping for users and one for groups.",
        ),
        (
            another(enabled=False),
            f"{USERS[:-3]}[2]", "is a second mapping of User objects.",
            "Keep one object mapping for users and one for groups.",
        ),
        (
            another(sourceObjectName="Device"),
            f"{USERS[:-3]}[2].sourceObjectName", "'Device' cannot be provisioned.",
            "Use User and Group; set enabled to false for other object mappings.",
        ),
        (
            lambda e: e["synchronizationRules"][0]["objectMappings"].pop(0),
            "$.synchronizationRules", "has no object mapping of User objects.",
            "Users and groups both need one.",
        ),
        (
            lambda e: e["synchronizationRules"][0]["objectMappings"].pop(1),
            "$.synchronizationRules", "has no object mapping of Group objects.",
            "Users and groups both need one.",
        ),
        (
            mapping(targetObjectName="Account"),
            USERS,
            "the object 'Account' of directory '{target}' has no definition.", DEFINE,
        ),
        (
            mapping(attributeMappings=[
                {"targetAttributeName": f"a{n}"} for n in range(MAX_MAPPINGS + 1)
            ]),
            USERS, "has 101 attribute mappings; at most 100 are allowed.",
            "Remove what is not used.",
        ),
        (
            mapping(scope=scope(*[clause("city", "IS NULL")] * (MAX_CLAUSES + 1))),
            USERS, "has 201 clauses; at most 200 are allowed.", "Remove what is not used.",
        ),
        # Their attributes
        (
            extra(SURNAME, type="Reference"),
            f"{USERS}.attributeMappings[7].targetAttributeName",
            "'extra' is of type Reference; String, Boolean, DateTime, Integer are possible.",
            "Remove the mapping.",
        ),
        (
            extra(SURNAME, "urn:x:manager", type="Reference"),
            f"{USERS}.attributeMappings[7].targetAttributeName",
            "'urn:x:manager' can be mapped from [manager] only.", FILE,
        ),
        (
            extra(None, "manager", type="Reference"),
            f"{USERS}.attributeMappings[7].targetAttributeName",
            "'manager' can be mapped from [manager] only.", FILE,
        ),
        (
            extra(expression("[displayName]"), "manager", at=1, type="Reference"),
            f"{GROUPS}.attributeMappings[3].targetAttributeName",
            "'manager' is of type Reference; String, Boolean, DateTime, Integer are possible.",
            "Remove the mapping.",
        ),
        (
            flow("name.givenName", targetAttributeName="name.given"),
            f"{USERS}.attributeMappings[3].targetAttributeName",
            "'name.given' is not defined for the target object.",
            "Correct the name, or define it in $.directories.",
        ),
        (
            lambda e: object_mapping(e)["attributeMappings"].append(attribute(e, "displayName")),
            f"{USERS}.attributeMappings[7].targetAttributeName",
            "'displayName' is mapped a second time.", "Keep one mapping.",
        ),
        (
            flow("members", "Group", source=None),
            f"{GROUPS}.attributeMappings[2].targetAttributeName",
            "members can be mapped from [members] only.", FILE,
        ),
        (
            flow("displayName", source=expression("[DisplayName]")),
            f"{USERS}.attributeMappings[5].source.expression",
            "the source attribute 'DisplayName' is not defined.",
            "Correct the name (case counts), or define it in $.directories.",
        ),
        # Their filters
        (
            mapping("Group", scope=scope(clause("memberOf", "MEMBER_OF", "Sales"))),
            f"{GROUPS}.scope",
            "asks for the membership of groups, which only the filter of users can.",
            "Choose groups by assigning them.",
        ),
        (
            mapping(scope={"categoryFilterGroups": [{}]}),
            f"{USERS}.scope.categoryFilterGroups",
            ("is experimental in Entra, and is not available here: it would choose between object "
            "mappings."),
            "Write its conditions into groups, and leave it empty.",
        ),
        (
            mapping(scope={"inputFilterGroups": [{}]}),
            f"{USERS}.scope.inputFilterGroups",
            ("is experimental in Entra, and is not available here: it would keep access that "
            "nobody takes away."),
            "Write its conditions into groups, and leave it empty.",
        ),
    ],
)  # fmt: skip
def test_one_thing_is_said(change: Change, field: str, message: str, remedy: str) -> None:
    target = export()["synchronizationRules"][0]["targetDirectoryName"]
    assert told(change) == [(field, message.replace("{target}", target), remedy)]


@pytest.mark.parametrize(
    "change",
    [
        another(sourceObjectName="Device", enabled=False),
        mapping(sourceObjectName="User"),
        extra(SURNAME, type="DateTime"),
        extra(SURNAME, type="Integer"),
        extra(SURNAME, type="String"),
        extra(expression("[manager]"), "urn:x:manager", type="Reference"),
        extra({"name": "manager", "type": "Attribute"}, "manager", type="Reference"),
        extra(expression(" [manager] "), "manager", type="Reference"),
        flow("members", "Group", source={"name": "members", "type": "Attribute"}),
        flow("members", "Group", source=expression(" [members] ")),
        flow("name.givenName", source=None),
        mapping(scope=scope(*[clause("city", "IS NULL")] * MAX_CLAUSES)),
        mapping(scope=None),
        mapping(scope={"groups": [{"clauses": [clause("city", "IS NULL")]}]}),
        mapping(scope={"groups": [{"clauses": [{"operatorName": "IS NULL",
                                               "sourceOperandName": "city"}]}]}),
    ],
)  # fmt: skip
def test_nothing_is_said(change: Change) -> None:
    assert schema(change).user.attributes


def test_both_sides_that_are_not_defined_are_named() -> None:
    names = export()["synchronizationRules"][0]
    assert told(rule(sourceDirectoryName="here", targetDirectoryName="there")) == [
        (at, f"the object {name!r} of directory {side!r} has no definition.", DEFINE)
        for at, made in zip((USERS, GROUPS), names["objectMappings"], strict=True)
        for side, name in (
            ("here", made["sourceObjectName"]),
            ("there", made["targetObjectName"]),
        )
    ]


def test_what_follows_from_what_cannot_be_read_is_not_said() -> None:
    """A part that is no mapping may be the one that seems to be missing."""
    broken = flow("userName", targetAttributeName=7)
    (found,) = told(broken)
    assert found[0] == f"{USERS}.attributeMappings[0].targetAttributeName"
    (found,) = told(broken, lambda e: e["synchronizationRules"][0]["objectMappings"].pop(1))
    assert found[0] == f"{USERS}.attributeMappings[0].targetAttributeName"
    (found,) = told(broken, rule(sourceDirectoryName="here"))
    assert found[0] == f"{USERS}.attributeMappings[0].targetAttributeName"
    empty = mapping(scope={"groups": [{"clauses": []}]})
    assert len(told(broken, empty)) == 1
    assert [field for field, _, _ in told(empty)] == [f"{USERS}.scope.groups[0].clauses"]


def test_the_rest_of_a_broken_file_is_looked_at() -> None:
    found = told(
        flow("userName", targetAttributeName=7),
        flow("displayName", source=expression("Nope()")),
        mapping("Group", enabled=False),
        mapping(scope=scope(clause("city", "LIKE", "x"))),
    )
    assert [field.rpartition(".")[2] for field, _, _ in found] == [
        *("targetAttributeName", "expression", "operatorName", "enabled")
    ]


def test_problems_beyond_the_bound_are_not_shown() -> None:
    many = [Problem("f", f"{n}", "r") for n in range(MAX_PROBLEMS + 1)]
    assert _bounded(many[1:]) == tuple(many[1:])
    assert _bounded(many) == (
        *many[:-1],
        Problem(
            "PROVISIONING_SCHEMA $",
            "has more than 1000 problems; the others are not shown.",
            "Correct these first.",
        ),
    )


def test_more_problems_than_anybody_reads() -> None:
    faulty = [{"targetAttributeName": "x", "source": 7}] * 1200
    found = told(mapping(attributeMappings=faulty[: MAX_PROBLEMS + 1]))
    assert len(found) <= MAX_PROBLEMS + 1
    found = told(
        *(
            flow(target, source=expression(f"Join({'no,' * 25})"))
            for target in ("displayName", "name.givenName", "name.familyName")
        )
    )
    assert len(found) == 60  # Twenty of each.


@pytest.mark.parametrize(
    ("source", "text", "value"),
    [
        ({"expression": " [surname] ", "type": "Attribute"}, "[surname]", "Lee"),
        ({"name": "surname", "type": "Attribute"}, "[surname]", "Lee"),
        ({"expression": "", "name": "surname", "type": "Attribute"}, "[surname]", "Lee"),
        ({"expression": "[surname]", "name": "mail", "type": "Attribute"}, "[surname]", "Lee"),
        ({"expression": "fixed", "type": "Constant"}, "fixed", "fixed"),
        ({"expression": " fixed ", "name": "no", "type": "Constant"}, "fixed", "fixed"),
        ({"name": "fixed", "type": "Constant"}, "fixed", "fixed"),
        ({"type": "Constant"}, "", ""),
        ({"expression": '"fixed"', "type": "Constant"}, '"fixed"', "fixed"),
        ({"expression": 'Append([surname], "!")'}, 'Append([surname], "!")', "Lee!"),
    ],
)
def test_a_source_is_read_by_its_type(source: dict[str, Any], text: str, value: str) -> None:
    made = schema(flow("name.familyName", source=source)).user.attributes[4]
    assert made.path == "name.familyName"
    assert made.expression is not None
    assert made.expression.text == text
    assert made.expression.evaluate({"surname": "Lee"}) == value


@pytest.mark.parametrize(
    ("change", "field", "value"),
    [
        (flow("name.familyName"), "fill_only", False),
        (flow("name.familyName"), "additive", False),
        (flow("name.familyName"), "create_only", False),
        (flow("name.familyName"), "many", False),
        (flow("name.familyName"), "default_always", False),
        (flow("name.familyName", flowType="ValueAddOnly"), "fill_only", True),
        (flow("name.familyName", flowType="AttributeAddOnly"), "fill_only", True),
        (flow("name.familyName", flowType="MultiValueAddOnly"), "additive", True),
        (
            flow("name.familyName", flowType="ObjectAddOnly", whenEmpty="keep"),
            "create_only",
            True,
        ),
        (flow("name.familyName", defaultWhen="always"), "default_always", True),
        (flow("name.familyName", defaultValue="D"), "default", "D"),
        (flow("name.familyName", defaultValue=""), "default", None),
        (flow("name.familyName", matchingPriority=4), "matching_priority", 4),
        (flow("name.familyName"), "direct", "surname"),
        (flow("name.familyName", source=expression("ToLower([surname])")), "direct", None),
        (flow("name.familyName", source=None), "direct", None),
        (flow("name.familyName", source=None), "expression", None),
        (flow("name.familyName"), "at", f"{USERS}.attributeMappings[4]"),
    ],
)
def test_what_a_mapping_says_is_kept(change: Change, field: str, value: Any) -> None:
    assert getattr(schema(change).user.attributes[4], field) == value


def test_an_attribute_may_have_several_values() -> None:
    roles = expression("AppRoleAssignmentsComplex([appRoleAssignments])")
    made = schema(
        extra(roles, "roles", type="String", multivalued=True),
        extra(SURNAME, 'emails[type eq "work"].value', type="String"),
        extra(SURNAME, "nickName", type="String"),
    ).user.attributes[-3:]
    assert [(each.many, each.additive) for each in made] == [
        *((True, True), (True, False), (False, False))
    ]
