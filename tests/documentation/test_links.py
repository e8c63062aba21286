"""Every link of the documentation leads somewhere, and every page is found from the index."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(
    [*ROOT.glob("*.md"), *DOCS.rglob("*.md")],
    key=lambda path: path.relative_to(ROOT).as_posix(),
)
_FENCE = re.compile(r"^ *```.*?^ *```$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`[^`\n]*`")
_LINK = re.compile(r"!?\[(?:[^\[\]]|\[[^\]]*\])*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} (.+?) *$", re.MULTILINE)


def links(page: Path) -> Iterator[str]:
    """Targets of the links, as they are written."""
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    # Code is taken out by itself, lest brackets in it make a link: but not in a link's own words.
    yield from _LINK.findall(_CODE.sub("code", text))


@cache
def anchors(page: Path) -> frozenset[str]:
    """Of the headings, as GitHub makes them: the second of a name gets a number."""
    found: dict[str, int] = {}
    made = set()
    for heading in _HEADING.findall(_FENCE.sub("", page.read_text(encoding="utf-8"))):
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").lower()
        anchor = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
        number = found[anchor] = found.get(anchor, -1) + 1
        made.add(f"{anchor}-{number}" if number else anchor)
    return frozenset(made)


def broken(page: Path) -> Iterator[str]:
    """Links of a page that lead nowhere."""
    for link in links(page):
        if re.match(r"[a-z]+:", link):
            continue  # Elsewhere: nothing here can tell.
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or not target.is_relative_to(ROOT):
            yield f"{link}: there is no such file"
        elif anchor and (target.suffix != ".md" or anchor not in anchors(target)):
            yield f"{link}: there is no such heading"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(page: Path) -> None:
    assert list(broken(page)) == []


def test_a_broken_link_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.documentation.test_links.ROOT", tmp_path)
    page = tmp_path / "page.md"
    page.write_text(
        "# A `b` (c)\n## Twice\n## Twice\n"
        "[x](#a-b-c) [x](#twice-1) [`x`](page.md) [x](https://example.com/none)\n"
        "[x](#twice-2) [x](none.md) [`x`](page.md#none) ![x](none.png)\n"
        "```\n# No heading\n[x](in-a-fence.md)\n```\n[x](#no-heading) `[x](in-code.md)`\n",
        encoding="utf-8",
    )
    assert [each.partition(":")[0] for each in broken(page)] == [
        *("#twice-2", "none.md", "page.md#none", "none.png", "#no-heading"),
    ]


def test_every_page_is_found_from_the_index() -> None:
    index = DOCS / "README.md"
    shown = {(DOCS / link.partition("#")[0]).resolve() for link in links(index)}
    assert [page for page in PAGES if page.is_relative_to(DOCS / "adr")]
    missing = [
        page.relative_to(DOCS).as_posix()
        for page in PAGES
        if page.is_relative_to(DOCS) and page != index and page not in shown
    ]
    assert [name for name in missing if not name.startswith("adr/")] == []
    assert DOCS / "adr" in shown
    assert any(link == "docs/README.md" for link in links(ROOT / "README.md"))


def test_every_picture_is_shown_and_small() -> None:
    shown = {(page.parent / link).resolve() for page in PAGES for link in links(page)}
    for picture in DOCS.glob("images/*"):
        assert picture in shown, picture.name
        assert picture.stat().st_size < 150_000, picture.name
