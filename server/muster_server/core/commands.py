"""What can be asked of the registry, and what can happen to it: frozen values, nothing else."""

from collections.abc import Mapping
from typing import NamedTuple

from msgspec import Struct

from muster_server.core.access_commands import AccessCommand, AccessEvent
from muster_server.core.catalog_commands import CatalogCommand, CatalogEvent
from muster_server.core.config_commands import ConfigCommand, ConfigEvent
from muster_server.core.delivery_commands import DeliveryCommand, DeliveryEvent
from muster_server.core.epochs import EpochBegan
from muster_server.core.lock_commands import LockCommand, LockEvent
from muster_server.core.model import Address, AdminState, Instance, Override, Registration, RemovalReason, ServiceKey
from muster_server.core.namespace_commands import NamespaceCommand, NamespaceEvent
from muster_server.core.restore_commands import RestoreArchive
from muster_server.core.service_commands import ServiceCommand, ServiceEvent


class Moment(NamedTuple):
    """A point in time: `now_s` on the lease clock (monotonic, stands still while the process stalls), `wall_s` Unix seconds."""

    now_s: float
    wall_s: float


class InstanceKey(NamedTuple):
    """The identity of an instance."""

    service: ServiceKey
    instance_id: str


class AddressQuery(Struct, frozen=True):
    """Finds an instance by its primary endpoint. `is_persistent` None means of either kind."""

    address: Address
    is_persistent: bool | None = None


class InstanceRef(Struct, frozen=True):
    """Points at one instance, by id or by address."""

    service: ServiceKey
    target: str | AddressQuery


class Register(Struct, frozen=True):
    """Put an instance. `session` is the session it shall live by. Answers the Instance.

    `is_id_reused`: an instance of the same definition with the same endpoints keeps its id.
    """

    service: ServiceKey
    registration: Registration
    session: str | None = None
    is_address_unique: bool = False
    expected_revision: int | None = None
    is_id_reused: bool = False


class Replace(Struct, frozen=True):
    """Make these all that a session has of a service; none of them withdraws it. All or nothing. Answers the Instances."""

    service: ServiceKey
    registrations: tuple[Registration, ...]
    session: str
    is_address_unique: bool = False


class Deregister(Struct, frozen=True):
    """Remove an instance. `session`, if given, must own it. Answers the Removed event, None if it was missing and may be."""

    ref: InstanceRef
    session: str | None = None
    expected_revision: int | None = None
    is_missing_allowed: bool = False
    reason: RemovalReason = RemovalReason.DEREGISTERED


class Renew(Struct, frozen=True):
    """Renew leases. Answers the tuple of refs that point at nothing."""

    refs: tuple[InstanceRef, ...]


class Update(Struct, frozen=True):
    """Change fields: weight, metadata, health, declared_state, ttl_s, grace_s, is_paused. Answers the Instance.

    `is_touched`: it counts as a change even if all values are what they were.
    """

    ref: InstanceRef
    changes: Mapping[str, object]
    expected_revision: int | None = None
    is_touched: bool = False


class LayOverride(Struct, frozen=True):
    """Change parts of an override: state, weight, metadata; None lifts one. Answers the Instance."""

    ref: InstanceRef
    changes: Mapping[str, object]
    author: str = ""
    comment: str = ""
    expected_revision: int | None = None


class SetAdminState(Struct, frozen=True):
    """Lay the state of an override over an instance; None lifts it. Answers the Instance."""

    ref: InstanceRef
    state: AdminState | None
    author: str = ""
    comment: str = ""


class OpenSession(Struct, frozen=True):
    """Begin a session, or take it over (`is_resumed`) for a new connection. Answers the Session.

    `ttl_s` None: the transport alone decides when the connection is lost.
    """

    session: str
    connection: int
    client_name: str
    ttl_s: float | None
    grace_s: float
    is_resumed: bool = False


class RenewSession(Struct, frozen=True):
    """A frame came on the session. Answers None."""

    session: str


class LoseSession(Struct, frozen=True):
    """The connection of a session broke; ignored if another connection holds it by now. Answers None."""

    session: str
    connection: int


class EndSession(Struct, frozen=True):
    """The session said goodbye. Answers None."""

    session: str


