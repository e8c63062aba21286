"""Writes the page; the exit status."""

from __future__ import annotations

import sys

from tools.configuration.page import PAGE, page


def main() -> int:
    """Writes the page."""
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
