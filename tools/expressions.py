"""``python -m tools.expressions``: writes the table of functions into ``docs/expressions.md``.

The table is what the code says of its functions; the rest of the page stays as it is.
"""

from __future__ import annotations

import sys
from pathlib import Path

from provisioning.expressions import FUNCTIONS
from provisioning.expressions.functions import Function

PAGE = Path(__file__).parents[1] / "docs" / "expressions.md"
BEGIN = "<!-- From here on made by `python -m tools.expressions`. -->\n"
END = "<!-- To here. -->\n"

_HEAD = "| function | gives | other than in Entra |\n|---|---|---|\n"


def table() -> str:
    """The functions in alphabetical order, a row each."""
    return _HEAD + "".join(map(_row, FUNCTIONS.values()))


def page(text: str) -> str:
    """The page with the table of now. Raises ``ValueError`` when it has no place for it."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page lacks the lines {BEGIN!r} and {END!r}")
    return f"{before}{begin}\n{table()}\n{end}{after}"


def main() -> int:
    """Writes the page; the exit status."""
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


def _row(function: Function) -> str:
    cells = (f"`{function.signature}`", function.gives, function.deviation)
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |\n"


if __name__ == "__main__":
    sys.exit(main())
