"""The least that any client pays: aiohttp, and the bodies encoded and the answers decoded."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
import msgspec
from yarl import URL

from benchmarks.servers import ZSCloud

IN_FLIGHT = 16
"""Requests unanswered at once, as many as the program has."""

_ORDER = (("POST", "/Users"), ("POST", "/Groups"), ("PATCH", "/Groups"))


@dataclass(frozen=True, slots=True)
class Recording:
    """The writes of a cycle in ``requests``, and the externalId of each id that they name."""

    requests: list[dict[str, Any]]
    external_ids: Mapping[str, str]


def record(zscloud: ZSCloud) -> Recording:
    """What the program has just sent. Raises ``RuntimeError`` if there is more than can be
    replayed, since the comparison would not be one.
    """
    writes = [r for r in zscloud.requests() if r["method"] != "GET"]
    others = [r for r in writes if not any(_is(r, *kind) for kind in _ORDER)]
    if others or any(r["status"] >= 300 for r in writes):
        raise RuntimeError(f"the cycle wrote something else than a first load: {others[:3]}")
    objects = zscloud.objects()
    known = {o["id"]: o.get("externalId", "") for o in objects["users"] + objects["groups"]}
    return Recording(writes, known)


async def replay(zscloud: ZSCloud, recording: Recording) -> float:
    """Sends the recorded writes to an empty tenant; the CPU seconds of sending.

    A tenant gives other ids each time, so users go first, and ids are put in between the clocks.
    """
    ids: dict[str, str] = {}
    cpu = 0.0
    async with aiohttp.ClientSession(
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={
            "authorization": f"Bearer {zscloud.token}",
            "accept": "application/scim+json",
            "content-type": "application/scim+json",
        },
    ) as session:
        for kind in _ORDER:
            new_ids = {old: ids[ext] for old, ext in recording.external_ids.items() if ext in ids}
            calls = [
                (
                    r["method"],
                    zscloud.url + _renamed(r["path"], new_ids),
                    _put_in(r["body"], new_ids),
                )
                for r in recording.requests
                if _is(r, *kind)
            ]
            began = time.process_time()
            answers = await _send(session, calls)
            cpu += time.process_time() - began
            ids |= {answer["externalId"]: answer["id"] for answer in answers}
    return cpu


async def _send(session: aiohttp.ClientSession, calls: list[Any]) -> list[dict[str, Any]]:
    answers: list[dict[str, Any]] = []
    waiting = iter(calls)
    await asyncio.gather(*(_work(session, waiting, answers) for _ in range(IN_FLIGHT)))
    return answers


async def _work(
    session: aiohttp.ClientSession,
    waiting: Iterator[tuple[str, str, Any]],
    answers: list[dict[str, Any]],
) -> None:
    for method, url, document in waiting:
        body = msgspec.json.encode(document)
        async with session.request(method, URL(url, encoded=True), data=body) as response:
            response.raise_for_status()
            content = await response.read()
        if content:
            answers.append(msgspec.json.decode(content))


def _is(request: Mapping[str, Any], method: str, path: str) -> bool:
    return bool(request["method"] == method and request["path"].startswith(path))


def _renamed(path: str, ids: Mapping[str, str]) -> str:
    head, slash, id = path.rpartition("/")
    return f"{head}{slash}{ids.get(id, id)}"


def _put_in(value: Any, ids: Mapping[str, str]) -> Any:
    """The document with the ids of this tenant."""
    if isinstance(value, dict):
        return {name: _put_in(inner, ids) for name, inner in value.items()}
    if isinstance(value, list):
        return [_put_in(inner, ids) for inner in value]
    return ids.get(value, value) if isinstance(value, str) else value
