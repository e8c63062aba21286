"""What a batch of notifications says: pure."""

from __future__ import annotations

import json
import random
import tracemalloc
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.notifications.batch import (
    LARGEST_BODY,
    Batch,
    Dropped,
    Expected,
    read_batch,
    with_feeds,
)
from provisioning.notifications.message import MOST_KEYS, Gathered, HintMessage, encode
from provisioning.queues.messages import LARGEST
from tests.notifications.payloads import (
    GROUPS,
    NOW,
    SECRET,
    TENANT,
    USERS,
    body,
    id_of,
    item,
    lifecycle,
)

EXPECTED = Expected(secrets=(SECRET,), tenant_id=TENANT, subscriptions=frozenset({USERS, GROUPS}))

BAD: list[tuple[Any, Dropped]] = [
    (item(clientState="another-secret-altogether"), Dropped.CLIENT_STATE),
    (item(clientState=None), Dropped.CLIENT_STATE),
    (item(clientState=SECRET + "\u00e4"), Dropped.CLIENT_STATE),
    (item(tenantId=id_of(9)), Dropped.TENANT),
    (item(tenantId=None), Dropped.TENANT),
    (item(subscriptionId=id_of(9)), Dropped.SUBSCRIPTION),
    (item(resource="Sites/1", resourceData=None), Dropped.RESOURCE),
    (item(resource="Users/../1", resourceData=None), Dropped.RESOURCE),
    (item(resource="Users", resourceData=None), Dropped.RESOURCE),
    (item(changeType="renamed"), Dropped.MALFORMED),
    (item(changeType=None), Dropped.MALFORMED),
    (item(resource=7), Dropped.MALFORMED),
    (item(resourceData=[1]), Dropped.MALFORMED),
    ("text", Dropped.MALFORMED),
    (None, Dropped.MALFORMED),
    ([], Dropped.MALFORMED),
]


def read(*items: Any, expected: Expected = EXPECTED) -> Batch:
    return read_batch(body(items), expected, NOW)


def test_a_good_item_becomes_a_hint_with_its_time() -> None:
    batch = read(item(1), item(2, "Group"))
    assert batch.message == HintMessage(told=NOW, users={id_of(1): 9_877}, groups={id_of(2): 9_877})
    assert (batch.accepted, batch.dropped) == (2, {})


@pytest.mark.parametrize(("bad", "why"), BAD)
def test_a_bad_item_is_dropped_and_counted_and_costs_no_other(bad: Any, why: Dropped) -> None:
    batch = read(item(1), bad, item(2))
    assert batch.dropped == {why: 1}
    assert batch.message is not None
    assert set(batch.message.users) == {id_of(1), id_of(2)}
    alone = read(bad)
    assert (alone.message, alone.dropped) == (None, {why: 1})


@pytest.mark.parametrize(
    "text",
    [
        body([item(clientState="\udcff")]),
        b"",
        b"{",
        b"[]",
        b'{"value": {}}',
        b'{"value": 1}',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"x":' + b"[" * 100_000,
    ],
)
def test_what_is_no_batch_is_dropped_whole(text: bytes) -> None:
    batch = read_batch(text, EXPECTED, NOW)
    assert (batch.message, batch.dropped) == (None, {Dropped.MALFORMED: 1})


def test_a_body_that_is_too_large_is_not_even_parsed() -> None:
    batch = read_batch(body([item(1)]) + b" " * 10_000_000, EXPECTED, NOW)
    assert (batch.message, batch.dropped) == (None, {Dropped.TOO_LARGE: 1})


def test_a_body_of_nothing_but_commas_is_not_made_into_items() -> None:
    """Of a million items of two bytes 70 MB would be made, by anyone."""
    dense = b'{"value":[' + b"0," * 1_000_000 + b"0]}"
    tracemalloc.start()
    try:
        batch = read_batch(dense, EXPECTED, NOW)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (batch.message, batch.dropped) == (None, {Dropped.TOO_MANY: 1})
    assert peak < 1_000_000


def test_the_largest_body_of_graph_is_not_taken_for_one() -> None:
    made = item(1, "Group")
    made["resourceData"]["members@delta"] = [{"id": id_of(n)} for n in range(40)]
    count = LARGEST_BODY // len(json.dumps(made)) - 1
    batch = read_batch(body([made] * count), EXPECTED, NOW)
    assert batch.accepted == min(count, 1000)


