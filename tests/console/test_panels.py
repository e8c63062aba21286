"""Every panel as an operator sees it, over a job that has a past."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.console.chromium import PICTURES, WIDTHS, Watched, watched
from tests.console.seeds import ENTRIES
from tests.console.world import LEAVERS, MARKUP, MISSING, REFUSED, STRANGER, World
from tests.devhost.served import KEY

PANELS = {
    "Now": f"{LEAVERS} removals wait for a decision.",
    "Held plans": f"Would take away {LEAVERS} users",
    "Log": "person.0@example.com",
    "Find": "Whom do you look for?",
    "Escrow": REFUSED,
    "Drift and orphans": STRANGER,
    "Subscriptions": "Graph is not asked to call.",
    "Test connection": "Not tried yet.",
    "Settings": "DELETION_THRESHOLD_PERCENT",
}


def test_without_the_key_there_is_a_question_and_no_data(browser: Browser, past: World) -> None:
    with watched(browser, past) as console:
        page = console.page
        page.goto(past.url)
        key = page.get_by_label("Function key")
        expect(key).to_be_focused()
        assert console.violations() == []
        console.pictures("gate")
        key.fill("wrong")
        page.get_by_role("button", name="Open").click()
        expect(page.get_by_role("alert")).to_contain_text("The key was not accepted")
        expect(page.get_by_role("navigation", name="Panels")).to_be_hidden()
        key.fill(KEY)
        key.press("Enter")
        expect(page.get_by_text(PANELS["Now"]).last).to_be_visible()
        page.reload()
        expect(page.get_by_text(PANELS["Now"]).last).to_be_visible()
        page.get_by_role("button", name="Forget key").click()
        expect(key).to_be_focused()
        assert page.evaluate("JSON.stringify(sessionStorage)") == "{}"
        assert page.evaluate("JSON.stringify(localStorage) + document.cookie") == "{}"


def test_a_panel_shows_its_subject_and_is_for_everybody(console: Watched) -> None:
    """Each is reached by its link, is read out from its title on, and passes axe-core."""
    page = console.page
    for panel, subject in PANELS.items():
        console.go(panel)
        expect(page.get_by_text(subject).last).to_be_visible()
        assert panel in page.title()
        if panel != "Now":
            expect(page.locator("main h1")).to_be_focused()
        name = panel.lower().replace(" ", "-")
        assert [f"{panel}: {each}" for each in console.violations()] == []
        console.pictures(name, whole=panel not in {"Log", "Settings"})
        assert all((PICTURES / f"{name}-{width}.png").stat().st_size > 0 for width in WIDTHS)


def test_now_leads_on(console: Watched) -> None:
    page = console.page
    main = page.get_by_role("main")
    chart = main.get_by_role("img", name=re.compile("30 cycles, .* with failures"))
    expect(chart).to_be_visible()
    expect(main.get_by_role("img", name=re.compile("changes in the last day"))).to_be_visible()
    main.get_by_text("As a table: 30 cycles").click()
    rows = main.get_by_role("table", name="Last cycles").get_by_role("row")
    expect(rows).to_have_count(31)
    expect(rows.nth(1)).to_contain_text("Held")
    main.get_by_role("link", name=re.compile("In escrow")).click()
    expect(page.get_by_role("heading", name="Escrow")).to_be_focused()


def test_why_is_somebody_missing_in_three_clicks(console: Watched) -> None:
    page = console.page
    field = page.get_by_label("Find a user or a group")
    field.click()
    field.fill(MISSING)
    page.get_by_role("button", name="Find").click()
    console.settled()
    said = page.locator(".verdict")
    expect(said).to_contain_text("has no account")
    expect(said).to_contain_text("assign the user, or a group that the user is a member of")
    expect(page.get_by_role("listitem").filter(has_text="Scope")).to_contain_text("Skipped")
    assert page.url.endswith(f"#find/{MISSING.replace('@', '%40')}")
    assert console.violations() == []
    console.pictures("find-missing")
    field.fill("nobody@example.com")
    field.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Entra knows no user or group")


def test_ten_thousand_entries_are_a_page_at_a_time(console: Watched, past: World) -> None:
    """Also the last page, and a filter that few fit; the list never grows."""
    page = console.page
    console.at("log")
    rows = page.get_by_role("table").get_by_role("row")
    expect(rows).to_have_count(51)
    seen = [rows.nth(1).inner_text()]
    for number in range(2, 5):
        page.get_by_role("button", name="Older").click()
        expect(page.get_by_text(f"Page {number}", exact=True)).to_be_visible()
        console.settled()
        expect(rows).to_have_count(51)
        seen.append(rows.nth(1).inner_text())
    assert len(set(seen)) == 4
    page.get_by_role("button", name="Newer").click()
    expect(page.get_by_text("Page 3", exact=True)).to_be_visible()
    console.settled()
    assert rows.nth(1).inner_text() == seen[2]
    page.get_by_label("Status").select_option("Failure")
    page.get_by_label("Action").select_option("Add member")
    page.get_by_role("button", name="Filter").click()
    expect(page).to_have_url(re.compile("status=failure&action=add_member"))
    console.settled()
    expect(rows).to_have_count(51)
    for row in rows.all()[1:]:
        expect(row).to_contain_text(re.compile("Failure.*Add member", re.DOTALL))
    cells = rows.all_inner_texts()[1:]
    assert len(set(cells)) == 50 < ENTRIES
    page.get_by_role("link", name="Clear").click()
    expect(page).to_have_url(re.compile("#log$"))


def test_the_log_is_downloaded_as_it_is_filtered(console: Watched) -> None:
    """Over all pages, as one file that a spreadsheet opens."""
    console.at("log?status=failure")
    page = console.page
    page.get_by_label("Error or reason code").fill("conflict")
    page.get_by_role("button", name="Filter").click()
    console.settled()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download CSV").click()
    assert re.fullmatch(r"provisioning-log-\d{8}T\d{6}Z\.csv", download.value.suggested_filename)
    text = Path(download.value.path()).read_bytes().decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert len(rows) == len({row["id"] for row in rows}) == ENTRIES // 10
    assert {row["error_code"] for row in rows} == {"Conflict"}
    expect(page.get_by_text(f"Downloaded {len(rows):,} entries.")).to_be_visible()
    console.pictures("log-filters")


def test_an_entry_tells_all_of_it(console: Watched) -> None:
    page = console.page
    console.at(f"log?principal={REFUSED}&status=failure")
    page.get_by_role("button", name=f"Details: Create {REFUSED}").first.click()
    sheet = page.get_by_role("dialog", name=f"Create user {REFUSED}")
    expect(sheet).to_contain_text(f"The domain of {REFUSED} is not registered")
    expect(sheet).to_contain_text("Correct the value in Entra, or its mapping.")
    steps = sheet.get_by_role("listitem").all_inner_texts()
    assert [step.split()[0] for step in steps] == ["Import", "Scope", "Match", "Action", "Export"]
    assert "Failure" in steps[-1]
    properties = sheet.get_by_role("table", name="Modified properties")
    expect(properties.get_by_role("row", name=re.compile("displayName"))).to_contain_text("Jo")
    for word in ("Cause", "Cycle", "Attempt", "Object in Entra", "Entry"):
        expect(sheet.get_by_role("term").filter(has_text=re.compile(f"^{word}$"))).to_have_count(1)
    assert console.violations() == []
    console.pictures("log-entry")
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    expect(page.get_by_role("button", name="Details").first).to_be_focused()
    page.get_by_role("button", name="Details").first.click()
    sheet.get_by_role("link", name=f"Explain {REFUSED}").click()
    expect(page.locator(".verdict")).to_contain_text("Jo Elsewhere")


def test_a_name_is_never_markup(console: Watched) -> None:
    console.at("find/ivan@example.com")
    page = console.page
    expect(page.get_by_role("heading", name=MARKUP)).to_be_visible()
    assert page.locator("main img").count() == 0
    assert "broken" not in page.title()


def test_settings_show_no_secret(console: Watched, past: World) -> None:
    console.go("Settings")
    page = console.page
    row = page.get_by_role("row", name=re.compile("ZSCLOUD_SCIM_TOKEN"))
    expect(row).to_contain_text("set, and secret")
    assert past.addresses["token"] not in page.content()
    assert KEY not in page.content()
    page.get_by_label("Other than the default").check()
    expect(page.get_by_role("row", name=re.compile("DRIFT"))).to_contain_text("report")
    expect(page.get_by_role("row", name=re.compile("MEMBER_BATCH_SIZE"))).to_have_count(0)
    page.get_by_label("Show only").fill("no such")
    expect(page.get_by_text("No setting fits.")).to_be_visible()


def test_the_keyboard_alone_is_enough(console: Watched) -> None:
    """From the first key on: skip, search, panels."""
    page = console.page
    page.reload()
    console.settled()
    page.keyboard.press("Tab")
    skip = page.get_by_role("button", name="Skip to the content")
    expect(skip).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Run a cycle")).to_be_focused()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Run a cycle now?")
    expect(dialog).to_be_visible()
    assert console.violations() == []
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Run a cycle")).to_be_focused()
