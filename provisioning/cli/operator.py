"""Who calls from a shell, for the audit log."""

from __future__ import annotations

import getpass
import socket
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from provisioning.audit import Operator

OperatorName = Annotated[
    str | None,
    typer.Option("--operator", metavar="NAME", help="Who asks for it, for the audit log."),
]


def operator(name: str | None) -> Operator:
    """Whom the caller names, else the account of the machine; marked as claimed."""
    from provisioning.audit import Operator

    return Operator.claimed(name or f"{_account()}@{socket.gethostname()}")


def _account() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "somebody"  # An account without a name, as containers have it.
