"""An Entra tenant of a known shape over HTTP: ``python -m benchmarks.company_server 1000 50``.

The numbers are users and departments, and may be followed by those of circles, and circles a user.
Prints one JSON line with its addresses when ready, and runs until SIGTERM.
"""

from __future__ import annotations

import asyncio
import gc
import json
import signal
import sys

from benchmarks.company import company
from simulator.entra import EntraSimulator
from simulator.http import Server


async def serve(users: int, departments: int, circles: int = 0, each: int = 0) -> None:
    """Serves the company until the process is told to end."""
    tenant = company(users, departments, circles=circles, each=each)
    gc.collect()
    gc.freeze()  # What is there stays: a million users are not looked through again and again.
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with Server(EntraSimulator(tenant)) as server:
        ready = {
            "graph_url": f"{server.url}/v1.0",
            "control_url": f"{server.url}/control",
            "service_principal_id": tenant.service_principal_id,
        }
        sys.stdout.write(json.dumps(ready) + "\n")
        sys.stdout.flush()
        await stop.wait()


if __name__ == "__main__":
    asyncio.run(serve(*map(int, sys.argv[1:])))
