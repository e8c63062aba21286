"""The worker library exists for Python 3.13 only."""

from __future__ import annotations

import sys

collect_ignore = ["test_http.py"] if sys.version_info < (3, 13) else []
