"""The one door of the core: state, command, moment -> events."""

from typing import assert_never

from muster_server.core import (
    catalog_rules,
    config_rules,
    delivery_rules,
    described_services,
    namespaces,
    naming,
    replacing,
    restoring,
    sessions,
)
from muster_server.core.catalog_commands import (
    AddProviders,
    ChangeDefinition,
    ChangeTags,
    CreateDefinition,
    DeleteDefinition,
    DeleteSchema,
    PutSchemas,
    SetDependencies,
)
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
from muster_server.core.config_commands import Delete, Promote, Publish, Rollback, StopGray
from muster_server.core.delivery_commands import Change, Create, DeleteApplicationConfig, Discard, SetApplicationConfig
from muster_server.core.namespace_commands import CreateNamespace, DeleteNamespace, UpdateNamespace
from muster_server.core.restore_commands import RestoreArchive
from muster_server.core.service_commands import CreateService, DeleteService, UpdateService
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
    match command:
        case Publish() | Rollback() | Promote() | Delete() | StopGray():
            return config_rules.decide_config(turn, command)
        case CreateNamespace() | UpdateNamespace() | DeleteNamespace():
            return namespaces.decide_namespace(turn, command)
        case (
            CreateDefinition()
            | ChangeDefinition()
            | ChangeTags()
            | DeleteDefinition()
            | PutSchemas()
            | DeleteSchema()
            | SetDependencies()
            | AddProviders()
        ):
            return catalog_rules.decide_catalog(turn, command)
        case Create() | Change() | Discard() | SetApplicationConfig() | DeleteApplicationConfig():
            return delivery_rules.decide_delivery(turn, command)
        case CreateService() | UpdateService() | DeleteService():
            return described_services.decide_service(turn, command)
        case RestoreArchive():
            return restoring.restore_archive(turn, command)
        case _:
            assert_never(command)
