"""What an instance is to run, as the document says it, and as the registry's spec of a deployment.

What the spec has no field for is kept in its properties, under the dialect's name.
"""

from collections.abc import Iterable
from typing import Any

import msgspec
from google.protobuf.json_format import MessageToDict
from muster.delivery.v1 import delivery_pb2, deployment_pb2

from muster_gateway.servicestage import configurations, flavors
from muster_gateway.servicestage.answers import plain
from muster_gateway.servicestage.commands import default_command
from muster_gateway.servicestage.environments import BASE_TYPES, OPTIONAL_TYPES
from muster_gateway.servicestage.errors import RefusedError
from muster_gateway.servicestage.requests import checked

CONTAINER_TYPES = frozenset({"cce", "cci"})
_OWN = "servicestage"
_STORAGES = ("swr", "obs", "devcloud", "codearts")
_KINDS = {"package": delivery_pb2.SOURCE_KIND_PACKAGE, "image": delivery_pb2.SOURCE_KIND_IMAGE}
_AUTHS = ("iam", "none")
_PROTOCOLS = ("HTTP", "HTTPS")


class Artifact(msgspec.Struct):
    """One value of `artifacts`."""

    storage: str
    type: str
    url: str
    auth: str = "iam"
    version: str = ""
    properties: dict[str, Any] = {}


class ReferResource(msgspec.Struct):
    """A row of `refer_resources`."""

    id: str
    type: str
    refer_alias: str | None = None
    parameters: dict[str, Any] = {}


class ExternalAccess(msgspec.Struct):
    """A row of `external_accesses`."""

    protocol: str
    address: str
    forward_port: int


class Said(msgspec.Struct):
    """The parts of a request body that say what is to run. What is None was not said."""

    flavor_id: str | None = None
    artifacts: dict[str, dict[str, Any]] | None = None
    configuration: dict[str, Any] | None = None
    external_accesses: list[ExternalAccess] | None = None
    refer_resources: list[ReferResource] | None = None


class Kept(msgspec.Struct):
    """The same as it is kept in the properties of a spec."""

    flavor_id: str = ""
    configuration: dict[str, Any] = {}
    external_accesses: list[ExternalAccess] = []
    refer_resources: list[ReferResource] = []


def change(spec: deployment_pb2.DeploymentSpec, said: Said, component: delivery_pb2.Component) -> None:
    """Make the spec what is said; what is not said stays. Raises RefusedError."""
    kept = kept_of(spec)
    has_default = not spec.command or list(spec.command) == default_of(spec, component)
    if said.flavor_id is not None:
        spec.limits.CopyFrom(flavors.limits_of(said.flavor_id))
        kept.flavor_id = said.flavor_id
    if said.artifacts:
        _set_artifacts(spec, said.artifacts)
    if said.refer_resources is not None:
        _set_resources(spec, said.refer_resources)
        kept.refer_resources = said.refer_resources
    if said.external_accesses is not None:
        _check_accesses(said.external_accesses)
        kept.external_accesses = said.external_accesses
    if said.configuration is not None:
        configurations.configure(spec, said.configuration)
        kept.configuration = said.configuration
        has_default = not spec.command
    if has_default:
        spec.command[:] = default_of(spec, component)
    spec.properties.update({_OWN: msgspec.to_builtins(kept)})


def inherit(spec: deployment_pb2.DeploymentSpec, component: delivery_pb2.Component) -> None:
    """Take the component's own artifact, if the spec has none. Raises RefusedError if there is none either."""
    if spec.artifacts:
        return
    source = component.source
    if not component.HasField("source") or source.kind == delivery_pb2.SOURCE_KIND_CODE:
        raise RefusedError("artifacts must say what is to run: the component has no artifact of its own", "425")
    sha256 = _sha256(plain(MessageToDict(source.properties)).get("properties"))
    artifact = deployment_pb2.Artifact(kind=source.kind, url=source.url, sha256=sha256, properties=source.properties)
    spec.artifacts[component.name].CopyFrom(artifact)


def kept_of(spec: deployment_pb2.DeploymentSpec) -> Kept:
    """What is kept with a spec; nothing with one that was made elsewhere, or where somebody else keeps what we would not."""
    try:
        kept = checked(plain(MessageToDict(spec.properties)).get(_OWN, {}), Kept)
        _check_resources(kept.refer_resources)
    except RefusedError:
        return Kept()
    return kept


