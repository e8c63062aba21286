"""What is read off a principal's situation."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from provisioning.case import Case
from provisioning.held import Mark, Withheld
from provisioning.model import EntraId, MirrorGroup, MirrorUser, Presence, ScimId
from provisioning.scope import Reason, Verdict
from tests.decisions.principals import GROUP, IN, OUT, USER, link, mapped, members

ROW = MirrorUser(id=EntraId("u"), attributes={}, enabled=True, read_at=0.0)
ALONE = Case(key=USER, row=ROW, verdict=OUT, mapped=mapped({}), link=None)


def case(row: dict[str, Any] | None = None, **fields: Any) -> Case:
    changed = msgspec.structs.replace(ROW, **(row or {}))
    return msgspec.structs.replace(ALONE, row=changed, **fields)


def test_members_who_are_held_or_kept_are_not_free() -> None:
    ours = members("a", "b", "c", "d")
    assert case(ours=ours).free == ours
    marks = {
        ScimId("a"): Withheld(Mark.HELD, "l/1"),
        ScimId("b"): Withheld(Mark.REJECTED, "l/2"),
        ScimId("c"): Withheld(Mark.APPROVED, "l/3"),
    }
    assert case(ours=ours, withheld=marks).free == members("c", "d")


@pytest.mark.parametrize(
    ("row", "fields", "forgettable"),
    [
        ({}, {}, True),
        ({}, {"link": link()}, False),
        ({}, {"verdict": IN}, False),
        ({"roles": {"a": "r"}}, {}, False),
        ({"groups": (EntraId("g"),)}, {}, False),
        ({"groups": (EntraId("g"),), "presence": Presence.GONE}, {}, True),
        ({"groups": (EntraId("g"),), "presence": Presence.SOFT_DELETED}, {}, False),
    ],
)
def test_a_user_near_nothing_is_forgotten(
    row: dict[str, Any], fields: dict[str, Any], forgettable: bool
) -> None:
    assert case(row, **fields).forgettable is forgettable


def test_a_group_is_not_forgotten_like_a_user() -> None:
    group = MirrorGroup(id=EntraId("g"), attributes={}, read_at=0.0)
    assert not msgspec.structs.replace(ALONE, key=GROUP, row=group).forgettable


def test_who_is_there_and_in_scope_keeps_its_name() -> None:
    out = Verdict(True, False, Reason.OUT_OF_FILTER, "Left out.")
    assert case(verdict=IN).keeps_its_name
    assert not case(verdict=OUT).keeps_its_name
    assert not case(verdict=out).keeps_its_name
    for presence in (Presence.SOFT_DELETED, Presence.GONE):
        assert not case({"presence": presence}, verdict=IN).keeps_its_name


def test_without_a_name_a_principal_is_called_by_its_id() -> None:
    assert case().name == "jo@example.com"
    assert case(mapped=mapped({}, name="")).name == "u"
    assert not case().stays
