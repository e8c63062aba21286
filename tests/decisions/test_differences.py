"""What differs from the record, attribute by attribute, and what is left alone."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from provisioning.differences import differences, same
from provisioning.model import ModifiedProperty
from tests.decisions.principals import mapped

A, B, C = ({"value": each, "display": each.upper()} for each in "abc")


@pytest.mark.parametrize(
    ("old", "new", "equal"),
    [
        ("a", "a", True),
        ("a", "A", False),
        (None, "a", False),
        (True, True, True),
        (["a", "b"], ["b", "a"], True),
        (["a", "a"], ["a"], True),
        (["a"], ["a", "b"], False),
        (["a"], "a", True),
        ("a", ["a"], True),
        (None, [], True),
        ([A, B], [{"value": "b"}, {"value": "a"}], True),
        ([A], [C], False),
        ([A], ["a"], True),
        ([["a"]], [["a"]], True),
        ([{"value": {"x": 1}}], [{"value": {"x": 2}}], False),
    ],
)
def test_lists_have_no_order_and_are_known_by_their_values(old: Any, new: Any, equal: bool) -> None:
    assert same(old, new) is equal


@pytest.mark.parametrize(
    ("recorded", "should", "rules", "changes"),
    [
        ({"title": "a"}, {"title": "a"}, {}, []),
        ({"title": "a"}, {"title": "b"}, {}, [("title", "a", "b")]),
        ({}, {"title": "b"}, {}, [("title", None, "b")]),
        # Created only.
        ({"title": "a"}, {"title": "b"}, {"create_only": {"title"}}, []),
        # Written where there is none.
        ({"title": "a"}, {"title": "b"}, {"fill_only": {"title"}}, []),
        ({"title": ""}, {"title": "b"}, {"fill_only": {"title"}}, [("title", "", "b")]),
        ({}, {"title": "b"}, {"fill_only": {"title"}}, [("title", None, "b")]),
        # Only added to.
        (
            {"roles": ["a"]},
            {"roles": ["b"]},
            {"lists": {"roles"}, "additive": {"roles"}},
            [("roles", ["a"], ["a", "b"])],
        ),
        ({"roles": ["a", "b"]}, {"roles": ["b"]}, {"lists": {"roles"}, "additive": {"roles"}}, []),
        (
            {},
            {"roles": ["b"]},
            {"lists": {"roles"}, "additive": {"roles"}},
            [("roles", None, ["b"])],
        ),
        (
            {"roles": "a"},
            {"roles": "b"},
            {"lists": {"roles"}, "additive": {"roles"}},
            [("roles", "a", ["a", "b"])],
        ),
        (
            {"emails[x]": "a"},
            {"emails[x]": "b"},
            {"additive": {"emails[x]"}},
            [("emails[x]", "a", ["a", "b"])],
        ),
        # What is no list is never added to.
        ({"title": "a"}, {"title": "b"}, {"additive": {"title"}}, [("title", "a", "b")]),
        ({"roles": ["a"]}, {"roles": ["b"]}, {"lists": {"roles"}}, [("roles", ["a"], ["b"])]),
        # Cleared when there is none.
        ({"title": "a"}, {}, {}, []),
        ({"title": "a"}, {}, {"clearable": ("title",)}, [("title", "a", None)]),
        ({"title": ""}, {}, {"clearable": ("title",)}, []),
        ({}, {}, {"clearable": ("title",)}, []),
        ({"title": "a"}, {"title": "a"}, {"clearable": ("title",)}, []),
        (
            {"a": "x", "b": "y"},
            {"c": "z"},
            {"clearable": ("b", "a")},
            [("c", None, "z"), ("b", "y", None), ("a", "x", None)],
        ),
    ],
)
def test_only_what_may_be_written_differs(
    recorded: dict[str, Any], should: dict[str, Any], rules: dict[str, Any], changes: list[Any]
) -> None:
    frozen = {
        name: each if isinstance(each, tuple) else frozenset(each) for name, each in rules.items()
    }
    expected = [ModifiedProperty(*each) for each in changes]
    assert differences(mapped(should, **frozen), recorded) == expected


def test_what_nobody_can_tell_is_never_cleared() -> None:
    undecided = msgspec.structs.replace(
        mapped({}, clearable=("title", "manager")), left_alone=frozenset({"manager"})
    )
    recorded = {"title": "a", "manager": "m"}
    assert differences(undecided, recorded) == [ModifiedProperty("title", "a", None)]
