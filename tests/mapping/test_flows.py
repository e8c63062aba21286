"""Expressions in mappings: values that are left out, hidden, derived, or cannot be had."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from provisioning.expressions import Surroundings
from provisioning.mapping import CompiledSchema
from provisioning.model import EntraId

from .schemas import attribute, compiled, expression

DEPARTMENT = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department"
ID = EntraId("3f0b6a52-1c5e-4a0e-9c54-5f2f0c8f7a01")
KIM = {"userPrincipalName": "kim.lee@example.com", "displayName": "Kim Lee"}
AROUND = Surroundings(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), b"job/object")


def with_source(folder: Path, target: str, text: str, **changes: Any) -> CompiledSchema:
    def change(export: dict[str, Any]) -> None:
        attribute(export, target).update(source=expression(text), **changes)

    return compiled(folder, change)


def test_what_an_expression_cannot_use_is_a_problem_of_its_attribute(tmp_path: Path) -> None:
    schema = with_source(tmp_path, DEPARTMENT, "CDate([department])")
    mapped = schema.user.map(ID, {**KIM, "department": "Research"}, soft_deleted=False)
    (problem,) = mapped.problems
    assert problem.field == DEPARTMENT
    assert "CDate at character 1, argument 1: 'Research' is no date" in problem.message
    assert problem.remedy
    assert DEPARTMENT not in mapped.attributes
    assert DEPARTMENT not in mapped.clearable
    assert mapped.attributes["displayName"] == "Kim Lee"
    good = schema.user.map(ID, {**KIM, "department": "2020-03-16"}, soft_deleted=False)
    assert good.attributes[DEPARTMENT] == "3/16/2020 12:00:00 AM"
    assert good.problems == ()


def test_an_ignored_attribute_is_neither_written_nor_defaulted_nor_cleared(tmp_path: Path) -> None:
    plain = with_source(tmp_path, DEPARTMENT, 'Append([department], "")', defaultValue="None")
    without = plain.user.map(ID, KIM, soft_deleted=False)
    assert without.defaults == {DEPARTMENT: "None"}
    assert DEPARTMENT in without.clearable

    text = "IgnoreFlowIfNullOrEmpty([department])"
    ignoring = with_source(tmp_path, DEPARTMENT, text, defaultValue="None").user
    ignored = ignoring.map(ID, KIM, soft_deleted=False)
    assert DEPARTMENT not in ignored.attributes
    assert ignored.defaults == {}
    assert DEPARTMENT not in ignored.clearable
    assert DEPARTMENT in ignored.keep
    assert ignored.problems == ()

    written = ignoring.map(ID, {**KIM, "department": "Research"}, soft_deleted=False)
    assert written.attributes[DEPARTMENT] == "Research"
    assert written.defaults == {DEPARTMENT: "None"}
    assert DEPARTMENT in written.clearable


def test_a_required_attribute_cannot_be_ignored(tmp_path: Path) -> None:
    text = "IgnoreFlowIfNullOrEmpty([displayName])"
    schema = with_source(tmp_path, "displayName", text, defaultValue="Nobody")
    mapped = schema.user.map(ID, {**KIM, "displayName": ""}, soft_deleted=False)
    assert [p.field for p in mapped.problems] == ["displayName"]


def test_a_redacted_value_flows_and_no_problem_shows_it(tmp_path: Path) -> None:
    schema = with_source(tmp_path, "displayName", "Redact([displayName])")
    assert schema.user.map(ID, KIM, soft_deleted=False).attributes["displayName"] == "Kim Lee"
    long = {**KIM, "displayName": "secret" * 40}
    (problem,) = schema.user.map(ID, long, soft_deleted=False).problems
    assert "[Redact]" in problem.message
    assert "secret" not in f"{problem.message} {problem.remedy}"


def test_random_values_are_of_the_object_and_of_the_attribute(tmp_path: Path) -> None:
    def change(export: dict[str, Any]) -> None:
        for target in (DEPARTMENT, "displayName"):
            attribute(export, target)["source"] = expression("Guid()")

    user = compiled(tmp_path, change).user
    values = user.map(ID, KIM, soft_deleted=False, around=AROUND).attributes
    again = user.map(ID, KIM, soft_deleted=False, around=AROUND).attributes
    assert values == again
    assert values[DEPARTMENT] != values["displayName"]
    assert UUID(str(values[DEPARTMENT])).version == 4


def test_without_surroundings_there_is_a_problem_and_no_made_up_value(tmp_path: Path) -> None:
    schema = with_source(tmp_path, DEPARTMENT, "Now()")
    (problem,) = schema.user.map(ID, KIM, soft_deleted=False).problems
    assert "the time is not known" in problem.message
    mapped = schema.user.map(ID, KIM, soft_deleted=False, around=AROUND)
    assert mapped.attributes[DEPARTMENT] == "1/2/2026 3:04:05 AM"


def test_app_roles_are_mapped_and_are_no_property_of_graph(tmp_path: Path) -> None:
    def change(export: dict[str, Any]) -> None:
        for directory in export["directories"]:
            for object_ in directory["objects"]:
                if object_["name"] == "User" and "zscaler" not in directory["name"].lower():
                    added = {**object_["attributes"][0], "name": "appRoleAssignments"}
                    object_["attributes"].append({**added, "anchor": False})
        text = "SingleAppRoleAssignment([appRoleAssignments])"
        attribute(export, DEPARTMENT)["source"] = expression(text)
        attribute(export, "name.givenName")["source"] = expression(
            "AppRoleAssignmentsComplex([appRoleAssignments])"
        )

    user = compiled(tmp_path, change).user
    assert "appRoleAssignments" not in user.source_properties
    roles = [{"id": "1", "value": "admin", "displayName": "Administrator"}]
    mapped = user.map(ID, {**KIM, "appRoleAssignments": roles}, soft_deleted=False)
    assert mapped.attributes[DEPARTMENT] == "admin"
    (problem,) = mapped.problems
    assert (problem.field, problem.message) == (
        "name.givenName",
        "is a complex value, and ZSCloud takes text.",
    )
