"""The instruments of the catalogue, and what is written to them."""

from __future__ import annotations

from opentelemetry.metrics import Counter, Histogram, Meter
from opentelemetry.metrics import _Gauge as Gauge

from provisioning.instrumentation import Beat, LeaseChange
from provisioning.telemetry import catalogue
from provisioning.telemetry.catalogue import Instrument

_THROTTLED = 429


class Instruments:
    """One set, made once: instruments of one name are one instrument."""

    def __init__(self, meter: Meter) -> None:
        def counter(of: Instrument) -> Counter:
            return meter.create_counter(of.name, unit=of.unit, description=of.description)

        def histogram(of: Instrument) -> Histogram:
            return meter.create_histogram(of.name, unit=of.unit, description=of.description)

        def gauge(of: Instrument) -> Gauge:
            return meter.create_gauge(of.name, unit=of.unit, description=of.description)

        self._cycles = histogram(catalogue.CYCLE_DURATION)
        self._latency = histogram(catalogue.LATENCY)
        self._durations = histogram(catalogue.REQUEST_DURATION)
        self._requests = counter(catalogue.REQUESTS)
        self._throttles = counter(catalogue.THROTTLES)
        self._handovers = counter(catalogue.HANDOVERS)
        self._heartbeats = counter(catalogue.HEARTBEATS)
        self._dropped = counter(catalogue.DROPPED)
        self._work = gauge(catalogue.WORK)
        self._escrow = gauge(catalogue.ESCROW)
        self._held = gauge(catalogue.HELD)
        self._watermark_age = gauge(catalogue.WATERMARK_AGE)

    def request(self, remote: str, method: str, status: int, seconds: float) -> None:
        """A request has ended; ``status`` 0: without an answer."""
        shown = str(status) if status else "none"
        self._requests.add(1, {"remote": remote, "method": method, "status": shown})
        self._durations.record(seconds, {"remote": remote, "method": method})
        if status == _THROTTLED:
            self._throttles.add(1, {"remote": remote})

    def cycle(self, kind: str, status: str, seconds: float) -> None:
        """A cycle has ended."""
        self._cycles.record(seconds, {"kind": kind, "status": status})

    def latency(self, seconds: float, action: str) -> None:
        """A change has been accepted."""
        self._latency.record(seconds, {"action": action})

    def lease(self, change: LeaseChange) -> None:
        """The lease has another holder."""
        self._handovers.add(1, {"how": change.value})

    def heartbeat(self, beat: Beat) -> None:
        """A timer has run, and has seen this."""
        self._heartbeats.add(1, {"timer": beat.timer, "state": beat.state})
        for lane, items in beat.lanes.items():
            self._work.set(items, {"lane": str(lane)})
        for gauge, value in (
            (self._escrow, beat.escrow),
            (self._held, beat.held),
            (self._watermark_age, beat.watermark_age),
        ):
            if value is not None:
                gauge.set(value)

    def dropped(self, events: int) -> None:
        """So many events were not told."""
        self._dropped.add(events)
