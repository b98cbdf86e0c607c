"""What operators can ask of services as a whole, and what can happen to them: frozen values, nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from muster_server.core.errors import MusterError
from muster_server.core.model import MAX_CLUSTER_BYTES, MAX_METADATA_BYTES, ServiceKey, check_metadata, checked_text

MAX_CLUSTERS = 100


@dataclass(frozen=True, slots=True)
class ServiceDescription:
    """What operators say of a service. `clusters` holds metadata by the cluster's name; all metadata have 64 KiB together.

    `protect_threshold`: if no larger share of the instances is healthy (0 to 1), readers should call all of them; None: never.
    `is_persistent`: the kind of instances it is meant for. Nothing is refused for it: what a service holds decides.
    `revision` is that of its last change, 0 before it is one. Raises MusterError (INVALID_FIELD).
    """

    metadata: Mapping[str, str] = field(default_factory=dict)
    protect_threshold: float | None = None
    is_persistent: bool = False
    clusters: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    revision: int = 0

    def __post_init__(self) -> None:
        if self.protect_threshold is not None and not 0.0 <= self.protect_threshold <= 1.0:
            raise MusterError.invalid("protect_threshold", "must be between 0 and 1")
        if len(self.clusters) > MAX_CLUSTERS:
            raise MusterError.invalid("clusters", f"must hold at most {MAX_CLUSTERS} entries")
        size = 0
        for metadata in (self.metadata, *self.clusters.values()):
            check_metadata(metadata)
            size += sum(len(key.encode()) + len(value.encode()) for key, value in metadata.items())
        for name in self.clusters:
            checked_text("clusters.name", name, MAX_CLUSTER_BYTES, is_required=True)
        if size > MAX_METADATA_BYTES:
            raise MusterError.invalid("metadata", f"must not be longer than {MAX_METADATA_BYTES} bytes together")


@dataclass(frozen=True, slots=True)
class CreateService:
    """Describe a service that is neither described nor has instances. Answers the ServiceDescription."""

    service: ServiceKey
    description: ServiceDescription


@dataclass(frozen=True, slots=True)
class UpdateService:
    """Change what is said of a known service: metadata, protect_threshold; `clusters` named replace theirs, the others stay.

    Answers the ServiceDescription.
    """

    service: ServiceKey
    changes: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class DeleteService:
    """Forget a known service without instances, and what was said of it. Answers None."""

    service: ServiceKey


ServiceCommand = CreateService | UpdateService | DeleteService


@dataclass(frozen=True, slots=True)
class ServiceDescribed:
    """A service has this description; it is known from now on, with instances or without."""

    service: ServiceKey
    description: ServiceDescription


@dataclass(frozen=True, slots=True)
class ServiceUndescribed:
    """A service is described no more."""

    service: ServiceKey
    revision: int


ServiceEvent = ServiceDescribed | ServiceUndescribed
