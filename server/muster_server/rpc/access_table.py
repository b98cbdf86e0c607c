"""The one table of access: for each method who may call it, and which resources of its request it needs a right on.

Methods whose items are judged one by one say ITEMS: their servicers ask for each, so that one that is forbidden fails alone.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from muster_server.core.access_model import ANY, Action, Resource
from muster_server.core.config_model import ConfigKey
from muster_server.core.model import DEFAULT_GROUP, DEFAULT_NAMESPACE, ServiceKey

READ, WRITE = Action.READ, Action.WRITE
CREATE, UPDATE, DELETE = Action.CREATE, Action.UPDATE, Action.DELETE
SERVICE, SCHEMA, CONFIG, DELIVERY, LOCK = "service", "schema", "config", "delivery", "lock"
SIGNATURE, USER, ROLE = "signature", "user", "role"


class Need(Enum):
    """What a caller needs."""

    NOTHING = "nothing"
    CREDENTIAL = "credential"
    ITEMS = "a right on each item"
    RIGHT = "a right"
    ADMIN = "the role admin"


def _nothing(_: Any) -> Iterable[Resource]:
    return ()


@dataclass(frozen=True, slots=True)
class Rule:
    """One row. `action` and `resources`, which are taken from the request, matter for RIGHT only.

    `is_audited`: whoever was let pass is written down, as an administrator is who calls what is for them alone.
    """

    need: Need
    action: Action = READ
    resources: Callable[[Any], Iterable[Resource]] = _nothing
    is_audited: bool = False


def service_resource(key: ServiceKey) -> Resource:
    """A service as a resource."""
    return Resource(key.namespace, key.group, SERVICE, key.name)


def schema_resource(key: ServiceKey) -> Resource:
    """The schemas of a service's definitions as a resource."""
    return Resource(key.namespace, key.group, SCHEMA, key.name)


def user_resource(name: str) -> Resource:
    """A user as a resource: users belong to no namespace."""
    return Resource(ANY, ANY, USER, name)


def config_resource(key: ConfigKey) -> Resource:
    """A config item as a resource."""
    return Resource(key.namespace, key.group, CONFIG, key.name)


def _named(kind: str, ref: Any) -> Resource:
    return Resource(ref.namespace or DEFAULT_NAMESPACE, ref.group or DEFAULT_GROUP, kind, ref.name)


def _service(request: Any) -> Iterable[Resource]:
    return (_named(SERVICE, request.service),)


def _instance(request: Any) -> Iterable[Resource]:
    return (_named(SERVICE, request.ref.service),)


def _instances(request: Any) -> Iterable[Resource]:
    return (_named(SERVICE, ref.service) for ref in request.refs)


def _item(request: Any) -> Iterable[Resource]:
    return (_named(CONFIG, request.ref),)


def _services(request: Any) -> Iterable[Resource]:
    return (Resource(request.namespace or ANY, request.group or ANY, SERVICE, ANY),)


def _items(request: Any) -> Iterable[Resource]:
    return (Resource(request.namespace or ANY, request.group or ANY, CONFIG, request.name_prefix + ANY),)


def _delivery(field: str = "") -> Callable[[Any], Iterable[Resource]]:
    """What is delivered in a namespace, as a whole: the namespace stands in the request, or in what it carries."""

    def resources(request: Any) -> Iterable[Resource]:
        named = getattr(request, field) if field else request
        return (Resource(named.namespace or DEFAULT_NAMESPACE, ANY, DELIVERY, ANY),)

    return resources


def _listeners(request: Any) -> Iterable[Resource]:
    return _item(request) if request.HasField("ref") else (Resource(ANY, ANY, CONFIG, ANY),)


def _names(kind: str) -> Callable[[Any], Iterable[Resource]]:
    """All of a kind in a namespace; in all of them if none is named."""
    return lambda request: (Resource(request.namespace or ANY, ANY, kind, ANY),)


def _lock(request: Any) -> Iterable[Resource]:
    return (Resource(request.ref.namespace or DEFAULT_NAMESPACE, ANY, LOCK, request.ref.name),)


def _said_service(request: Any) -> Iterable[Resource]:
    return (_named(SERVICE, request.service.ref),)


def _service_ref(request: Any) -> Iterable[Resource]:
    return (_named(SERVICE, request.ref),)


def _signatures(_: Any) -> Iterable[Resource]:
    return (Resource(ANY, ANY, SIGNATURE, ANY),)


def _user(field: str) -> Callable[[Any], Iterable[Resource]]:
    """The user that a field names."""
    return lambda request: (user_resource(_name(request, field)),)


def _role(field: str) -> Callable[[Any], Iterable[Resource]]:
    """The role that a field names."""
    return lambda request: (Resource(ANY, ANY, ROLE, _name(request, field)),)


def _name(request: Any, field: str) -> str:
    """The text in a field, or the name of the message that is in it."""
    value = getattr(request, field)
    return str(getattr(value, "name", value))


