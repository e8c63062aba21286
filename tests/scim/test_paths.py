"""Attribute paths."""

import pytest

from provisioning.scim.paths import AttributePath, lookup, parse_path
from tests.scim.scripted import DEPARTMENT

ENTERPRISE = DEPARTMENT.rpartition(":")[0]


@pytest.mark.parametrize(
    ("text", "schema", "name", "where", "sub"),
    [
        ("userName", None, "userName", None, None),
        ("name.givenName", None, "name", None, "givenName"),
        (DEPARTMENT, ENTERPRISE, "department", None, None),
        (f"{ENTERPRISE}:manager.value", ENTERPRISE, "manager", None, "value"),
        ('emails[type eq "work"].value', None, "emails", ("type", "work"), "value"),
        ('emails[type eq "a\\"b"].value', None, "emails", ("type", 'a"b'), "value"),
        ("emails[primary eq true].value", None, "emails", ("primary", True), "value"),
        ('roles[primary eq "True"].value', None, "roles", ("primary", True), "value"),
        ("urn:ietf:params:scim:schemas:core:2.0:User:active", None, "active", None, None),
    ],
)
def test_a_path_is_taken_apart(
    text: str, schema: str | None, name: str, where: tuple[str, str | bool] | None, sub: str | None
) -> None:
    """Every notation of RFC 7644 section 3.10 that a mapping uses is understood."""
    assert parse_path(text) == AttributePath(text, schema, name, where, sub)


@pytest.mark.parametrize(
    "text",
    ["", "a b", "name.", ".givenName", "a.b.c", "emails[type]", 'emails[type co "w"].value', "x="],
)
def test_what_is_no_path_is_refused(text: str) -> None:
    """A name that would become a malformed request raises when it is first seen."""
    with pytest.raises(ValueError, match="is not a SCIM attribute path"):
        parse_path(text)


def test_names_are_found_in_any_case_the_exact_one_first() -> None:
    """RFC 7643 section 2.1: attribute names are case-insensitive."""
    holder = {"externalID": "a", "externalId": "b"}
    assert lookup(holder, "externalId") == "b"
    assert lookup(holder, "EXTERNALID") == "a"
    assert lookup(holder, "other") is None


def test_little_is_shown_of_what_is_no_path() -> None:
    with pytest.raises(ValueError, match="is not a SCIM attribute path") as raised:
        parse_path("a " * 50_000)
    assert len(str(raised.value)) < 200
