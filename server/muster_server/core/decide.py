"""The one door of the core: state, command, moment -> events."""

from muster_server.core import (
    access_rules,
    catalog_rules,
    config_rules,
    delivery_rules,
    described_services,
    locks,
    namespaces,
    naming,
    replacing,
    restoring,
    sessions,
)
from muster_server.core.access_commands import AccessCommand
from muster_server.core.catalog_commands import CatalogCommand
from muster_server.core.commands import (
    Command,
    Deregister,
    EndSession,
    LayOverride,
    LoseSession,
    OpenSession,
    OtherCommand,
    Register,
    Renew,
    RenewSession,
    Replace,
    SetAdminState,
    Update,
)
from muster_server.core.config_commands import ConfigCommand
from muster_server.core.delivery_commands import DeliveryCommand
from muster_server.core.lock_commands import LockCommand
from muster_server.core.namespace_commands import NamespaceCommand
from muster_server.core.service_commands import ServiceCommand
from muster_server.core.turn import Turn


def decide(turn: Turn, command: Command) -> object:
    """Collect in `turn.events` what a command means, and answer what its class says. Raises MusterError; then nothing happened."""
    match command:
        case Register():
            return naming.register(turn, command)
        case Replace():
            return replacing.replace(turn, command)
        case Renew():
            return naming.renew(turn, command)
        case Deregister():
            return naming.deregister(turn, command)
        case Update():
            return naming.update(turn, command)
        case LayOverride():
            return naming.lay_override(turn, command)
        case SetAdminState():
            return naming.set_admin_state(turn, command)
        case RenewSession() | OpenSession() | LoseSession() | EndSession():
            return sessions.decide_session(turn, command)
        case _:
            return _decide_other(turn, command)


def _decide_other(turn: Turn, command: OtherCommand) -> object:
    if isinstance(command, ConfigCommand):
        return config_rules.decide_config(turn, command)
    if isinstance(command, CatalogCommand):
        return catalog_rules.decide_catalog(turn, command)
    if isinstance(command, NamespaceCommand):
        return namespaces.decide_namespace(turn, command)
    if isinstance(command, ServiceCommand):
        return described_services.decide_service(turn, command)
    if isinstance(command, DeliveryCommand):
        return delivery_rules.decide_delivery(turn, command)
    if isinstance(command, AccessCommand):
        return access_rules.decide_access(turn, command)
    if isinstance(command, LockCommand):
        return locks.decide_lock(turn, command)
    return restoring.restore_archive(turn, command)
