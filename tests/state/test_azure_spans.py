"""A range of keys as queries: they find what is in it, in order, and little else."""

from __future__ import annotations

import operator

from hypothesis import given, settings
from hypothesis import strategies as st

from provisioning.rows.key_range import KeyRange
from provisioning.state.azure.partitions import LAYOUTS, Place, layout_of, place_of
from provisioning.state.azure.spans import Bound, Span, spans_of
from tests.thoroughness import examples

_LETTERS = "\x00-./08a~\u00e9\U0010ffff"
_KEYS = st.text(_LETTERS, min_size=1, max_size=6)
_LONG = st.builds(
    lambda start, length, end: start + "y" * length + end,
    st.sampled_from(["", "a/"]),
    st.sampled_from([199, 200, 399, 400, 401]),
    st.text("-y~", max_size=2),
)
_TABLES = st.sampled_from(["watermark", *LAYOUTS])
_TESTS = {
    "ge": operator.ge,
    "gt": operator.gt,
    "le": operator.le,
    "lt": operator.lt,
    "eq": operator.eq,
}


def _finds(span: Span, place: Place) -> bool:
    return all(_TESTS[test](place.partition, text) for test, text in span.partitions) and all(
        _TESTS[test](place.row, text) for test, text in span.rows
    )


def _in(keys: KeyRange, key: str) -> bool:
    return keys.low <= key and (keys.high is None or key < keys.high)


@given(
    _TABLES,
    st.sets(_KEYS | _LONG, max_size=30),
    st.just("") | _KEYS | _LONG,
    st.just("") | _KEYS | _LONG,
    st.booleans(),
)
@settings(max_examples=examples(150, 500))
def test_the_queries_find_the_range(
    table: str, stored: set[str], prefix: str, after: str, reverse: bool
) -> None:
    keys = KeyRange.of(prefix, after, reverse=reverse)
    places = {place_of(table, key): key for key in stored}
    found = [
        place for span in spans_of(table, keys) for place in sorted(places) if _finds(span, place)
    ]
    assert len(set(found)) == len(found)
    assert found == sorted(found)
    # Keys that are cut come with all that are cut at the same place: the reader sorts them out.
    exact = [place for place in found if _in(keys, places[place])]
    assert {places[place] for place in exact} == {key for key in stored if _in(keys, key)}
    cut = any(place.is_cut for place in places) or len(prefix + after) > 100
    assert cut or exact == found


@given(_TABLES, _KEYS, st.just("") | _KEYS, st.booleans())
def test_there_are_two_at_most(table: str, prefix: str, after: str, reverse: bool) -> None:
    assert len(list(spans_of(table, KeyRange.of(prefix, after, reverse=reverse)))) <= 2


def test_a_prefix_is_one_query() -> None:
    for table in ("watermark", *LAYOUTS):
        for prefix in ("", "3", "user/", "user/0a", "31/user/", "31/user/0a", "17000", "170001/"):
            assert len(list(spans_of(table, KeyRange.of(prefix)))) == 1


def test_all_of_a_table_that_is_in_one_partition_is_asked_for_by_its_name() -> None:
    (span,) = spans_of("job:watermark", KeyRange.of())
    assert span.filter == "PartitionKey eq 'job;3awatermark$'"
    (span,) = spans_of("job:cycle", KeyRange.of(reverse=True))
    assert span.filter == "PartitionKey eq 'job;3acycle$~'"


def test_a_set_is_asked_for_by_its_partition() -> None:
    (span,) = spans_of("link_members", KeyRange("0a1b/head", "0a1b/head\0"))
    assert span.partitions == (Bound("eq", "link_members$0a1b."),)


def test_going_on_in_the_middle_names_the_partition_first() -> None:
    """The service then goes straight to the row, and does not read what was read before."""
    first, second = spans_of("work", KeyRange.of("3", "33/user/0a1b/object"))
    assert first.partitions == (Bound("eq", "work$33.user.0"),)
    assert second.partitions == (Bound("gt", "work$33.user.0"), Bound("lt", "work$4"))
    first, second = spans_of("log", KeyRange.of(after="1700012345.000000/a", reverse=True))
    assert first.partitions[0].test == "eq"
    assert second.partitions[0] == Bound("gt", first.partitions[0].text)


def test_an_empty_range_asks_nothing() -> None:
    assert list(spans_of("work", KeyRange("b", "a"))) == []


def test_layouts_are_of_tables_by_their_name_after_the_job() -> None:
    assert layout_of("5d1b@zscloud.net/42:work") == LAYOUTS["work"]
    assert layout_of("store:owner").leading("job") == ""
