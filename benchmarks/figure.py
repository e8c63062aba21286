"""One measured figure and the bound that it is held to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Side = Literal["at most", "at least"]


@dataclass(frozen=True, slots=True)
class Figure:
    """``value`` in ``unit``. Without a ``bound`` it is there for comparison only.

    ``source`` says where the bound comes from, or what else explains the value.
    """

    measure: str
    subject: str
    value: float
    unit: str
    bound: float | None = None
    side: Side = "at most"
    source: str = ""

    @property
    def kept(self) -> bool | None:
        """Whether the bound is kept; ``None`` without one."""
        if self.bound is None:
            return None
        return self.value <= self.bound if self.side == "at most" else self.value >= self.bound


@dataclass(frozen=True, slots=True)
class Size:
    """How large the measures are. ``repeats`` of a CPU time: the least of them counts.

    ``users`` in ``departments`` groups of their own and one group of all. ``large`` is the number
    of users of the larger memory measure. ``packages`` says which deployment packages are
    started: the one that is shipped, the one as installed too, or all, and those also cold.
    ``latency`` is that of ZSCloud beside the peer, in seconds.
    """

    users: int
    departments: int
    large: int
    mapped: int
    repeats: int
    imports: int
    packages: Literal["shipped", "installed", "all"] = "installed"
    latency: float = 0.02


QUICK = Size(
    users=300, departments=15, large=1500, mapped=5000, repeats=2, imports=3, packages="shipped"
)
STANDARD = Size(users=1000, departments=50, large=10_000, mapped=10_000, repeats=5, imports=5)
FULL = Size(
    users=2000, departments=100, large=30_000, mapped=10_000, repeats=7, imports=9, packages="all"
)
