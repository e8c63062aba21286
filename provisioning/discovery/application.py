"""The enterprise application: whether it is there, enabled, and the one that was seen before."""

from __future__ import annotations

import msgspec

from provisioning.discovery.facts import Facts
from provisioning.errors import ApplicationUnfit, ConfigurationError
from provisioning.evidence import SECOND_READ_AFTER
from provisioning.job import Job
from provisioning.mirror import user_key
from provisioning.model import EntraId, ServicePrincipal
from provisioning.ports import Source

_CHECKED_FOR = 60.0
"""Seconds for which the enterprise application is taken to be enabled."""

_TENANT = (
    "See GRAPH_BASE_URL and the identity of the app: both have to be of the tenant ENTRA_TENANT_ID."
)


class Application:
    """Looks at the application before anything else is read, and remembers what it saw.

    Object ids are unique over all tenants: an application that was seen and is there no more was
    deleted, or another tenant answers. Either way, nobody was unassigned.
    """

    def __init__(self, job: Job, source: Source, facts: Facts) -> None:
        self._job = job
        self._source = source
        self._facts = facts
        self._checked_at = float("-inf")

    async def check(self) -> None:
        """Raises ``ApplicationUnfit`` when the application is switched off, gone, or another one;
        ``ConfigurationError`` when it was never there.
        """
        seen, began = await self._job.application.get("seen"), self._job.clock.monotonic()
        try:
            now = await self._source.service_principal()
        except ConfigurationError as error:
            await self.missing(error)
            raise
        if seen is not None and (now.id, now.app_id) != (seen.id, seen.app_id):
            await self._refuse(
                f"Graph now answers with another enterprise application: '{now.display_name}' "
                f"(object id {now.id}, application id {now.app_id}), and no more with "
                f"'{seen.display_name}' (object id {seen.id}, application id {seen.app_id}). "
                "Nothing was planned.",
            )
        if not now.enabled:
            await self._refuse(
                f"The enterprise application '{now.display_name}' is disabled in Entra: nothing "
                "was planned.",
                remedy="Enable it for users to sign in, or switch PROVISIONING_STATUS off.",
            )
        await self._remember(seen, now)
        self._checked_at = began

    async def check_if_due(self) -> None:
        """The same for a look that is short: asked only if that was a while ago."""
        seen = await self._job.application_seen.get("enabled")
        if seen is None or self._job.clock.time() - seen > _CHECKED_FOR:
            await self.check()

    async def check_again(self) -> None:
        """The same before an absence is believed: asked unless that was done after the first of
        the two reads that show it. Another tenant may have begun to answer meanwhile.
        """
        if self._job.clock.monotonic() - self._checked_at >= SECOND_READ_AFTER:
            await self.check()

    async def missing(self, error: ConfigurationError) -> None:
        """Raises ``ApplicationUnfit`` for an application that is not there, if it was before."""
        await self._refuse(_gone(await self._job.application.get("seen")), error)

    async def _refuse(
        self, sentence: str | None, cause: Exception | None = None, *, remedy: str = _TENANT
    ) -> None:
        """Raises, unless there is nothing to say. The next look asks again."""
        if sentence is not None:
            await self._job.store.write([self._job.application_seen.drop("enabled")])
            raise ApplicationUnfit(sentence, remedy=remedy) from cause

    async def _remember(self, seen: ServicePrincipal | None, now: ServicePrincipal) -> None:
        rows = [self._job.application_seen.put("enabled", self._job.clock.time())]
        plain = msgspec.structs.replace(now, app_roles=())
        if seen != plain:
            rows.append(self._job.application.put("seen", plain))
        if await self._job.app_roles.get("all") != now.app_roles:
            await self._touch_who_has_roles()
            rows.append(self._job.app_roles.put("all", now.app_roles))
        await self._job.store.write(rows)

    async def _touch_who_has_roles(self) -> None:
        """Whose attributes name roles is looked at. Remembered first: the next look sees no
        difference any more.
        """
        if not self._job.schema.user.roles:
            return
        async for id, _ in self._job.mirror.users.all():
            self._facts.touch(user_key(EntraId(id)))
        await self._facts.remember()


def _gone(seen: ServicePrincipal | None) -> str | None:
    if seen is None:
        return None
    return (
        f"The enterprise application '{seen.display_name}' (object id {seen.id}), which was there "
        "before, is not in the tenant that Graph answers for: it was deleted, or this is the wrong "
        "tenant. Nothing was planned."
    )
