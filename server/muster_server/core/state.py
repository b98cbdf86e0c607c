"""The naming state, and the one function that changes it."""

from bisect import bisect_left, bisect_right, insort
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from muster_server.core.access_commands import AccessPut, AccessRemoved
from muster_server.core.access_state import AccessState
from muster_server.core.catalog_commands import (
    CatalogEvent,
    DefinitionDeleted,
    DefinitionPut,
    ProvidersSet,
    SchemaDeleted,
    SchemaPut,
)
from muster_server.core.catalog_state import CatalogState
from muster_server.core.commands import (
    AddressQuery,
    Bookkeeping,
    Event,
    GuardChanged,
    InstanceKey,
    InstanceRef,
    Lapsed,
    OverrideOrphaned,
    OverrideSet,
    Put,
    Removed,
    Renewed,
    ServiceForgotten,
    Session,
    SessionChanged,
    SessionClosed,
    SessionRenewed,
)
from muster_server.core.config_commands import ConfigEvent, ConfigReleased, ReleasesCompacted
from muster_server.core.config_state import ConfigState
from muster_server.core.deadlines import Deadlines
from muster_server.core.delivery_commands import DeliveryChanged, DeliveryDiscarded
from muster_server.core.delivery_state import DeliveryState
from muster_server.core.epochs import EpochBegan
from muster_server.core.lock_commands import Lock, LockEvent, LockFreed, LockKey, LockTaken
from muster_server.core.model import Address, Instance, Override, RemovalReason, ServiceKey
from muster_server.core.namespace_commands import Namespace, NamespaceDescribed, NamespaceForgotten
from muster_server.core.service_commands import ServiceDescribed, ServiceDescription, ServiceUndescribed
from muster_server.core.tally import Tally

