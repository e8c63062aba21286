"""What to do about the subscriptions, from literal values."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.errors import RemoteUnavailable
from provisioning.model import CHANGE_TYPES, Subscription
from provisioning.setting_values import Secret
from provisioning.subscribed import RESOURCES, Subscribed
from provisioning.subscriptions.failures import SubscriptionFailure
from provisioning.subscriptions.plan import (
    LIFE,
    RENEW_WITHIN,
    Decision,
    Do,
    Known,
    Wanted,
    alarm,
    decide,
    decide_all,
    digest,
    is_needed,
    leftovers,
)

NOW = 1_800_000_000.0
DAY = 86_400.0
HOUR = 3600.0
HERE, ELSEWHERE = "https://here.example.com", "https://elsewhere.example.com"
WANTED = Wanted(HERE, "digest")


def listed(id: str = "1", **changes: Any) -> Subscription:
    values = {
        "id": id,
        "resource": "users",
        "change_types": CHANGE_TYPES,
        "notification_url": HERE,
        "lifecycle_url": HERE,
        "expires_at": NOW + 20 * DAY,
    }
    return Subscription(**{**values, **changes})


def row(id: str = "1", **changes: Any) -> Subscribed:
    values = {
        "resource": "users",
        "id": id,
        "url": HERE,
        "secret_digest": "digest",
        "created_at": NOW - DAY,
        "expires_at": NOW + 20 * DAY,
    }
    return Subscribed(**{**values, **changes})


def known(*found: Subscription, stored: Subscribed | None = None, **changes: Any) -> Known:
    rows = {} if stored is None else {stored.resource: stored}
    given = Known(listed=found, stored=rows, refused=set(), wanted=WANTED, now=NOW)
    return msgspec.structs.replace(given, **changes)


def decided(given: Known) -> tuple[Do, str | None, set[str]]:
    decision: Decision = decide(given, "users")
    one = decision.subscription
    return decision.do, None if one is None else one.id, {each.id for each in decision.remove}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(known(), (Do.CREATE, None, set()), id="nothing"),
        pytest.param(known(stored=row()), (Do.CREATE, None, set()), id="vanished"),
        pytest.param(known(listed(), stored=row()), (Do.NOTHING, "1", set()), id="as it should"),
        pytest.param(known(listed()), (Do.ADOPT, "1", set()), id="store forgot it"),
        pytest.param(
            known(listed(), stored=row(expires_at=NOW + DAY)),
            (Do.RECORD, "1", set()),
            id="another end",
        ),
        pytest.param(
            known(listed(expires_at=NOW + RENEW_WITHIN), stored=row()),
            (Do.RENEW, "1", set()),
            id="a week left",
        ),
        pytest.param(
            known(listed(expires_at=NOW), stored=row()),
            (Do.RECREATE, None, {"1"}),
            id="expired, still listed",
        ),
        pytest.param(
            known(listed(notification_url=ELSEWHERE), stored=row(url=ELSEWHERE)),
            (Do.RECREATE, None, {"1"}),
            id="our URL changed",
        ),
        pytest.param(
            known(listed(notification_url=ELSEWHERE)),
            (Do.CREATE, None, set()),
            id="another's",
        ),
        pytest.param(
            known(listed(), stored=row(secret_digest="old")),
            (Do.RECREATE, None, {"1"}),
            id="the secret changed",
        ),
        pytest.param(
            known(listed(), stored=row(), refused={"1"}),
            (Do.NOTHING, "1", set()),
            id="a forger",
        ),
        pytest.param(
            known(listed(), stored=row(adopted=True), refused={"1"}),
            (Do.RECREATE, None, {"1"}),
            id="adopted, and its secret is another",
        ),
        pytest.param(
            known(listed("2"), listed("1"), stored=row()),
            (Do.NOTHING, "1", {"2"}),
            id="a double: the known one stays",
        ),
        pytest.param(
            known(listed("1"), listed("2", expires_at=NOW + 25 * DAY)),
            (Do.ADOPT, "2", {"1"}),
            id="a double: the longer one stays",
        ),
        pytest.param(
            known(listed("1", notification_url=ELSEWHERE), listed("2"), stored=row(url=ELSEWHERE)),
            (Do.ADOPT, "2", {"1"}),
            id="the old one beside the new one",
        ),
        pytest.param(
            known(listed("1"), listed("2"), stored=row(), wanted=None),
            (Do.DELETE, None, {"1"}),
            id="no webhook any more",
        ),
    ],
)
def test_decisions(given: Known, expected: tuple[Do, str | None, set[str]]) -> None:
    assert decided(given) == expected


def test_without_a_webhook_only_what_is_stored_is_looked_at() -> None:
    assert decide_all(known(listed(), wanted=None)) == []
    assert leftovers(known(listed(resource="users/1"), wanted=None)) == []


_ids = st.sampled_from("123456")
_listed = st.builds(
    listed,
    _ids,
    resource=st.sampled_from([*RESOURCES, "users/1"]),
    change_types=st.sampled_from([CHANGE_TYPES, frozenset({"updated"})]),
    notification_url=st.sampled_from([HERE, ELSEWHERE]),
    lifecycle_url=st.sampled_from([HERE, None]),
    expires_at=st.sampled_from([NOW - 1, NOW + DAY, NOW + 20 * DAY]),
)
_stored = st.builds(
    row,
    _ids,
    url=st.sampled_from([HERE, ELSEWHERE]),
    secret_digest=st.sampled_from(["digest", "old"]),
    adopted=st.booleans(),
)


@given(
    st.lists(_listed, unique_by=lambda one: one.id),
    st.none() | _stored,
    st.sets(_ids),
    st.sampled_from([WANTED, None]),
)
def test_laws(
    found: list[Subscription], stored: Subscribed | None, refused: set[str], wanted: Wanted | None
) -> None:
    """Never another's; never one that stays; and the second visit has nothing to do."""
    given = known(*found, stored=stored, refused=refused, wanted=wanted)
    decisions = decide_all(given)
    gone = {one.id: one for each in decisions for one in each.remove}
    gone |= {one.id: one for one in leftovers(given)}
    for one in gone.values():
        ours_by_url = wanted is not None and one.notification_url == wanted.url
        assert ours_by_url or (stored is not None and stored.id == one.id)
    kept = {each.resource: each.subscription for each in decisions if each.subscription}
    assert not {one.id for one in kept.values()} & set(gone)
    if wanted is None:
        return
    after = {
        resource: listed(f"new-{resource}", resource=resource, expires_at=NOW + LIFE)
        if (one := kept.get(resource)) is None
        else msgspec.structs.replace(one, expires_at=NOW + LIFE)
        for resource in RESOURCES
    }
    rows = {name: row(one.id, resource=name, expires_at=NOW + LIFE) for name, one in after.items()}
    touched = {*gone, *(one.id for one in kept.values())}
    left = [one for one in found if one.id not in touched]
    again = Known(
        listed=[*left, *after.values()], stored=rows, refused=set(), wanted=wanted, now=NOW
    )
    assert {each.do for each in decide_all(again)} == {Do.NOTHING}
    assert not any(each.remove for each in decide_all(again))
    assert not is_needed(again)


