"""The message on the hints queue: what it tells, what it cannot be, and several as one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from provisioning.notifications.batch import Batch, Dropped, Expected, read_batch
from provisioning.notifications.message import (
    HINTS,
    MOST_KEYS,
    MOST_LIFECYCLE,
    Gathered,
    HintMessage,
    check,
    decode,
    encode,
    graver,
)
from tests.notifications.payloads import GROUPS, NOW, SECRET, TENANT, USERS, body, id_of, item

ID, OTHER = id_of(1), id_of(2)
MONTH = 30 * 24 * 3600 * 1000


def test_the_words_that_are_stored_and_shown() -> None:
    """The queue's name is set in infra, the reasons stand in ``status``."""
    assert HINTS == "provisioning-hints"
    assert (MOST_KEYS, MOST_LIFECYCLE) == (1000, 8)
    assert list(Dropped) == [
        *("not_configured", "too_large", "too_many", "malformed", "client_state", "tenant"),
        *("subscription", "resource", "lifecycle"),
    ]
    assert Batch(message=None) == Batch(message=None, accepted=0, dropped={})


@pytest.mark.parametrize(
    ("fields", "empty"),
    [
        ({}, True),
        ({"users": {ID: 0}}, False),
        ({"groups": {ID: 0}}, False),
        ({"lifecycle": {ID: "missed"}}, False),
        ({"feeds": True}, False),
        ({"assignments": True}, False),
        ({"narrowed": True}, True),
    ],
)
def test_a_message_and_its_text(fields: dict[str, Any], empty: bool) -> None:
    message = HintMessage(told=NOW, **fields)
    assert message.is_empty is empty
    assert json.loads(encode(message)) == {"told": NOW, **fields}
    assert decode(encode(message).encode()) == message


@pytest.mark.parametrize("text", [b"", b"{}", b"[]", b'{"told": "x"}', b"\xff", b"[" * 100_000])
def test_what_is_no_message_says_so(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"^the message is no hint: "):
        decode(text)


@pytest.mark.parametrize("kind", ["users", "groups"])
@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({ID: -1}, "no change was made at such a time"),
        ({ID: 5, OTHER: MONTH + 1}, "no change was made at such a time"),
        ({ID: 1, "delta": 1}, "something that is no object id"),
        ({f"{ID}x": 1}, "something that is no object id"),
        ({id_of(n): 1 for n in range(1001)}, "more than 1000 objects"),
    ],
)
def test_a_message_that_the_webhook_cannot_have_made(
    kind: str, changed: dict[str, int], why: str
) -> None:
    with pytest.raises(ValueError, match=why):
        check(HintMessage(told=NOW, **{kind: changed}))


def test_a_message_that_the_webhook_can_have_made() -> None:
    most = {id_of(n): MONTH for n in range(1000)}
    check(HintMessage(told=NOW, users={**most, id_of(0): 0}, groups={ID.upper(): 5}))
    check(HintMessage(told=NOW))


@pytest.mark.parametrize(
    ("event", "other", "grave"),
    [
        ("missed", None, "missed"),
        ("missed", "reauthorizationRequired", "missed"),
        ("missed", "subscriptionRemoved", "subscriptionRemoved"),
        ("reauthorizationRequired", "subscriptionRemoved", "subscriptionRemoved"),
        ("unknown", "reauthorizationRequired", "reauthorizationRequired"),
    ],
)
def test_the_graver_of_two_events(event: str, other: str | None, grave: str) -> None:
    assert graver(event, other) == grave
    assert other is None or graver(other, event) == grave


def test_several_messages_as_one() -> None:
    gathered = Gathered()
    gathered.add(HintMessage(told=NOW, users={ID: 1000, OTHER: 2000}), most=10)
    gathered.add(HintMessage(told=NOW + 10, users={ID: 30_000, OTHER: 0}), most=10)
    gathered.add(HintMessage(told=NOW - 10, groups={ID: 500}, assignments=True), most=10)
    assert len(gathered) == 3
    assert gathered.message() == HintMessage(
        told=NOW + 10,
        users={ID: 30_000, OTHER: 12_000},
        groups={ID: 20_500},
        feeds=False,
        assignments=True,
    )


def test_a_change_that_came_while_others_waited_is_no_forgery() -> None:
    """It was made after the first of them came: the message must be taken all the same."""
    gathered = Gathered()
    gathered.add(HintMessage(told=NOW, users={ID: 50}), most=10)
    gathered.add(HintMessage(told=NOW + 3, users={OTHER: 0}), most=10)
    message = gathered.message()
    check(message)
    made = {id: message.told - ago / 1000 for id, ago in message.users.items()}
    assert made == {ID: pytest.approx(NOW - 0.05), OTHER: pytest.approx(NOW + 3)}


