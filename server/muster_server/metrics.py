"""What Prometheus reads: calls, streams, subscribers, state."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

from muster_server.engine.engine import Engine
from muster_server.rpc.sessions import SessionServicer


class Metrics:
    """Observes calls, and asks the engine for the rest when it is scraped."""

    def __init__(self, engine: Engine, sessions: SessionServicer) -> None:
        self._registry = CollectorRegistry()
        self._calls = Counter("muster_calls", "gRPC calls finished.", ["method", "code"], registry=self._registry)
        self._seconds = Histogram("muster_call_seconds", "Duration of calls.", ["method"], registry=self._registry)
        self._running = Gauge("muster_calls_running", "Calls under way, streams too.", ["method"], registry=self._registry)
        hub, state = engine.hub, engine.state
        for name, text, read in (
            ("muster_revision", "Last revision.", lambda: engine.revision),
            ("muster_epoch", "Life of this server: its start in Unix milliseconds.", lambda: engine.epoch),
            ("muster_instances", "Registered instances.", lambda: state.instance_count),
            ("muster_services", "Known services.", lambda: len(state.services)),
            ("muster_timers", "Leases and other deadlines that are running.", lambda: len(state.timers)),
            ("muster_sessions", "Open session streams.", lambda: sessions.open_count),
            ("muster_subscribers", "Open watch streams.", lambda: sum(1 for _ in hub.subscribers)),
            ("muster_mailbox_depth", "States that subscribers are still due.", lambda: sum(len(s.dirty) for s in hub.subscribers)),
            ("muster_pushes", "Frames pushed to subscribers.", lambda: hub.pushes),
            ("muster_journal_failures", "Lazy writes that the disk refused.", lambda: engine.journal_failures),
            ("muster_stalled_seconds", "Deadlines were pushed back by this much.", lambda: engine.stalled_s),
        ):
            Gauge(name, text, registry=self._registry).set_function(read)

    def started(self, method: str) -> None:
        """A call began."""
        self._running.labels(method).inc()

    def finished(self, method: str, code: str, seconds: float) -> None:
        """A call ended."""
        self._running.labels(method).dec()
        self._calls.labels(method, code).inc()
        self._seconds.labels(method).observe(seconds)

    def render(self) -> bytes:
        """The text that is scraped."""
        return generate_latest(self._registry)


class ProcessMetrics:
    """What a gateway by itself has to tell: its process."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)

    def render(self) -> bytes:
        """The text that is scraped."""
        return generate_latest(self._registry)
