"""What a backup holds: everything that is durable, as values."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from muster_server.core.config_model import ConfigKey, Release, config_key
from muster_server.core.errors import MusterError
from muster_server.core.model import Instance, Override, ServiceKey, service_key
from muster_server.core.namespace_commands import Namespace
from muster_server.core.service_commands import ServiceDescription


@dataclass(frozen=True, slots=True)
class ArchivedItem:
    """A config item with its kept history, oldest first, and contents by number: of all releases, or of those that lines show."""

    key: ConfigKey
    releases: tuple[Release, ...]
    contents: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class ArchivedOverride:
    """An override, and over which instance it is laid."""

    service: ServiceKey
    instance_id: str
    override: Override


@dataclass(frozen=True, slots=True)
class Archive:
    """Namespaces, config items, persistent instances in order of registration, overrides and services; each at most once."""

    namespaces: tuple[Namespace, ...] = ()
    items: tuple[ArchivedItem, ...] = ()
    instances: tuple[tuple[ServiceKey, Instance], ...] = ()
    overrides: tuple[ArchivedOverride, ...] = ()
    services: tuple[tuple[ServiceKey, ServiceDescription], ...] = ()

    def namespace_names(self) -> set[str]:
        """The namespaces that anything in it is of."""
        return {
            *(namespace.name for namespace in self.namespaces),
            *(item.key.namespace for item in self.items),
            *(key.namespace for key, _ in self.instances),
            *(laid.service.namespace for laid in self.overrides),
            *(key.namespace for key, _ in self.services),
        }

    def moved(self, namespace: str) -> "Archive":
        """The same in another namespace. Raises MusterError (INVALID_FIELD) if it holds several, or if a name gets too long."""
        if len(self.namespace_names()) > 1:
            raise MusterError.invalid("into_namespace", "must be empty: the archive holds several namespaces")

        def service(key: ServiceKey) -> ServiceKey:
            return service_key(namespace, key.group, key.name)

        try:
            return Archive(
                tuple(replace(described, name=namespace) for described in self.namespaces),
                tuple(replace(item, key=config_key(namespace, item.key.group, item.key.name)) for item in self.items),
                tuple((service(key), instance) for key, instance in self.instances),
                tuple(replace(laid, service=service(laid.service)) for laid in self.overrides),
                tuple((service(key), description) for key, description in self.services),
            )
        except MusterError as error:
            raise MusterError.invalid("into_namespace", f"does not do: {error.message}") from error