MAX_DEPARTED = 100
_EXPIRY = (RemovalReason.LEASE_EXPIRED, RemovalReason.CONNECTION_LOST)


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds and retentions of the registry. Raising a count costs memory; about 2 KiB an instance."""

    max_instances: int = 1_000_000
    max_instances_per_service: int = 100_000
    max_services: int = 200_000
    max_sessions: int = 100_000
    max_namespaces: int = 10_000
    max_locks: int = 100_000
    max_access_records: int = 100_000
    max_delivery: int = 100_000
    override_retention_s: float = 600.0
    service_retention_s: float = 3600.0
    guard_min_instances: int = 5
    guard_fraction: float = 0.5
    guard_hold_s: float = 300.0
    guard_window_s: float = 60.0
    max_configs: int = 1_000_000
    max_content_bytes: int = 10 << 20
    max_total_bytes: int = 1 << 30
    max_grays: int = 10
    history_retention_s: float = 30 * 24 * 3600.0
    min_releases: int = 10
    max_releases: int = 10_000
    max_definitions: int = 50_000
    max_schemas: int = 100
    max_total_schema_bytes: int = 256 << 20
    max_providers: int = 1000


class SessionTimer(NamedTuple):
    """Timer key: silence ends the session."""

    session: str


class OverrideTimer(NamedTuple):
    """Timer key: an orphaned override is dropped."""

    key: InstanceKey


class ServiceTimer(NamedTuple):
    """Timer key: an empty service is forgotten."""

    service: ServiceKey


class LockTimer(NamedTuple):
    """Timer key: a lock is held no longer."""

    key: LockKey


class GuardTimer(NamedTuple):
    """Timer key: the mass-removal guard has held long enough."""

    service: ServiceKey


Timer = InstanceKey | SessionTimer | OverrideTimer | ServiceTimer | LockTimer | GuardTimer


@dataclass(slots=True)
class Service:
    """One service: its instances in order of registration, and which of them have lapsed.

    `is_guarded` holds back removals; `is_guard_spent` keeps it from closing again until nothing is lapsed any more.
    `expiries` holds when recent expiries removed an instance, oldest first. `departed` holds the last removal of the 100 instances
    that went last, for whoever asks why. `undefined_count` is how many instances came without a definition. `by_address` holds an
    id, or where several instances have one address all their ids, in a dictionary, which takes five times as much.
    """

    instances: dict[str, Instance] = field(default_factory=dict)
    by_address: dict[Address, str | dict[str, None]] = field(default_factory=dict)
    lapsed: set[str] = field(default_factory=set)
    expiries: deque[float] = field(default_factory=deque)
    departed: dict[str, Removed] = field(default_factory=dict)
    description: ServiceDescription | None = None
    revision: int = 0
    is_guarded: bool = False
    is_guard_spent: bool = False
    undefined_count: int = 0

    def ids_at(self, address: Address) -> tuple[str, ...] | dict[str, None]:
        """The ids of the instances that have this primary endpoint, in order of registration."""
        found = self.by_address.get(address)
        return () if found is None else (found,) if isinstance(found, str) else found

    def note_address(self, address: Address, instance_id: str) -> None:
        """An instance has this primary endpoint."""
        found = self.by_address.get(address)
        if found is None:
            self.by_address[address] = instance_id
        elif isinstance(found, str):
            self.by_address[address] = {found: None, instance_id: None}
        else:
            found[instance_id] = None

    def forget_address(self, address: Address, instance_id: str) -> None:
        """An instance has this primary endpoint no longer."""
        found = self.by_address[address]
        if not isinstance(found, str):
            del found[instance_id]
        if isinstance(found, str) or not found:
            del self.by_address[address]

    @property
    def is_persistent(self) -> bool:
        """The kind of its instances; of one without any, that which it is meant for."""
        for instance in self.instances.values():
            return instance.said.is_persistent
        return self.description is not None and self.description.is_persistent

    @property
    def protect_threshold(self) -> float | None:
        """The share of healthy instances that is too little; None if none is."""
        return self.description.protect_threshold if self.description is not None else None


class RegistryState:
    """All naming state. Owned by the engine; only `apply` changes it."""

    def __init__(self, revision: int = 0, epoch: int = 0) -> None:
        self.revision = revision
        self.epoch = epoch
        self.services: dict[ServiceKey, Service] = {}
        self._service_names: list[ServiceKey] = []
        self.sessions: dict[str, Session] = {}
        self.session_instances: dict[str, dict[InstanceKey, None]] = {}
        self.overrides: dict[InstanceKey, Override] = {}
        self.timers: Deadlines[Timer] = Deadlines()
        self.configs = ConfigState()
        self.catalog = CatalogState()
        self.namespaces: dict[str, Namespace] = {}
        self.access = AccessState()
        self.delivery = DeliveryState()
        self.locks: dict[LockKey, Lock] = {}
        self.service_tally = Tally()
        self.described_tally = Tally()
        self.instance_tally = Tally()
        self.instance_count = 0

    def find(self, ref: InstanceRef) -> Instance | None:
        """The instance a ref points at; None if there is none. Of several with one address the last registered."""
        service = self.services.get(ref.service)
        if service is None:
            return None
        target = ref.target
        if not isinstance(target, AddressQuery):
            return service.instances.get(target)
        for instance_id in reversed(service.ids_at(target.address)):
            instance = service.instances[instance_id]
            if target.is_persistent is None or instance.said.is_persistent is target.is_persistent:
                return instance
        return None

    def apply(self, event: Event, now_s: float, limits: Limits) -> None:
        """Make an event true. Events come from `decide` on this very state, so nothing is checked here."""
        match event:
            case Renewed(key=key, lease_from_s=start):
                self._restart_lease(key, self.services[key.service].instances[key.instance_id], start)
            case Put():
                self._put(event)
            case Removed():
                self._remove(event, now_s, limits)
            case Lapsed(key=key, grace_end_s=end):
                self.services[key.service].lapsed.add(key.instance_id)
                self._set_timer(key, end)
            case OverrideSet():
                self._set_override(event)
            case OverrideOrphaned(key=key, drop_s=drop):
                self.drop_override_at(key, drop)
            case ConfigReleased() | ReleasesCompacted():
                self._apply_config(event)
            case DefinitionPut() | DefinitionDeleted() | SchemaPut() | SchemaDeleted() | ProvidersSet():
                self._apply_catalog(event)
            case AccessPut() | AccessRemoved():
                self.access.apply(event)
                self.revision = self.access.revision
            case LockTaken() | LockFreed():
                self._apply_lock(event, now_s)
            case _:
                self._apply_bookkeeping(event)

    def _set_override(self, event: OverrideSet) -> None:
        self.timers.cancel(OverrideTimer(event.key))
        if event.override is None:
            self.overrides.pop(event.key, None)
        else:
            self.overrides[event.key] = event.override

    def _apply_lock(self, event: LockEvent, now_s: float) -> None:
        match event:
            case LockTaken(lock=lock):
                self.locks[lock.key] = lock
                self.revision = max(self.revision, lock.token)
                self.timers.set(LockTimer(lock.key), now_s + lock.ttl_s)
            case LockFreed(key=key):
                del self.locks[key]
                self.timers.cancel(LockTimer(key))

    def _apply_config(self, event: ConfigEvent) -> None:
        self.configs.apply(event)
        if isinstance(event, ConfigReleased):
            self.revision = event.release.revision

    def _apply_catalog(self, event: CatalogEvent) -> None:
        self.catalog.apply(event)
        self.revision = event.definition.revision if isinstance(event, DefinitionPut) else event.revision

    def _apply_bookkeeping(self, event: Bookkeeping) -> None:
        match event:
            case NamespaceDescribed(namespace=namespace):
                self.namespaces[namespace.name] = namespace
                self.revision = namespace.revision
            case NamespaceForgotten(name=name, revision=revision):
                del self.namespaces[name]
                self.revision = revision
            case DeliveryChanged() | DeliveryDiscarded():
                self.delivery.apply(event)
                self.revision = event.revision
            case EpochBegan(epoch=epoch):
                self.epoch = epoch
            case SessionChanged(session=session, deadline_s=deadline):
                self.sessions[session.session] = session
                self.session_instances.setdefault(session.session, {})
                self._set_timer(SessionTimer(session.session), deadline)
            case SessionRenewed(session=name, deadline_s=deadline):
                self.timers.set(SessionTimer(name), deadline)
            case SessionClosed(session=name):
                self.sessions.pop(name, None)
                self.session_instances.pop(name, None)
                self.timers.cancel(SessionTimer(name))
            case GuardChanged(service=key, hold_end_s=end, is_spent=is_spent):
                service = self.services[key]
                service.is_guarded = end is not None
                service.is_guard_spent = is_spent
                self._set_timer(GuardTimer(key), end)
            case ServiceDescribed(service=key, description=description):
                service = self._known(key)
                self.described_tally.add(key.namespace, service.description is None)
                service.description = description
                service.revision = self.revision = description.revision
                self.timers.cancel(ServiceTimer(key))
            case ServiceUndescribed(service=key, revision=revision):
                service = self.services[key]
                self.described_tally.add(key.namespace, -1)
                service.description = None
                service.revision = self.revision = revision
            case ServiceForgotten(service=key):
                del self.services[key]
                self.catalog.forget_service(key)
                self.timers.cancel(ServiceTimer(key))
                self.service_tally.add(key.namespace, -1)
                del self._service_names[bisect_left(self._service_names, key)]

    def services_after(self, key: ServiceKey) -> Iterator[ServiceKey]:
        """The names that come after `key`, in order. O(log services) to begin."""
        names = self._service_names
        return (names[index] for index in range(bisect_right(names, key), len(names)))

    def drop_override_at(self, key: InstanceKey, drop_s: float) -> None:
        """Drop an override at that time unless its instance returns."""
        self.timers.set(OverrideTimer(key), drop_s)

    def _known(self, key: ServiceKey) -> Service:
        service = self.services.get(key)
        if service is None:
            service = self.services[key] = Service()
            insort(self._service_names, key)
            self.catalog.note_service(key)
            self.service_tally.add(key.namespace, 1)
        return service

    def _set_timer(self, timer: Timer, deadline_s: float | None) -> None:
        if deadline_s is None:
            self.timers.cancel(timer)
        else:
            self.timers.set(timer, deadline_s)

    def _restart_lease(self, key: InstanceKey, instance: Instance, start_s: float) -> None:
        self.services[key.service].lapsed.discard(key.instance_id)
        lease = instance.said.lease
        self._set_timer(key, None if lease is None or lease.is_paused else start_s + lease.ttl_s)
        self._restore_guard(self.services[key.service])

    def _put(self, event: Put) -> None:
        instance, previous = event.instance, event.previous
        key = InstanceKey(event.service, instance.instance_id)
        service = self._known(event.service)
        if not service.instances:
            self.timers.cancel(ServiceTimer(event.service))
        if previous is None:
            self.instance_count += 1
            self.instance_tally.add(event.service.namespace, 1)
            if key in self.overrides:
                self.timers.cancel(OverrideTimer(key))
            service.note_address(instance.address, instance.instance_id)
        elif previous.address != instance.address:
            service.forget_address(previous.address, previous.instance_id)
            service.note_address(instance.address, instance.instance_id)
        if previous is not None and previous.session is not None and previous.session != instance.session:
            self.session_instances.get(previous.session, {}).pop(key, None)
        if instance.session is not None:
            self.session_instances.setdefault(instance.session, {})[key] = None
        service.undefined_count += (not instance.said.definition_id) - (previous is not None and not previous.said.definition_id)
        service.instances[instance.instance_id] = instance
        service.revision = self.revision = instance.revision
        if event.lease_from_s is not None:
            self._restart_lease(key, instance, event.lease_from_s)

    def _remove(self, event: Removed, now_s: float, limits: Limits) -> None:
        previous, service = event.previous, self.services[event.service]
        key = InstanceKey(event.service, previous.instance_id)
        del service.instances[previous.instance_id]
        service.undefined_count -= not previous.said.definition_id
        service.forget_address(previous.address, previous.instance_id)
        service.lapsed.discard(previous.instance_id)
        self._restore_guard(service)
        service.departed.pop(previous.instance_id, None)
        service.departed[previous.instance_id] = event
        if len(service.departed) > MAX_DEPARTED:
            del service.departed[next(iter(service.departed))]
        service.revision = self.revision = event.revision
        if event.reason in _EXPIRY:
            while service.expiries and service.expiries[0] <= now_s - limits.guard_window_s:
                service.expiries.popleft()
            service.expiries.append(now_s)
        if previous.session is not None:
            self.session_instances.get(previous.session, {}).pop(key, None)
        self.instance_count -= 1
        self.instance_tally.add(event.service.namespace, -1)
        self.timers.cancel(key)
        if not service.instances and service.description is None:
            self.timers.set(ServiceTimer(event.service), now_s + limits.service_retention_s)

    @staticmethod
    def _restore_guard(service: Service) -> None:
        if service.is_guard_spent and not service.lapsed:
            service.is_guard_spent = False
