"""``doctor`` on the command line. What it finds is tested in ``tests/scenarios/test_doctor.py``."""

from __future__ import annotations

from tests.cli.world import World


async def test_all_is_shown_and_a_warning_is_no_failure(world: World) -> None:
    shown = await world.run("doctor", ALERT_WEBHOOK="")
    assert shown.status == 0, shown.err
    assert "Graph: users (User.Read.All)" in shown.out
    assert "checks are worth a look." in shown.out


async def test_wrong_settings_are_findings_of_their_own(world: World) -> None:
    """They are named even though nothing can be tried with them."""
    shown = await world.run(
        "doctor", "--json", ZSCLOUD_SCIM_BASE_URL="", DRAIN_BUDGET_SECONDS="soon"
    )
    assert shown.status == 2
    assert shown.json["ok"] is False
    assert {check["name"] for check in shown.json["checks"]} == {
        "Setting ZSCLOUD_SCIM_BASE_URL",
        "Setting DRAIN_BUDGET_SECONDS",
    }
    assert all(check["remedy"] for check in shown.json["checks"])


async def test_a_broken_schema_is_a_finding(world: World) -> None:
    (world.folder / "schema.json").write_text("{")
    shown = await world.run("doctor", "--json", PROVISIONING_SCHEMA="schema.json")
    assert shown.status == 2
    assert [check["status"] for check in shown.json["checks"]] == ["failed"]
    assert "schema.json" in str(shown.json["checks"])


async def test_a_broken_schema_is_named_together_with_wrong_settings(world: World) -> None:
    shown = await world.run(
        "status", "--json", PROVISIONING_SCHEMA="missing.json", NESTED_GROUPS="yes"
    )
    assert shown.status == 2
    fields = [error["field"] for error in shown.json["errors"]]
    assert fields == ["NESTED_GROUPS", "PROVISIONING_SCHEMA"]


async def test_a_system_that_cannot_be_reached_is_4(world: World) -> None:
    unreached = "http://127.0.0.1:9/1234/5678/scim"
    shown = await world.run("doctor", "--json", ZSCLOUD_SCIM_BASE_URL=unreached)
    assert shown.status == 4
    failed = [check["name"] for check in shown.json["checks"] if check["status"] == "failed"]
    assert failed == ["ZSCloud: discovery"]