SessionCommand = OpenSession | RenewSession | LoseSession | EndSession
NamingCommand = Register | Replace | Deregister | Renew | Update | LayOverride | SetAdminState | SessionCommand
OtherCommand = (
    ConfigCommand
    | CatalogCommand
    | NamespaceCommand
    | ServiceCommand
    | DeliveryCommand
    | AccessCommand
    | LockCommand
    | RestoreArchive
)
Command = NamingCommand | OtherCommand


class Session(Struct, frozen=True):
    """A client's session as the registry knows it. `connection` is None while it is lost."""

    session: str
    client_name: str
    ttl_s: float | None
    grace_s: float
    connection: int | None


class Put(Struct, frozen=True):
    """An instance came or changed; `previous` is what it was. `lease_from_s` restarts its lease then; None leaves it alone."""

    service: ServiceKey
    instance: Instance
    previous: Instance | None
    lease_from_s: float | None


class Removed(Struct, frozen=True):
    """An instance is gone; `previous` is what it was. `by_session` is the session that asked for it, if one did."""

    service: ServiceKey
    previous: Instance
    reason: RemovalReason
    revision: int
    by_session: str | None = None


class Renewed(Struct, frozen=True):
    """A lease was renewed and nothing else changed."""

    key: InstanceKey
    lease_from_s: float


class Lapsed(Struct, frozen=True):
    """A lease ran out: its grace ends at `grace_end_s`; None while the mass-removal guard holds it."""

    key: InstanceKey
    grace_end_s: float | None


class OverrideSet(Struct, frozen=True):
    """An override was laid (or lifted: None)."""

    key: InstanceKey
    override: Override | None


class OverrideOrphaned(Struct, frozen=True):
    """An override has outlived its instance and is dropped at `drop_s` unless the instance returns."""

    key: InstanceKey
    drop_s: float


class SessionChanged(Struct, frozen=True):
    """A session opened, was lost or taken over. `deadline_s`: when silence ends it; None: never by time."""

    session: Session
    deadline_s: float | None


class SessionRenewed(Struct, frozen=True):
    """A session was heard of, and nothing else changed: silence ends it at `deadline_s`."""

    session: str
    deadline_s: float


class SessionClosed(Struct, frozen=True):
    """A session is over."""

    session: str


class GuardChanged(Struct, frozen=True):
    """The mass-removal guard of a service closed (`hold_end_s`) or opened (None). `is_spent`: it may not close again yet."""

    service: ServiceKey
    hold_end_s: float | None
    is_spent: bool = False


class ServiceForgotten(Struct, frozen=True):
    """A service without instances was dropped."""

    service: ServiceKey


NamingEvent = Put | Removed | Renewed | Lapsed | OverrideSet | OverrideOrphaned
Bookkeeping = (
    SessionChanged
    | SessionRenewed
    | SessionClosed
    | GuardChanged
    | ServiceForgotten
    | ServiceEvent
    | NamespaceEvent
    | DeliveryEvent
    | EpochBegan
)
Event = NamingEvent | ConfigEvent | CatalogEvent | AccessEvent | LockEvent | Bookkeeping
DurableEvent = (
    OverrideSet | ConfigEvent | CatalogEvent | AccessEvent | LockEvent | NamespaceEvent | ServiceEvent | DeliveryEvent | EpochBegan
)


def is_durable(event: Event) -> bool:
    """True if the event must be on disk before anybody hears of it.

    Of an ephemeral instance that is what a client changed in it, unless it lives by a session: after a crash sessions say it all
    again, and who renews what is gone is told so; but an instance that came back as it was before would go on being renewed.
    """
    match event:
        case Renewed():  # by far the most: asked first
            return False
        case Put(instance=instance, previous=None):
            return instance.said.is_persistent
        case Put(instance=instance, previous=previous) if previous is not None:
            is_said_anew = instance.said is not previous.said and instance.said != previous.said
            return instance.said.is_persistent or previous.said.is_persistent or (is_said_anew and instance.session is None)
        case Removed(previous=previous):
            return previous.said.is_persistent
        case _:
            return isinstance(event, DurableEvent)
