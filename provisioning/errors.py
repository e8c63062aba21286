"""Errors, named by what happens next. Each carries what its handler needs, and never a secret.

``code`` is stable and goes to logs and answers; ``remedy`` tells a person what to do about it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

_DETAIL_LIMIT = 300
_PROBLEM_LIMITS = (("field", 300), ("message", 500), ("remedy", 1_200))
"""Characters. The longest field is a path into a schema file; the longest remedy names every
function that expressions have."""


def cut(text: str, limit: int = _DETAIL_LIMIT) -> str:
    """The text on one line, without control characters, at most ``limit`` characters long."""
    line = "".join(c if c.isprintable() else " " for c in text).strip()
    return line if len(line) <= limit else line[: limit - 1] + "…"


class ProvisioningError(Exception):
    """Root of all errors of the program."""

    code = "ProvisioningError"
    remedy = "Report this with the log of the cycle."

    def __init__(self, message: str, *, remedy: str | None = None) -> None:
        super().__init__(message)
        if remedy is not None:
            self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with what somebody gave us: the field, what is wrong, what to do.

    Whatever it repeats of what was given, each part is one line of a bounded length.
    """

    field: str
    message: str
    remedy: str

    def __post_init__(self) -> None:
        for name, limit in _PROBLEM_LIMITS:
            object.__setattr__(self, name, cut(getattr(self, name), limit))


class ConfigurationError(ProvisioningError):
    """Settings, schema or stored state do not allow to start. Nothing was read or written."""

    code = "ConfigurationError"

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems = problems
        text = "; ".join(f"{p.field}: {p.message} {p.remedy}" for p in problems)
        super().__init__(text, remedy="; ".join(p.remedy for p in problems))


class StateDamaged(ConfigurationError):
    """Something that is stored is not what this program writes: damaged, or edited by hand.

    ``what`` says which; ``why`` what is wrong with it.
    """

    def __init__(self, what: str, why: object) -> None:
        remedy = (
            "Restore a backup, or begin with an empty store: an initial cycle finds the accounts "
            "in ZSCloud again."
        )
        problem = Problem("STATE_STORE", f"{what} cannot be read: {cut(str(why))}.", remedy)
        super().__init__((problem,))


class InvalidRequest(ProvisioningError):
    """A caller's input is wrong: an unknown principal, a malformed body, a bad parameter."""

    code = "InvalidRequest"

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(f"{problem.field}: {problem.message}", remedy=problem.remedy)


class RoleMissing(ProvisioningError):
    """Whoever the platform has signed in may not do this."""

    code = "RoleMissing"

    def __init__(self, message: str, role: str) -> None:
        remedy = (
            f"Assign the app role {role} in Entra ID: Enterprise applications, the application of "
            "this app's sign-in, Users and groups; then sign in anew."
        )
        self.problem = Problem("role", message, remedy)
        super().__init__(message, remedy=remedy)


class PlanNotPending(ProvisioningError):
    """A held plan is decided, expired or unknown: an approval is of what was shown, once."""

    code = "PlanNotPending"
    remedy = "`held list` shows what waits for a decision now, under which id."


class SourceImplausible(ProvisioningError):
    """A read of the source cannot be believed: nothing is planned, nothing is written."""

    code = "SourceImplausible"
    remedy = (
        "Run again: what a later cycle sees again is believed, and goes to the brake like any "
        "removal."
    )


class ApplicationUnfit(SourceImplausible):
    """The enterprise application is disabled, gone, or another one: not even work that was found
    earlier goes on.
    """

    remedy = "See the enterprise application in Entra, and ENTRA_SERVICE_PRINCIPAL_ID."


class StoreUnavailable(ProvisioningError):
    """The state storage cannot be read or written now. What was not written is not done."""

    code = "StoreUnavailable"
    remedy = "Check the storage that STATE_STORE names: reachable, writable, with room."


class QueueUnavailable(ProvisioningError):
    """A message could not be put on a queue. The work that it was to announce is stored."""

    code = "QueueUnavailable"
    remedy = (
        "Check the storage account that AzureWebJobsStorage names. The next timer tick does it."
    )


class LeaseUnavailable(ProvisioningError):
    """Another process holds the lease of this ZSCloud tenant."""

    code = "LeaseUnavailable"
    remedy = "Wait for the running cycle, or look at its progress with `status`."


class RemoteError(ProvisioningError):
    """A remote system did not do what was asked. ``remote`` is ``Graph`` or ``ZSCloud``."""

    code = "RemoteError"

    def __init__(
        self,
        remote: str,
        operation: str,
        detail: str,
        *,
        status: int | None = None,
        remedy: str | None = None,
        request_id: str | None = None,
    ) -> None:
        self.remote = remote
        self.operation = operation
        self.detail = cut(detail)
        self.status = status
        self.request_id = request_id
        answered = f" answered {status}" if status is not None else ""
        super().__init__(f"{remote}{answered} to {operation}: {self.detail}", remedy=remedy)


