"""Values by path into SCIM documents and back, in each form that servers were seen to show."""

from __future__ import annotations

from typing import Any

import pytest

from provisioning.scim.attributes import AttributeReader, encode_attributes, encode_value
from provisioning.scim.paths import (
    ENTERPRISE_SCHEMA,
    GROUP_SCHEMA,
    USER_SCHEMA,
    AttributePath,
    as_boolean,
    lookup,
    parse_path,
)

DEPARTMENT = f"{ENTERPRISE_SCHEMA}:department"
MANAGER = f"{ENTERPRISE_SCHEMA}:manager"
OTHER = "urn:example:other"
WORK, HOME = 'emails[type eq "work"].value', 'emails[type eq "home"].value'


@pytest.mark.parametrize(
    ("attributes", "document", "extensions"),
    [
        ({}, {}, ()),
        ({"userName": "jo", "title": None}, {"userName": "jo"}, ()),
        (
            {"name.givenName": "Jo", "name.familyName": "X"},
            {"name": {"givenName": "Jo", "familyName": "X"}},
            (),
        ),
        ({f"{USER_SCHEMA}:title": "Boss"}, {"title": "Boss"}, ()),
        ({f"{GROUP_SCHEMA}:displayName": "S"}, {"displayName": "S"}, ()),
        (
            {DEPARTMENT: "Sales", f"{OTHER}:x": 1, f"{ENTERPRISE_SCHEMA}:division": "D"},
            {ENTERPRISE_SCHEMA: {"department": "Sales", "division": "D"}, OTHER: {"x": 1}},
            (ENTERPRISE_SCHEMA, OTHER),
        ),
        ({DEPARTMENT: None}, {}, ()),
        ({MANAGER: "m"}, {ENTERPRISE_SCHEMA: {"manager": {"value": "m"}}}, (ENTERPRISE_SCHEMA,)),
        ({"active": "False"}, {"active": False}, ()),
        (
            {WORK: "a", 'emails[type eq "work"].primary': "True", HOME: "b"},
            {
                "emails": [
                    {"type": "work", "value": "a", "primary": True},
                    {"type": "home", "value": "b"},
                ]
            },
            (),
        ),
        ({"emails": "a"}, {"emails": [{"value": "a"}]}, ()),
        (
            {"phoneNumbers.value": "1", "phoneNumbers.type": "work"},
            {"phoneNumbers": [{"value": "1", "type": "work"}]},
            (),
        ),
        (
            {"roles": ["a", {"value": "b", "x": 1}]},
            {"roles": [{"value": "a"}, {"value": "b", "x": 1}]},
            (),
        ),
        (
            {WORK: ["a", "b"]},
            {"emails": [{"type": "work", "value": "a"}, {"type": "work", "value": "b"}]},
            (),
        ),
        ({"tags.name": ["a"]}, {"tags": [{"name": "a"}]}, ()),
        ({"primary": ["x"], "Active": "true"}, {"primary": [{"value": "x"}], "Active": True}, ()),
        # What the server owns is never sent, in any case; in an extension it is an attribute.
        ({"id": "1", "Meta": "m", "schemas": "s", "groups": "g"}, {}, ()),
        ({f"{OTHER}:id": "1"}, {OTHER: {"id": "1"}}, (OTHER,)),
    ],
)
def test_a_document_of_attributes(
    attributes: dict[str, Any], document: dict[str, Any], extensions: tuple[str, ...]
) -> None:
    assert encode_attributes(attributes) == (document, extensions)


@pytest.mark.parametrize(
    ("path", "value", "sent"),
    [
        ("title", "Boss", "Boss"),
        ("active", "FALSE", False),
        ("active", "maybe", "maybe"),
        ("name.givenName", "Jo", "Jo"),
        ("emails", "a", [{"value": "a"}]),
        (WORK, "a", "a"),
        ('emails[type eq "work"]', "a", {"value": "a"}),
        (MANAGER, "m", {"value": "m"}),
        (f"{MANAGER}.value", "m", "m"),
        ("roles", ["a", {"value": "b"}], [{"value": "a"}, {"value": "b"}]),
        ('emails[type eq "work"]', ["a"], [{"type": "work", "value": "a"}]),
        (WORK, ["a"], [{"type": "work", "value": "a"}]),
    ],
)
def test_the_value_of_a_patch(path: str, value: Any, sent: Any) -> None:
    assert encode_value(parse_path(path), value) == sent


