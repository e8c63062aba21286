"""SCIM error answers (RFC 7644 section 3.12)."""

from __future__ import annotations

from collections.abc import Mapping

from simulator.http import Response, json_response

CONTENT_TYPE = "application/scim+json"
ERROR_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:Error"


class ScimError(Exception):
    """A request that is answered with an error.

    ``rule`` names the rule that a client broke by its own doing; strict mode records it. It is
    empty where the request was proper and only the state of the tenant spoke against it.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        scim_type: str = "",
        rule: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.scim_type = scim_type
        self.rule = rule
        self.headers = headers or {}

    def document(self) -> dict[str, object]:
        """The error as the JSON document of RFC 7644 section 3.12."""
        document: dict[str, object] = {
            "schemas": [ERROR_SCHEMA],
            "status": str(self.status),
            "detail": self.detail,
        }
        if self.scim_type:
            document["scimType"] = self.scim_type
        return document

    def response(self) -> Response:
        """The error as an HTTP answer."""
        return json_response(self.status, self.document(), CONTENT_TYPE, self.headers)


def invalid_value(detail: str, rule: str = "invalid_value") -> ScimError:
    """A value that does not fit its attribute."""
    return ScimError(400, detail, "invalidValue", rule)


def invalid_syntax(detail: str, rule: str = "invalid_syntax") -> ScimError:
    """A body or query whose shape is wrong."""
    return ScimError(400, detail, "invalidSyntax", rule)


def invalid_path(detail: str, rule: str = "invalid_path") -> ScimError:
    """A PATCH path that does not parse or names nothing."""
    return ScimError(400, detail, "invalidPath", rule)


def invalid_filter(detail: str, rule: str = "invalid_filter") -> ScimError:
    """A filter that does not parse or that ZSCloud does not offer."""
    return ScimError(400, detail, "invalidFilter", rule)


def mutability(detail: str) -> ScimError:
    """A change of what cannot be changed (RFC 7644 section 3.5.2)."""
    return ScimError(400, detail, "mutability", "mutability")


def uniqueness(detail: str) -> ScimError:
    """Another resource already has this value."""
    return ScimError(409, detail, "uniqueness")


def not_found(kind: str, id: str) -> ScimError:
    """No such resource, in the words that ZSCloud was seen to use."""
    return ScimError(404, f"No {kind} with the id {id}")
