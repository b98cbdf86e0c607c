"""Delivery on the wire and in the core: one table of fields for each kind of thing. Raises MusterError (INVALID_FIELD)."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from google.protobuf.json_format import MessageToDict
from google.protobuf.struct_pb2 import Struct
from muster.delivery.v1 import delivery_pb2 as wire

from muster_server.core.delivery_model import (
    Application,
    ApplicationConfig,
    Component,
    Environment,
    Resource,
    Source,
    SourceKind,
)
from muster_server.core.delivery_state import Thing
from muster_server.core.errors import MusterError

MAX_STRUCT_BYTES = 64 << 10

Fields = Mapping[str, Callable[[Any], object]]
"""What a caller may say of a thing: the field's name, the same on both sides, and how it is read from the message."""

_COMMON: Fields = {
    "name": lambda message: message.name,
    "description": lambda message: message.description,
    "labels": lambda message: dict(message.labels),
}
FIELDS: Mapping[type[Thing], Fields] = {
    Environment: {
        **_COMMON,
        "display_name": lambda message: message.display_name,
        "resources": lambda message: tuple(Resource(one.type, one.id, one.name) for one in message.resources),
    },
    Application: _COMMON,
    Component: {
        **_COMMON,
        "source": lambda message: _source(message.source) if message.HasField("source") else None,
        "build": lambda message: _struct("build", message.build) if message.HasField("build") else None,
    },
}


def said(kind: type[Thing], message: Any) -> dict[str, Any]:
    """All fields that a caller may say, for a new thing."""
    return {name: read(message) for name, read in FIELDS[kind].items()}


def changes(kind: type[Thing], message: Any, paths: Iterable[str]) -> dict[str, object]:
    """The fields of an update mask."""
    fields = FIELDS[kind]
    for path in paths:
        if path not in fields:
            raise MusterError.invalid("update_mask", f"no such path: {path[:100]!r}")
    return {path: fields[path](message) for path in paths}


def environment_message(thing: Environment) -> wire.Environment:
    """An environment."""
    message = wire.Environment(
        display_name=thing.display_name,
        resources=[wire.Resource(type=one.type, id=one.id, name=one.name) for one in thing.resources],
    )
    _fill(message, thing)
    return message


def application_message(thing: Application, component_count: int) -> wire.Application:
    """An application."""
    message = wire.Application(component_count=component_count)
    _fill(message, thing)
    return message


def component_message(thing: Component) -> wire.Component:
    """A component."""
    message = wire.Component(application_id=thing.application_id, runtime=thing.runtime)
    if (source := thing.source) is not None:
        message.source.CopyFrom(wire.Source(kind=f"SOURCE_KIND_{source.kind.name}", url=source.url))
        message.source.properties.update(source.properties)
    if thing.build is not None:
        message.build.update(thing.build)
    _fill(message, thing)
    return message


def config_message(config: ApplicationConfig) -> wire.ApplicationConfig:
    """An application's configuration."""
    env = [wire.EnvVar(name=name, value=value) for name, value in config.env.items()]
    return wire.ApplicationConfig(
        application_id=config.application_id, environment_id=config.environment_id, env=env, revision=config.revision
    )


def config_said(message: wire.ApplicationConfig) -> ApplicationConfig:
    """What a caller says of one."""
    env = {variable.name: variable.value for variable in message.env}
    if len(env) < len(message.env):
        raise MusterError.invalid("env", "no name may be there twice")
    return ApplicationConfig(message.application_id, message.environment_id, env)


def _fill(message: Any, thing: Thing) -> None:
    message.id, message.namespace, message.name = thing.id, thing.namespace, thing.name
    message.description, message.creator, message.revision = thing.description, thing.creator, thing.revision
    message.labels.update(thing.labels)
    message.create_time.FromMicroseconds(round(thing.create_s * 1e6))
    message.update_time.FromMicroseconds(round(thing.update_s * 1e6))


def _source(message: wire.Source) -> Source:
    try:
        kind = SourceKind(message.kind)
    except ValueError:
        raise MusterError.invalid("source.kind", f"no such kind: {message.kind}") from None
    return Source(kind, message.url, _struct("source.properties", message.properties))


def _struct(field: str, message: Struct) -> dict[str, Any]:
    if message.ByteSize() > MAX_STRUCT_BYTES:
        raise MusterError.invalid(field, f"must be at most {MAX_STRUCT_BYTES} bytes")
    try:
        return MessageToDict(message)
    except ValueError:
        raise MusterError.invalid(field, "must be what JSON can say: no NaN, no infinity") from None
