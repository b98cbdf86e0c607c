"""What every room needs of the registry: the stubs, and the reason of a failed call."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import grpc.aio
from google.rpc import error_details_pb2, status_pb2
from muster.admin.v1 import access_service_pb2 as access
from muster.admin.v1 import access_service_pb2_grpc, admin_service_pb2_grpc
from muster.catalog.v1 import catalog_service_pb2_grpc
from muster.config.v1 import config_service_pb2 as config
from muster.config.v1 import config_service_pb2_grpc
from muster.delivery.v1 import delivery_service_pb2_grpc
from muster.lock.v1 import lock_service_pb2_grpc
from muster.registry.v1 import discovery_service_pb2 as discovery
from muster.registry.v1 import discovery_service_pb2_grpc, instance_pb2, registration_service_pb2_grpc

from muster_gateway.callers import as_gateway

CALL_TIMEOUT_S = 10.0


class Registry:
    """The stubs over one channel, local or real."""

    def __init__(self, channel: Any) -> None:
        self.registration = registration_service_pb2_grpc.RegistrationServiceStub(channel)
        self.discovery = discovery_service_pb2_grpc.DiscoveryServiceStub(channel)
        self.admin = admin_service_pb2_grpc.AdminServiceStub(channel)
        self.catalog = catalog_service_pb2_grpc.CatalogServiceStub(channel)
        self.delivery = delivery_service_pb2_grpc.DeliveryServiceStub(channel)
        self.config = config_service_pb2_grpc.ConfigServiceStub(channel)
        self.locks = lock_service_pb2_grpc.LockServiceStub(channel)
        self.access = access_service_pb2_grpc.AccessServiceStub(channel)

    async def prove(self) -> str:
        """The caller's name. Raises AioRpcError if the credential does not count."""
        response: access.WhoAmIResponse = await self.access.WhoAmI(access.WhoAmIRequest(), timeout=CALL_TIMEOUT_S)
        return response.user

    async def hold_stream(self, client_name: str) -> None:
        """Have a stream of the caller's own open for as long as the registry keeps it: it ends with the credential.

        It ends with the registry as well; `prove` tells which it was.
        """
        stream = self.config.Listen()
        try:
            await stream.write(config.ListenRequest(hello=config.ListenRequest.Hello(client_name=client_name)))
            while await stream.read() is not grpc.aio.EOF:
                pass
        except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
            pass
        finally:
            stream.cancel()

    async def token_of_signature(self, access_key_id: str, signed_text: bytes, signature: bytes, address: str) -> str:
        """An `authorization` of who signed a text with an access key; `address`: where they are. Raises AioRpcError."""
        request = access.VerifySignatureRequest(
            access_key_id=access_key_id, signed_text=signed_text, signature=signature, caller_address=address
        )
        return await as_gateway(lambda: self._verified(request))

    async def _verified(self, request: access.VerifySignatureRequest) -> str:
        answer: access.VerifySignatureResponse = await self.access.VerifySignature(request, timeout=CALL_TIMEOUT_S)
        return f"Bearer {answer.token}"

    async def may_read(self, kind: str, namespace: str, group: str = "*", name: str = "*") -> bool:
        """Whether the caller may see a service or config, or all of a namespace. Asked before an answer that callers share."""
        return await self.may(access.ACTION_READ, access.Resource(namespace=namespace, group=group, kind=kind, name=name))

    async def may(self, action: access.Action, resource: access.Resource) -> bool:
        """Whether the caller may do something."""
        request = access.CheckAccessRequest(resource=resource, action=action)
        response: access.CheckAccessResponse = await self.access.CheckAccess(request, timeout=CALL_TIMEOUT_S)
        return response.allowed

    async def list_instances(self, service: instance_pb2.ServiceRef, if_revision: int = 0) -> discovery.ListInstancesResponse:
        """The instances of a service; `not_modified` if nothing changed since `if_revision`."""
        request = discovery.ListInstancesRequest(service=service, if_revision=if_revision)
        response: discovery.ListInstancesResponse = await self.discovery.ListInstances(request, timeout=CALL_TIMEOUT_S)
        return response

    async def service_names(self, namespace: str, group: str) -> list[str]:
        """The names of all services of a group. O(services of the group)."""
        names: list[str] = []
        request = discovery.ListServicesRequest(namespace=namespace, group=group)
        while True:
            page = await self.discovery.ListServices(request, timeout=CALL_TIMEOUT_S)
            names.extend(summary.service.name for summary in page.services)
            request.page_token = page.next_page_token
            if not page.next_page_token:
                return names

    def watch_services(self, namespace: str) -> Any:
        """The stream of which services of a namespace have instances."""
        return self.discovery.WatchServices(discovery.WatchServicesRequest(namespace=namespace))

    def watch_configs(self, namespace: str, *, releases: bool = False) -> Any:
        """The stream of which config items of a namespace are there; with `releases` also of each release."""
        return self.config.WatchConfigs(config.WatchConfigsRequest(namespace=namespace, releases=releases))


async def pages(call: Any, request: Any) -> AsyncIterator[Any]:
    """The answers of a method that lists, page after page to the last one; `request` is changed. Raises AioRpcError.

    Between two pages the others have their turn of the loop: a call in the same process waits for nothing by itself.
    """
    while True:
        page = await call(request, timeout=CALL_TIMEOUT_S)
        yield page
        if not page.next_page_token:
            return
        request.page_token = page.next_page_token
        await asyncio.sleep(0)


def reason_of(error: grpc.aio.AioRpcError) -> str:
    """The reason in the trailers of a failed call, without its prefix; empty if it did not come from Muster."""
    for key, value in error.trailing_metadata() or ():
        if key == "muster-reason":
            return str(value)
    return ""


def details_of(error: grpc.aio.AioRpcError) -> Mapping[str, str]:
    """The facts in the trailers of a failed call (google.rpc.ErrorInfo); empty if it has none."""
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin" and isinstance(value, bytes):
            info = error_details_pb2.ErrorInfo()
            for detail in status_pb2.Status.FromString(value).details:
                if detail.Unpack(info):
                    return dict(info.metadata)
    return {}


def message_of(error: grpc.aio.AioRpcError) -> str:
    """What the caller may read of a failed call: the registry's own words, but none of the transport's."""
    if reason_of(error):
        return error.details() or ""
    return "Request is too large" if http_status(error) == 413 else "The registry does not answer"


def http_status(error: grpc.aio.AioRpcError) -> int:
    """The HTTP status for a failed call.

    400 for what the caller can mend, 401 and 403 for who they are, 413 for too much, 429 for too many failed logins, 503 for what
    passes, else 500.
    """
    match error.code().name:
        case "UNAUTHENTICATED":
            return 401
        case "PERMISSION_DENIED":
            return 403
        case "RESOURCE_EXHAUSTED" if reason_of(error) == "LOGIN_THROTTLED":
            return 429
        case "RESOURCE_EXHAUSTED" if not reason_of(error):
            return 413  # the transport's: a message above 4 MiB
        case "INVALID_ARGUMENT" | "FAILED_PRECONDITION" | "OUT_OF_RANGE" | "ABORTED" | "NOT_FOUND":
            return 400
        case "UNAVAILABLE" | "RESOURCE_EXHAUSTED" | "DEADLINE_EXCEEDED":
            return 503
        case _:
            return 500
