"""What comes over the webhook, the queues, the Event Hub, and with a lease."""

from __future__ import annotations

from typing import Any

import azure.functions as func
from hypothesis import strategies as st

from handlers.notifications import _handshake, _token
from handlers.queues import DryRun, WakeUp
from handlers.work import _decode
from provisioning.lease import Left, _decoded
from provisioning.notifications import audit_events, message
from provisioning.notifications.batch import Batch, Expected, read_batch, with_feeds
from provisioning.queues.messages import LARGEST
from tests.fuzz.judge import Parser
from tests.fuzz.mutations import SECRET, bodies, texts
from tests.notifications.audit_payloads import OURS, record
from tests.notifications.payloads import GROUPS, NOW, TENANT, USERS, id_of, item, lifecycle

_CLIENT_STATE = "the-client-state-of-the-subscription"


def _ours(made: dict[str, Any]) -> dict[str, Any]:
    return {**made, "clientState": _CLIENT_STATE}


_BATCHES = (
    {"value": [_ours(item(1)), _ours(item(2, "Group")), _ours(item(3, changeType="deleted"))]},
    {"value": [_ours(lifecycle("missed")), _ours(lifecycle("subscriptionRemoved"))]},
    {"value": [item(1, clientState="wrong"), item(2, tenantId="other")]},
)
_HINT = {
    "told": NOW,
    "users": {id_of(1): 12, id_of(2): 0},
    "groups": {id_of(3): 5},
    "feeds": True,
    "assignments": True,
    "lifecycle": {USERS: "missed"},
    "narrowed": True,
}
_EXPECTED = Expected(
    secrets=(_CLIENT_STATE, SECRET), tenant_id=TENANT, subscriptions=frozenset((USERS, GROUPS))
)


def _batch(body: bytes) -> Batch:
    for expected in (_EXPECTED, Expected(secrets=("x",), tenant_id=TENANT, subscriptions=None)):
        batch = read_batch(body, expected, NOW)
        if batch.message is not None:
            # What is put on the queue has to be accepted at its other end.
            message.check(message.decode(message.encode(batch.message).encode()))
            assert len(message.encode(batch.message).encode()) <= LARGEST
    return with_feeds(batch, NOW)


def _hint(body: bytes) -> message.HintMessage:
    made = message.decode(body)
    message.check(made)
    gathered = message.Gathered()
    gathered.add(made, most=message.MOST_KEYS)
    message.check(gathered.message())
    return gathered.message()


def _request(query: str, params: dict[str, str]) -> func.HttpRequest:
    url = f"https://app.example/api/notifications?{query}"
    return func.HttpRequest("POST", url, params=params, body=b"")


def _shaken(given: tuple[str, str]) -> int:
    """The validation token, as the parameter or in an odd query."""
    token, query = given
    request = _request(query, {"validationToken": token})
    found = _token(request)
    answer = _handshake(found or "")
    status: int = answer.status_code
    assert status in (200, 400)
    if status == 200:
        assert answer.get_body() == token.encode()
        assert token.isprintable()
    assert _token(_request(query, {})) in (None, "")
    return status


PARSERS = (
    Parser(
        "message: change notifications",
        (
            *(
                "provisioning.notifications.batch:read_batch",
                "provisioning.notifications.batch:_time",
            ),
            *(
                "provisioning.notifications.batch:_collection",
                "provisioning.notifications.batch:_item",
            ),
            "provisioning.notifications.batch:_Reader.take",
        ),
        bodies(*_BATCHES),
        _batch,
        Batch,
        (),
        secrets=(SECRET, _CLIENT_STATE),
        examples=80,
    ),
    Parser(
        "message: validation token",
        ("handlers.notifications:_token",),
        st.tuples(
            texts("Validation: Testing client application reachability for subscription"),
            texts("validationToken=", "a=b&validationToken=&c", "validationToken"),
        ),
        _shaken,
        int,
        (),
    ),
    Parser(
        "message: audit events",
        (
            "provisioning.notifications.audit_events:read_events",
            *(
                f"provisioning.notifications.audit_events:{name}"
                for name in ("_envelope", "_record", "_properties", "_targets", "_read")
            ),
        ),
        st.lists(
            bodies(
                {"records": [record(), record("Delete user"), record(result="failure")]},
                {"records": [record(operationName=None)]},
            ),
            max_size=3,
        ),
        lambda given: audit_events.read_events(given, OURS),
        audit_events.AuditEvents,
        (),
    ),
    Parser(
        "message: hint",
        (
            "provisioning.notifications.message:decode",
            "provisioning.notifications.message:_decoder",
        ),
        bodies(_HINT),
        _hint,
        message.HintMessage,
        (ValueError,),
    ),
    Parser(
        "message: wake-up",
        ("handlers.queues:decode_message", "handlers.work:_decode"),
        bodies({"generation": 7}, {"dry_run": "cycle-1"}),
        _decode,
        WakeUp | DryRun,
        (ValueError,),
    ),
    Parser(
        "message: what a lease carries",
        ("provisioning.lease:_decoded",),
        st.one_of(st.just(b""), bodies({"holder": "h/1", "sends": [NOW, NOW + 0.2]}, [NOW, NOW])),
        _decoded,
        Left,
        (),
    ),
)
"""Everything that reads a message."""
