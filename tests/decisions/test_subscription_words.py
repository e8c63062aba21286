"""What is said of subscriptions: the flaw that decides, how they stand, what is to be known."""

from __future__ import annotations

import hashlib

import msgspec
import pytest

from provisioning.model import CHANGE_TYPES
from provisioning.setting_values import Secret
from provisioning.subscribed import RESOURCES, Subscribed
from provisioning.subscriptions.plan import (
    ALERT_AFTER,
    ALERT_EVERY,
    ALERT_WITHIN,
    LIFE,
    RENEW_WITHIN,
    TRY_EVERY,
    Do,
    Health,
    Known,
    Wanted,
    concern,
    decide,
    decide_all,
    digest,
    health,
    holders,
    is_needed,
    is_ours,
    leftovers,
    stored_flaw,
)
from tests.decisions.test_subscription_plan import (
    DAY,
    ELSEWHERE,
    HERE,
    HOUR,
    NOW,
    WANTED,
    failure,
    known,
    listed,
    row,
)


def test_the_times_that_graph_and_operators_know() -> None:
    """In seconds: a subscription lives 29 days less an hour, and is renewed a week before."""
    assert LIFE == 29 * DAY - HOUR
    assert (*(7 * DAY, 3 * DAY, HOUR, HOUR, 300.0),) == (
        RENEW_WITHIN,
        ALERT_WITHIN,
        ALERT_AFTER,
        ALERT_EVERY,
        TRY_EVERY,
    )
    assert list(Do) == ["nothing", "adopt", "record", "renew", "create", "recreate", "delete"]
    assert list(Health) == ["active", "expiring", "expired", "missing"]


@pytest.mark.parametrize(
    ("given", "do", "why"),
    [
        (known(), Do.CREATE, "There is none."),
        (known(stored=row()), Do.CREATE, "Graph does not have it any more."),
        (known(listed(), stored=row()), Do.NOTHING, "It is as it should be."),
        (known(listed()), Do.ADOPT, "It was found in Graph."),
        (
            known(listed(), stored=row(expires_at=NOW + 20 * DAY + 1)),
            Do.NOTHING,
            "It is as it should be.",
        ),
        (
            known(listed(), stored=row(expires_at=NOW + 20 * DAY - 1.5)),
            Do.RECORD,
            "Graph knows another end of it.",
        ),
        (
            known(listed(expires_at=NOW + RENEW_WITHIN), stored=row()),
            Do.RENEW,
            "It has a week or less to live.",
        ),
        (
            known(listed(notification_url=ELSEWHERE), stored=row()),
            Do.RECREATE,
            "NOTIFICATION_URL is another now.",
        ),
        (
            known(listed(lifecycle_url=ELSEWHERE)),
            Do.RECREATE,
            "It has another lifecycle URL, which cannot be changed.",
        ),
        (
            known(listed(change_types=frozenset({"updated"}))),
            Do.RECREATE,
            "It is told of other changes.",
        ),
        (
            known(listed(), stored=row(secret_digest="old")),
            Do.RECREATE,
            "NOTIFICATION_CLIENT_STATE is another now.",
        ),
        (
            known(listed(), refused={"1"}),
            Do.RECREATE,
            "It was found in Graph, and brings another secret than ours.",
        ),
        (known(listed(expires_at=NOW)), Do.RECREATE, "It has expired."),
        (known(wanted=None, stored=row()), Do.DELETE, "NOTIFICATION_URL is not set."),
    ],
)
def test_a_decision_says_why(given: Known, do: Do, why: str) -> None:
    decision = decide(given, "users")
    assert (decision.resource, decision.do, decision.why) == ("users", do, why)


def test_what_stays_is_known_or_adopted() -> None:
    adopted = decide(known(listed()), "users")
    assert (adopted.adopted, adopted.subscription) == (True, listed())
    kept = decide(known(listed(), stored=row()), "users")
    assert (kept.adopted, kept.subscription, kept.remove) == (False, listed(), ())
    # Of two that are alike the same one stays each time.
    both = decide(known(listed("1"), listed("2")), "users")
    assert both.subscription == listed("2")
    assert decide(known(listed("2"), listed("1")), "users").subscription == listed("2")


