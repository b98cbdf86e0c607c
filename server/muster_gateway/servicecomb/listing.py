"""What a microservice sees at the moment of whatever it calls, written as events."""

from muster.catalog.v1 import catalog_service_pb2 as catalog

from muster_gateway.registry import CALL_TIMEOUT_S, Registry
from muster_gateway.servicecomb.followers import Consumer, written
from muster_gateway.servicecomb.registering import MAX_BATCH


async def present(registry: Registry, consumer: Consumer) -> list[str]:
    """A CREATE for each instance that a consumer, and the caller, may see. Raises grpc.aio.AioRpcError."""
    namespace, service_id = consumer
    called: catalog.ListProvidersResponse = await registry.catalog.ListProviders(
        catalog.ListProvidersRequest(namespace=namespace, definition_id=service_id), timeout=CALL_TIMEOUT_S
    )
    events = []
    for start in range(0, len(called.definitions), MAX_BATCH):
        some = called.definitions[start : start + MAX_BATCH]
        queries = [catalog.InstanceQuery(definition_id=definition.definition_id) for definition in some]
        asked = catalog.FindInstancesRequest(namespace=namespace, consumer_id=service_id, queries=queries)
        answer: catalog.FindInstancesResponse = await registry.catalog.FindInstances(asked, timeout=CALL_TIMEOUT_S)
        for group in (group for part in answer.answers for group in part.found):
            events += [written(namespace, "CREATE", group.definition, instance) for instance in group.instances]
    return events
