"""The naming requests, each one a call of the registry."""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache

import grpc.aio
import msgspec
from muster.registry.v1 import discovery_service_pb2 as discovery
from muster.registry.v1 import instance_pb2
from muster.registry.v1 import registration_service_pb2 as registration

from muster_gateway.nacos import convert
from muster_gateway.nacos.credentials import DENIED
from muster_gateway.nacos.errors import BadParameterError
from muster_gateway.nacos.grpc import requests, wire
from muster_gateway.nacos.grpc.connections import Connection
from muster_gateway.nacos.grpc.requests import text
from muster_gateway.nacos.grpc.service_info import NOWHERE, ReferenceTimes, Shown, service_info
from muster_gateway.nacos.grpc.session import MAX_KNOWN, Key, Session, service_ref
from muster_gateway.nacos.grpc.views import Views
from muster_gateway.nacos.grpc.wire import Frame, RefusedCallError
from muster_gateway.nacos.parameters import MAX_METADATA, check_format, check_port
from muster_gateway.registry import CALL_TIMEOUT_S, Registry, reason_of

_CLUSTER = re.compile(r"[0-9a-zA-Z-]+")
MAX_SUBSCRIPTIONS, MAX_BATCH, MAX_PORT = 10_000, 1000, 65535
_DONE = {kind: wire.answer("InstanceResponse", {"type": kind}) for kind in ("registerInstance", "deregisterInstance")}


class Naming:
    """Knows the registry by its stubs only. `open_session` makes the native session of a connection."""

    def __init__(self, registry: Registry, views: Views, times: ReferenceTimes, open_session: Callable[[Connection], None]) -> None:
        self._registry, self._views, self._times, self._open_session = registry, views, times, open_session

    async def instance(self, asked: requests.Instance, connection: Connection, _: Frame) -> bytes:
        """InstanceRequest: an ephemeral one, which replaces what the connection offered for the service."""
        service = _service(asked)
        match asked.type:
            case "registerInstance":
                await self._session(connection).publish(service, _offer(service, [asked.instance]))
            case "deregisterInstance":
                if connection.session is not None and connection.session.offers(service):
                    await connection.session.publish(service, _offer(service, []))
                else:
                    await self._withdraw_orphan(service, asked.instance)
            case _:
                raise _unsupported(asked.type)
        return _DONE[asked.type]

    async def _withdraw_orphan(self, service: Key, host: requests.Host | None) -> None:
        """Remove what an earlier connection left at this address: after a restart, clients may deregister before they register."""
        if host is None or not host.ip:
            return
        address = instance_pb2.InstanceAddress(host=host.ip, port=host.port or 0, persistent=False)
        ref = instance_pb2.InstanceRef(service=service_ref(service), address=address)
        try:
            found = (
                await self._registry.discovery.GetInstance(discovery.GetInstanceRequest(ref=ref), timeout=CALL_TIMEOUT_S)
            ).instance
            if found.health == instance_pb2.HEALTH_SUSPECT and not found.HasField("lease"):
                removal = registration.DeregisterRequest(ref=ref, expected_revision=found.revision, allow_missing=True)
                await self._registry.registration.Deregister(removal, timeout=CALL_TIMEOUT_S)
        except grpc.aio.AioRpcError as error:
            if reason_of(error) not in ("INSTANCE_NOT_FOUND", "REVISION_MISMATCH"):  # gone, or somebody's again
                raise

    async def batch(self, asked: requests.Batch, connection: Connection, _: Frame) -> bytes:
        """BatchInstanceRequest: all that the connection offers for the service from now on."""
        if asked.type != "batchRegisterInstance":
            raise _unsupported(asked.type)
        hosts, service = asked.instances or (), _service(asked)
        if len(hosts) > MAX_BATCH:
            raise RefusedCallError(wire.INVALID_PARAMETER, f"at most {MAX_BATCH} instances at once")
        offer = _offer(service, hosts)
        last = {(one.endpoints[0].host, one.endpoints[0].port): one for one in offer.instances}  # of one address the last
        if len(last) < len(hosts):
            offer = registration.ReplaceInstancesRequest(service=offer.service, instances=last.values(), unique_address=True)
        await self._session(connection).publish(service, offer)
        return wire.answer("BatchInstanceResponse", {"type": asked.type})

    async def persistent(self, asked: requests.Instance, _: Connection, __: Frame) -> bytes:
        """PersistentInstanceRequest. Its answer has no type of its own."""
        service = service_ref(_service(asked))
        request = registration.RegisterRequest(service=service, unique_address=True, id_only=True)
        _fill(request.instance, asked.instance)
        request.instance.persistent = True
        primary = request.instance.endpoints[0]
        match asked.type:
            case "registerInstance":
                await self._registry.registration.Register(request, timeout=CALL_TIMEOUT_S)
            case "deregisterInstance":
                address = instance_pb2.InstanceAddress(host=primary.host, port=primary.port, persistent=True)
                ref = instance_pb2.InstanceRef(service=service, address=address)
                removal = registration.DeregisterRequest(ref=ref, allow_missing=True)
                await self._registry.registration.Deregister(removal, timeout=CALL_TIMEOUT_S)
            case _:
                raise _unsupported(asked.type)
        return _DONE[asked.type]

    async def query(self, asked: requests.ServiceQuery, _: Connection, __: Frame) -> bytes:
        """ServiceQueryRequest."""
        service, clusters = _service(asked), asked.cluster or ""
        found = await self._registry.list_instances(service_ref(service))
        is_healthy_only = bool(asked.healthyOnly or asked.healthOnly)
        what = Shown(*service[1:], clusters, convert.threshold_of(found), is_healthy_only)
        info = service_info(what, found.instances, self._times.at(service, (found.epoch, found.revision)))
        return wire.answer("QueryServiceResponse", {"serviceInfo": msgspec.Raw(info)})

    async def subscribe(self, asked: requests.Subscribe, connection: Connection, _: Frame) -> bytes:
        """SubscribeServiceRequest: begins or ends a subscription."""
        service, clusters = _service(asked), asked.clusters or ""
        if asked.subscribe is False:
            self._views.unsubscribe(service, connection)
            info = service_info(Shown(*service[1:], clusters), (), self._times.at(service, NOWHERE))
        elif service not in connection.subscriptions and len(connection.subscriptions) >= MAX_SUBSCRIPTIONS:
            raise RefusedCallError(wire.OVER_LIMIT, f"at most {MAX_SUBSCRIPTIONS} subscriptions")
        elif not await self._registry.may_read("service", *service):  # one watch serves all connections
            raise RefusedCallError(wire.FORBIDDEN, DENIED)
        else:
            connection.check_open()
            info = await self._views.subscribe(service, connection, clusters, asked.namespace or "")
        return wire.answer("SubscribeServiceResponse", {"serviceInfo": msgspec.Raw(info)}, message="success")

    async def list_services(self, asked: requests.ServiceList, _: Connection, __: Frame) -> bytes:
        """ServiceListRequest: a page of bare names, and how many there are. O(services of the group)."""
        namespace, group = convert.native_namespace((asked.namespace or "").strip()), asked.groupName or "DEFAULT_GROUP"
        names = await self._registry.service_names(namespace, group)
        size = max(asked.pageSize or 0, 0)
        first = (max(asked.pageNo or 1, 1) - 1) * size
        return wire.answer("ServiceListResponse", {"count": len(names), "serviceNames": names[first : first + size]})

    def _session(self, connection: Connection) -> Session:
        if connection.session is None:
            self._open_session(connection)
        session: Session = connection.session
        return session


