"""How Nacos 1 writes what later versions name otherwise: services as `group@@name`, configs by `tenant` and `group`."""

import msgspec

from muster_gateway.nacos.errors import RefusedError, UnboundError
from muster_gateway.nacos.parameters import Parameters

_CONFIG = {
    "dataId": "dataId",
    "group": "groupName",
    "tenant": "namespaceId",
    "content": "content",
    "type": "type",
    "tag": "tag",
    "appName": "appName",
    "src_user": "srcUser",
    "config_tags": "configTags",
    "desc": "desc",
    "use": "use",
    "effect": "effect",
    "schema": "schema",
    "encryptedDataKey": "encryptedDataKey",
}
_INSTANCE = ("namespaceId", "ip", "port", "weight", "healthy", "ephemeral", "metadata")


class Beat(msgspec.Struct):
    """What a client says of itself in a beat, so that it can be registered by it."""

    ip: str | None = None
    port: int | None = None
    cluster: str | None = None
    weight: float | None = None
    metadata: dict[str, str | int | float | bool | None] | None = None


def required(parameters: Parameters, name: str) -> str:
    """A value that must not be blank. Raises RefusedError."""
    value = parameters.text(name)
    if not value:
        raise RefusedError(400, 10000, f"Param '{name}' is required.")
    return value


def number(parameters: Parameters, name: str) -> int:
    """A whole number that must be there. Raises RefusedError."""
    value = required(parameters, name).strip()
    if not (value.isascii() and value.isdigit() and len(value) <= 9):
        raise RefusedError(400, 20002, f"Param '{name}' is illegal, it is no number.")
    return int(value)


def grouped_name(parameters: Parameters) -> tuple[str, str]:
    """Group and name of the service. A group within the name outweighs that of `groupName`. Raises RefusedError."""
    name = required(parameters, "serviceName")
    group, has_group, bare = name.partition("@@")
    if not has_group:
        return parameters.text("groupName", "DEFAULT_GROUP"), name
    if not group or not bare:
        raise RefusedError(400, 20002, "Param 'serviceName' is illegal, it should be format as 'groupName@@serviceName'")
    return group, bare


def as_instance(parameters: Parameters) -> Parameters:
    """The parameters of an instance under their later names. Raises RefusedError for what is missing."""
    group, name = grouped_name(parameters)
    for needed in ("ip", "port"):
        required(parameters, needed)
    values = {key: [parameters.text(key)] for key in _INSTANCE}
    values["serviceName"], values["groupName"] = [name], [group]
    values["clusterName"] = [parameters.text("clusterName") or parameters.text("cluster")]
    values["enabled"] = [parameters.text("enabled") or parameters.text("enable")]
    return Parameters(values)


def as_config(parameters: Parameters, *needed: str) -> Parameters:
    """The parameters of a config under their later names. Raises UnboundError for a needed one that was not sent."""
    for name in needed:
        if name not in parameters:
            raise UnboundError(f"Required parameter '{name}' is not present.")
    return Parameters({later: [parameters.text(name)] for name, later in _CONFIG.items()})


def read_beat(parameters: Parameters) -> Beat | None:
    """The beat in the parameter of this name; None if there is none. Raises RefusedError for one that cannot be read."""
    sent = parameters.first("beat")
    if not sent.strip():
        return None
    try:
        return msgspec.json.decode(sent, type=Beat)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as error:
        raise RefusedError(400, 20002, "Param 'beat' is illegal, it cannot be read.") from error
