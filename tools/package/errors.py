"""The one error of the packager."""

from __future__ import annotations


class PackageError(Exception):
    """No package could be built. The text says why, and what to do."""
