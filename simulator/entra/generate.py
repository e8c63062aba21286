"""A tenant of a wanted size, the same for the same seed."""

from __future__ import annotations

from .model import DEFAULT_ACCESS
from .tenant import Tenant


def _words(text: str) -> list[str]:
    return text.split()


_GIVEN = _words(
    "Ada Amir Anna Bea Carl Chen Dana Elif Emre Eva Femi Finn Gita Hana Ida Ivan Jana Joao Kai Lea "
    "Lars Mai Mara Nils Noor Olga Omar Pia Ravi Rosa Sami Sara Tariq Uma Vera Yuki Zoe Zoltán Åsa"
)
_SURNAMES = _words(
    "Adler Bauer Berg Costa Diaz Duran Egger Farah Fischer Garcia Haas Ito Jansen Kaya Keller Khan "
    "Lang Lopez Meyer Moreau Nagy Novak O'Neill Olsen Patel Peters Rossi Sato Schmidt Silva Singh "
    "Suzuki Tanaka Vogel Weber Wolf Yilmaz Zhang Müller Østergård"
)
_DEPARTMENTS = _words("Finance Sales Engineering Support Legal Marketing Operations Research")
_TITLES = _words("Analyst Engineer Manager Assistant Director Consultant Specialist")


def generate(
    seed: int = 0,
    users: int = 200,
    groups: int = 12,
    *,
    group_size: int = 12,
    largest_group: int = 0,
    guests: float = 0.05,
    disabled: float = 0.03,
    assigned_users: int = 20,
    assigned_groups: int = 4,
    default_access: int = 2,
    domain: str = "example.com",
) -> Tenant:
    """A tenant with users, guests and groups, and assignments of some of them.

    ``guests`` and ``disabled`` are shares of the users. Of the groups one is empty, one contains
    another, two contain each other (from six groups on), one has ``largest_group`` members, and
    the others about ``group_size``. ``default_access`` users are assigned without a role.
    """
    tenant = Tenant.empty(seed, domain)
    people: list[str] = []
    for _ in range(users):
        people.append(_add_person(tenant, people, guests, disabled))
    made = _add_groups(tenant, people, groups, group_size, largest_group)
    for group_id in made[:assigned_groups]:
        tenant.assign(group_id, "User")
    chosen = tenant.random.sample(people, min(users, assigned_users + default_access))
    for number, user_id in enumerate(chosen):
        if number >= assigned_users:
            tenant.assign(user_id, DEFAULT_ACCESS)
        else:
            tenant.assign(user_id, "msiam_access" if number % 5 == 0 else "User")
    return tenant


def _add_person(tenant: Tenant, people: list[str], guests: float, disabled: float) -> str:
    """Add one user who reports to one of the earlier ones; every tenth reports to nobody."""
    pick = tenant.random
    number = len(people)
    given, surname = pick.choice(_GIVEN), pick.choice(_SURNAMES)
    alias = f"user{number:06d}"
    guest = pick.random() < guests
    if guest:
        name = f"{alias}_partner.example.org#EXT#@{tenant.domain}"
        mail = f"{alias}@partner.example.org"
    else:
        name = mail = f"{alias}@{tenant.domain}"
    return tenant.add_user(
        name,
        displayName=f"{given} {surname}",
        givenName=given,
        surname=surname,
        mail=mail,
        mailNickname=name.split("@")[0],
        department=pick.choice(_DEPARTMENTS),
        jobTitle=pick.choice(_TITLES),
        employeeId=None if guest else f"E{number:06d}",
        accountEnabled=pick.random() >= disabled,
        userType="Guest" if guest else "Member",
        manager=people[number // 10] if number % 10 else None,
    )


def _add_groups(
    tenant: Tenant, people: list[str], groups: int, group_size: int, largest_group: int
) -> list[str]:
    """Group 0 is ordinary, then the large, the empty, the nesting, and the two in a ring."""
    pick = tenant.random
    made: list[str] = []
    for number in range(groups):
        size = largest_group if number == 1 and largest_group else group_size
        size = 0 if number == 2 else min(size, len(people))
        members = pick.sample(people, size)
        made.append(
            tenant.add_group(f"Group {number:04d}", members, mailNickname=f"group{number:04d}")
        )
    if groups > 3:
        tenant.add_member(made[3], made[0])
    if groups > 5:
        tenant.add_member(made[4], made[5])
        tenant.add_member(made[5], made[4])
    return made
