"""The port through which the hub makes frames, so that the engine knows no wire."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol, TypeVar

from muster_server.core.catalog_commands import DefinitionRef
from muster_server.core.catalog_view import Providers
from muster_server.core.config_model import ConfigKey, Release
from muster_server.core.errors import Reason
from muster_server.core.model import Instance, RemovalReason, ServiceKey

N_contra = TypeVar("N_contra", contravariant=True)


class Head(NamedTuple):
    """What a list or a snapshot says beside its instances. `protect_threshold` None: the service has none."""

    revision: int
    epoch: int
    protect_threshold: float | None = None
    is_warming_up: bool = False
    is_reset: bool = False


class NamingEncoder(Protocol):
    """Makes bytes of values. A fragment is one instance, ready to be joined with others into a list, a snapshot or a delta."""

    def fragment(self, instance: Instance) -> bytes:
        """One instance."""
        ...

    def removal(self, instance_id: str, reason: RemovalReason, revision: int) -> bytes:
        """One removal, to be joined into a delta."""
        ...

    def list_response(self, fragments: Sequence[bytes], head: Head) -> bytes:
        """The answer of ListInstances."""
        ...

    def snapshot(self, key: ServiceKey, fragments: Sequence[bytes], head: Head) -> list[bytes]:
        """The frames of a snapshot."""
        ...

    def delta(self, key: ServiceKey, puts: Sequence[bytes], removals: Sequence[bytes], at: tuple[int, int]) -> bytes:
        """The frame of a delta; `at` is (revision, prev_revision)."""
        ...

    def bookmark(self, revision: int, epoch: int, *, is_warming_up: bool) -> bytes:
        """The frame of a bookmark."""
        ...

    def cancelled(self, key: ServiceKey, reason: Reason, message: str) -> bytes:
        """The frame that ends one subscription."""
        ...

    def reconnect_after(self, delay_s: float) -> bytes:
        """The frame that asks to connect anew."""
        ...


class ConfigEncoder(Protocol):
    """Makes the frames of Listen."""

    def changed(self, key: ConfigKey, release: Release, content: str, revision: int) -> bytes:
        """The frame of a new state."""
        ...

    def missing(self, key: ConfigKey, revision: int, *, is_deleted: bool) -> bytes:
        """The frame that says there is nothing."""
        ...

    def listen_bookmark(self, revision: int, epoch: int) -> bytes:
        """The frame of a bookmark."""
        ...

    def listen_cancelled(self, key: ConfigKey, reason: Reason, message: str) -> bytes:
        """The frame that ends listening to one item."""
        ...

    def listen_reconnect_after(self, delay_s: float) -> bytes:
        """The frame that asks to connect anew."""
        ...


class CatalogEncoder(Protocol):
    """Makes the frames of WatchProviders."""

    def providers(self, found: Providers, revision: int) -> bytes:
        """The frame of what a definition depends on."""
        ...

    def providers_bookmark(self, revision: int, epoch: int) -> bytes:
        """The frame of a bookmark."""
        ...

    def providers_cancelled(self, consumer: DefinitionRef, reason: Reason, message: str) -> bytes:
        """The frame that ends one subscription."""
        ...

    def providers_reconnect_after(self, delay_s: float) -> bytes:
        """The frame that asks to connect anew."""
        ...


class NamesEncoder(Protocol[N_contra]):
    """Makes the frames of WatchServices or of WatchConfigs."""

    def snapshot(self, names: Sequence[N_contra], at: tuple[int, int], *, is_reset: bool, is_warming_up: bool) -> list[bytes]:
        """The frames of a snapshot; `at` is (revision, epoch)."""
        ...

    def delta(self, appeared: Sequence[N_contra], disappeared: Sequence[N_contra], revision: int) -> bytes:
        """The frame of a delta."""
        ...

    def bookmark(self, revision: int, epoch: int, *, is_warming_up: bool) -> bytes:
        """The frame of a bookmark."""
        ...

    def reconnect_after(self, delay_s: float) -> bytes:
        """The frame that asks to connect anew."""
        ...


class Encoder(NamingEncoder, ConfigEncoder, CatalogEncoder, Protocol):
    """All frames."""

    @property
    def service_names(self) -> NamesEncoder[ServiceKey]:
        """Those of WatchServices."""
        ...

    @property
    def config_names(self) -> NamesEncoder[ConfigKey]:
        """Those of WatchConfigs."""
        ...