def read(document: dict[str, Any], path: str, *, whole: bool = False) -> Any:
    return AttributeReader([path], [path] if whole else []).read(document).get(path)


@pytest.mark.parametrize(
    ("document", "path", "value"),
    [
        ({"title": "Boss"}, "title", "Boss"),
        ({"TITLE": "Boss"}, "title", "Boss"),
        ({"TITLE": "second", "title": "first"}, "title", "first"),
        ({"Title": "first", "TITLE": "second"}, "title", "first"),
        ({"title": None}, "title", None),
        ({"title": ["x"]}, "title", None),
        ({"title": {"value": "x"}}, "title", "x"),
        ({"title": {"Value": "x", "display": "y"}}, "title", "x"),
        ({"title": {"value": {}}}, "title", None),
        ({"title": 7}, "title", 7),
        ({"active": "True"}, "active", True),
        ({"active": {"value": "False"}}, "active", False),
        ({"name": {"GivenName": "Jo"}}, "name.givenName", "Jo"),
        ({"name": "Jo"}, "name.givenName", None),
        ({"name": [{"givenName": "Jo"}]}, "name.givenName", "Jo"),
        # Extensions: in their own object, as a flat name, or at top level.
        ({ENTERPRISE_SCHEMA: {"Department": "S"}}, DEPARTMENT, "S"),
        ({ENTERPRISE_SCHEMA.upper(): {"department": "S"}}, DEPARTMENT, "S"),
        ({DEPARTMENT: "S"}, DEPARTMENT, "S"),
        ({"department": "S"}, DEPARTMENT, "S"),
        ({"department": "no", ENTERPRISE_SCHEMA: {"department": "S"}}, DEPARTMENT, "S"),
        ({"department": "S", ENTERPRISE_SCHEMA: {}}, DEPARTMENT, "S"),
        ({"department": "S", ENTERPRISE_SCHEMA: "x"}, DEPARTMENT, "S"),
        ({"x": "S"}, f"{OTHER}:x", None),
        ({OTHER: {"x": "S"}}, f"{OTHER}:x", "S"),
        ({ENTERPRISE_SCHEMA: {"manager": {"value": "m"}}}, MANAGER, "m"),
        # One of several: the primary one, or else the first.
        ({"emails": [{"value": "a"}, {"value": "b", "primary": True}]}, "emails", "b"),
        ({"emails": [{"value": "a"}, {"value": "b", "primary": "true"}]}, "emails", "b"),
        ({"emails": [{"value": "a"}, {"value": "b"}]}, "emails", "a"),
        ({"emails": ["a", {"value": "b"}]}, "emails", None),
        ({"emails": []}, "emails", None),
        ({"emails": {"value": "a"}}, "emails", "a"),
        ({"emails": "a"}, "emails", None),
        # The selected one, in any case; several of them as a list.
        ({"emails": [{"type": "home", "value": "a"}, {"Type": "WORK", "value": "b"}]}, WORK, "b"),
        (
            {"emails": [{"type": "work", "value": "a"}, {"type": "work", "value": "b"}]},
            WORK,
            ["a", "b"],
        ),
        ({"emails": [{"type": "work"}, {"type": "work", "value": "b"}]}, WORK, "b"),
        ({"emails": [{"type": "home", "value": "a"}, "x"]}, WORK, None),
        ({"emails": {"type": "work", "value": "a"}}, WORK, "a"),
        ({"emails": {"type": "home", "value": "a"}}, WORK, None),
        ({"emails": [{"primary": "True", "value": "a"}]}, "emails[primary eq true].value", "a"),
        ({"emails": [{"primary": False, "value": "a"}]}, "emails[primary eq true].value", None),
        ({"emails": [{"type": 1, "value": "a"}]}, 'emails[type eq "1"].value', None),
        ({"emails": [{"type": "work", "primary": "True"}]}, 'emails[type eq "work"].primary', True),
    ],
)
def test_a_value_is_found_where_servers_show_it(
    document: dict[str, Any], path: str, value: Any
) -> None:
    assert read(document, path) == value


