"""Where the engine's CPU time goes: ``python -m benchmarks.profile [--users N] [--sort KEY]``.

The profiler runs from the moment when all is read until the cycle has ended. It makes calls look
dearer than work that calls nothing, so its shares are a guide and no measure.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import pstats

from benchmarks import servers
from benchmarks.program import environment, initial_cycle
from provisioning.state.memory import MemoryStore

_LINES = 45


def main() -> None:
    """Profiles one initial cycle on the store in memory and prints the costliest functions."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.profile")
    parser.add_argument("--users", type=int, default=1000)
    parser.add_argument("--departments", type=int, default=50)
    parser.add_argument("--sort", choices=("tottime", "cumtime", "ncalls"), default="tottime")
    options = parser.parse_args()
    profiler = cProfile.Profile()
    with servers.entra(options.users, options.departments) as entra, servers.zscloud() as zscloud:
        environ = environment(entra, zscloud)
        store = MemoryStore()
        asyncio.run(initial_cycle(environ, store, store, engine_begins=profiler.enable))
        profiler.disable()
    pstats.Stats(profiler).sort_stats(options.sort).print_stats(_LINES)


if __name__ == "__main__":
    main()
