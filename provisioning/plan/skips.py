"""Why nothing is written although something differs, in words."""

from __future__ import annotations

from provisioning.mapping import Mapped
from provisioning.model import NAME_PATH, Link, ObjectType
from provisioning.plan.planned import Skipped
from provisioning.scope import Verdict


def undecided(verdict: Verdict) -> Skipped:
    """Nobody gets or loses anything by a filter that cannot be told."""
    return Skipped(
        verdict.reason.value,
        verdict.sentence,
        "Nothing of it is changed meanwhile, and it is tried again by itself. If it lasts, correct "
        "the clause that is named, in the file of PROVISIONING_SCHEMA.",
    )


def unfit_for(mapped: Mapped) -> Skipped | None:
    """Why an object cannot be made: what its mapping lacks."""
    if not mapped.problems:
        return None
    problem = mapped.problems[0]
    sentence = f"{problem.field}: {problem.message}"
    return Skipped("MandatoryFieldsMissing", sentence, problem.remedy)


def protected(link: Link) -> Skipped:
    """Why a protected object is left as it is."""
    name = link.attributes.get(NAME_PATH[link.key.type], link.scim_id)
    if link.key.type is ObjectType.GROUP:
        sentence = (
            f"The group '{name}' is protected (ZSCloud's group of administrators, or named by "
            "PROTECTED): it is never renamed, given members, emptied or deleted."
        )
    else:
        sentence = (
            f"'{name}' is protected (an administrator's account, or named by PROTECTED): its own "
            "attributes are never written, and it is never switched off or deleted."
        )
    remedy = "Change it in the ZSCloud portal, or take it out of PROTECTED."
    return Skipped("ProtectedObject", sentence, remedy)
