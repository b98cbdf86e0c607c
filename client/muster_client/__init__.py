"""The Python client of Muster. It needs grpcio and protobuf, and an event loop.

`Client` connects; `Client.register` keeps instances registered through losses and restarts; `Client.watch` follows a service
without gap or duplicate; `Client.get_config`, `Client.publish_config` and `Client.listen` are for configuration. What is sent and
received are the messages of muster.registry.v1 and muster.config.v1, whose fields are explained in
protos/muster/registry/v1/instance.proto and protos/muster/config/v1/config.proto.
"""

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

from muster_client._client import Client, Listing
from muster_client._config import Config, MissingConfig, Publication
from muster_client._link import Backoff
from muster_client._listener import Listener
from muster_client._session import Registration
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
    "Client",
    "ClientTraits",
    "Config",
    "ConfigRef",
    "ConflictError",
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
    "ServiceRef",
    "TooLargeError",
    "UnavailableError",
    "Update",
    "Watch",
]
