"""The structures of requests, by the names that are written. Source: cari, discovery/types.go and rbac/*.go."""

from muster_gateway.servicecomb.golang import Flag, Int32, Many, Pairs, Struct, Text

_TEXTS = Many(Text())

KEY = Struct(
    "MicroServiceKey",
    {name: Text() for name in ("tenant", "environment", "appId", "serviceName", "alias", "version")},
)
FRAMEWORK = Struct("FrameWork", {"name": Text(), "version": Text()})
SERVICE = Struct(
    "MicroService",
    {
        **{
            name: Text()
            for name in (
                "serviceId",
                "environment",
                "appId",
                "serviceName",
                "version",
                "alias",
                "description",
                "level",
                "status",
                "registerBy",
                "timestamp",
                "modTimestamp",
            )
        },
        "schemas": _TEXTS,
        "paths": Many(Struct("ServicePath", {"path": Text(), "property": Pairs()})),
        "properties": Pairs(),
        "framework": FRAMEWORK,
        "providers": Many(KEY),
        "LBStrategy": Pairs(),
    },
)
HEALTH_CHECK = Struct("HealthCheck", {"mode": Text(), "port": Int32(), "interval": Int32(), "times": Int32(), "url": Text()})
INSTANCE = Struct(
    "MicroServiceInstance",
    {
        **{name: Text() for name in ("instanceId", "serviceId", "hostName", "status", "version", "timestamp", "modTimestamp")},
        "endpoints": _TEXTS,
        "properties": Pairs(),
        "healthCheck": HEALTH_CHECK,
        "dataCenterInfo": Struct("DataCenterInfo", {name: Text() for name in ("name", "region", "availableZone")}),
    },
)
SCHEMA = Struct("Schema", {"schemaId": Text(), "summary": Text(), "schema": Text()})

CREATE_SERVICE = Struct("CreateServiceRequest", {"service": SERVICE, "instances": Many(INSTANCE), "tags": Pairs()})
UPDATE_PROPERTIES = Struct("UpdateServicePropsRequest", {"properties": Pairs(), "framework": FRAMEWORK})
DELETE_SERVICES = Struct("DelServicesRequest", {"serviceIds": _TEXTS, "force": Flag()})
PUT_SCHEMA = Struct("ModifySchemaRequest", {"schema": Text(), "summary": Text()})
PUT_SCHEMAS = Struct("ModifySchemasRequest", {"schemas": Many(SCHEMA)})
PUT_TAGS = Struct("AddServiceTagsRequest", {"tags": Pairs()})
DEPENDENCIES = Struct(
    "CreateDependenciesRequest",
    {"dependencies": Many(Struct("ConsumerDependency", {"consumer": KEY, "providers": Many(KEY)}))},
)
REGISTER_INSTANCE = Struct("RegisterInstanceRequest", {"instance": INSTANCE})
UPDATE_INSTANCE_PROPERTIES = Struct("UpdateInstancePropsRequest", {"properties": Pairs()})
STATUS_OF_MANY = Struct(
    "UpdateManyInstanceStatusRequest", {"matches": Struct("MatchPolicy", {"properties": Pairs()}), "status": Text()}
)
_ELEMENT = Struct("HeartbeatSetElement", {"serviceId": Text(), "instanceId": Text()})
HEARTBEATS = Struct("HeartbeatSetRequest", {"instances": Many(_ELEMENT)})
BATCH_FIND = Struct(
    "BatchFindInstancesRequest",
    {
        "services": Many(Struct("FindService", {"service": KEY, "rev": Text()})),
        "instances": Many(Struct("FindInstance", {"instance": _ELEMENT, "rev": Text()})),
    },
)

_ACCOUNT = ("id", "name", "password", "role", "tokenExpirationTime", "currentPassword", "status", "createTime", "updateTime")
ACCOUNT = Struct("Account", {**{name: Text() for name in _ACCOUNT}, "roles": _TEXTS}, "rbac")
ACCOUNTS = Struct("BatchCreateAccountsRequest", {"accounts": Many(ACCOUNT)}, "rbac")
_RESOURCE = Struct("Resource", {"type": Text(), "labels": Pairs()}, "rbac")
_PERMISSION = Struct("Permission", {"resources": Many(_RESOURCE), "verbs": _TEXTS}, "rbac")
ROLE = Struct("Role", {"id": Text(), "name": Text(), "perms": Many(_PERMISSION)}, "rbac")
