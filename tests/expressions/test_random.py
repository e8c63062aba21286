"""Values that are random in Entra: derived, the same each time, of the form that is asked for."""

from __future__ import annotations

import string
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.expressions import EvaluationError, Surroundings, compile_expression

SPECIAL = "~!@#$%^&*_-+=`|\\(){}[]:;\"'<>,.?/"
KINDS = (string.digits, SPECIAL, string.ascii_uppercase, string.ascii_lowercase)
PASSWORD = 'RandomString(10,2,2,2,1,"?,")'


def evaluate(text: str, seed: bytes | None = b"job/object") -> str:
    value = compile_expression(text, "source").evaluate({}, Surroundings(seed=seed))
    assert isinstance(value, str)
    return value


@pytest.mark.parametrize("text", ["Guid()", PASSWORD])
def test_an_object_gets_the_same_value_each_time_and_others_get_others(text: str) -> None:
    assert evaluate(text) == evaluate(text)
    assert evaluate(text) != evaluate(text, b"job/other")


def test_two_places_in_an_expression_get_two_values() -> None:
    one, other = evaluate('Join(" ", Guid(), Guid())').split(" ")
    assert one != other


def test_what_stands_around_a_function_does_not_change_its_value() -> None:
    assert evaluate('Append("x",   Guid())') == "x" + evaluate("Guid()")


def test_values_do_not_change_with_a_version_of_the_program() -> None:
    """A change would be sent for every object."""
    assert evaluate("Guid()") == "1b3679d5-0235-4678-ba10-50d02a74f904"
    assert evaluate(PASSWORD) == "L;7m6~dFs$"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("RandomString(12, 3, 2, 4, 3)", "n6%73jWSSi|F"),
        ("RandomString(12, 0, 0, 0, 0)", "v2RxLzEc20Uz"),
        ("RandomString(12, 0, 0, 12, 0)", "NYLDDJWSSIWF"),
        ('RandomString(12, 0, 1, 0, 0, "abc")', ".[lN^G=Pf8w]"),
        ("RandomString(12, [n], 0, 0, 0, [a])", "v2RxLzEc20Uz"),
        (
            "RandomString(120, 0, 0, 0, 0)",
            "Lm0nRnGXhc1Rt8zJBNhwS3NeXyJtHLi2vnzIMIBFpGlf7r0cdtmITXZ3RHia1UObU7l2hsQijq2RruXEeJ8AClzhNxlU9r4rhK3RzkiKXROmXyoU6SFcxmSP",
        ),
        (
            "Join(Guid(), Guid(), Guid())",
            "7c7b86b2-9874-43c2-b069-2773d83610eb1b3679d5-0235-4678-ba10-50d02a74f90468c66696-e864-4d64-a4f7-844c4e3b70ae",
        ),
    ],
)
def test_each_form_keeps_its_value(text: str, value: str) -> None:
    assert evaluate(text) == value


def test_as_many_of_each_kind_as_fit() -> None:
    text = evaluate("RandomString(4, 1, 1, 1, 1)")
    assert [count(text, kind) for kind in KINDS] == [1, 1, 1, 1]
    assert len(evaluate("RandomString(1, 0, 0, 0, 0)")) == 1
    assert len(evaluate("RandomString(256, 0, 0, 0, 0)")) == 256


def test_a_guid_is_of_version_4() -> None:
    assert UUID(evaluate("Guid()")).version == 4


@given(st.binary(max_size=20))
def test_a_random_string_has_what_is_asked_for(seed: bytes) -> None:
    text = evaluate(PASSWORD, seed)
    assert len(text) == 10
    assert count(text, string.digits) >= 2
    assert count(text, SPECIAL) >= 2
    assert count(text, string.ascii_uppercase) >= 2
    assert count(text, string.ascii_lowercase) >= 1
    assert not set(text) & set("?,")
    assert count(evaluate("RandomString(6,3,0,0,3)", seed), string.digits) == 3
    assert not set(evaluate("RandomString(256,0,0,0,0)", seed)) & set(SPECIAL)


def count(text: str, kind: str) -> int:
    return sum(character in kind for character in text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Guid()", "Guid at character 1: there is nothing to derive"),
        ("Now()", "Now at character 1: the time is not known here"),
        ("DefaultDomain()", "the default domain is not known"),
    ],
)
def test_what_is_not_known_is_an_error_and_no_made_up_value(text: str, words: str) -> None:
    with pytest.raises(EvaluationError, match=words):
        evaluate(text, None)


def test_avoiding_all_of_a_kind_is_an_error() -> None:
    with pytest.raises(EvaluationError, match="argument 6: leaves no character to choose"):
        evaluate('RandomString(6,3,0,0,3,"0123456789")')