def default_of(spec: deployment_pb2.DeploymentSpec, component: delivery_pb2.Component) -> list[str]:
    """How what is fetched is started if nobody says it."""
    return default_command(component.runtime, spec.artifacts.values())


def artifact_views(spec: deployment_pb2.DeploymentSpec) -> dict[str, Any]:
    """The artifacts by name."""
    return {name: _artifact_view(artifact) for name, artifact in sorted(spec.artifacts.items())}


def resource_views(spec: deployment_pb2.DeploymentSpec, kept: Kept) -> list[dict[str, Any]]:
    """The resources that are used, as they were said unless the spec has others by now."""
    now = [(used.type, used.id) for used in spec.resources]
    rows = kept.refer_resources
    if now != list(_unique(rows)) or list(spec.agents) != _hosts(rows):
        hosts = list(spec.agents)
        rows = [ReferResource(id_, type_, None, {"hosts": hosts} if type_ == "ecs" else {}) for type_, id_ in now]
    return [msgspec.structs.asdict(row) for row in rows]


def _set_artifacts(spec: deployment_pb2.DeploymentSpec, said: dict[str, dict[str, Any]]) -> None:
    spec.ClearField("artifacts")
    for name, body in said.items():
        known = checked(body, Artifact)
        if known.storage not in _STORAGES or known.type not in _KINDS or known.auth not in _AUTHS:
            raise RefusedError(f"of an artifact, storage is one of {_STORAGES}, type one of {tuple(_KINDS)}, auth one of {_AUTHS}")
        if not known.url:
            raise RefusedError("the url of an artifact must not be empty")
        artifact = deployment_pb2.Artifact(kind=_KINDS[known.type], url=known.url, sha256=_sha256(known.properties))
        artifact.properties.update({key: value for key, value in body.items() if key != "url"})
        spec.artifacts[name].CopyFrom(artifact)


def _sha256(properties: Any) -> str:
    """What an artifact must be, if its properties say so. Raises RefusedError."""
    sha256 = properties.get("sha256", "") if isinstance(properties, dict) else ""
    if not isinstance(sha256, str):
        raise RefusedError("properties.sha256 of an artifact must be text")
    return sha256


def _set_resources(spec: deployment_pb2.DeploymentSpec, rows: list[ReferResource]) -> None:
    if not rows:
        raise RefusedError("refer_resources must not be empty")
    _check_resources(rows)
    spec.ClearField("resources")
    spec.resources.extend(delivery_pb2.Resource(type=type_, id=id_) for type_, id_ in _unique(rows))
    spec.agents[:] = _hosts(rows)


def _check_resources(rows: Iterable[ReferResource]) -> None:
    for row in rows:
        if row.type not in BASE_TYPES | OPTIONAL_TYPES:
            raise RefusedError(f"type must be one of {', '.join(sorted(BASE_TYPES | OPTIONAL_TYPES))}")
        hosts = row.parameters.get("hosts")
        if row.type == "ecs" and not (isinstance(hosts, list) and hosts and all(isinstance(host, str) for host in hosts)):
            raise RefusedError("a resource of type ecs needs parameters.hosts, a list of texts")
        if row.type == "cce" and not isinstance(row.parameters.get("namespace"), str):
            raise RefusedError("a resource of type cce needs parameters.namespace")


def _unique(rows: Iterable[ReferResource]) -> Iterable[tuple[str, str]]:
    return dict.fromkeys((row.type, row.id) for row in rows)


def _hosts(rows: Iterable[ReferResource]) -> list[str]:
    return list(dict.fromkeys(host for row in rows if row.type == "ecs" for host in row.parameters.get("hosts", ())))


def _check_accesses(rows: Iterable[ExternalAccess]) -> None:
    for row in rows:
        if row.protocol.upper() not in _PROTOCOLS or not row.address or not 1 <= row.forward_port <= 65535:
            raise RefusedError("an external access has a protocol (HTTP, HTTPS), an address, and a forward_port (1 to 65535)")


def _artifact_view(artifact: deployment_pb2.Artifact) -> dict[str, Any]:
    kind = next((name for name, kind in _KINDS.items() if kind == artifact.kind), None)
    properties: dict[str, Any] = plain(MessageToDict(artifact.properties))
    return dict.fromkeys(Artifact.__struct_fields__) | {"type": kind} | properties | {"url": artifact.url}
