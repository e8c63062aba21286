"""Why one principal is, or is not, in ZSCloud as it is. Looks, and writes nothing."""

from __future__ import annotations

import msgspec

from provisioning.apply.rehearsing.rehearsal import Rehearsal
from provisioning.case import Case
from provisioning.discovery.look import Look
from provisioning.errors import ConfigurationError, ProvisioningError, SourceImplausible
from provisioning.explaining.assembly import explanation
from provisioning.explaining.findings import Findings, Refusal
from provisioning.job import Job
from provisioning.model import Key, MirrorGroup, MirrorUser, ObjectType
from provisioning.operations import explained
from provisioning.operations.documents import Document
from provisioning.operations.principal import find_principal
from provisioning.record import CycleKind, CycleRecord
from provisioning.resolve import load_graph, resolve
from provisioning.scope import GroupGraph, filter_verdict
from provisioning.services import Services


async def explain(services: Services, principal: str) -> Document:
    """The five steps of one principal: what was read, what was decided by what, what would be
    sent, and what it waits for.

    ``principal`` is an object id, a user principal name, or the display name of a group. Entra is
    read as by a dry run on demand, ZSCloud for this one object; nothing of it is stored, and the
    lease is not needed. Gives ``{principal, verdict, steps, attributes, filter, paths, members,
    changes, would_send}``.

    Raises ``InvalidRequest`` for nobody, or for more than one, ``ConfigurationError`` for a store
    of another job, ``RemoteError`` if Entra cannot be read. A ZSCloud that cannot be read is no
    error: the step says so.
    """
    await services.claim(dry_run=True)
    stored = services.job()
    key = await find_principal(stored, services.source, principal)
    async with services.imagined_job() as job:
        found = await _findings(services, stored, job, key)
    document: Document = msgspec.to_builtins(explanation(found))
    return document


async def _findings(services: Services, stored: Job, job: Job, key: Key) -> Findings:
    """Reads everything. What is read of Entra is taken into ``job``, which stores nothing."""
    look = Look(job, services.source, _record(job))
    known = await _row(stored, key)
    link = await stored.links.get(key)
    distrusted = await _read(look, key)
    graph = await load_graph(job)
    case = await _case(job, graph, key)
    await job.load_tallies()
    rehearsed = await Rehearsal(job, services.target, services.diagnostics).of(case)
    mapping = job.mapping(key.type)
    young = dict(look.young).get(key)
    plans = (*rehearsed.plans, *rehearsed.joined)
    return Findings(
        key=key,
        name=explained.display_name(case, mapping),
        now=job.clock.time(),
        case=case,
        known=known,
        link=link,
        sources=mapping.sources,
        matching=mapping.matching[0].path,
        distrusted=distrusted,
        filter=None
        if mapping.filter is None
        else filter_verdict(case.row, graph, mapping.filter, job.clock.time()),
        paths=explained.paths(case.row, graph, await explained.role_names(services.source)),
        nested=await explained.with_groups_within(job, graph, case),
        missing=await explained.missing_names(job, case),
        policy=job.rules.deprovisioning.of(case.verdict.reason),
        setting=explained.setting_of(case.verdict.reason),
        delete_at=None
        if case.link is None
        else job.rules.deprovisioning.delete_at(case.verdict, case.link),
        drift=job.rules.drift,
        rehearsed=rehearsed,
        owners=await explained.owners(stored, rehearsed),
        waiting=await explained.waiting(services, stored, key, young),
        requests=explained.requests(services.target, mapping, plans, rehearsed.live),
    )


def _record(job: Job) -> CycleRecord:
    return CycleRecord(cycle_id=job.ids.new(), kind=CycleKind.ON_DEMAND, dry_run=True)


async def _read(look: Look, key: Key) -> Refusal | None:
    """Reads Entra as a call on demand does; why that is not believed, if it is not."""
    try:
        await look.read(frozenset({key}), whole=False)
    except (SourceImplausible, ConfigurationError) as error:
        await _read_alone(look, key)
        return _refusal(error)
    return None


async def _read_alone(look: Look, key: Key) -> None:
    """The principal itself may be read all the same."""
    try:
        await look.read_named(frozenset({key}))
    except SourceImplausible:
        return


def _refusal(error: ProvisioningError) -> Refusal:
    return Refusal(error.code, str(error), error.remedy)


async def _row(job: Job, key: Key) -> MirrorUser | MirrorGroup | None:
    if key.type is ObjectType.USER:
        return await job.mirror.user(key.id)
    return await job.mirror.group(key.id)


async def _case(job: Job, graph: GroupGraph, key: Key) -> Case:
    """The case of a principal, also of one that Entra has not and the mirror does not know."""
    case = await resolve(job, graph, key)
    if case is not None:
        return case
    await job.store.write([explained.absent_row(job, key)])
    case = await resolve(job, await load_graph(job), key)
    assert case is not None
    return case
