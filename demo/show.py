"""What the demo prints: plain lines, with a progress bar where there is a terminal."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

Document = dict[str, Any]

console = Console(highlight=False, soft_wrap=True)

_LINE_EVERY = 3.0
_BODY = 150


def headline(text: str) -> None:
    """The title of an act."""
    console.print(f"\n[bold]== {escape(text)}[/bold]")


def line(text: str) -> None:
    """One line, indented."""
    console.print(f"   {escape(text)}")


@contextmanager
def progress(label: str) -> Iterator[Any]:
    """Gives a function that shows a cycle's progress: a bar, or a line now and then."""
    if console.is_terminal:
        with _bar(label) as show:
            yield show
        return
    shown = time.monotonic()

    def show_line(cycle: Document) -> None:
        nonlocal shown
        if time.monotonic() - shown >= _LINE_EVERY:
            shown = time.monotonic()
            line(f"{label}: {progress_text(cycle)}")

    yield show_line


@contextmanager
def _bar(label: str) -> Iterator[Any]:
    columns = (
        TextColumn(f"   {label}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[left]}"),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(label, total=None, left="")

        def show(cycle: Document) -> None:
            at = cycle["progress"]
            total = at["done"] + at["left"]
            bar.update(task, completed=at["done"], total=total or None, left=_time_left(cycle))

        yield show


def progress_text(cycle: Document) -> str:
    """Progress in words."""
    at = cycle["progress"]
    total = at["done"] + at["left"]
    objects = f", {at['done']} of {total} objects" if total else ""
    return f"{cycle['phase'] or cycle['status']}{objects}{_time_left(cycle)}"


def _time_left(cycle: Document) -> str:
    seconds = cycle["progress"]["seconds_left"]
    return "" if seconds is None else f", about {seconds} s left"


def counts(cycle: Document) -> str:
    """What a cycle did, in words."""
    parts = [f"{n} {name.replace('_', ' ')}" for name, n in cycle["counts"].items() if n]
    return ", ".join(parts) or "nothing to do"


def change(each: Document) -> str:
    """A change with its reason: of the plan, or of the provisioning log."""
    what = f"{each['action'].replace('_', ' '):<13} {each['object_type']:<5} {each['name']}"
    if each.get("member"):
        what += f": {each['member'].get('name') or each['member']['source_id']}"
    values = "; ".join(
        f"{p['name']}: {_value(p['old'])} -> {_value(p['new'])}"
        for p in each["modified_properties"]
        if each["action"] == "update"
    )
    return f"{what}{f' ({values})' if values else ''}\n        because {each['reason']}"


def sent(requests: Sequence[Document]) -> Iterator[str]:
    """Requests as ZSCloud saw them: method, path, status, the begin of the body."""
    for request in requests:
        body = (
            ""
            if request["body"] is None
            else json.dumps(_plain(request["body"]), ensure_ascii=False)
        )
        short = body if len(body) <= _BODY else f"{body[:_BODY]}..."
        yield f"{request['method']:<6} {request['path']} -> {request['status']}  {short}".rstrip()


def problems(wrong: Iterable[str]) -> None:
    """What is wrong, each on a line of its own."""
    for each in wrong:
        console.print(f"   [red]WRONG[/red] {escape(each)}")


def _plain(body: Any) -> Any:
    """A body without the names of its schemas, which say nothing here."""
    return {k: v for k, v in body.items() if k != "schemas"} if isinstance(body, dict) else body


def _value(value: Any) -> str:
    return "nothing" if value is None else str(value)
