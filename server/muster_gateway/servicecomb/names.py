"""Names and states: ServiceComb's and the registry's, exchanged so that every name has exactly one on the other side."""

from muster.catalog.v1 import catalog_pb2
from muster.registry.v1 import instance_pb2 as wire
from starlette.requests import HTTPConnection

DEFAULT = "default"
_SWAP = {"default": "DEFAULT_GROUP", "DEFAULT_GROUP": "default"}
_STATES = {
    "UP": wire.ADMIN_STATE_ENABLED,
    "DOWN": wire.ADMIN_STATE_DISABLED,
    "STARTING": wire.ADMIN_STATE_STARTING,
    "TESTING": wire.ADMIN_STATE_TESTING,
    "OUTOFSERVICE": wire.ADMIN_STATE_OUT_OF_SERVICE,
}
_STATUSES = {**{state: status for status, state in _STATES.items()}, wire.ADMIN_STATE_DRAINING: "OUTOFSERVICE"}


def namespace_of(connection: HTTPConnection) -> str:
    """The namespace of a call: its domain if the project is `default`, else `domain/project`.

    The domain is a header, of which older paths have another one too; their project is always `default`. A domain with a slash in
    it keeps its project in any case, so that no two tenants meet.
    """
    headers = connection.headers
    project = connection.path_params.get("project_id")
    domain = headers.get("x-domain-name") or DEFAULT
    if project is None:
        domain, project = headers.get("x-tenant-name") or domain, DEFAULT
    return domain if project == DEFAULT and "/" not in domain else f"{domain}/{project}"


def tenant_of(namespace: str) -> str:
    """Domain and project of a namespace."""
    return namespace if "/" in namespace else f"{namespace}/{DEFAULT}"


def native_group(application: str) -> str:
    """The registry's name of an application: the two defaults change places."""
    return _SWAP.get(application, application)


application_of = native_group
"""The same exchange, the other way."""


def native_state(status: str) -> wire.AdminState:
    """The registry's name of a status."""
    return _STATES[status]


def status_of(instance: wire.Instance, *, heeds_health: bool) -> str:
    """The status of an instance: what is wanted of it; if health is heeded, DOWN for what is wanted and seen to be unhealthy."""
    status = _STATUSES.get(instance.admin_state, "UP")
    return "DOWN" if heeds_health and status == "UP" and instance.health == wire.HEALTH_UNHEALTHY else status


def shown_key(key: catalog_pb2.DefinitionKey | None) -> str:
    """A key in the words of errors: `environment/application/name/version`."""
    if key is None:
        return "///"
    return f"{key.environment}/{application_of(key.group)}/{key.name}/{key.version}"
