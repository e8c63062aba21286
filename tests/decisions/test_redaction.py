"""What may not be shown is hidden in each form that a change takes."""

from __future__ import annotations

import pytest

from provisioning.expressions import HIDDEN
from provisioning.model import (
    AddMembers,
    CreateObject,
    DeleteObject,
    ModifiedProperty,
    ObjectType,
    ReplaceObject,
    ScimId,
    UpdateObject,
    Write,
)
from provisioning.redaction import hidden, hidden_properties, hidden_values, hidden_write

ID = ScimId("s")
VALUES = {"title": "Clerk", "nickName": None, "userName": "jo"}
SHOWN = {"title": HIDDEN, "nickName": None, "userName": "jo"}
SECRET = frozenset({"title", "nickName"})


def test_that_there_is_no_value_may_be_seen() -> None:
    assert hidden("x", redacted=True) == HIDDEN
    assert hidden("x", redacted=False) == "x"
    assert hidden(None, redacted=True) is None
    assert hidden_values(VALUES, SECRET) == SHOWN
    assert hidden_values(VALUES, ()) == VALUES


@pytest.mark.parametrize(
    ("write", "shown"),
    [
        (
            UpdateObject(ObjectType.USER, ID, VALUES, {"title": True}),
            UpdateObject(ObjectType.USER, ID, SHOWN, {"title": True}),
        ),
        (
            CreateObject(ObjectType.USER, VALUES, (ID,)),
            CreateObject(ObjectType.USER, SHOWN, (ID,)),
        ),
        (
            ReplaceObject(ObjectType.USER, ID, VALUES, (ID,)),
            ReplaceObject(ObjectType.USER, ID, SHOWN, (ID,)),
        ),
        (DeleteObject(ObjectType.USER, ID), DeleteObject(ObjectType.USER, ID)),
        (AddMembers(ID, (ID,)), AddMembers(ID, (ID,))),
    ],
)
def test_a_write_is_shown_without_its_secrets(write: Write, shown: Write) -> None:
    assert hidden_write(write, SECRET) == shown
    assert hidden_write(write, frozenset()) is write


def test_old_and_new_values_are_hidden_alike() -> None:
    changed = [ModifiedProperty("title", "a", "b"), ModifiedProperty("userName", "c", "d")]
    assert hidden_properties([*changed, ModifiedProperty("nickName", None, "e")], SECRET) == (
        ModifiedProperty("title", HIDDEN, HIDDEN),
        changed[1],
        ModifiedProperty("nickName", None, HIDDEN),
    )
