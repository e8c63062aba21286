"""Calls of every route, and messages of every poison queue, through the worker.

The app has both simulators on sockets, and its state in a folder of its own.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch
from urllib.parse import quote

from hypothesis import strategies as st

from devhost.http import HttpAnswer, Identity
from devhost.worker import Worker
from handlers.http import PROBLEM
from handlers.shutdown import close
from provisioning.settings import SETTINGS
from simulator.entra import EntraSimulator, Tenant
from simulator.http import Server
from simulator.zscloud import Options, ZSCloudSimulator
from tests.fuzz.judge import Broken, Parser, check_text
from tests.fuzz.mutations import bodies, encodable_texts
from tests.fuzz.scan import ROOT
from tests.fuzz.subjects.edges import BODIES, CURSORS
from tests.notifications.payloads import TENANT, item, lifecycle

_STATE = "the-client-state-of-the-subscription"
_NAMES = ("after", "limit", "since", "until", "principal", "cycle", "status", "action", "code")
_VALUES = (
    *CURSORS,
    *("100", "2h", "2026-01-31T08:00:00Z", "ada@example.com", "Writers", "success", "create"),
)
_SECONDS = 30.0
_LONGEST = 6_000
"""Characters of a URL. The host takes no longer ones (azure-functions-host: 8 KB)."""

_PROBLEMS = frozenset({400, 404, 409, 503})
"""Of a sound installation. What a caller sends is never the fault of a remote system (502)."""

_WITHOUT_INPUT = frozenset({"ensure_subscriptions", "test_connection", "test_alerts"})
"""These read nothing of the call, and ask remote systems for seconds."""

_TEXTS = frozenset({"notifications", "console", "console_asset"})
"""Routes whose answers are no JSON: those to Graph, and the files of the console."""


class Call(NamedTuple):
    """One call. ``names`` stands for the values of the route."""

    function: int
    name: str
    query: list[tuple[str, str]]
    body: bytes
    operator: str
    signed_in: bool


class Session:
    """A running app that is called from outside of its event loop."""

    def __init__(self, runner: asyncio.Runner, worker: Worker, token: str) -> None:
        self._runner = runner
        self._worker = worker
        self.secrets = (token, _STATE)
        functions = worker.functions.values()
        self._functions = sorted(
            (
                each
                for each in functions
                if each.trigger == "httpTrigger" and each.name not in _WITHOUT_INPUT
            ),
            key=lambda each: each.name,
        )

    def call(self, call: Call) -> int:
        """Raises ``Broken`` for an answer that no caller should get; else its status."""
        function = self._functions[call.function % len(self._functions)]
        assert function.route is not None
        path = re.sub(r"\{\w+\}", lambda _: quote(call.name or "x", safe=""), function.route)
        query = "&".join(f"{quote(name)}={quote(value)}" for name, value in call.query)
        url = f"/api/{path}?{query}"[:_LONGEST]
        headers = {"X-Operator": call.operator}
        identity = Identity(call.operator, "1") if call.signed_in else None
        answer = self._run(
            self._worker.http(
                sorted(function.methods)[0], url, headers, call.body, identity=identity
            )
        )
        self._judge(function.name, answer)
        return answer.status

    def poison(self, given: tuple[str, bytes]) -> None:
        """A message that failed too often is set aside, whatever it says."""
        name, body = given
        self._run(self._worker.queue(name, body.decode(errors="replace")))

    def events(self, given: list[bytes]) -> None:
        """Events of the audit log are never tried again: none may fail for what it says."""
        self._run(self._worker.events("audit_events", [b.decode(errors="replace") for b in given]))

    def _run(self, work: Any) -> Any:
        return self._runner.run(asyncio.wait_for(work, _SECONDS))

    def _judge(self, name: str, answer: HttpAnswer) -> None:
        for each in (*answer.headers.values(), *answer.headers):
            check_text(each, self.secrets, "a header")
        if any(secret.encode() in answer.body for secret in self.secrets):
            raise Broken(f"{name} answers with a secret")
        if answer.status in (200, 202):
            if name not in _TEXTS:
                answer.json()
            return
        if answer.status not in _PROBLEMS:
            raise Broken(f"{name} answers {answer.status}: {answer.body[:500]!r}")
        if name in _TEXTS:
            return
        if answer.headers.get("content-type") != PROBLEM:
            raise Broken(f"{name} answers {answer.status} with {answer.headers}")
        self._judge_problem(name, answer.json())

    def _judge_problem(self, name: str, document: Mapping[str, Any]) -> None:
        check_text(document["detail"], self.secrets, f"the detail of {name}")
        for each in document["errors"]:
            for part in ("field", "message", "remedy"):
                check_text(each[part] or "", self.secrets, f"the {part} of {name}")
            named = each["field"] or document["code"] != "InvalidRequest"
            if not named or not each["message"]:
                raise Broken(f"{name} does not say what is wrong: {json.dumps(each)}")


@contextmanager
def session() -> Iterator[Session]:
    """A running app; its state is thrown away."""
    with asyncio.Runner() as runner, tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        stack = AsyncExitStack()
        with patch.dict(os.environ):
            made = runner.run(_opened(stack, runner, Path(folder)))
            try:
                yield made
            finally:
                runner.run(stack.aclose())


async def _opened(stack: AsyncExitStack, runner: asyncio.Runner, folder: Path) -> Session:
    tenant = Tenant.empty()
    ada = tenant.add_user("ada@example.com", displayName="Ada Adler")
    tenant.assign(tenant.add_group("Writers", [ada]))
    zscloud = ZSCloudSimulator(Options(strict=True, rate=0))
    graph = await stack.enter_async_context(Server(EntraSimulator(tenant)))
    scim = await stack.enter_async_context(Server(zscloud))
    for name in ("AzureWebJobsStorage", *(known.name for known in SETTINGS)):
        os.environ.pop(name, None)
    os.environ |= {
        "ENTRA_SERVICE_PRINCIPAL_ID": tenant.service_principal_id,
        "ENTRA_TENANT_ID": TENANT,
        "GRAPH_BASE_URL": f"{graph.url}/v1.0",
        "ZSCLOUD_SCIM_BASE_URL": f"{scim.url}{zscloud.options.base_path}",
        "ZSCLOUD_SCIM_TOKEN": zscloud.options.token,
        "NOTIFICATION_URL": f"{graph.url}/nobody",
        "NOTIFICATION_CLIENT_STATE": _STATE,
        "STATE_STORE": f"sqlite:///{folder}/state.db",
        "PROVISIONING_STATUS": "on",
        "ZSCLOUD_REQUESTS_PER_SECOND": "0",
    }
    stack.push_async_callback(close)
    worker = await stack.enter_async_context(Worker(ROOT))
    return Session(runner, worker, zscloud.options.token)


def parsers(running: Session) -> tuple[Parser, ...]:
    """What can be sent to the app."""
    notifications = {"value": [{**item(1), "clientState": _STATE}, lifecycle("missed")]}
    calls = st.builds(
        Call,
        st.integers(0, 2**16),
        encodable_texts("ada@example.com", "0001", "retry-now"),
        st.lists(st.tuples(texts_of(_NAMES), texts_of(_VALUES)), max_size=3),
        bodies(*BODIES, notifications),
        encodable_texts("Ada").map(_of_a_header),
        st.booleans(),
    )
    poison = st.sampled_from(("work_poison", "hints_poison"))
    return (
        Parser("http: every route", (), calls, running.call, int, (), running.secrets),
        Parser(
            "message: set aside",
            (),
            st.tuples(poison, bodies({"generation": 7}, {"dry_run": "x"}, {"told": 1.0})),
            running.poison,
            None,
            (),
            running.secrets,
        ),
        Parser(
            "message: events through the worker",
            (),
            st.lists(bodies({"records": [{"category": "AuditLogs"}]}), max_size=2),
            running.events,
            None,
            (),
            running.secrets,
        ),
    )


def texts_of(valid: tuple[str, ...]) -> st.SearchStrategy[str]:
    """Mostly as they are: most of a query is sound."""
    return st.one_of(st.sampled_from(valid), encodable_texts(*valid))


def _of_a_header(text: str) -> str:
    """What a server of HTTP lets through (RFC 9110 section 5.5)."""
    return "".join(each for each in text if each.isprintable())[:4000]
