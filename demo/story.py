"""The story: connect, plan, initial cycle, five changes, an incremental cycle, and silence."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from demo import show
from demo.program import Document, Program
from demo.remote import Directory, Person, Remote
from demo.verify import broken_rules, differences, most_in_a_second, writes

_PLAN_LINES = 5
_DONE = "completed"


@dataclass(frozen=True, slots=True)
class Cast:
    """Whom the five changes are about."""

    joins: Person
    leaves: Person
    is_renamed: Person
    moves: Person
    changes_group: Person
    from_group: str
    to_group: str


async def tell(remote: Remote, program: Program) -> list[str]:
    """Tells the whole story. What went wrong, in sentences; empty when nothing did."""
    wrong = await _connect(program)
    if wrong:
        return wrong
    wrong += await _plan(remote, program)
    wrong += await _initial(remote, program)
    wrong += await _changes(remote, program)
    wrong += await _silence(remote, program)
    return wrong + await broken_rules(remote)


async def _connect(program: Program) -> list[str]:
    show.headline("Test the connection")
    document = await program.test_connection()
    for check in document["checks"]:
        show.line(f"{check['status']:<7} {check['name']}: {check['detail']}")
    return [] if document["ok"] else ["a connection failed"]


async def _plan(remote: Remote, program: Program) -> list[str]:
    show.headline("Show the plan: a dry run, nothing is sent")
    cycle = await _run(program, "initial", "reading", dry_run=True)
    show.line(f"would be: {show.counts(cycle)}")
    for each in cycle["changes"][:_PLAN_LINES]:
        show.line(show.change(each))
    show.line(f"... and {len(cycle['changes']) - _PLAN_LINES} more")
    sent = writes(await remote.requests())
    return _ended(cycle) + [f"the dry run sent {len(sent)} writes"] * bool(sent)


async def _initial(remote: Remote, program: Program) -> list[str]:
    show.headline("Initial cycle, at the 5 requests a second that ZSCloud allows")
    began = time.time()
    cycle = await _run(program, "initial", "provisioning")
    requests = await remote.requests(began)
    show.line(f"{show.counts(cycle)} in {cycle['duration_seconds']:.1f} s")
    show.line(
        f"{len(requests)} requests to ZSCloud, never more than "
        f"{most_in_a_second(requests)} within a second"
    )
    return _ended(cycle) + await _compare(remote)


async def _changes(remote: Remote, program: Program) -> list[str]:
    show.headline("Five changes in Entra")
    cast = choose(await remote.directory())
    for told, action, arguments in _five(cast):
        await remote.change(action, **arguments)
        show.line(told)
    show.headline("Incremental cycle")
    began = time.time()
    cycle = await _run(program, "incremental", "provisioning")
    show.line(f"{show.counts(cycle)} in {cycle['duration_seconds']:.1f} s")
    show.line("what was done, and why:")
    entries = await program.log(cycle["cycle_id"])
    for entry in entries:
        show.line(f"  {show.change(entry)}")
    sent = writes(await remote.requests(began))
    show.line("what reached ZSCloud:")
    for text in show.sent(sent):
        show.line(f"  {text}")
    unexplained = [f"{e['name']} has no reason" for e in entries if not e["reason"]]
    silent = [] if entries and sent else ["the five changes left no trace"]
    return _ended(cycle) + unexplained + silent + await _compare(remote)


async def _silence(remote: Remote, program: Program) -> list[str]:
    show.headline("Incremental cycle with nothing to do")
    began = time.time()
    cycle = await _run(program, "incremental", "provisioning")
    requests = await remote.requests(began)
    show.line(f"{show.counts(cycle)}; {len(requests)} requests to ZSCloud")
    sent = [f"a cycle without a change sent {text}" for text in show.sent(writes(requests))]
    return _ended(cycle) + sent + await _compare(remote)


async def _run(program: Program, kind: str, label: str, *, dry_run: bool = False) -> Document:
    with show.progress(label) as progress:
        return await program.cycle(kind, progress, dry_run=dry_run)


def _ended(cycle: Document) -> list[str]:
    if cycle["status"] == _DONE:
        return []
    error = cycle.get("error") or {}
    why = error.get("message") or show.counts(cycle)
    return [f"the {cycle['kind']} cycle ended as {cycle['status']}: {why}"]


async def _compare(remote: Remote) -> list[str]:
    wrong = await differences(remote)
    if not wrong:
        show.line("ZSCloud is as Entra says: every account, group and membership compared")
    return wrong


def choose(directory: Directory) -> Cast:
    """People whose change shows what it is to show, no one twice.

    Who leaves is in no assigned group; who changes the group stays assigned.
    """
    in_groups = {m for id in directory.assigned_groups for m in directory.members[id]}
    people = sorted(directory.people.values(), key=lambda person: person.name)
    usual = [person for person in people if person.enabled and "#EXT#" not in person.name]
    inside = iter([p for p in usual if p.id in directory.in_scope])
    direct = [p for p in usual if p.id in directory.assigned]
    leaves = next(p for p in direct if p.id not in in_groups)
    changes_group = next(p for p in direct if p.id in in_groups)
    groups = sorted(directory.assigned_groups, key=directory.groups.__getitem__)
    others = [p for p in inside if p not in (leaves, changes_group)]
    return Cast(
        joins=next(p for p in usual if p.id not in directory.in_scope),
        leaves=leaves,
        is_renamed=others[0],
        moves=others[1],
        changes_group=changes_group,
        from_group=next(id for id in groups if changes_group.id in directory.members[id]),
        to_group=next(id for id in groups if changes_group.id not in directory.members[id]),
    )


def _five(cast: Cast) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Each change as it is told, and as the control interface takes it."""
    joins, leaves, renamed, moves = cast.joins, cast.leaves, cast.is_renamed, cast.moves
    new_name = f"renamed.{renamed.name}"
    yield f"1 {joins.name} is assigned", "assign", {"principal": joins.id}
    yield f"2 {leaves.name} is unassigned", "unassign", {"principal": leaves.id}
    yield (
        f"3 {renamed.name} is now {new_name}",
        "update_user",
        {"id": renamed.id, "userPrincipalName": new_name},
    )
    yield f"4 {moves.name} moves to Treasury", "move", {"id": moves.id, "department": "Treasury"}
    member = {"member": cast.changes_group.id}
    name = cast.changes_group.name
    yield f"5 {name} leaves one group", "remove_member", {**member, "group": cast.from_group}
    yield "  and enters another", "add_member", {**member, "group": cast.to_group}
