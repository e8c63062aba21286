"""Errors: their stable codes, which logs and answers carry, and remedies that name the setting."""

from __future__ import annotations

import pytest

from provisioning import errors
from provisioning.errors import (
    ConfigurationError,
    EndpointUnfit,
    InvalidRequest,
    PermissionMissing,
    Problem,
    ProvisioningError,
    Rejected,
    RemoteError,
    Throttled,
    Unfit,
    cut,
)

CODES = {
    "AnswerLost": "AnswerLost",
    "ApplicationUnfit": "SourceImplausible",
    "ConfigurationError": "ConfigurationError",
    "BatchRefused": "BatchRefused",
    "Conflict": "Conflict",
    "CredentialsRefused": "Unauthorized",
    "DuplicateTarget": "DuplicateTargetEntries",
    "EndpointGone": "EndpointGone",
    "EndpointUnfit": "EndpointUnfit",
    "HandshakeFailed": "HandshakeFailed",
    "InvalidRequest": "InvalidRequest",
    "LeaseUnavailable": "LeaseUnavailable",
    "NotFound": "NotFound",
    "NotReached": "RemoteUnavailable",
    "PermissionMissing": "InsufficientRights",
    "PlanNotPending": "PlanNotPending",
    "ProtocolError": "WebExceptionProtocolError",
    "ProvisioningError": "ProvisioningError",
    "QueueUnavailable": "QueueUnavailable",
    "QuotaReached": "SubscriptionQuota",
    "Rejected": "Rejected",
    "RemoteError": "RemoteError",
    "RoleMissing": "RoleMissing",
    "RemoteUnavailable": "RemoteUnavailable",
    "SourceImplausible": "SourceImplausible",
    "StateDamaged": "ConfigurationError",
    "StoreUnavailable": "StoreUnavailable",
    "Throttled": "TooManyRequests",
    "TooManyFailures": "TooManyFailures",
    "WatermarkExpired": "WatermarkExpired",
}


def kinds() -> dict[str, type[ProvisioningError]]:
    found = [each for each in vars(errors).values() if isinstance(each, type)]
    return {each.__name__: each for each in found if issubclass(each, ProvisioningError)}


def test_codes_are_stable() -> None:
    """They stand in stored logs, and in what operators filter and alert by."""
    assert {name: CODES.get(name) for name in kinds()} == {
        name: kind.code for name, kind in kinds().items()
    }


@pytest.mark.parametrize(
    ("name", "setting"),
    [
        ("ApplicationUnfit", "ENTRA_SERVICE_PRINCIPAL_ID"),
        ("StoreUnavailable", "STATE_STORE"),
        ("QueueUnavailable", "AzureWebJobsStorage"),
        ("HandshakeFailed", "NOTIFICATION_URL"),
        ("QuotaReached", "subscriptions delete ID"),
        ("PlanNotPending", "`held list`"),
        ("LeaseUnavailable", "`status`"),
        ("TooManyFailures", "`escrow`"),
    ],
)
def test_a_remedy_names_what_there_is_to_look_at(name: str, setting: str) -> None:
    words = kinds()[name].remedy.replace(",", " ").replace(".", " ").split()
    assert setting in (words if " " not in setting else kinds()[name].remedy)


def test_every_error_says_what_to_do() -> None:
    assert all(kind.remedy.endswith(".") for kind in kinds().values())


def test_a_text_is_cut_to_one_line_of_so_many_characters() -> None:
    assert cut(" a\nb\x00c ") == "a b c"
    assert cut("x" * 300) == "x" * 300
    assert cut("x" * 301) == "x" * 299 + "…"
    assert cut("abcd", 4) == "abcd"
    assert cut("abcde", 4) == "abc…"


def test_problems_are_told_together() -> None:
    problems = (Problem("A", "is wrong.", "Set B."), Problem("C", "is too.", "Set D."))
    error = ConfigurationError(problems)
    assert str(error) == "A: is wrong. Set B.; C: is too. Set D."
    assert error.remedy == "Set B.; Set D."
    assert error.problems == problems
    request = InvalidRequest(problems[0])
    assert (str(request), request.remedy, request.problem) == (
        "A: is wrong.",
        "Set B.",
        problems[0],
    )


def test_a_remote_error_says_who_answered_what_to_what() -> None:
    error = RemoteError("Graph", "read the user", "no\nsuch", status=404, request_id="r")
    assert str(error) == "Graph answered 404 to read the user: no such"
    assert (error.remote, error.operation, error.detail) == ("Graph", "read the user", "no such")
    assert (error.status, error.request_id) == (404, "r")
    assert error.remedy == RemoteError.remedy
    silent = RemoteError("ZSCloud", "create", "lost", remedy="Look.")
    assert str(silent) == "ZSCloud to create: lost"
    assert (silent.status, silent.request_id, silent.remedy) == (None, None, "Look.")


def test_each_kind_carries_what_its_handler_needs() -> None:
    throttled = Throttled("Graph", "read", "wait", status=429, retry_after=7.0)
    assert (str(throttled), throttled.retry_after) == ("Graph answered 429 to read: wait", 7.0)
    assert throttled.status == 429
    rejected = Rejected("ZSCloud", "create", "no", status=400, scim_type="invalidValue", remedy="X")
    assert (str(rejected), rejected.scim_type) == (
        "ZSCloud answered 400 to create: no",
        "invalidValue",
    )
    assert rejected.remedy == "X"
    assert Rejected("ZSCloud", "create", "no").scim_type is None
    assert Rejected("ZSCloud", "create", "no").remedy == Rejected.remedy
    missing = PermissionMissing("read", "User.Read.All", "no", status=403)
    assert str(missing) == "Graph answered 403 to read: no"
    assert missing.permission == "User.Read.All"
    assert "application permission User.Read.All to" in missing.remedy
    unfit = EndpointUnfit("shake hands", "no", Unfit.TLS, status=500, remedy="Look.")
    assert str(unfit) == "The webhook answered 500 to shake hands: no"
    assert (unfit.seen, unfit.remedy) == (Unfit.TLS, "Look.")


def test_what_may_be_wrong_with_an_endpoint() -> None:
    assert list(Unfit) == ["status", "type", "body", "timeout", "tls", "dns", "unreachable"]
