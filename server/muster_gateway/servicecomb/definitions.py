"""Microservices and definitions: what is created of one, and how it is shown."""

from collections.abc import Mapping
from typing import Any

from muster.catalog.v1 import catalog_pb2

from muster_gateway.servicecomb import rules
from muster_gateway.servicecomb.errors import INVALID, CseError
from muster_gateway.servicecomb.keeping import DEFINITIONS, DIALECT
from muster_gateway.servicecomb.names import application_of, native_group

DEFAULT_APPLICATION = "default"
CROSS_APPLICATION = "allowCrossApp"
_CHECKED = {
    "serviceId": "ServiceId",
    "environment": "Environment",
    "appId": "AppId",
    "serviceName": "ServiceName",
    "version": "Version",
    "alias": "Alias",
    "description": "Description",
    "level": "Level",
    "status": "Status",
    "registerBy": "RegisterBy",
}


def checked(service: Mapping[str, Any] | None) -> dict[str, Any]:
    """A microservice that is to be created, defaults filled in. Raises CseError."""
    if service is None:
        raise CseError(INVALID, "Request body is empty")
    filled = {**service, "appId": service.get("appId") or DEFAULT_APPLICATION, "version": service.get("version") or "0.0.1"}
    filled["level"], filled["status"] = service.get("level") or "BACK", service.get("status") or "UP"
    for name, field in _CHECKED.items():
        if name != "registerBy" or filled.get(name) != "UNKNOWN":  # documented, though the original refuses it
            rules.check(f"MicroService.{field}", filled.get(name, ""))
    rules.check("MicroService.Schemas", filled.get("schemas", []))
    for path in filled.get("paths", []):
        rules.check("ServicePath.Path", (path or {}).get("path", ""))
    check_framework(filled.get("framework"))
    return filled


def check_framework(framework: Mapping[str, str] | None) -> None:
    """Raises CseError unless a framework is one, or missing."""
    if framework is not None:
        rules.check("FrameWork.Name", framework.get("name", ""))
        rules.check("FrameWork.Version", framework.get("version", ""))


def native_key(namespace: str, key: Mapping[str, str]) -> catalog_pb2.DefinitionKey:
    """The registry's key for the names of a microservice."""
    return catalog_pb2.DefinitionKey(
        namespace=namespace,
        group=native_group(key.get("appId", "")),
        name=key.get("serviceName", ""),
        environment=key.get("environment", ""),
        version=key.get("version", ""),
    )


def native(namespace: str, service: Mapping[str, Any]) -> catalog_pb2.Definition:
    """A checked microservice as a definition."""
    properties = service.get("properties", {})
    return catalog_pb2.Definition(
        definition_id=service.get("serviceId", ""),
        key=native_key(namespace, service),
        alias=service.get("alias", ""),
        description=service.get("description", ""),
        properties=properties,
        schema_ids=service.get("schemas", []),
        cross_group=is_open(properties),
        attributes={DIALECT: DEFINITIONS.write(service)},
    )


def is_open(properties: Mapping[str, str]) -> bool:
    """True if consumers of other applications see a microservice with these properties."""
    return properties.get(CROSS_APPLICATION, "").lower() == "true"


def kept(definition: catalog_pb2.Definition) -> dict[str, Any]:
    """What only this dialect knows of a definition. Another dialect's has the defaults."""
    found = DEFINITIONS.read(definition.attributes)
    return {"level": "BACK", "status": "UP"} if found is None else found


def view(definition: catalog_pb2.Definition) -> dict[str, Any]:
    """A definition as a microservice. What is empty is left out."""
    key, created_s = definition.key, definition.create_time.seconds
    shown = {
        "serviceId": definition.definition_id,
        "environment": key.environment,
        "appId": application_of(key.group),
        "serviceName": key.name,
        "version": key.version,
        "alias": definition.alias,
        "description": definition.description,
        "schemas": list(definition.schema_ids),
        "properties": dict(definition.properties),
        "timestamp": str(created_s),
        "modTimestamp": str(definition.update_time.seconds or created_s),
        **kept(definition),
    }
    return {name: value for name, value in shown.items() if value}
