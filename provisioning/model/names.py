"""Names and matching values in ZSCloud, which are compared without regard to case."""

from __future__ import annotations

from provisioning.model.keys import ObjectType


def folded(name: str) -> str:
    """What is the same for two names that differ in the case of letters alone.

    Not Unicode's case folding: it makes "straße" and "strasse" one, and two people with them. Who
    can choose a name could choose one that folds to somebody else's.
    """
    return name.lower()


def name_key(type: ObjectType, name: str) -> str:
    """ZSCloud's names are unique without regard to case (RFC 7643 section 4.1.1: userName)."""
    return f"{type}/{folded(name)}"


def value_key(type: ObjectType, path: str, value: str) -> str:
    """Where an object with the value of a matching attribute is noted, without regard to case."""
    return f"{type.value}/{path}/{folded(value)}"


NAME_PATH = {ObjectType.USER: "userName", ObjectType.GROUP: "displayName"}
"""The attribute that names an object, and that ZSCloud matches on."""
