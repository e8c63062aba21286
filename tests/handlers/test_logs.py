"""The log over HTTP: by which filters, in which formats, and kept for how long."""

from __future__ import annotations

import csv
import io
import json
import re
import time
from urllib.parse import parse_qs, urljoin

import pytest

from provisioning.bootstrap import services
from tests.handlers.running import Running
from tests.provisioning_log.entries import entry

_NEXT = re.compile(r'<(\?[^>]*)>; rel="next"')


async def test_each_filter_narrows(app: Running) -> None:
    done = await app.cycle("initial")
    everything = (await app.get("logs"))["items"]
    ada = next(e for e in everything if e["name"] == "ada@example.com" and e["action"] == "create")
    for query in (f"target={ada['target_id']}", "target=ADA@example.com"):
        found = (await app.get(f"logs?{query}"))["items"]
        assert found
        assert {each["target_id"] for each in found} == {ada["target_id"]}
    assert (await app.get("logs?cause=initial"))["items"]
    assert (await app.get("logs?cause=live"))["items"] == []
    assert (await app.get("logs?error_code=Rejected"))["items"] == []
    assert ada["job_id"].startswith(ada["service_principal_id"])
    assert ada["job_id"].endswith(ada["target_system"])
    assert ada["cycle_id"] == done["cycle_id"]


async def test_lines_of_json_are_the_entries_and_a_header_leads_on(app: Running) -> None:
    await app.cycle("initial")
    everything = (await app.get("logs"))["items"]
    found, path = [], "logs?format=jsonl&limit=2&since=2h"
    while True:
        answer = await app.call("GET", path)
        assert answer.status == 200
        headers = {name.lower(): value for name, value in answer.headers.items()}
        assert headers["content-type"].startswith("application/jsonl")
        found += [json.loads(line) for line in answer.body.decode().splitlines()]
        if "link" not in headers:
            break
        following = _NEXT.fullmatch(headers["link"])
        assert following
        assert parse_qs(following[1][1:])["since"] == ["2h"]
        path = urljoin("logs", following[1])
    assert found == everything


async def test_csv_is_a_file_of_its_own(app: Running) -> None:
    id = app.tenant.add_user("=cmd@example.com", displayName="Evil")
    app.tenant.assign(id)
    await app.cycle("initial")
    answer = await app.call("GET", "logs?format=csv")
    headers = {name.lower(): value for name, value in answer.headers.items()}
    assert headers["content-type"].startswith("text/csv")
    assert headers["content-disposition"].endswith('.csv"')
    rows = list(csv.DictReader(io.StringIO(answer.body.decode(), newline="")))
    assert len(rows) == len((await app.get("logs"))["items"])
    assert "'=cmd@example.com" in {row["name"] for row in rows}


@pytest.mark.parametrize("query", ["format=xml", "format=csv&limit=1001", "format=csv&after=x"])
async def test_what_is_wrong_is_a_problem_whatever_the_format(app: Running, query: str) -> None:
    answer = await app.call("GET", f"logs?{query}")
    assert answer.status == 400
    assert answer.json()["errors"][0]["field"] in query


async def test_maintenance_drops_what_is_older_than_the_retention(app: Running) -> None:
    now = time.time()
    old = [entry(n, time=now - 31 * 86_400 - n) for n in range(1200)]
    made = await services()
    job = made.job()
    await job.store.write(job.log.rows([*old, entry(1, time=now - 29 * 86_400)]))
    await app.worker.timer("maintenance")
    assert [each["id"] for each in (await app.get("logs"))["items"]] == ["e000001"]