def test_the_store_alone_tells_when_there_is_something_to_do() -> None:
    both = {name: row(name, resource=name) for name in RESOURCES}
    good = known(stored=None, wanted=WANTED)
    whole = msgspec.structs.replace(good, stored=both)
    assert not is_needed(whole)
    assert is_needed(good)
    assert is_needed(msgspec.structs.replace(whole, now=NOW + 13 * DAY))
    assert not is_needed(msgspec.structs.replace(whole, now=NOW + 13 * DAY - 1))
    assert is_needed(msgspec.structs.replace(whole, wanted=Wanted(ELSEWHERE, "digest")))
    assert is_needed(msgspec.structs.replace(whole, wanted=Wanted(HERE, "another")))
    assert is_needed(msgspec.structs.replace(whole, wanted=None))
    assert not is_needed(msgspec.structs.replace(whole, refused={"users"}))


def failure(**changes: float) -> SubscriptionFailure:
    made = SubscriptionFailure.of(
        RemoteUnavailable("Graph", "POST /subscriptions", "away"), "users", NOW, None
    )
    return msgspec.structs.replace(made, **changes)


@pytest.mark.parametrize(
    ("stored", "failed", "now", "words"),
    [
        (None, None, NOW, None),
        (None, failure(), NOW + HOUR - 1, None),
        (None, failure(), NOW + HOUR, "could be made for 1 h"),
        (None, failure(alerted_at=NOW + HOUR), NOW + 2 * HOUR - 1, None),
        (row(), failure(), NOW + 17 * DAY, None),
        (row(), failure(), NOW + 17 * DAY + 1, "ends in 72 h"),
        (row(), None, NOW + 19 * DAY, None),
        (row(), failure(), NOW + 20 * DAY, "could be made"),
    ],
)
def test_somebody_is_told(
    stored: Subscribed | None, failed: SubscriptionFailure | None, now: float, words: str | None
) -> None:
    sentence = alarm(stored, failed, now)
    assert (sentence is None) is (words is None)
    assert (words or "") in (sentence or "")
    if sentence is not None:
        assert "away" in sentence
        assert sentence.endswith(RemoteUnavailable.remedy)


def test_a_failure_remembers_when_it_began() -> None:
    error = RemoteUnavailable("Graph", "GET /subscriptions", "away")
    again = SubscriptionFailure.of(error, "users", NOW + 60, failure(alerted_at=NOW + 5))
    assert (again.since, again.tried_at, again.alerted_at) == (NOW, NOW + 60, NOW + 5)


def test_the_digest_is_not_the_secret() -> None:
    assert digest(Secret("a" * 20)) != digest(Secret("b" * 20))
    assert "aaaa" not in digest(Secret("a" * 20))
