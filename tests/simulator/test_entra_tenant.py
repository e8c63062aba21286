"""The tenant itself: generation, the journal, reads as of an earlier moment, the oracle."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.entra import DEFAULT_ACCESS, Tenant, generate
from simulator.entra.history import Versioned
from tests.simulator.entra_caller import StillClock
from tests.thoroughness import examples


def test_the_same_seed_gives_the_same_tenant() -> None:
    one, same, other = generate(4, 60, 8), generate(4, 60, 8), generate(5, 60, 8)
    assert one.users.current() == same.users.current()
    assert one.assignments.current() == same.assignments.current()
    assert one.users.current() != other.users.current()


def test_a_generated_tenant_has_every_kind_of_object() -> None:
    tenant = generate(1, 300, 8, largest_group=200)
    users = list(tenant.users.current().values())
    sizes = [len(members) for members in tenant.members.values()]
    assert any("#EXT#@example.com" in user.user_principal_name for user in users)
    assert any(not user.account_enabled for user in users)
    assert any(user.manager_id for user in users)
    assert max(sizes) == 200
    assert min(sizes) == 0
    a, b = list(tenant.groups.current())[4:6]
    assert b in tenant.members[a]
    assert a in tenant.members[b]
    roles = {row.app_role_id for row in tenant.assignments.current().values()}
    assert DEFAULT_ACCESS in roles
    assert len(roles) == 3


def test_a_large_tenant_takes_seconds() -> None:
    began = time.process_time()
    users = examples(40_000, 200_000)
    tenant = generate(1, users, 4, largest_group=users // 2)
    assert len(tenant.users.keys(0)) == users
    assert max(len(members) for members in tenant.members.values()) == users // 2
    assert time.process_time() - began < users / 10_000


def test_what_was_there_is_a_day_old_and_what_comes_is_dated_now() -> None:
    tenant = Tenant.empty()
    old = tenant.add_user("old@example.com")
    tenant.open(StillClock())
    new = tenant.add_user("new@example.com")
    instants = [tenant.instant(tenant.users.current()[id].created) for id in (old, new)]
    assert instants == ["2027-01-14T08:00:00Z", "2027-01-15T08:00:00Z"]
    assert [change.object_id for change in tenant.journal.changes] == [new]


def test_a_tenant_cannot_change_clocks() -> None:
    tenant = Tenant.empty()
    clock = StillClock()
    tenant.open(clock)
    tenant.open(clock)
    with pytest.raises(ValueError, match="another clock"):
        tenant.open(StillClock())


def test_entra_refuses_what_contradicts_itself() -> None:
    tenant = Tenant.empty()
    user = tenant.add_user("ann@example.com")
    group = tenant.add_group("Staff", [user])
    tenant.assign(user)
    with pytest.raises(ValueError, match="userPrincipalName"):
        tenant.add_user("ANN@example.com")
    with pytest.raises(ValueError, match="already exist"):
        tenant.add_member(group, user)
    with pytest.raises(ValueError, match="already exists"):
        tenant.assign(user)
    with pytest.raises(ValueError, match="cannot be set"):
        tenant.update_user(user, shoeSize=43)
    with pytest.raises(LookupError):
        tenant.assign(user, "No such role")
    with pytest.raises(LookupError):
        tenant.unassign(group)
    with pytest.raises(LookupError):
        tenant.remove_member(group, group)
    with pytest.raises(LookupError):
        tenant.disable("nobody")
    with pytest.raises(ValueError, match="not deleted"):
        tenant.restore(user)
    tenant.delete(user)
    with pytest.raises(LookupError):
        tenant.assign(user, "msiam_access")


def test_an_equal_value_is_no_change() -> None:
    tenant = Tenant.empty()
    user = tenant.add_user("ann@example.com", department="Sales", city="Ulm")
    tenant.open(StillClock())
    tenant.update_user(user, department="Sales", city="Ulm")
    tenant.move(user, "Legal")
    (change,) = tenant.journal.changes
    assert change.properties == {"department"}


def test_purging_takes_assignments_memberships_and_reports_along() -> None:
    tenant = Tenant.empty()
    boss = tenant.add_user("boss@example.com")
    report = tenant.add_user("report@example.com", manager=boss)
    group = tenant.add_group("Staff", [boss, report])
    outer = tenant.add_group("All", [group])
    tenant.assign(boss)
    tenant.assign(group)
    tenant.open(StillClock())
    tenant.purge(boss)
    tenant.delete_group(group)
    assert not tenant.assignments.current()
    assert not tenant.members[outer].current()
    user = tenant.users.get(report)
    assert user is not None
    assert user.manager_id is None


def test_the_oracle_counts_direct_members_of_living_principals() -> None:
    tenant = Tenant.empty()
    direct, member, inner, loose, gone = (tenant.add_user(f"{n}@example.com") for n in "abcde")
    nested = tenant.add_group("Inner", [inner])
    group = tenant.add_group("Outer", [member, nested, gone])
    tenant.add_member(nested, group)
    tenant.assign(direct)
    tenant.assign(group)
    tenant.assign(loose, DEFAULT_ACCESS)
    tenant.delete(gone)
    assert tenant.effective_users() == {direct, member}
    assert tenant.effective_users(nested=True) == {direct, member, inner}
    assert tenant.effective_users(default_access=True) == {direct, member, loose}
    assert tenant.effective_groups() == {group}
    tenant.restore(gone)
    assert gone in tenant.effective_users()
    tenant.delete_group(group, soft=True)
    assert tenant.effective_users() == {direct}
    assert tenant.effective_groups() == set()


@settings(max_examples=examples(30, 80), deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abcd"), st.none() | st.integers(0, 3)), max_size=30))
def test_a_read_as_of_a_position_is_what_was_there_then(
    writes: list[tuple[str, int | None]],
) -> None:
    kept: Versioned[int] = Versioned()
    kept.put("a", 7, 0)
    states = [{"a": 7}]
    for sequence, (key, value) in enumerate(writes, start=1):
        kept.put(key, value, sequence)
        state = dict(states[-1])
        state.pop(key, None)
        states.append(state if value is None else {**state, key: value})
        if sequence % 3 == 0:
            assert list(kept.keys(sequence)) == sorted(states[-1])
    for position, state in enumerate(states):
        assert list(kept.keys(position)) == sorted(state)
        assert {key: kept.get(key, position) for key in kept.keys(position)} == state
    assert len(kept) == len(states[-1])
    assert ("a" in kept) == ("a" in states[-1])
