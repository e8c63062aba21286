"""A scoping filter: groups of clauses, compiled to functions that judge a principal's attributes.

Clauses of a group all have to be true; one true group is enough (Graph: filter, filterGroup).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from provisioning.errors import Problem, cut
from provisioning.scoping.operators import (
    OPERATORS,
    UNSAID,
    Asks,
    InvalidOperandError,
    NamedOperator,
    Operator,
    Quantifier,
    Test,
    operator_named,
)
from provisioning.scoping.values import Context, Undecided, values_of
from provisioning.scoping.verdicts import ClauseVerdict, FilterVerdict, GroupVerdict, Outcome

MEMBER_OF = "memberOf"
"""The attribute that a clause about group membership names."""

Row = Mapping[str, Any]
"""Source attributes by name. One that is not in it was never read."""

Judge = Callable[[Row, Context], bool]
"""Whether a clause is true. Raises ``Undecided``."""


class ClauseForm(msgspec.Struct, frozen=True):
    """A clause as it was written; ``at`` is its JSON path."""

    attribute: str
    operator: str
    values: tuple[str, ...]
    at: str


class GroupForm(msgspec.Struct, frozen=True):
    """A group of clauses as it was written."""

    name: str
    clauses: tuple[ClauseForm, ...]
    at: str


class WrittenClause(msgspec.Struct, frozen=True):
    """A clause in the program's own words: the operator by its name, its constants."""

    attribute: str
    operator: Operator
    name: str
    operand: tuple[str, ...]
    at: str

    @property
    def text(self) -> str:
        """``department EQUALS 'Sales'``; of several groups their order means nothing."""
        return " ".join((self.attribute, self.name, *map(repr, sorted(self.operand))))

    @property
    def null_fails(self) -> bool:
        """Whether a missing value makes it false."""
        return self.operator.asks is Asks.VALUE

    @property
    def asks_null(self) -> bool:
        """Whether it is true where there is no value."""
        return self.operator.asks is Asks.PRESENCE and self.operator.negated


class WrittenGroup(msgspec.Struct, frozen=True):
    """A group of clauses, all of which have to be true. The name means nothing."""

    name: str
    clauses: tuple[WrittenClause, ...]


class _Clause(msgspec.Struct, frozen=True):
    form: ClauseForm
    named: NamedOperator
    operand: tuple[str, ...]
    judge: Judge

    @property
    def text(self) -> str:
        return " ".join((self.form.attribute, self.named.name, *map(repr, self.operand)))


class _Group(msgspec.Struct, frozen=True):
    name: str
    clauses: tuple[_Clause, ...]
    judges: tuple[Judge, ...]

    def outcome(self, row: Row, context: Context) -> Outcome:
        outcome = Outcome.PASSED
        for judge in self.judges:
            try:
                if not judge(row, context):
                    return Outcome.FAILED
            except Undecided:
                outcome = Outcome.UNDECIDED
        return outcome


@dataclass(frozen=True, slots=True)
class ScopingFilter:
    """A filter that can be asked about many principals.

    ``text`` is the filter as it was written, on one line. ``attributes`` are the source attributes
    that it reads. ``groups`` are the object ids or display
    names of groups whose members it asks for: whoever evaluates it has to know them.
    """

    text: str
    attributes: tuple[str, ...]
    groups: tuple[str, ...]
    _groups: tuple[_Group, ...]

    @property
    def written(self) -> tuple[WrittenGroup, ...]:
        """The groups and their clauses, to be shown or compared."""
        return tuple(
            WrittenGroup(group.name, tuple(_written(clause) for clause in group.clauses))
            for group in self._groups
        )

    def outcome(self, row: Row, context: Context) -> Outcome:
        """What the filter says of a principal, without the details. Never raises for a value."""
        outcome = Outcome.FAILED
        for group in self._groups:
            found = group.outcome(row, context)
            if found is Outcome.PASSED:
                return found
            if found is Outcome.UNDECIDED:
                outcome = found
        return outcome

    def passes(self, row: Row, context: Context) -> bool:
        """Whether the principal is let into scope for certain."""
        return self.outcome(row, context) is Outcome.PASSED

    def explain(self, row: Row, context: Context) -> FilterVerdict:
        """The same with each clause, and the value it saw."""
        groups = tuple(
            GroupVerdict(
                name=group.name,
                outcome=group.outcome(row, context),
                clauses=tuple(_explained(clause, row, context) for clause in group.clauses),
            )
            for group in self._groups
        )
        return FilterVerdict(outcome=self.outcome(row, context), groups=groups)


def _written(clause: _Clause) -> WrittenClause:
    form, named = clause.form, clause.named
    return WrittenClause(form.attribute, named.operator, named.name, clause.operand, form.at)


def _explained(clause: _Clause, row: Row, context: Context) -> ClauseVerdict:
    why = ""
    try:
        outcome = Outcome.PASSED if clause.judge(row, context) else Outcome.FAILED
    except Undecided as undecided:
        outcome, why = Outcome.UNDECIDED, str(undecided)
    operator = clause.named.operator
    if operator.asks is Asks.MEMBERSHIP:
        seen: Any = [name for name in clause.operand if name.casefold() in context.groups]
    else:
        seen = row.get(clause.form.attribute)
    null = operator.asks is Asks.VALUE and not values_of(seen)
    return ClauseVerdict(
        attribute=clause.form.attribute,
        operator=clause.named.name,
        operand=clause.operand,
        seen=seen,
        outcome=outcome,
        because_null=null and outcome is Outcome.FAILED,
        why=why,
        at=clause.form.at,
    )


# --- compiling -----------------------------------------------------------------------------------