def test_what_is_decided_about() -> None:
    assert [each.resource for each in decide_all(known())] == list(RESOURCES)
    assert [each.resource for each in decide_all(known(stored=row(), wanted=None))] == ["users"]
    groups = listed(resource="groups")
    assert decide(known(groups), "users").do is Do.CREATE


def test_whose_a_subscription_is() -> None:
    assert is_ours(known(), listed())
    assert not is_ours(known(), listed(notification_url=ELSEWHERE))
    assert is_ours(known(stored=row(), wanted=None), listed(notification_url=ELSEWHERE))
    assert not is_ours(known(wanted=None), listed())
    other = listed("9", resource="users/9")
    elsewhere = listed("8", resource="users/9", notification_url=ELSEWHERE)
    assert leftovers(known(listed(), other, elsewhere)) == [other]


@pytest.mark.parametrize(
    ("stored", "refused", "flaw"),
    [
        (None, set(), "There is none yet."),
        (row(), set(), None),
        (row(url=ELSEWHERE), set(), "NOTIFICATION_URL is another now."),
        (row(secret_digest="old"), set(), "NOTIFICATION_CLIENT_STATE is another now."),
        (row(adopted=True), set(), None),
        (row(), {"1"}, None),
        (
            row(adopted=True),
            {"1"},
            "It was found in Graph, and brings another secret than ours.",
        ),
        (row(expires_at=NOW), set(), "It has expired."),
        (row(expires_at=NOW + 7 * DAY), set(), "It has a week or less to live."),
        (row(expires_at=NOW + 7 * DAY + 1), set(), None),
    ],
)
def test_what_the_store_alone_tells(
    stored: Subscribed | None, refused: set[str], flaw: str | None
) -> None:
    given = known(stored=stored, refused=refused)
    assert stored_flaw(given, "users") == flaw
    both = {} if stored is None else dict.fromkeys(RESOURCES, stored)
    assert is_needed(msgspec.structs.replace(given, stored=both)) is (flaw is not None)


def test_without_a_webhook_what_is_stored_is_about_to_go() -> None:
    gone = known(stored=row(), wanted=None)
    assert stored_flaw(gone, "users") == "NOTIFICATION_URL is not set: it is about to be deleted."
    assert is_needed(gone)
    assert not is_needed(known(wanted=None))
    assert Wanted(HERE, "digest") == WANTED


@pytest.mark.parametrize(
    ("stored", "now", "said"),
    [
        (None, NOW + HOUR - 1, None),
        (None, NOW + HOUR, "No subscription to users could be made for 1 h: "),
        (None, NOW + 5 * HOUR, "No subscription to users could be made for 5 h: "),
        (row(expires_at=NOW + HOUR), NOW + HOUR, "No subscription to users could be made for 1 h"),
        (row(expires_at=NOW + 2 * HOUR), NOW + HOUR, "The subscription to users ends in 1 h: "),
        (row(expires_at=NOW + 3 * DAY), NOW, None),
        (row(expires_at=NOW + 3 * DAY - 1), NOW, "The subscription to users ends in 72 h: "),
    ],
)
def test_what_somebody_must_know(stored: Subscribed | None, now: float, said: str | None) -> None:
    found = concern(stored, failure(), now)
    if said is None:
        assert found is None
    else:
        assert found is not None
        assert found.startswith(said)
        assert found.endswith("away.")


@pytest.mark.parametrize(
    ("stored", "stands"),
    [
        (None, Health.MISSING),
        (row(expires_at=NOW), Health.EXPIRED),
        (row(expires_at=NOW + 1), Health.EXPIRING),
        (row(expires_at=NOW + 7 * DAY), Health.EXPIRING),
        (row(expires_at=NOW + 7 * DAY + 1), Health.ACTIVE),
    ],
)
def test_how_a_subscription_stands(stored: Subscribed | None, stands: Health) -> None:
    assert health(stored, NOW) is stands


def test_who_keeps_another_from_being_made() -> None:
    other = listed("2", change_types=frozenset({"updated"}))
    assert holders([listed(), other, listed("3", resource="groups")], "users") == [listed()]
    assert listed().change_types == CHANGE_TYPES


def test_a_secret_is_stored_as_the_half_of_its_digest() -> None:
    """Rows of earlier versions hold it: another form would make every subscription anew."""
    assert digest(Secret("x")) == hashlib.sha256(b"x").hexdigest()[:32]
