"""A range of keys as queries: they find what is in it, in order, and little else."""

from __future__ import annotations

import operator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provisioning.rows.key_range import KeyRange
from provisioning.state.azure.partitions import LAYOUTS, Place, layout_of, partition_of, place_of
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
_TIMES = st.builds("{:05d}{:05d}.{}".format, *[st.integers(0, 99_999)] * 2, st.sampled_from("08a"))
_SLICES = st.just("") | st.builds("{:05d}".format, st.integers(0, 99_999))
_MOST = {table: 6 if LAYOUTS[table].by_time else 2 for table in LAYOUTS} | {"watermark": 2}
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
    st.sets(_KEYS | _LONG | _TIMES, max_size=30),
    st.just("") | _KEYS | _LONG,
    st.just("") | _KEYS | _LONG | _TIMES,
    st.booleans(),
    _SLICES,
)
@settings(max_examples=examples(150, 500))
def test_the_queries_find_the_range(
    table: str, stored: set[str], prefix: str, after: str, reverse: bool, newest: str
) -> None:
    keys = KeyRange.of(prefix, after, reverse=reverse)
    places = {place_of(table, key): key for key in stored}
    found = [
        place
        for span in spans_of(table, keys, newest=newest)
        for place in sorted(places)
        if _finds(span, place)
    ]
    assert len(set(found)) == len(found)
    assert found == sorted(found)
    # Keys that are cut come with all that are cut at the same place: the reader sorts them out.
    exact = [place for place in found if _in(keys, places[place])]
    assert {places[place] for place in exact} == {key for key in stored if _in(keys, key)}
    cut = any(place.is_cut for place in places) or len(prefix + after) > 100
    assert cut or exact == found


@given(_TABLES, st.just("") | _KEYS, st.just("") | _KEYS | _TIMES, st.booleans(), _SLICES)
def test_there_are_two_at_most_and_six_by_time(
    table: str, prefix: str, after: str, reverse: bool, newest: str
) -> None:
    keys = KeyRange.of(prefix, after, reverse=reverse)
    assert len(list(spans_of(table, keys, newest=newest))) <= _MOST[table]


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
    first, second, *_ = spans_of("log", KeyRange.of(after="1700012345.000000/a", reverse=True))
    assert first.partitions[0].test == "eq"
    assert second.partitions[0] == Bound("gt", first.partitions[0].text)


def _slices(span: Span) -> tuple[tuple[str, str], ...]:
    """Its partitions, by the slice of time that each bound names."""
    slices = {partition_of("log", f"{n:05d}"): f"{n:05d}" for n in range(17_600, 17_700)}
    return tuple((test, slices.get(text, "")) for test, text in span.partitions)


def test_a_long_time_is_asked_for_in_growing_steps_newest_first() -> None:
    before = KeyRange.of(after="1765012345.000000/a", reverse=True)
    assert [_slices(span) for span in spans_of("log", before)] == [
        (("eq", "17650"),),
        (("gt", "17650"), ("le", "17649")),
        (("gt", "17649"), ("le", "17645")),
        (("gt", "17645"), ("le", "17629")),
        (("gt", "17629"), ("le", "")),
    ]
    # Without an end, all that is newer than the newest slice comes with it.
    whole = [_slices(span) for span in spans_of("log", KeyRange.of(), newest="17650")]
    assert whole[0] == (("ge", ""), ("le", "17649"))
    assert whole[1:] == [_slices(span) for span in spans_of("log", before)][2:]
    # Where it begins nothing more is asked for.
    (one, two, three) = spans_of("log", KeyRange("17648", "1765012345.000000/a"))
    assert [_slices(span) for span in (one, two)] == [
        (("eq", "17650"),),
        (("gt", "17650"), ("le", "17649")),
    ]
    assert _slices(three) == (("gt", "17649"), ("le", "17648"))
    (one, two) = spans_of("log", KeyRange("1764", "1764112345.000000/a"))
    assert _slices(one) == (("eq", "17641"),)
    assert two.partitions[0] == Bound("gt", partition_of("log", "17641"))


@pytest.mark.parametrize("newest", ["", "1765a", "\u0661\u0667\u0666\u0665\u0660"])
def test_what_is_no_slice_of_time_is_one_range(newest: str) -> None:
    assert len(list(spans_of("log", KeyRange.of(), newest=newest))) == 1
    if newest:
        assert len(list(spans_of("log", KeyRange("", newest + "/")))) <= 2


def test_other_tables_are_asked_for_whole() -> None:
    assert len(list(spans_of("cycle", KeyRange.of(), newest="17650"))) == 1
    assert len(list(spans_of("log_principal", KeyRange.of("0a1b/"), newest="17650"))) == 1


def test_an_empty_range_asks_nothing() -> None:
    assert list(spans_of("work", KeyRange("b", "a"))) == []


def test_layouts_are_of_tables_by_their_name_after_the_job() -> None:
    assert layout_of("5d1b@zscloud.net/42:work") == LAYOUTS["work"]
    assert layout_of("store:owner").leading("job") == ""