def compile_filter(
    groups: Sequence[GroupForm],
    known: Collection[str] | None,
    problems: list[Problem],
) -> ScopingFilter | None:
    """The filter of some groups; ``None`` without any, or when something is wrong with them.

    ``known`` are the source attributes that a clause may read; ``None`` when that could not be
    found out. What is wrong is added to ``problems``, with the JSON path as its field.
    """
    before = len(problems)
    compiled = tuple(_group(group, known, problems) for group in groups)
    if not groups or len(problems) > before:
        return None
    clauses = [clause for group in compiled for clause in group.clauses]
    member = [clause for clause in clauses if clause.named.operator.asks is Asks.MEMBERSHIP]
    others = [clause.form.attribute for clause in clauses if clause not in member]
    return ScopingFilter(
        text="; or ".join(" and ".join(one.text for one in group.clauses) for group in compiled),
        attributes=tuple(dict.fromkeys(others)),
        groups=tuple(dict.fromkeys(name for clause in member for name in clause.operand)),
        _groups=compiled,
    )


def _group(form: GroupForm, known: Collection[str] | None, problems: list[Problem]) -> _Group:
    if not form.clauses:
        message = "has no clauses, and would let everybody pass."
        problems.append(Problem(f"{form.at}.clauses", message, "Add a clause or remove the group."))
    compiled = (_clause(clause, known, problems) for clause in form.clauses)
    clauses = tuple(clause for clause in compiled if clause is not None)
    return _Group(form.name, clauses, tuple(clause.judge for clause in clauses))


def _clause(
    form: ClauseForm, known: Collection[str] | None, problems: list[Problem]
) -> _Clause | None:
    named = operator_named(form.operator)
    if named is None:
        message = f"{cut(form.operator, 60)!r} is no operator."
        remedy = f"Write one of {', '.join(each.name for each in OPERATORS)}."
        problems.append(Problem(f"{form.at}.operatorName", message, remedy))
        return None
    found = _attribute_problem(form, named.operator, known)
    if found is not None:
        problems.append(found)
    try:
        operand = _operand(named.operator, form.values)
        judge = _judge(form.attribute, named, operand)
    except InvalidOperandError as error:
        at = f"{form.at}.targetOperand.values"
        problems.append(Problem(at, error.message, error.remedy))
        return None
    return _Clause(form, named, operand, judge)


def _attribute_problem(
    form: ClauseForm, operator: Operator, known: Collection[str] | None
) -> Problem | None:
    at, name = f"{form.at}.sourceOperandName", cut(form.attribute, 100)
    if operator.asks is Asks.MEMBERSHIP:
        if form.attribute == MEMBER_OF:
            return None
        message = f"{name!r} is not what {operator.name} is about."
        return Problem(at, message, f"Write {MEMBER_OF}.")
    if form.attribute == "IsSoftDeleted":
        message = "IsSoftDeleted follows from the filter, which cannot depend on it."
        return Problem(at, message, "Remove the clause; who is deleted or disabled is out anyway.")
    if known is None or form.attribute in known:
        return None
    message = f"the source attribute {name!r} is not defined, or is a reference."
    return Problem(at, message, "Correct the name (case counts), or define it in $.directories.")


def _operand(operator: Operator, values: tuple[str, ...]) -> tuple[str, ...]:
    """The constants of a clause. Raises ``InvalidOperandError``."""
    if not operator.operand:
        return ()
    if not any(values):
        message = f"{operator.name} needs a value."
        raise InvalidOperandError(message, "Write the value to compare with.")
    if operator.asks is Asks.MEMBERSHIP:
        return tuple(value for value in values if value)
    if len(values) > 1:
        message = f"{operator.name} takes one value, and there are {len(values)}."
        raise InvalidOperandError(message, "Write a group of clauses for each value.")
    return values


def _judge(attribute: str, named: NamedOperator, operand: tuple[str, ...]) -> Judge:
    operator = named.operator
    if operator.asks is Asks.MEMBERSHIP:
        return _membership(frozenset(operand), member=not operator.negated)
    if operator.asks is Asks.PRESENCE:
        return _presence(attribute, present=not operator.negated)
    assert operator.build is not None
    test = operator.build(operand[0] if operand else "")
    return _value(attribute, test, named.quantifier or UNSAID)


def _value(attribute: str, test: Test, quantifier: Quantifier) -> Judge:
    """Null makes it false, whatever it asks (Entra: scoping filters, important)."""
    enough = all if quantifier is Quantifier.ALL else any

    def judge(row: Row, context: Context) -> bool:
        value = _read(row, attribute)
        if type(value) is str:
            return value != "" and test(value, context)
        values = values_of(value)
        return bool(values) and enough(test(one, context) for one in values)

    return judge


def _presence(attribute: str, *, present: bool) -> Judge:
    return lambda row, _: bool(values_of(_read(row, attribute))) is present


def _membership(groups: frozenset[str], *, member: bool) -> Judge:
    """In any of the groups, or in none. Who is in a known one is in, whatever is unknown."""
    written = {name.casefold(): name for name in groups}
    groups = frozenset(written)

    def judge(_: Row, context: Context) -> bool:
        if not groups.isdisjoint(context.groups):
            return member
        unknown = groups & context.unknown
        if unknown:
            names = ", ".join(f"'{cut(written[name], 60)}'" for name in sorted(unknown))
            raise Undecided(f"since the members of {names} are not known")
        return not member

    return judge


def _read(row: Row, attribute: str) -> Any:
    try:
        return row[attribute]
    except KeyError:
        # Null would be a statement about the principal. This is one about us.
        raise Undecided("since the attribute has not been read from Entra yet") from None
