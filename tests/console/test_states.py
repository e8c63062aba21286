"""States that are seldom: work under way, nothing there, refused, broken, very many."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from playwright.sync_api import Browser, Route, expect

from tests.console.answers import Document, answer, change, held_plan, problem, working
from tests.console.chromium import Watched, watched
from tests.console.world import World
from tests.devhost.served import KEY


def test_progress_is_live_and_asked_for_gently(browser: Browser, past: World) -> None:
    """Every 5 seconds while it works, every 30 idle, and never in a hidden tab."""
    with watched(browser, past) as console:
        page, state = console.page, {"working": True}
        page.clock.install()
        done = itertools.count(30_000)

        def said(status: Document) -> Document:
            return working(status, next(done)) if state["working"] else status

        answer(console, "status", said)
        console.enter()
        work = page.get_by_role("region", name="The cycle at work")
        expect(work).to_contain_text("Initial cycle")
        for figure in ("30,000 (30 %)", "70,000", "82,000", "4 h 33 min"):
            expect(work).to_contain_text(figure)
        assert console.violations() == []
        console.pictures("working")
        page.clock.pause_at(page.evaluate("() => Date.now() / 1000 + 1"))

        def is_asked_within(seconds: int) -> None:
            with page.expect_response("**/api/status"):
                page.clock.run_for(seconds * 1000)
            page.wait_for_timeout(200)

        def is_not_asked_within(seconds: int) -> None:
            before = console.calls.count("GET /api/status")
            page.clock.run_for(seconds * 1000)
            page.wait_for_timeout(100)
            assert console.calls.count("GET /api/status") == before

        tile = page.get_by_role("link", name="In escrow")
        tile.focus()
        is_asked_within(5)
        expect(work).not_to_contain_text("30,000")
        expect(tile).to_be_focused()
        is_not_asked_within(4)
        is_asked_within(2)
        state["working"] = False
        is_asked_within(6)
        expect(work).to_be_hidden()
        is_not_asked_within(20)
        is_asked_within(15)
        page.evaluate(
            "() => { Object.defineProperty(document, 'hidden', {value: true, configurable: true});"
            " document.dispatchEvent(new Event('visibilitychange')); }"
        )
        is_not_asked_within(300)
        with page.expect_response("**/api/status"):
            page.evaluate(
                "() => { Object.defineProperty(document, 'hidden', {value: false});"
                " document.dispatchEvent(new Event('visibilitychange')); }"
            )


REFUSALS = {
    403: ("RoleMissing", "You may not do that", "Assign the app role Provisioning.Read"),
    409: ("WrongJob", "not possible as things stand", "Run restart with take over."),
    500: ("ConfigurationError", "The app could not answer", "Set ZSCLOUD_SCIM_TOKEN."),
    503: ("StoreUnavailable", "Not just now", "Try again in a minute."),
}


@pytest.mark.parametrize("status", REFUSALS)
def test_a_problem_is_shown_with_code_and_remedy(console: Watched, status: int) -> None:
    code, headline, remedy = REFUSALS[status]
    answer(console, "escrow", problem(code, "It cannot be done.", remedy), status)
    console.at("escrow")
    alert = console.page.get_by_role("alert")
    for said in (headline, "It cannot be done.", remedy, code, f"HTTP {status}"):
        expect(alert).to_contain_text(said)
    if status == 403:
        assert console.violations() == []
        console.pictures("refused")
    console.page.unroute_all()
    alert.get_by_role("button", name="Try again").click()
    expect(alert).to_be_hidden()
    expect(
        console.page.get_by_role("table", name="Escrow").or_(
            console.page.get_by_text("Nothing is in escrow.")
        )
    ).to_be_visible()


def test_an_answer_of_no_sense_and_none_at_all(console: Watched) -> None:
    """What stands between may answer in HTML; a laptop may have lost its network."""
    page = console.page
    page.route("**/api/settings", lambda route: route.fulfill(status=502, body="<h1>Bad"))
    console.at("settings")
    expect(page.get_by_role("alert")).to_contain_text("HTTP 502")
    page.unroute_all()
    page.context.set_offline(True)
    page.get_by_role("alert").get_by_role("button", name="Try again").click()
    expect(page.get_by_role("status").first).to_contain_text("Not up to date")
    expect(page.get_by_role("alert")).to_contain_text("The app does not answer")
    expect(page.get_by_role("alert")).to_contain_text("Offline")
    assert console.violations() == []
    console.pictures("offline")
    page.context.set_offline(False)
    page.get_by_role("alert").get_by_role("button", name="Try again").click()
    expect(page.get_by_role("table")).to_be_visible()


def test_a_decision_that_came_too_late_says_so_in_place(console: Watched) -> None:
    page = console.page
    plan = held_plan(3)
    answer(console, "held", {"items": [plan], "next": None, "kept": []})
    answer(console, "held/late", plan | {"changes": [change(n) for n in range(3)], "next": None})
    late = problem("PlanNotPending", "The held plan late has been decided already.", "Look anew.")
    answer(console, "held/late/approve", late, 409)
    console.at("held/late")
    page.get_by_role("button", name="Approve the whole plan").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Take away 3 users").click()
    expect(dialog.get_by_role("alert")).to_contain_text("has been decided already")
    expect(dialog.get_by_role("button", name="Take away 3 users")).to_be_enabled()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_very_many_removals_are_approved_by_their_number(console: Watched) -> None:
    """A plan of 12,345 is read a page at a time; to approve all of it the number is typed."""
    page = console.page
    plan = held_plan(12_345)
    first = [change(n) for n in range(200)]
    more = [change(n) for n in range(200, 400)]

    def pages(route: Route) -> None:
        rest = "after=" in route.request.url
        page = {"changes": more if rest else first, "next": "0000399" if rest else "0000199"}
        route.fulfill(status=200, content_type="application/json", body=json.dumps(plan | page))

    page.route("**/api/held/late**", pages)
    sent: list[Any] = []

    def approve(route: Route) -> None:
        sent.append(route.request.post_data_json)
        route.fulfill(status=200, content_type="application/json", body=json.dumps(plan))

    page.route("**/api/held/late/approve", approve)
    console.at("held/late?many=1")
    rows = page.get_by_role("table").get_by_role("row")
    expect(rows).to_have_count(201)
    page.get_by_role("button", name="Show more of the list (200 shown)").click()
    expect(rows).to_have_count(401)
    console.pictures("held-many", whole=False)
    page.get_by_label("Select all 400 changes shown").check()
    expect(page.get_by_role("button", name="Approve 400 changes")).to_be_visible()
    page.get_by_label("Select all 400 changes shown").uncheck()
    page.get_by_role("button", name="Approve the whole plan").click()
    dialog = page.get_by_role("dialog", name="Approve the whole plan?")
    go = dialog.get_by_role("button", name="Take away 12,345 users")
    expect(go).to_be_disabled()
    dialog.get_by_label("Type 12345 to go on").fill("1234")
    expect(go).to_be_disabled()
    dialog.get_by_label("Type 12345 to go on").fill("12345")
    go.click()
    expect(dialog).to_be_hidden()
    assert sent == [{}]


def test_nothing_there_is_said_everywhere(console: Watched) -> None:
    page = console.page
    nothing = {"items": [], "next": None, "kept": [], "report": None}
    for path in ("held", "logs?**", "escrow", "drift", "orphans", "cycles?**", "latency"):
        answer(console, path, nothing)
    said = {
        "held": "Nothing waits for a decision.",
        "log": "The log is empty.",
        "log?status=failure": "No entry fits.",
        "escrow": "Nothing is in escrow.",
        "drift": "No reconcile has run yet.",
    }
    for address, sentence in said.items():
        console.at(address)
        expect(page.get_by_text(sentence).first).to_be_visible()
    console.at("now")
    page.reload()
    console.settled()
    expect(page.get_by_text("No cycle has run yet.").first).to_be_visible()
    expect(page.get_by_text("No change in the last day.")).to_be_visible()
    assert console.violations() == []
    console.pictures("nothing")


def test_a_filter_that_hardly_fits_says_how_to_go_on(console: Watched) -> None:
    """The app reads 2,000 entries a call: five calls without one that fits, and a way on."""
    before = console.calls.count("GET /api/logs")
    cursor = {"items": [], "next": "1760000000.000000/00000001"}
    answer(console, "logs?**", cursor)
    console.at("log?action=delete&since=30d")
    expect(console.page.get_by_text("Nothing fits so far.")).to_be_visible()
    expect(console.page.get_by_role("button", name="Older")).to_be_enabled()
    assert console.calls.count("GET /api/logs") - before == 5


def test_a_key_that_was_revoked_asks_for_another(browser: Browser, past: World) -> None:
    with watched(browser, past) as console:
        console.enter()
        page = console.page
        page.route("**/api/escrow", lambda route: route.fulfill(status=401))
        page.evaluate("() => { location.hash = 'escrow'; }")
        expect(page.get_by_label("Function key")).to_be_focused()
        expect(page.get_by_role("alert")).to_contain_text("The key was not accepted")
        expect(page.get_by_role("navigation", name="Panels")).to_be_hidden()
        page.unroute_all()
        page.get_by_label("Function key").fill(KEY)
        page.get_by_role("button", name="Open").click()
        expect(page.get_by_role("heading", name="Escrow")).to_be_visible()


def test_a_sign_in_that_has_ended_and_one_without_a_role(browser: Browser, past: World) -> None:
    """The platform leads to its own page, which no call can read; 403 needs somebody else."""
    with watched(browser, past) as console:
        page = console.page
        page.route(
            "**/api/console",
            lambda route: route.fulfill(
                response=(said := route.fetch()),
                body=said.text().replace('<html lang="en">', '<html lang="en" data-sign-in>'),
            ),
        )
        away = {"location": "/.auth/login/aad"}
        page.route("**/api/status", lambda route: route.fulfill(status=302, headers=away))
        page.goto(past.url)
        sign_in = page.get_by_role("link", name="Sign in with Microsoft Entra")
        expect(sign_in).to_be_visible()
        target = "/.auth/login/aad?post_login_redirect_uri=%2Fapi%2Fconsole"
        expect(sign_in).to_have_attribute("href", target)
        page.unroute("**/api/status")
        none = problem("RoleMissing", "You have no role.", "Assign Provisioning.Read.")
        answer(console, "status", none, 403)
        page.goto(past.url)
        expect(page.get_by_role("alert")).to_contain_text("Assign Provisioning.Read.")
        expect(sign_in).to_be_visible()
        assert console.violations() == []
