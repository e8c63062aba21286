"""Why somebody is, or is not, there: each story says why, and what to do. Nothing is changed."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from provisioning.errors import InvalidRequest
from provisioning.lease import held
from provisioning.mapping import CompiledSchema
from provisioning.record import CycleStatus
from tests.mapping.schemas import attribute, clause, compiled, expression
from tests.scenarios.simulation import simulate
from tests.scenarios.steps import (
    SETTLE,
    account,
    default_access_only,
    everybody,
    group,
    nested,
    office,
    provisioned,
    user,
)
from tests.scenarios.test_dry_run import snapshot
from tests.scenarios.test_filters import departments, filtered
from tests.scenarios.world import World


async def told(world: World, principal: str) -> Any:
    """The explanation, which must write nothing to the store and nothing to ZSCloud."""
    before, sent = snapshot(world), len(world.writes())
    document = await world.explain(principal)
    assert snapshot(world) == before
    assert len(world.writes()) == sent
    assert [step["name"] for step in document["steps"]] == [
        *("import", "scope", "match", "action", "export")
    ]
    return document


def statuses(document: Any) -> list[str]:
    return [step["status"] for step in document["steps"]]


def step(document: Any, name: str) -> Any:
    return next(each for each in document["steps"] if each["name"] == name)


def outcomes(document: Any) -> dict[str, str]:
    return {each["name"].rpartition(":")[2]: each["outcome"] for each in document["attributes"]}


def named(number: int) -> str:
    return f"user{number}@example.com"


def test_in_scope_directly_and_nothing_differs() -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        document = await told(world, user(world, 7).upper())
        assert document["verdict"] == (
            "User 7 is in scope (assigned directly to the application), has an account, and "
            "nothing differs."
        )
        assert document["principal"] == {"id": user(world, 7), "type": "user", "name": "User 7"}
        assert statuses(document) == ["success"] * 3 + ["skipped"] * 2
        assert document["would_send"] == document["changes"] == ()
        assert [path["sentence"] for path in document["paths"]] == [
            "Assigned directly, app role 'User'."
        ]
        link = step(document, "match")["facts"]["link"]
        assert (link["scim_id"], link["origin"]) == (account(world, 7).id, "created")
        assert set(outcomes(document).values()) == {"equal", "empty"}
        (name,) = (each for each in document["attributes"] if each["name"] == "displayName")
        assert name["source"] == {"displayName": "User 7"}
        assert name["value"] == name["recorded"] == name["live"] == "User 7"

    simulate(story, tenant=office)


def test_by_a_nested_group_the_path_is_named() -> None:
    async def story(world: World) -> None:
        await world.cycle()
        document = await told(world, named(3))
        assert document["paths"][0]["groups"] == ("Inner", "Outer")
        assert "'Inner' in 'Outer'" in document["verdict"]

    simulate(story, tenant=nested, NESTED_GROUPS="transitive")


def test_a_group_within_a_group_brings_nobody_in_by_default() -> None:
    """The usual surprise: it is named, and the setting that changes it."""

    async def story(world: World) -> None:
        await world.cycle()
        document = await told(world, named(3))
        remedy = step(document, "scope")["remedy"]
        assert "'Outer'" in remedy
        assert "NESTED_GROUPS=transitive" in remedy

    simulate(story, tenant=nested)


def test_filtered_out_the_clause_is_named() -> None:
    schema = filtered("User", clause("department", "EQUALS", "Sales"))

    async def story(world: World) -> None:
        await world.cycle()
        document = await told(world, named(1))
        assert "department EQUALS Sales: is 'Legal'" in document["verdict"]
        assert "PROVISIONING_SCHEMA" in step(document, "scope")["remedy"]
        (one,) = document["filter"][0]["clauses"]
        assert (one["seen"], one["outcome"], one["because_null"]) == ("Legal", "failed", False)
        passed = await told(world, named(0))
        assert passed["filter"][0]["outcome"] == "passed"

    simulate(story, tenant=departments, schema=schema)


def test_filtered_out_for_want_of_a_value() -> None:
    schema = filtered("User", clause("department", "NOT EQUALS", "Legal"))

    async def story(world: World) -> None:
        world.tenant.update_user(user(world, 0), department=None)
        await world.cycle()
        document = await told(world, named(0))
        assert document["filter"][0]["clauses"][0]["because_null"]
        assert "has no value" in step(document, "scope")["detail"]
        assert "IS NULL" in step(document, "scope")["remedy"]

    simulate(story, tenant=departments, schema=schema)


def test_disabled_in_entra() -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        world.tenant.disable(user(world, 1))
        document = await told(world, named(1))
        assert "differs in accountEnabled" in step(document, "import")["detail"]
        assert step(document, "scope")["facts"]["setting"] == "ON_DISABLE"
        assert "Enable the account" in step(document, "scope")["remedy"]
        assert [change["action"] for change in document["changes"]] == ["disable"]
        (request,) = document["would_send"]
        assert request["method"] == "PATCH"
        assert request["path"] == f"/Users/{account(world, 1).id}"
        assert request["body"]["Operations"] == [
            {"op": "replace", "path": "active", "value": False}
        ]
        await world.cycle()
        settled = await told(world, named(1))
        assert "has a disabled account, and nothing is to be done" in settled["verdict"]

    simulate(story, tenant=office)


@pytest.mark.parametrize("purged", [False, True])
def test_deleted_in_entra(*, purged: bool) -> None:
    """By the name of the account it is found even if Entra does not show it any more."""

    async def story(world: World) -> None:
        await provisioned(world)
        id = user(world, 1)
        world.tenant.delete(id)
        if purged:
            world.tenant.purge(id)
        document = await told(world, named(1))
        reason = step(document, "scope")["facts"]["reason"]
        assert reason == ("Deleted" if purged else "SoftDeleted")
        assert [change["action"] for change in document["changes"]] == ["disable"]
        assert (await told(world, id))["verdict"] == document["verdict"]

    simulate(story, tenant=office)


def test_default_access_only() -> None:
    async def story(world: World) -> None:
        document = await told(world, named(1))
        assert "Default Access only" in step(document, "scope")["detail"]
        assert "DEFAULT_ACCESS=include" in step(document, "scope")["remedy"]
        assert document["paths"][0]["role"] == "Default Access"
        assert document["paths"][0]["counts"] is False
        assert step(document, "import")["status"] == "failure"  # nobody at all would be in scope

    simulate(story, tenant=default_access_only)


def test_no_value_to_match_by() -> None:
    def change(export: dict[str, Any]) -> None:
        attribute(export, "userName")["source"] = {
            **expression("[mail]"), "type": "Attribute", "name": "mail", "expression": "[mail]"
        }  # fmt: skip

    async def story(world: World) -> None:
        document = await told(world, named(7))
        match = step(document, "match")
        assert (match["status"], step(document, "action")["status"]) == ("failure", "failure")
        assert "no matching value" in match["detail"]
        assert match["remedy"]
        assert outcomes(document)["userName"] == "unfit"
        assert document["would_send"] == ()

    simulate(story, tenant=office, schema=_schema(change))


def test_a_user_name_that_does_not_fit_is_in_escrow() -> None:
    """The problem and its remedy, and when it is tried again."""

    async def story(world: World) -> None:
        id = user(world, 7)
        world.tenant.update_user(id, userPrincipalName=f"{'x' * 130}@example.com")
        record = await world.cycle()
        assert record.status is CycleStatus.COMPLETED_WITH_ERRORS
        document = await told(world, id)
        assert "cannot be provisioned" in document["verdict"]
        (name,) = (each for each in document["attributes"] if each["name"] == "userName")
        assert name["outcome"] == "unfit"
        assert "at most 127" in name["problem"]
        assert name["remedy"]
        export = step(document, "export")
        assert export["status"] == "failure"
        assert "In escrow" in export["detail"]
        (entry,) = export["facts"]["escrow"]
        assert (entry["tries"], entry["error_code"]) == (1, "MandatoryFieldsMissing")
        assert entry["next_try"] > entry["since"]

    simulate(story, tenant=office)


def test_what_zscloud_refuses_waits_in_escrow_with_its_request() -> None:
    async def story(world: World) -> None:
        world.tenant.update_user(user(world, 7), userPrincipalName="user7@elsewhere.example")
        await world.cycle()
        document = await told(world, "user7@elsewhere.example")
        assert document["would_send"][0]["method"] == "POST"
        assert step(document, "export")["status"] == "failure"
        assert "is not registered" in step(document, "export")["detail"]
        assert "In escrow" in document["verdict"] or "in escrow" in document["verdict"]

    simulate(story, tenant=office)


def test_the_name_is_that_of_another_principal() -> None:
    """Both are named: the one who asks, and the one who has it."""
    mail = expression("[mail]")

    def change(export: dict[str, Any]) -> None:
        attribute(export, "userName")["source"] = {**mail, "type": "Attribute", "name": "mail"}

    async def story(world: World) -> None:
        world.tenant.update_user(user(world, 7), mail="same@example.com")
        await world.on_demand(user(world, 7))
        world.tenant.update_user(user(world, 8), mail="same@example.com")
        document = await told(world, named(8))
        match = step(document, "match")
        assert match["status"] == "failure"
        assert user(world, 7) in match["detail"]
        assert user(world, 8) in match["detail"]
        assert "rename one of them" in match["remedy"]
        assert document["would_send"] == ()
        assert step(document, "export")["status"] == "skipped"

    simulate(story, tenant=office, schema=_schema(change))


def test_two_objects_of_one_name() -> None:
    async def story(world: World) -> None:
        for name in ("Sales", "Sales too"):
            world.zscloud.create_group(displayName=name)
        world.zscloud.edit_group("Sales too", displayName="Sales")
        document = await told(world, "Sales")
        match = step(document, "match")
        assert match["status"] == "failure"
        assert "2 objects have that name" in match["detail"]
        assert len(match["facts"]["found"]) == 2
        assert "portal" in match["remedy"]

    simulate(story, tenant=office)


def test_an_object_that_exists_would_be_linked() -> None:
    async def story(world: World) -> None:
        world.zscloud.create_user(userName=named(7), displayName="Made by hand", department="Sales")
        document = await told(world, named(7))
        assert "would be linked, not created again" in step(document, "match")["detail"]
        assert outcomes(document)["displayName"] == "written"
        assert [change["action"] for change in document["changes"]] == ["update"]

    simulate(story, tenant=office)


def test_held_by_the_brake() -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        for number in range(20):
            world.tenant.disable(user(world, number))
        assert (await world.cycle()).status is CycleStatus.HELD
        document = await told(world, named(1))
        export = step(document, "export")
        assert export["status"] == "waiting"
        assert "Held by the brake since" in export["detail"]
        assert "held approve" in export["remedy"]
        assert export["facts"]["held"]["reason"]
        assert "waits: held by the brake" in document["verdict"]
        assert [change["action"] for change in document["changes"]] == ["disable"]

    simulate(story, tenant=everybody(30))


def test_unassigned_and_disabled_already() -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        world.tenant.unassign(user(world, 7))
        await world.cycle()
        document = await told(world, named(7))
        assert "disabled already" in step(document, "action")["detail"]
        assert "assign the user" in step(document, "scope")["remedy"]
        assert step(document, "scope")["facts"]["setting"] == "ON_UNASSIGN"
        assert outcomes(document)["active"] == "equal"

    simulate(story, tenant=office)


def test_a_setting_that_leaves_the_account() -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        world.tenant.unassign(user(world, 7))
        await world.cycle()
        document = await told(world, named(7))
        assert "ON_UNASSIGN=none leaves it" in document["verdict"]
        assert "ON_UNASSIGN" in step(document, "action")["remedy"]

    simulate(story, tenant=office, ON_UNASSIGN="none")


def test_an_assignment_that_is_too_young_to_be_gone() -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        world.tenant.assign(user(world, 9), "User")
        await world.cycle()
        world.tenant.unassign(user(world, 9))
        document = await told(world, named(9))
        assert "too young to be believed gone" in step(document, "scope")["detail"]
        assert step(document, "export")["status"] == "waiting"
        assert step(document, "export")["facts"]["removal_due"]

    simulate(story, tenant=office)


def test_a_group_with_members_that_come_and_go() -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        world.tenant.add_member(group(world, "Sales"), user(world, 7))
        world.tenant.remove_member(group(world, "Sales"), user(world, 0))
        document = await told(world, "Sales")
        assert document["members"]["add"] == {"count": 1, "names": (named(7),)}
        assert document["members"]["remove"] == {"count": 1, "names": (named(0),)}
        assert step(document, "action")["detail"] == "Add 1 member and take out 1 member."
        assert [request["method"] for request in document["would_send"]] == ["PATCH", "PATCH"]

    simulate(story, tenant=office)


def test_members_who_leave_by_a_put_of_the_whole_group() -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        world.tenant.remove_member(group(world, "Sales"), user(world, 0))
        (request,) = (await told(world, "Sales"))["would_send"]
        assert request["method"] == "PUT"
        assert account(world, 0).id not in str(request["body"]["members"])
        assert len(request["body"]["members"]) == 4

    simulate(story, tenant=office, ZSCLOUD_MEMBER_REMOVAL="put")


def test_many_members_are_counted_and_twenty_are_named() -> None:
    async def story(world: World) -> None:
        for number in range(30):
            await world.on_demand(named(number))
        document = await told(world, "Everybody")
        group_create = document["would_send"][0]
        assert len(group_create["body"]["members"]) == 30
        assert document["members"]["add"]["count"] == 30
        assert len(document["members"]["add"]["names"]) == 20

    simulate(story, tenant=everybody(30))


def test_nobody_and_several() -> None:
    async def story(world: World) -> None:
        with pytest.raises(InvalidRequest, match="no user or group"):
            await world.explain("nobody@example.com")
        twin = world.tenant.add_group("Sales", [])
        with pytest.raises(InvalidRequest, match="2 principals are called 'Sales'") as caught:
            await world.explain("Sales")
        assert twin in str(caught.value)

    simulate(story, tenant=office)


def test_protected() -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        world.environ["PROTECTED"] = "user7@*"
        world.tenant.update_user(user(world, 7), department="Legal")
        document = await told(world, named(7))
        assert step(document, "match")["facts"]["protected"] is True
        assert "is protected" in step(document, "action")["detail"]
        assert "PROTECTED" in step(document, "action")["remedy"]
        assert outcomes(document)["department"] == "not_sent"
        assert document["would_send"] == ()

    simulate(story, tenant=office)


def test_a_protected_group_is_left_alone() -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        world.environ["PROTECTED"] = "Sales"
        world.tenant.add_member(group(world, "Sales"), user(world, 7))
        document = await told(world, "Sales")
        assert "the group 'Sales' is protected" in document["verdict"]
        assert "PROTECTED" in step(document, "action")["remedy"]
        assert document["would_send"] == ()

    simulate(story, tenant=office)


def test_provisioning_is_off() -> None:
    async def story(world: World) -> None:
        document = await told(world, named(7))
        export = step(document, "export")
        assert (export["status"], export["facts"]["off"]) == ("waiting", True)
        assert "PROVISIONING_STATUS=on" in export["remedy"]

    simulate(story, tenant=office, PROVISIONING_STATUS="off")


def test_what_is_filed_already_waits_in_its_lane() -> None:
    """A cycle that was cut after its reading leaves work behind."""

    async def story(world: World) -> None:
        await provisioned(world)
        for number in range(5):
            world.tenant.disable(user(world, number))
        await world.cycle(budget=0.0)
        left = [number for number in range(5) if account(world, number).active]
        export = step(await told(world, named(left[0])), "export")
        assert export["status"] == "waiting"
        assert "waits in lane 1 (leavers)" in export["detail"]
        assert [each["lane"] for each in export["facts"]["lanes"]] == [1]

    simulate(story, tenant=office, rate=5, DELETION_THRESHOLD_PERCENT="100")


def test_the_job_is_in_quarantine() -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        world.tenant.disable(user(world, 1))
        right, world.token = world.token, "wrong"
        assert (await world.cycle()).status is CycleStatus.QUARANTINED
        world.token = right
        export = step(await told(world, named(1)), "export")
        assert export["status"] == "failure"
        assert "in quarantine" in export["detail"]
        assert export["remedy"]

    simulate(story, tenant=office)


@pytest.mark.parametrize(("pause", "read"), [("3", True), ("120", False)])
def test_zscloud_asks_for_a_pause(pause: str, *, read: bool) -> None:
    """A short one is waited out; a long one is told."""

    async def story(world: World) -> None:
        await provisioned(world)
        world.zscloud.set_faults(fail_next=1, fail_status=429, fail_retry_after=pause)
        began = world.clock.time()
        match = step(await told(world, named(7)), "match")
        assert (match["status"] == "success") is read
        assert ("longer pause" in match["detail"]) is not read
        assert world.clock.time() - began < 30

    simulate(story, tenant=office)


def test_the_account_was_deleted_or_edited_by_hand() -> None:
    """What is in ZSCloud now counts, beside what is recorded."""

    async def story(world: World) -> None:
        await provisioned(world)
        world.zscloud.edit_user(named(7), displayName="By hand")
        document = await told(world, named(7))
        (name,) = (each for each in document["attributes"] if each["name"] == "displayName")
        assert (name["recorded"], name["live"]) == ("User 7", "By hand")
        assert name["outcome"] == "written"
        assert "the next reconcile cycle is to update displayName" in document["verdict"]
        world.environ["DRIFT"] = "report"
        document = await told(world, named(7))
        assert "DRIFT=report leaves it" in step(document, "export")["detail"]
        assert "DRIFT=repair" in step(document, "export")["remedy"]
        world.zscloud.delete_user(named(7))
        document = await told(world, named(7))
        assert "gone from ZSCloud" in step(document, "match")["detail"]
        assert [change["action"] for change in document["changes"]] == ["create"]

    simulate(story, tenant=office)


def test_zscloud_cannot_be_read() -> None:
    """The record answers, and the step says that it was not checked."""

    async def story(world: World) -> None:
        await provisioned(world)
        world.tenant.update_user(user(world, 7), department="Legal")
        world.token = "wrong"
        document = await told(world, named(7))
        match = step(document, "match")
        assert match["status"] == "failure"
        assert "could not be read" in match["detail"]
        assert match["remedy"]
        assert outcomes(document)["department"] == "written"
        assert len(document["would_send"]) == 1

    simulate(story, tenant=office)


def test_the_enterprise_application_is_disabled() -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        world.tenant.update_service_principal(accountEnabled=False)
        document = await told(world, named(7))
        assert step(document, "import")["status"] == "failure"
        assert "is disabled in Entra" in step(document, "import")["detail"]
        assert step(document, "import")["remedy"]

    simulate(story, tenant=office)


def test_what_is_redacted_is_not_shown() -> None:
    def change(export: dict[str, Any]) -> None:
        attribute(export, "displayName")["source"] = expression("Redact([displayName])")

    async def story(world: World) -> None:
        document = await told(world, named(7))
        (name,) = (each for each in document["attributes"] if each["name"] == "displayName")
        assert (name["value"], name["source"]) == ("[Redact]", {"displayName": "[Redact]"})
        assert document["would_send"][0]["body"]["displayName"] == "[Redact]"
        assert "User 7" not in str(document)

    simulate(story, tenant=office, schema=_schema(change))


def test_it_needs_no_lease_and_asks_zscloud_once_a_second() -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        services = world.services()
        name = services.settings.zscloud_tenant
        async with held(services.leases, name, "x/1", world.clock, services.pacer, wait=0):
            before = await world.store.read(name)
            from provisioning.operations.explain import explain

            await asyncio.gather(*(explain(services, named(n)) for n in (1, 3, 7)))
            assert (await world.store.read(name)).holder == before.holder
        times = [request.time for request in world.scim()]
        assert len(times) == 3
        assert all(later - sooner >= 1 for sooner, later in pairwise(times))

    simulate(story, tenant=office, rate=5)


def test_it_agrees_with_the_dry_run() -> None:
    """What it says would be sent is what a dry run on demand, and the plan, would send."""

    async def story(world: World) -> None:
        await provisioned(world)
        await world.clock.sleep(SETTLE)
        people = [user(world, number) for number in range(10)]
        world.tenant.update_user(user(world, 0), department="Legal", displayName="Renamed")
        world.tenant.disable(user(world, 1))
        world.tenant.delete(user(world, 2))
        world.tenant.unassign(user(world, 7))
        world.tenant.add_member(group(world, "Sales"), user(world, 9))
        world.tenant.update_group(group(world, "Both"), displayName="Both of them")
        world.tenant.update_user(user(world, 8), userPrincipalName="new8@example.com")
        told_of = {}
        for id in people:
            document = await told(world, id)
            told_of[id] = [c for c in document["changes"] if c["source_id"] == id]
            if id == people[2]:
                continue  # A call on demand does not take who is deleted; the plan has it.
            (result,) = await world.on_demand(id, dry_run=True)
            assert _essence(document["changes"]) == _essence(result["changes"])
        for name in ("Sales", "Both of them"):
            document = await told(world, name)
            (result,) = await world.on_demand(group=name, dry_run=True)
            assert _essence(document["changes"]) == _essence(result["changes"])
        await world.cycle(dry_run=True)
        planned = [c for c in world.changes if c.object_type.value == "user"]
        ours = sorted(c["change_id"] for each in told_of.values() for c in each)
        assert sorted(c.change_id for c in planned) == ours
        assert len(ours) == 6

    simulate(story, tenant=office, DELETION_THRESHOLD_PERCENT="100")


def _essence(changes: Any) -> list[tuple[Any, ...]]:
    return sorted((c["change_id"], c["action"], c["source_id"], c["reason"]) for c in changes)


def _schema(change: Any) -> CompiledSchema:
    with TemporaryDirectory() as folder:
        return compiled(Path(folder), change)
