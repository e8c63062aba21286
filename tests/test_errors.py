"""Errors show little of what they are about, and on one line."""

from __future__ import annotations

from provisioning.errors import ConfigurationError, InvalidRequest, Problem


def test_a_problem_repeats_a_bounded_part_of_what_was_given() -> None:
    problem = Problem("f" * 5000, "m" * 5000, "r" * 5000)
    assert [len(part) for part in (problem.field, problem.message, problem.remedy)] == [
        *(300, 500, 1200)
    ]
    assert len(str(InvalidRequest(problem))) < 1000


def test_a_problem_is_one_line() -> None:
    problem = Problem("a\nb", "is \r\nX: y \u202e.", "Do\x1b[31m not.")
    assert str(ConfigurationError((problem,))) == "a b: is   X: y  . Do [31m not."
