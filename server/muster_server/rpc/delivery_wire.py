"""Delivery on the wire and in the core: one table of fields for each kind of thing. Raises MusterError (INVALID_FIELD)."""

from collections.abc import Callable, Collection, Iterable, Mapping
from operator import attrgetter
from typing import Any, TypeVar

from google.protobuf.json_format import MessageToDict
from google.protobuf.struct_pb2 import Struct
from muster.delivery.v1 import delivery_pb2 as wire

from muster_server.core.delivery_commands import Made
from muster_server.core.delivery_model import (
    Application,
    ApplicationConfig,
    Component,
    Environment,
    Resource,
    Source,
    SourceKind,
    Thing,
)
from muster_server.core.errors import MusterError
from muster_server.core.model import DEFAULT_NAMESPACE
from muster_server.rpc.paging import MAX_PAGE, number_token, page_size

MAX_STRUCT_BYTES = 64 << 10

Fields = Mapping[str, Callable[[Any], object]]
"""What a caller may say of a thing: the field's name, the same on both sides, and how it is read from the message."""

_COMMON: Fields = {
    "name": lambda message: message.name,
    "description": lambda message: message.description,
    "labels": lambda message: dict(message.labels),
}
FIELDS: Mapping[type[Made], Fields] = {
    Environment: {
        **_COMMON,
        "display_name": lambda message: message.display_name,
        "resources": lambda message: tuple(Resource(one.type, one.id, one.name) for one in message.resources),
    },
    Application: _COMMON,
    Component: {
        **_COMMON,
        "source": lambda message: _source(message.source) if message.HasField("source") else None,
        "build": lambda message: struct_said("build", message.build) if message.HasField("build") else None,
    },
}


T = TypeVar("T", bound=Thing)
_ORDERS = {"create_time": attrgetter("create_s"), "update_time": attrgetter("update_s"), "name": attrgetter("name")}


def namespace_said(message: Any) -> str:
    """The namespace of a request, or of what it carries."""
    return message.namespace or DEFAULT_NAMESPACE


def ordered_page(things: list[T], request: Any) -> tuple[list[T], dict[str, Any]]:
    """The things of a page in the order that is asked for, and the fields that say where the next one is. O(n log n)."""
    field, _, direction = request.order_by.partition(" ")
    if (order := _ORDERS.get(field or "create_time")) is None or direction not in ("", "asc", "desc"):
        raise MusterError.invalid("order_by", f"must be one of {', '.join(_ORDERS)}, and may end in desc")
    if request.skip < 0:
        raise MusterError.invalid("skip", "must not be negative")
    things = sorted(things, key=attrgetter("id"))
    things.sort(key=order, reverse=direction == "desc")
    start = number_token(request.page_token) + request.skip
    end = start + page_size(request.page_size, MAX_PAGE)
    return things[start:end], {"next_page_token": str(end) if end < len(things) else "", "total_size": len(things)}


def said(kind: type[Made], message: Any) -> dict[str, Any]:
    """All fields that a caller may say, for a new thing."""
    return {name: read(message) for name, read in FIELDS[kind].items()}


def changes(kind: type[Made], message: Any, paths: Iterable[str]) -> dict[str, object]:
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
    fill(message, thing)
    return message


def application_message(thing: Application, component_count: int) -> wire.Application:
    """An application."""
    message = wire.Application(component_count=component_count)
    fill(message, thing)
    return message


def component_message(thing: Component, deployment_count: int) -> wire.Component:
    """A component."""
    message = wire.Component(
        application_id=thing.application_id,
        runtime=thing.runtime,
        deleting=thing.is_deleting,
        deployment_count=deployment_count,
    )
    if (source := thing.source) is not None:
        message.source.CopyFrom(wire.Source(kind=f"SOURCE_KIND_{source.kind.name}", url=source.url))
        message.source.properties.update(source.properties)
    if thing.build is not None:
        message.build.update(thing.build)
    fill(message, thing)
    return message


def config_message(config: ApplicationConfig) -> wire.ApplicationConfig:
    """An application's configuration."""
    return wire.ApplicationConfig(
        application_id=config.application_id,
        environment_id=config.environment_id,
        env=env_message(config.env),
        revision=config.revision,
    )


def config_said(message: wire.ApplicationConfig) -> ApplicationConfig:
    """What a caller says of one."""
    return ApplicationConfig(message.application_id, message.environment_id, env_said(message.env))


def env_message(env: Mapping[str, str]) -> list[wire.EnvVar]:
    """Variables."""
    return [wire.EnvVar(name=name, value=value) for name, value in env.items()]


def env_said(messages: Collection[wire.EnvVar]) -> dict[str, str]:
    """What a caller says of variables."""
    env = {variable.name: variable.value for variable in messages}
    if len(env) < len(messages):
        raise MusterError.invalid("env", "no name may be there twice")
    return env


def kind_said(field: str, kind: int) -> SourceKind:
    """What a source holds."""
    try:
        return SourceKind(kind)
    except ValueError:
        raise MusterError.invalid(field, f"no such kind: {kind}") from None


def fill(message: Any, thing: Thing) -> None:
    """Set what everything in delivery has."""
    message.id, message.namespace, message.name = thing.id, thing.namespace, thing.name
    message.description, message.creator, message.revision = thing.description, thing.creator, thing.revision
    message.labels.update(thing.labels)
    message.create_time.FromMicroseconds(round(thing.create_s * 1e6))
    message.update_time.FromMicroseconds(round(thing.update_s * 1e6))


def _source(message: wire.Source) -> Source:
    return Source(kind_said("source.kind", message.kind), message.url, struct_said("source.properties", message.properties))


def struct_said(field: str, message: Struct) -> dict[str, Any]:
    """What a caller keeps with something."""
    if message.ByteSize() > MAX_STRUCT_BYTES:
        raise MusterError.invalid(field, f"must be at most {MAX_STRUCT_BYTES} bytes")
    try:
        return MessageToDict(message)
    except ValueError:
        raise MusterError.invalid(field, "must be what JSON can say: no NaN, no infinity") from None
