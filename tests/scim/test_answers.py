"""Answers, from literal bytes: the documented shapes, and what servers make of them."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.model import Capabilities, GroupRef, ObjectType, ScimId, TargetObject
from provisioning.scim.answers import (
    NoObject,
    Undecodable,
    decode_capabilities,
    decode_document,
    decode_matches,
    decode_object,
    decode_page,
)
from provisioning.scim.attributes import AttributeReader
from tests.scim.scripted import DEPARTMENT, GROUP_ATTRIBUTES, USER_ATTRIBUTES, WORK_MAIL

USER = ObjectType.USER
GROUP = ObjectType.GROUP
USERS = AttributeReader(USER_ATTRIBUTES)
GROUPS = AttributeReader(GROUP_ATTRIBUTES)

ZSCLOUD_USERS = b"""{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
"totalResults":2,"startIndex":1,"itemsPerPage":2,"Resources":[
{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User",
"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
"id":"7a736361-6c65-7200-7363-696d00000001","userName":"admin@example.com",
"displayName":"DEFAULT ADMIN","department":"Service Admin","active":"True",
"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"Service Admin"},
"groups":[{"display":"Service Admin","value":"g1","$ref":"https://scim.example.com/Groups/g1"}],
"meta":{"resourceType":"User","created":"2026-01-01T00:00:00Z"}},
{"id":"u2","userName":"b@example.com","externalID":"e2","active":false,"department":"Sales",
"name":{"givenName":"B","familyName":null},"emails":null,"groups":[]}]}"""


def one(document: str, type: ObjectType = USER) -> TargetObject:
    reader = USERS if type is USER else GROUPS
    return decode_object(type, decode_document(document.encode()), reader)


def test_a_page_of_zscloud_users() -> None:
    """Zscaler's list: department twice or at top level only, groups with the user."""
    page = decode_page(USER, ZSCLOUD_USERS, USERS)
    first, second = page.objects
    assert page.total == 2
    assert first.attributes == {
        "userName": "admin@example.com",
        "active": True,
        "displayName": "DEFAULT ADMIN",
        DEPARTMENT: "Service Admin",
    }
    assert first.groups == (GroupRef(ScimId("g1"), "Service Admin"),)
    assert first.members is None
    assert second.attributes == {
        "userName": "b@example.com",
        "active": False,
        "externalId": "e2",
        "name.givenName": "B",
        DEPARTMENT: "Sales",
    }
    assert second.groups == ()


@pytest.mark.parametrize(
    ("document", "members"),
    [
        ('{"id":"g"}', None),
        ('{"id":"g","members":null}', ()),
        ('{"id":"g","members":[]}', ()),
        ('{"id":"g","Members":[{"value":"a"}]}', ("a",)),
        ('{"id":"g","members":[{"value":"a","display":null},null,{"value":null}]}', ("a",)),
        ('{"id":"g","members":[{"value":"a"},{"value":"b"},{"value":"a"}]}', ("a", "b")),
        ('{"id":"g","members":[{"value":7}]}', ("7",)),
    ],
)
def test_members_in_all_their_forms(document: str, members: tuple[str, ...] | None) -> None:
    """None means not shown; null is empty (RFC 7643 section 2.5); a member counts once."""
    assert one(document, GROUP).members == members


