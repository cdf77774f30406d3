"""Counters for Prometheus, under kube-apiserver's names where it has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, disable_created_metrics, generate_latest

if TYPE_CHECKING:
    from lanner.audit.recorder.writer import Counts

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """What a recorder counts (names: kubernetes/apiserver `pkg/audit/metrics.go`)."""

    def __init__(self) -> None:
        """Begins at zero."""
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._registry = CollectorRegistry()

        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(name, text, labels, registry=self._registry)

        self._events = counter("apiserver_audit_event", "Audit events that were recorded.")
        self._errors = counter(
            "apiserver_audit_error", "Audit events that could not be recorded.", "plugin"
        )
        self._levels = counter("apiserver_audit_level", "Audit events recorded, by level.", "level")
        self._rejected = counter(
            "apiserver_audit_requests_rejected", "Batches that were not taken, by whomever sent."
        )
        self._batches = counter("lanner_audit_batches", "Batches that were recorded.")
        self._left_out = counter(
            "lanner_audit_events_left_out",
            "Audit events that were not recorded, for a reason: a duplicate, or the policy.",
            "reason",
        )
        for plugin in ("log", "truncate", "decode"):
            self._errors.labels(plugin)

    def recorded(self, counts: Counts) -> None:
        """A batch is on the disk."""
        self._batches.inc()
        for level, lines in counts.levels:
            if lines:
                self._events.inc(lines)
                self._levels.labels(level).inc(lines)
        self._left_out.labels("duplicate").inc(counts.duplicates)
        self._left_out.labels("policy").inc(counts.dropped)
        self._left_out.labels("no_event").inc(counts.skipped)
        self._errors.labels("truncate").inc(counts.discarded)

    def refused(self) -> None:
        """A batch had no event."""
        self._errors.labels("decode").inc()

    def failed(self, events: int) -> None:
        """Events could not be written."""
        self._errors.labels("log").inc(events)

    def rejected(self) -> None:
        """A request was turned away."""
        self._rejected.inc()

    def text(self) -> bytes:
        """What Prometheus scrapes."""
        return generate_latest(self._registry)
