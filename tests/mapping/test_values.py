"""What a target attribute takes of each kind of value, and what is said of one that is unfit."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from provisioning.expressions import ComplexValue
from provisioning.mapping.values import DEPARTMENT, UnfitValueError, conversion
from provisioning.model import ObjectType
from provisioning.schema import AttributeSchema, load_schema

USER, GROUP = ObjectType.USER, ObjectType.GROUP
SHIPPED = load_schema(None)
ROLE = ComplexValue(value="admin", display="Admin", type="r")


def attribute(path: str, *, type: str = "String", many: bool = False) -> AttributeSchema:
    """An attribute of the shipped schema under another path."""
    return msgspec.structs.replace(
        SHIPPED.user.attributes[0], path=path, type=type, many=many, expression=None
    )


def made(value: Any, path: str = "title", of: ObjectType = USER, **kind: Any) -> Any:
    return conversion(attribute(path, **kind), of)(value)


def unfit(value: Any, path: str = "title", of: ObjectType = USER, **kind: Any) -> tuple[str, ...]:
    with pytest.raises(UnfitValueError) as caught:
        made(value, path, of, **kind)
    error = caught.value
    assert str(error) == error.message
    return error.message, error.remedy, error.text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("Boss", "Boss"),
        (" Boss ", " Boss "),
        ("", None),
        ("  ", None),
        (None, None),
        (7, "7"),
        (True, "True"),
        (["a"], "a"),
        (("a",), "a"),
        ([], None),
        ([None], None),
    ],
)
def test_text(value: Any, text: str | None) -> None:
    assert made(value) == text


def test_what_is_no_text() -> None:
    several = (
        "has several values, and ZSCloud takes one.",
        "Map it from an attribute with one value, or with Join.",
        "",
    )
    assert unfit(["a", "b"]) == several
    assert unfit({"a": "b"}) == several
    assert unfit((ROLE,)) == (
        "is a complex value, and ZSCloud takes text.",
        "Map it with SingleAppRoleAssignment.",
        "",
    )


@pytest.mark.parametrize(
    ("value", "several"),
    [
        (["a", "b", "a"], ["a", "b"]),
        (("a", " ", ""), ["a"]),
        ("a", ["a"]),
        ("", None),
        ([], None),
        (None, None),
        (7, ["7"]),
        (
            (ROLE,),
            [{"value": "admin", "display": "Admin", "type": "r", "primary": False}],
        ),
    ],
)
def test_several_values(value: Any, several: list[Any] | None) -> None:
    assert made(value, "roles", many=True) == several


@pytest.mark.parametrize(
    ("value", "element"), [(["a", "b"], ["a", "b"]), (["a"], "a"), ("a", "a"), ([], None)]
)
def test_elements_that_a_path_selects(value: Any, element: Any) -> None:
    assert made(value, 'emails[type eq "work"].value', many=True) == element


@pytest.mark.parametrize(
    ("value", "boolean"),
    [(True, True), (False, False), ("TRUE", True), ("false", False), ("", None), (None, None)],
)
def test_booleans(value: Any, boolean: bool | None) -> None:
    assert made(value, "active", type="Boolean") is boolean


def test_what_is_no_boolean() -> None:
    assert unfit("yes", "active", type="Boolean") == (
        "is 'yes', which is neither True nor False.",
        "Let its expression give True or False.",
        "yes",
    )


@pytest.mark.parametrize(
    ("path", "of", "unit", "longest", "unit_text"),
    [
        ("displayName", USER, "x", 127, "characters"),
        ("displayName", USER, "\u00e9", 127, "characters"),
        (DEPARTMENT, USER, "x", 128, "characters"),
        ("displayName", GROUP, "x", 127, "bytes in UTF-8"),
    ],
)
def test_zscloud_takes_so_much(
    path: str, of: ObjectType, unit: str, longest: int, unit_text: str
) -> None:
    assert made(unit * longest, path, of) == unit * longest
    long = unit * (longest + 1)
    assert unfit(long, path, of) == (
        f"has {longest + 1} {unit_text}; ZSCloud takes at most {longest}.",
        "Shorten it in Entra.",
        long,
    )
    assert made(None, path, of) is None


def test_the_name_of_a_group_is_counted_in_bytes() -> None:
    assert made("\u00e9" * 63, "displayName", GROUP) == "\u00e9" * 63
    assert unfit("\u00e9" * 64, "displayName", GROUP)[0].startswith("has 128 bytes in UTF-8;")
    assert made("\ud800", "displayName", GROUP) == "\ud800"
    assert made("x" * 500, "title") == "x" * 500


@pytest.mark.parametrize("name", ["jo", "jo@", "@x", "j o@x", "jo@x@y", "jo@x y"])
def test_what_is_no_login_name(name: str) -> None:
    assert unfit(name, "userName") == (
        f"is {name!r}; ZSCloud's login names have the form user@domain.",
        "Map it from an attribute of that form, with a domain that ZSCloud knows.",
        name,
    )


def test_login_names() -> None:
    longest = f"{'a' * 125}@x"
    assert made(longest, "userName") == longest
    assert unfit(f"a{longest}", "userName")[0].startswith("has 128 characters;")
    assert made("jo", "userName", GROUP) == "jo"
