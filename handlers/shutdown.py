"""The end of a host that runs the app in a process of its own making.

Azure ends the process, and the system closes what it had open. A local host goes on after its
worker has stopped, and must close the connections that the functions keep between calls.
"""

from __future__ import annotations


async def close() -> None:
    """Closes what the functions opened on this event loop. Nothing open is no error."""
    from provisioning.bootstrap import close_services
    from provisioning.operations import notifications

    await notifications.settle()
    await close_services()
