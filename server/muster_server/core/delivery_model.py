"""The values of delivery: environments, applications, components. Frozen, and checked when they are made.

Bounds are those of delivery.proto. Every constructor raises MusterError (INVALID_FIELD) for what is out of them. Moments are Unix
seconds; `revision` is that of the last change, 0 before there was one.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from muster_server.core.errors import MusterError
from muster_server.core.model import MAX_NAME_BYTES, checked_text

MAX_LABELS = 64
MAX_RESOURCES = 1000
MAX_VARIABLES = 1000
MAX_VALUE_BYTES = 64 << 10
MAX_VALUES = 1 << 20

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,62}[A-Za-z0-9]")
_VARIABLE = re.compile(r"[A-Za-z_.-][A-Za-z0-9_.-]{0,63}")


@dataclass(frozen=True, slots=True)
class Resource:
    """One thing in an environment."""

    type: str
    id: str
    name: str = ""

    def __post_init__(self) -> None:
        checked_text("resources.type", self.type, 64, is_required=True)
        checked_text("resources.id", self.id, 256, is_required=True)
        checked_text("resources.name", self.name, 256)


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """What everything in delivery has. `update_s` is later with every change."""

    namespace: str
    id: str
    name: str
    description: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    creator: str = ""
    create_s: float = 0.0
    update_s: float = 0.0
    revision: int = 0

    def __post_init__(self) -> None:
        checked_text("namespace", self.namespace, MAX_NAME_BYTES, is_required=True)
        if _NAME.fullmatch(self.name) is None:
            raise MusterError.invalid("name", "must be 2 to 64 of letters, digits, - and _, a letter first, no - or _ last")
        checked_text("description", self.description, 1024)
        if len(self.labels) > MAX_LABELS:
            raise MusterError.invalid("labels", f"at most {MAX_LABELS}")
        for key, value in self.labels.items():
            checked_text("labels", key, 128, is_required=True)
            checked_text("labels", value, 1024)


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment(Thing):
    """A named set of resources that applications are delivered to."""

    display_name: str = ""
    resources: tuple[Resource, ...] = ()

    def __post_init__(self) -> None:
        Thing.__post_init__(self)
        checked_text("display_name", self.display_name, 256)
        if len(self.resources) > MAX_RESOURCES:
            raise MusterError.invalid("resources", f"at most {MAX_RESOURCES}")
        if len({(resource.type, resource.id) for resource in self.resources}) < len(self.resources):
            raise MusterError.invalid("resources", "no type and id may be there twice")


@dataclass(frozen=True, slots=True, kw_only=True)
class Application(Thing):
    """A set of components that belong together."""


class SourceKind(Enum):
    """What a source holds. The numbers are those of delivery.proto."""

    PACKAGE = 1
    IMAGE = 2
    CODE = 3


@dataclass(frozen=True, slots=True)
class Source:
    """Where a component's program comes from. `properties` is what others keep with it, as JSON has it."""

    kind: SourceKind
    url: str
    properties: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        checked_text("source.url", self.url, 2048, is_required=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Component(Thing):
    """One program of an application. `build` is how it is built, as others keep it.

    `is_deleting`: it goes with its last deployment.
    """

    application_id: str
    runtime: str
    source: Source | None = None
    build: Mapping[str, Any] | None = None
    is_deleting: bool = False

    def __post_init__(self) -> None:
        Thing.__post_init__(self)
        checked_text("runtime", self.runtime, 64, is_required=True)


@dataclass(frozen=True, slots=True)
class ApplicationConfig:
    """What the components of an application get as environment variables in one environment."""

    application_id: str
    environment_id: str
    env: Mapping[str, str]
    revision: int = 0

    def __post_init__(self) -> None:
        check_env(self.env)


def check_env(env: Mapping[str, str]) -> None:
    """Raises MusterError (INVALID_FIELD) for variables that are too many, too large, or have names that cannot be."""
    if len(env) > MAX_VARIABLES:
        raise MusterError.invalid("env", f"at most {MAX_VARIABLES}")
    for name, value in env.items():
        if _VARIABLE.fullmatch(name) is None:
            raise MusterError.invalid("env.name", "must be 1 to 64 of letters, digits, _, - and ., no digit first")
        if "\0" in value or len(value.encode(errors="replace")) > MAX_VALUE_BYTES:
            raise MusterError.invalid("env.value", f"must be at most {MAX_VALUE_BYTES} bytes, without NUL")
    if sum(map(len, env.values())) > MAX_VALUES:
        raise MusterError.invalid("env", f"at most {MAX_VALUES} characters together")
