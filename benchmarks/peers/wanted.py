"""What should be in ZSCloud, as a plain list for those who do not read Graph, and what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from benchmarks.company import circles_of
from benchmarks.servers import Entra, ZSCloud

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


@dataclass(frozen=True, slots=True)
class Person:
    """One user who should be there and active."""

    name: str
    display_name: str
    department: str
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Everybody who should have an active account."""

    people: tuple[Person, ...]

    @property
    def groups(self) -> Mapping[str, frozenset[str]]:
        """User names by the display name of their group."""
        found: dict[str, set[str]] = {}
        for person in self.people:
            for group in person.groups:
                found.setdefault(group, set()).add(person.name)
        return {name: frozenset(members) for name, members in found.items()}


def wanted(users: int, departments: int, circles: int = 0, each: int = 0) -> Wanted:
    """The people of ``benchmarks.company``."""
    people = []
    for n in range(users):
        person = _person(f"user{n}@example.com", f"User {n}", n % (departments or 1))
        others = tuple(f"Circle {circle}" for circle in circles_of(n, circles, each))
        inside = person.groups if departments else ()
        people.append(replace(person, groups=inside + others))
    return Wanted(tuple(people))


def change(entra: Entra, before: Wanted, departments: int) -> Wanted:
    """Renames, dismisses, moves and hires 1 % of the people, in Entra; who should be there then."""
    each = max(1, len(before.people) // 100)
    people = list(before.people)
    for number in range(each):
        people[number] = replace(people[number], display_name="Another Name")
        entra.change("update_user", id=people[number].name, displayName="Another Name")
    for number in range(2 * each, 3 * each):
        old, department = people[number], (number + 1) % departments
        people[number] = _person(old.name, old.display_name, department)
        entra.change("update_user", id=old.name, department=f"Dept {department}")
        entra.change("remove_member", group=old.department, member=old.name)
        entra.change("add_member", group=f"Dept {department}", member=old.name)
    for number in range(each):
        hired = _person(f"hired{number}@example.com", f"Hired {number}", number % departments)
        entra.change(
            "create_user",
            userPrincipalName=hired.name,
            displayName=hired.display_name,
            department=hired.department,
        )
        for group in hired.groups:
            entra.change("add_member", group=group, member=hired.name)
        people.append(hired)
    for leaver in people[each : 2 * each]:
        entra.change("disable", id=leaver.name)
        # Who is dismissed in Entra stays in the groups until somebody takes them out.
        for group in leaver.groups:
            entra.change("remove_member", group=group, member=leaver.name)
    return Wanted(tuple(people[:each] + people[2 * each :]))


def _person(name: str, display_name: str, department: int) -> Person:
    home = f"Dept {department}"
    return Person(name, display_name, home, ("All", home))


@dataclass(frozen=True, slots=True)
class Said:
    """What a peer has to say about failures, and the seconds it took, if it knows better."""

    text: str = ""
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Wrong:
    """How many ``objects`` are not as they should be: accounts that are missing, active without
    reason, or somebody else's and switched off; memberships too many or too few. ``attributes`` are
    accounts whose display name or department is another; ``what`` says both in words.
    """

    objects: int
    attributes: int
    what: str


def wrong(zscloud: ZSCloud, expected: Wanted) -> Wrong:
    """Compares the tenant with what should be there. A group's name may be written as a slug."""
    state = zscloud.objects()
    accounts = {user["userName"].casefold(): user for user in state["users"]}
    people = {person.name.casefold(): person for person in expected.people}
    counts = {
        "accounts missing": sum(not _active(accounts.get(name)) for name in people),
        "accounts active without reason": sum(
            _active(account) and not _is_admin(account)
            for name, account in accounts.items()
            if name not in people
        ),
        "administrators switched off": sum(
            _is_admin(account) and not _active(account) for account in accounts.values()
        ),
        "memberships": _memberships(state, accounts, expected),
    }
    shown = {
        "display names": lambda account, person: account.get("displayName") != person.display_name,
        "departments": lambda account, person: (
            account.get(ENTERPRISE, {}).get("department") != person.department
        ),
    }
    for what, differs in shown.items():
        counts[what] = sum(
            differs(accounts[name], person) for name, person in people.items() if name in accounts
        )
    objects = sum(count for what, count in counts.items() if what not in shown)
    attributes = sum(counts[what] for what in shown)
    said = [f"{what}: {count:,}" for what, count in counts.items() if count]
    return Wrong(objects, attributes, ", ".join(said))


def _active(account: Mapping[str, Any] | None) -> bool:
    """Who was made in the portal has no such attribute until somebody writes it."""
    return account is not None and bool(account.get("active", _is_admin(account)))


def _is_admin(account: Mapping[str, Any]) -> bool:
    return str(account["userName"]).startswith("admin@")


def _memberships(
    state: Mapping[str, Any], accounts: Mapping[str, Mapping[str, Any]], expected: Wanted
) -> int:
    names = {account["id"]: name for name, account in accounts.items()}
    found = {
        _plain(group["displayName"]): frozenset(
            names[member["value"]] for member in group.get("members", ())
        )
        for group in state["groups"]
    }
    return sum(
        len(found.get(_plain(name), frozenset()) ^ {m.casefold() for m in members})
        for name, members in expected.groups.items()
    )


def _plain(name: str) -> str:
    return name.casefold().replace("-", " ")
