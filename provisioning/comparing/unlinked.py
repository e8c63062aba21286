"""Objects in ZSCloud that the first cycle links to nobody, and leaves as they are."""

from __future__ import annotations

import re

from provisioning.comparing.causes import Cause
from provisioning.comparing.compared import Compared, Outcome
from provisioning.model import NAME_PATH, ObjectType, TargetObject

_OBJECT_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def external_id(found: TargetObject) -> str | None:
    """The object id that it names as its own, if it names one."""
    text = str(found.attributes.get("externalId") or "").lower()
    return text if _OBJECT_ID.fullmatch(text) else None


def compared_unlinked(
    found: TargetObject, *, protected: bool, several: bool, in_scope: bool
) -> Compared:
    """The object as nobody's. ``several`` have its externalId; ``in_scope``: that is the id of
    somebody who is to be provisioned.
    """
    off = found.type is ObjectType.USER and found.attributes.get("active") is False
    return Compared(
        outcome=Outcome.OFF if off and not protected else Outcome.UNKNOWN,
        object_type=found.type,
        source_id=None,
        target_id=found.id,
        name=str(found.attributes.get(NAME_PATH[found.type]) or found.id),
        causes=(_cause(found, off=off, protected=protected, several=several, in_scope=in_scope),),
    )


def _cause(
    found: TargetObject, *, off: bool, protected: bool, several: bool, in_scope: bool
) -> Cause:
    if protected:
        return Cause.PROTECTED
    if external_id(found) is None:
        return Cause.NOT_FROM_ENTRA
    if several:
        return Cause.DUPLICATE_ID
    if in_scope:
        return Cause.NOT_MATCHED
    return Cause.LEAVER_KEPT if off else Cause.NOT_IN_ENTRA
