"""The values that the program speaks in: what is stored and shown of them."""

from __future__ import annotations

import pytest

from provisioning import model
from provisioning.model import (
    Action,
    EntraId,
    Key,
    MemberRemoval,
    ObjectType,
    Origin,
    Presence,
    change_digest,
    folded,
    name_key,
    value_key,
)
from tests.decisions.principals import USER, link


@pytest.mark.parametrize("type", ObjectType)
def test_a_key_is_read_as_it_was_written(type: ObjectType) -> None:
    key = Key(type, EntraId("a/b"))
    assert str(key) == f"{type.value}/a/b"
    assert Key.parse(str(key)) == key


def test_the_words_that_are_stored_and_shown() -> None:
    """Settings, rows and documents hold them."""
    assert list(ObjectType) == ["user", "group"]
    assert list(MemberRemoval) == ["filter", "value", "put"]
    assert list(Action) == [
        *("create", "update", "enable", "disable", "delete", "add_member", "remove_member")
    ]
    assert list(Presence) == ["present", "soft_deleted", "gone"]
    assert list(Origin) == ["created", "matched"]
    assert model.DEFAULT_ACCESS == "00000000-0000-0000-0000-000000000000"
    assert {"updated", "deleted"} == model.CHANGE_TYPES


def test_a_change_has_the_same_id_in_the_dry_run_and_in_the_run() -> None:
    """Whoever approves a change by its id approves these values of this object."""
    values = {"title": "a", "active": True}
    id = change_digest(Action.UPDATE, USER, values)
    assert id == change_digest(Action.UPDATE, USER, {"active": True, "title": "a"})
    assert len(id) == 20
    others = [
        change_digest(Action.ENABLE, USER, values),
        change_digest(Action.UPDATE, Key(ObjectType.GROUP, USER.id), values),
        change_digest(Action.UPDATE, USER, {"title": "b", "active": True}),
    ]
    assert len({id, *others}) == 4


def test_a_link_is_active_unless_it_says_otherwise() -> None:
    """Servers may leave ``active`` out."""
    assert link(attributes={}).active
    assert link(attributes={"active": True}).active
    assert not link(attributes={"active": False}).active
    assert not link(missing=True).active


def test_names_differ_by_more_than_case() -> None:
    assert folded("Jo@Example.COM") == "jo@example.com"
    assert folded("STRASSE") != folded("straße")
    assert name_key(ObjectType.USER, "Jo") == "user/jo"
    assert value_key(ObjectType.GROUP, "externalId", "G") == "group/externalId/g"


def test_what_a_server_offers_when_it_does_not_say() -> None:
    assert model.Capabilities() == model.Capabilities(
        patch=True, bulk_operations=0, bulk_payload=0, max_results=1000
    )
