"""The one place that picks adapters. Lazy, and memoised for each event loop of the process."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from provisioning.apply.sending.pacer import Pacer
from provisioning.deprovisioning import Deprovision, DeprovisioningPolicy
from provisioning.errors import ConfigurationError, Problem
from provisioning.guard import DAY, Threshold
from provisioning.instrumentation import Telemetry
from provisioning.lease import REQUEST_TIMEOUT
from provisioning.mapping import CompiledSchema, compile_schema
from provisioning.ports import AlertChannel, Clock, EndpointPort, Ids, LeasePort, Store, Target
from provisioning.provisioning_log import ProvisioningLog
from provisioning.queues.choice import queue_for
from provisioning.rules import Rules
from provisioning.schema import load_schema
from provisioning.scope import Reason, ScopePolicy
from provisioning.services import Services
from provisioning.settings import Settings, load_settings
from provisioning.telemetry.choice import telemetry_for

if TYPE_CHECKING:
    from provisioning.graph import GraphSource

_SINCE_BOOT: int | None = getattr(time, "CLOCK_BOOTTIME", None)


class SystemClock:
    """The machine's time."""

    def time(self) -> float:
        """Seconds since the epoch."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds of a clock that never runs back.

        Where the system has one that goes on while the machine sleeps, it is that: a lease that
        ran out meanwhile is not ours any more.
        """
        return time.monotonic() if _SINCE_BOOT is None else time.clock_gettime(_SINCE_BOOT)

    async def sleep(self, seconds: float) -> None:
        """Suspends the caller."""
        await asyncio.sleep(seconds)


class RandomIds:
    """Identifiers that sort by the time they were made."""

    def new(self) -> str:
        """Milliseconds and 40 random bits, in hexadecimal."""
        return f"{int(time.time() * 1000):012x}{secrets.token_hex(5)}"

    def random(self) -> float:
        """From 0 up to 1."""
        return secrets.randbelow(1 << 30) / (1 << 30)


_SCHEMA = "PROVISIONING_SCHEMA"

_services: WeakKeyDictionary[asyncio.AbstractEventLoop, Services] = WeakKeyDictionary()


async def services(environ: Mapping[str, str] | None = None) -> Services:
    """The services of this process and event loop, made at the first call.

    Raises ``ConfigurationError`` with all problems of the settings, or of the schema.
    """
    loop = asyncio.get_running_loop()
    if loop not in _services:
        _services[loop] = build(_settings(os.environ if environ is None else environ))
    return _services[loop]


def _settings(environ: Mapping[str, str]) -> Settings:
    """The settings; what is wrong with the schema is told together with what is wrong with them."""
    try:
        return load_settings(environ)
    except ConfigurationError as error:
        path = environ.get(_SCHEMA, "").strip()
        if not path or any(problem.field == _SCHEMA for problem in error.problems):
            raise
        raise ConfigurationError((*error.problems, *_schema_problems(Path(path)))) from error


def _schema_problems(path: Path) -> tuple[Problem, ...]:
    try:
        compile_schema(load_schema(path))
    except ConfigurationError as error:
        return error.problems
    return ()


async def close_services() -> None:
    """Closes the services of this event loop."""
    made = _services.pop(asyncio.get_running_loop(), None)
    if made is not None:
        await made.close()


def build(settings: Settings) -> Services:
    """Services over the real adapters that the settings name."""
    clock, ids = SystemClock(), RandomIds()
    schema = compile_schema(load_schema(settings.provisioning_schema))
    settings.drift.require_known((*schema.user.target_paths, *schema.group.target_paths))
    store, leases = _state(settings)
    holder = f"{socket.gethostname()}/{os.getpid()}/{secrets.token_hex(3)}"
    telemetry = telemetry_for(settings, instance=holder)
    source_of = partial(_graph, settings, clock, telemetry)
    graph = source_of(schema.user.source_properties, schema.group.source_properties)
    return Services(
        settings=settings,
        schema=schema,
        rules=rules(settings),
        clock=clock,
        ids=ids,
        store=told_store(store, settings.job, telemetry),
        leases=leases,
        queue=queue_for(settings.storage, settings.state_store),
        scratch=_scratch,
        source=graph,
        source_of=source_of,
        subscriptions=graph.subscriptions(),
        endpoint=_endpoint(clock),
        target=_zscloud(settings, schema, clock, telemetry),
        pacer=Pacer(settings.zscloud_requests_per_second, clock),
        holder=holder,
        channels=channels(settings, clock, ids),
        telemetry=telemetry,
    )


