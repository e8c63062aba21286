"""Both simulators and the whole program in one process, on whatever clock the test runs."""

from __future__ import annotations

import itertools
import random
from collections.abc import Mapping, Sequence
from typing import Any

from provisioning.apply.sending.pacer import Pacer
from provisioning.bootstrap import channels, rules, told_store
from provisioning.graph import GraphSource, Handshake
from provisioning.instrumentation import SILENT, Telemetry
from provisioning.lease import REQUEST_TIMEOUT
from provisioning.mapping import CompiledSchema, compile_schema
from provisioning.model import Change
from provisioning.operations.cycles import run_cycle
from provisioning.operations.drift import list_drift, list_orphans
from provisioning.operations.explain import explain
from provisioning.operations.logs import query_logs
from provisioning.operations.on_demand import provision_on_demand
from provisioning.ports import Clock
from provisioning.record import CycleKind, CycleRecord
from provisioning.schema import load_schema
from provisioning.scim.client import ScimTarget
from provisioning.scim.transport import Transport
from provisioning.services import Services
from provisioning.settings import load_settings
from provisioning.state.memory import MemoryStore
from provisioning.state.sqlite import ScratchStore
from simulator.entra import EntraSimulator, Tenant
from simulator.zscloud import Options, ZSCloudSimulator
from tests.support.inprocess import httpx_client_for
from tests.support.memory_queue import MemoryQueue
from tests.support.scim_inprocess import InProcessScim
from tests.support.webhook import Webhook, graph_post

GRAPH = "http://127.0.0.1:8001/v1.0"
SCIM = "http://127.0.0.1:8002/1234/5678/scim"
SCHEMA = compile_schema(load_schema(None))


class CountedIds:
    """Identifiers in order, and seeded random numbers."""

    def __init__(self, seed: int = 0) -> None:
        self._numbers = itertools.count(1)
        self._random = random.Random(seed)

    def new(self) -> str:
        return f"{next(self._numbers):012d}"

    def random(self) -> float:
        return self._random.random()


