"""Requests, byte for byte as Zscaler, Microsoft or RFC 7644 publish their shape."""

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scim2_models import EnterpriseUser, Group, PatchOp, User

from provisioning.model import (
    AddMembers,
    CreateObject,
    DeleteObject,
    MemberRemoval,
    ObjectType,
    RemoveMembers,
    ReplaceObject,
    ScimId,
    UpdateObject,
    Write,
)
from provisioning.scim.answers import decode_document, decode_object
from provisioning.scim.attributes import AttributeReader
from provisioning.scim.wire import encode_write, filter_path, object_path, page_path
from tests.scim.scripted import DEPARTMENT, USER_ATTRIBUTES, WORK_MAIL

USER = ObjectType.USER
GROUP = ObjectType.GROUP
ID = ScimId("7a736361-6c65-7200-7363-696d00000001")
PATCH_HEAD = b'{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":'

FULL_USER: dict[str, Any] = {
    "userName": "ann@example.com",
    "active": True,
    "externalId": "e1",
    "displayName": "Ann Ö",
    "name.givenName": "Ann",
    "name.familyName": None,
    DEPARTMENT: "Sales",
    WORK_MAIL: "ann@example.com",
}


def body(write: Write, *, member_add_path: bool = False) -> bytes:
    command = encode_write(write, member_add_path=member_add_path)
    assert command.body is not None
    return command.body


def test_create_user() -> None:
    """Zscaler's POST example: both schemas, no id; unset attributes are left out."""
    command = encode_write(CreateObject(USER, FULL_USER))
    assert (command.method, command.path) == ("POST", "/Users")
    assert command.body == (
        b'{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User",'
        b'"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],'
        b'"userName":"ann@example.com","active":true,"externalId":"e1",'
        b'"displayName":"Ann \xc3\x96","name":{"givenName":"Ann"},'
        b'"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"Sales"},'
        b'"emails":[{"type":"work","value":"ann@example.com"}]}'
    )


def test_the_enterprise_schema_is_named_only_with_an_enterprise_attribute() -> None:
    """RFC 7643 section 3: ``schemas`` lists what the document uses."""
    write = CreateObject(USER, {"userName": "a@example.com", DEPARTMENT: None, "active": "False"})
    assert body(write) == (
        b'{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],'
        b'"userName":"a@example.com","active":false}'
    )


def test_create_group_with_and_without_members() -> None:
    """A group starts with its members, or without the attribute."""
    head = b'{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"All"'
    assert body(CreateObject(GROUP, {"displayName": "All"})) == head + b"}"
    write = CreateObject(GROUP, {"displayName": "All"}, (ScimId("u1"), ScimId("u2")))
    assert body(write) == head + b',"members":[{"value":"u1"},{"value":"u2"}]}'


def test_replace_never_carries_what_the_server_owns() -> None:
    """An ``id`` in ZSCloud's PUT body is looked up in place of the URL's."""
    attributes = {"id": "other", "displayName": "All", "meta": "x", "schemas": "y", "groups": "z"}
    command = encode_write(ReplaceObject(GROUP, ID, attributes, ()))
    assert (command.method, command.path) == ("PUT", f"/Groups/{ID}")
    assert json.loads(command.body or b"") == {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
        "displayName": "All",
        "members": [],
    }
    assert b"members" not in body(ReplaceObject(GROUP, ID, {"displayName": "All"}))
    assert b"members" not in body(ReplaceObject(USER, ID, FULL_USER, (ScimId("u1"),)))


def test_update_is_one_operation_for_each_attribute() -> None:
    """One PATCH; lower-case operations with paths; booleans as booleans; None removes."""
    values = {"active": "False", "displayName": "B", DEPARTMENT: None, WORK_MAIL: "b@example.com"}
    command = encode_write(UpdateObject(USER, ID, values))
    assert (command.method, command.path) == ("PATCH", f"/Users/{ID}")
    assert command.body == (
        PATCH_HEAD + b'[{"op":"replace","path":"active","value":false},'
        b'{"op":"replace","path":"displayName","value":"B"},'
        b'{"op":"remove","path":'
        b'"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department"},'
        b'{"op":"replace","path":"emails[type eq \\"work\\"].value","value":"b@example.com"}]}'
    )


def test_whole_complex_and_multi_valued_attributes_are_wrapped() -> None:
    """A manager is ``{"value": …}`` (RFC 7643 section 4.3), a bare list has one element."""
    enterprise = DEPARTMENT.rpartition(":")[0]
    values = {
        f"{enterprise}:manager": "m1",
        "emails": "a@example.com",
        "emails[primary eq true]": 1,
    }
    operations = json.loads(body(UpdateObject(USER, ID, values)))["Operations"]
    assert [operation["value"] for operation in operations] == [
        {"value": "m1"},
        [{"value": "a@example.com"}],
        {"value": 1},
    ]
    created = json.loads(body(CreateObject(USER, {f"{enterprise}:manager": "m1", "emails": "a"})))
    assert created[enterprise] == {"manager": {"value": "m1"}}
    assert created["emails"] == [{"value": "a"}]


def test_sub_attributes_of_one_element_meet_in_it() -> None:
    """Two paths with the same filter are one element of the list."""
    attributes = {'emails[type eq "work"].value': "w", 'emails[type eq "work"].primary': "True"}
    document = json.loads(
        body(CreateObject(USER, {**attributes, 'emails[type eq "home"].value': 1}))
    )
    assert document["emails"] == [
        {"type": "work", "value": "w", "primary": True},
        {"type": "home", "value": 1},
    ]


