"""Asking ZSCloud without the lease: slowly, so that whoever writes is not disturbed."""

from __future__ import annotations

from provisioning.apply.sending.pacer import Pacer, Priority, Turn
from provisioning.ports import Clock

_A_SECOND = 1.0


class DiagnosticPacer(Pacer):
    """Grants one turn a second, each in step with what this process sends otherwise."""

    def __init__(self, pacer: Pacer, clock: Clock) -> None:
        super().__init__(_A_SECOND, clock)
        self._all = pacer

    async def turn(self, priority: Priority, who: object = None, what: object = None) -> Turn:
        """Waits for the second to pass, then for the next send slot of the process."""
        own = await super().turn(priority, who, what)
        try:
            turn = await self._all.turn(priority, who, what)
        except BaseException:
            own.give_back()
            raise
        await own.start()
        own.finish()
        return turn

    def dismiss(self, who: object, what: object = None) -> None:
        """Who waits for either slot is sent away."""
        super().dismiss(who, what)
        self._all.dismiss(who, what)


class NoLease:
    """The fence of who only looks: there is no lease that could be lost."""

    def may_send(self) -> bool:
        """Always: a look does no harm."""
        return True