def _service(asked: requests.Service) -> Key:
    """The registry's name of the service. Raises BadParameterError, RefusedCallError."""
    return _key((asked.namespace or "").strip(), (asked.groupName or "").strip() or "DEFAULT_GROUP", asked.serviceName or "")


@lru_cache(MAX_KNOWN)
def _key(namespace: str, group: str, name: str) -> Key:
    """Nearly every call names a service that others named."""
    if not name.strip():
        raise RefusedCallError(wire.INVALID_PARAMETER, "Param 'serviceName' is illegal, serviceName is blank")
    check_format("namespaceId/tenant", namespace)
    check_format("group", group)
    check_format("serviceName", name)
    return (convert.native_namespace(namespace), group, name)


def _offer(service: Key, hosts: Sequence[requests.Host | None]) -> registration.ReplaceInstancesRequest:
    """These as all that a connection offers for a service, but for its session. Raises BadParameterError, RefusedCallError."""
    request = registration.ReplaceInstancesRequest(service=service_ref(service), unique_address=True)
    for host in hosts:
        _fill(request.instances.add(), host)
    return request


def _fill(message: instance_pb2.Instance, host: requests.Host | None) -> None:
    """Write an instance into a message, but for what is so by default. Raises BadParameterError, RefusedCallError."""
    if host is None:
        raise RefusedCallError(wire.INVALID_PARAMETER, "Instance can not be null.")
    cluster, address, port = (host.clusterName or "").strip() or "DEFAULT", host.ip or "", host.port or 0
    check_format("ip", address)
    if not 0 <= port <= MAX_PORT:
        check_port(str(port))
    if cluster != "DEFAULT" and _CLUSTER.fullmatch(cluster) is None:
        problem = f"Instance 'clusterName' should be characters with only 0-9a-zA-Z-. (current: {cluster})"
        raise RefusedCallError(wire.INVALID_PARAMETER, problem)
    metadata, size = message.metadata, 0
    for key, said in (host.metadata or {}).items():
        metadata[key] = value = said if type(said) is str else text(said)
        size += len(key) + len(value)
    if size > MAX_METADATA:
        raise BadParameterError(f"Param 'Metadata' is illegal, the param length should not exceed {MAX_METADATA}.")
    if convert.is_beat_too_slow(metadata):
        problem = "Instance 'heart beat interval' must less than 'heart beat timeout' and 'ip delete timeout'."
        raise RefusedCallError(wire.INVALID_PARAMETER, problem)
    endpoint = message.endpoints.add()
    endpoint.host, endpoint.port, message.cluster = address, port, cluster
    if host.weight is not None:
        message.weight = host.weight
    if host.healthy is False:
        message.health = instance_pb2.HEALTH_UNHEALTHY
    if host.enabled is False:
        message.declared_admin_state = instance_pb2.ADMIN_STATE_DISABLED


def _unsupported(kind: str | None) -> RefusedCallError:
    return RefusedCallError(wire.INVALID_PARAMETER, f"Unsupported request type {kind}")
