"""Who collects: what the process has set up already, or Application Insights, or nobody."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

from provisioning.instrumentation import SILENT, Telemetry
from provisioning.settings import Settings

if TYPE_CHECKING:
    from provisioning.telemetry.collector import Providers

_log = logging.getLogger(__name__)


def telemetry_for(settings: Settings, *, instance: str) -> Telemetry:
    """What the settings ask for. OpenTelemetry is imported only where somebody listens.

    Never raises: without telemetry the program works all the same.
    """
    try:
        found = _of_process() or _of_azure(settings, instance)
        if found is None:
            return SILENT
        from provisioning.telemetry.collector import Collector

        return Collector(found, personal=settings.telemetry_personal_data == "on")
    except Exception:  # noqa: BLE001  a library that fails to start must not stop the work
        _log.exception("Telemetry could not be set up: nothing is told")
        return SILENT


def _of_process() -> Providers | None:
    """The providers of the process, if somebody has set them up before us: ``opentelemetry-
    instrument``, or the Functions worker (``PYTHON_APPLICATIONINSIGHTS_ENABLE_TELEMETRY``). They
    have exporters of their own, and nothing must be sent twice.
    """
    # Who set it up has imported it: without that there is nothing to look at.
    if "opentelemetry.sdk.trace" not in sys.modules:
        return None
    from opentelemetry import _logs, metrics, trace
    from opentelemetry.sdk.trace import TracerProvider

    from provisioning.telemetry.collector import Providers

    tracers = trace.get_tracer_provider()
    if not isinstance(tracers, TracerProvider):
        return None
    return Providers(tracers, metrics.get_meter_provider(), _logs.get_logger_provider())


def _of_azure(settings: Settings, instance: str) -> Providers | None:
    if settings.insights is None:
        return None
    from provisioning.telemetry.azure_monitor import providers

    return providers(settings.insights.reveal(), instance=instance)
