"""What is known of a mapping before any principal: sources, rules, references, and matching."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from provisioning.expressions import Surroundings
from provisioning.mapping import AttributeSource, MatchingAttribute, ObjectMapping
from provisioning.model import EntraId
from tests.mapping.schemas import attribute, clause, compiled, expression, object_mapping, scope

ID = EntraId("3f0b6a52-1c5e-4a0e-9c54-5f2f0c8f7a01")
KIM = {"userPrincipalName": "kim@example.com", "displayName": "Kim", "givenName": "K"}
DEPARTMENT = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department"


def changed(folder: Path, target: str = "name.givenName", **fields: Any) -> ObjectMapping:
    return compiled(folder, lambda export: attribute(export, target).update(fields)).user


def test_each_attribute_says_where_it_comes_from(tmp_path: Path) -> None:
    sources = {each.path: each for each in changed(tmp_path).sources}
    assert sources["userName"] == AttributeSource(
        "userName", "[userPrincipalName]", ("userPrincipalName",), redacted=False
    )
    assert sources["active"].attributes == ("IsSoftDeleted",)
    assert len(sources) == 7
    hidden = changed(tmp_path, source=expression("Redact([givenName])"))
    (secret,) = [each for each in hidden.sources if each.path == "name.givenName"]
    assert secret == AttributeSource(
        "name.givenName", "Redact([givenName])", ("givenName",), redacted=True
    )
    assert hidden.rules.redacted == {"name.givenName"}
    alone = changed(tmp_path, source=None, defaultValue="None yet")
    (default,) = [each for each in alone.sources if each.path == "name.givenName"]
    assert default == AttributeSource("name.givenName", None, (), redacted=False)
    assert alone.rules.defaults == {"name.givenName": "None yet"}
    assert "givenName" not in alone.source_properties


def test_objects_are_matched_in_the_order_of_priority(tmp_path: Path) -> None:
    def change(export: dict[str, Any]) -> None:
        attribute(export, "userName")["matchingPriority"] = 2
        attribute(export, "externalId")["matchingPriority"] = 1
        attribute(export, "displayName")["matchingPriority"] = 3

    user = compiled(tmp_path, change).user
    assert user.matching == (
        MatchingAttribute("externalId", "[objectId]"),
        MatchingAttribute("userName", "[userPrincipalName]"),
        MatchingAttribute("displayName", "[displayName]"),
    )
    mapped = user.map(ID, {"userPrincipalName": "kim@example.com"}, soft_deleted=False)
    assert mapped.matches == (("externalId", ID), ("userName", "kim@example.com"))


def test_what_a_filter_reads_is_selected_too(tmp_path: Path) -> None:
    def change(export: dict[str, Any]) -> None:
        object_mapping(export)["scope"] = scope(clause("city", "EQUALS", "Rome"))

    user = compiled(tmp_path, change).user
    assert user.filter is not None
    assert user.source_properties[-1] == "city"
    assert not user.roles
    assert user.references == ()


def test_a_value_that_an_expression_cannot_give(tmp_path: Path) -> None:
    user = changed(tmp_path, source=expression('FormatDateTime([givenName], , "yyyy", "yyyy")'))
    (problem,) = user.map(ID, KIM, soft_deleted=False).problems
    assert problem.field == "name.givenName"
    assert problem.message.startswith("has no value: ")
    assert not problem.remedy.startswith("has no value: ")


@pytest.mark.parametrize("path", ["name.givenName", "name.familyName"])
def test_random_values_differ_between_attributes_and_not_between_times(
    tmp_path: Path, path: str
) -> None:
    text = expression("RandomString(12, 0, 0, 0, 0, )")
    user = changed(tmp_path, source=text)
    around = Surroundings(seed=b"seed")
    first = user.map(ID, KIM, soft_deleted=False, around=around).attributes["name.givenName"]
    again = user.map(ID, KIM, soft_deleted=False, around=around).attributes["name.givenName"]
    other = changed(tmp_path, path, source=text).map(ID, KIM, soft_deleted=False, around=around)
    assert first == again
    assert (other.attributes[path] == first) is (path == "name.givenName")
    elsewhere = Surroundings(seed=b"other")
    assert user.map(ID, KIM, soft_deleted=False, around=elsewhere).attributes["name.givenName"] != (
        first
    )


def test_a_default_that_is_left_alone_is_no_default(tmp_path: Path) -> None:
    user = changed(
        tmp_path,
        source=expression('FormatDateTime([givenName], , "yyyy", "yyyy")'),
        defaultValue="D",
    )
    mapped = user.map(ID, KIM, soft_deleted=False)
    assert mapped.left_alone == {"name.givenName"}
    assert mapped.defaults == {}
    assert mapped.rules.defaults == {"name.givenName": "D"}
