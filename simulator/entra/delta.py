"""Delta queries of users, groups and service principals (Graph, delta query overview).

A token names a position of the journal. A round covers the changes between the token's position
and the position of the replica that answers its first page; the pages of one round are fixed by
its token, so that asking again for a page gives the same page.
"""

from __future__ import annotations

import random
import re
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import quote, urlencode

from . import token
from .call import GraphError, Reply, bad_request, unsupported_query
from .changes import Entry, Window, entries
from .faults import FaultInjector
from .model import Group, ServicePrincipal, User
from .properties import DirectoryObject, default_names, document, odata_type
from .reading import Reading
from .view import View

TOKEN_LIFE = 7 * 86_400.0
"""Seconds that a token of a directory object lives (Graph, delta query overview)."""

MAX_FILTER_IDS = 50
_KINDS: Mapping[str, type[DirectoryObject]] = {
    "users": User,
    "groups": Group,
    "servicePrincipals": ServicePrincipal,
}
_PERMISSIONS = {
    "users": "User.Read.All",
    "groups": "GroupMember.Read.All",
    "servicePrincipals": "Application.Read.All",
}
_RELATIONS: Mapping[str, tuple[str, ...]] = {"users": ("manager",), "groups": ("members",)}
_ID_FILTER = re.compile(r"\s*id\s+eq\s+'([^']*)'\s*(?:or\s+(?=id)|$)", re.IGNORECASE)
_KEPT_ROUNDS = 4


@dataclass(frozen=True, slots=True)
class State:
    """What a delta or skip token holds. A delta token has no ``until``."""

    resource: str
    select: tuple[str, ...] | None
    ids: tuple[str, ...] | None
    after: int | None
    issued: float
    epoch: int
    until: int = 0
    cursor: int = 0
    blanks: int = 0
    minimal: bool = False
    members_entry: int = 0
    replay_share: float = 0.0


