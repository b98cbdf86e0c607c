"""DiscoveryService.SearchInstances: instances wherever they are."""

import itertools
from collections.abc import Iterator, Sequence

from muster.registry.v1 import discovery_service_pb2 as wire

from muster_server.core.commands import AddressQuery
from muster_server.core.model import MAX_NAME_BYTES, Instance, ServiceKey, checked_text
from muster_server.core.state import Service
from muster_server.engine.engine import Engine
from muster_server.rpc.calls import Call
from muster_server.rpc.decoding import decode_address
from muster_server.rpc.encoding import instance_message, service_message
from muster_server.rpc.paging import MAX_PAGE, name_token, number_token, page_size

MAX_SERVICES = 10_000


class Searcher:
    """Documented in discovery_service.proto."""

    def __init__(self, engine: Engine, max_services: int = MAX_SERVICES) -> None:
        self._state = engine.state
        self._max_services = max_services

    async def search_instances(self, request: wire.SearchInstancesRequest, _: Call) -> wire.SearchInstancesResponse:
        """Answer a page. Its token: a service, and how many of its matches were answered. O(page + services looked through)."""
        size = page_size(request.page_size, MAX_PAGE)
        checked_text("namespace", request.namespace, MAX_NAME_BYTES)
        query = decode_address(request.address) if request.HasField("address") else None
        names, __, answered = request.page_token.rpartition("\n")
        start, offset = ServiceKey(*name_token(names)), number_token(answered)
        found: list[wire.FoundInstance] = []
        for count, key in enumerate(self._keys(request.namespace, start)):
            offset = offset if key == start else 0
            if count == self._max_services or len(found) == size:
                return wire.SearchInstancesResponse(instances=found, next_page_token="\n".join((*key, "0")))
            matches = _matches(self._state.services[key], query)
            page = matches[offset : offset + size - len(found)]
            found += [wire.FoundInstance(service=service_message(key), instance=instance_message(one)) for one in page]
            if len(matches) > offset + len(page):
                token = "\n".join((*key, str(offset + len(page))))
                return wire.SearchInstancesResponse(instances=found, next_page_token=token)
        return wire.SearchInstancesResponse(instances=found)

    def _keys(self, namespace: str, start: ServiceKey) -> Iterator[ServiceKey]:
        """The services from `start` on, itself included if it is still there."""
        first = [start] if start in self._state.services else []
        keys = itertools.chain(first, self._state.services_after(max(start, ServiceKey(namespace, "", ""))))
        return itertools.takewhile(lambda key: namespace in ("", key.namespace), keys)


def _matches(service: Service, query: AddressQuery | None) -> Sequence[Instance]:
    if query is None:
        return list(service.instances.values())
    found = [service.instances[name] for name in service.ids_at(query.address)]
    return [one for one in found if query.is_persistent in (None, one.said.is_persistent)]
