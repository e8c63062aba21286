"""From rows to transactions: the order that ``ports.Row.about`` asks for, in few requests."""

from __future__ import annotations

import random
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from provisioning.ports import Row
from provisioning.state.azure.batches import MOST_BYTES, MOST_ENTITIES, Transaction, Wave, plan
from provisioning.state.azure.entities import LARGEST_VALUE, sent_size
from provisioning.state.azure.partitions import place_of
from tests.thoroughness import examples

_ROWS = st.lists(
    st.builds(
        Row,
        st.sampled_from(["log", "link", "work"]),
        st.sampled_from(["a1", "a2", "b1", "b2", "c1"]),
        st.none() | st.sampled_from([b"1", b"2"]),
        st.none() | st.sampled_from([b"1", b"2"]),
        st.sampled_from(["", "x", "y", "z"]),
    ),
    max_size=25,
)


def _partition(row: Row) -> str:
    return f"{row.table}${row.key[0]}"


def _indexes(rows: Sequence[Row], waves: Sequence[Wave]) -> list[list[list[int]]]:
    """The rows of each transaction of each wave, by their place in ``rows``.

    Equal rows are told apart by their order, which is that of their key.
    """
    places: dict[tuple[str, str], list[int]] = {}
    for index, row in enumerate(rows):
        places.setdefault((row.table, row.key), []).append(index)
    return [[_taken(places, transaction) for transaction in wave] for wave in waves]


def _taken(places: dict[tuple[str, str], list[int]], transaction: Transaction) -> list[int]:
    taken = []
    for operation in transaction.operations:
        waiting = places[operation.table, operation.key]
        taken += waiting[: len(operation.rows)]
        del waiting[: len(operation.rows)]
    return taken


def _must_follow(rows: Sequence[Row], later: int, earlier: int) -> bool:
    one, two = rows[earlier], rows[later]
    same_key = (one.table, one.key) == (two.table, two.key)
    return same_key or "" in (one.about, two.about) or one.about == two.about


@given(_ROWS)
@settings(max_examples=examples(100, 300))
def test_every_row_has_what_it_follows(rows: list[Row]) -> None:
    """After any waves, and any transactions of the next one."""
    done: set[int] = set()
    for wave in _indexes(rows, plan(rows, _partition)):
        for transaction in wave:
            together = set(transaction)
            for later in transaction:
                for earlier in range(later):
                    if _must_follow(rows, later, earlier):
                        assert earlier in done | together
        done.update(index for transaction in wave for index in transaction)
    assert done == set(range(len(rows)))


@given(_ROWS)
def test_each_transaction_is_one_that_azure_takes(rows: list[Row]) -> None:
    for wave in plan(rows, _partition):
        assert len({transaction.partition for transaction in wave}) == len(wave)
        for transaction in wave:
            keys = [(operation.table, operation.key) for operation in transaction.operations]
            assert len(set(keys)) == len(keys)
            for operation, key in zip(transaction.operations, keys, strict=True):
                assert {(row.table, row.key) for row in operation.rows} == {key}
                assert {_partition(row) for row in operation.rows} == {transaction.partition}


@given(_ROWS, st.randoms(use_true_random=False))
def test_the_end_is_that_of_applying_the_rows_one_by_one(
    rows: list[Row], chance: random.Random
) -> None:
    one_by_one: dict[tuple[str, str], bytes] = {("link", "a1"): b"1"}
    in_waves = dict(one_by_one)
    _apply(one_by_one, rows)
    for wave in plan(rows, _partition):
        chance.shuffle(wave)
        for transaction in wave:
            for operation in transaction.operations:
                _apply(in_waves, operation.rows)
    assert in_waves == one_by_one


def _apply(state: dict[tuple[str, str], bytes], rows: Sequence[Row]) -> None:
    for row in rows:
        place = (row.table, row.key)
        if row.only_if not in (None, state.get(place)):
            continue
        if row.value is None:
            state.pop(place, None)
        else:
            state[place] = row.value


def test_a_transaction_holds_a_hundred_rows() -> None:
    rows = [Row("links", f"{n:04d}", b"", about=str(n)) for n in range(250)]
    sizes = [len(t.operations) for wave in plan(rows, lambda row: "p") for t in wave]
    assert sizes == [MOST_ENTITIES, MOST_ENTITIES, 50]


def test_a_transaction_stays_below_a_megabyte() -> None:
    rows = [Row("links", f"{n:04d}", bytes(200_000), about=str(n)) for n in range(10)]
    waves = plan(rows, lambda row: "p")
    assert [len(t.operations) for wave in waves for t in wave] == [3, 3, 3, 1]
    assert sent_size(bytes(LARGEST_VALUE)) <= MOST_BYTES


def test_rows_of_one_key_are_one_operation() -> None:
    rows = [Row("cycle", "c", b"%d" % n, about=f"user/{n}") for n in range(50)]
    ((transaction,),) = plan(rows, lambda row: "p")
    assert [operation.rows for operation in transaction.operations] == [tuple(rows)]


def test_chains_of_rows_meet_in_the_transactions_of_their_partitions() -> None:
    """Fifty outcomes of alike steps need as many requests as they touch partitions."""
    rows = [
        Row(table, f"{n % 7}{n}", b"1", about=f"user/{n}")
        for n in range(50)
        for table in ("log", "link", "link_name", "cycle", "work")
    ]
    waves = plan(rows, _partition)
    assert sum(map(len, waves)) == 5 * 7
    assert len(waves) == 5


def test_chains_that_cross_cost_one_request_more() -> None:
    rows = [
        Row("link", "a", b"1", about="x"),
        Row("work", "a", b"1", about="x"),
        Row("work", "b", b"1", about="y"),
        Row("link", "b", b"1", about="y"),
    ]
    waves = plan(rows, lambda row: row.table)
    assert sum(map(len, waves)) == 3


def test_a_row_about_nothing_is_a_fence() -> None:
    rows = [
        Row("links", "a", b"1", about="x"),
        Row("links", "b", b"1", about="y"),
        Row("marks", "m", b"1"),
        Row("links", "c", b"1", about="x"),
    ]
    waves = plan(rows, lambda row: row.table)
    assert [[t.partition for t in wave] for wave in waves] == [["links"], ["marks"], ["links"]]


def test_five_thousand_users_need_few_requests() -> None:
    """In two tables of 16 partitions, a hundred rows at a time. Planning them takes a moment."""
    chance = random.Random(1)
    rows = []
    for _ in range(5_000):
        id = f"{chance.getrandbits(64):016x}"
        rows.append(Row("mirror_user", id, b"x" * 300, about=id))
        rows.append(Row("touched", f"user/{id}", b"", about=id))
    waves = plan(rows, lambda row: place_of(row.table, row.key).partition)
    assert sum(map(len, waves)) < 2 * (16 + 5_000 // MOST_ENTITIES) + 32
