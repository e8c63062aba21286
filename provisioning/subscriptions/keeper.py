"""Keeps the job's subscriptions: made, adopted, renewed, made anew, deleted.

Graph is asked first, every time. What has to be done is decided by ``plan``; here it
is done, one resource after the other, and stored. The process may die anywhere: a subscription that
was made and not stored is found in Graph by the next one, and adopted.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

import msgspec

from provisioning.errors import (
    Conflict,
    LeaseUnavailable,
    NotFound,
    RemoteError,
)
from provisioning.job import Job
from provisioning.model import Subscription
from provisioning.ports import EndpointPort, SubscriptionPort
from provisioning.subscribed import RESOURCES, Subscribed
from provisioning.subscriptions.failures import SubscriptionFailure, SubscriptionFailures
from provisioning.subscriptions.making import Maker, Webhook, held_by_another
from provisioning.subscriptions.plan import (
    LIFE,
    Decision,
    Do,
    Known,
    decide,
    decide_all,
    holders,
    is_ours,
    leftovers,
)
from provisioning.subscriptions.report import Outcome, Report, done
from provisioning.subscriptions.storing import Storing

REAUTHORIZE = "reauthorizationRequired"
REMOVED = "subscriptionRemoved"
"""Lifecycle events (Graph: lifecycle notifications). Whatever else comes means a look at the feeds.
"""


class SubscriptionKeeper:
    """One visit to the subscriptions of a job. ``webhook`` is ``None`` where there is none.

    ``may_write`` is asked before each change in Graph whether nobody else is at it.
    """

    def __init__(
        self,
        job: Job,
        graph: SubscriptionPort,
        endpoint: EndpointPort,
        webhook: Webhook | None,
        *,
        may_write: Callable[[], bool] = lambda: True,
    ) -> None:
        self._job = job
        self._graph = graph
        self._webhook = webhook
        self._may_write = may_write
        self._maker = Maker(graph, endpoint, webhook, self._check)
        self._storing = Storing(job, webhook)
        self._failures = SubscriptionFailures(job.store, job.name)
        self._failed: dict[str, SubscriptionFailure] = {}
        self._deleted: list[str] = []

    async def ensure(self) -> Report:
        """Brings Graph to what the settings say. What fails for one resource does not stop the
        other; it is stored, and returned.

        Raises ``StoreUnavailable``, and ``LeaseUnavailable`` when another process took over.
        """

        async def carry_out(known: Known) -> list[Outcome]:
            done = [await self._tried(known, each, self._carry_out) for each in decide_all(known)]
            await self._delete_leftovers(leftovers(known))
            await self._forget_refusals(known)
            return done

        return await self._visit(carry_out)

    async def renew_all(self) -> Report:
        """Prolongs what fits, however long it has to live; makes, deletes and adopts nothing."""

        async def carry_out(known: Known) -> list[Outcome]:
            return [await self._tried(known, each, self._prolong) for each in decide_all(known)]

        return await self._visit(carry_out)

    async def delete(self, id: str) -> bool:
        """Deletes a subscription, ours or not. False when Graph and the store do not know it.

        Raises ``RemoteError``.
        """
        listed = {one.id for one in await self._graph.list()}
        stored = [each for each in (await self._job.subscribed.all()).values() if each.id == id]
        if id in listed:
            await self._delete(id)
        await self._storing.write([self._job.subscribed.drop(each.resource) for each in stored])
        return id in listed or bool(stored)

    async def on_lifecycle(self, events: Mapping[str, str]) -> Report:
        """Answers what Graph told of subscriptions, by their ids.

        Raises the last ``RemoteError`` if one could not be authorized anew: Graph keeps back what
        it has to tell for four hours only (Graph: receive change notifications).
        """
        lost, error = False, None
        outcomes: list[Outcome] = []
        for id, event in events.items():
            try:
                outcome = await self._reauthorize(id) if event == REAUTHORIZE else None
            except RemoteError as failed:
                error = failed
                continue
            if outcome is not None:
                outcomes.append(outcome)
            lost = lost or (outcome is None and event in (REAUTHORIZE, REMOVED))
        if events and not self._storing.hinted:
            await self._storing.hint()
        report = await self.ensure() if lost else self._report([])
        if error is not None:
            raise error
        return msgspec.structs.replace(report, outcomes=(*outcomes, *report.outcomes))

    async def _visit(self, carry_out: Callable[[Known], Awaitable[list[Outcome]]]) -> Report:
        self._failed = await self._failures.all()
        stored = await self._job.subscribed.all()
        if self._webhook is None and not stored:
            await self._storing.write([self._failures.drop(resource) for resource in self._failed])
            return Report()
        try:
            known = await self._known(await self._graph.list(), stored)
        except RemoteError as error:
            resources = RESOURCES if self._webhook is not None else tuple(stored)
            return self._report(
                [await self._not_done(each, Do.NOTHING, error) for each in resources]
            )
        return self._report(await carry_out(known))

    async def _known(
        self, listed: Sequence[Subscription], stored: Mapping[str, Subscribed]
    ) -> Known:
        return Known(
            listed=listed,
            stored=stored,
            refused=await self._job.notified.refused(),
            wanted=None if self._webhook is None else self._webhook.wanted,
            now=self._job.clock.time(),
        )

    async def _tried(
        self, known: Known, decision: Decision, act: Callable[[Known, Decision], Awaitable[Outcome]]
    ) -> Outcome:
        try:
            outcome = await act(known, decision)
        except RemoteError as error:
            return await self._not_done(decision.resource, decision.do, error)
        settled = outcome.id is not None or outcome.did is Do.DELETE
        if settled and decision.resource in self._failed:
            await self._storing.write([self._failures.drop(decision.resource)])
        return outcome

    async def _not_done(self, resource: str, do: Do, error: RemoteError) -> Outcome:
        failure = SubscriptionFailure.of(
            error, resource, self._job.clock.time(), self._failed.get(resource)
        )
        await self._storing.write([self._failures.put(failure)])
        return Outcome(resource=resource, did=do, why="It could not be done.", failure=failure)

    async def _carry_out(self, known: Known, decision: Decision) -> Outcome:
        match decision.do:
            case Do.CREATE | Do.RECREATE:
                return await self._create(known, decision)
            case Do.DELETE:
                await self._delete_all(decision.remove)
                await self._storing.write([self._job.subscribed.drop(decision.resource)])
                return Outcome(resource=decision.resource, did=Do.DELETE, why=decision.why)
            case Do.RENEW:
                return await self._renew(known, decision)
        return await self._keep(known, decision)

    async def _prolong(self, known: Known, decision: Decision) -> Outcome:
        if decision.subscription is None or decision.adopted:
            why = f"{decision.why} `subscriptions ensure` sees to it."
            return Outcome(resource=decision.resource, did=Do.NOTHING, why=why)
        asked = msgspec.structs.replace(decision, why="It was asked for.", remove=())
        return await self._renew(known, asked)

    async def _keep(self, known: Known, decision: Decision) -> Outcome:
        one = decision.subscription
        assert one is not None
        await self._delete_all(decision.remove)
        if decision.do is not Do.NOTHING:
            await self._storing.keep(known, one, gap=decision.adopted, adopted=decision.adopted)
        return done(decision.do, decision.why, one)

    async def _renew(self, known: Known, decision: Decision) -> Outcome:
        one = decision.subscription
        assert one is not None
        try:
            renewed = await self._patched(one.id)
        except NotFound:
            # It has gone since it was listed.
            gone = msgspec.structs.replace(decision, do=Do.CREATE, why="Graph lost it just now.")
            return await self._create(known, gone)
        await self._delete_all(decision.remove)
        await self._storing.keep(known, renewed, gap=decision.adopted, adopted=decision.adopted)
        return done(Do.RENEW, decision.why, renewed)

    async def _reauthorize(self, id: str) -> Outcome | None:
        """``None`` if Graph or the store does not have it: then all are looked at."""
        stored = await self._job.subscribed.all()
        found = next((each for each in stored.values() if each.id == id), None)
        if found is None or self._webhook is None:
            return None
        try:
            renewed = await self._patched(id)
        except NotFound:
            return None
        known = await self._known([renewed], stored)
        await self._storing.keep(known, renewed, gap=True, adopted=False)
        return done(Do.RENEW, "Graph asked for authorization.", renewed)

    async def _create(self, known: Known, decision: Decision) -> Outcome:
        """A new one in the place of those that go. These stay while nobody answers at the URL."""
        resource = decision.resource
        await self._maker.wake(needed=bool(decision.remove))
        await self._delete_all(decision.remove)
        try:
            made = await self._maker.make(resource, self._until())
        except Conflict as error:
            return await self._met(known, resource, error)
        await self._storing.keep(known, made, gap=True, adopted=False)
        return done(decision.do, decision.why, made)

    async def _met(self, known: Known, resource: str, error: Conflict) -> Outcome:
        """Graph has such a subscription that it did not list before: ours, or somebody's."""
        listed = await self._graph.list()
        seen = await self._known(listed, known.stored)
        decision = decide(seen, resource)
        if (one := decision.subscription) is not None:
            await self._storing.keep(known, one, gap=True, adopted=True)
            return done(Do.ADOPT, "It was made meanwhile.", one)
        if not decision.remove:
            raise held_by_another(error, holders(listed, resource)) from error
        await self._delete_all(decision.remove)
        made = await self._maker.make(resource, self._until())
        await self._storing.keep(known, made, gap=True, adopted=False)
        return done(decision.do, decision.why, made)

    async def _patched(self, id: str) -> Subscription:
        self._check()
        return await self._graph.renew(id, until=self._until())

    async def _delete(self, id: str) -> None:
        self._check()
        await self._graph.delete(id)
        self._deleted.append(id)

    async def _delete_all(self, subscriptions: Iterable[Subscription]) -> None:
        for one in subscriptions:
            await self._delete(one.id)

    async def _delete_leftovers(self, subscriptions: Iterable[Subscription]) -> None:
        """They do no harm but noise: one that cannot be deleted is left to the next visit."""
        for one in subscriptions:
            try:
                await self._delete(one.id)
            except RemoteError:
                continue

    async def _forget_refusals(self, known: Known) -> None:
        """Of subscriptions that are no longer there."""
        left = {one.id for one in known.listed if is_ours(known, one)} - set(self._deleted)
        await self._storing.write(
            [self._job.notified.not_refused(id) for id in known.refused if id not in left]
        )

    def _report(self, outcomes: Iterable[Outcome]) -> Report:
        return Report(
            outcomes=tuple(outcomes), deleted=tuple(self._deleted), look_wanted=self._storing.hinted
        )

    def _until(self) -> float:
        return self._job.clock.time() + LIFE

    def _check(self) -> None:
        if not self._may_write():
            raise LeaseUnavailable("Another process looks after the subscriptions meanwhile.")
