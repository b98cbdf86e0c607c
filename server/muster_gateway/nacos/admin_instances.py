"""The admin calls for single instances: what clients can do, and what only operators can."""

import json
from collections.abc import Mapping

import grpc.aio
from muster.registry.v1 import instance_pb2
from starlette.requests import Request
from starlette.responses import Response

from muster_gateway.nacos import convert
from muster_gateway.nacos.admin_overrides import Overrides
from muster_gateway.nacos.admin_reads import AdminReads, grouped
from muster_gateway.nacos.answers import answering, envelope
from muster_gateway.nacos.errors import RefusedError, missing, unreadable
from muster_gateway.nacos.instance_forms import (
    INSTANCE,
    REGISTRATION,
    SERVICE,
    InstanceWrites,
    identity_of,
    service_of,
    state_of,
    weight_of,
)
from muster_gateway.nacos.parameters import Parameters, check_instance, check_list
from muster_gateway.registry import Registry, reason_of
from muster_gateway.route import Parameter, Route, in_query

MAX_BATCH = 1000
_CLUSTER = Parameter("clusterName", "form", "only if the instance is in this cluster")
_OVERRIDE = (
    *INSTANCE,
    _CLUSTER,
    Parameter("enabled", "form", "whether it takes traffic"),
    Parameter("weight", "form", "0 to 10000"),
    Parameter("metadata", "form", "JSON object, or `k=v,k2=v2`"),
)
_BATCH = (
    *SERVICE,
    Parameter("instances", "form", "JSON array of `{ip, port, clusterName, ephemeral}`; all instances of the service if blank"),
    Parameter("consistencyType", "form", "`persist` or `ephemeral`: only these; all if blank"),
    Parameter("metadata", "form", "JSON object, or `k=v,k2=v2`", is_required=True),
)
_LIST = (
    *in_query(SERVICE),
    Parameter("clusterName", "query", "`DEFAULT` if absent"),
    Parameter("healthyOnly", "query", "`true`: no others"),
)
_GET = (*in_query(INSTANCE), Parameter("clusterName", "query", "`DEFAULT` if absent"))
_OK = '`data: "ok"`'


