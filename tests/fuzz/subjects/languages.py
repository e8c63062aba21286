"""The languages of administrators: schema files, expressions, patterns, filters, dates."""

from __future__ import annotations

import json
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import strategies as st

from provisioning.dotnet_regex import InvalidPattern, MatchFailed, compile_pattern
from provisioning.errors import ConfigurationError, InvalidRequest, Problem
from provisioning.expressions import (
    FUNCTIONS,
    EvaluationError,
    InvalidExpression,
    Operand,
    compile_expression,
)
from provisioning.expressions import readers as argument_readers
from provisioning.expressions.date_formats import InvalidFormat, date_format
from provisioning.expressions.date_texts import parse as parse_date
from provisioning.expressions.date_texts import parse_canonical
from provisioning.expressions.errors import Unfit
from provisioning.mapping import CompiledSchema, Mapped, compile_schema
from provisioning.model import EntraId
from provisioning.operations.schema_eval import _around, evaluate_given
from provisioning.schema import SHIPPED, load_schema
from provisioning.scoping import (
    OPERATORS,
    ClauseForm,
    Context,
    GroupForm,
    Outcome,
    compile_filter,
)
from provisioning.scoping.dates import date_of
from tests.fuzz.judge import Parser
from tests.fuzz.mutations import HOSTILE, TEXTS, Raw, bodies, texts

_NOW = 1_760_000_000.0
_EXPRESSIONS = (
    *("[userPrincipalName]", 'Join("; ", [a], [b])', 'IIF([a]="x", "1", Not([b]))'),
    *('Switch([a], "d", "x", "y", "&H1F", "z")', 'Replace([a], , "(?<n>.)b", "n", "${n}", , )'),
    *('FormatDateTime([a], , "yyyy-MM-dd", "dd.MM.yy")', 'Word([a], 2, " ")', "Mid([a], 3, 2)"),
    *('DateAdd("d", -3, CDate([a]))', "NormalizeDiacritics(StripSpaces([a]))", "Item([l], 1)"),
    *(
        'SelectUniqueValue(Join(".", [a], [b]), [a])',
        "SingleAppRoleAssignment([appRoleAssignments])",
    ),
    *(
        'RandomString(8, 1, 1, 1, 1, "")',
        "Guid()",
        'Split([a], ",")',
        "BitAnd(&HF, [n])",
        '"a\\"b"',
    ),
)
_ROW = {
    "userPrincipalName": "ada@example.com",
    "a": "Ädler, 2020-03-16T07:00:00Z",
    "b": "True",
    "l": ["x", "y"],
    "n": 12,
    "appRoleAssignments": ["User"],
}
_CALLS = tuple(
    f"{name}({', '.join(['[a]', '[b]', '[l]', '[n]', chr(34) + '2' + chr(34)][:count])})"
    for name, function in FUNCTIONS.items()
    for count in range(6)
    if function.accepts(count)
)
"""Every function with every number of arguments up to five."""

_PATTERNS = (
    *(
        r"^(?<n>\w+)@(?:a|b)\.com$",
        r"(a+)+$",
        r"(?i)[a-z-[aeiou]]{2,5}?",
        r"(?=x)(\d)\1",
        r"\p{Lu}",
    ),
    *(
        r"(?x) a # b",
        r"[^\W_]+|\u0041|\cA|\x41",
        "(a|b|ab)*c",
        "((a{1,10}){1,10}){1,10}",
        r"\G\Ax\z",
    ),
    *("(" * 60, "[a-[b-[c]]]", "(?<1>a)(b)(?'x'c)", "a{999}{999}", r"(.*?,){11}P", r"(\w*)*\1!"),
    *("(?:" * 49 + "a" + ")" * 49, "(?<![a-z])b", r"^(([a-z])+.)+[A-Z]([a-z])+$", "a" * 1999),
)


@cache
def _folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="fuzz-"))


def _read_schema(body: bytes) -> CompiledSchema:
    path = _folder() / "schema.json"
    path.write_bytes(body)
    compiled = compile_schema(load_schema(path))
    for mapping in (compiled.user, compiled.group):
        mapping.map(EntraId("1"), _ROW, soft_deleted=False, around=_around("1", _NOW))
    return compiled


