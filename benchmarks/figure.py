"""One measured figure and the bound that it is held to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Side = Literal["at most", "at least"]
Verdict = Literal["ok", "over"]


@dataclass(frozen=True, slots=True)
class Figure:
    """``value`` in ``unit``. Without a ``bound`` it is there for comparison only.

    ``source`` says where the bound comes from, or what else explains the value. ``at`` is the size
    that it was measured at, where a measure is taken at several: the plots are drawn over it.
    """

    measure: str
    subject: str
    value: float
    unit: str
    bound: float | None = None
    side: Side = "at most"
    source: str = ""
    at: int | None = None

    @property
    def verdict(self) -> Verdict | None:
        """Whether the bound is kept; ``None`` without one. ``over`` is also what falls short."""
        if self.bound is None:
            return None
        kept = self.value <= self.bound if self.side == "at most" else self.value >= self.bound
        return "ok" if kept else "over"


@dataclass(frozen=True, slots=True)
class Shape:
    """A company of many memberships: users in one group of all, and ``each`` in so many of
    ``circles`` others. ``directly``: without groups, every user is assigned by itself.
    """

    users: int
    circles: int = 0
    each: int = 0
    directly: bool = False


@dataclass(frozen=True, slots=True)
class Size:
    """How large the measures are. ``repeats`` of a CPU time: the least of them counts.

    ``users`` in ``departments`` groups of their own and one group of all; ``peers`` are those of
    the company that the peers load, too. ``scopes`` are the numbers of users in scope at which
    memory is measured with the state in SQLite, and ``azure_scopes`` with Azurite. Up to
    ``written`` users all is written, above only for ``sampled`` seconds, which shows what reading,
    planning and filing take. ``load`` and ``groups`` are of the load at five requests a second on
    simulated time. ``packages`` says which deployment packages are started: the one that is
    shipped, the one as installed too, or all, and those also cold. ``latency`` is that of ZSCloud
    beside the peers, in seconds. ``shapes`` are written to the end, and looked through. ``log`` is
    the number of entries of a log in SQLite, ``log_azure`` in Azurite.
    """

    users: int
    departments: int
    peers: int
    paced: int
    load: int
    groups: int
    scopes: tuple[int, ...]
    azure_scopes: tuple[int, ...]
    written: int
    sampled: float
    mapped: int
    repeats: int
    imports: int
    hinted: int
    shapes: tuple[Shape, ...]
    log: int
    log_azure: int
    packages: Literal["shipped", "installed", "all"] = "installed"
    latency: float = 0.02


TINY = Size(
    users=40,
    departments=4,
    peers=40,
    paced=40,
    load=60,
    groups=4,
    scopes=(40, 80),
    azure_scopes=(),
    written=40,
    sampled=0.01,
    mapped=500,
    repeats=1,
    imports=1,
    hinted=2,
    shapes=(Shape(40), Shape(20, 20, 6), Shape(40, directly=True)),
    log=400,
    log_azure=0,
    packages="shipped",
    latency=0.0,
)
QUICK = Size(
    users=300,
    departments=15,
    peers=200,
    paced=200,
    load=500,
    groups=10,
    scopes=(500, 2000),
    azure_scopes=(500,),
    written=2000,
    sampled=5.0,
    mapped=5000,
    repeats=2,
    imports=3,
    hinted=5,
    shapes=(Shape(2000), Shape(200, 200, 20), Shape(500, directly=True)),
    log=20_000,
    log_azure=5_000,
    packages="shipped",
)
STANDARD = Size(
    users=1000,
    departments=50,
    peers=500,
    paced=500,
    load=2000,
    groups=40,
    scopes=(1000, 10_000),
    azure_scopes=(300,),
    written=1000,
    sampled=5.0,
    mapped=10_000,
    repeats=3,
    imports=5,
    hinted=10,
    shapes=(Shape(5000), Shape(500, 500, 50), Shape(1000, directly=True)),
    log=100_000,
    log_azure=20_000,
    packages="shipped",
)
FULL = Size(
    users=2000,
    departments=100,
    peers=1000,
    paced=2000,
    load=10_000,
    groups=200,
    scopes=(1000, 10_000, 50_000, 200_000, 1_000_000),
    azure_scopes=(1000, 10_000),
    written=200_000,
    sampled=60.0,
    mapped=10_000,
    repeats=7,
    imports=9,
    hinted=30,
    shapes=(Shape(100_000), Shape(10_000, 10_000, 120), Shape(50_000, directly=True)),
    log=1_000_000,
    log_azure=1_000_000,
    packages="all",
)
