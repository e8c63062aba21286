"""Functions that ask a directory."""

from __future__ import annotations

from provisioning.expressions.errors import Unfit
from provisioning.expressions.functions.function import Function, Parameter
from provisioning.expressions.operands import Operand
from provisioning.expressions.surroundings import Surroundings


def _default_domain(around: Surroundings) -> Operand:
    if around.default_domain is None:
        raise Unfit("the default domain is not known here.", "Write the domain as text.")
    return around.default_domain


FUNCTIONS = (
    Function(
        "DefaultDomain",
        (),
        "The default domain of the tenant.",
        _default_domain,
        surrounded=True,
        deviation="Entra names it and does not describe it.",
    ),
    Function(
        "SelectUniqueValue",
        (Parameter("uniqueValueRule1"), Parameter("uniqueValueRule2")),
        "Nothing: it is refused.",
        repeated=1,
        refused="is for Active Directory as the target only, in Entra as here",
        remedy="Write its first rule alone: ZSCloud is matched by name, so no name is taken twice.",
        deviation="As in Entra, where only provisioning to Active Directory has it.",
    ),
)
