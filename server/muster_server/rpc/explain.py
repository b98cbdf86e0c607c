"""DiscoveryService.Explain: why an instance is seen, or why not."""

from collections.abc import Iterator

from muster.registry.v1 import discovery_service_pb2 as wire

from muster_server.core.commands import InstanceKey, InstanceRef
from muster_server.core.errors import MusterError
from muster_server.core.model import MAX_CLUSTER_BYTES, AdminState, Health, Instance, checked_text
from muster_server.core.state import GuardTimer, Service, SessionTimer
from muster_server.engine.engine import Engine
from muster_server.rpc.calls import Call
from muster_server.rpc.decoding import decode_ref, require
from muster_server.rpc.discovery import MAX_CLUSTERS
from muster_server.rpc.encoding import instance_message

Finding = wire.Finding


class Explainer:
    """Documented in discovery_service.proto."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def explain(self, request: wire.ExplainRequest, _: Call) -> wire.ExplainResponse:
        """Look at everything that decides whether an instance is called."""
        require(request, "ref")
        ref = decode_ref(request.ref)
        if len(request.clusters) > MAX_CLUSTERS:
            raise MusterError.invalid("clusters", f"must hold at most {MAX_CLUSTERS} entries")
        clusters = [checked_text("clusters", cluster, MAX_CLUSTER_BYTES) for cluster in request.clusters]
        instance = self._engine.state.find(ref)
        if instance is None:
            return wire.ExplainResponse(findings=[*self._absence(ref), *self._warm_up()])
        service = self._engine.state.services[ref.service]
        is_listed = not clusters or instance.said.cluster in clusters
        return wire.ExplainResponse(
            listed=is_listed,
            available=is_listed and instance.is_available,
            instance=instance_message(instance),
            findings=[
                Finding(
                    subject=Finding.SUBJECT_REGISTRATION,
                    favourable=True,
                    text=f"registered at revision {instance.create_revision}, last changed at {instance.revision}",
                ),
                *self._liveness(InstanceKey(ref.service, instance.instance_id), instance, service),
                *_intent(instance),
                *_filter(instance, clusters, is_listed=is_listed),
                *self._warm_up(),
            ],
        )

    def _absence(self, ref: InstanceRef) -> Iterator[wire.Finding]:
        service = self._engine.state.services.get(ref.service)
        text = "nobody registered it, as far as this server remembers"
        if service is None:
            text = "the service is unknown: nobody registered an instance of it within the last hour"
        elif isinstance(ref.target, str) and (removed := service.departed.get(ref.target)) is not None:
            text = f"it was removed at revision {removed.revision}: {removed.reason.name}"
        yield Finding(subject=Finding.SUBJECT_REGISTRATION, text=text)

    def _liveness(self, key: InstanceKey, instance: Instance, service: Service) -> Iterator[wire.Finding]:
        is_callable = instance.health in (Health.HEALTHY, Health.SUSPECT)
        yield Finding(subject=Finding.SUBJECT_HEALTH, favourable=is_callable, text=f"its health is {instance.health.name}")
        lease, is_lapsed = instance.said.lease, key.instance_id in service.lapsed
        if lease is not None and lease.is_paused:
            yield Finding(subject=Finding.SUBJECT_LEASE, favourable=True, text="its lease is paused: it does not age")
        elif lease is not None:
            remaining = _seconds(self._engine.state.timers.get(key), self._engine.lease_now_s())
            what = (
                "its lease ran out; it is removed"
                if is_lapsed
                else f"it must be renewed every {lease.ttl_s:g} s; its lease holds for"
            )
            text = f"{what} in {remaining}" if is_lapsed else f"{what} {remaining}"
            yield Finding(
                subject=Finding.SUBJECT_LEASE, favourable=not is_lapsed, text=text if remaining else f"{what} when the guard opens"
            )
        if instance.session is not None:
            yield self._session(instance.session)
        if service.is_guarded:
            remaining = _seconds(self._engine.state.timers.get(GuardTimer(key.service)), self._engine.lease_now_s())
            share = f"{len(service.lapsed)} of {len(service.instances)} instances have lapsed"
            text = f"the mass-removal guard of the service holds for at most {remaining}: {share}"
            yield Finding(subject=Finding.SUBJECT_GUARD, favourable=True, text=text)

    def _session(self, name: str) -> wire.Finding:
        session = self._engine.state.sessions[name]
        client = session.client_name or "a client without a name"
        if session.connection is not None:
            return Finding(subject=Finding.SUBJECT_SESSION, favourable=True, text=f"its session, of {client}, is connected")
        remaining = _seconds(self._engine.state.timers.get(SessionTimer(name)), self._engine.lease_now_s())
        text = f"its session, of {client}, lost its connection; it is removed in {remaining}"
        return Finding(subject=Finding.SUBJECT_SESSION, favourable=False, text=text)

    def _warm_up(self) -> Iterator[wire.Finding]:
        if self._engine.hub.is_warming_up:
            text = "the server has restarted a moment ago; clients may not be back yet"
            yield Finding(subject=Finding.SUBJECT_WARM_UP, favourable=False, text=text)


def _intent(instance: Instance) -> Iterator[wire.Finding]:
    text = f"its client declares {instance.said.declared_state.name}"
    if (override := instance.override) is not None and override.state is not None:
        by = f" by {override.author}" if override.author else ""
        why = f" ({override.comment})" if override.comment else ""
        text += f"; an operator's override{by} says {override.state.name}{why} and wins"
    is_enabled = instance.admin_state is AdminState.ENABLED
    yield Finding(subject=Finding.SUBJECT_ADMIN_STATE, favourable=is_enabled, text=text)
    if instance.weight == 0.0:
        yield Finding(subject=Finding.SUBJECT_WEIGHT, favourable=False, text="its weight is 0: it takes no traffic")


def _filter(instance: Instance, clusters: list[str], *, is_listed: bool) -> Iterator[wire.Finding]:
    if clusters:
        text = f"it is in cluster {instance.said.cluster}, the reader asks for {', '.join(clusters)}"
        yield Finding(subject=Finding.SUBJECT_FILTER, favourable=is_listed, text=text)


def _seconds(deadline_s: float | None, now_s: float) -> str:
    return "" if deadline_s is None else f"{max(0.0, deadline_s - now_s):.1f} s"
