"""Escrow over HTTP: listed, and tried at once when asked for."""

from __future__ import annotations

from tests.handlers.running import Running


async def test_nothing_is_in_escrow(app: Running) -> None:
    assert await app.get("escrow") == {"items": [], "next": None}
    assert await app.post("escrow/retry-now") == {"items": []}


async def test_what_failed_is_listed_and_tried_when_asked_for(app: Running) -> None:
    app.zscloud.set_faults(fail_share=1.0, fail_status=400, methods=["POST"], path_contains="Users")
    await app.cycle("initial")
    document = await app.get("escrow")
    names = sorted(item["name"] for item in document["items"])
    assert "ada@example.com" in names
    [entry] = [item for item in document["items"] if item["name"] == "ada@example.com"]
    assert (entry["tries"], entry["error_code"]) == (1, "Rejected")
    assert entry["next_try"] > entry["last_try"]
    assert entry["remedy"]
    assert (await app.get("status"))["escrow"] == len(names)

    app.zscloud.set_faults()
    answer = await app.call("POST", "escrow/retry-now", {"ids": [entry["source_id"]]})
    assert answer.status == 202
    assert [item["name"] for item in answer.json()["items"]] == ["ada@example.com"]
    await app.pump()
    left = [item["name"] for item in (await app.get("escrow"))["items"]]
    assert sorted([*left, "ada@example.com"]) == names
    assert app.accounts() == {"ada@example.com": True}
    await app.post("escrow/retry-now", {})
    await app.pump()
    assert (await app.get("escrow"))["items"] == []


async def test_nobody_of_that_name(app: Running) -> None:
    answer = await app.call("POST", "escrow/retry-now", {"ids": ["nobody@example.com"]})
    assert answer.status == 400
    [error] = answer.json()["errors"]
    assert error["field"] == "ids"
    assert "escrow" in error["remedy"]


async def test_an_empty_list_does_not_mean_everybody(app: Running) -> None:
    answer = await app.call("POST", "escrow/retry-now", {"ids": []})
    assert answer.status == 400
    [error] = answer.json()["errors"]
    assert error["field"] == "ids"
    assert "all" in error["remedy"]
