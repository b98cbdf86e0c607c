"""What several admin calls look up."""

from collections.abc import AsyncIterator

import grpc.aio
from muster.admin.v1 import admin_service_pb2 as admin
from muster.registry.v1 import discovery_service_pb2 as discovery
from muster.registry.v1 import instance_pb2

from muster_gateway.registry import CALL_TIMEOUT_S, Registry, pages, reason_of


class AdminReads:
    """Knows the registry by its stubs only. Pages are followed to the end."""

    def __init__(self, registry: Registry) -> None:
        self._admin, self._discovery = registry.admin, registry.discovery

    async def service(self, ref: instance_pb2.ServiceRef) -> admin.Service | None:
        """A service as a whole; None if it is not known."""
        try:
            found: admin.GetServiceResponse = await self._admin.GetService(admin.GetServiceRequest(ref=ref), timeout=CALL_TIMEOUT_S)
        except grpc.aio.AioRpcError as error:
            if reason_of(error) != "SERVICE_NOT_FOUND":
                raise
            return None
        return found.service

    async def services(self, namespace: str) -> AsyncIterator[discovery.ServiceSummary]:
        """The services of a namespace, by its native name."""
        async for page in pages(self._discovery.ListServices, discovery.ListServicesRequest(namespace=namespace)):
            for summary in page.services:
                yield summary

    async def instances(self, address: instance_pb2.InstanceAddress | None = None) -> AsyncIterator[discovery.FoundInstance]:
        """The instances at an address, whatever their service, or all."""
        async for page in pages(self._discovery.SearchInstances, discovery.SearchInstancesRequest(address=address)):
            for found in page.instances:
                yield found

    async def check_admin(self) -> None:
        """Raises AioRpcError unless the caller may see all connections: what this process holds itself, nobody else guards."""
        await self._admin.ListConnections(admin.ListConnectionsRequest(page_size=1), timeout=CALL_TIMEOUT_S)

    async def info(self) -> admin.GetServerInfoResponse:
        """How the registry is. Raises AioRpcError if it does not answer."""
        found: admin.GetServerInfoResponse = await self._admin.GetServerInfo(admin.GetServerInfoRequest(), timeout=CALL_TIMEOUT_S)
        return found


def grouped(ref: instance_pb2.ServiceRef) -> str:
    """A service's name as Nacos shows it."""
    return f"{ref.group}@@{ref.name}"
