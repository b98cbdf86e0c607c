"""Which commands can be written together: those that do not touch one another."""

from collections.abc import Hashable

from muster_server.core.catalog_commands import AddProviders, ChangeDefinition, ChangeTags, CreateDefinition, PutSchemas
from muster_server.core.catalog_view import seen
from muster_server.core.commands import AddressQuery, Command, Deregister, LayOverride, Register, Replace, SetAdminState, Update
from muster_server.core.config_commands import Delete, Promote, Publish, Rollback, StopGray
from muster_server.core.lock_commands import AcquireLock, ReleaseLock
from muster_server.core.model import Registration, ServiceKey
from muster_server.core.state import RegistryState


class Touched:
    """What the commands of a batch touch: config items, single instances, or whole services."""

    def __init__(self, state: RegistryState) -> None:
        self._state = state
        self._whole: set[Hashable] = set()
        self._parts: set[tuple[Hashable, str]] = set()
        self._subjects: set[Hashable] = set()
        self._is_everything = False

    def is_free(self, command: Command) -> bool:
        """True if a command can be decided before the batch is applied."""
        touches = self._touches(command)
        if touches is None or self._is_everything:
            return False
        subject, part = touches
        if subject in self._whole or (part is None and subject in self._subjects):
            return False
        return (subject, part) not in self._parts

    def add(self, command: Command) -> None:
        """Take a command into the batch."""
        touches = self._touches(command)
        if touches is None:
            self._is_everything = True
            return
        subject, part = touches
        self._subjects.add(subject)
        if part is None:
            self._whole.add(subject)
        else:
            self._parts.add((subject, part))

    def _touches(self, command: Command) -> tuple[Hashable, str | None] | None:
        """The subject a command touches, and which part of it, None for all of it; None for what touches many subjects."""
        match command:
            case Register(service=key, registration=registration, is_address_unique=is_unique):
                is_whole = is_unique or self._is_shared(key) or self._changes_kind(key, registration)
                return key, None if is_whole else registration.instance_id
            case Replace(service=key):
                return key, None
            case Deregister(ref=ref) | Update(ref=ref) | LayOverride(ref=ref) | SetAdminState(ref=ref):
                instance = self._state.find(ref)
                is_whole = instance is None or isinstance(ref.target, AddressQuery) or self._is_shared(ref.service)
                return ref.service, None if is_whole or instance is None else instance.instance_id
            case Publish() | Rollback() | Promote() | Delete() | StopGray():
                return ("config", command.key), None
            case AcquireLock() | ReleaseLock():
                return ("lock", command.key), None
            case CreateDefinition(definition=definition, has_id=has_id) if not (has_id or definition.alias):
                return ("catalog", definition.key.service), None
            case ChangeDefinition(ref=known) | ChangeTags(ref=known) | PutSchemas(ref=known):
                changed = seen(self._state, known)
                return (("catalog", changed.key.service), None) if changed is not None else None
            case AddProviders(consumer=consumer):
                return ("providers", consumer), None
            case _:
                return None

    def _is_shared(self, key: ServiceKey) -> bool:
        """True if what happens to one instance of a service matters to the others: it is empty, or under guard."""
        service = self._state.services.get(key)
        return service is None or not service.instances or service.is_guarded

    def _changes_kind(self, key: ServiceKey, registration: Registration) -> bool:
        present = next(iter(self._state.services[key].instances.values()))
        return present.said.is_persistent is not registration.is_persistent