class DeltaQueries:
    """Answers the delta functions; keeps the rounds last used, which it can make again."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._rounds: OrderedDict[Window, list[Entry]] = OrderedDict()

    def get(self, reading: Reading, resource: str) -> Reply:
        """One page of a round: a first page, one after a nextLink, or one after a deltaLink."""
        reading.require(_PERMISSIONS[resource])
        call = reading.call
        if call.query.get("$skiptoken"):
            return self._page(reading, _restored(reading, resource, call.query["$skiptoken"]))
        given = call.query.get("$deltatoken", "")
        if given and given != "latest":
            state = _restored(reading, resource, given)
            return self._page(reading, _begun(reading, state))
        state = _asked(reading, resource)
        if given == "latest":
            position = reading.view("delta").at
            return Reply(_answer(reading, [], deltatoken=_next_token(reading, state, position)))
        return self._page(reading, _begun(reading, state))

    def _page(self, reading: Reading, state: State) -> Reply:
        knobs = reading.faults.knobs
        if state.blanks < knobs.delta_empty_pages:
            blank = _changed(state, blanks=state.blanks + 1)
            return Reply(_answer(reading, [], skiptoken=_encoded(blank)))
        round_ = self._round(reading, state)
        stop = _page_end(round_, state.cursor, reading.faults)
        view = View(reading.tenant, state.until)
        rows = [_row(reading, state, view, entry) for entry in round_[state.cursor : stop]]
        if stop < len(round_):
            following = _changed(state, cursor=stop, blanks=0)
            return Reply(_answer(reading, rows, skiptoken=_encoded(following)))
        return Reply(_answer(reading, rows, deltatoken=_next_token(reading, state, state.until)))

    def _round(self, reading: Reading, state: State) -> list[Entry]:
        knobs = reading.faults.knobs
        key = Window(
            _OBJECT_KIND[state.resource],
            state.after,
            state.until,
            frozenset(_tracked(state)),
            None if state.ids is None else frozenset(state.ids),
            state.members_entry,
            state.replay_share,
            knobs.purged_users_in_members_delta,
        )
        if key not in self._rounds:
            chance = random.Random(f"{self._seed} {state.after} {state.until}")
            self._rounds[key] = entries(reading.tenant, key, chance)
            if len(self._rounds) > _KEPT_ROUNDS:
                self._rounds.popitem(last=False)
        self._rounds.move_to_end(key)
        return self._rounds[key]


_OBJECT_KIND = {"users": "user", "groups": "group", "servicePrincipals": "servicePrincipal"}


def _asked(reading: Reading, resource: str) -> State:
    """The state of a new feed, from the query of its first request."""
    call = reading.call
    call.refuse("$top", "$orderby", "$expand", "$search", "$skip", "$count")
    selected = call.selected()
    if selected is not None:
        relations = _RELATIONS.get(resource, ())
        plain = [name for name in selected if name not in relations]
        reading.check_names(plain, _KINDS[resource])
    return State(
        resource,
        None if selected is None else tuple(selected),
        _filter_ids(call.query.get("$filter")),
        None,
        reading.tenant.clock.time(),
        reading.epochs.delta,
    )


def _filter_ids(text: str | None) -> tuple[str, ...] | None:
    """The ids of a filter ``id eq 'a' or id eq 'b'``, the only form; at most 50."""
    if text is None:
        return None
    ids: list[str] = []
    place = 0
    while place < len(text):
        match = _ID_FILTER.match(text, place)
        if match is None:
            raise unsupported_query("Delta supports only filters on 'id' joined by 'or'.")
        ids.append(match[1].lower())
        place = match.end()
    if not 1 <= len(ids) <= MAX_FILTER_IDS:
        raise bad_request(f"A delta filter takes 1 to {MAX_FILTER_IDS} ids, not {len(ids)}.")
    return tuple(ids)


def _begun(reading: Reading, state: State) -> State:
    """The first page of a round: fixes how far it reaches. A replica never goes back."""
    knobs = reading.faults.knobs
    return _changed(
        state,
        until=max(state.after or 0, reading.view("delta").at),
        minimal=reading.call.minimal,
        members_entry=max(1, knobs.delta_members_entry),
        replay_share=knobs.delta_replay_share,
    )


def _restored(reading: Reading, resource: str, text: str) -> State:
    """The state in a token. Raises ``GraphError`` 400 or 410 when it is foreign or expired."""
    values = token.decode(text)
    if values is None or values.get("resource") != resource:
        raise GraphError(400, "Directory_InvalidDeltaToken", "The delta token is not valid.")
    for name in ("select", "ids"):
        values[name] = None if values[name] is None else tuple(values[name])
    state = State(**values)
    old = reading.tenant.clock.time() - state.issued > TOKEN_LIFE
    if not old and state.epoch == reading.epochs.delta:
        return state
    if reading.faults.knobs.expired_answer == "not_found":
        raise GraphError(400, "syncStateNotFound", "The sync state generation is not found.")
    restart = f"{reading.call.url}?{_restart_query(state)}"
    raise GraphError(
        410,
        "resyncRequired",
        "The delta token is no longer valid, and the app must reset the sync state.",
        {"location": restart},
    )


def _restart_query(state: State) -> str:
    query = {"$deltatoken": ""}
    if state.select is not None:
        query["$select"] = ",".join(state.select)
    if state.ids is not None:
        query["$filter"] = " or ".join(f"id eq '{one}'" for one in state.ids)
    return urlencode(query, quote_via=quote, safe="$,'()")


def _next_token(reading: Reading, state: State, position: int) -> str:
    """The delta token after a round: same feed, new position, new life."""
    following = State(
        state.resource,
        state.select,
        state.ids,
        position,
        reading.tenant.clock.time(),
        reading.epochs.delta,
    )
    return _encoded(following)


def _changed(state: State, **values: Any) -> State:
    return State(**{**asdict(state), **values})


def _encoded(state: State) -> str:
    return token.encode(asdict(state))


def _answer(reading: Reading, rows: list[dict[str, Any]], **link: str) -> dict[str, Any]:
    """The page with its one link: ``skiptoken`` makes a nextLink, ``deltatoken`` a deltaLink."""
    name, value = next(iter(link.items()))
    entity = reading.call.path.split("/")[1]
    return {
        "@odata.context": reading.context(entity),
        "@odata.nextLink" if name == "skiptoken" else "@odata.deltaLink": (
            f"{reading.call.url}?${name}={value}"
        ),
        "value": rows,
    }


def _tracked(state: State) -> set[str]:
    """The properties and relations whose changes bring an object back."""
    if state.select is not None:
        return set(state.select)
    relations = ("members",) if state.resource == "groups" else ()
    return {*default_names(_KINDS[state.resource]), *relations}


def _page_end(round_: list[Entry], start: int, faults: FaultInjector) -> int:
    """Where the page ends: at most so many objects, and fewer as members fill it."""
    objects = members = 0
    stop = start
    while stop < len(round_) and objects < max(1, faults.knobs.delta_page_size):
        size = len(round_[stop].members)
        if objects and members + size > faults.knobs.delta_members_page:
            break
        objects, members, stop = objects + 1, members + size, stop + 1
    return stop


def _row(reading: Reading, state: State, view: View, entry: Entry) -> dict[str, Any]:
    """One object as of the entry's position: whole, changed properties only, or a removal."""
    then = View(view.tenant, entry.at)
    item: DirectoryObject | None
    if state.resource == "servicePrincipals":
        item = then.service_principal(entry.object_id)
    else:
        item = then.principal(entry.object_id)
    if item is None or item.deleted is not None:
        reason = "deleted" if item is None else "changed"
        return {"id": entry.object_id, "@removed": {"reason": reason}}
    answer = _properties(reading, state, item, entry)
    changed = entry.whole or "manager" in entry.changed
    if isinstance(item, User) and "manager" in _tracked(state) and changed:
        relation = _manager(then, entry, item)
        if relation:
            answer["manager@delta"] = relation
    if entry.members:
        answer["members@delta"] = [_member(then, item.id, one) for one in entry.members]
    return answer


