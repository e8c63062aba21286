"""Functions that cut, join and search text. A character is a code point."""

from __future__ import annotations

from collections.abc import Sequence

from provisioning.expressions import readers
from provisioning.expressions.errors import Unfit
from provisioning.expressions.functions.function import Function, Parameter
from provisioning.expressions.operands import MAX_RESULT, Operand, texts_of

_TEXT = readers.text
_NUMBER = readers.whole_number
_CODE_POINTS = "Characters are code points; .NET counts an emoji as two."


def _append(source: str | None, suffix: str | None) -> Operand:
    return None if source is None else source + (suffix or "")


def _join(separator: str | None, *sources: Operand) -> Operand:
    given = [value for source in sources for value in texts_of(source)]
    values = [value for value in given if value]
    between = separator or ""
    if sum(map(len, values)) + len(between) * max(len(values) - 1, 0) > MAX_RESULT:
        raise too_long()
    return between.join(values) if given else None


def too_long() -> Unfit:
    """What is said of a result that is too long."""
    return Unfit(f"would give more than {MAX_RESULT} characters.", "Join, append or replace less.")


def _mid(source: str | None, start: int | None, length: int | None) -> Operand:
    if source is None or start is None or length is None:
        return None
    if start < 1:
        raise Unfit("is no position.", "Count from 1.", value=str(start), argument=2)
    if length < 0:
        raise Unfit("is no length.", "Give 0 or more.", value=str(length), argument=3)
    return source[start - 1 : start - 1 + length]


def _mid_check(arguments: Sequence[object]) -> str | None:
    start, length = arguments[1:]
    if isinstance(start, int) and start < 1:
        return f"its start is {start}; positions count from 1"
    if isinstance(length, int) and length < 0:
        return f"its length is {length}"
    return None


def _left(source: str | None, count: int | None) -> Operand:
    if source is None or count is None:
        return ""
    return source if count < 0 else source[:count]


def _length(source: str | None) -> Operand:
    return str(len(source or ""))


def _in_str(
    source: str | None,
    wanted: str | None,
    start: int | None = None,
    fold: bool | None = None,  # noqa: FBT001 - the language passes it by position
) -> Operand:
    if source is None or wanted is None:
        return None
    first = 1 if start is None else start
    if first < 1:
        raise Unfit("is no position.", "Count from 1.", value=str(first), argument=3)
    if fold:
        source, wanted = folded(source), folded(wanted)
    return str(source.find(wanted, first - 1) + 1)


def folded(text: str) -> str:
    """In lower case, character for character, so that positions stay."""
    if text.isascii():
        return text.lower()
    return "".join(low if len(low := c.lower()) == 1 else c for c in text)


def _word(source: str | None, number: int | None, delimiters: str | None) -> Operand:
    if source is None or number is None or number < 1:
        return ""
    separators = delimiters or ""
    if separators:
        first = separators[0]
        table = dict.fromkeys(map(ord, separators), first)
        words = [word for word in source.translate(table).split(first) if word]
    else:
        words = [source]
    return words[number - 1] if number <= len(words) else ""


def _strip_spaces(source: str | None) -> Operand:
    return None if source is None else source.replace(" ", "")


FUNCTIONS = (
    Function(
        "Append",
        (Parameter("source", _TEXT), Parameter("suffix", _TEXT)),
        "The source with the suffix after it.",
        _append,
        grows=True,
        deviation="No source gives no value, not the suffix alone.",
    ),
    Function(
        "Join",
        (Parameter("separator", _TEXT), Parameter("source1")),
        "The values with the separator between them; a multi-valued source gives all of its own.",
        _join,
        repeated=1,
        deviation="A source without a value, or with empty text as in Entra's example, adds "
        "nothing, not even a separator.",
    ),
    Function(
        "Mid",
        (
            Parameter("source", _TEXT),
            Parameter("start", _NUMBER, blank=False),
            Parameter("length", _NUMBER, blank=False),
        ),
        "So many characters from the start on, which counts from 1; fewer at the end.",
        _mid,
        check=_mid_check,
        deviation=f"A start after the end gives empty text. {_CODE_POINTS}",
    ),
    Function(
        "Left",
        (Parameter("source", _TEXT), Parameter("numChars", _NUMBER, blank=False)),
        "The first characters; all of them for a negative number, empty text for no source.",
        _left,
        deviation=_CODE_POINTS,
    ),
    Function(
        "Len",
        (Parameter("source", _TEXT),),
        "The number of characters.",
        _length,
        deviation=f"Entra names it and does not describe it; no source gives 0. {_CODE_POINTS}",
    ),
    Function(
        "InStr",
        (
            Parameter("value1", _TEXT),
            Parameter("value2", _TEXT),
            Parameter("start", _NUMBER, optional=True),
            Parameter("compareType", readers.ignoring_case, optional=True),
        ),
        "Where value2 is first found in value1, counted from 1.",
        _in_str,
        deviation="Entra does not say what is given when it is not found: 0 here, as in VBA. "
        "The search respects case unless vbTextCompare is given.",
    ),
    Function(
        "Word",
        (
            Parameter("source", _TEXT),
            Parameter("wordNumber", _NUMBER, blank=False),
            Parameter("delimiters", _TEXT),
        ),
        "The word of that number; each of the delimiters separates. Empty text without it.",
        _word,
        deviation="Delimiters next to each other count as one.",
    ),
    Function(
        "StripSpaces",
        (Parameter("source", _TEXT),),
        "The source without its spaces (U+0020).",
        _strip_spaces,
    ),
)
