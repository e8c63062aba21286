"""Page and delta tokens: opaque to the caller, all state inside, so that the server keeps none."""

from __future__ import annotations

import base64
import json
from typing import Any


def encode(state: dict[str, Any]) -> str:
    """The state as URL-safe text."""
    text = json.dumps(state, separators=(",", ":"), sort_keys=True)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode(token: str) -> dict[str, Any] | None:
    """The state of a token of ours, or None for any other text."""
    try:
        state = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    except ValueError:
        return None
    return state if isinstance(state, dict) else None


class TokenEpochs:
    """What makes tokens expire before their time: an expired epoch takes its tokens along."""

    def __init__(self) -> None:
        self.page = 0
        self.delta = 0

    def expire(self, which: str) -> None:
        """Expire ``page`` tokens, ``delta`` tokens or ``all``. Raises ``ValueError`` for others."""
        if which not in ("page", "delta", "all"):
            raise ValueError("expire_tokens takes page, delta or all")
        self.page += which in ("page", "all")
        self.delta += which in ("delta", "all")
