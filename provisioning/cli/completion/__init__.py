"""Completion in the shell: the scripts, and the values that are offered.

The library's own (``--install-completion``) names a variable after the program, and
``python -m provisioning`` makes none that a shell can set; its script would take the words
``-m`` and ``provisioning`` for programs. The scripts here belong to ``python`` and step in behind
``-m provisioning`` only.
"""

from __future__ import annotations

from provisioning.cli.completion.command import VARIABLE, completion, enable
from provisioning.cli.completion.values import (
    actions,
    cycle_ids,
    failing_names,
    plan_ids,
    reset_scopes,
    statuses,
)

__all__ = [
    "VARIABLE",
    "actions",
    "completion",
    "cycle_ids",
    "enable",
    "failing_names",
    "plan_ids",
    "reset_scopes",
    "statuses",
]
