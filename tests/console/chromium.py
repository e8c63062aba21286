"""Chromium, which the machine has, and a page of it that is watched."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect

from tests.console.world import World
from tests.devhost.served import KEY
from tests.servers.setup import MODULES

FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
PICTURES = Path(__file__).parents[2] / ".pictures"
WIDTHS = {"phone": (360, 780), "tablet": (820, 1100), "wide": (1440, 900)}
_BY_DAY = {"resultTypes": ["violations"], "rules": {"skip-link": {"enabled": False}}}
"""All rules but that for links which skip to a part of the page: addresses that begin with # are
those of the panels here.
"""
_BY_NIGHT = {"resultTypes": ["violations"], "runOnly": ["color-contrast"]}
"""What the dark scheme can change."""

_NETWORK = "Failed to load resource"
"""What Chromium says of every answer from 400 on, and of none."""


class Watched:
    """A page of the console. ``complaints`` is what the browser had to say against it."""

    def __init__(self, page: Page, world: World) -> None:
        self.page = page
        self.world = world
        self.complaints: list[str] = []
        self.calls: list[str] = []
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", self._asked)

    def enter(self, address: str = "") -> None:
        """Opens the console, with the key, where the address says."""
        self.page.goto(f"{self.world.url}{address}")
        self.page.get_by_label("Function key").fill(KEY)
        self.page.get_by_label("Your name").fill("Ada Adler")
        self.page.get_by_role("button", name="Open").click()
        self.settled()

    def go(self, panel: str) -> None:
        """Goes to a panel by its link."""
        self.page.get_by_role("navigation", name="Panels").get_by_role("link", name=panel).click()
        self.settled()

    def at(self, address: str) -> None:
        """Goes to an address of the page."""
        self.page.evaluate("hash => { location.hash = hash; }", address)
        self.settled()

    def settled(self) -> None:
        """Returns when nothing is being loaded."""
        expect(self.page.locator("main h1").first).to_be_visible()
        expect(self.page.locator("[aria-busy=true], main .loading")).to_have_count(0)

    def pictures(self, name: str, *, whole: bool = True) -> None:
        """Pictures at three widths, of the whole page or of what is seen of it."""
        PICTURES.mkdir(exist_ok=True)
        before = self.page.viewport_size
        for width, (wide, high) in WIDTHS.items():
            self.page.set_viewport_size({"width": wide, "height": high})
            overflow = self.page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
            assert overflow <= 0, f"{name} is {overflow} pixels too wide for a {width}"
            self.page.screenshot(path=PICTURES / f"{name}-{width}.png", full_page=whole)
        assert before is not None
        self.page.set_viewport_size(before)

    def violations(self) -> list[str]:
        """What axe-core has against the page as it is, by day and by night."""
        if not self.page.evaluate("() => 'axe' in window"):
            self.page.evaluate(_axe())
        found = [f"light: {each}" for each in self._judged(_BY_DAY)]
        self.page.emulate_media(color_scheme="dark")
        found += [f"dark: {each}" for each in self._judged(_BY_NIGHT)]
        self.page.emulate_media(color_scheme="light")
        return found

    def _judged(self, options: dict[str, Any]) -> Iterator[str]:
        result = self.page.evaluate("options => axe.run(document, options)", options)
        for violation in result["violations"]:
            for node in violation["nodes"]:
                yield f"{violation['id']}: {node['html'][:200]} {node['failureSummary'][:300]}"

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not message.text.startswith(_NETWORK):
            self.complaints.append(message.text)

    def _asked(self, request: Request) -> None:
        parts = urlsplit(request.url)
        self.calls.append(f"{request.method} {parts.path}")
        if request.url.startswith("data:"):
            return
        if f"{parts.scheme}://{parts.netloc}" != self.world.served.url:
            self.complaints.append(f"a request leaves the origin: {request.url}")
        if KEY in request.url:
            self.complaints.append(f"the key is in an address: {request.url}")


@contextmanager
def watched(browser: Browser, world: World) -> Iterator[Watched]:
    """A tab of its own; on leaving, nothing may have been wrong with it."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, color_scheme="light")
    context.set_default_timeout(20_000)
    made = Watched(context.new_page(), world)
    try:
        yield made
        assert made.complaints == []
    finally:
        # Answers that are on their way are of no interest any more.
        made.page.unroute_all(behavior="ignoreErrors")
        context.close()


@cache
def _axe() -> str:
    return (MODULES / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
