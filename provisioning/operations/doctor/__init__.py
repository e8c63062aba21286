"""Looks for what keeps a job from working, and says what to do about each finding.

Every check reads, or writes what leaves no trace. None needs the lease; ZSCloud is asked at most
once a second.
"""

from __future__ import annotations

from collections.abc import Callable

from provisioning.operations import checks
from provisioning.operations.doctor import entra, own_settings, storage, surroundings, zscloud
from provisioning.operations.documents import Document
from provisioning.services import Services


async def examine(services: Services, checking: Callable[[str], None] = lambda _: None) -> Document:
    """All checks, as ``checks.run`` gives them."""
    return await checks.run(
        services,
        (
            *own_settings.CHECKS,
            *storage.CHECKS,
            *entra.CHECKS,
            *zscloud.CHECKS,
            *surroundings.CHECKS,
        ),
        checking,
    )
