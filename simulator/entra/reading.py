"""What every read needs: the call, the replica that answers it, paging, and property selection."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from . import token
from .call import MAX_TOP, Call, GraphError, denied
from .faults import FaultInjector
from .model import Group, User
from .properties import (
    DirectoryObject,
    default_names,
    document,
    known_names,
    odata_type,
    type_name,
)
from .tenant import Tenant
from .view import View

Row = Callable[[str], dict[str, Any] | None]


@dataclass(frozen=True, slots=True)
class Reading:
    """One read in the making."""

    call: Call
    tenant: Tenant
    faults: FaultInjector
    epochs: token.TokenEpochs

    def view(self, kind: str = "list") -> View:
        """The replica that answers; kind is ``list``, ``assignment``, ``delta`` or ``index``."""
        lag = self.faults.lag(kind, self.call.path)
        journal = self.tenant.journal
        if lag <= 0:
            return View(self.tenant, journal.position)
        return View(self.tenant, journal.position_at(self.tenant.clock.time() - lag))

    def require(self, *permissions: str) -> None:
        """Refuse the call when the caller lacks one of these application permissions."""
        if self.faults.knobs.missing_permissions.intersection(permissions):
            raise denied()

    def permitted(self, permission: str) -> bool:
        return permission not in self.faults.knobs.missing_permissions

    def names(self, *kinds: type[DirectoryObject]) -> list[str] | None:
        """The names in ``$select``; refuses one that none of the kinds of object has."""
        selected = self.call.selected()
        self.check_names(selected or (), *kinds)
        return selected

    def check_names(self, names: Sequence[str], *kinds: type[DirectoryObject]) -> None:
        """Refuse a property that none of these kinds of object has."""
        known = frozenset[str]().union(*(known_names(kind) for kind in kinds))
        for name in names:
            if name not in known:
                raise GraphError(
                    400,
                    "BadRequest",
                    f"Could not find a property named '{name}' on type '{type_name(kinds[0])}'.",
                )

    def show(self, item: DirectoryObject, names: Sequence[str] | None) -> dict[str, Any]:
        """The object with the selected, or else the default, properties."""
        wanted = default_names(type(item)) if names is None else names
        return self.blanked(item, document(item, wanted, self.tenant.instant))

    def blanked(self, item: DirectoryObject, shown: dict[str, Any]) -> dict[str, Any]:
        """The object with nulls for what is withheld from the caller."""
        if isinstance(item, User | Group) and self.faults.reaches(self.call.path):
            shown.update(
                (name, None) for name in self.faults.knobs.blank_properties if name in shown
            )
        return shown

    def show_typed(self, item: User | Group, names: Sequence[str] | None) -> dict[str, Any]:
        """The object as a directoryObject in a mixed list, with its type.

        Without the permission to read it only the type and the id come back, with nulls (Graph,
        "List group members", limited information for inaccessible members).
        """
        answer = {"@odata.type": odata_type(item), **self.show(item, names)}
        needed = "User.Read.All" if isinstance(item, User) else "GroupMember.Read.All"
        if self.permitted(needed):
            return answer
        kept = ("@odata.type", "id")
        return {name: value if name in kept else None for name, value in answer.items()}

    def context(self, entity: str) -> str:
        return f"{self.call.root}/$metadata#{entity}"

    def link(self, **options: str) -> str:
        """The URL of this call with these query options in place of its paging options."""
        query = {
            name: value
            for name, value in self.call.query.items()
            if name not in ("$skiptoken", "$deltatoken")
        }
        query.update({f"${name}": value for name, value in options.items()})
        text = urlencode(query, quote_via=quote, safe="$,'()")
        return f"{self.call.url}?{text}"

    def page(
        self, keys: Sequence[str], row: Row, entity: str, total: Callable[[], int] | None = None
    ) -> dict[str, Any]:
        """One page of a list: rows of the keys after the token's, in order.

        There is no snapshot behind a list: each page is answered as of its own moment.
        """
        knobs, struck = self.faults.knobs, self.faults.reaches(self.call.path)
        size = min(self.call.top(), knobs.page_size or MAX_TOP)
        if struck:
            keys = keys[: int(len(keys) * knobs.kept_share)]
        index = bisect_right(keys, self._after()) if "$skiptoken" in self.call.query else 0
        rows: list[dict[str, Any]] = []
        while index < len(keys) and len(rows) < size:
            found = row(keys[index])
            index += 1
            if found is not None and not self._slips(found):
                rows.append(found)
        if rows and self.faults.strikes("slip", self.call.path):
            del rows[self.faults.random.randrange(len(rows))]
        answer: dict[str, Any] = {"@odata.context": self.context(entity)}
        if self.call.counted and self.call.eventual:
            answer["@odata.count"] = len(keys) if total is None else total()
        answer["value"] = rows
        if index < len(keys) and not self.faults.strikes("truncate", self.call.path):
            state = {"a": keys[index - 1], "e": self.epochs.page}
            answer["@odata.nextLink"] = self._next(state, knobs.pager if struck else "")
        return answer

    def _next(self, state: dict[str, Any], pager: str) -> str:
        """The link to the next page, or to where a broken pager leads."""
        here = token.decode(self.call.query.get("$skiptoken", "")) or {"a": "", "e": state["e"]}
        if pager == "repeat":
            state = {**here, "turn": here.get("turn", 0) + 1}
        if pager == "circle":
            state = here
        link = self.link(skiptoken=token.encode(state))
        if pager == "elsewhere":
            return link.replace(self.call.origin, "https://graph.example", 1)
        return link

    def _slips(self, row: dict[str, Any]) -> bool:
        return self.faults.slips(row["id"], row.get("principalId", ""))

    def _after(self) -> str:
        state = token.decode(self.call.query["$skiptoken"])
        if state is None or state.get("e") != self.epochs.page or "a" not in state:
            raise GraphError(
                400,
                "Directory_ExpiredPageToken",
                "The specified page token value has expired and can no longer be included in "
                "your request.",
            )
        return str(state["a"])