class World:
    """One Entra tenant, one ZSCloud tenant, and what is stored between them.

    ``cycle`` builds the program anew each time, as a new process would: only the store lasts.
    """

    def __init__(
        self,
        clock: Clock,
        tenant: Tenant | None = None,
        *,
        rate: float = 0,
        zscloud: Mapping[str, Any] | None = None,
        store: Any = None,
        schema: CompiledSchema = SCHEMA,
        transport: Transport | None = None,
        **settings: str,
    ) -> None:
        self.clock = clock
        self.tenant = tenant or Tenant.empty()
        self.webhook = Webhook(clock)
        self.entra = EntraSimulator(self.tenant, clock=clock, post=graph_post(self.webhook))
        options = {"strict": True, "rate": 0, "domains": ("example.com",), **(zscloud or {})}
        self.zscloud = ZSCloudSimulator(Options(**options), clock=clock)
        self.schema = schema
        self.store = store or MemoryStore(time=clock.time)
        self.queue = MemoryQueue(clock.time)
        self.ids = CountedIds()
        self.transport = transport
        self.scim_url, self.token = SCIM, "simulated-token"
        self.environ = {
            "ENTRA_SERVICE_PRINCIPAL_ID": self.tenant.service_principal_id,
            "GRAPH_BASE_URL": GRAPH,
            "PROVISIONING_STATUS": "on",
            "ZSCLOUD_REQUESTS_PER_SECOND": str(rate),
            **settings,
        }
        self.member_add_path = False
        self.telemetry: Telemetry = SILENT
        self._seen = 0

    def services(self) -> Services:
        """The program, as a process builds it when it starts."""
        settings = load_settings(
            {
                **self.environ,
                "ZSCLOUD_SCIM_BASE_URL": self.scim_url,
                "ZSCLOUD_SCIM_TOKEN": self.token,
            }
        )

        def source_of(users: Sequence[str], groups: Sequence[str]) -> GraphSource:
            return GraphSource(
                base_url=settings.graph_base_url,
                service_principal_id=settings.entra_service_principal_id,
                user_properties=users,
                group_properties=groups,
                clock=self.clock,
                http_client_factory=lambda: httpx_client_for(self.entra),
                random=self.ids.random,
                telemetry=self.telemetry,
            )

        source = source_of(self.schema.user.source_properties, self.schema.group.source_properties)
        target = ScimTarget(
            settings.zscloud_scim_base_url,
            settings.zscloud_scim_token.reveal(),
            self.transport
            or InProcessScim(self.zscloud, self.clock, timeout_seconds=REQUEST_TIMEOUT),
            user_attributes=self.schema.user.target_paths,
            group_attributes=self.schema.group.target_paths,
            clock_time=self.clock.time,
            member_add_path=self.member_add_path,
            telemetry=self.telemetry,
        )
        return Services(
            settings=settings,
            schema=self.schema,
            rules=rules(settings),
            clock=self.clock,
            ids=self.ids,
            store=told_store(self.store, settings.job, self.telemetry),
            leases=self.store,
            queue=self.queue,
            scratch=lambda: ScratchStore(threaded=False),
            source=source,
            source_of=source_of,
            subscriptions=source.subscriptions(),
            endpoint=Handshake(
                self.clock,
                token=self.ids.new,
                http_client_factory=lambda: httpx_client_for(self.webhook),
            ),
            target=target,
            pacer=Pacer(settings.zscloud_requests_per_second, self.clock),
            holder=self.ids.new(),
            channels=channels(settings, self.clock, self.ids),
            telemetry=self.telemetry,
        )

    async def cycle(
        self, kind: str = "incremental", *, dry_run: bool = False, budget: float | None = None
    ) -> CycleRecord:
        """Runs one cycle in a process of its own."""
        record, self.changes = await self.cycle_with_changes(kind, dry_run=dry_run, budget=budget)
        return record

    async def cycle_with_changes(
        self, kind: str = "incremental", *, dry_run: bool = False, budget: float | None = None
    ) -> tuple[CycleRecord, list[Change]]:
        """The same, with what a dry run would send."""
        services = self.services()
        try:
            return await run_cycle(services, CycleKind(kind), dry_run=dry_run, budget=budget)
        finally:
            await self._close(services)

    async def on_demand(self, *users: str, group: str | None = None, dry_run: bool = False) -> Any:
        """Provisions on demand in a process of its own; the results."""
        services = self.services()
        try:
            _, document = await provision_on_demand(
                services, users=users, group=group, dry_run=dry_run
            )
        finally:
            await self._close(services)
        return document["results"]

    async def explain(self, principal: str) -> Any:
        """The explanation of a principal, in a process of its own."""
        services = self.services()
        try:
            return await explain(services, principal)
        finally:
            await self._close(services)

    async def logs(self, **query: Any) -> list[dict[str, Any]]:
        """The provisioning log, oldest first."""
        services = self.services()
        try:
            document = await query_logs(services, **{"limit": 1000, **query})
        finally:
            await self._close(services)
        return list(reversed(document["items"]))

    async def drift(self, **query: Any) -> dict[str, Any]:
        """What the last reconcile found edited by hand, as operators see it."""
        services = self.services()
        try:
            return await list_drift(services, **{"limit": 1000, **query})
        finally:
            await self._close(services)

    async def orphans(self, **query: Any) -> dict[str, Any]:
        """What the last reconcile found that is nobody's, as operators see it."""
        services = self.services()
        try:
            return await list_orphans(services, **{"limit": 1000, **query})
        finally:
            await self._close(services)

    async def _close(self, services: Services) -> None:
        # The store outlives the process.
        await services.pacer.close()
        await services.source.close()
        await services.target.close()

    # --- the truth -----------------------------------------------------------------------------

    def differences(self) -> list[str]:
        """How ZSCloud is not as Entra says; empty when all is right. Asks neither our state nor
        our code.
        """
        nested = self.environ.get("NESTED_GROUPS") == "transitive"
        default = self.environ.get("DEFAULT_ACCESS") == "include"
        wrong: list[str] = []
        users = self.tenant.users.current()
        in_scope = self.tenant.effective_users(nested=nested, default_access=default)
        found = {u.external_id: u for u in self.zscloud.users if not u.admin and u.external_id}
        for id in in_scope:
            source = users[id]
            if source.account_enabled and source.deleted is None:
                wrong += _compare_user(source, found.get(id))
        for id, account in found.items():
            source = users.get(id)
            entitled = id in in_scope and source is not None and source.account_enabled
            if account.active and not (entitled and source.deleted is None):
                wrong.append(f"{account.user_name} is active and must not be")
        wrong += self._group_differences(found, nested=nested, default=default)
        wrong += [f"duplicate {x}" for x in self.zscloud.users.duplicates()]
        wrong += [f"duplicate {x}" for x in self.zscloud.groups.duplicates()]
        return wrong

    def _group_differences(
        self, accounts: Mapping[str, Any], *, nested: bool, default: bool
    ) -> list[str]:
        wrong: list[str] = []
        groups = self.tenant.groups.current()
        for id in self.tenant.effective_groups(default_access=default):
            name = groups[id].display_name
            group = self.zscloud.groups.by_display_name(name)
            if group is None or group.external_id != id:
                wrong.append(f"group {name} is missing")
                continue
            members = self.tenant.member_users(id, nested=nested)
            wanted = sorted(accounts[m].user_name for m in members if m in accounts)
            if sorted(self.zscloud.members(group)) != wanted:
                wrong.append(f"group {name}: {self.zscloud.members(group)} != {wanted}")
        return wrong

    def scim(self, *methods: str) -> list[Any]:
        """Requests that ZSCloud got, of these methods."""
        requests = list(self.zscloud.requests)[self._seen :]
        return [r for r in requests if not methods or r.method in methods]

    def forget_requests(self) -> None:
        """``scim`` and ``writes`` begin anew."""
        self._seen = len(self.zscloud.requests)

    def writes(self) -> list[Any]:
        """Requests that wrote."""
        return self.scim("POST", "PUT", "PATCH", "DELETE")

    def set_entra(self, **faults: Any) -> None:
        """Sets faults of the Entra simulator."""
        self.entra.faults.set(**faults)


def _compare_user(source: Any, account: Any) -> list[str]:
    if account is None:
        return [f"{source.user_principal_name} is missing"]
    wrong = []
    expected = {
        "user_name": _login(source.user_principal_name),
        "display_name": source.display_name,
        "department": source.department or None,
        "active": True,
    }
    for name, value in expected.items():
        if (getattr(account, name) or None) != (value or None):
            wrong.append(
                f"{source.user_principal_name}.{name}: {getattr(account, name)} != {value}"
            )
    return wrong


def _login(name: str) -> str:
    local, mark, _ = name.partition("#EXT#")
    if not mark:
        return name
    alias, _, home = local.rpartition("_")
    return f"{alias}@{home}"
