"""Memberships in great numbers: one group of all, many groups that overlap, everybody assigned by
itself.

Written to the end and compared with what should be there, one by one.
"""

from __future__ import annotations

from contextlib import ExitStack

from benchmarks import servers
from benchmarks.figure import Figure, Shape, Size
from benchmarks.peers.wanted import wanted, wrong
from benchmarks.resident import MIB
from benchmarks.scale import STOOD_STILL, scaled
from benchmarks.scale_child import Scaled

MEASURE = "shapes"
_BATCH = 100
"""Members in one request."""


def measure(size: Size) -> list[Figure]:
    """Each shape in turn, with the state in SQLite."""
    return [figure for shape in size.shapes for figure in _measured(shape)]


def _measured(shape: Shape) -> list[Figure]:
    sizes = (shape.users, 0 if shape.directly else 1, shape.circles, shape.each)
    with ExitStack() as stack:
        entra = stack.enter_context(servers.entra(*sizes))
        zscloud = stack.enter_context(servers.zscloud(bodies=False))
        found = scaled(entra, zscloud, 0.0)
        compared = wrong(zscloud, wanted(*sizes))
    return _figures(shape, found, compared.objects + compared.attributes, compared.what)


def _figures(shape: Shape, found: Scaled, wrong: int, what: str) -> list[Figure]:
    subject = f"{shape.users:,} users in one group"
    if shape.directly:
        subject = f"{shape.users:,} users, assigned one by one"
    elif shape.circles:
        subject = f"{shape.users:,} users, each in {shape.each} of {shape.circles:,} groups"
    least = _least(shape)

    def figure(name: str, value: float, unit: str, **more: object) -> Figure:
        return Figure(MEASURE, f"{subject}: {name}", value, unit, **more)  # type: ignore[arg-type]

    return [
        figure("wrong", wrong, "", bound=0.0, source=what),
        figure("ZSCloud requests", found.scim, "", bound=1.02 * least, source="1.02 x the least"),
        figure("Graph requests", found.graph, ""),
        figure("resident set", found.peak / MIB, "MiB"),
        figure("reading, CPU", found.reading_cpu, "s"),
        figure("writing, CPU a request", found.writing_cpu / max(1, found.scim) * 1000, "ms"),
        figure("loop at a stretch", found.stood_still, "s", bound=STOOD_STILL, source="lanes"),
        figure("leases lost", found.lost, "", bound=0.0),
        figure("nothing changed, CPU", found.idle_cpu, "s"),
        figure("nothing changed, Graph requests", found.idle_graph, ""),
        figure("nothing changed, ZSCloud requests", found.idle_scim, "", bound=0.0),
    ]


def _least(shape: Shape) -> int:
    """Every user, and every group with its members a hundred at a time."""
    groups = [] if shape.directly else [shape.users, shape.users]
    if shape.circles:
        groups += [shape.users * shape.each // shape.circles] * shape.circles
    return shape.users + sum(max(1, -(-members // _BATCH)) for members in groups)
