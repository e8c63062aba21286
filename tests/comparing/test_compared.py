"""In which order the objects are told."""

from __future__ import annotations

from provisioning.comparing import Compared, Outcome
from provisioning.model import EntraId, ObjectType, ScimId

GRAVITY = "fail delete disable create enable change memberships skip unknown off same"


def one(
    name: str,
    source: str | None = None,
    target: str | None = None,
    outcome: Outcome = Outcome.CHANGE,
    type: ObjectType = ObjectType.USER,
) -> Compared:
    return Compared(
        outcome=outcome,
        object_type=type,
        source_id=None if source is None else EntraId(source),
        target_id=None if target is None else ScimId(target),
        name=name,
    )


def test_the_gravest_come_first() -> None:
    told = [one("a", outcome=each) for each in reversed(Outcome)]
    assert [each.outcome for each in sorted(told, key=lambda each: each.order)] == GRAVITY.split()


def test_nothing_is_said_of_what_is_not_known() -> None:
    plain = one("jo")
    assert (plain.held, plain.reason, plain.remedy) == (False, "", None)
    assert (plain.memberships_added, plain.memberships_removed, plain.unmanaged) == (0, 0, 0)
    assert (plain.causes, plain.changes) == ((), ())


def test_then_groups_by_name_without_regard_to_case_and_then_by_id() -> None:
    expected = [
        one("b", type=ObjectType.GROUP),
        one("a"),
        one("a", "1"),
        one("B", "1", "9"),
        one("b", "2", "0"),
        one("B", None, "3"),
        one("c"),
    ]
    for told in (expected, expected[::-1]):
        assert sorted(told, key=lambda each: each.order) == expected
