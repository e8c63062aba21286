"""The survivors that are explained: nobody could notice them, and why."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from tests.mutation.mutants import Mutant

FILE = Path(__file__).with_name("explained.toml")


class Explanation(NamedTuple):
    """Why a mutant is equivalent; ``was`` and ``becomes`` are the lines of its diff."""

    module: str
    was: str
    becomes: str
    why: str

    def explains(self, mutant: Mutant) -> bool:
        """Whether it is of this mutant. Indentation does not matter."""
        return (self.module, _plain(self.was), _plain(self.becomes)) == (
            mutant.module,
            _plain(mutant.was),
            _plain(mutant.becomes),
        )


def explanations(file: Path = FILE) -> list[Explanation]:
    """All of the file; ``KeyError`` or ``TypeError`` when one has other fields than it must."""
    rows = tomllib.loads(file.read_text("utf-8")).get("equivalent", [])
    return [Explanation(**row) for row in rows]


def unmatched(
    explained: list[Explanation], mutants: Iterable[Mutant], modules: Iterable[str]
) -> list[Explanation]:
    """Those of these modules that explain no mutant any more."""
    made = {(each.module, _plain(each.was), _plain(each.becomes)) for each in mutants}
    within = set(modules)
    return [
        each
        for each in explained
        if each.module in within
        and (each.module, _plain(each.was), _plain(each.becomes)) not in made
    ]


def _plain(text: str) -> str:
    return "\n".join(line.strip() for line in text.strip().splitlines())