@cache
def _shipped() -> CompiledSchema:
    return compile_schema(load_schema(None))


def _mapped(body: bytes) -> Mapped:
    try:
        row = msgspec.json.decode(body, type=dict[str, Any])  # as the rows of Graph are
    except (ValueError, RecursionError):
        row = {}
    _shipped().group.map(EntraId("1"), row, soft_deleted=False)
    return _shipped().user.map(EntraId("1"), row, soft_deleted=True, around=_around("1", _NOW))


def _evaluated(given: tuple[str, bytes]) -> dict[str, Any]:
    text, attributes = given
    shown = evaluate_given(text, attributes.decode(errors="replace"), _NOW)
    json.dumps(shown, allow_nan=False)
    return shown


def _expression(text: str) -> Operand:
    return compile_expression(text, "EXPR").evaluate(_ROW, _around("1", _NOW))


def _matched(given: tuple[str, str, str]) -> str | None:
    pattern, text, replacement = given
    compiled = compile_pattern(pattern)
    found = compiled.search(text)
    compiled.replace(text, replacement, limit=20_000)
    for name in (*sorted(compiled.groups)[:3], "none"):
        if found is not None:
            found.group(name)
        compiled.replace(text, replacement, limit=20_000, group=name)
    return None if found is None else found.group()


def _repeated_text() -> st.SearchStrategy[str]:
    """Texts of up to as many characters as are searched, for patterns that go back and forth."""
    pieces = st.sampled_from(("a", "ab", "a,", "1", "\u00e4", "\u017f", " ", "a\n"))
    ends = st.sampled_from(("", "!", "\n", "P"))
    return st.builds(
        lambda piece, times, end: piece * times + end,
        pieces,
        st.sampled_from((1, 30, 1000, 4999)),
        ends,
    )


_WRITTEN_OPERATORS = tuple(operator.name for operator in OPERATORS)
_CLAUSE_VALUES = ("Sales", "5", "-3", "2026-01-31", "now-30d", "now+99999d", "^a.*", "Writers")


def _filtered(given: tuple[str, list[str], dict[str, Any], float]) -> Outcome:
    operator, values, row, now = given
    problems: list[Problem] = []
    form = GroupForm("g", (ClauseForm("a", operator, tuple(values), "$.at"),), "$")
    compiled = compile_filter([form], None, problems)
    if compiled is None:
        raise ConfigurationError(tuple(problems))
    context = Context(now, frozenset(("writers",)), frozenset(("readers",)))
    compiled.explain(row, context)
    return compiled.outcome(row, context)


def _date(text: str) -> object:
    date_of(text)
    parse_canonical(text)
    for reader in (argument_readers.date, argument_readers.whole_number, argument_readers.pattern):
        with suppress(Unfit):
            reader(text)
    return parse_date(text)


def _format(given: tuple[str, str]) -> object:
    form, text = given
    made = date_format(form)
    found = made.read(text, parse_date("2026-01-01"))
    return None if found is None else made.write(found)


_DATES = (
    *(
        "2020-03-16T07:00:00Z",
        "3/16/2020 7:00:00 AM",
        "Mon, 16 Mar 2020 07:00:00 GMT",
        "2020-03-16",
    ),
    *(
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "March 16, 2020",
        "12/31/9999 24:00",
    ),
)
_FORMATS = ("yyyy-MM-dd'T'HH:mm:ss.fffffffK", "d", "dddd, dd MMM yy h:mm tt zzz", "%d", "'", "\\")
_VALUES = st.one_of(
    st.sampled_from([each for each in HOSTILE if not isinstance(each, Raw)]),
    st.sampled_from(TEXTS),
    st.sampled_from(_DATES),
    st.text(),
    st.floats(),
    st.integers(),
)
_SCHEMA = json.loads(SHIPPED.read_bytes())
_USER_ROW = {
    "userPrincipalName": "ada_home.org#EXT#@t.onmicrosoft.com",
    "displayName": "Ada",
    "givenName": "Ada",
    "surname": "Adler",
    "department": "Sales",
    "mail": "ada@example.com",
    "mailNickname": "ada",
    "onPremisesExtensionAttributes": {"extensionAttribute1": "x"},
    "businessPhones": ["1"],
    "manager": "1",
}
_SYNTAX = "provisioning.expressions.syntax"
_DATE_TEXTS = "provisioning.expressions.date_texts"

