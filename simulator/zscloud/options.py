"""How the simulated tenant behaves where Zscaler documents a choice or leaves a question open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Options:
    """The switches of a simulated ZSCloud tenant. Defaults are what Zscaler documents.

    ``domains``: registered domains; none means that every userName is accepted.
    ``rate``: requests a second, 0 means no limit; ``burst``: capacity of the token bucket.
    ``limiter``: a token bucket, or at most ``rate`` admitted requests in any sliding second.
    ``retry_after``: the form of the header of a 429; ``zero_seconds`` is that of the cloud API.
    ``max_results``: rows of a page. ``list_members``: the groups list shows members.
    ``honour_attributes``: the attributes and excludedAttributes parameters work.
    ``bulk``: Bulk is offered, with these limits. ``bulk_accepts``: operations beyond which it
    answers 413 whatever it says; 0 means the limit that it says.
    ``bulk_conduct``: ``pretends`` does nothing and answers success, ``half`` does the first half
    and answers success for all, ``anonymous`` tells no location and no bulkId of what it did,
    ``shuffled`` answers in another order, ``forgets`` leaves out every other result,
    ``overwrites`` does of several operations on one object only the last.
    ``bulk_status``: a status as the RFC has it, as a number, or as its drafts had it.
    ``bulk_references``: what is made of a bulkId in the data of another operation: the id of what
    was created, an answer of 400 for the operation (``refused``) or for the whole request
    (``all_refused``), the text itself as a member's id (``literal``), or nothing (``dropped``).
    ``bulk_throttles``: the operations of one request beyond this number are answered 429 each; 0
    means none.
    ``patch_status``: 204 without a body, or 200 with the resource.
    ``member_removal``: the PATCH form that removes single members: ``filter`` is
    ``members[value eq "x"]``, ``value`` is path ``members`` with a value array.
    ``removal_refusal``: what the other forms do: 400, nothing but 204, or the loss of all members.
    ``mixed_members``: what a PATCH does that takes members out and adds others: both, only what
    its first operation is about, or 400.
    ``replace_members``: PATCH may replace all members.
    ``put_clears``: PUT unassigns what its body leaves out.
    ``unknown_member``: a member id that is no user is answered 400 or 404, or is dropped.
    ``re_add``: adding a present member changes nothing, or lists it twice.
    ``max_groups_per_user``: 0 means no limit; more is answered 400.
    ``other_attributes``: attributes beyond those that Zscaler documents are kept or ignored.
    ``empty_department``: an empty department clears it, or is answered 400.
    ``admins``: userNames of portal admins besides the first one.
    ``admin_delete``: the portal setting for deleting a user who is an admin.
    ``strict``: a request that breaks a rule is answered 400 and recorded as a violation.
    ``max_members_per_request``: strict mode only; 0 means no limit.
    ``keep_bodies``: the request log keeps the JSON bodies.
    """

    organisation_id: str = "1234"
    idp_id: str = "5678"
    token: str = "simulated-token"  # noqa: S105 - the secret of a simulated tenant
    domains: tuple[str, ...] = ("example.com",)
    rate: float = 5.0
    burst: int = 5
    limiter: Literal["bucket", "sliding"] = "bucket"
    retry_after: Literal["seconds", "date", "zero_seconds", "none"] = "seconds"
    max_results: int = 1000
    list_members: bool = True
    honour_attributes: bool = True
    bulk: bool = False
    bulk_max_operations: int = 1000
    bulk_max_payload_size: int = 1_048_576
    bulk_accepts: int = 0
    bulk_conduct: Literal[
        "honest", "pretends", "half", "anonymous", "shuffled", "forgets", "overwrites"
    ] = "honest"
    bulk_references: Literal["resolved", "refused", "all_refused", "literal", "dropped"] = (
        "resolved"
    )
    bulk_status: Literal["text", "number", "object"] = "text"
    bulk_throttles: int = 0
    patch_status: Literal[200, 204] = 204
    member_removal: Literal["filter", "value", "both", "neither"] = "both"
    removal_refusal: Literal["error", "silent", "removes_all"] = "error"
    mixed_members: Literal["done", "first", "refused"] = "done"
    replace_members: bool = True
    put_clears: bool = True
    unknown_member: Literal["400", "404", "drop"] = "400"
    re_add: Literal["ignore", "duplicate"] = "ignore"
    max_groups_per_user: int = 128
    other_attributes: Literal["kept", "ignored"] = "kept"
    empty_department: Literal["clears", "refused"] = "clears"
    admins: tuple[str, ...] = ()
    admin_delete: Literal["refused", "deletes"] = "refused"
    strict: bool = False
    max_members_per_request: int = 0
    keep_bodies: bool = False

    @property
    def base_path(self) -> str:
        """The path below which all SCIM endpoints are."""
        return f"/{self.organisation_id}/{self.idp_id}/scim"
