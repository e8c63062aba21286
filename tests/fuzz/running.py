"""Runs one parser over many inputs, from a seed."""

from __future__ import annotations

from typing import Any

import hypothesis
from hypothesis import HealthCheck, Phase, given, settings

from tests.fuzz.judge import Parser, judge

_PHASES = (Phase.generate, Phase.shrink)


def run(parser: Parser, examples: int, *, seed: int | None = None) -> int:
    """How many inputs were judged. Without a seed they are the same each time.

    Raises what ``judge`` raises, for the smallest input that was found, which is in its notes.
    """
    judged = 0

    @settings(
        max_examples=examples,
        phases=_PHASES,
        database=None,
        deadline=None,
        derandomize=seed is None,
        print_blob=False,
        suppress_health_check=list(HealthCheck),
    )
    @given(parser.inputs)
    def holds(received: Any) -> None:
        nonlocal judged
        judged += 1
        judge(parser, received)

    # The same name for all would give all of them the same inputs.
    holds.hypothesis.inner_test.__qualname__ = parser.name
    if seed is not None:
        holds = hypothesis.seed(seed)(holds)
    holds()
    return judged