@pytest.mark.parametrize(
    ("document", "attribute", "value"),
    [
        ('{"id":"1","active":"FALSE"}', "active", False),
        ('{"id":"1","ACTIVE":"true"}', "active", True),
        ('{"id":"1","active":"perhaps"}', "active", "perhaps"),
        ('{"id":"1","externalId":"e","externalID":"x"}', "externalId", "e"),
        ('{"id":"1","externalID":"e"}', "externalId", "e"),
        ('{"id":"1","displayName":""}', "displayName", ""),
        ('{"id":"1","displayName":{"value":"D"}}', "displayName", "D"),
        ('{"id":"1","name":{"GIVENNAME":"G"}}', "name.givenName", "G"),
        ('{"id":"1","department":"top"}', DEPARTMENT, "top"),
        (f'{{"id":"1","{DEPARTMENT}":"flat"}}', DEPARTMENT, "flat"),
        ('{"id":"1","emails":[null,{"type":"Work","value":"w"}]}', WORK_MAIL, "w"),
        ('{"id":"1","emails":{"type":"work","value":"w"}}', WORK_MAIL, "w"),
    ],
)
def test_a_value_in_the_forms_that_servers_give_it(
    document: str, attribute: str, value: Any
) -> None:
    """Case of names, strings for booleans, places of the department."""
    found = one(document).attributes[attribute]
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    "document",
    [
        '{"id":"1"}',
        '{"id":"1","displayName":null,"name":null,"emails":[],"department":null}',
        '{"id":"1","displayName":[1],"name":true,"emails":[null,{"type":"home","value":"h"}]}',
        '{"id":"1","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":null}',
        '{"id":"1","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{}}',
    ],
)
def test_what_is_not_set_is_absent(document: str) -> None:
    """Missing, null, empty and unreadable values are not set."""
    assert one(document).attributes == {}


def test_the_extension_goes_before_the_top_level() -> None:
    """Where ZSCloud's two departments differ, the standard place counts."""
    enterprise = DEPARTMENT.rpartition(":")[0]
    document = {"id": "1", "department": "old", enterprise: {"department": "new"}}
    assert one(json.dumps(document)).attributes == {DEPARTMENT: "new"}


def test_other_extensions_are_read_in_their_place_only() -> None:
    """Only the enterprise extension is known to be repeated at top level."""
    path = "urn:example:params:scim:schemas:extension:2.0:User:department"
    reader = AttributeReader((path,))
    assert reader.read({"department": "top"}) == {}
    assert reader.read({path.rpartition(":")[0].upper(): {"DEPARTMENT": "in"}}) == {path: "in"}


def test_paths_without_a_filter_mean_the_primary_element() -> None:
    """``emails.value`` and ``emails`` read the primary address, or the first."""
    reader = AttributeReader(("emails.value", "emails"))
    primary = [{"value": "a"}, {"value": "b", "primary": "true"}]
    assert set(reader.read({"emails": primary}).values()) == {"b"}
    assert set(reader.read({"emails": primary[:1]}).values()) == {"a"}


def test_many_shapes_do_not_grow_the_reader() -> None:
    """A server with ever new keys costs time, not memory."""
    reader = AttributeReader(("userName",))
    for number in range(1200):
        assert reader.read({f"k{number}": 1, "userName": "u"}) == {"userName": "u"}
    assert len(reader._plans) <= 512


@pytest.mark.parametrize("id", ["null", '""', "true", "[]", "{}"])
def test_an_object_without_an_id_is_none(id: str) -> None:
    """An id is what everything else hangs on."""
    with pytest.raises(NoObject):
        one(f'{{"id":{id},"userName":"a"}}')


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>sign in</html>",
        b"[]",
        b"null",
        b'"text"',
        b"{}",
        b'{"Resources":[]}',
        b'{"totalResults":null,"Resources":[]}',
        b'{"totalResults":-1,"Resources":[]}',
        b'{"totalResults":true,"Resources":[]}',
        b'{"totalResults":1,"Resources":[null]}',
        b'{"totalResults":1,"Resources":{}}',
        b'{"totalResults":1,"Resources":[{"userName":"a"}]}',
        b'{"totalResults":1,"Resources":[{"id":"1","groups":{}}]}',
        b'{"totalResults":1,"Resources":[{"id":"1","groups":["g"]}]}',
        b'{"totalResults":1,"Resources":[{"id":"1","userName":"\xff"}]}',
        b"[" * 100_000,
        ZSCLOUD_USERS[: len(ZSCLOUD_USERS) // 2],
        ZSCLOUD_USERS[:-1],
    ],
    ids=lambda body: body[:30],
)
def test_a_broken_list_is_not_an_empty_one(body: bytes) -> None:
    """Whatever is not a whole ListResponse raises; nothing is read out of a part."""
    with pytest.raises(Undecodable):
        decode_page(USER, body, USERS)