class TooManyFailures(ProvisioningError):
    """So many of the objects that were tried failed that this is not the objects' fault."""

    code = "TooManyFailures"
    remedy = (
        "`escrow` lists what failed and why. Nothing has to be started again: some of them are "
        "tried now and then, and the work goes on when they succeed."
    )


class RemoteUnavailable(RemoteError):
    """Transient: not reached, time out, 5xx. The request was read-only or surely not executed."""

    code = "RemoteUnavailable"
    remedy = "Nothing was lost; it is tried again. If it lasts, check the remote system's status."


class NotReached(RemoteUnavailable):
    """Nobody is there: the name is not found, or no connection comes about. Nothing was sent."""

    remedy = (
        "Nothing was lost; it is tried again. Check the URL, the name service and the way out of "
        "the network."
    )


class Throttled(RemoteUnavailable):
    """429 (or 503 with Retry-After): not executed. ``retry_after`` is in seconds."""

    code = "TooManyRequests"

    def __init__(
        self, remote: str, operation: str, detail: str, *, status: int, retry_after: float
    ) -> None:
        super().__init__(remote, operation, detail, status=status)
        self.retry_after = retry_after


class AnswerLost(RemoteError):
    """A write was sent and its outcome is unknown. Look before doing anything else."""

    code = "AnswerLost"
    remedy = "The object is looked at before it is written again."


class CredentialsRefused(RemoteError):
    """401 or 403: the token is wrong, expired or lacks a permission."""

    code = "Unauthorized"


class PermissionMissing(CredentialsRefused):
    """Graph refuses or blanks data for want of an application permission, named here."""

    code = "InsufficientRights"

    def __init__(
        self, operation: str, permission: str, detail: str, *, status: int | None = None
    ) -> None:
        self.permission = permission
        super().__init__(
            "Graph",
            operation,
            detail,
            status=status,
            remedy=f"Grant the application permission {permission} to the identity of the app "
            "and give admin consent.",
        )


class NotFound(RemoteError):
    """404: the object is not there."""

    code = "NotFound"


class EndpointGone(RemoteError):
    """404 where only another server answers so: at the list of users, at discovery.

    It says nothing about any object (RFC 7644 section 3.4.2: a list is always there).
    """

    code = "EndpointGone"


class Conflict(RemoteError):
    """409: on a create it means "look and match"; on a delete, an administrator's account."""

    code = "Conflict"


class DuplicateTarget(Conflict):
    """Several objects match one principal: nobody can tell which of them is its own."""

    code = "DuplicateTargetEntries"


class Rejected(RemoteError):
    """The object as sent is not accepted (400, 413 and the like). Repeating does not help."""

    code = "Rejected"
    remedy = "Correct the value in Entra, or its mapping. The object is tried again by itself."

    def __init__(
        self,
        remote: str,
        operation: str,
        detail: str,
        *,
        status: int | None = None,
        scim_type: str | None = None,
        remedy: str | None = None,
    ) -> None:
        super().__init__(remote, operation, detail, status=status, remedy=remedy)
        self.scim_type = scim_type


class Refusal(StrEnum):
    """Why a request of many writes was refused."""

    NOT_OFFERED = "not offered"
    TOO_LARGE = "too large"
    INVALID = "invalid"


class BatchRefused(RemoteError):
    """A request of many writes was refused as a whole: none of them was executed."""

    code = "BatchRefused"

    def __init__(
        self, remote: str, operation: str, detail: str, refusal: Refusal, *, status: int
    ) -> None:
        super().__init__(remote, operation, detail, status=status)
        self.refusal = refusal


class QuotaReached(RemoteError):
    """Graph holds as many subscriptions as it allows (Graph: change notifications overview)."""

    code = "SubscriptionQuota"
    remedy = (
        "Graph allows 100 subscriptions for an application in a tenant, and 1,000 in a tenant. "
        "`subscriptions` lists those of this application; `subscriptions delete ID` deletes one."
    )


class HandshakeFailed(RemoteError):
    """Graph made no subscription, since the endpoint did not answer its validation request."""

    code = "HandshakeFailed"
    remedy = "See that NOTIFICATION_URL is the public address of the webhook, and try again."


class Unfit(StrEnum):
    """What is wrong with an endpoint that did not shake hands."""

    STATUS = "status"
    TYPE = "type"
    BODY = "body"
    TIMEOUT = "timeout"
    TLS = "tls"
    DNS = "dns"
    UNREACHABLE = "unreachable"


class EndpointUnfit(RemoteError):
    """The webhook does not answer as Graph's handshake needs it. ``seen`` says what came."""

    code = "EndpointUnfit"

    def __init__(
        self, operation: str, detail: str, seen: Unfit, *, status: int | None = None, remedy: str
    ) -> None:
        super().__init__("The webhook", operation, detail, status=status, remedy=remedy)
        self.seen = seen


class WatermarkExpired(RemoteError):
    """A delta token is too old (410, ``syncStateNotFound``): the feed is read in full again."""

    code = "WatermarkExpired"


class ProtocolError(RemoteError):
    """An answer that is no valid answer: undecodable, a pager that repeats, a foreign link."""

    code = "WebExceptionProtocolError"
