"""The simulators as a program: ``python -m simulator both``.

Prints one JSON line with addresses and secrets when ready, and runs until Ctrl-C or SIGTERM.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack

from simulator.entra import EntraSimulator, generate
from simulator.http import Server
from simulator.zscloud import Options, ZSCloudSimulator

_DEFAULTS = Options()


def main(arguments: Sequence[str] | None = None) -> None:
    """Serves what the arguments name. Exit status 2 for wrong ones, 1 if a port is taken."""
    options = _parser().parse_args(arguments)
    try:
        asyncio.run(_serve(options))
    except OSError as error:
        sys.exit(f"python -m simulator: {error}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m simulator",
        description="A Microsoft Entra tenant (Graph) and a ZSCloud tenant (SCIM) over HTTP.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    parents = {
        "entra": ([_common(), _entra()], "the Entra tenant"),
        "zscloud": ([_common(), _zscloud()], "the ZSCloud tenant"),
        "both": ([_common(), _entra(), _zscloud()], "both, in one process"),
    }
    for name, (options, text) in parents.items():
        commands.add_parser(
            name,
            help=text,
            description=f"Serves {text}.",
            parents=options,
            formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        )
    return parser


def _common() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--host", default="127.0.0.1", help="address to listen on")
    common.add_argument(
        "--domains",
        default="example.com",
        type=_names,
        help="registered with ZSCloud, comma-separated; users of Entra have the first",
    )
    return common


def _entra() -> argparse.ArgumentParser:
    entra = argparse.ArgumentParser(add_help=False)
    group = entra.add_argument_group("Entra")
    group.add_argument("--entra-port", type=int, default=0, help="0 takes a free one")
    group.add_argument("--seed", type=int, default=0, help="the same seed, the same tenant")
    group.add_argument("--users", type=int, default=200, help="users of the tenant")
    group.add_argument("--groups", type=int, default=12, help="groups of the tenant")
    group.add_argument("--group-size", type=int, default=12, help="members of a group")
    group.add_argument("--largest-group", type=int, default=0, help="members of one; 0 for none")
    group.add_argument("--guests", type=float, default=0.05, help="share of the users")
    group.add_argument("--disabled", type=float, default=0.03, help="share of the users")
    group.add_argument("--assigned-users", type=int, default=20, help="users assigned themselves")
    group.add_argument("--assigned-groups", type=int, default=4, help="groups assigned")
    group.add_argument("--default-access", type=int, default=2, help="users without an app role")
    group.add_argument("--graph-token", help="bearer token that Graph asks for; none if not given")
    return entra


def _zscloud() -> argparse.ArgumentParser:
    zscloud = argparse.ArgumentParser(add_help=False)
    group = zscloud.add_argument_group("ZSCloud")
    group.add_argument("--zscloud-port", type=int, default=0, help="0 takes a free one")
    group.add_argument("--token", default=_DEFAULTS.token, help="bearer token of the SCIM server")
    group.add_argument(
        "--rate", type=float, default=_DEFAULTS.rate, help="requests a second; 0 for no limit"
    )
    group.add_argument("--burst", type=int, default=_DEFAULTS.burst, help="of the token bucket")
    group.add_argument(
        "--limiter", choices=("bucket", "sliding"), default=_DEFAULTS.limiter, help="its kind"
    )
    group.add_argument("--strict", action="store_true", help="refuse and record broken rules")
    group.add_argument("--bulk", action="store_true", help="offer SCIM Bulk")
    group.add_argument("--keep-bodies", action="store_true", help="log the bodies of requests")
    return zscloud


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for part in text.split(",") if (name := part.strip()))


async def _serve(options: argparse.Namespace) -> None:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        # Not loop.add_signal_handler: Windows has none.
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop.set))
    async with AsyncExitStack() as stack:
        ready: dict[str, str] = {}
        if options.command != "zscloud":
            ready |= await _start_entra(options, stack)
        if options.command != "entra":
            ready |= await _start_zscloud(options, stack)
        sys.stdout.write(json.dumps(ready) + "\n")
        sys.stdout.flush()
        await stop.wait()


async def _start_entra(options: argparse.Namespace, stack: AsyncExitStack) -> dict[str, str]:
    tenant = generate(
        options.seed,
        options.users,
        options.groups,
        group_size=options.group_size,
        largest_group=options.largest_group,
        guests=options.guests,
        disabled=options.disabled,
        assigned_users=options.assigned_users,
        assigned_groups=options.assigned_groups,
        default_access=options.default_access,
        domain=next(iter(options.domains), "example.com"),
    )
    simulator = await stack.enter_async_context(EntraSimulator(tenant, token=options.graph_token))
    server = await stack.enter_async_context(
        Server(simulator, options.host, options.entra_port),
    )
    return {
        "graph_url": f"{server.url}/v1.0",
        "entra_control_url": f"{server.url}/control",
        "tenant_id": tenant.id,
        "service_principal_id": tenant.service_principal_id,
    }


async def _start_zscloud(options: argparse.Namespace, stack: AsyncExitStack) -> dict[str, str]:
    simulator = ZSCloudSimulator(
        Options(
            token=options.token,
            domains=options.domains,
            rate=options.rate,
            burst=options.burst,
            limiter=options.limiter,
            strict=options.strict,
            bulk=options.bulk,
            keep_bodies=options.keep_bodies,
        )
    )
    server = await stack.enter_async_context(
        Server(simulator, options.host, options.zscloud_port),
    )
    return {
        "scim_url": f"{server.url}{simulator.options.base_path}",
        "zscloud_control_url": f"{server.url}/control",
        "token": options.token,
    }


if __name__ == "__main__":
    main()
