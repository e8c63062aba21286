"""``local.settings.json``: settings on a developer's machine, in the form of the Core Tools.

Its ``Values`` become environment variables, as the Functions host on a developer's machine makes
them (Azure Functions: develop locally, local settings file). The environment itself goes first.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import msgspec

from provisioning.errors import ConfigurationError, Problem

LOCAL_SETTINGS = "local.settings.json"


def add_local_settings(environ: MutableMapping[str, str], folder: Path) -> None:
    """Adds to ``environ`` what the folder's file sets and the environment does not.

    Raises ``ConfigurationError`` for a file that cannot be read.
    """
    path = folder / LOCAL_SETTINGS
    if path.is_file():
        for name, value in _values(path).items():
            environ.setdefault(name, value)


def _values(path: Path) -> dict[str, str]:
    try:
        # Editors on Windows write a byte order mark.
        document: Any = msgspec.json.decode(path.read_text(encoding="utf-8-sig"))
        if not isinstance(document, dict):
            raise _problem("is no JSON object.", 'Write {"Values": {"NAME": "value"}}.')
        if document.get("IsEncrypted"):
            raise _problem("is encrypted.", "Run `func settings decrypt`.")
        return msgspec.convert(document.get("Values", {}), dict[str, str])
    except OSError as error:
        raise _problem(f"cannot be read: {error.strerror}.", "Make it readable.") from None
    except (ValueError, RecursionError):
        # The decoder's message may quote a value, and a value may be the token.
        raise _problem(
            "is no JSON with a text for each of its Values.",
            'Write {"Values": {"NAME": "value"}}, numbers in quotes too.',
        ) from None


def _problem(message: str, remedy: str) -> ConfigurationError:
    return ConfigurationError((Problem(LOCAL_SETTINGS, message, remedy),))
