"""Who may have a name: ZSCloud's names are unique, and principals pass them on.

A principal that wants a name held by another of ours waits for it, if that one wants another
name; a ring of such wishes is broken by a name of its own. An object that is out of use takes one
of its own, too: what it is called matters to nobody.
"""

from __future__ import annotations

from provisioning.case import Case
from provisioning.errors import Conflict
from provisioning.job import Job
from provisioning.model import (
    NAME_PATH,
    Action,
    Change,
    CreateObject,
    Key,
    Link,
    ModifiedProperty,
    ObjectType,
    UpdateObject,
    change_digest,
    folded,
    name_key,
)
from provisioning.plan import Planned
from provisioning.resolve import resolve
from provisioning.scope import GroupGraph, Reason


class Blocked(Exception):
    """The wanted name is held by our own link of ``holder``, which wants another one; or none, if
    it ``gives_up``. Or its object is, and is written to at this moment: ``under_way``.
    """

    def __init__(self, holder: Key, *, gives_up: bool = False, under_way: bool = False) -> None:
        super().__init__(str(holder))
        self.holder = holder
        self.gives_up = gives_up
        self.under_way = under_way


class Names:
    """The names that are asked for while one drain runs."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._asked: dict[str, Key] = {}
        self._names: dict[Key, set[str]] = {}
        """Those that each key asks for."""

    async def check(self, graph: GroupGraph, case: Case, plan: Planned) -> None:
        """Whether the name that a create or rename wants is free among our own objects.

        Raises ``Blocked`` while it is being passed on, ``Conflict`` when its holder keeps it.
        """
        name = _wanted(plan)
        if name is None:
            return
        # Two principals of one name may be in flight at once: the second waits for the first.
        place = name_key(case.key.type, name)
        first = self._asked.setdefault(place, case.key)
        if first != case.key:
            raise Blocked(first)
        self._names.setdefault(case.key, set()).add(place)
        holder = await self._job.links.holder(case.key.type, name)
        if holder is None or holder == case.key:
            return
        other = await resolve(self._job, graph, holder)
        if other is None or other.link is None:
            return  # ZSCloud decides: a conflict is met by looking.
        if other.verdict.active or _follows_entra(other):
            self.refuse(case, other, name)
        if case.link is None or other.link.protected or other.verdict.undecided:
            return  # Without an object of its own, a principal gets this one by matching.
        # Who is to be switched off is waited for; who is held as well, and is not renamed.
        raise Blocked(other.key, gives_up=_is_out_of_use(other.link))

    def refuse(self, case: Case, other: Case, name: str) -> None:
        """Raises ``Blocked`` if the other wants another name, else ``Conflict``."""
        if folded(other.name) != folded(name):
            raise Blocked(other.key)
        raise Conflict(
            "ZSCloud",
            f"provision {case.key}",
            f"'{case.name}' belongs to {other.key} ({other.name}), which keeps it",
            remedy="Two principals map to one ZSCloud name: rename one of them in Entra, or "
            "unassign one.",
        )

    def release(self, key: Key) -> None:
        """The key asks for no name any more."""
        for place in self._names.pop(key, ()):
            del self._asked[place]


EXCHANGED = (
    "NameExchanged",
    "Principals exchange their names: one takes a name of its own for a moment.",
)
GIVEN_UP = (
    "NameGivenUp",
    "It is out of use, and its name is that of another principal now: it takes a name of its own.",
)


def own_name(case: Case, why: tuple[str, str] = EXCHANGED) -> Planned | None:
    """Gives an object a name that nobody else can have: for a moment, so that the others of a ring
    have theirs, or as long as it is out of use. ``why`` are the code and sentence of the reason.
    """
    if case.link is None:
        return None
    code, reason = why
    path = NAME_PATH[case.key.type]
    domain = case.name.partition("@")[2]
    name = f"{case.key.id}@{domain}" if domain else str(case.key.id)
    change = Change(
        change_id=change_digest(Action.UPDATE, case.key, {path: name}),
        action=Action.UPDATE,
        object_type=case.key.type,
        source_id=case.key.id,
        target_id=case.link.scim_id,
        name=case.name,
        reason_code=code,
        reason=reason,
        modified_properties=(ModifiedProperty(path, case.link.attributes.get(path), name),),
    )
    return Planned(UpdateObject(case.key.type, case.link.scim_id, {path: name}), (change,))


def _is_out_of_use(link: Link) -> bool:
    """Whether nobody has access by the object of somebody who is out of scope."""
    return link.key.type is ObjectType.GROUP or not link.active


def _follows_entra(case: Case) -> bool:
    """Whether an account that is switched off keeps being updated, its name too."""
    return case.verdict.assigned and case.verdict.reason is Reason.DISABLED


def _wanted(plan: Planned) -> str | None:
    write = plan.write
    if isinstance(write, CreateObject):
        return str(write.attributes.get(NAME_PATH[write.type]) or "") or None
    if isinstance(write, UpdateObject):
        return str(write.values.get(NAME_PATH[write.type]) or "") or None
    return None
