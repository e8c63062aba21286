"""Patterns of dates as .NET has them, and the usual texts of dates."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.expressions.date_formats import InvalidFormat, date_format
from provisioning.expressions.date_texts import canonical, parse, parse_canonical

MOMENT = datetime(2009, 6, 5, 13, 4, 7, 123_400)  # noqa: DTZ001
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("M/d/yyyy h:mm:ss tt", "6/5/2009 1:04:07 PM"),
        ("yyyy-MM-dd", "2009-06-05"),
        ("yyyyMMddHHmmss.fZ", "20090605130407.1Z"),
        ("yy y yyyyy", "09 9 02009"),
        ("ddd, dd MMM yyyy", "Fri, 05 Jun 2009"),
        ("dddd d MMMM", "Friday 5 June"),
        ("H HH h hh m mm s ss", "13 13 1 01 4 04 7 07"),
        ("f ff fff fffffff", "1 12 123 1234000"),
        ("F.FF.FFFFFFF", "1.12.1234"),
        ("t tt", "P PM"),
        ("z zz zzz K", "+0 +00 +00:00 Z"),
        ("gg", "A.D."),
        (r"'day' d \d", "day 5 d"),
        ('"at" H', "at 13"),
        ("%d", "5"),
        ("d", "06/05/2009"),
        ("D", "Friday, 05 June 2009"),
        ("G", "06/05/2009 13:04:07"),
        ("o", "2009-06-05T13:04:07.1234000Z"),
        ("R", "Fri, 05 Jun 2009 13:04:07 GMT"),
        ("s", "2009-06-05T13:04:07"),
        ("u", "2009-06-05 13:04:07Z"),
        ("Y", "2009 June"),
    ],
)
def test_a_date_is_written(pattern: str, text: str) -> None:
    assert date_format(pattern).write(MOMENT) == text


@pytest.mark.parametrize(
    ("pattern", "text", "value"),
    [
        ("yyyyMMddHHmmss.fZ", "20150123105347.1Z", "2015-01-23 10:53:47.100000"),
        ("yyyy-MM-ddzzz", "2020-12-31-08:00", "2020-12-31 08:00:00"),
        ("yyyy-MM-ddK", "2020-12-31+01:00", "2020-12-30 23:00:00"),
        ("yyyy-MM-ddK", "2020-12-31", "2020-12-31 00:00:00"),
        ("M/d/yyyy hh:mm:ss tt", "2/3/2020 12:00:01 AM", "2020-02-03 00:00:01"),
        ("h tt", "1 pm", "2026-01-02 13:00:00"),
        ("dd-MMM-yy", "03-feb-49", "2049-02-03 00:00:00"),
        ("dd-MMM-yy", "03-FEB-50", "1950-02-03 00:00:00"),
        ("MMMM d", "June 7", "2026-06-07 00:00:00"),
        ("ddd yyyy-MM-dd", "Fri 2009-06-05", "2009-06-05 00:00:00"),
        ("ddd yyyy-MM-dd", "Sat 2009-06-05", None),
        ("yyyy-MM-dd", " 2009-06-05 ", "2009-06-05 00:00:00"),
        ("yyyy-MM-dd", "2009-6-5", None),
        ("yyyy-MM-dd", "2009-13-05", None),
        ("yyyy-MM-dd", "2009-06-05x", None),
        ("yyyy yyyy", "2009 2010", None),
        ("hh", "13", None),
        ("HH:mm:ss.FFF", "01:02:03.", "2026-01-02 01:02:03"),
        ("yyyy-MM-ddzzz", "0001-01-01+08:00", None),
        ("yyyy", "9" * 300, None),
    ],
)
def test_a_date_is_read(pattern: str, text: str, value: str | None) -> None:
    found = date_format(pattern).read(text, NOW)
    assert (None if found is None else str(found)) == value


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("", "there is nothing at character 1"),
        ("q", "'q' is no standard format at character 1"),
        ("yyyy-QQ", "'Q' is no part of a date; write it as text at character 6"),
        ("hhh", "'hhh' is no part of a date at character 1"),
        ("d'open", '"\'" is not closed at character 2'),
        ("dd%", "'%' has nothing after it at character 3"),
        ("dd\\", "is not closed at character 3"),
        ("d" * 300, "too many characters"),
    ],
)
def test_a_wrong_pattern_is_refused(pattern: str, message: str) -> None:
    with pytest.raises(InvalidFormat) as caught:
        date_format(pattern)
    assert message in str(caught.value)


@given(st.text(alphabet="dfFghHKmMstyz'\"\\%:/ -TZ.", max_size=12), st.datetimes(), st.text())
def test_any_pattern_writes_and_reads(pattern: str, value: datetime, other: str) -> None:
    try:
        compiled = date_format(pattern)
    except InvalidFormat as error:
        shown = str(error)
    else:
        shown = compiled.write(value)
        compiled.read(shown, NOW)
        compiled.read(other, NOW, trim=False, inner=True)
    assert isinstance(shown, str)


@given(st.datetimes(min_value=datetime(1000, 1, 1)))  # noqa: DTZ001
def test_what_is_written_is_read_again(value: datetime) -> None:
    whole = value.replace(microsecond=0)
    assert parse(canonical(value)) == whole == parse_canonical(canonical(value))
    assert parse(value.isoformat()) == value
    assert parse(f"{value.date().isoformat()}T{value.time().isoformat()}Z") == value
    for pattern in ("o", "yyyy-MM-dd HH:mm:ss.fffffff", "dddd, d MMMM yyyy h:mm:ss.ffffff tt"):
        compiled = date_format(pattern)
        assert compiled.read(compiled.write(value), NOW) == value


@given(st.text(max_size=70))
def test_any_text_is_a_date_or_none(text: str) -> None:
    found = parse(text)
    assert found is None or abs(found - MOMENT) < timedelta(days=4_000_000)
