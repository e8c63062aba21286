"""Where work comes from: what is carried along, and what is not."""

from __future__ import annotations

import pytest

from provisioning.hints import Hint
from provisioning.lanes import Aspect, Lane, Rank, WorkItem
from provisioning.model import EntraId, Key, ObjectType
from provisioning.notifications.message import MOST_KEYS, Gathered, HintMessage, decode, encode
from provisioning.origins import MOST, marked, merged, origins_in


def origin(number: int) -> str:
    return f"00-{number:032x}-{number:016x}-01"


def test_each_origin_once_the_first_ones_first() -> None:
    assert merged((origin(2), origin(1)), (), (origin(2), origin(3))) == tuple(
        map(origin, (2, 1, 3))
    )
    assert merged(map(origin, range(1, 100))) == tuple(map(origin, range(1, 5)))
    assert merged() == ()


@pytest.mark.parametrize(
    "wrong",
    [
        *("", "x", origin(1)[:-1], origin(1) + "0", origin(1).replace("00-", "01-", 1)),
        *(origin(0), f"00-{1:032x}-{0:016x}-01", origin(0xABC).upper(), "\n" + origin(1)),
    ],
)
def test_what_is_no_origin_is_left_out(wrong: str) -> None:
    """Whoever may write to the queue may write anything. It decides nothing, and fails nothing."""
    assert merged((wrong, origin(1))) == (origin(1),)


def test_a_version_that_knows_no_origins_takes_rows_off_all_the_same() -> None:
    """A row is taken off only if it still is, to the byte, what was read: by this version if the
    one before has stored it, and by that one when it is published again.
    """
    item = WorkItem(
        key=Key(ObjectType.USER, EntraId("1")),
        aspect=Aspect.OBJECT,
        lane=Lane.LIVE,
        rank=Rank.USERS,
        cause="live",
        cycle_id="c",
        generation=marked("g", (origin(1), origin(2))),
        filed_at=1.0,
    )
    hint = Hint(about="feeds", mark=marked("m", (origin(3),)), told_at=1.0)
    assert (item.origins, hint.origins) == ((origin(1), origin(2)), (origin(3),))
    fields = ("key", "aspect", "lane", "rank", "cause", "cycle_id", "generation", "filed_at")
    assert WorkItem.__struct_fields__ == (*fields, "changed_at", "attempt")
    assert Hint.__struct_fields__ == ("about", "mark", "told_at", "changed_at", "due", "looked_at")
    assert origins_in("000123") == origins_in(marked("000123", ())) == ()
    assert origins_in("000123 nothing") == ()


def test_messages_that_go_as_one_keep_whom_they_come_from() -> None:
    gathered = Gathered()
    for number in (1, 2, 1):
        gathered.add(HintMessage(told=5.0, feeds=True, origins=(origin(number),)), most=10)
    assert gathered.message().origins == (origin(1), origin(2))
    assert b"origins" not in encode(HintMessage(told=5.0, feeds=True)).encode()


def test_the_largest_message_goes_into_a_queue() -> None:
    """48 KB: 64 KB less what Base64 takes."""
    keys = {f"{n:08x}-0000-4000-8000-00000000abcd": 30 * 24 * 3600 * 1000 for n in range(MOST_KEYS)}
    lifecycle = {
        f"{n:08x}-0000-4000-8000-00000000abcd": "reauthorizationRequired" for n in range(8)
    }
    most = HintMessage(
        told=1_760_000_000.123456,
        users=dict.fromkeys(keys, 9_999_999),
        feeds=True,
        assignments=True,
        lifecycle=lifecycle,
        narrowed=True,
        origins=tuple(map(origin, range(1, MOST + 1))),
    )
    text = encode(most)
    assert len(text) < 49_152
    assert decode(text.encode()) == most
