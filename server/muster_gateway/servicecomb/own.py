"""The registry's own microservice, SERVICECENTER: clients find by it where the registry is. It is in no state; it is answered."""

import hashlib
import socket
import time
import uuid
from collections.abc import Mapping
from typing import Any

from starlette.requests import HTTPConnection

from muster_gateway.servicecomb.instances import DEFAULT_CHECK
from muster_gateway.servicecomb.names import DEFAULT, namespace_of

APPLICATION = "default"
NAME = "SERVICECENTER"
ENVIRONMENT = "development"


class OwnService:
    """Made once; its instance is new with each start. It is in the domain and project `default` only, in whatever environment."""

    def __init__(self, version: str) -> None:
        self.version = version
        key = f"{DEFAULT}/{DEFAULT}/{ENVIRONMENT}/{APPLICATION}/{NAME}/{version}"
        self.service_id = hashlib.sha1(f"/cse-sr/ms/indexes/{key}".encode(), usedforsecurity=False).hexdigest()
        self.instance_id = uuid.uuid4().hex
        self._began_s = str(int(time.time()))

    def is_meant(self, connection: HTTPConnection, service_id: str) -> bool:
        """True if a call is about it."""
        return service_id == self.service_id and namespace_of(connection) == DEFAULT

    def is_asked_for(self, connection: HTTPConnection, key: Mapping[str, str]) -> bool:
        """True if a call looks it up by name."""
        is_named = key.get("serviceName") == NAME and key.get("appId") == APPLICATION
        return is_named and namespace_of(connection) == DEFAULT

    def service(self) -> dict[str, Any]:
        """The microservice."""
        return {
            "serviceId": self.service_id,
            "environment": ENVIRONMENT,
            "appId": APPLICATION,
            "serviceName": NAME,
            "version": self.version,
            "level": "BACK",
            "status": "UP",
            "properties": {"allowCrossApp": "true"},
            "timestamp": self._began_s,
            "modTimestamp": self._began_s,
        }

    def instance(self, connection: HTTPConnection) -> dict[str, Any]:
        """Its instance: where the caller has reached it."""
        return {
            "instanceId": self.instance_id,
            "serviceId": self.service_id,
            "endpoints": [f"rest://{connection.url.netloc}/"],
            "hostName": socket.gethostname(),
            "status": "UP",
            "healthCheck": DEFAULT_CHECK,
            "timestamp": self._began_s,
            "modTimestamp": self._began_s,
            "version": self.version,
        }
