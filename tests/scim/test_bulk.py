"""Bulk requests and answers as bytes: RFC 7644 section 3.7, and what servers make of it."""

from __future__ import annotations

import random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.model import (
    AddMembers,
    CreateObject,
    DeleteObject,
    ObjectType,
    ScimId,
    UpdateObject,
    Write,
)
from provisioning.scim import bulk, wire
from provisioning.scim.answers import Undecodable

USER, GROUP = ObjectType.USER, ObjectType.GROUP


def create(name: str) -> Write:
    return CreateObject(USER, {"userName": name})


def change(id: str) -> Write:
    return UpdateObject(USER, ScimId(id), {"displayName": "X"})


def operations(*writes: Write) -> list[bulk.Operation]:
    return [bulk.encode_operation(wire.encode_write(one), n) for n, one in enumerate(writes)]


def answer(*results: Any) -> bytes:
    return msgspec.json.encode({"Operations": results})


def statuses(body: bytes, sent: list[bulk.Operation]) -> list[int | None]:
    return [one and one.status for one in bulk.decode_answer(body, sent)]


def test_a_request_as_the_rfc_has_it() -> None:
    sent = operations(create("a"), change("x/1"), DeleteObject(USER, ScimId("2")))
    body = msgspec.json.decode(bulk.encode_request(sent))
    assert body["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"]
    assert "failOnErrors" not in body
    post, patch, delete = body["Operations"]
    assert post["method"] == "POST"
    assert post["path"] == "/Users"
    assert post["bulkId"] == "0"
    assert post["data"]["userName"] == "a"
    assert patch["path"] == "/Users/x%2F1"
    assert patch["data"]["schemas"] == [wire.PATCH_SCHEMA]
    assert delete == {"method": "DELETE", "path": "/Users/2"}


@given(st.lists(st.text(max_size=40), min_size=1, max_size=20), st.integers(0, 4000))
def test_what_fits_is_counted_in_bytes(names: list[str], most: int) -> None:
    sent = operations(*[create(name or "x") for name in names])
    count = bulk.fitting(sent, most)
    assert count == 0 or len(bulk.encode_request(sent[:count])) <= most
    if count < len(sent):
        assert len(bulk.encode_request(sent[: count + 1])) > most


def results_of(sent: list[bulk.Operation]) -> list[dict[str, Any]]:
    found = []
    for number, one in enumerate(sent):
        path = one.command.path
        location = f"https://scim.example.com/1/2/scim{path}" + ("/n" if one.bulk_id else "")
        result = {"method": one.command.method, "location": location, "status": str(200 + number)}
        found.append({**result, "bulkId": one.bulk_id} if one.bulk_id else result)
    return found


@given(st.integers(0, 1000), st.integers(1, 8))
def test_each_result_finds_its_write_in_whatever_order(seed: int, count: int) -> None:
    sent = operations(*[create(str(n)) if n % 2 else change(str(n)) for n in range(count)])
    found = results_of(sent)
    random.Random(seed).shuffle(found)
    assert statuses(answer(*found), sent) == [200 + n for n in range(count)]


def test_several_of_one_object_are_told_by_their_place() -> None:
    sent = operations(create("a"), change("1"), change("1"), change("1"))
    of_a, first, second, third = results_of(sent)
    second["status"] = "400"
    assert statuses(answer(of_a, first, second, third), sent) == [200, 201, 400, 203]
    # In another order nobody can tell which of them failed, and where all say the same all are it.
    assert statuses(answer(first, of_a, second, third), sent) == [200, None, None, None]
    assert statuses(answer(of_a, first, second), sent) == [200, None, None, None]
    for one in (first, second, third):
        one["status"] = "204"
    assert statuses(answer(first, of_a, second, third), sent) == [200, 204, 204, 204]


def test_what_is_left_out_is_not_known() -> None:
    sent = operations(create("a"), change("1"), create("b"))
    assert statuses(answer(*results_of(sent)[1:2]), sent) == [None, 201, None]