def test_above_the_most_keys_the_feeds_are_asked_for() -> None:
    gathered = Gathered()
    gathered.add(HintMessage(told=NOW, users={ID: 1}, groups={ID: 1}), most=3)
    assert not gathered.message().feeds
    gathered.add(HintMessage(told=NOW, users={OTHER: 1}), most=3)
    assert (len(gathered), gathered.message().feeds) == (3, False)
    gathered.add(HintMessage(told=NOW - 5, groups={OTHER: 1}), most=3)
    assert (len(gathered), gathered.message().feeds) == (3, True)
    assert gathered.message().told == NOW


def test_a_known_subscription_is_told_of_whatever_their_number() -> None:
    gathered = Gathered()
    for number in range(8):
        gathered.add(HintMessage(told=NOW, lifecycle={id_of(number): "missed"}), most=10)
    gathered.add(HintMessage(told=NOW, lifecycle={id_of(0): "subscriptionRemoved"}), most=10)
    assert gathered.message().lifecycle[id_of(0)] == "subscriptionRemoved"
    assert not gathered.message().feeds
    gathered.add(HintMessage(told=NOW, lifecycle={id_of(9): "missed"}), most=10)
    assert (len(gathered.message().lifecycle), gathered.message().feeds) == (8, True)


# --- items ---------------------------------------------------------------------------------------

EXPECTED = Expected(secrets=(SECRET,), tenant_id=TENANT, subscriptions=frozenset({USERS, GROUPS}))


@pytest.mark.parametrize(
    ("time", "ago"),
    [
        ("2025-11-26T09:40:00Z", 0),
        ("2025-11-26T09:39:59.9999999Z", 0),
        ("2025-11-26T09:39:58.5Z", 1500),
        ("2025-11-26T09:39:58", 2000),
        ("2025-11-26T10:39:58+01:00", 2000),
        ("2025-11-26T05:40:00Z", 14_400_000),
        ("2025-11-26T05:39:59Z", 0),
        ("2025-11-26T09:40:01Z", 0),
        (None, 0),
    ],
)
def test_when_the_change_was_made(time: str | None, ago: int) -> None:
    """As Graph dates it, if that can be: it tries for four hours, and nothing is in the future."""
    made = item(1)
    made["resourceData"]["eventTime"] = time
    message = read_batch(body([made]), EXPECTED, NOW).message
    assert message is not None
    assert message.users == {ID: ago}


def test_an_item_without_a_tenant_or_subscription_is_nobodys() -> None:
    blind = Expected(secrets=(SECRET,), tenant_id="", subscriptions=None)
    nameless = read_batch(body([item(subscriptionId=None)]), blind, NOW)
    assert nameless.dropped == {Dropped.TENANT: 1}
    known = Expected(secrets=(SECRET,), tenant_id=TENANT, subscriptions=frozenset({USERS}))
    unknown = read_batch(body([item(subscriptionId=None)]), known, NOW)
    assert (unknown.unknown, unknown.dropped) == ({""}, {Dropped.SUBSCRIPTION: 1})


def test_only_a_known_subscription_is_named_as_refused() -> None:
    forged = read_batch(body([item(clientState="x", subscriptionId=id_of(9))]), EXPECTED, NOW)
    assert (forged.refused, forged.unknown) == (frozenset(), frozenset())
    blind = Expected(secrets=(SECRET,), tenant_id=TENANT, subscriptions=None)
    assert read_batch(body([item(clientState="x")]), blind, NOW).refused == frozenset()


@pytest.mark.parametrize(
    ("changes", "dropped"),
    [
        ({"changeType": "Created"}, {}),
        ({"changeType": "DELETED"}, {}),
        ({"resource": f"/users/{ID}/"}, {}),
        ({"resource": f"USERS/{ID}", "resourceData": None}, {}),
        ({"resource": f"users/{OTHER}", "resourceData": {"id": ID.upper()}}, {}),
        ({"resource": f"users/{ID}", "resourceData": {"id": ""}}, {}),
        ({"resource": f"devices/{ID}"}, {Dropped.RESOURCE: 1}),
    ],
)
def test_how_a_change_names_its_object(
    changes: dict[str, Any], dropped: dict[Dropped, int]
) -> None:
    batch = read_batch(body([item(1, **changes)]), EXPECTED, NOW)
    assert batch.dropped == dropped
    assert (batch.message is None) is bool(dropped)
    if batch.message is not None:
        assert set(batch.message.users) == {ID}