def _properties(
    reading: Reading, state: State, item: DirectoryObject, entry: Entry
) -> dict[str, Any]:
    names = state.select if state.select is not None else default_names(type(item))
    if state.minimal and state.after is not None and not entry.whole:
        names = [name for name in names if name in entry.changed]
    shown = document(item, names, reading.tenant.instant)
    if not state.minimal:
        # Never-set properties are absent, cleared ones null (Graph, user: delta).
        shown = {
            name: value
            for name, value in shown.items()
            if value not in (None, []) or name in entry.changed
        }
    return reading.blanked(item, shown)


def _manager(then: View, entry: Entry, user: User) -> list[dict[str, Any]]:
    """The manager, or the last one when a change took it away.

    The last one may be younger than the round's beginning: an earlier row of the round can have
    named a manager who came and went within it.
    """
    if user.manager_id is not None:
        return [{"@odata.type": "#microsoft.graph.user", "id": user.manager_id}]
    if "manager" not in entry.changed:
        return []
    before = then.tenant.users.earlier(user.id, then.at)
    return [
        {
            "@odata.type": "#microsoft.graph.user",
            "id": next(one.manager_id for one in before if one.manager_id is not None),
            "@removed": {"reason": "deleted"},
        }
    ]


def _member(then: View, group_id: str, member_id: str) -> dict[str, Any]:
    """A member or former member, with the type it has or had."""
    item = then.principal(member_id) or View(then.tenant, 0).principal(member_id)
    kind = odata_type(item) if item is not None else "#microsoft.graph.user"
    answer: dict[str, Any] = {"@odata.type": kind, "id": member_id}
    if not then.has_member(group_id, member_id):
        answer["@removed"] = {"reason": "deleted"}
    return answer
