"""The company that is provisioned: departments of their own groups, and one group of all."""

from __future__ import annotations

from simulator.entra import Tenant

EVERYONE = 100_000
"""Members that the group of all has at most: the largest group that is promised to work."""


def company(
    users: int, departments: int, strangers: int = 0, circles: int = 0, each: int = 0
) -> Tenant:
    """Users in a group a department and in one group of all, every group assigned. Without
    departments every user is assigned by itself, and there is no group.

    ``strangers`` are further users of the tenant in a group that nothing assigns. ``circles`` are
    further assigned groups, and every user is in ``each`` of them.
    """
    tenant = Tenant.empty()
    people = [
        tenant.add_user(
            f"user{n}@example.com",
            displayName=f"User {n}",
            department=f"Dept {n % (departments or 1)}",
        )
        for n in range(users)
    ]
    if departments:
        tenant.assign(tenant.add_group("All", people[:EVERYONE]), "User")
    else:
        for person in people:
            tenant.assign(person, "User")
    for number in range(departments):
        group = tenant.add_group(f"Dept {number}", people[number::departments])
        tenant.assign(group, "User")
    inside: dict[int, list[str]] = {}
    for number, person in enumerate(people):
        for circle in circles_of(number, circles, each):
            inside.setdefault(circle, []).append(person)
    for circle, members in inside.items():
        tenant.assign(tenant.add_group(f"Circle {circle}", members), "User")
    others = [
        tenant.add_user(f"stranger{n}@example.com", displayName=f"Stranger {n}")
        for n in range(strangers)
    ]
    if others:
        tenant.add_group("Strangers", others)
    return tenant


def departments_of(users: int) -> int:
    """Groups of about a thousand, as large companies have."""
    return max(5, users // 1000)


def circles_of(number: int, circles: int, each: int) -> list[int]:
    """The circles that a user is in: neighbours, so that all have the same size."""
    return [(number * each + step) % circles for step in range(each)]
