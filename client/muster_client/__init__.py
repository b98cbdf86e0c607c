"""The Python client of Muster. It needs grpcio and protobuf, and an event loop.

`Client` connects; `Client.register` keeps instances registered through losses and restarts; `Client.watch` follows a service
without gap or duplicate; `Client.get_config`, `Client.publish_config` and `Client.listen` are for configuration,
`Client.catalog` for definitions. What is sent and received are the messages of muster.registry.v1, muster.config.v1 and
muster.catalog.v1, whose fields are explained in instance.proto, config.proto and catalog.proto below protos/muster.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from muster.catalog.v1.catalog_pb2 import Definition, DefinitionKey, Schema
    from muster.config.v1.config_pb2 import ClientTraits, ConfigRef, Release
    from muster.registry.v1.instance_pb2 import (
        AdminState,
        Endpoint,
        Health,
        Instance,
        InstanceRef,
        Lease,
        RemovalReason,
        ServiceRef,
    )

    from muster_client._catalog import Catalog
    from muster_client._client import Client, Listing
    from muster_client._config import Config, MissingConfig, Publication
    from muster_client._link import Backoff
    from muster_client._listener import Listener
    from muster_client._session import Registration
    from muster_client._tls import Tls, open_channel
    from muster_client._view import Removal, Update
    from muster_client._watch import Watch
    from muster_client.errors import (
        AccessDeniedError,
        AlreadyExistsError,
        ConflictError,
        InvalidContentError,
        InvalidFieldError,
        LimitExceededError,
        MusterError,
        NotFoundError,
        RegistrationLostError,
        RevisionMismatchError,
        TooLargeError,
        UnavailableError,
    )

__all__ = [
    "AccessDeniedError",
    "AdminState",
    "AlreadyExistsError",
    "Backoff",
    "Catalog",
    "Client",
    "ClientTraits",
    "Config",
    "ConfigRef",
    "ConflictError",
    "Definition",
    "DefinitionKey",
    "Endpoint",
    "Health",
    "Instance",
    "InstanceRef",
    "InvalidContentError",
    "InvalidFieldError",
    "Lease",
    "LimitExceededError",
    "Listener",
    "Listing",
    "MissingConfig",
    "MusterError",
    "NotFoundError",
    "Publication",
    "Registration",
    "RegistrationLostError",
    "Release",
    "Removal",
    "RemovalReason",
    "RevisionMismatchError",
    "Schema",
    "ServiceRef",
    "Tls",
    "TooLargeError",
    "UnavailableError",
    "Update",
    "Watch",
    "open_channel",
]

# A public name is imported when it is first asked for: every start of `muster serve` comes through this package, on its way to
# the command line, and is not to pay 20 ms for a client that it does not use.
_HOMES = {
    **dict.fromkeys(("Definition", "DefinitionKey", "Schema"), "muster.catalog.v1.catalog_pb2"),
    **dict.fromkeys(("ClientTraits", "ConfigRef", "Release"), "muster.config.v1.config_pb2"),
    **dict.fromkeys(
        ("AdminState", "Endpoint", "Health", "Instance", "InstanceRef", "Lease", "RemovalReason", "ServiceRef"),
        "muster.registry.v1.instance_pb2",
    ),
    "Catalog": "muster_client._catalog",
    **dict.fromkeys(("Client", "Listing"), "muster_client._client"),
    **dict.fromkeys(("Config", "MissingConfig", "Publication"), "muster_client._config"),
    "Backoff": "muster_client._link",
    "Listener": "muster_client._listener",
    "Registration": "muster_client._session",
    **dict.fromkeys(("Tls", "open_channel"), "muster_client._tls"),
    **dict.fromkeys(("Removal", "Update"), "muster_client._view"),
    "Watch": "muster_client._watch",
    **dict.fromkeys(
        (
            "AccessDeniedError",
            "AlreadyExistsError",
            "ConflictError",
            "InvalidContentError",
            "InvalidFieldError",
            "LimitExceededError",
            "MusterError",
            "NotFoundError",
            "RegistrationLostError",
            "RevisionMismatchError",
            "TooLargeError",
            "UnavailableError",
        ),
        "muster_client.errors",
    ),
}


def __getattr__(name: str) -> object:
    """A public name, from the module that has it."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(importlib.import_module(home), name)
    return value


def __dir__() -> list[str]:
    """The public names."""
    return sorted({*globals(), *__all__})
