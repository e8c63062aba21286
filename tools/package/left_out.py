"""Stands for the parts of the Graph SDK that this deployment package leaves out.

Importing one of them raises an error that says so.
"""

from __future__ import annotations

import sys


class _LeftOut:
    """The last finder of all: what gets here was found by no other."""

    @staticmethod
    def find_spec(fullname: str, path: object = None, target: object = None) -> None:  # noqa: ARG004
        """Raises ``ModuleNotFoundError`` for what would have been beside this file."""
        if fullname.startswith(f"{__name__}."):
            raise ModuleNotFoundError(
                f"{fullname} is left out of this deployment package: the app sends requests of "
                "its own and takes bytes. If it is needed now, change tools/package/prune.py, or "
                "build the package with --no-prune.",
                name=fullname,
            )


sys.meta_path.append(_LeftOut)
