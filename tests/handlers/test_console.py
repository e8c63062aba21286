"""The page of the console and its files, as the app sends them, and what it alone asks for."""

from __future__ import annotations

import re
from typing import Any

import pytest

from handlers.console.assets import _FOLDER, ASSETS, PAGE
from provisioning.settings import SETTINGS
from provisioning.settings.meanings import MEANINGS
from tests.handlers.running import Running

KEPT_OUT = ("x-powered-by", "server", "set-cookie")


async def test_page_is_sent_to_everybody_with_a_strict_policy(app: Running) -> None:
    answer = await app.call("GET", "console")
    assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    policy = dict(part.strip().split(" ", 1) for part in _policy(answer).split(";"))
    assert policy == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "connect-src": "'self'",
        "img-src": "'self' data:",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert not set(KEPT_OUT) & set(answer.headers)
    assert app.tenant.service_principal_id not in answer.body.decode()


async def test_files_are_sent_once_and_then_only_asked_for(app: Running) -> None:
    for name in sorted(ASSETS):
        answer = await app.call("GET", f"console/{name}")
        assert (answer.status, answer.body) == (200, (_FOLDER / name).read_bytes()), name
        assert _policy(answer)
        tag = answer.headers["etag"]
        for known in (tag, f"W/{tag}", f'"other", {tag}'):
            again = await app.call("GET", f"console/{name}", headers={"If-None-Match": known})
            assert (again.status, again.body, again.headers["etag"]) == (304, b"", tag)
        other = await app.call("GET", f"console/{name}", headers={"If-None-Match": '"other"'})
        assert other.status == 200


@pytest.mark.parametrize("name", ["nothing.js", "..%2fserving.py", "assets.py", PAGE, "%00"])
async def test_no_other_file_is_sent(app: Running, name: str) -> None:
    answer = await app.call("GET", f"console/{name}")
    assert (answer.status, answer.body) == (404, b"")


async def test_page_says_whether_there_is_a_sign_in(
    app: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    without = await app.call("GET", "console")
    monkeypatch.setenv("WEBSITE_AUTH_ENABLED", "True")
    within = await app.call("GET", "console")
    assert b"data-sign-in" not in without.body
    assert within.body == without.body.replace(
        b'<html lang="en">', b'<html lang="en" data-sign-in>'
    )
    assert within.headers["etag"] != without.headers["etag"]


def test_the_list_is_of_the_files_and_all_are_reached() -> None:
    files = {path.name: path.read_text(encoding="utf-8") for path in _FOLDER.iterdir()}
    assert set(files) == {*ASSETS, PAGE}
    named = set(re.findall(r"/api/console/([\w.]+)", files[PAGE]))
    named |= {n for text in files.values() for n in re.findall(r'["\']\./([\w.]+\.js)["\']', text)}
    assert named == ASSETS


def test_nothing_becomes_markup_and_nothing_is_inline() -> None:
    """What the policy forbids is not in the files either: it would be seen in the console only."""
    page = (_FOLDER / PAGE).read_text(encoding="utf-8")
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)|javascript:", page)
    for path in sorted(_FOLDER.glob("*.js")):
        text = path.read_text(encoding="utf-8")
        found = re.findall(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function"
            r"|DOMParser|createContextualFragment|localStorage|https?://(?!www\.w3\.org/2000/svg)",
            text,
        )
        assert found == [], path.name
        assert len(text.splitlines()) <= 300, path.name


# --- what the page asks for ---------------------------------------------------------------------


async def test_last_cycles_are_listed_newest_first_in_pages(app: Running) -> None:
    assert await app.get("cycles") == {"items": [], "next": None}
    first = await app.cycle("initial")
    await app.cycle(dry_run=True)
    await app.post("provision-on-demand", {"user": "ada@example.com"})
    second = await app.cycle()
    whole = await app.get("cycles")
    assert [each["cycle_id"] for each in whole["items"]] == [second["cycle_id"], first["cycle_id"]]
    assert whole["items"][1] == await app.get(f"cycles/{first['cycle_id']}")
    page = await app.get("cycles?limit=1")
    assert page["items"] == whole["items"][:1]
    assert (await app.get(f"cycles?limit=1&after={page['next']}"))["items"] == whole["items"][1:]
    assert await app.get("latency") == {"items": [], "next": None}


@pytest.mark.parametrize(
    ("query", "field"), [("limit=0", "limit"), ("after=/../", "after"), ("kind=initial", "kind")]
)
async def test_cycles_name_a_wrong_parameter(app: Running, query: str, field: str) -> None:
    answer = await app.call("GET", f"cycles?{query}")
    assert answer.status == 400
    assert [error["field"] for error in answer.json()["errors"]] == [field]


@pytest.fixture
def settings() -> dict[str, str]:
    return {
        "PROVISIONING_STATUS": "on",
        "ZSCLOUD_REQUESTS_PER_SECOND": "2.5",
        "DRIFT": "repair,department=leave",
        "PROTECTED": "breakglass*, Service Admin",
        "SMTP_URL": "smtp://mailer:very-secret@127.0.0.1:25",
        "ALERT_EMAIL": "ops@example.com",
        "ALERT_WEBHOOK": "http://127.0.0.1/hook-very-secret",
        "FUNCTION_KEY": "very-secret-key-of-tests",
    }


async def test_settings_are_shown_without_any_secret(app: Running) -> None:
    answer = await app.call("GET", "settings")
    assert answer.status == 200
    assert b"very-secret" not in answer.body
    assert app.zscloud.options.token.encode() not in answer.body
    items: list[dict[str, Any]] = answer.json()["items"]
    assert [each["name"] for each in items] == [setting.name for setting in SETTINGS]
    shown = {each["name"]: each for each in items}
    assert all(each["meaning"] and set(each) == set(items[0]) for each in items)
    expected = {
        "ZSCLOUD_REQUESTS_PER_SECOND": ("2.5", "5", True),
        "ZSCLOUD_MEMBER_REMOVAL": ("auto", "auto", False),
        "DRIFT": ("repair,department=leave", "repair", True),
        "PROTECTED": ("breakglass*, Service Admin", None, True),
        "ENTRA_TENANT_ID": (None, None, False),
        "ENTRA_SERVICE_PRINCIPAL_ID": (app.tenant.service_principal_id, None, False),
        "DELETION_THRESHOLD_PERCENT": ("10", "10", False),
        "ALERT_WEBHOOK": (None, None, True),
        "NOTIFICATION_CLIENT_STATE": (None, None, False),
    }
    assert {
        name: (shown[name]["value"], shown[name]["default"], shown[name]["changed"])
        for name in expected
    } == expected
    secret = {name for name, each in shown.items() if each["secret"]}
    assert secret == {
        *("ZSCLOUD_SCIM_TOKEN", "NOTIFICATION_CLIENT_STATE"),
        *("SMTP_URL", "ALERT_WEBHOOK", "FUNCTION_KEY"),
    }
    assert not shown["NOTIFICATION_CLIENT_STATE"]["set"]
    assert shown["ZSCLOUD_SCIM_TOKEN"]["set"]
    assert shown["STATE_STORE"]["value"].startswith("sqlite:////")


def test_every_setting_has_a_meaning() -> None:
    assert list(MEANINGS) == [setting.name for setting in SETTINGS]


def _policy(answer: Any) -> str:
    policy: str = answer.headers["content-security-policy"]
    return policy
