"""How state is written down: msgpack of the core's own values, keyed by the names."""

import msgspec

from muster_server.core.access_commands import AccessRecord
from muster_server.core.access_model import AccessKey, ApiToken, Role, SigningKey, User
from muster_server.core.catalog_commands import DefinitionRef
from muster_server.core.catalog_model import Definition, Schema
from muster_server.core.commands import InstanceKey, Session
from muster_server.core.config_model import ConfigKey, Release
from muster_server.core.delivery_commands import Kept
from muster_server.core.delivery_model import Application, ApplicationConfig, Component, Environment
from muster_server.core.deployment_model import Deployment, Job
from muster_server.core.lock_commands import Lock
from muster_server.core.model import Instance, Override, ServiceKey
from muster_server.core.namespace_commands import Namespace
from muster_server.core.service_commands import ServiceDescription
from muster_server.storage.port import Bucket

_encoder = msgspec.msgpack.Encoder()
_instance = msgspec.msgpack.Decoder(Instance)
_override = msgspec.msgpack.Decoder(Override)
_session = msgspec.msgpack.Decoder(Session)
_key = msgspec.msgpack.Decoder(tuple[str, str, str, str])
_release = msgspec.msgpack.Decoder(tuple[tuple[str, str, str], Release])
_namespace = msgspec.msgpack.Decoder(Namespace)
_definition = msgspec.msgpack.Decoder(Definition)
_schema = msgspec.msgpack.Decoder(tuple[DefinitionRef, Schema])
_providers = msgspec.msgpack.Decoder(tuple[DefinitionRef, tuple[ServiceKey, ...]])
_kept: dict[Bucket, msgspec.msgpack.Decoder[Kept]] = {
    Bucket.ENVIRONMENTS: msgspec.msgpack.Decoder(Environment),
    Bucket.APPLICATIONS: msgspec.msgpack.Decoder(Application),
    Bucket.COMPONENTS: msgspec.msgpack.Decoder(Component),
    Bucket.APPLICATION_CONFIGS: msgspec.msgpack.Decoder(ApplicationConfig),
    Bucket.DEPLOYMENTS: msgspec.msgpack.Decoder(Deployment),
}
_job = msgspec.msgpack.Decoder(Job)
_service = msgspec.msgpack.Decoder(tuple[tuple[str, str, str], ServiceDescription])
_lock = msgspec.msgpack.Decoder(Lock)
_int = msgspec.msgpack.Decoder(int)
_access: dict[str, msgspec.msgpack.Decoder[AccessRecord]] = {
    kind.__name__: msgspec.msgpack.Decoder(kind) for kind in (User, Role, ApiToken, AccessKey, SigningKey)
}


def encode(value: Instance | Override | Session | Namespace | Definition | Kept | AccessRecord | Lock | int) -> bytes:
    """One value as a record."""
    return _encoder.encode(value)


def encode_key(key: InstanceKey) -> bytes:
    """An instance's identity as a record key."""
    return _encoder.encode((*key.service, key.instance_id))


def decode_key(record: bytes) -> InstanceKey:
    """The identity back. Raises msgspec.DecodeError if the record is none."""
    namespace, group, name, instance_id = _key.decode(record)
    return InstanceKey(ServiceKey(namespace, group, name), instance_id)


def encode_release(key: ConfigKey, release: Release) -> bytes:
    """A release, and of which item it is, as a record."""
    return _encoder.encode((key, release))


def decode_release(record: bytes) -> tuple[ConfigKey, Release]:
    """The item and the release back."""
    key, release = _release.decode(record)
    return ConfigKey(*key), release


def encode_definition_key(ref: DefinitionRef, *parts: str) -> bytes:
    """A definition's identity, or that of a part of it, as a record key."""
    return _encoder.encode((*ref, *parts))


def encode_schema(ref: DefinitionRef, schema: Schema) -> bytes:
    """A schema, and of which definition it is, as a record."""
    return _encoder.encode((ref, schema))


def encode_providers(consumer: DefinitionRef, providers: tuple[ServiceKey, ...]) -> bytes:
    """What a definition depends on, as a record."""
    return _encoder.encode((consumer, providers))


def decode_definition(record: bytes) -> Definition:
    """A definition back."""
    return _definition.decode(record)


def decode_schema(record: bytes) -> tuple[DefinitionRef, Schema]:
    """The definition and the schema back."""
    return _schema.decode(record)


def decode_providers(record: bytes) -> tuple[DefinitionRef, tuple[ServiceKey, ...]]:
    """The consumer and its providers back."""
    return _providers.decode(record)


def encode_revision(revision: int) -> bytes:
    """A revision as a record key: later ones sort last, so that releases and contents are appended and not spread over the file."""
    return revision.to_bytes(8, "big")


def decode_instance(record: bytes) -> Instance:
    """An instance back."""
    return _instance.decode(record)


def decode_override(record: bytes) -> Override:
    """An override back."""
    return _override.decode(record)


def decode_session(record: bytes) -> Session:
    """A session back."""
    return _session.decode(record)


def decode_namespace(record: bytes) -> Namespace:
    """A description back."""
    return _namespace.decode(record)


def encode_pair(one: str, other: str) -> bytes:
    """Two names as a record key."""
    return _encoder.encode((one, other))


def decode_kept(bucket: Bucket, record: bytes) -> Kept:
    """What is kept of delivery back; each kind has its bucket."""
    return _kept[bucket].decode(record)


def decode_job(record: bytes) -> Job:
    """A job back."""
    return _job.decode(record)


def encode_service(key: ServiceKey, description: ServiceDescription) -> bytes:
    """A description, and of which service it is, as a record."""
    return _encoder.encode((key, description))


def decode_service(record: bytes) -> tuple[ServiceKey, ServiceDescription]:
    """The service and the description back."""
    key, description = _service.decode(record)
    return ServiceKey(*key), description


def encode_service_key(key: ServiceKey) -> bytes:
    """A service's name as a record key."""
    return _encoder.encode(key)


def decode_lock(record: bytes) -> Lock:
    """A lock back."""
    return _lock.decode(record)


def decode_int(record: bytes) -> int:
    """A number back."""
    return _int.decode(record)


def encode_access_key(record: AccessRecord) -> bytes:
    """The key of a user, a role, a token or a key: its kind, and its name."""
    name = record.name if isinstance(record, User | Role) else record.token_id if isinstance(record, ApiToken) else record.key_id
    return f"{type(record).__name__}/{name}".encode()


def decode_access(key: bytes, record: bytes) -> AccessRecord:
    """A user, a role, a token or a key back. Raises msgspec.DecodeError if the key is of no known kind."""
    kind = key.decode().partition("/")[0]
    if kind not in _access:
        raise msgspec.DecodeError(f"no such kind of access record: {kind}")
    return _access[kind].decode(record)
