"""What is told to whoever watches, by way of OpenTelemetry: the adapter of ``instrumentation``.

``catalogue`` lists every name; ``entries`` says what of a log entry leaves the process;
``collector`` tells it; ``azure_monitor`` carries it to Application Insights; ``choice`` picks.
"""

from __future__ import annotations
