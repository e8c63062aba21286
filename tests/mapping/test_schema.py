"""The schema file: the shipped one, and everything that a file can have wrong."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.errors import ConfigurationError, Problem
from provisioning.mapping import compile_schema
from provisioning.schema import SHIPPED, Schema, load_schema

from .schemas import (
    Change,
    attribute,
    clause,
    expression,
    object_mapping,
    problems,
    scope,
    written,
)

DEPARTMENT = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department"
USERS = "$.synchronizationRules[0].objectMappings[0]"
GROUPS = "$.synchronizationRules[0].objectMappings[1]"


def test_the_shipped_schema_is_the_table_of_the_gallery_application() -> None:
    schema = load_schema(None)
    users = {a.path: (a.expression.text if a.expression else None) for a in schema.user.attributes}
    assert users == {
        "userName": "[userPrincipalName]",
        "externalId": "[objectId]",
        "active": 'Switch([IsSoftDeleted], , "False", "True", "True", "False")',
        "name.givenName": "[givenName]",
        "name.familyName": "[surname]",
        "displayName": "[displayName]",
        DEPARTMENT: "[department]",
    }
    groups = {a.path: a.direct for a in schema.group.attributes}
    assert groups == {"displayName": "displayName", "externalId": "objectId"}
    assert {a.path for a in schema.user.attributes if a.clear} == {
        "name.givenName",
        "name.familyName",
        DEPARTMENT,
    }
    assert {a.path: a.type for a in schema.user.attributes if a.type != "String"} == {
        "active": "Boolean"
    }


def test_an_export_without_our_field_keeps_values_as_entra_does(tmp_path: Path) -> None:
    def strip(export: dict[str, Any]) -> None:
        for item in object_mapping(export)["attributeMappings"]:
            item.pop("whenEmpty", None)

    schema = load_schema(written(tmp_path, strip))
    assert not any(a.clear for a in schema.user.attributes)


def test_fields_that_nothing_here_uses_are_ignored(tmp_path: Path) -> None:
    def extend(export: dict[str, Any]) -> None:
        export["@odata.context"] = "https://graph.example.com/$metadata"
        export["synchronizationRules"][0]["metadata"] = [{"key": "k", "value": "v"}]
        object_mapping(export)["scope"] = {"groups": [], "name": "none"}
        attribute(export, "active")["at"] = "no field of ours"

    assert load_schema(written(tmp_path, extend)).user.attributes[2].at.startswith(USERS)


def test_a_filter_is_compiled_and_its_attributes_are_read(tmp_path: Path) -> None:
    path = written(
        tmp_path, lambda e: object_mapping(e).update(scope=scope(clause("city", "EQUALS", "Rom")))
    )
    schema = load_schema(path)
    assert schema.group.filter is None
    assert schema.user.filter is not None
    assert schema.user.filter.text == "city EQUALS 'Rom'"
    assert "city" in compile_schema(schema).user.source_properties


@pytest.mark.parametrize(
    "nothing",
    [
        None,
        {},
        {"groups": None},
        {"groups": [], "categoryFilterGroups": [], "inputFilterGroups": []},
    ],
)
def test_a_scope_without_groups_is_no_filter(nothing: Any, tmp_path: Path) -> None:
    path = written(tmp_path, lambda e: object_mapping(e).update(scope=nothing))
    assert load_schema(path).user.filter is None


def change_attribute(target: str, name: str = "User", **fields: Any) -> Change:
    return lambda export: attribute(export, target, name).update(fields)


def change_object(name: str = "User", **fields: Any) -> Change:
    return lambda export: object_mapping(export, name).update(fields)


def drop(target: str, name: str = "User") -> Change:
    def change(export: dict[str, Any]) -> None:
        object_mapping(export, name)["attributeMappings"].remove(attribute(export, target, name))

    return change


def add(target: str, source: Any, name: str = "User", **fields: Any) -> Change:
    item = {"targetAttributeName": target, "source": source, **fields}
    return lambda export: object_mapping(export, name)["attributeMappings"].append(item)


def define(type: str, *, multivalued: bool = False) -> Change:
    def change(export: dict[str, Any]) -> None:
        definition = {"name": "extra", "type": type, "multivalued": multivalued}
        export["directories"][1]["objects"][0]["attributes"].append(definition)
        add("extra", expression("[surname]", "Attribute"))(export)

    return change


def second(export: dict[str, Any]) -> None:
    export["synchronizationRules"][0]["objectMappings"].append(object_mapping(export))


def no_groups(export: dict[str, Any]) -> None:
    del export["synchronizationRules"][0]["objectMappings"][1]


def no_directories(export: dict[str, Any]) -> None:
    export["directories"] = []


def devices(export: dict[str, Any]) -> None:
    mapping = {**object_mapping(export), "sourceObjectName": "Device"}
    export["synchronizationRules"][0]["objectMappings"].append(mapping)


FAULTS: dict[str, tuple[Change, str, str]] = {
    "no directories": (no_directories, USERS, "has no definition"),
    "no rules": (lambda e: e.pop("synchronizationRules"), "$.synchronizationRules", "is missing"),
    "rules no list": (
        lambda e: e.update(synchronizationRules={}),
        "$.synchronizationRules",
        "expected a list, got {}",
    ),
    "rule no object": (
        lambda e: e.update(synchronizationRules=[7]),
        "$.synchronizationRules[0]",
        "expected an object, got 7",
    ),
    "no group mapping": (no_groups, "$.synchronizationRules", "no object mapping of Group"),
    "second user mapping": (second, "objectMappings[2]", "second mapping of User"),
    "other objects": (devices, "objectMappings[2].sourceObjectName", "'Device' cannot be"),
    "switched off": (change_object("Group", enabled=False), f"{GROUPS}.enabled", "switched off"),
    "empty filter group": (
        change_object(scope={"groups": [{"clauses": []}]}),
        f"{USERS}.scope.groups[0].clauses",
        "would let everybody pass",
    ),
    "filter groups no list": (
        change_object(scope={"groups": {}}),
        f"{USERS}.scope.groups",
        "expected a list, got {}",
    ),
    "category filter": (
        change_object("Group", scope={"categoryFilterGroups": [{"clauses": []}]}),
        f"{GROUPS}.scope.categoryFilterGroups",
        "is experimental in Entra",
    ),
    "input filter": (
        change_object(scope={"inputFilterGroups": [{"clauses": []}]}),
        f"{USERS}.scope.inputFilterGroups",
        "keep access that nobody takes away",
    ),
    "clause without operator": (
        change_object(scope=scope({"sourceOperandName": "department"})),
        f"{USERS}.scope.groups[0].clauses[0].operatorName",
        "is missing",
    ),
    "unknown operator": (
        change_object(scope=scope(clause("department", "LIKE", "Sales"))),
        f"{USERS}.scope.groups[0].clauses[0].operatorName",
        "'LIKE' is no operator",
    ),
    "unknown attribute": (
        change_object(scope=scope(clause("Department", "EQUALS", "Sales"))),
        f"{USERS}.scope.groups[0].clauses[0].sourceOperandName",
        "'Department' is not defined",
    ),
    "values no texts": (
        change_object(scope=scope(clause("department", "EQUALS", 5))),
        f"{USERS}.scope.groups[0].clauses[0].targetOperand.values",
        "the value is [5]",
    ),
    "no value": (
        change_object(scope=scope(clause("department", "EQUALS"))),
        f"{USERS}.scope.groups[0].clauses[0].targetOperand.values",
        "EQUALS needs a value",
    ),
    "no integer": (
        change_object(scope=scope(clause("employeeId", "GREATER_THAN", "many"))),
        f"{USERS}.scope.groups[0].clauses[0].targetOperand.values",
        "'many' is no integer",
    ),
    "no pattern": (
        change_object(scope=scope(clause("department", "REGEX MATCH", "("))),
        f"{USERS}.scope.groups[0].clauses[0].targetOperand.values",
        "'(' is no regular expression",
    ),
    "members as attribute": (
        change_object("Group", scope=scope(clause("members", "EQUALS", "x"))),
        f"{GROUPS}.scope.groups[0].clauses[0].sourceOperandName",
        "or is a reference",
    ),
    "groups of groups": (
        change_object("Group", scope=scope(clause("memberOf", "MEMBER_OF", "Sales"))),
        f"{GROUPS}.scope",
        "only the filter of users can",
    ),
    "some flows": (change_object(flowTypes="Add"), f"{USERS}.flowTypes", "cannot be limited"),
    "unknown target": (
        change_attribute("name.givenName", targetAttributeName="name.given"),
        "attributeMappings[3].targetAttributeName",
        "'name.given' is not defined",
    ),
    "target missing": (
        lambda e: attribute(e, "active").pop("targetAttributeName"),
        "attributeMappings[2].targetAttributeName",
        "is missing",
    ),
    "second target": (
        add("displayName", expression("[surname]")),
        "attributeMappings[7].targetAttributeName",
        "a second time",
    ),
    "reference": (define("Reference"), "[7].targetAttributeName", "of type Reference"),
    "unknown source": (
        change_attribute("displayName", source=expression("[DisplayName]", "Attribute")),
        "attributeMappings[5].source.expression",
        "'DisplayName' is not defined",
    ),
    "syntax": (
        change_attribute("displayName", source=expression("ToLower([displayName]")),
        "attributeMappings[5].source.expression",
        "ends too early, at character 22",
    ),
    "unknown function": (
        change_attribute("displayName", source=expression("Trim([displayName])")),
        "attributeMappings[5].source.expression",
        "unknown function 'Trim' at character 1",
    ),
    "source type": (
        change_attribute("displayName", source=expression("[displayName]", "Lookup")),
        "attributeMappings[5].source.type",
        "'Lookup'",
    ),
    "members from elsewhere": (
        change_attribute("members", "Group", source=expression("[mail]", "Attribute")),
        f"{GROUPS}.attributeMappings[2].targetAttributeName",
        "from [members] only",
    ),
    "no user name": (drop("userName"), f"{USERS}.attributeMappings", "'userName' is not mapped"),
    "no active": (drop("active"), f"{USERS}.attributeMappings", "'active' is not mapped"),
    "no members": (drop("members", "Group"), f"{GROUPS}.attributeMappings", "'members' is not"),
    "name without source": (
        change_attribute("userName", source=None),
        "attributeMappings[0].source",
        "'userName' needs a source",
    ),
    "active inverted": (
        change_attribute("active", source=expression("[IsSoftDeleted]", "Attribute")),
        "attributeMappings[2].source.expression",
        "would switch off everybody",
    ),
    "active on creation": (
        change_attribute("active", flowType="ObjectAddOnly"),
        "attributeMappings[2].flowType",
        "never switch a leaver off",
    ),
    "flow type": (
        change_attribute("displayName", flowType="Sometimes"),
        "attributeMappings[5].flowType",
        "'Sometimes'",
    ),
    "default no text": (
        change_attribute("displayName", defaultValue=5),
        "attributeMappings[5].defaultValue",
        "the value is 5",
    ),
    "default no Boolean": (
        change_attribute("active", defaultValue="yes"),
        "attributeMappings[2].defaultValue",
        "'yes' is no Boolean",
    ),
    "nothing matches": (
        change_attribute("userName", matchingPriority=0),
        f"{USERS}.attributeMappings",
        "'userName' is no matching attribute",
    ),
    "matches by a Boolean": (
        change_attribute("active", matchingPriority=2),
        "attributeMappings[2].matchingPriority",
        "'active' cannot be matched by",
    ),
    "negative priority": (
        change_attribute("externalId", matchingPriority=-1),
        "attributeMappings[1].matchingPriority",
        "-1 is negative",
    ),
    "clears a name": (
        change_attribute("displayName", whenEmpty="clear"),
        "attributeMappings[5].whenEmpty",
        "must never be cleared",
    ),
    "clears what is created only": (
        change_attribute(DEPARTMENT, flowType="ObjectAddOnly"),
        "attributeMappings[6].whenEmpty",
        "cannot be cleared later",
    ),
    "other when empty": (
        change_attribute(DEPARTMENT, whenEmpty="wipe"),
        "attributeMappings[6].whenEmpty",
        "'wipe'",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_named_with_its_json_path(fault: str, tmp_path: Path) -> None:
    change, where, words = FAULTS[fault]
    found = problems(written(tmp_path, change))
    assert all(p.field.startswith("PROVISIONING_SCHEMA $") and p.remedy for p in found)
    assert any(where in p.field and words in p.message for p in found), found
    # One fault is one problem; without directories, both mappings lack both of their sides.
    assert len(found) == (4 if fault == "no directories" else 1), found


def test_all_faults_are_reported_together(tmp_path: Path) -> None:
    def change(export: dict[str, Any]) -> None:
        FAULTS["unknown function"][0](export)
        FAULTS["negative priority"][0](export)
        FAULTS["default no Boolean"][0](export)
        FAULTS["members from elsewhere"][0](export)
        del attribute(export, DEPARTMENT)["targetAttributeName"]

    found = problems(written(tmp_path, change))
    assert len(found) == 5


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"{", "is not JSON"), (b"\xff\xfe", "is not JSON"), (b"[]", "expected an object, got []")],
)
def test_a_file_that_is_no_schema(content: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "schema.json"
    path.write_bytes(content)
    (found,) = problems(path)
    assert found.field.startswith("PROVISIONING_SCHEMA")
    assert words in found.message


def test_a_path_that_cannot_be_read(tmp_path: Path) -> None:
    for path in (tmp_path / "absent.json", tmp_path):
        (found,) = problems(path)
        assert found.field == "PROVISIONING_SCHEMA"
        assert str(path) in found.message


END = st.sampled_from([False, False, False, True])
JSON: st.SearchStrategy[Any] = (
    st.none() | st.booleans() | st.integers() | st.text(max_size=4) | st.builds(list)
)


@given(st.data(), JSON | st.builds(dict))
def test_a_file_is_read_or_refused_whatever_stands_in_it(data: st.DataObject, odd: Any) -> None:
    export = json.loads(SHIPPED.read_text(encoding="utf-8"))
    holder: Any = export
    while True:
        steps = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
        step = data.draw(st.sampled_from(steps))
        if not isinstance(holder[step], dict | list) or not holder[step] or data.draw(END):
            break
        holder = holder[step]
    holder[step] = odd
    with TemporaryDirectory() as folder:
        path = written(Path(folder), lambda shipped: shipped.update(export))
        outcome = loaded(path)
    if isinstance(outcome, Schema):
        assert {"userName", "displayName", "active"} <= {a.path for a in outcome.user.attributes}
    else:
        assert outcome
        assert all(p.field.startswith("PROVISIONING_SCHEMA $") for p in outcome)


def loaded(path: Path) -> Schema | tuple[Problem, ...]:
    try:
        return load_schema(path)
    except ConfigurationError as error:
        return error.problems
