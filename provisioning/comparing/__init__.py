"""ZSCloud as Entra's built-in provisioning job has left it, against what this program would do.

Pure: what was found comes from a dry run, which plans as every cycle does.
"""

from provisioning.comparing.causes import EXPLAINED, Cause, Explained, Scope
from provisioning.comparing.compared import Compared, Outcome
from provisioning.comparing.folding import Folding
from provisioning.comparing.unlinked import compared_unlinked

__all__ = [
    "EXPLAINED",
    "Cause",
    "Compared",
    "Explained",
    "Folding",
    "Outcome",
    "Scope",
    "compared_unlinked",
]
