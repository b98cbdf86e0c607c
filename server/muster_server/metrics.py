"""What Prometheus reads: calls, streams, subscribers, state, and how long the engine takes."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Gauge, Metric, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

from muster_server.engine.durations import Durations
from muster_server.engine.engine import Engine
from muster_server.engine.mailroom import Mailroom
from muster_server.rpc.sessions import SessionServicer
from muster_server.tls import Tls


class Metrics:
    """Observes calls, and asks the engine for the rest when it is scraped."""

    def __init__(self, engine: Engine, sessions: SessionServicer, tls: Tls | None = None) -> None:
        self._registry = CollectorRegistry()
        self._methods: defaultdict[str, _Method] = defaultdict(_Method)
        hub, config_hub, state = engine.hub, engine.config_hub, engine.state
        for name, text, read in (
            ("muster_revision", "Last revision.", lambda: engine.revision),
            ("muster_epoch", "Life of this server: its start in Unix milliseconds.", lambda: engine.epoch),
            ("muster_instances", "Registered instances.", lambda: state.instance_count),
            ("muster_services", "Known services.", lambda: len(state.services)),
            ("muster_configs", "Config items that are not deleted.", lambda: state.configs.live_count),
            ("muster_config_bytes", "Contents that config items show.", lambda: state.configs.live_bytes),
            ("muster_timers", "Leases and other deadlines that are running.", lambda: len(state.timers)),
            ("muster_sessions", "Open session streams.", lambda: sessions.open_count),
            ("muster_subscribers", "Open watch streams.", lambda: sum(1 for _ in hub.subscribers)),
            ("muster_listeners", "Open listen streams.", lambda: sum(1 for _ in config_hub.subscribers)),
            ("muster_mailbox_depth", "States that watchers and listeners are still due.", lambda: _depth(hub) + _depth(config_hub)),
            ("muster_pushes", "Frames pushed to watchers and listeners.", lambda: hub.pushes + config_hub.pushes),
            ("muster_journal_waiting", "Ephemeral instances and sessions not yet on disk.", lambda: engine.journal_waiting),
            ("muster_journal_failures", "Lazy writes that the disk refused.", lambda: engine.journal_failures),
            ("muster_stalled_seconds", "Deadlines were pushed back by this much.", lambda: engine.stalled_s),
        ):
            Gauge(name, text, registry=self._registry).set_function(read)
        timed = {
            ("muster_push_seconds", "From a change to its writing to one watcher, its own delays included."): hub.push_durations,
            ("muster_config_push_seconds", "From a release to its writing to one listener."): config_hub.push_durations,
            ("muster_commit_seconds", "From a durable batch to its fsync."): engine.commit_durations,
            ("muster_loop_lag_seconds", "How late the event loop runs what is due."): engine.loop_lags,
        }
        self._registry.register(_OwnCollector(self._methods, timed))
        _add_process(self._registry, tls)

    def started(self, method: str) -> None:
        """A call began."""
        self._methods[method].running += 1

    def finished(self, method: str, code: str, seconds: float) -> None:
        """A call ended."""
        counted = self._methods[method]
        counted.running -= 1
        counted.codes[code] = counted.codes.get(code, 0) + 1
        counted.durations.add(seconds)

    def render(self) -> bytes:
        """The text that is scraped."""
        return generate_latest(self._registry)


def _add_process(registry: CollectorRegistry, tls: Tls | None) -> None:
    ProcessCollector(registry=registry)
    if tls is not None:
        expiry = Gauge("muster_tls_not_after_seconds", "When the certificate in use expires, in Unix seconds.", registry=registry)
        expiry.set_function(lambda: tls.not_after_s)
        failures = Gauge("muster_tls_reload_failures", "Changed certificate files that could not be used.", registry=registry)
        failures.set_function(lambda: tls.reload_failures)


def _depth(room: Mailroom[Any, Any]) -> int:
    return sum(len(subscriber.dirty) for subscriber in room.subscribers)


class _Method:
    """What is counted of one gRPC method."""

    __slots__ = ("codes", "durations", "running")

    def __init__(self) -> None:
        self.running = 0
        self.codes: dict[str, int] = {}
        self.durations = Durations()


class _OwnCollector(Collector):
    """Shows what is counted by plain numbers, because it is counted on hot paths."""

    def __init__(self, methods: Mapping[str, _Method], timed: Mapping[tuple[str, str], Durations]) -> None:
        self._methods = methods
        self._timed = timed

    def collect(self) -> Iterator[Metric]:
        """One family for each."""
        calls = CounterMetricFamily("muster_calls", "gRPC calls finished.", labels=["method", "code"])
        seconds = HistogramMetricFamily("muster_call_seconds", "Duration of calls.", labels=["method"])
        running = GaugeMetricFamily("muster_calls_running", "Calls under way, streams too.", labels=["method"])
        for name, method in self._methods.items():
            running.add_metric([name], method.running)
            seconds.add_metric([name], list(method.durations.buckets()), method.durations.total_s)
            for code, count in method.codes.items():
                calls.add_metric([name, code], count)
        yield from (calls, seconds, running)
        for (name, text), durations in self._timed.items():
            yield HistogramMetricFamily(name, text, buckets=list(durations.buckets()), sum_value=durations.total_s)


class ProcessMetrics:
    """What a gateway by itself has to tell: its process, and its certificate."""

    def __init__(self, tls: Tls | None = None) -> None:
        self._registry = CollectorRegistry()
        _add_process(self._registry, tls)

    def render(self) -> bytes:
        """The text that is scraped."""
        return generate_latest(self._registry)
