"""Functions that give text in another encoding."""

from __future__ import annotations

from base64 import b64encode

from provisioning.expressions import readers
from provisioning.expressions.functions.function import Function, Parameter
from provisioning.expressions.operands import Operand


def _to_base64(source: str | None) -> Operand:
    if source is None:
        return None
    return b64encode(source.encode("utf-16-le", "surrogatepass")).decode("ascii")


def _to_hex(source: str | None) -> Operand:
    return None if source is None else source.encode("utf-8", "surrogatepass").hex().upper()


_SOURCE = (Parameter("source", readers.text),)

FUNCTIONS = (
    Function(
        "ConvertToBase64", _SOURCE, "The text in UTF-16 (little-endian) as Base64.", _to_base64,
        grows=True,
    ),
    Function(
        "ConvertToUTF8Hex", _SOURCE, "The bytes of the text in UTF-8, hexadecimal.", _to_hex,
        grows=True,
    ),
)  # fmt: skip