@pytest.mark.parametrize(
    "body",
    [
        b'{"totalResults":0}',
        b'{"totalResults":"0","Resources":null}',
        b'\xef\xbb\xbf{"TOTALRESULTS":0,"resources":[]}',
    ],
)
def test_an_empty_list(body: bytes) -> None:
    """RFC 7644 section 3.4.2: Resources may be missing when there are none."""
    assert decode_page(USER, body, USERS).objects == ()


CUT_OFF = st.integers(0, len(ZSCLOUD_USERS) - 1).map(lambda length: ZSCLOUD_USERS[:length])


@given(st.binary(max_size=60) | CUT_OFF)
def test_no_bytes_raise_anything_else(body: bytes) -> None:
    """Noise, and every list that is cut off, raises ``Undecodable``."""
    with pytest.raises(Undecodable):
        decode_page(USER, body, USERS)


@pytest.mark.parametrize(
    ("attribute", "value", "ids"),
    [
        ("userName", "ANN@example.com", ["1"]),
        ("userName", "ann", []),
        ("externalId", "Ext", ["2"]),
        ("externalID", "ext", ["1"]),
        ("displayName", "STRAßE", ["1"]),
        ("displayName", "strasse", ["2"]),
        ("displayName", "cafe\u0301", ["3"]),
        ("name.givenName", "x", []),
        ("id", "3", ["3"]),
    ],
)
def test_matches_are_verified(attribute: str, value: Any, ids: list[str]) -> None:
    """A server that ignores the filter answers with everybody; only real matches are kept."""
    everybody = [
        {"id": "1", "userName": "Ann@Example.com", "externalId": "ext", "displayName": "Straße"},
        {"id": "2", "userName": "ann.b@example.com", "externalID": "Ext", "displayName": "STRASSE"},
        {"id": "3", "userName": None, "displayName": "Caf\u00e9"},
    ]
    body = json.dumps({"totalResults": 3, "Resources": everybody}).encode()
    assert [m.id for m in decode_matches(USER, body, USERS, attribute, value)] == ids


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ("{}", Capabilities()),
        ('{"patch":{"supported":false}}', Capabilities(patch=False)),
        ('{"patch":{"supported":"False"},"bulk":null}', Capabilities(patch=False)),
        ('{"patch":{"supported":true},"filter":{"maxResults":200}}', Capabilities(max_results=200)),
        (
            '{"bulk":{"supported":"true","maxOperations":50,"maxPayloadSize":1048576}}',
            Capabilities(bulk_operations=50, bulk_payload=1_048_576),
        ),
        ('{"bulk":{"supported":false,"maxOperations":50}}', Capabilities()),
        ('{"bulk":{"supported":true},"filter":{"maxResults":0}}', Capabilities()),
    ],
)
def test_capabilities(document: str, expected: Capabilities) -> None:
    """RFC 7643 section 5; what is not said keeps its default."""
    assert decode_capabilities(document.encode()) == expected


@pytest.mark.parametrize("number", ["9" * 5000, "9" * 19])
def test_a_text_of_thousands_of_digits_is_no_number(number: str) -> None:
    """Python raises for one, other than for what is no number at all."""
    document = {"bulk": {"supported": True, "maxOperations": number, "maxPayloadSize": "5"}}
    found = decode_capabilities(json.dumps(document).encode())
    assert found == Capabilities(bulk_operations=0, bulk_payload=5)


def test_numbers_that_no_store_has_are_texts() -> None:
    found = decode_object(USER, {"id": "1", "displayName": 10**30}, USERS)
    assert found.attributes == {"displayName": str(10**30)}
