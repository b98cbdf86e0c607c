"""What can be asked of namespaces, and what can happen to them: frozen values, nothing else."""

from dataclasses import dataclass

from muster_server.core.model import MAX_NAME_BYTES, checked_text


@dataclass(frozen=True, slots=True)
class Namespace:
    """A described namespace. `revision` is that of its last change, 0 before it is one."""

    name: str
    display_name: str = ""
    description: str = ""
    revision: int = 0

    def __post_init__(self) -> None:
        checked_text("namespace.name", self.name, MAX_NAME_BYTES, is_required=True)
        checked_text("namespace.display_name", self.display_name, 256)
        checked_text("namespace.description", self.description, 1024)


@dataclass(frozen=True, slots=True)
class CreateNamespace:
    """Describe a namespace that is not described. Answers the Namespace."""

    namespace: Namespace


@dataclass(frozen=True, slots=True)
class UpdateNamespace:
    """Describe a namespace anew that is described or used. Answers the Namespace."""

    namespace: Namespace


@dataclass(frozen=True, slots=True)
class DeleteNamespace:
    """Take a description away; with `is_forced` also what is in the namespace. Answers `NamespaceDeleted`."""

    name: str
    is_forced: bool = False


NamespaceCommand = CreateNamespace | UpdateNamespace | DeleteNamespace


@dataclass(frozen=True, slots=True)
class NamespaceDeleted:
    """How much went with a namespace."""

    removed_instance_count: int
    deleted_config_count: int
    deleted_definition_count: int = 0


@dataclass(frozen=True, slots=True)
class NamespaceDescribed:
    """A namespace has this description."""

    namespace: Namespace


@dataclass(frozen=True, slots=True)
class NamespaceForgotten:
    """A namespace is described no more."""

    name: str
    revision: int


NamespaceEvent = NamespaceDescribed | NamespaceForgotten