@pytest.mark.parametrize(
    ("document", "value"),
    [
        ({"roles": ["a", "b"]}, ["a", "b"]),
        ({"roles": "a"}, ["a"]),
        ({"roles": [{"value": "a"}]}, ["a"]),
        ({"roles": [{"value": "a", "display": "A"}]}, [{"value": "a", "display": "A"}]),
        (
            {"roles": [{"Value": "a", "type": "t", "primary": True, "x": 1, "display": None}]},
            [{"value": "a", "type": "t", "primary": True}],
        ),
        ({"roles": [None, {}, {"x": 1}, "a"]}, ["a"]),
        ({"roles": [{"display": "A"}]}, [{"display": "A"}]),
        ({"roles": []}, None),
        ({"roles": None}, None),
    ],
)
def test_all_elements_of_a_list(document: dict[str, Any], value: Any) -> None:
    assert read(document, "roles", whole=True) == value


def test_one_reader_reads_objects_of_any_shape() -> None:
    """Whatever a server shows, and however many shapes it has."""
    reader = AttributeReader(["title", "userName"])
    for number in range(1100):
        shown = {f"x{number}": 1, "title": f"T{number}", "userName": "jo"}
        assert reader.read(shown) == {"title": f"T{number}", "userName": "jo"}
        assert reader.read({"userName": "kim"}) == {"userName": "kim"}
        assert len(reader._plans) <= 512


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("title", (None, "title", None, None)),
        ("$ref", (None, "$ref", None, None)),
        ("name.givenName", (None, "name", None, "givenName")),
        (WORK, (None, "emails", ("type", "work"), "value")),
        ('emails[ type EQ "a\\"b" ]', (None, "emails", ("type", 'a"b'), None)),
        ("emails[primary eq TRUE].value", (None, "emails", ("primary", True), "value")),
        ('emails[Primary eq "False"]', (None, "emails", ("Primary", False), None)),
        ('emails[type eq "True"]', (None, "emails", ("type", "True"), None)),
        (DEPARTMENT, (ENTERPRISE_SCHEMA, "department", None, None)),
        (f"{USER_SCHEMA.upper()}:title", (None, "title", None, None)),
        (f"{GROUP_SCHEMA}:title", (None, "title", None, None)),
    ],
)
def test_a_path_and_its_parts(text: str, path: tuple[Any, ...]) -> None:
    assert parse_path(text) == AttributePath(text, *path)


@pytest.mark.parametrize("text", ["", "1a", "a b", "a[b]", 'a[b eq "c]', "a.b.c", "a.", ":a"])
def test_what_is_no_path(text: str) -> None:
    with pytest.raises(ValueError, match="is not a SCIM attribute path"):
        parse_path(text)


@pytest.mark.parametrize(
    ("text", "several", "reference", "boolean"),
    [
        *((name, True, False, False) for name in ("addresses", "emails", "entitlements", "ims")),
        *((name, True, False, False) for name in ("phoneNumbers", "photos", "roles")),
        ("x509Certificates", True, False, False),
        ("tags", False, False, False),
        ('tags[type eq "x"]', True, False, False),
        ("active", False, False, True),
        ("Primary", False, False, True),
        ("emails.primary", True, False, True),
        ("active.value", False, False, False),
        (MANAGER, False, True, False),
        (f"{MANAGER}.displayName", False, False, False),
    ],
)
def test_what_a_path_means(text: str, several: bool, reference: bool, boolean: bool) -> None:
    path = parse_path(text)
    assert (path.multi_valued, path.reference, path.boolean) == (several, reference, boolean)


def test_booleans_and_names_in_any_case() -> None:
    assert [as_boolean(each) for each in ("TRUE", "false", "no", 1, None)] == [
        *(True, False, "no", 1, None)
    ]
    assert lookup({"A": 1, "a": 2}, "a") == 2
    assert lookup({"A": 1}, "a") == 1
    assert lookup({"b": 1}, "a") is None