PARSERS = (
    Parser(
        "language: schema file",
        (
            *("provisioning.schema.reading:read_export", "provisioning.schema.decode:decode"),
            *("provisioning.schema.load:load_schema", "provisioning.schema.decode:_field"),
            "provisioning.schema.reading:_text",
        ),
        bodies(
            _SCHEMA,
            extra=(*_EXPRESSIONS, *_PATTERNS, *_WRITTEN_OPERATORS, [{"clauses": []}] * 300),
        ),
        _read_schema,
        CompiledSchema,
        (ConfigurationError,),
        examples=25,
    ),
    Parser(
        "language: attributes of Graph",
        ("provisioning.mapping.object_mapping:ObjectMapping.map",),
        bodies(_USER_ROW),
        _mapped,
        Mapped,
        (),
    ),
    Parser(
        "language: expression",
        (f"{_SYNTAX}:parse", "provisioning.expressions.readers:whole_number"),
        texts(*_EXPRESSIONS, *_CALLS),
        _expression,
        Operand,
        (InvalidExpression, EvaluationError),
        examples=100,
    ),
    Parser(
        "language: expression on the command line",
        ("provisioning.operations.schema_eval:_row",),
        st.tuples(st.one_of(st.sampled_from(_CALLS), texts(*_EXPRESSIONS)), bodies(_ROW)),
        _evaluated,
        dict[str, Any],
        (ConfigurationError, InvalidRequest),
        examples=80,
    ),
    Parser(
        "language: .NET pattern",
        (
            *(
                "provisioning.dotnet_regex.pattern:compile_pattern",
                "provisioning.dotnet_regex.scan:scan",
            ),
            *("provisioning.dotnet_regex.replacement:parts_of",),
            "provisioning.dotnet_regex.brackets:read_class",
        ),
        st.tuples(
            texts(*_PATTERNS),
            st.one_of(
                texts("ada@a.com", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!"), _repeated_text()
            ),
            texts("$1", "${n}x", "$$", "$&$`$'$+$_", "$99", "${"),
        ),
        _matched,
        str | None,
        (InvalidPattern, MatchFailed),
        examples=100,
    ),
    Parser(
        "language: scoping filter",
        ("provisioning.scoping.filters:compile_filter",),
        st.tuples(
            texts(*_WRITTEN_OPERATORS, "ANY EQUALS", "all starts_with"),
            st.lists(texts(*_CLAUSE_VALUES, *_PATTERNS), min_size=1, max_size=2),
            st.fixed_dictionaries({}, optional={"a": _VALUES}),
            st.sampled_from((0.0, _NOW)),
        ),
        _filtered,
        Outcome,
        (ConfigurationError,),
        examples=80,
    ),
    Parser(
        "language: dates and numbers in a filter",
        (
            *("provisioning.scoping.dates:date_of", "provisioning.scoping.dates:moment_of"),
            "provisioning.scoping.operators:_integer",
        ),
        st.tuples(
            st.sampled_from(("BEFORE", "AFTER", "LESS_THAN", "ANY GREATER_THAN")),
            st.lists(texts("2026-01-31", "now-30d", "now+99999d", "5"), min_size=1, max_size=1),
            st.fixed_dictionaries({"a": st.one_of(texts(*_DATES), _VALUES)}),
            st.sampled_from((0.0, _NOW)),
        ),
        _filtered,
        Outcome,
        (ConfigurationError,),
    ),
    Parser(
        "language: date",
        (f"{_DATE_TEXTS}:parse", f"{_DATE_TEXTS}:parse_canonical", f"{_DATE_TEXTS}:_moment"),
        texts(*_DATES),
        _date,
        object,
        (),
    ),
    Parser(
        "language: format of a date",
        ("provisioning.expressions.date_formats:date_format",),
        st.tuples(texts(*_FORMATS), texts(*_DATES)),
        _format,
        object,
        (InvalidFormat,),
    ),
)
"""Everything that reads what an administrator writes."""