def test_a_result_that_comes_twice_is_not_known() -> None:
    sent = operations(create("a"))
    (one,) = results_of(sent)
    assert statuses(answer(one, {**one, "status": "409"}), sent) == [None]


def test_a_post_is_never_told_by_its_place() -> None:
    """One person's account would become another's."""
    sent = operations(create("a"), create("b"))
    nameless = [{k: v for k, v in one.items() if k != "bulkId"} for one in results_of(sent)]
    assert statuses(answer(*nameless), sent) == [None, None]


def test_others_are_told_by_their_place_in_a_complete_answer() -> None:
    sent = operations(change("1"), DeleteObject(USER, ScimId("2")))
    bare = [{"method": "PATCH", "status": "204"}, {"method": "DELETE", "status": "404"}]
    assert statuses(answer(*bare), sent) == [204, 404]
    assert statuses(answer(*reversed(bare)), sent) == [None, None]
    assert statuses(answer(bare[1]), sent) == [None, None]


@pytest.mark.parametrize("status", ["201", 201, {"code": "201"}, {"code": 201}, "201 Created"])
def test_forms_of_a_status(status: Any) -> None:
    assert statuses(answer({"bulkId": "0", "status": status}), operations(create("a"))) == [201]


@pytest.mark.parametrize("status", [None, True, "", "done", 20, 2010, {}, {"code": None}, [201]])
def test_a_status_that_is_none_tells_nothing(status: Any) -> None:
    assert statuses(answer({"bulkId": "0", "status": status}), operations(create("a"))) == [None]


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"Operations":{}}', b'{"Operations":[1]}'])
def test_what_is_no_answer_is_refused(body: bytes) -> None:
    with pytest.raises(Undecodable):
        bulk.decode_answer(body, operations(create("a")))


@pytest.mark.parametrize(
    ("location", "id"),
    [
        ("https://x.example/1/2/scim/Users/a%2Fb?x=1", "a/b"),
        ("/Users/7", "7"),
        ("https://x.example/scim/Users/", None),
        ("https://x.example/scim/Things/7", None),
        ("http://[", None),
        ("", None),
        (None, None),
    ],
)
def test_the_id_in_a_location(location: str | None, id: str | None) -> None:
    assert bulk.identifier_in(location) == id


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["bulkId", "method", "status", "location", "response", "code"]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(st.lists(JSON, max_size=6))
def test_whatever_comes_is_read_or_refused(results: list[Any]) -> None:
    sent = operations(create("a"), change("1"))
    try:
        found = bulk.decode_answer(answer(*results), sent)
    except Undecodable:
        return
    assert len(found) == len(sent)


def test_newcomers_are_named_by_what_creates_them() -> None:
    ada = CreateObject(USER, {"userName": "a"}, made_for="id-of-ada")
    bob = CreateObject(USER, {"userName": "b"}, made_for="id-of-bob")
    sales = CreateObject(GROUP, {"displayName": "S"}, (ScimId("1"),), ("id-of-bob", "id-of-ada"))
    more = AddMembers(ScimId("2"), (), ("id-of-ada",))
    named = bulk.with_references([ada, bob, sales, more])
    members = [wire.encode_write(one).body for one in named[2:]]
    assert b'"members":[{"value":"1"},{"value":"bulkId:1"},{"value":"bulkId:0"}]' in members[0]
    assert b'"members":[{"value":"bulkId:0"}]' in members[1]
    assert b"id-of-ada" not in b"".join(
        bulk.encode_operation(wire.encode_write(one), 0).body for one in named
    )
    for writes in ([sales, ada, bob], [ada, sales]):
        with pytest.raises(ValueError, match="no write before it creates"):
            bulk.with_references(writes)
    with pytest.raises(ValueError, match="in a batch"):
        wire.encode_write(more)
