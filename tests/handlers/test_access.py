"""App roles part looking from acting, for everybody whom the platform has signed in."""

from __future__ import annotations

import base64
import json
from typing import Any

import azure.functions as func
import pytest

from devhost.http import Identity
from handlers.access import Right, refusal
from tests.handlers.running import Running
from tests.handlers.test_index import ROUTES

READ, OPERATE = Right.READ.value, Right.OPERATE.value

LOOKS = {
    *("get_cycle", "get_on_demand", "status", "logs", "due", "drift", "orphans", "explain"),
    *("held_plans", "held_plan", "audit", "escrow", "subscriptions", "alerts", "test_connection"),
    *("doctor", "cycles", "latency", "settings"),
}
ACTS = {
    *("start_cycle", "provision_on_demand", "approve_held_plan", "reject_held_plan"),
    *("retry_escrow", "ensure_subscriptions", "test_alerts", "stop", "start", "restart"),
}
ANONYMOUS = {"notifications", "health", "console", "console_asset"}


@pytest.fixture
def signing_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEBSITE_AUTH_ENABLED", "True")


def signed_in(*roles: str) -> Identity:
    return Identity("anna@example.com", "1", roles)


async def ask(app: Running, function: str, identity: Identity | None) -> Any:
    """Calls a function as it is registered, with a body that does nothing: it is refused as such
    by whoever lets the caller in.
    """
    [each] = [f for f in app.worker.functions.values() if f.name == function]
    path = str(each.route).replace("{id}", "nobody")
    body = b"no JSON" if function in ACTS else None
    return await app.call(each.methods[0], path, body, identity=identity)


def test_every_call_has_a_decision() -> None:
    """A new one fails here, until somebody has said what it takes."""
    assert set(ROUTES) == LOOKS | ACTS | ANONYMOUS
    anonymous = {name for name, (*_, level) in ROUTES.items() if level == "anonymous"}
    assert anonymous == ANONYMOUS


async def test_every_call_that_is_not_anonymous_refuses_whoever_has_no_role(
    app: Running, signing_in: None
) -> None:
    """Walks what is registered: a handler that forgets to ask is found by what it answers."""
    for function in app.worker.functions.values():
        if function.trigger != "httpTrigger" or function.auth_level == "anonymous":
            continue
        answer = await ask(app, function.name, signed_in("Something.Else"))
        assert answer.status == 403, function.name
        assert answer.headers["content-type"].startswith("application/problem+json")
        document = answer.json()
        role = READ if function.name in LOOKS else OPERATE
        assert document["code"] == "RoleMissing"
        assert role in document["detail"]
        [error] = document["errors"]
        assert f"Assign the app role {role} in Entra ID" in error["remedy"]
    assert app.writes() == []


async def test_to_look_is_not_to_act(app: Running, signing_in: None) -> None:
    for name in sorted(LOOKS):
        assert (await ask(app, name, signed_in(READ))).status != 403, name
        assert (await ask(app, name, signed_in(OPERATE))).status != 403, name
    for name in sorted(ACTS):
        assert (await ask(app, name, signed_in(READ))).status == 403, name
    for name in sorted(ACTS - {"ensure_subscriptions", "test_alerts"}):
        assert (await ask(app, name, signed_in(OPERATE))).status in {400, 409}, name


async def test_a_key_alone_is_as_before(app: Running, signing_in: None) -> None:
    """Nobody is signed in: the platform has let the bearer of the key in."""
    assert (await ask(app, "status", None)).status == 200
    assert (await app.call("POST", "stop", {})).status == 200
    assert (await app.call("GET", "health")).status == 200


# --- the header -----------------------------------------------------------------------------------


def principal(**changes: Any) -> str:
    document: dict[str, Any] = {
        "auth_typ": "aad",
        "claims": [{"typ": "roles", "val": OPERATE}],
        "name_typ": "",
        "role_typ": "",
        **changes,
    }
    return encoded(json.dumps(document))


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def request(**headers: str) -> func.HttpRequest:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return func.HttpRequest("POST", "http://localhost/api/stop", headers=names, body=b"")


@pytest.mark.parametrize(
    "header",
    [
        "%%%",
        encoded("no JSON"),
        encoded("[]"),
        encoded("[" * 100_000),
        encoded("{}"),
        "\u00e4",
        base64.b64encode(b"\xff\xfe").decode(),
        principal(auth_typ="google"),
        principal(auth_typ=None),
        principal(claims=None),
        principal(claims={"roles": OPERATE}),
        principal(claims=["roles"]),
        principal(claims=[{"typ": "roles", "val": OPERATE}, {"typ": "roles"}]),
        principal(claims=[{"typ": "roles", "val": [OPERATE]}]),
        principal(claims=[{"typ": "roles", "val": "x" * 70_000}, {"typ": "roles", "val": OPERATE}]),
    ],
)
def test_a_header_that_is_not_as_it_should_be_gives_no_right(signing_in: None, header: str) -> None:
    refused = refusal(request(X_MS_CLIENT_PRINCIPAL=header), Right.READ)
    assert refused is not None
    assert "cannot be read" in str(refused)


@pytest.mark.parametrize(
    "claims",
    [
        [],
        [{"typ": "groups", "val": OPERATE}],
        [{"typ": "name", "val": OPERATE}],
        [{"typ": "roles", "val": OPERATE.lower()}],
        [{"typ": "roles", "val": f"{OPERATE} {READ}"}],
        [{"typ": "ROLES", "val": OPERATE}],
    ],
)
def test_what_is_no_role_gives_no_right(signing_in: None, claims: list[Any]) -> None:
    asked = request(X_MS_CLIENT_PRINCIPAL=principal(claims=claims))
    assert refusal(asked, Right.OPERATE) is not None


@pytest.mark.parametrize(
    "typ", ["roles", "http://schemas.microsoft.com/ws/2008/06/identity/claims/role"]
)
def test_a_role_counts_under_both_names_of_its_claim(signing_in: None, typ: str) -> None:
    asked = request(X_MS_CLIENT_PRINCIPAL=principal(claims=[{"typ": typ, "val": OPERATE}]))
    assert refusal(asked, Right.OPERATE) is None


def test_a_name_without_claims_gives_no_right(signing_in: None) -> None:
    assert refusal(request(X_MS_CLIENT_PRINCIPAL_NAME="anna"), Right.READ) is not None
    assert refusal(request(X_MS_CLIENT_PRINCIPAL_ID="1"), Right.READ) is not None


def test_where_the_platform_signs_nobody_in_its_headers_are_anybodys(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """They neither give a right nor take one: the key does."""
    monkeypatch.delenv("WEBSITE_AUTH_ENABLED", raising=False)
    assert refusal(request(X_MS_CLIENT_PRINCIPAL="%%%"), Right.OPERATE) is None
    assert refusal(request(X_MS_CLIENT_PRINCIPAL=principal(claims=[])), Right.OPERATE) is None
