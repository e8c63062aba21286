"""What operators do with it: decide, provision, retry, stop. In the order of a night on call."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.console.chromium import Watched
from tests.console.world import LEAVERS, MISSING, REFUSED, World, world
from tests.devhost.served import until


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A job of this module's own: what is done here stays done."""
    with world(tmp_path_factory.mktemp("acting"), past=False) as made:
        yield made


def test_on_demand_after_a_dry_run(console: Watched, past: World) -> None:
    past.entra("assign", principal=MISSING)
    page = console.page
    console.at(f"find/{MISSING}")
    expect(page.locator(".verdict")).to_contain_text("is in scope")
    demand = page.locator("section").filter(
        has=page.get_by_role("heading", name="Provision on demand")
    )
    demand.get_by_role("button", name="Dry run").click()
    expect(demand).to_contain_text("A dry run: nothing was sent. It would be: Create")
    expect(demand.get_by_role("table", name="Modified properties")).to_contain_text("Nora New")
    assert MISSING not in past.ours()
    assert console.violations() == []
    console.pictures("on-demand")
    demand.get_by_role("button", name="Provision now").click()
    page.get_by_role("dialog").get_by_role("button", name="Provision 1 principal").click()
    expect(demand).to_contain_text("Done: Create")
    assert MISSING in past.ours()
    demand.get_by_role("button", name="Explain anew").click()
    expect(page.locator(".verdict")).to_contain_text("has an account, and nothing differs")
    entry = past.get("audit?limit=1")["items"][0]
    assert (entry["operation"], entry["operator"]) == ("on-demand", "Ada Adler")


def test_a_held_plan_is_approved_by_selection_and_its_rest_rejected(
    console: Watched, past: World
) -> None:
    page = console.page
    before = past.ours()
    console.at("held")
    page.get_by_role("link", name="Review and decide").click()
    console.settled()
    table = page.get_by_role("table", name="Changes of the plan")
    expect(table.get_by_role("row")).to_have_count(LEAVERS + 1)
    page.get_by_label("Show only").fill("user0000")
    expect(table.get_by_role("row")).to_have_count(LEAVERS)
    page.get_by_label("Show only").fill("")
    chosen = []
    for row in table.get_by_role("row").all()[2:4]:
        row.get_by_role("checkbox").check()
        chosen.append(row.get_by_role("link").inner_text())
    bar = page.get_by_role("group", name="Decision")
    expect(bar).to_contain_text("2 changes selected: 2 users")
    assert console.violations() == []
    console.pictures("held-plan")
    bar.get_by_role("button", name="Approve 2 changes").click()
    dialog = page.get_by_role("dialog", name="Approve 2 changes?")
    expect(dialog).to_contain_text("This takes away 2 users.")
    for name in chosen:
        expect(dialog).to_contain_text(name)
    expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
    assert console.violations() == []
    console.pictures("held-approve")
    dialog.get_by_role("button", name="Take away 2 users").click()
    expect(page.get_by_text("Approved: 2 users. It is carried out now.")).to_be_visible()
    until(lambda: past.ours() == [name for name in before if name not in chosen])
    expect(page.get_by_role("main")).to_contain_text("by Ada Adler")
    until(lambda: past.get("status")["held"] == LEAVERS - 2)
    _reject_the_rest(console, past)
    assert past.ours() == [name for name in before if name not in chosen]


def _reject_the_rest(console: Watched, past: World) -> None:
    page = console.page
    console.at("held?again=1")
    page.get_by_role("link", name="Review and decide").click()
    console.settled()
    page.get_by_label(f"Select all {LEAVERS - 2} changes shown").check()
    expect(page.get_by_role("button", name="Approve the whole plan")).to_be_visible()
    page.get_by_role("button", name="Reject the plan").click()
    dialog = page.get_by_role("dialog", name="Reject the plan?")
    keep = dialog.get_by_role("button", name=f"Keep {LEAVERS - 2} users")
    expect(keep).to_be_disabled()
    dialog.get_by_label("Why the access is to stay").fill("They are on leave.")
    keep.click()
    expect(page.get_by_text("Rejected. It stays as it is.")).to_be_visible()
    until(lambda: len(past.get("held")["kept"]) == LEAVERS - 2)
    console.at("held")
    expect(page.get_by_text("Nothing waits for a decision.")).to_be_visible()
    kept = page.get_by_role("table", name="Kept by decision")
    expect(kept.get_by_role("row")).to_have_count(LEAVERS - 1)
    expect(kept).to_contain_text("They are on leave.")
    assert console.violations() == []
    console.pictures("held-decided")


def test_what_failed_is_retried_now(console: Watched, past: World) -> None:
    past.zscloud("options", domains=["example.com", REFUSED.partition("@")[2]])
    page = console.page
    console.at("escrow")
    page.get_by_role("button", name=f"Retry now: {REFUSED}").click()
    expect(page.get_by_text(f"{REFUSED} is tried at once.")).to_be_visible()
    until(lambda: REFUSED in past.ours())
    until(lambda: past.get("status")["escrow"] == 0)
    console.at("escrow?again=1")
    expect(page.get_by_text("Nothing is in escrow.")).to_be_visible()


def test_connections_are_tried_out(console: Watched) -> None:
    page = console.page
    console.at("connection")
    page.get_by_role("button", name="Run the checks").click()
    expect(page.get_by_text("All is well.")).to_be_visible()
    checks = page.get_by_role("region", name="Checks").get_by_role("listitem")
    expect(checks).to_have_count(6)
    expect(checks.filter(has_text="ZSCloud: token and filter")).to_contain_text("accepted")
    assert console.violations() == []
    page.get_by_role("button", name="Examine everything").click()
    expect(checks.nth(10)).to_be_visible()
    expect(checks.filter(has_text="Warning").first).to_be_visible()
    expect(page.get_by_role("region", name="Checks")).to_contain_text("Nothing failed.")
    console.pictures("connection")


def test_it_is_stopped_and_started_again(console: Watched, past: World) -> None:
    page = console.page
    page.get_by_role("button", name="Stop sending").click()
    dialog = page.get_by_role("dialog", name="Stop sending to ZSCloud?")
    dialog.get_by_label(re.compile("Why")).fill("Zscaler is being maintained.")
    dialog.get_by_role("button", name="Stop", exact=True).click()
    expect(page.locator(".hero-word")).to_have_text("Stopped")
    main = page.get_by_role("main")
    expect(main).to_contain_text("Zscaler is being maintained.")
    expect(main).to_contain_text("by Ada Adler")
    assert past.get("status")["state"] == "stopped"
    assert console.violations() == []
    console.pictures("stopped")
    page.get_by_role("button", name="Start again").click()
    page.get_by_role("dialog").get_by_role("button", name="Start", exact=True).click()
    expect(page.locator(".hero-word")).not_to_have_text("Stopped")
    until(lambda: past.get("status")["stopped"] is None)


def test_a_cycle_is_run_at_once(console: Watched, past: World) -> None:
    page = console.page
    page.get_by_role("button", name="Run a cycle").click()
    dialog = page.get_by_role("dialog", name="Run a cycle now?")
    expect(dialog.get_by_label("Incremental")).to_be_checked()
    dialog.get_by_label("Reconcile").check()
    dialog.get_by_role("button", name="Run it").click()
    expect(page.get_by_text(re.compile("cycle: queued"))).to_be_visible()
    until(lambda: past.get("status")["cycle"]["kind"] == "reconcile")
    until(lambda: past.get("status")["state"] != "working")
