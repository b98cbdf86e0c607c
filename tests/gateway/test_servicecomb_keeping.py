"""Attributes of this dialect that somebody else wrote: they are not believed, and break nothing."""

import pytest
from muster.catalog.v1 import catalog_pb2, catalog_service_pb2, catalog_service_pb2_grpc
from muster.registry.v1 import instance_pb2, registration_service_pb2, registration_service_pb2_grpc
from muster_gateway.servicecomb.keeping import DEFINITIONS, DIALECT, INSTANCES

from gateway.test_servicecomb import client

NONSENSE = [
    "",
    "nonsense",
    "[]",
    "7",
    '{"hostName": 7}',
    '{"endpoints": "rest://10.0.0.1"}',
    '{"healthCheck": {"port": "x"}}',
    '{"healthCheck": {"port": 1000000000000000000000000000000}}',
    '{"hostName": "\\ud800"}',
    '{"framework": "SDK"}',
    '{"paths": {}}',
    '{"level": null}',
]


@pytest.mark.parametrize("text", NONSENSE)
async def test_what_a_native_client_wrote_there_breaks_no_list(text: str) -> None:
    async with client() as (cse, server), server.channel() as channel:
        await cse.create("web")
        key = catalog_pb2.DefinitionKey(group="shop", name="web", version="2.0.0")
        definition = catalog_pb2.Definition(key=key, attributes={DIALECT: text})
        made = await catalog_service_pb2_grpc.CatalogServiceStub(channel).CreateDefinition(
            catalog_service_pb2.CreateDefinitionRequest(definition=definition)
        )
        instance = instance_pb2.Instance(
            instance_id="one",
            endpoints=[instance_pb2.Endpoint(host="10.0.0.9", port=80)],
            definition_id=made.definition.definition_id,
            attributes={DIALECT: text},
        )
        await registration_service_pb2_grpc.RegistrationServiceStub(channel).Register(
            registration_service_pb2.RegisterRequest(service=instance_pb2.ServiceRef(group="shop", name="web"), instance=instance)
        )

        services = (await cse.http.get("/microservices")).json()["services"]
        found = (await cse.find("web", version="0.0.0+")).json()["instances"]

        assert {one["version"] for one in services if one["serviceName"] == "web"} == {"1.0.0", "2.0.0"}
        assert [(one["instanceId"], one["version"]) for one in found] == [("one", "2.0.0")]


@pytest.mark.parametrize("keeping", [DEFINITIONS, INSTANCES])
def test_what_was_kept_is_read_again_and_nothing_else(keeping: object) -> None:
    said = {"hostName": "h", "level": "BACK", "endpoints": [], "other": 1}
    assert isinstance(keeping, type(INSTANCES))
    kept = {"hostName": "h"} if keeping is INSTANCES else {"level": "BACK"}
    assert keeping.read({DIALECT: keeping.write(said)}) == kept
    assert keeping.read({}) is None
