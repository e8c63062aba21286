"""One operation of a bulk request (RFC 7644 section 3.7)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class BulkOperation:
    """``kind`` is ``Users`` or ``Groups``; ``id`` is empty for a POST."""

    number: int
    method: str
    kind: str
    id: str
    bulk_id: str
    data: Mapping[str, Any]