def test_members_are_added_in_the_form_that_zscaler_publishes() -> None:
    """No path, the attribute inside the value; or with a path where a server wants one."""
    write = AddMembers(ID, (ScimId("u1"), ScimId("u2")))
    references = b'[{"value":"u1"},{"value":"u2"}]'
    assert body(write) == PATCH_HEAD + b'[{"op":"add","value":{"members":' + references + b"}}]}"
    assert body(write, member_add_path=True) == (
        PATCH_HEAD + b'[{"op":"add","path":"members","value":' + references + b"}]}"
    )


def test_members_are_removed_in_the_form_asked_for() -> None:
    """One filter path for each member, quoted; or Entra's value array."""
    members = (ScimId("u1"), ScimId('a"b\\'))
    assert body(RemoveMembers(ID, members, MemberRemoval.FILTER)) == (
        PATCH_HEAD + b'[{"op":"remove","path":"members[value eq \\"u1\\"]"},'
        rb'{"op":"remove","path":"members[value eq \"a\\\"b\\\\\"]"}]}'
    )
    assert body(RemoveMembers(ID, members, MemberRemoval.VALUE)) == (
        PATCH_HEAD + b'[{"op":"remove","path":"members","value":[{"value":"u1"},'
        rb'{"value":"a\"b\\"}]}]}'
    )


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (UpdateObject(USER, ID, {}), "without an operation"),
        (AddMembers(ID, ()), "without an operation"),
        (RemoveMembers(ID, (), MemberRemoval.VALUE), "without an operation"),
        (RemoveMembers(ID, (ScimId("u1"),), MemberRemoval.PUT), "ReplaceObject"),
        (UpdateObject(USER, ID, {"a b": 1}), "not a SCIM attribute path"),
    ],
)
def test_a_write_that_says_nothing_is_refused(write: Any, message: str) -> None:
    """Above all: a removal without a member must not become one of all members."""
    with pytest.raises(ValueError, match=message):
        encode_write(write)


def test_delete_has_no_body() -> None:
    """DELETE names the object in its URL only, percent-encoded."""
    command = encode_write(DeleteObject(USER, ScimId("a/b ?")))
    assert (command.method, command.path, command.body) == ("DELETE", "/Users/a%2Fb%20%3F", None)


def test_reading_paths() -> None:
    """Paging and filtering as RFC 7644 section 3.4.2 has them."""
    assert object_path(GROUP, ID) == f"/Groups/{ID}"
    assert page_path(USER, 1001, 1000) == "/Users?startIndex=1001&count=1000"
    assert filter_path(GROUP, "displayName", 'A & "B" \\ Ö+%') == (
        "/Groups?filter=displayName%20eq%20%22A%20%26%20%5C%22B%5C%22%20%5C%5C%20%C3%96%2B%25%22"
    )
    with pytest.raises(ValueError, match="not a SCIM attribute path"):
        filter_path(USER, 'userName eq "a" or userName', "b")


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_filter_value_arrives_as_it_was(value: Any) -> None:
    """Whatever the value, a server that parses the filter gets it back, and nothing else."""
    url = filter_path(USER, "userName", value)
    assert url.isascii()
    query = parse_qs(urlsplit(url).query, strict_parsing=True)
    head, _, literal = query["filter"][0].partition(" eq ")
    assert (head, json.loads(literal), list(query)) == ("userName", value, ["filter"])


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
USERS = st.fixed_dictionaries(
    {},
    optional={
        path: st.booleans() if path == "active" else st.none() | TEXT for path in USER_ATTRIBUTES
    },
)


@given(USERS)
def test_what_is_sent_reads_back_the_same(attributes: dict[str, Any]) -> None:
    """Encode, decode: the values that are set, neither more nor less."""
    document = decode_document(body(CreateObject(USER, attributes)))
    found = decode_object(USER, {**document, "id": "1"}, AttributeReader(USER_ATTRIBUTES))
    expected = {path: value for path, value in attributes.items() if value is not None}
    assert found.attributes == expected


@given(USERS, TEXT.filter(bool))
def test_scim2_models_accepts_every_user(attributes: dict[str, Any], name: str) -> None:
    """An independent implementation of RFC 7643 validates what is sent."""
    # It wants real addresses in ``emails``; those are not this test's subject.
    sent = {**attributes, "userName": name, WORK_MAIL: None}
    model = User[EnterpriseUser].model_validate_json(body(CreateObject(USER, sent)))
    assert model.user_name == name


@pytest.mark.parametrize(
    "write",
    [
        UpdateObject(USER, ID, {**FULL_USER, "name.familyName": None}),
        UpdateObject(USER, ID, {"active": False}),
    ],
)
def test_scim2_models_accepts_every_user_patch(write: Any) -> None:
    """RFC 7644 section 3.5.2, as another implementation reads it."""
    patch = PatchOp[User[EnterpriseUser]].model_validate_json(body(write))
    assert len(patch.operations or []) == len(write.values)


@pytest.mark.parametrize(
    ("write", "operations"),
    [
        (AddMembers(ID, (ScimId("u1"),)), 1),
        (RemoveMembers(ID, (ScimId("u1"), ScimId("u2")), MemberRemoval.FILTER), 2),
        (UpdateObject(GROUP, ID, {"displayName": "B"}), 1),
    ],
)
def test_scim2_models_accepts_every_group_patch(write: Any, operations: int) -> None:
    """The published forms are valid PATCH requests for a group."""
    patch = PatchOp[Group].model_validate_json(body(write))
    assert len(patch.operations or []) == operations