def test_members_that_came_along_are_no_hints() -> None:
    made = item(1, "Group")
    made["resourceData"]["members@delta"] = [{"id": id_of(2), "@removed": "deleted"}]
    batch = read(made)
    assert batch.message is not None
    assert (set(batch.message.users), set(batch.message.groups)) == (set(), {id_of(1)})


def test_of_too_many_items_the_rest_is_left_to_the_feeds() -> None:
    batch = read(*(item(number) for number in range(1001)))
    assert batch.message is not None
    assert len(batch.message.users) == 1000
    assert batch.message.feeds
    assert batch.dropped == {Dropped.TOO_MANY: 1}


def test_too_many_items_of_a_forger_ask_for_nothing() -> None:
    batch = read(*(item(number, clientState="x" * 20) for number in range(1001)))
    assert batch.message is None


def test_while_a_secret_is_rotated_both_are_taken() -> None:
    rotating = Expected(
        secrets=("a-newer-secret-than-that", SECRET),
        tenant_id=TENANT,
        subscriptions=EXPECTED.subscriptions,
    )
    batch = read(item(1), item(2, clientState="a-newer-secret-than-that"), expected=rotating)
    assert batch.accepted == 2


def test_without_the_stored_subscriptions_tenant_and_secret_decide() -> None:
    blind = Expected(secrets=(SECRET,), tenant_id=TENANT, subscriptions=None)
    batch = read(
        item(1, subscriptionId=id_of(9)),
        item(2, tenantId=id_of(9)),
        lifecycle("missed", subscriptionId="x" * 100_000),
        expected=blind,
    )
    assert (batch.accepted, batch.dropped) == (1, {Dropped.TENANT: 1, Dropped.SUBSCRIPTION: 1})


def test_a_known_subscription_with_a_wrong_secret_is_named() -> None:
    batch = read(item(1, clientState="x" * 20), item(2, "Group", subscriptionId=id_of(9)))
    assert batch.refused == {USERS}
    assert batch.unknown == {id_of(9)}


@pytest.mark.parametrize("event", ["reauthorizationRequired", "subscriptionRemoved", "missed"])
def test_lifecycle_events_name_their_subscription(event: str) -> None:
    batch = read(lifecycle(event))
    assert batch.message == HintMessage(told=NOW, feeds=True, lifecycle={USERS: event})


def test_a_lifecycle_event_of_a_later_time_reads_the_feeds() -> None:
    batch = read(lifecycle("somethingNew"))
    assert batch.message == HintMessage(told=NOW, feeds=True)
    assert (batch.accepted, batch.dropped) == (0, {Dropped.LIFECYCLE: 1})


def test_events_that_were_missed_ask_for_more_than_an_authorization() -> None:
    for first, second in permutations(["missed", "reauthorizationRequired"]):
        message = read(lifecycle(first), lifecycle(second)).message
        assert message is not None
        assert message.lifecycle == {USERS: "missed"}


@pytest.mark.parametrize("seed", range(4))
def test_of_several_lifecycle_events_the_gravest_counts_in_any_order(seed: int) -> None:
    events = ["reauthorizationRequired", "subscriptionRemoved", "missed", "subscriptionRemoved"]
    random.Random(seed).shuffle(events)
    message = read(*(lifecycle(event) for event in events)).message
    assert message is not None
    assert message.lifecycle == {USERS: "subscriptionRemoved"}
    gathered = Gathered()
    for event in events:
        gathered.add(HintMessage(told=NOW, lifecycle={USERS: event}), most=10)
    assert gathered.message().lifecycle == message.lifecycle


def test_subscriptions_in_one_message_are_bounded() -> None:
    """While the store is away any id is believed: a message must fit into the queue even so."""
    blind = Expected(secrets=(SECRET,), tenant_id=TENANT, subscriptions=None)
    events = [lifecycle("missed", subscriptionId=id_of(number)) for number in range(900)]
    message = read(*events, expected=blind).message
    assert message is not None
    gathered = Gathered()
    gathered.add(message, most=10_000)
    users = HintMessage(told=NOW, users={id_of(n): 14_400_000 for n in range(MOST_KEYS)})
    gathered.add(users, most=10_000)
    one = gathered.message()
    assert (len(one.lifecycle), one.feeds) == (8, True)
    assert len(encode(one)) < LARGEST


