"""``python -m provisioning``."""

from __future__ import annotations

import sys


def _start() -> None:
    """Imports inside the guard: Ctrl-C during the first moments ends as quietly as later."""
    try:
        from provisioning.cli.app import main

        main()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    _start()
