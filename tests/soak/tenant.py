"""What people do in Entra, and what an administrator does by hand in ZSCloud."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from typing import Any

from simulator.entra import Tenant
from simulator.zscloud import ZSCloudSimulator
from simulator.zscloud.store import User as Account
from tests.soak.script import Setting

_TEAMS, _TEAM = 1000, 12
"""Where the numbers of teams and of their people begin; people in one."""


class People:
    """The tenant by numbers. What cannot be done raises ``LookupError`` or ``ValueError``."""

    def __init__(self, setting: Setting) -> None:
        self.tenant = Tenant.empty()
        self.users: dict[int, str] = {}
        self.groups: dict[int, str] = {}
        for number in range(setting.users):
            self.hire(n=number, mark=number)
        for number in range(setting.groups):
            first = number * 5 % setting.users
            self.new_group(g=number, mark=number, assigned=number < setting.groups - 1)
            for other in range(first, first + 9):
                self.join(g=number, n=other % setting.users)
        for number in range(0, setting.users, 4):
            self.assign_user(n=number)

    def do(self, kind: str, args: dict[str, Any]) -> bool:
        """Does something, if it can be done."""
        act: Callable[..., Any] = getattr(self, kind)
        try:
            act(**args)
        except (LookupError, ValueError):
            return False
        return True

    def hire(self, n: int, mark: int) -> None:
        if n in self.users:
            raise ValueError
        name = f"user{n}.{mark}@example.com"
        self.users[n] = self.tenant.add_user(name, displayName=f"User {n}", department="Sales")

    def new_group(self, g: int, mark: int, *, assigned: bool = True) -> None:
        if g in self.groups:
            raise ValueError
        self.groups[g] = self.tenant.add_group(f"Group {g} {mark}")
        if assigned:
            self.assign_group(g)

    def join(self, g: int, n: int) -> None:
        self._living(n)
        self.tenant.add_member(self.groups[g], self.users[n])

    def leave(self, g: int, n: int) -> None:
        self._living(n)
        self.tenant.remove_member(self.groups[g], self.users[n])

    def nest(self, g: int, h: int) -> None:
        self.tenant.add_member(self.groups[g], self.groups[h])

    def unnest(self, g: int, h: int) -> None:
        self.tenant.remove_member(self.groups[g], self.groups[h])

    def assign_user(self, n: int) -> None:
        self.tenant.assign(self.users[n], "User")

    def unassign_user(self, n: int) -> None:
        self.tenant.unassign(self.users[n])

    def assign_group(self, g: int) -> None:
        self.tenant.assign(self.groups[g], "User")

    def unassign_group(self, g: int) -> None:
        self.tenant.unassign(self.groups[g])

    def disable(self, n: int) -> None:
        self._living(n)
        self.tenant.disable(self.users[n])

    def enable(self, n: int) -> None:
        self._living(n)
        self.tenant.enable(self.users[n])

    def delete(self, n: int) -> None:
        self.tenant.delete(self.users[n])

    def restore(self, n: int) -> None:
        self.tenant.restore(self.users[n])

    def purge(self, n: int) -> None:
        if self.tenant.users.current()[self.users[n]].deleted is None:
            raise ValueError
        self.tenant.purge(self.users[n])

    def attribute(self, n: int, value: str, mark: int) -> None:
        self._living(n)
        changed = {"department": value or None}
        if mark % 3 == 0:
            changed["displayName"] = f"User {n} {mark}"
        self.tenant.update_user(self.users[n], **changed)

    def rename(self, n: int, mark: int) -> None:
        self._living(n)
        name = f"user{n}.{mark}@example.com"
        self.tenant.update_user(self.users[n], userPrincipalName=name)

    def swap(self, n: int, m: int) -> None:
        if n == m:
            raise ValueError
        one, two = self._living(n), self._living(m)
        first, second = one.user_principal_name, two.user_principal_name
        self.tenant.update_user(one.id, userPrincipalName=f"spare.{one.id}@example.com")
        self.tenant.update_user(two.id, userPrincipalName=first)
        self.tenant.update_user(one.id, userPrincipalName=second)

    def crowd(self, value: str) -> None:
        """All people go to one department."""
        for n, id in self.users.items():
            if id in self.tenant.users.current():
                self.do("attribute", {"n": n, "value": value, "mark": 1})

    def team(self, mark: int) -> None:
        """A new group comes with as many new people."""
        self.new_group(g=_TEAMS + mark, mark=mark, assigned=False)
        for n in range(_TEAMS + mark * _TEAM, _TEAMS + (mark + 1) * _TEAM):
            self.hire(n=n, mark=mark)
            self.join(g=_TEAMS + mark, n=n)
        self.assign_group(_TEAMS + mark)

    def team_goes(self, mark: int) -> None:
        """It is assigned no more."""
        self.unassign_group(_TEAMS + mark)

    def rename_group(self, g: int, mark: int) -> None:
        self.tenant.update_group(self.groups[g], displayName=f"Group {g} {mark}")

    def delete_group(self, g: int) -> None:
        self.tenant.delete_group(self.groups[g])

    def _living(self, n: int) -> Any:
        user = self.tenant.users.current()[self.users[n]]
        if user.deleted is not None:
            raise ValueError
        return user


class Portal:
    """Edits by hand. ``local`` are objects that an administrator made, as they are to stay;
    ``touched`` are principals whose objects were edited, and pairs of group and user. ``edits`` are
    values, by principal and attribute; ``yielding`` those of them that what Entra has may be
    written over; ``switched`` are accounts that were switched on or off. ``away`` is how much was
    taken away of each kind: as long as no reconcile finds that, it counts as provisioned.
    """

    def __init__(self, zscloud: ZSCloudSimulator, people: People) -> None:
        self._zscloud = zscloud
        self._people = people
        self.local: dict[str, Account] = {}
        self.touched: set[str | tuple[str, str]] = set()
        self.edits: dict[tuple[str, str], str] = {}
        self.yielding: set[tuple[str, str]] = set()
        self.switched: set[str] = set()
        self.away: Counter[str] = Counter()

    def do(self, kind: str, args: dict[str, Any]) -> bool:
        """Does something, if it can be done."""
        act: Callable[..., Any] = getattr(self, kind)
        try:
            act(**args)
        except (LookupError, ValueError):
            return False
        return True

    def hand_attribute(self, n: int, value: str, mark: int) -> None:
        account = self._account(n)
        self.touched.add(account.external_id)
        name = "displayName" if mark % 2 else "department"
        attribute = "display_name" if mark % 2 else "department"
        key = (account.external_id, attribute)
        if key not in self.edits and self._waits(account, attribute):
            self.yielding.add(key)
        self._zscloud.edit_user(account.id, **{name: f"By hand {mark}"})
        self.edits[key] = f"By hand {mark}"

    def _waits(self, account: Account, attribute: str) -> bool:
        """Whether Entra has another value since, which was not sent yet: as long as somebody's
        account is off, nothing but that is written. A change in Entra is written over what is
        edited (configuration: edits by hand).
        """
        user = self._people.tenant.users.current().get(account.external_id)
        value = None if user is None else getattr(user, attribute)
        return user is not None and (getattr(account, attribute) or "") != (value or "")

    def taken(self, scim_id: str) -> None:
        """All that an account shows was taken for the record: so were its edits."""
        account = self._zscloud.users.by_id(scim_id)
        if account is not None:
            self.yielding |= {key for key in self.edits if key[0] == account.external_id}

    def hand_disable(self, n: int) -> None:
        account = self._account(n)
        self.touched.add(account.external_id)
        self.switched.add(account.external_id)
        self.away["users"] += bool(account.active)
        self._zscloud.edit_user(account.id, active=not account.active)

    def hand_delete(self, n: int) -> None:
        account = self._account(n)
        self.touched.add(account.external_id)
        groups = self._zscloud.store.groups.values()
        self.away["users"] += bool(account.active)
        self.away["memberships"] += sum(account.id in group.members for group in groups)
        self.away["deletions"] += 1
        self._zscloud.delete_user(account.id)
        self.forget_edits({account.external_id})

    def forget_edits(self, ids: Collection[str]) -> None:
        """What was edited of somebody need not stay as it is any more."""
        for key in [key for key in self.edits if key[0] in ids]:
            self.forget_edit(key)

    def forget_edit(self, key: tuple[str, str]) -> None:
        """The same of one attribute."""
        del self.edits[key]
        self.yielding.discard(key)

    def undone(self, in_entra: Mapping[str, Mapping[str, str]]) -> list[str]:
        """Edits that are undone and were to stay: what has given way to Entra is forgotten."""
        wrong: list[str] = []
        for (id, name), value in list(self.edits.items()):
            for account in self._zscloud.users.by_external_id(id):
                found = getattr(account, name) or ""
                if found == value:
                    continue
                if (id, name) in self.yielding and found == in_entra.get(id, {}).get(name):
                    self.forget_edit((id, name))
                else:
                    wrong.append(f"{account.user_name}.{name}, edited by hand, is undone")
        return wrong

    def hand_member_add(self, g: int, n: int) -> None:
        account, group = self._account(n), self._group(g)
        self.touched.add((group.external_id, account.external_id))
        self._zscloud.edit_members(group.id, add=(account.id,))

    def hand_member_remove(self, g: int, n: int) -> None:
        account, group = self._account(n), self._group(g)
        self.touched.add((group.external_id, account.external_id))
        self.away["memberships"] += account.id in group.members
        self._zscloud.edit_members(group.id, remove=(account.id,))

    def hand_local(self, mark: int) -> None:
        if self._zscloud.users.by_user_name(f"local{mark}@example.com") is not None:
            raise ValueError
        made = self._zscloud.create_user(
            userName=f"local{mark}@example.com", displayName=f"Local {mark}", department="Hand"
        )
        self.local[made.id] = made

    def hand_local_joins(self, g: int) -> None:
        group = self._group(g)
        for id in self.local:
            self._zscloud.edit_members(group.id, add=(id,))

    def _account(self, n: int) -> Any:
        (found,) = self._zscloud.users.by_external_id(self._people.users[n]) or (None,)
        if found is None:
            raise LookupError
        return found

    def _group(self, g: int) -> Any:
        (found,) = self._zscloud.groups.by_external_id(self._people.groups[g]) or (None,)
        if found is None:
            raise LookupError
        return found