def test_what_nobody_could_check_is_left_to_the_feeds() -> None:
    dropped = read(item(1, subscriptionId=id_of(9)))
    assert with_feeds(dropped, NOW).message == HintMessage(told=NOW, feeds=True)
    partly = with_feeds(read(item(1), item(2, subscriptionId=id_of(9))), NOW)
    assert partly.message is not None
    assert (set(partly.message.users), partly.message.feeds) == ({id_of(1)}, True)
    assert partly.dropped == {Dropped.SUBSCRIPTION: 1}


def test_a_lifecycle_event_with_a_wrong_secret_is_dropped() -> None:
    assert read(lifecycle("missed", clientState="x" * 20)).message is None


@pytest.mark.parametrize(
    "time", ["yesterday", "", "2025-11-26T08:39:50", "2031-01-01T00:00:00Z", "2020-01-01T00:00:00Z"]
)
def test_an_event_time_that_cannot_be_is_the_time_of_arrival(time: str) -> None:
    made = item(1)
    made["resourceData"]["eventTime"] = time
    batch = read(made)
    assert batch.message is not None
    assert batch.message.users == {id_of(1): 0 if time != "2025-11-26T08:39:50" else 3_610_000}


def test_repeated_and_reordered_items_are_one_hint_with_the_earliest_time() -> None:
    early, late = item(1), item(1)
    late["resourceData"]["eventTime"] = "2025-11-26T09:39:55Z"
    for items in ([early, late], [late, early], [late, early, late]):
        assert read(*items).message == HintMessage(told=NOW, users={id_of(1): 9_877})


@given(st.binary(max_size=300))
def test_no_body_whatever_raises(text: bytes) -> None:
    batch = read_batch(text, EXPECTED, NOW)
    assert batch.message is None


@given(
    kept=st.integers(0, 1200),
    inserted=st.binary(max_size=20),
    at=st.integers(0, 1200),
    secret=st.text(max_size=20),
)
def test_no_damage_to_a_batch_raises(kept: int, inserted: bytes, at: int, secret: str) -> None:
    text = body([item(1), item(2, "Group", clientState=secret), lifecycle("missed")])
    read_batch(text[:at] + inserted + text[at:], EXPECTED, NOW)
    read_batch(text[:kept], EXPECTED, NOW)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


@given(
    good=st.lists(st.tuples(st.integers(0, 20), st.sampled_from(["User", "Group"])), max_size=20),
    bad=st.lists(st.sampled_from([each for each, _ in BAD]) | _JSON, max_size=20),
    seed=st.integers(),
)
def test_any_mixture_gives_exactly_the_good_keys(
    good: list[tuple[int, str]], bad: list[Any], seed: int
) -> None:
    items = [*(item(number, kind) for number, kind in good), *bad]
    random.Random(seed).shuffle(items)
    batch = read_batch(json.dumps({"value": items}).encode(), EXPECTED, NOW)
    assert batch.accepted == len(good)
    assert sum(batch.dropped.values()) == len(bad)
    message = batch.message or HintMessage(told=NOW)
    assert set(message.users) == {id_of(number) for number, kind in good if kind == "User"}
    assert set(message.groups) == {id_of(number) for number, kind in good if kind == "Group"}


_MESSAGES = st.builds(
    HintMessage,
    told=st.floats(1000, 2000),
    users=st.dictionaries(st.sampled_from("abc"), st.integers(0, 9000)),
    groups=st.dictionaries(st.sampled_from("abc"), st.integers(0, 9000)),
    feeds=st.booleans(),
)


@given(st.lists(_MESSAGES, min_size=1, max_size=5))
def test_gathered_messages_have_every_key_with_its_earliest_change(
    messages: list[HintMessage],
) -> None:
    gathered = Gathered()
    for message in messages:
        gathered.add(message, most=100)
    one = gathered.message()
    for kind in ("users", "groups"):
        changes: dict[str, float] = {}
        for message in messages:
            for id, ago in getattr(message, kind).items():
                at = message.told - ago / 1000
                changes[id] = min(at, changes.get(id, at))
        found = {id: one.told - ago / 1000 for id, ago in getattr(one, kind).items()}
        assert found == {id: pytest.approx(at, abs=0.01) for id, at in changes.items()}
    assert one.feeds == any(message.feeds for message in messages)
