"""What only this dialect knows of instances and definitions, kept in attributes, where natively anybody may write anything."""

from collections.abc import Mapping
from typing import Any, Generic, TypedDict, TypeVar, cast

import msgspec

DIALECT = "servicecomb"
K = TypeVar("K")


class Framework(TypedDict, total=False):
    """What a microservice was made with."""

    name: str
    version: str


class Path(TypedDict, total=False):
    """Where it serves."""

    path: str
    property: dict[str, str]


class Check(TypedDict, total=False):
    """How an instance is watched."""

    mode: str
    port: int
    interval: int
    times: int
    url: str


class OfDefinition(TypedDict, total=False):
    """Of a microservice."""

    level: str
    status: str
    registerBy: str
    framework: Framework
    paths: list[Path | None] | None
    providers: list[dict[str, Any] | None] | None
    LBStrategy: dict[str, str] | None


class OfInstance(TypedDict, total=False):
    """Of an instance."""

    hostName: str
    endpoints: list[str]
    healthCheck: Check
    dataCenterInfo: dict[str, str]


class Keeping(Generic[K]):
    """Writes and reads attributes of one kind, a TypedDict."""

    def __init__(self, kind: type[K]) -> None:
        self._names = tuple(kind.__annotations__)
        self._decoder = msgspec.json.Decoder(kind)

    def write(self, said: Mapping[str, Any]) -> str:
        """What is kept of all that was said. What is empty is left out."""
        return msgspec.json.encode({name: said[name] for name in self._names if said.get(name)}).decode()

    def read(self, attributes: Mapping[str, str]) -> dict[str, Any] | None:
        """What was kept. None if there is nothing, or nothing of ours."""
        if DIALECT not in attributes:
            return None
        try:
            return cast("dict[str, Any]", self._decoder.decode(attributes[DIALECT]))
        except msgspec.DecodeError:
            return None


DEFINITIONS, INSTANCES = Keeping(OfDefinition), Keeping(OfInstance)