def _every(kind: str) -> Callable[[Any], Iterable[Resource]]:
    """All of a kind that belongs to no namespace, whose names begin as the request may say."""
    return lambda request: (Resource(ANY, ANY, kind, getattr(request, "name_prefix", "") + ANY),)


def _administering(action: Action, resources: Callable[[Any], Iterable[Resource]]) -> Rule:
    """What is written down; its servicer asks besides whether the caller has all that is given or changed (`delegation`)."""
    return Rule(Need.RIGHT, action, resources, is_audited=True)


_PUBLIC = Rule(Need.NOTHING)
_KNOWN = Rule(Need.CREDENTIAL)
_EACH = Rule(Need.ITEMS)
_ADMIN = Rule(Need.ADMIN)
_READ_CONFIG = Rule(Need.RIGHT, READ, _item)
_CHANGE_CONFIG = Rule(Need.RIGHT, UPDATE, _item)

_REGISTRATION = {
    "Register": Rule(Need.RIGHT, CREATE, _service),
    "RegisterBatch": _EACH,
    "ReplaceInstances": Rule(Need.RIGHT, CREATE, _service),
    "Deregister": Rule(Need.RIGHT, DELETE, _instance),
    "Renew": Rule(Need.RIGHT, UPDATE, _instances),
    "UpdateInstance": Rule(Need.RIGHT, UPDATE, _instance),
    "SetAdminState": Rule(Need.RIGHT, UPDATE, _instance),
    "OverrideInstance": Rule(Need.RIGHT, UPDATE, _instance),
    "Drain": Rule(Need.RIGHT, UPDATE, _instances),
    "Session": _EACH,
}
_DISCOVERY = {
    "GetInstance": Rule(Need.RIGHT, READ, _instance),
    "ListInstances": Rule(Need.RIGHT, READ, _service),
    "SearchInstances": Rule(Need.RIGHT, READ, _names(SERVICE)),
    "ListServices": Rule(Need.RIGHT, READ, _services),
    "ListSubscribers": Rule(Need.RIGHT, READ, _service),
    "Explain": Rule(Need.RIGHT, READ, _instance),
    "Watch": _EACH,
    "WatchServices": Rule(Need.RIGHT, READ, _names(SERVICE)),
}
_CONFIG = {
    "GetConfig": _READ_CONFIG,
    "DescribeConfig": _READ_CONFIG,
    "ListConfigs": Rule(Need.RIGHT, READ, _items),
    "ListListeners": Rule(Need.RIGHT, READ, _listeners),
    "PublishConfig": _EACH,  # whether it creates stands in the state
    "DeleteConfig": Rule(Need.RIGHT, DELETE, _item),
    "ListReleases": _READ_CONFIG,
    "GetRelease": _READ_CONFIG,
    "DiffReleases": _READ_CONFIG,
    "RollbackConfig": _EACH,
    "PublishGray": _EACH,
    "StopGray": _CHANGE_CONFIG,
    "PromoteGray": _CHANGE_CONFIG,
    "Listen": _EACH,
    "WatchConfigs": Rule(Need.RIGHT, READ, _names(CONFIG)),
}
_LOCK = dict.fromkeys(("AcquireLock", "ReleaseLock"), Rule(Need.RIGHT, WRITE, _lock))
_CATALOG = {
    **dict.fromkeys(
        (
            "CreateDefinition",
            "GetDefinition",
            "ListDefinitions",
            "ResolveDefinition",
            "UpdateDefinition",
            "ChangeTags",
            "DeleteDefinitions",
            "PutSchemas",
            "GetSchema",
            "ListSchemas",
            "DeleteSchema",
            "SetDependencies",
            "ListProviders",
            "ListConsumers",
            "FindInstances",
            "WatchProviders",
        ),
        _EACH,  # which service a definition is of stands in the state, not in the request
    ),
}
_ADMINISTRATION = {
    "CreateNamespace": _ADMIN,
    "ListNamespaces": _EACH,
    "UpdateNamespace": _ADMIN,
    "DeleteNamespace": _ADMIN,
    "CreateService": Rule(Need.RIGHT, CREATE, _said_service),
    "GetService": Rule(Need.RIGHT, READ, _service_ref),
    "UpdateService": Rule(Need.RIGHT, UPDATE, _said_service),
    "DeleteService": Rule(Need.RIGHT, DELETE, _service_ref),
    "Backup": _ADMIN,
    "Restore": _ADMIN,
    "GetServerInfo": _PUBLIC,
    "ListConnections": _ADMIN,
}
_ACCESS = {
    "Login": _PUBLIC,
    "CreateFirstUser": _PUBLIC,
    "WhoAmI": _KNOWN,
    "CheckAccess": _KNOWN,
    "VerifySignature": Rule(Need.RIGHT, READ, _signatures),
    "CreateUser": _administering(CREATE, _user("user")),
    "GetUser": Rule(Need.RIGHT, READ, _user("user")),
    "UpdateUser": _administering(UPDATE, _user("user")),
    "SetPassword": _EACH,
    "DeleteUser": _administering(DELETE, _user("user")),
    "ListUsers": Rule(Need.RIGHT, READ, _every(USER)),
    "GrantRole": _administering(UPDATE, _user("user")),
    "RevokeRole": _administering(UPDATE, _user("user")),
    "ListLockouts": Rule(Need.RIGHT, READ, _every(USER)),
    "EndLockout": _administering(UPDATE, _user("user")),
    "CreateRole": _administering(CREATE, _role("role")),
    "GetRole": Rule(Need.RIGHT, READ, _role("role")),
    "UpdateRole": _administering(UPDATE, _role("role")),
    "DeleteRole": _administering(DELETE, _role("role")),
    "ListRoles": Rule(Need.RIGHT, READ, _every(ROLE)),
    "AddPermission": _administering(UPDATE, _role("role")),
    "RemovePermission": _administering(UPDATE, _role("role")),
    "CreateToken": _EACH,
    "RevokeToken": _EACH,
    "ListTokens": _EACH,
    "CreateAccessKey": _ADMIN,
    "DeleteAccessKey": _ADMIN,
    "ListAccessKeys": _ADMIN,
}
_READ_DELIVERY = Rule(Need.RIGHT, READ, _delivery())
_DELIVERY = {
    "CreateEnvironment": Rule(Need.RIGHT, CREATE, _delivery("environment")),
    "GetEnvironment": _READ_DELIVERY,
    "ListEnvironments": _READ_DELIVERY,
    "UpdateEnvironment": Rule(Need.RIGHT, UPDATE, _delivery("environment")),
    "DeleteEnvironment": Rule(Need.RIGHT, DELETE, _delivery()),
    "CreateApplication": Rule(Need.RIGHT, CREATE, _delivery("application")),
    "GetApplication": _READ_DELIVERY,
    "ListApplications": _READ_DELIVERY,
    "UpdateApplication": Rule(Need.RIGHT, UPDATE, _delivery("application")),
    "DeleteApplication": Rule(Need.RIGHT, DELETE, _delivery()),
    "SetApplicationConfig": Rule(Need.RIGHT, UPDATE, _delivery()),
    "ListApplicationConfigs": _READ_DELIVERY,
    "DeleteApplicationConfig": Rule(Need.RIGHT, DELETE, _delivery()),
    "CreateComponent": Rule(Need.RIGHT, CREATE, _delivery()),
    "GetComponent": _READ_DELIVERY,
    "ListComponents": _READ_DELIVERY,
    "UpdateComponent": Rule(Need.RIGHT, UPDATE, _delivery("component")),
    "DeleteComponent": Rule(Need.RIGHT, DELETE, _delivery()),
    "ListRuntimes": _KNOWN,
    "CreateDeployment": Rule(Need.RIGHT, CREATE, _delivery()),
    **dict.fromkeys(
        (
            "ListAgents",
            "GetDeployment",
            "ListDeployments",
            "WatchDeployment",
            "ListReleaseRecords",
            "ReadLogs",
            "GetJob",
            "ListJobs",
            "WatchJob",
        ),
        _READ_DELIVERY,
    ),
    **dict.fromkeys(
        (
            "UpgradeDeployment",
            "ScaleDeployment",
            "StartDeployment",
            "StopDeployment",
            "RestartDeployment",
            "RollbackDeployment",
        ),
        Rule(Need.RIGHT, UPDATE, _delivery()),
    ),
    "DeleteDeployment": Rule(Need.RIGHT, DELETE, _delivery()),
}
_AGENT = {"Connect": _EACH}
_CHANNELZ = dict.fromkeys(
    (
        "GetTopChannels",
        "GetServers",
        "GetServer",
        "GetServerSockets",
        "GetChannel",
        "GetSubchannel",
        "GetSocket",
    ),
    _ADMIN,
)
_BY_SERVICE: Mapping[str, Mapping[str, Rule]] = {
    "muster.registry.v1.RegistrationService": _REGISTRATION,
    "muster.registry.v1.DiscoveryService": _DISCOVERY,
    "muster.config.v1.ConfigService": _CONFIG,
    "muster.lock.v1.LockService": _LOCK,
    "muster.catalog.v1.CatalogService": _CATALOG,
    "muster.delivery.v1.DeliveryService": _DELIVERY,
    "muster.delivery.v1.AgentService": _AGENT,
    "muster.admin.v1.AdminService": _ADMINISTRATION,
    "muster.admin.v1.AccessService": _ACCESS,
    "grpc.channelz.v1.Channelz": _CHANNELZ,
}
RULES: Mapping[str, Rule] = {
    f"/{service}/{method}": rule for service, methods in _BY_SERVICE.items() for method, rule in methods.items()
}
"""By path."""
