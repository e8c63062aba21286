"""Attribute mapping: golden attributes, limits, guests, defaults, and any value at all."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.mapping import (
    CompiledSchema,
    Mapped,
    MatchingAttribute,
    compile_schema,
)
from provisioning.model import EntraId
from provisioning.schema import load_schema
from provisioning.source_attributes import home_principal_name

from .schemas import attribute, compiled, expression, object_mapping

DEPARTMENT = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department"
ID = EntraId("3f0b6a52-1c5e-4a0e-9c54-5f2f0c8f7a01")
KIM = {
    "userPrincipalName": "kim.lee@example.com",
    "displayName": "Kim Lee",
    "givenName": "Kim",
    "surname": "Lee",
    "department": "Research",
}


@cache
def shipped_once() -> CompiledSchema:
    return compile_schema(load_schema(None))


@pytest.fixture
def shipped() -> CompiledSchema:
    return shipped_once()


def test_a_user_as_the_gallery_application_maps_it(shipped: CompiledSchema) -> None:
    mapped = shipped.user.map(ID, KIM, soft_deleted=False)
    assert mapped.attributes == {
        "userName": "kim.lee@example.com",
        "externalId": ID,
        "active": True,
        "name.givenName": "Kim",
        "name.familyName": "Lee",
        "displayName": "Kim Lee",
        DEPARTMENT: "Research",
    }
    assert mapped.name == "kim.lee@example.com"
    assert mapped.problems == ()
    assert mapped.defaults == {}
    assert mapped.create_only == frozenset()
    assert mapped.clearable == ("name.givenName", "name.familyName", DEPARTMENT)
    assert mapped.keep == {"userName", "externalId", "active", "displayName"}


def test_a_group_as_the_gallery_application_maps_it(shipped: CompiledSchema) -> None:
    mapped = shipped.group.map(ID, {"displayName": "Sales"}, soft_deleted=False)
    assert mapped.attributes == {"displayName": "Sales", "externalId": ID}
    assert mapped.name == "Sales"
    assert mapped.problems == ()
    assert mapped.clearable == ()


def test_what_a_mapping_needs_and_writes(shipped: CompiledSchema) -> None:
    assert shipped.user.source_properties == (
        "userPrincipalName",
        "givenName",
        "surname",
        "displayName",
        "department",
    )
    assert shipped.user.target_paths == (
        "userName",
        "externalId",
        "active",
        "name.givenName",
        "name.familyName",
        "displayName",
        DEPARTMENT,
    )
    assert shipped.user.matching == (MatchingAttribute("userName", "[userPrincipalName]"),)
    assert shipped.group.source_properties == ("displayName",)
    assert shipped.group.target_paths == ("displayName", "externalId")
    assert shipped.group.matching == (MatchingAttribute("displayName", "[displayName]"),)


def test_who_is_out_of_scope_is_not_active(shipped: CompiledSchema) -> None:
    assert shipped.user.map(ID, KIM, soft_deleted=True).attributes["active"] is False


@pytest.mark.parametrize("nothing", [None, "", "  "])
def test_a_value_that_is_missing_is_left_out_and_can_be_cleared(
    shipped: CompiledSchema, nothing: str | None
) -> None:
    mapped = shipped.user.map(ID, {**KIM, "department": nothing}, soft_deleted=False)
    assert DEPARTMENT not in mapped.attributes
    assert DEPARTMENT in mapped.clearable
    assert mapped.problems == ()


@pytest.mark.parametrize("missing", ["userPrincipalName", "displayName"])
def test_a_user_without_a_name_cannot_be_provisioned(shipped: CompiledSchema, missing: str) -> None:
    row = {key: value for key, value in KIM.items() if key != missing}
    mapped = shipped.user.map(ID, row, soft_deleted=False)
    path = {"userPrincipalName": "userName"}.get(missing, missing)
    assert [p.field for p in mapped.problems] == [path]
    assert mapped.problems[0].message == "has no value in Entra."
    assert path in mapped.problems[0].remedy
    assert path not in mapped.attributes
    assert path not in mapped.clearable


def test_a_group_without_a_name_cannot_be_provisioned(shipped: CompiledSchema) -> None:
    mapped = shipped.group.map(ID, {}, soft_deleted=False)
    assert [p.field for p in mapped.problems] == ["displayName"]
    assert mapped.name == ""


@pytest.mark.parametrize(
    ("source", "path", "fits", "too_long", "size"),
    [
        ("userPrincipalName", "userName", "a" * 115 + "@example.com", "a", "128 characters"),
        ("displayName", "displayName", "ü" * 127, "ü", "128 characters"),
        ("department", DEPARTMENT, "ü" * 128, "ü", "129 characters"),
    ],
)
def test_lengths_of_users(
    shipped: CompiledSchema, source: str, path: str, fits: str, too_long: str, size: str
) -> None:
    mapped = shipped.user.map(ID, {**KIM, source: fits}, soft_deleted=False)
    assert (mapped.attributes[path], mapped.problems) == (fits, ())
    mapped = shipped.user.map(ID, {**KIM, source: too_long + fits}, soft_deleted=False)
    (problem,) = mapped.problems
    assert problem.field == path
    assert size in problem.message
    assert path not in mapped.attributes
    assert path not in mapped.clearable


def test_length_of_a_group_name_counts_bytes(shipped: CompiledSchema) -> None:
    fits = "ü" * 63 + "x"
    assert shipped.group.map(ID, {"displayName": fits}, soft_deleted=False).problems == ()
    mapped = shipped.group.map(ID, {"displayName": "ü" * 64}, soft_deleted=False)
    assert "128 bytes in UTF-8; ZSCloud takes at most 127" in mapped.problems[0].message
    assert mapped.name == "ü" * 64


@pytest.mark.parametrize("name", ["kim", "kim@", "@example.com", "a@b@example.com", "k m@a.com"])
def test_a_login_name_has_one_domain(shipped: CompiledSchema, name: str) -> None:
    mapped = shipped.user.map(ID, {**KIM, "userPrincipalName": name}, soft_deleted=False)
    assert [p.field for p in mapped.problems] == ["userName"]
    assert repr(name) in mapped.problems[0].message
    assert mapped.name == name


@pytest.mark.parametrize(
    ("name", "home"),
    [
        ("kim_example.com#EXT#@tenant.onmicrosoft.com", "kim@example.com"),
        ("kim_lee_example.com#EXT#@tenant.onmicrosoft.com", "kim_lee@example.com"),
        ("kim_example.com#ext#@tenant.onmicrosoft.com", "kim@example.com"),
        ("kim#EXT#@tenant.onmicrosoft.com", "kim#EXT#@tenant.onmicrosoft.com"),
        ("_example.com#EXT#@tenant.onmicrosoft.com", "_example.com#EXT#@tenant.onmicrosoft.com"),
        ("kim_lee@example.com", "kim_lee@example.com"),
        ("", ""),
    ],
)
def test_a_guest_has_the_name_of_its_home(shipped: CompiledSchema, name: str, home: str) -> None:
    assert home_principal_name(name) == home
    mapped = shipped.user.map(ID, {**KIM, "userPrincipalName": name}, soft_deleted=False)
    assert mapped.name == home


def test_original_user_principal_name_keeps_the_full_form(tmp_path: Path) -> None:
    def change(export: dict[str, Any]) -> None:
        source = expression("[originalUserPrincipalName]", "Attribute")
        attribute(export, "userName")["source"] = source

    schema = compiled(tmp_path, change)
    full = "kim_example.com#EXT#@tenant.onmicrosoft.com"
    mapped = schema.user.map(ID, {**KIM, "userPrincipalName": full}, soft_deleted=False)
    assert mapped.attributes["userName"] == full
    assert schema.user.source_properties[0] == "userPrincipalName"


def with_department(tmp_path: Path, **fields: Any) -> CompiledSchema:
    return compiled(tmp_path, lambda export: attribute(export, DEPARTMENT).update(fields))


def test_a_default_is_for_creates(tmp_path: Path) -> None:
    user = with_department(tmp_path, defaultValue="Unknown").user
    mapped = user.map(ID, {**KIM, "department": None}, soft_deleted=False)
    assert DEPARTMENT not in mapped.attributes
    assert mapped.defaults == {DEPARTMENT: "Unknown"}


def test_a_default_stands_in_for_a_name(tmp_path: Path) -> None:
    schema = compiled(
        tmp_path, lambda export: attribute(export, "displayName").update(defaultValue="No name")
    )
    mapped = schema.user.map(ID, {**KIM, "displayName": None}, soft_deleted=False)
    assert (mapped.problems, mapped.defaults) == ((), {"displayName": "No name"})


def test_a_default_of_a_boolean_is_one(tmp_path: Path) -> None:
    schema = compiled(
        tmp_path, lambda export: attribute(export, "active").update(defaultValue="True")
    )
    assert schema.user.map(ID, KIM, soft_deleted=False).defaults == {"active": True}


def test_an_attribute_of_creation_only(tmp_path: Path) -> None:
    user = with_department(tmp_path, flowType="ObjectAddOnly", whenEmpty="keep").user
    mapped = user.map(ID, KIM, soft_deleted=False)
    assert mapped.create_only == {DEPARTMENT}
    assert mapped.attributes[DEPARTMENT] == "Research"
    assert DEPARTMENT not in mapped.clearable


@pytest.mark.parametrize(
    "source",
    [
        expression('"Everyone"', "Constant"),
        {"type": "Constant", "name": "Everyone", "expression": ""},
        expression('Append("Every", "one")'),
    ],
)
def test_a_constant(tmp_path: Path, source: dict[str, Any]) -> None:
    user = with_department(tmp_path, source=source).user
    assert user.map(ID, KIM, soft_deleted=False).attributes[DEPARTMENT] == "Everyone"
    assert "department" not in user.source_properties


def test_an_attribute_without_a_source_is_left_alone_but_for_its_default(tmp_path: Path) -> None:
    user = with_department(tmp_path, source=None, defaultValue="New", whenEmpty="keep").user
    mapped = user.map(ID, KIM, soft_deleted=False)
    assert DEPARTMENT not in mapped.attributes
    assert mapped.defaults == {DEPARTMENT: "New"}
    assert DEPARTMENT in mapped.keep


def test_an_attribute_mapping_without_expression_text_uses_its_name(tmp_path: Path) -> None:
    user = with_department(tmp_path, source={"type": "Attribute", "name": "companyName"}).user
    mapped = user.map(ID, {**KIM, "companyName": "Example"}, soft_deleted=False)
    assert mapped.attributes[DEPARTMENT] == "Example"


def test_not_is_the_same_as_the_shipped_switch(tmp_path: Path, shipped: CompiledSchema) -> None:
    negated = compiled(
        tmp_path,
        lambda e: attribute(e, "active").update(source=expression("Not([IsSoftDeleted])")),
    )
    for gone in (True, False):
        expected = shipped.user.map(ID, KIM, soft_deleted=gone)
        assert negated.user.map(ID, KIM, soft_deleted=gone).attributes == expected.attributes


def test_a_boolean_of_another_text_is_a_problem(tmp_path: Path) -> None:
    schema = compiled(
        tmp_path, lambda e: attribute(e, "active").update(source=expression("[department]"))
    )
    mapped = schema.user.map(ID, KIM, soft_deleted=False)
    assert "'Research', which is neither True nor False" in mapped.problems[0].message
    mapped = schema.user.map(ID, {**KIM, "department": "TRUE"}, soft_deleted=False)
    assert mapped.attributes["active"] is True


@pytest.mark.parametrize(("enabled", "active"), [(True, True), (False, False), (None, None)])
def test_a_boolean_source_is_taken_as_it_is(
    tmp_path: Path, enabled: bool | None, active: bool | None
) -> None:
    source = expression("[accountEnabled]", "Attribute")
    schema = compiled(tmp_path, lambda e: attribute(e, "active").update(source=source))
    mapped = schema.user.map(ID, {**KIM, "accountEnabled": enabled}, soft_deleted=True)
    assert mapped.attributes.get("active") is active
    assert "active" not in mapped.clearable


def test_matching_goes_by_priority_over_what_has_a_value(tmp_path: Path) -> None:
    def change(export: dict[str, Any]) -> None:
        attribute(export, "userName")["matchingPriority"] = 3
        attribute(export, "externalId")["matchingPriority"] = 7

    user = compiled(tmp_path, change).user
    assert [m.path for m in user.matching] == ["userName", "externalId"]
    mapped = user.map(ID, KIM, soft_deleted=False)
    assert mapped.matches == (("userName", mapped.name), ("externalId", ID))
    mapped = user.map(ID, {**KIM, "userPrincipalName": None}, soft_deleted=False)
    assert (mapped.name, mapped.matches) == ("", (("externalId", ID),))


@pytest.mark.parametrize("value", [["a", "b"], {"a": 1}])
def test_several_values_are_a_problem_and_clear_nothing(
    shipped: CompiledSchema, value: Any
) -> None:
    mapped = shipped.user.map(ID, {**KIM, "department": value}, soft_deleted=False)
    assert [p.field for p in mapped.problems] == [DEPARTMENT]
    assert mapped.clearable == ("name.givenName", "name.familyName")


@pytest.mark.parametrize(
    ("value", "text"), [(7, "7"), (True, "True"), (["one"], "one"), ([], None)]
)
def test_other_types_become_text(shipped: CompiledSchema, value: Any, text: str | None) -> None:
    mapped = shipped.user.map(ID, {**KIM, "department": value}, soft_deleted=False)
    assert mapped.attributes.get(DEPARTMENT) == text
    assert mapped.problems == ()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
ROWS = st.dictionaries(st.sampled_from([*KIM, "objectId", "IsSoftDeleted", "x"]), JSON)


def check(mapped: Mapped, required: set[str]) -> None:
    assert all(isinstance(value, str | bool) for value in mapped.attributes.values())
    assert isinstance(mapped.name, str)
    unfit = {problem.field for problem in mapped.problems}
    assert not unfit & mapped.attributes.keys()
    assert not unfit & set(mapped.clearable)
    assert required <= mapped.attributes.keys() | unfit


@given(ROWS, st.booleans())
def test_any_values_give_attributes_or_problems(row: dict[str, Any], gone: bool) -> None:
    schema = shipped_once()
    user = schema.user.map(ID, row, soft_deleted=gone)
    check(user, {"userName", "displayName"})
    assert user.attributes["active"] is not gone
    assert user.attributes["externalId"] == ID
    check(schema.group.map(ID, row, soft_deleted=gone), {"displayName"})


def test_mapping_does_not_change_its_input(shipped: CompiledSchema) -> None:
    row = dict(KIM)
    first = shipped.user.map(ID, row, soft_deleted=False)
    assert row == KIM
    assert shipped.user.map(ID, row, soft_deleted=False) == first


def test_members_are_no_attribute(tmp_path: Path) -> None:
    schema = compiled(tmp_path, lambda e: object_mapping(e, "Group").update(flowTypes=None))
    assert "members" not in schema.group.target_paths
    assert "members" not in schema.group.source_properties