def _state(settings: Settings) -> tuple[Store, LeasePort]:
    """The state store and the leases: in one SQLite file, or in the storage account."""
    if settings.state_store is not None:
        from provisioning.state.sqlite import SqliteStore

        store = SqliteStore(settings.state_store)
        return store, store
    from provisioning.state.azure import AzureStore, BlobLeases

    assert settings.storage is not None
    return AzureStore(settings.storage), BlobLeases(settings.storage)


def _scratch() -> Store:
    from provisioning.state.sqlite import ScratchStore

    return ScratchStore()


def told_store(store: Store, job: str, telemetry: Telemetry) -> Store:
    """The store, which tells of the entries of the provisioning log if somebody listens."""
    if not telemetry.collects:
        return store
    from provisioning.telemetry.told_store import ToldStore

    return ToldStore(store, ProvisioningLog(store, job).table, telemetry)


def _graph(
    settings: Settings,
    clock: Clock,
    telemetry: Telemetry,
    user_properties: Sequence[str],
    group_properties: Sequence[str],
) -> GraphSource:
    from provisioning.graph import GraphSource

    return GraphSource(
        base_url=settings.graph_base_url,
        service_principal_id=settings.entra_service_principal_id,
        user_properties=user_properties,
        group_properties=group_properties,
        clock=clock,
        telemetry=telemetry,
    )


def _endpoint(clock: Clock) -> EndpointPort:
    from provisioning.graph import Handshake

    return Handshake(clock)


def channels(settings: Settings, clock: Clock, ids: Ids) -> tuple[AlertChannel, ...]:
    """The ways to tell people of alarms that the settings name."""
    made: list[AlertChannel] = []
    if settings.smtp_url is not None and settings.alert_from is not None:
        from provisioning.alerts.mail import MailChannel

        made.append(MailChannel(settings.smtp_url, settings.alert_from, settings.alert_email, ids))
    if settings.alert_webhook is not None:
        from provisioning.alerts.webhook import WebhookChannel

        made.append(WebhookChannel(settings.alert_webhook, clock))
    return tuple(made)


def _zscloud(
    settings: Settings, schema: CompiledSchema, clock: Clock, telemetry: Telemetry
) -> Target:
    from provisioning.scim.aiohttp_transport import AiohttpTransport
    from provisioning.scim.client import ScimTarget

    return ScimTarget(
        settings.zscloud_scim_base_url,
        settings.zscloud_scim_token.reveal(),
        AiohttpTransport(timeout_seconds=REQUEST_TIMEOUT),
        user_attributes=schema.user.target_paths,
        group_attributes=schema.group.target_paths,
        lists=schema.user.rules.lists | schema.group.rules.lists,
        clock_time=clock.time,
        telemetry=telemetry,
    )


def rules(settings: Settings) -> Rules:
    """What the settings say about planning."""
    return Rules(
        scope=ScopePolicy(
            everyone=settings.provisioning_scope == "all",
            transitive=settings.nested_groups == "transitive",
            default_access=settings.default_access == "include",
        ),
        deprovisioning=DeprovisioningPolicy(
            {
                Reason.UNASSIGNED: Deprovision(settings.on_unassign),
                Reason.DEFAULT_ACCESS_ONLY: Deprovision(settings.on_unassign),
                Reason.DISABLED: Deprovision(settings.on_disable),
                Reason.SOFT_DELETED: Deprovision(settings.on_soft_delete),
                Reason.DELETED: Deprovision(settings.on_delete),
                Reason.GROUP_UNASSIGNED: Deprovision(settings.on_group_unassign),
                Reason.GROUP_DELETED: Deprovision(settings.on_group_delete),
                Reason.OUT_OF_FILTER: Deprovision(
                    settings.on_out_of_filter or settings.on_unassign
                ),
                Reason.GROUP_OUT_OF_FILTER: Deprovision(
                    settings.on_out_of_filter or settings.on_group_unassign
                ),
            },
            delete_after=settings.delete_after_days * DAY,
        ),
        threshold=Threshold(
            count=settings.deletion_threshold_count,
            percent=settings.deletion_threshold_percent,
            window_days=settings.deletion_window_days,
        ),
        held_plan_expiry_days=settings.held_plan_expiry_days,
        member_batch=settings.member_batch_size,
        bulk=settings.zscloud_bulk == "auto",
        member_removal=settings.zscloud_member_removal,
        protected=settings.protected,
        admin_group=settings.zscloud_admin_group,
        drift=settings.drift,
        log_retention_days=settings.log_retention_days,
    )