class NacosAdminInstances:
    """Knows the registry by its stubs only."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._writes, self._overrides, self._reads = InstanceWrites(registry), Overrides(registry), AdminReads(registry)

    def routes(self) -> tuple[Route, ...]:
        """What is served."""
        path = "/nacos/v3/admin/ns/instance"
        batch, updated = f"{path}/metadata/batch", "`data.updated`: whom"
        merge, remove = answering(self.merge_metadata), answering(self.remove_metadata)
        return (
            Route("POST", path, answering(self.register), "Register an instance", REGISTRATION, _OK),
            Route("DELETE", path, answering(self.deregister), "Deregister an instance", INSTANCE, _OK),
            Route("PUT", path, answering(self.override), "Say over a client's head what an instance is", _OVERRIDE, _OK),
            Route("PUT", f"{path}/partial", answering(self.override_partly), "Say a part of it only", _OVERRIDE, _OK),
            Route("PUT", batch, merge, "Lay metadata over many instances", _BATCH, updated),
            Route("DELETE", batch, remove, "Lift such metadata, by key", _BATCH, updated),
            Route("GET", f"{path}/list", answering(self.list_instances), "List the instances of a cluster", _LIST, "`data`: array"),
            Route("GET", path, answering(self.show), "Show an instance", _GET, "`data`: the instance"),
        )

    async def register(self, request: Request) -> Response:
        """POST."""
        await self._writes.register(await Parameters.read(request))
        return envelope(200, 0, "ok")

    async def deregister(self, request: Request) -> Response:
        """DELETE. What is not there is no error."""
        await self._writes.deregister(await Parameters.read(request))
        return envelope(200, 0, "ok")

    async def override(self, request: Request) -> Response:
        """PUT: enabled, weight and metadata, all of them."""
        parameters = await Parameters.read(request)
        metadata = check_instance(parameters)
        laid = instance_pb2.AdminOverride(state=state_of(parameters.flag("enabled", default=True)), weight=weight_of(parameters))
        service, instance = await self._meant(parameters)
        await self._overrides.change(service, instance, lambda _: metadata, laid)
        return envelope(200, 0, "ok")

    async def override_partly(self, request: Request) -> Response:
        """PUT partial: what is sent, and nothing else; metadata join those that were laid before."""
        parameters = await Parameters.read(request)
        metadata = check_instance(parameters)
        laid = instance_pb2.AdminOverride()
        if parameters.text("enabled"):
            laid.state = state_of(parameters.flag("enabled", default=True))
        if parameters.text("weight"):
            laid.weight = weight_of(parameters)
        service, instance = await self._meant(parameters)
        await self._overrides.change(service, instance, lambda former: {**former, **metadata}, laid)
        return envelope(200, 0, "ok")

    async def merge_metadata(self, request: Request) -> Response:
        """PUT metadata/batch."""
        parameters = await Parameters.read(request)
        metadata = check_instance(parameters)
        service, instances = await self._batch(parameters)
        return _updated(await self._overrides.change_all(service, instances, lambda former: {**former, **metadata}))

    async def remove_metadata(self, request: Request) -> Response:
        """DELETE metadata/batch. What the client said itself stays."""
        parameters = await Parameters.read(request)
        keys = check_instance(parameters).keys()
        service, instances = await self._batch(parameters)

        def without(former: Mapping[str, str]) -> dict[str, str]:
            return {key: value for key, value in former.items() if key not in keys}

        return _updated(await self._overrides.change_all(service, instances, without))

    async def list_instances(self, request: Request) -> Response:
        """GET list: the disabled ones too, each as it is."""
        parameters = await Parameters.read(request)
        check_list(parameters)
        is_healthy_only = parameters.flag("healthyOnly", default=False)
        service, cluster = service_of(parameters), parameters.text("clusterName", "DEFAULT")
        known = await self._reads.service(service)
        if known is None:
            raise RefusedError(404, 30000, f"service {grouped(service)} is not found!")
        found = [one for one in (await self._registry.list_instances(service)).instances if one.cluster == cluster]
        if not found and cluster not in (described.name for described in known.clusters):
            raise RefusedError(404, 30000, f"cluster {cluster} is not found!")
        shown = [convert.view(one, service.group, service.name) for one in found]
        return envelope(200, 0, [one for one in shown if one["healthy"] or not is_healthy_only])

    async def show(self, request: Request) -> Response:
        """GET."""
        parameters = await Parameters.read(request)
        check_instance(parameters)
        service, host, port = identity_of(parameters)
        cluster = parameters.text("clusterName", "DEFAULT")
        found = (await self._registry.list_instances(service)).instances
        if not found:
            raise RefusedError(404, 20004, f"no ips found for cluster {cluster} in service {grouped(service)}")
        for one in found:
            primary = one.endpoints[0]
            if (primary.host, primary.port, one.cluster) == (host, port, cluster):
                return envelope(200, 0, convert.view(one, service.group, service.name))
        raise RefusedError(404, 20004, "no matched ip found!")

    async def _meant(self, parameters: Parameters) -> tuple[instance_pb2.ServiceRef, instance_pb2.Instance]:
        """The instance that an override is for. Raises RefusedError if it is not there."""
        service, host, port = identity_of(parameters)
        address = instance_pb2.InstanceAddress(host=host, port=port)
        if parameters.text("ephemeral"):
            address.persistent = not parameters.flag("ephemeral", default=True)
        cluster = parameters.text("clusterName")
        try:
            found = await self._overrides.find(instance_pb2.InstanceRef(service=service, address=address))
        except grpc.aio.AioRpcError as error:
            if reason_of(error) != "INSTANCE_NOT_FOUND":
                raise
            raise await self._not_found(service, f"{host}:{port}") from error
        if cluster and cluster != found.cluster:
            raise await self._not_found(service, f"{host}:{port} in cluster {cluster}")
        return service, found

    async def _not_found(self, service: instance_pb2.ServiceRef, where: str) -> RefusedError:
        if await self._reads.service(service) is not None:
            return RefusedError(400, 21004, f"instance not found: {where} in service {grouped(service)}")
        namespace = convert.nacos_namespace(service.namespace)
        named = f"Service{{namespace='{namespace}', group='{service.group}', name='{service.name}', ephemeral=true, revision=0}}"
        return RefusedError(400, 21004, f"service not found, namespace: {namespace}, service: {named}")

    async def _batch(self, parameters: Parameters) -> tuple[instance_pb2.ServiceRef, list[instance_pb2.Instance]]:
        service = service_of(parameters)
        if not parameters.text("metadata"):
            raise missing("metadata", "String")
        wanted = _wanted(parameters.text("instances"))
        kind = parameters.text("consistencyType")
        if kind not in ("", "persist", "ephemeral"):
            raise unreadable("consistencyType")
        found = [
            one
            for one in (await self._registry.list_instances(service)).instances
            if (not kind or one.persistent == (kind == "persist")) and (wanted is None or _names(one) & wanted)
        ]
        if len(found) > MAX_BATCH:
            raise RefusedError(400, 20002, f"The service has {len(found)} instances, and at most {MAX_BATCH} are changed at once.")
        return service, found


Name = tuple[str, int, str, bool | None]


def _names(instance: instance_pb2.Instance) -> set[Name]:
    """The names that a batch may call an instance by: with its kind, and without."""
    primary = instance.endpoints[0]
    return {(primary.host, primary.port, instance.cluster, kind) for kind in (None, not instance.persistent)}


def _wanted(text: str) -> set[Name] | None:
    """The instances that a batch names; None: all. Raises RefusedError: what cannot be read is not taken for all."""
    if not text:
        return None
    try:
        found = json.loads(text)
        return {_name(one) for one in found}
    except (ValueError, TypeError, RecursionError, AttributeError, KeyError):
        raise unreadable("instances") from None


def _name(one: dict[str, object]) -> Name:
    host, port, cluster, kind = one["ip"], one["port"], one.get("clusterName", ""), one.get("ephemeral")
    if not (isinstance(host, str) and isinstance(port, int) and isinstance(cluster, str) and isinstance(kind, bool | None)):
        raise TypeError(one)
    return host, port, cluster or "DEFAULT", kind


def _updated(instances: list[instance_pb2.Instance]) -> Response:
    return envelope(200, 0, {"updated": [_datum(one) for one in instances]})


def _datum(instance: instance_pb2.Instance) -> str:
    primary, kind = instance.endpoints[0], "persist" if instance.persistent else "ephemeral"
    return f"{primary.host}:{primary.port}:unknown:{instance.cluster}:{kind}"
