"""Keys in Azure's characters: in the same order, and back again."""

from __future__ import annotations

import random
import re
from collections import Counter

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from provisioning.state.azure import keys, partitions
from provisioning.state.azure.entities import key_in
from provisioning.state.azure.partitions import LAYOUTS, Layout, layout_of, place_of

# What is near the ends of the ranges of the encoding, and what UTF-8 orders in its own way.
_EDGES = "\x00 !#$%',-./09:?@AZ[\\]^_`az{|}~\x7f\x80\u00e9\u07ff\u0800\ud7ff\ue000\uffff\U0010ffff"
_KEYS = st.text(_EDGES, max_size=5) | st.text(max_size=20)
_LEGAL = re.compile(r"[-!$.0-9;@A-Z\[_`a-z{}~]*")
_TABLES = st.sampled_from(["job:watermark", *(f"job:{name}" for name in LAYOUTS)])


@given(_KEYS, _KEYS)
@example("a-", "a-.")
@example("a-b", "a.b")
@example("a.", "a/")
@example("a/b", "a0")
def test_the_order_is_kept(one: str, two: str) -> None:
    assert (keys.encoded(one) < keys.encoded(two)) == (one.encode() < two.encode())
    assert keys.encoded(one) <= keys.encoded(one + two)


@given(_KEYS)
def test_it_can_be_undone(key: str) -> None:
    assert keys.decoded(keys.encoded(key)) == key
    assert _LEGAL.fullmatch(keys.encoded(key))
    assert not {keys.PART, keys.LAST} & set(keys.encoded(key))


@given(_KEYS, _KEYS)
def test_turned_round_the_order_is_reversed(one: str, two: str) -> None:
    first, second = (keys.mirrored(keys.encoded(key)) + keys.LAST for key in (one, two))
    assert (first < second) == (one.encode() > two.encode())
    assert keys.mirrored(first[:-1]) == keys.encoded(one)


def test_usual_keys_can_be_read() -> None:
    place = place_of("5d1b@zscloud.net/42:link", "user/0a1b2c3d-4e5f-6789-abcd-ef0123456789")
    assert place.partition == "5d1b@zscloud-}net.42;3alink$user.0"
    assert place.row == "user.0a1b2c3d-4e5f-6789-abcd-ef0123456789"


@given(_TABLES, _KEYS, _KEYS, st.sampled_from([0, 300, 410]))
def test_places_are_in_the_order_of_the_keys(table: str, one: str, two: str, more: int) -> None:
    """Also of long keys, as far as what is kept of them differs."""
    one, two = ("x" * more + key for key in (one, two))
    first, second = place_of(table, one), place_of(table, two)
    descending = layout_of(table).newest_first
    if first.is_cut and second.is_cut:
        stems = [partitions.stem_of(place.row) for place in (first, second)]
        assert (stems[0] < stems[1]) <= ((one > two) if descending else (one < two))
    else:
        assert (first < second) == ((one > two) if descending else (one < two))
    for place, key in ((first, one), (second, two)):
        assert len(place.partition) <= 512
        assert len(place.row) <= 512
        assert place.is_cut or partitions.key_at(place.row) == key
    assert (first == second) == (one == two)


def test_a_key_is_read_from_the_row_or_from_where_it_is_kept_whole() -> None:
    long = "x" * 500
    place = place_of("job:link", long)
    assert key_in({"RowKey": place.row, "key": long}) == long
    # As Azure answers when a property is selected that the entity does not have.
    assert key_in({"RowKey": "user.0a", "key": None}) == "user/0a"


def test_leading_parts_end_after_the_slashes() -> None:
    layout = Layout(slashes=2, more=1)
    assert layout.leading("31/user/0a/object") == "31/user/0"
    assert layout.leading("31/user/0") == "31/user/0"
    assert layout.leading("31/user/") is None
    assert layout.leading("31") is None
    assert Layout().leading("anything") == ""


def test_a_partition_says_which_table_it_is_in() -> None:
    """And so does a bound of partitions; colons in the name of the job do no harm."""
    for job in ("5d1b@zscloud.net/42:", "a:log:", ""):
        for name, layout in (*LAYOUTS.items(), ("watermark", Layout())):
            place = place_of(job + name, "user/0a/b")
            assert partitions.beside_of(place.partition) == layout.beside
            assert partitions.beside_of(partitions.partitions_of(job + name)) == layout.beside
    assert partitions.beside_of("$schema") == ""
    assert sorted(partitions.BESIDE) == ["log", "logattention", "logprincipal"]


def test_slices_are_what_keys_by_time_begin_with() -> None:
    for time in (0.0, 99_999.9, 100_000.0, 1_764_012_345.5, 9_999_999_999.0):
        assert layout_of("log").leading(f"{time:017.6f}/a") == partitions.slice_at(time)


def test_a_surrogate_is_no_key() -> None:
    with pytest.raises(UnicodeEncodeError):
        keys.encoded("\ud800")


def test_a_table_with_too_long_a_name_is_refused() -> None:
    with pytest.raises(ValueError, match="too long a name"):
        place_of("x" * 300, "a")


def test_a_million_users_are_spread_evenly() -> None:
    """Rows that come in bulk go to 16 partitions, each within 10 % of its share."""
    count, chance, layout = 1_000_000, random.Random(1), layout_of("job:link")
    sizes = Counter(layout.leading(f"user/{chance.getrandbits(64):016x}") for _ in range(count))
    assert set(sizes) == {f"user/{digit}" for digit in "0123456789abcdef"}
    assert max(sizes.values()) < 1.1 * count / 16
    assert min(sizes.values()) > 0.9 * count / 16
    assert layout_of("job:mirror_user").leading("0a1b") == "0"
    assert layout_of("job:work").leading("43/user/0a1b/object") == "43/user/0"
