"""Patterns of dates as .NET has them, and the usual texts of dates."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.expressions.date_formats import InvalidFormat, date_format
from provisioning.expressions.date_texts import canonical, parse, parse_canonical

MOMENT = datetime(2009, 6, 5, 13, 4, 7, 123_400)  # noqa: DTZ001
NOW = datetime(2026, 11, 23, 3, 4, 5, tzinfo=UTC)


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
        ("y", "2009 June"),
        ("f", "Friday, 05 June 2009 13:04"),
        ("F", "Friday, 05 June 2009 13:04:07"),
        ("g", "06/05/2009 13:04"),
        ("m", "June 05"),
        ("M", "June 05"),
        ("O", "2009-06-05T13:04:07.1234000Z"),
        ("r", "Fri, 05 Jun 2009 13:04:07 GMT"),
        ("t", "13:04"),
        ("T", "13:04:07"),
        ("U", "Friday, 05 June 2009 13:04:07"),
        ("yyy", "2009"),
        ("%y", "9"),
        ("%M", "6"),
        ("dd ddd dddd ddddd", "05 Fri Friday Friday"),
        ("MM MMM MMMM MMMMM", "06 Jun June June"),
        ("ggggg", "A.D."),
        ("'X'yyyy\"Y\"", "X2009Y"),
        ("''yyyy\"\"", "2009"),
        ("yyyy\u00e9", "2009\u00e9"),
        ("yyyyTZ", "2009TZ"),
        ("%d%M", "56"),
        (f"yyyy{' ' * 196}", f"2009{' ' * 196}"),
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
        ("h tt", "1 pm", "2026-11-23 13:00:00"),
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
        ("HH:mm:ss.FFF", "01:02:03.", "2026-11-23 01:02:03"),
        ("yyyy-MM-ddzzz", "0001-01-01+08:00", None),
        ("yyyy", "9" * 300, None),
        ("yyyy", f"2009{' ' * 196}", "2009-01-01 00:00:00"),
        ("yyyy", f"2009{' ' * 197}", None),
        # What the pattern lacks: all of a date that has a part of one is its first.
        ("%d", "7", "2026-01-07 00:00:00"),
        ("%M", "6", "2026-06-01 00:00:00"),
        ("MMMM", "June", "2026-06-01 00:00:00"),
        ("MMM", "dec", "2026-12-01 00:00:00"),
        ("yyyy", "2009", "2009-01-01 00:00:00"),
        ("yyyy dd", "2009 07", "2009-01-07 00:00:00"),
        ("HH:mm", "05:06", "2026-11-23 05:06:00"),
        ("HH:mm:ss", "05:06:07", "2026-11-23 05:06:07"),
        ("dddd", "Monday", "2026-11-23 00:00:00"),
        ("dddd", "Sunday", None),
        ("ddddd, yyyy-MM-dd", "Friday, 2009-06-05", "2009-06-05 00:00:00"),
        ("dddd, yyyy-MM-dd", "Fri, 2009-06-05", None),
        ("MMMMM yyyy", "June 2009", "2009-06-01 00:00:00"),
        ("MMM yyyy", "June 2009", None),
        ("MM", "6", None),
        ("MM", "00", None),
        ("yyyy-MM-dd", "2009-00-05", None),
        ("HH:mm", "5:06", None),
        ("H:m", "5:6", "2026-11-23 05:06:00"),
        ("HH", "24", None),
        ("%y", "9", "2009-01-01 00:00:00"),
        ("%y", "49", "2049-01-01 00:00:00"),
        ("yy", "9", None),
        ("yyy", "123", "0123-01-01 00:00:00"),
        ("yyy", "49", None),
        ("yyyy", "0049", "0049-01-01 00:00:00"),
        ("yyyy yyyy", "2009 2009", "2009-01-01 00:00:00"),
        ("h t", "1 P", "2026-11-23 13:00:00"),
        ("h t", "1 a", "2026-11-23 01:00:00"),
        ("h t", "1 PM", None),
        ("h tt", "1 P", None),
        ("h tt", "0 AM", None),
        ("h tt", "13 AM", None),
        ("%h", "12", "2026-11-23 00:00:00"),
        ("%h", "11", "2026-11-23 11:00:00"),
        ("yyyy gg", "2009 A.D.", "2009-01-01 00:00:00"),
        ("yyyy g", "2009 AD", "2009-01-01 00:00:00"),
        ("yyyy g", "2009 B.C.", None),
        ("HH:mm:ss.FFF", "01:02:03.5", "2026-11-23 01:02:03.500000"),
        ("HH:mm:ss.FFF", "01:02:03.1234", None),
        ("HH:mm:ss.fff", "01:02:03.123", "2026-11-23 01:02:03.123000"),
        ("HH:mm:ss.fff", "01:02:03.12", None),
        ("HH:mm:ss.fffffff", "01:02:03.1234567", "2026-11-23 01:02:03.123456"),
        ("yyyy-MM-dd z", "2009-06-05 +2", "2009-06-04 22:00:00"),
        ("yyyy-MM-dd z", "2009-06-05 -11", "2009-06-05 11:00:00"),
        ("yyyy-MM-dd zz", "2009-06-05 -02", "2009-06-05 02:00:00"),
        ("yyyy-MM-dd zz", "2009-06-05 -2", None),
        ("yyyy-MM-dd zzz", "2009-06-05 -02:30", "2009-06-05 02:30:00"),
        ("yyyy-MM-dd zzz", "2009-06-05 -0230", "2009-06-05 02:30:00"),
        ("yyyy-MM-ddK", "2020-12-31z", "2020-12-31 00:00:00"),
        ("yyyy-MM-ddK", "2020-12-31+0100", None),
        ("yyyy.MM", "2020-12", None),
        ("'Day' yyyy", "day 2020", "2020-01-01 00:00:00"),
    ],
)
def test_a_date_is_read(pattern: str, text: str, value: str | None) -> None:
    found = date_format(pattern).read(text, NOW)
    assert (None if found is None else str(found)) == value


@pytest.mark.parametrize(
    ("text", "trim", "inner", "read"),
    [
        ("2009-06-05", False, False, True),
        (" 2009-06-05 ", True, False, True),
        (" 2009-06-05", False, False, False),
        ("2009-06-05 ", False, True, False),
        ("2009 -06- \t05", True, False, False),
        ("2009 -06- \t05", False, True, True),
        ("2009-06-05", False, True, True),
    ],
)
def test_white_space_is_allowed_where_it_is_said(
    text: str,
    trim: bool,
    inner: bool,
    read: bool,
) -> None:
    found = date_format("yyyy-MM-dd").read(text, None, trim=trim, inner=inner)
    assert (found is not None) == read


@pytest.mark.parametrize(
    ("pattern", "text", "value"),
    [
        ("HH:mm", "05:06", "0001-01-01 05:06:00"),
        ("%d", "7", "0001-01-07 00:00:00"),
        ("MMMM d", "June 7", "0001-06-07 00:00:00"),
        ("yyyy", "2009", "2009-01-01 00:00:00"),
    ],
)
def test_without_a_time_of_now_it_is_the_first_day_there_is(
    pattern: str, text: str, value: str
) -> None:
    assert str(date_format(pattern).read(text, None)) == value


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("", "there is nothing at character 1"),
        ("q", "'q' is no standard format at character 1"),
        ("yyyy-QQ", "'Q' is no part of a date; write it as text at character 6"),
        ("hhh", "'hhh' is no part of a date at character 1"),
        ("d'open", '"\'" is not closed at character 2'),
        ("dd%", "'%' has nothing after it at character 3"),
        ("dd\\", r"'\\' is not closed at character 3"),
        ("d" * 201, "there are too many characters at character 201"),
        ("x%%d", "'x' is no part of a date; write it as text at character 1"),
        ("d%%M", "'%' has nothing after it at character 2"),
        ("yyyyX", "'X' is no part of a date; write it as text at character 5"),
        ('d"open', "'\"' is not closed at character 2"),
        ("yyyyyy", "'yyyyyy' is no part of a date at character 1"),
        ("d ffffffff", "'ffffffff' is no part of a date at character 3"),
        ("d FFFFFFFF", "'FFFFFFFF' is no part of a date at character 3"),
        *(
            (f"d {letter}", f"{letter!r} is no part of a date at character 3")
            for letter in ("hhh", "HHH", "KK", "mmm", "sss", "ttt", "zzzz", "zzzzzzzzzz")
        ),
        ("d zzzzzzzzzzz", "'zzzzzzzzz…' is no part of a date at character 3"),
    ],
)
def test_a_wrong_pattern_is_refused(pattern: str, message: str) -> None:
    with pytest.raises(InvalidFormat) as caught:
        date_format(pattern)
    assert str(caught.value) == f"{message} of the format"


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


@pytest.mark.parametrize(
    ("hour", "minute", "written"),
    [(0, 0, "12 12 A AM"), (1, 0, "1 01 A AM"), (11, 59, "11 11 A AM"), (12, 0, "12 12 P PM"),
     (13, 1, "1 01 P PM"), (23, 0, "11 11 P PM")],
)  # fmt: skip
def test_the_hour_of_half_a_day(hour: int, minute: int, written: str) -> None:
    value = MOMENT.replace(hour=hour, minute=minute)
    assert date_format("h hh t tt").write(value) == written
    assert date_format("HH h tt").read(date_format("HH h tt").write(value), NOW) is not None
    half = "AM" if hour < 12 else "PM"
    shown = f"6/5/2009 {written.split(maxsplit=1)[0]}:{minute:02}:07 {half}"
    assert canonical(value) == shown
    assert parse_canonical(shown) == parse(shown) == value.replace(microsecond=0)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2009-06-15", "2009-06-15 00:00:00"),
        ("2009/6/5", "2009-06-05 00:00:00"),
        ("6/15/2009", "2009-06-15 00:00:00"),
        ("6/15/2009 1:05", "2009-06-15 01:05:00"),
        ("15-Jun-2009", "2009-06-15 00:00:00"),
        ("15 june 2009", "2009-06-15 00:00:00"),
        ("Mon 15 Jun 2009", "2009-06-15 00:00:00"),
        ("Monday, 15 Jun 2009", "2009-06-15 00:00:00"),
        ("Jun 15 2009", "2009-06-15 00:00:00"),
        ("JUNE  15,  2009", "2009-06-15 00:00:00"),
        ("Mon, June 15, 2009 3:04 pm", "2009-06-15 15:04:00"),
        ("2009-06-15t10:11z", "2009-06-15 10:11:00"),
        ("2009-06-15 10:11:12", "2009-06-15 10:11:12"),
        ("2009-06-15T10:11:12.5", "2009-06-15 10:11:12.500000"),
        ("2009-06-15T10:11:12,123456789 GMT", "2009-06-15 10:11:12.123456"),
        ("2009-06-15 10:11 UTC", "2009-06-15 10:11:00"),
        ("2009-06-15 10:11 +0200", "2009-06-15 08:11:00"),
        ("2009-06-15 10:11+02:30", "2009-06-15 07:41:00"),
        ("2009-06-15 10:11-05:59", "2009-06-15 16:10:00"),
        ("2009-06-15 10:11+14:59", "2009-06-14 19:12:00"),
        ("2009-06-15 12:00 am", "2009-06-15 00:00:00"),
        ("2009-06-15 12:00 PM", "2009-06-15 12:00:00"),
        ("2009-06-15".ljust(64), "2009-06-15 00:00:00"),
        (" 2009-06-15\t", "2009-06-15 00:00:00"),
        ("2009-06-15".ljust(65), None),
        ("2009-06-15 10:11+15:00", None),
        ("2009-06-15 10:11+14:60", None),
        ("2009-06-15 10:60", None),
        ("2009-06-15 24:00", None),
        ("2009-06-15 10:11:60", None),
        ("2009-06-15 0:00 AM", None),
        ("2009-06-15 13:00 PM", None),
        ("2009-02-30", None),
        ("15 Junx 2009", None),
        ("15 Foo 2009", None),
        ("15-Jun-2009x", None),
        ("Jun 15 2009x", None),
        ("2009-06-15\u00a010:11", None),
        ("9999-12-31 23:00 -02:00", None),
        ("", None),
    ],
)
def test_a_usual_text_of_a_date_is_read(text: str, value: str | None) -> None:
    found = parse(text)
    assert (None if found is None else str(found)) == value


@pytest.mark.parametrize(
    "text",
    ["", "6/5/2009", "6/5/2009 1:04:07", "6/5/2009 1:04:07 am", "6/5/2009 0:04:07 AM",
     "6/5/2009 13:04:07 PM", "13/5/2009 1:04:07 PM", " 6/5/2009 1:04:07 PM"],
)  # fmt: skip
def test_another_form_than_that_of_functions_is_no_date_of_them(text: str) -> None:
    assert parse_canonical(text) is None
