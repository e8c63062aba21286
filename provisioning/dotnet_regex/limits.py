"""What bounds a pattern and its matching. .NET has none of these but a time limit."""

from __future__ import annotations

MAX_PATTERN_LENGTH = 2_000
"""Characters of a pattern."""

MAX_REPEAT = 1_000
"""The largest count of a repetition, and of repetitions within one another multiplied (RE2's)."""

MAX_DEPTH = 50
"""Groups within groups."""

MAX_GROUPS = 200

MAX_TEXT_LENGTH = 10_000
"""Characters of a text that is searched."""

MAX_PROGRAM_BYTES = 2 << 20
"""Memory that RE2 may take for one pattern. A larger one goes to the other engine."""

MAX_LINEAR_WORK = 200_000_000
"""Steps of replacing with RE2, counted as matches times text times program. Beyond them the
engine with the time limit goes on, for RE2 has none.
"""

TIMEOUT_SECONDS = 0.05
"""How long the engine that is not linear may take over one text."""
