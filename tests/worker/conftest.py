"""The worker library exists for Python 3.13 only: below, these tests are reported as not run."""

import sys

collect_ignore_glob = ["test_*.py"] if sys.version_info < (3, 13) else []
