"""Every metric and the shape of every log line. Metrics are read from the parts' own state when somebody asks."""

import json
import logging
import sys
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from gateway_bridge.delivery import SourceState
from pipeline.domain.keeper import KeeperState
from pipeline.ingest import ConsumerState
from pipeline.intake import IntakeState
from pipeline.journal import JournalFigures

_FATES = ("stored", "quarantined", "duplicate", "event", "ignored")


class Figures(Collector):
    """All metrics of one service, gathered from callables that cost nothing until asked."""

    def __init__(
        self,
        sources: Callable[[], Mapping[str, SourceState]],
        intake: Callable[[], IntakeState],
        journal: Callable[[], JournalFigures],
        journal_cap: int,
        consumer: Callable[[], ConsumerState],
        now_ms: Callable[[], int],
        domain: Callable[[], KeeperState] = KeeperState,
    ) -> None:
        self._sources = sources
        self._intake = intake
        self._journal = journal
        self._cap = journal_cap
        self._consumer = consumer
        self._now_ms = now_ms
        self._domain = domain

    def collect(self) -> Iterable[Metric]:
        """One scrape."""
        yield from self._connections()
        yield from self._journal_figures()
        yield from self._readings()
        yield from self._detectors()

    def _connections(self) -> Iterable[Metric]:
        states = self._sources()
        gauges = (
            ("connected", "1 while the connection to the broker stands", lambda s: s.connected),
            ("lossy", "1 if messages arrive that are lost while we are down (QoS 0)", lambda s: bool(s.lossy)),
            ("unacknowledged", "messages read and not yet acknowledged", lambda s: s.unacknowledged),
            ("paused", "1 while reading is stopped as back-pressure", lambda s: bool(s.paused)),
        )
        counters = (
            ("received", "messages read from the broker", lambda s: s.received),
            ("acknowledged", "messages acknowledged to the broker", lambda s: s.acknowledged),
            ("reconnects", "connections made again", lambda s: s.reconnects),
            ("sessions_lost", "reconnects at which the broker had forgotten our queue", lambda s: s.sessions_lost),
            ("oversized", "messages beyond the hard size limit, dropped", lambda s: s.oversized),
        )
        for name, text, value in gauges:
            gauge = GaugeMetricFamily(f"loracity_mqtt_{name}", text, labels=["connection"])
            for connection, state in states.items():
                gauge.add_metric([connection], float(value(state)))
            yield gauge
        for name, text, value in counters:
            counter = CounterMetricFamily(f"loracity_mqtt_{name}", text, labels=["connection"])
            for connection, state in states.items():
                counter.add_metric([connection], float(value(state)))
            yield counter
        days = GaugeMetricFamily(
            "loracity_mqtt_certificate_days", "days until the first certificate expires", labels=["connection"]
        )
        for connection, state in states.items():
            if state.certificate_days is not None:
                days.add_metric([connection], float(state.certificate_days))
        yield days

    def _journal_figures(self) -> Iterable[Metric]:
        intake, journal = self._intake(), self._journal()
        yield CounterMetricFamily("loracity_journaled", "messages made durable", intake.journaled)
        yield CounterMetricFamily("loracity_journal_commits", "group commits", intake.commits)
        yield CounterMetricFamily("loracity_journal_refused", "webhook messages answered 503", intake.refused)
        yield GaugeMetricFamily("loracity_journal_failing", "1 while nothing can be journaled", bool(intake.failure))
        yield GaugeMetricFamily("loracity_journal_bytes", "compressed size of the journal", journal.bytes)
        yield GaugeMetricFamily("loracity_journal_cap_bytes", "size at which passed messages are removed", self._cap)
        yield CounterMetricFamily("loracity_journal_removed", "messages removed by age or size", journal.removed)
        oldest = 0.0 if journal.oldest_ms is None else max(0.0, (self._now_ms() - journal.oldest_ms) / 1000)
        yield GaugeMetricFamily("loracity_journal_oldest_seconds", "age of the oldest journaled message", oldest)

    def _readings(self) -> Iterable[Metric]:
        state, journal = self._consumer(), self._journal()
        for fate in ("received", *_FATES):
            counter = CounterMetricFamily(f"loracity_uplinks_{fate}", f"messages {fate}", labels=["connection"])
            for (what, connection), n in state.counts.items():
                if what == fate:
                    counter.add_metric([connection], n)
            yield counter
        labelled = (
            ("quarantine_reason", "quarantine", "reason", "entries put into quarantine"),
            ("ignored_event", "ignored_events", "event", "events that don't concern us or are unknown"),
            ("network_event", "network_events", "kind", "joins, status, logs ... of network servers"),
            ("decode_warning", "decode_warnings", "decoder", "warnings of decoders"),
        )
        for what, name, label, text in labelled:
            counter = CounterMetricFamily(f"loracity_{name}", text, labels=[label])
            for (kind, value), n in state.counts.items():
                if kind == what:
                    counter.add_metric([value], n)
            yield counter
        dropped = CounterMetricFamily(
            "loracity_quarantine_dropped", "entries dropped because quarantine was full", labels=["reason"]
        )
        for reason, n in state.dropped.items():
            dropped.add_metric([reason], n)
        yield dropped
        yield CounterMetricFamily("loracity_records_stored", "records written to the store", state.records)
        yield CounterMetricFamily(
            "loracity_uplinks_partly_stored", "uplinks with a refused record", state.partly_stored
        )
        yield GaugeMetricFamily("loracity_readings_trouble", "1 while the store takes nothing", bool(state.trouble))
        yield GaugeMetricFamily(
            "loracity_lag_uplinks", "journaled messages not yet stored and committed", journal.last_seq - state.cursor
        )
        waiting = (self._now_ms() - state.oldest_pending_ms) / 1000 if state.oldest_pending_ms else 0.0
        yield GaugeMetricFamily("loracity_spool_age_seconds", "age of the oldest message that is not stored", waiting)
        yield GaugeMetricFamily("loracity_lag_seconds", "reception to stored, last batch", state.lag_ms / 1000)
        yield GaugeMetricFamily(
            "loracity_last_uplink_timestamp_seconds",
            "event time of the newest stored uplink",
            state.last_event_ms / 1000,
        )

    def _detectors(self) -> Iterable[Metric]:
        state = self._domain()
        yield GaugeMetricFamily("loracity_domain_assets", "assets that a detector knows", state.assets)
        yield GaugeMetricFamily("loracity_domain_state_bytes", "memory of what detectors know", state.bytes)
        yield CounterMetricFamily("loracity_domain_inputs", "readings and reports given to detectors", state.inputs)
        yield CounterMetricFamily("loracity_domain_late", "inputs that came after newer ones", state.late)
        yield CounterMetricFamily("loracity_domain_too_late", "inputs beyond the lateness bound", state.too_late)
        yield CounterMetricFamily("loracity_domain_derived", "derived records written", state.derived)
        yield CounterMetricFamily("loracity_domain_events", "events begun, revised or withdrawn", state.events)
        yield CounterMetricFamily("loracity_domain_faults", "times that a detector failed", state.faults)

    def text(self) -> bytes:
        """The metrics in Prometheus text format."""
        registry = CollectorRegistry()
        registry.register(self)
        return generate_latest(registry)


_PLAIN = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, message, and whatever the call gave as `extra`."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC)
            .isoformat(timespec="milliseconds")
            .replace("+00:00", "Z"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **{key: value for key, value in record.__dict__.items() if key not in _PLAIN},
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str, ensure_ascii=False)


class TextFormatter(logging.Formatter):
    """The same for people: time, level, message, then `key=value`."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        extra = "".join(f" {key}={value}" for key, value in record.__dict__.items() if key not in _PLAIN)
        when = datetime.fromtimestamp(record.created, UTC).strftime("%H:%M:%S")
        text = f"{when} {record.levelname.lower():7} {record.getMessage()}{extra}"
        return f"{text}\n{self.formatException(record.exc_info)}" if record.exc_info else text


def set_up_logging(form: str, level: int = logging.INFO) -> None:
    """Log to stderr, as JSON or as text."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if form == "json" else TextFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for chatty in ("aiohttp", "alembic", "uvicorn.error"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
