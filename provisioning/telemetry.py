"""Measures for whoever collects them: OpenTelemetry instruments, and a line in the log for each.

Without a collector set up in the process the instruments do nothing; the log goes to Application
Insights in any case.
"""

from __future__ import annotations

import logging
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opentelemetry.metrics import Histogram

_log = logging.getLogger(__name__)


def latency(seconds: float, action: str) -> None:
    """From a change in Entra to the answer of ZSCloud that accepted it."""
    _histogram().record(seconds, {"action": action})
    _log.info("LATENCY %.3f s: %s", seconds, action)


@cache
def _histogram() -> Histogram:
    from opentelemetry import metrics

    return metrics.get_meter("provisioning").create_histogram(
        "provisioning.latency",
        unit="s",
        description="From a change in Entra to the answer of ZSCloud that accepted it.",
    )
