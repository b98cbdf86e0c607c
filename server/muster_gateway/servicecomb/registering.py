"""The calls about instances of one microservice: registered, renewed, changed, gone."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any

import grpc.aio
from google.protobuf.field_mask_pb2 import FieldMask
from muster.catalog.v1 import catalog_service_pb2 as catalog
from muster.registry.v1 import instance_pb2
from muster.registry.v1 import registration_service_pb2 as registration
from starlette.requests import Request
from starlette.responses import Response

from muster_gateway.registry import CALL_TIMEOUT_S, Registry, reason_of
from muster_gateway.route import Parameter, Route
from muster_gateway.servicecomb import instances, rules, shapes
from muster_gateway.servicecomb.calls import Homes, answered, body_of, done, rows
from muster_gateway.servicecomb.errors import INVALID, NO_INSTANCE, NO_SERVICE, CseError, check_quota
from muster_gateway.servicecomb.instances import native_id
from muster_gateway.servicecomb.names import namespace_of, native_state

MAX_INSTANCE_BYTES = 5 * 1024
MAX_PROPERTIES_BYTES = 3 * 1024
UNMARSHAL = "Unmarshal error"
NO_LEASE = "leaseId not exist, instance not exist"
ABSENT = "Service instance does not exist."
MAX_BATCH = 1000

Call = Callable[[instance_pb2.InstanceRef], Awaitable[object]]


class Registering:
    """Knows the registry by its stubs only."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._homes = Homes(registry)

    def routes(self) -> tuple[Route, ...]:
        """What is served."""
        every = "/microservices/{service_id}/instances"
        one = f"{every}/{{instance_id}}"
        instance = Parameter("instance", "json", "the instance", is_required=True)
        properties = Parameter("properties", "json", "all of them, in place of what was there")
        status = Parameter("value", "query", "UP, DOWN, STARTING, TESTING or OUTOFSERVICE", is_required=True)
        beats = Parameter("instances", "json", "which ones: serviceId and instanceId of each", is_required=True)
        matches = (
            Parameter("matches", "json", "properties that they have", is_required=True),
            Parameter("status", "json", "as above", is_required=True),
        )
        return (
            *rows("POST", every, self.post, "Register an instance", (instance,)),
            *rows("DELETE", one, self.delete, "Deregister an instance", (), "nothing"),
            *rows("PUT", f"{one}/heartbeat", self.put_beat, "Renew an instance", (), "nothing"),
            *rows("PUT", f"{one}/properties", self.put_properties, "Change its properties", (properties,), "nothing"),
            *rows("PUT", f"{one}/status", self.put_status, "Change its status", (status,), "nothing"),
            *rows("PUT", "/heartbeats", self.put_beats, "Renew instances", (beats,)),
            *rows("PUT", "/instances/status", self.put_status_of_many, "Change many statuses", matches, "nothing", is_old=False),
        )

    async def post(self, request: Request) -> Response:
        """POST /microservices/{service_id}/instances."""
        body = await body_of(request, shapes.REGISTER_INSTANCE, MAX_INSTANCE_BYTES, UNMARSHAL)
        instance_id = await self.register(namespace_of(request), request.path_params["service_id"], body.get("instance"))
        return answered({"instanceId": instance_id})

    async def register(self, namespace: str, service_id: str, instance: Mapping[str, Any] | None) -> str:
        """Register an instance and answer its id. Without one it has that of an instance with the same endpoints, if there is one.

        Raises CseError, grpc.aio.AioRpcError.
        """
        filled = instances.checked(instance, service_id)
        is_known_by_endpoints = bool(filled.get("endpoints")) and not filled.get("instanceId")
        asked = registration.RegisterRequest(reuse_id=is_known_by_endpoints, id_only=True)
        instances.fill(asked.instance, service_id, filled)

        async def put(home: instance_pb2.ServiceRef) -> registration.RegisterResponse:
            asked.service.CopyFrom(home)
            answer: registration.RegisterResponse = await self._registry.registration.Register(asked, timeout=CALL_TIMEOUT_S)
            return answer

        try:
            answer = await self._homes.call(namespace, service_id, put)
        except grpc.aio.AioRpcError as error:
            check_quota(error, "INSTANCE")
            if reason_of(error) == "DEFINITION_NOT_FOUND":
                raise CseError(NO_SERVICE, "Invalid 'serviceID' in request body.") from None
            raise
        return instances.shown_id(service_id, answer.instance_id)

    async def delete(self, request: Request) -> Response:
        """DELETE /microservices/{service_id}/instances/{instance_id}."""

        async def remove(ref: instance_pb2.InstanceRef) -> None:
            await self._registry.registration.Deregister(registration.DeregisterRequest(ref=ref), timeout=CALL_TIMEOUT_S)

        await self._on_one(request, remove, "Instance's leaseId not exist.")
        return done()

    async def put_beat(self, request: Request) -> Response:
        """PUT /microservices/{service_id}/instances/{instance_id}/heartbeat."""
        await self.beat(namespace_of(request), request.path_params["service_id"], request.path_params["instance_id"])
        return done()

    async def beat(self, namespace: str, service_id: str, instance_id: str) -> None:
        """Renew an instance. Raises CseError (400017), grpc.aio.AioRpcError."""
        if await self._is_renewed_at_once(namespace, service_id, instance_id):
            return

        async def renew(ref: instance_pb2.InstanceRef) -> None:
            if await self._renew([(ref.service, ref.instance_id)]):
                raise CseError(NO_INSTANCE, NO_LEASE)

        await self._on(namespace, (service_id, instance_id), renew, NO_LEASE)

    async def _is_renewed_at_once(self, namespace: str, service_id: str, instance_id: str) -> bool:
        """True if one call did it, as nearly always: of a known microservice, under this dialect's own id. Raises AioRpcError."""
        home = self._homes.known(namespace, service_id)
        if home is None:
            return False
        try:
            return not await self._renew([(home, native_id(service_id, instance_id))])
        except grpc.aio.AioRpcError as error:
            if reason_of(error) == "INVALID_FIELD":
                return False
            raise

    async def put_properties(self, request: Request) -> Response:
        """PUT /microservices/{service_id}/instances/{instance_id}/properties."""
        body = await body_of(request, shapes.UPDATE_INSTANCE_PROPERTIES, MAX_PROPERTIES_BYTES, UNMARSHAL)
        message = instance_pb2.Instance(metadata=body.get("properties", {}))
        await self._on_one(request, self._update(message, "metadata"), ABSENT)
        return done()

    async def put_status(self, request: Request) -> Response:
        """PUT /microservices/{service_id}/instances/{instance_id}/status."""
        status = request.query_params.get("value", "")
        rules.check("UpdateInstanceStatusRequest.Status", status)
        message = instance_pb2.Instance(declared_admin_state=native_state(status))
        await self._on_one(request, self._update(message, "declared_admin_state"), ABSENT)
        return done()

    async def put_status_of_many(self, request: Request) -> Response:
        """PUT /instances/status. Whoever names no properties means nobody, although the original changes every instance then."""
        body = await body_of(request, shapes.STATUS_OF_MANY, problem=UNMARSHAL)
        status, wanted = body.get("status", ""), body.get("matches", {}).get("properties", {})
        rules.check("UpdateInstanceStatusRequest.Status", status)
        if not wanted:
            raise CseError(INVALID, "Required matches")
        change = self._update(instance_pb2.Instance(declared_admin_state=native_state(status)), "declared_admin_state")
        refs = [ref async for ref in self._matching(namespace_of(request), wanted)]
        for ref in refs:
            try:
                await change(ref)
            except grpc.aio.AioRpcError as error:
                if reason_of(error) != "INSTANCE_NOT_FOUND":  # it has gone meanwhile
                    raise
        return done()

    async def put_beats(self, request: Request) -> Response:
        """PUT /heartbeats. Whatever is wrong with one is in its item."""
        body = await body_of(request, shapes.HEARTBEATS, problem=UNMARSHAL)
        given = [((item or {}).get("serviceId", ""), (item or {}).get("instanceId", "")) for item in body.get("instances", [])]
        if not given:
            raise CseError(INVALID, "Request format invalid.")
        asked = list(dict.fromkeys(given))
        if len(asked) > MAX_BATCH:
            raise CseError(INVALID, f"at most {MAX_BATCH} instances")
        missing = await self._beat_all(namespace_of(request), asked)
        problem = CseError(NO_INSTANCE, NO_LEASE).text
        shown = [{"serviceId": item[0], "instanceId": item[1], "errMessage": problem if item in missing else ""} for item in asked]
        return answered({"instances": [{name: value for name, value in item.items() if value} for item in shown]})

    async def _beat_all(self, namespace: str, asked: list[tuple[str, str]]) -> set[tuple[str, str]]:
        """Renew in one call, and one by one what was not found by it. Answers what is not there."""
        homes = {service_id: await self._home(namespace, service_id) for service_id in dict.fromkeys(item[0] for item in asked)}
        names = {item: (home, native_id(*item)) for item in asked if (home := homes[item[0]]) is not None}
        lost = {ref.instance_id for ref in await self._renew(names.values())} if names else set()
        missing = set()
        for item in asked:
            if item in names and names[item][1] not in lost:
                continue
            try:
                await self.beat(namespace, *item)
            except CseError:
                missing.add(item)
        return missing

    async def _home(self, namespace: str, service_id: str) -> instance_pb2.ServiceRef | None:
        try:
            return await self._homes.of(namespace, service_id)
        except grpc.aio.AioRpcError as error:
            if reason_of(error) in ("DEFINITION_NOT_FOUND", "INVALID_FIELD"):
                return None
            raise

    async def _renew(self, names: Iterable[tuple[instance_pb2.ServiceRef, str]]) -> Sequence[instance_pb2.InstanceRef]:
        """Renew instances by their services and native ids. Answers those that are not there."""
        asked = registration.RenewRequest()
        for service, instance_id in names:
            asked.refs.add(service=service, instance_id=instance_id)
        answer: registration.RenewResponse = await self._registry.registration.Renew(asked, timeout=CALL_TIMEOUT_S)
        return answer.missing

    def _update(self, message: instance_pb2.Instance, path: str) -> Call:
        """A call that changes a field of an instance. Watchers are told even of what it was already, as the original does."""

        async def update(ref: instance_pb2.InstanceRef) -> None:
            asked = registration.UpdateInstanceRequest(ref=ref, instance=message, update_mask=FieldMask(paths=[path]), touch=True)
            await self._registry.registration.UpdateInstance(asked, timeout=CALL_TIMEOUT_S)

        return update

    async def _on_one(self, request: Request, call: Call, absent: str) -> None:
        path = request.path_params
        await self._on(namespace_of(request), (path["service_id"], path["instance_id"]), call, absent)

    async def _on(self, namespace: str, name: tuple[str, str], call: Call, absent: str) -> None:
        """Call for an instance, one of another dialect too, whose id is as it stands. Raises CseError, grpc.aio.AioRpcError."""
        service_id, instance_id = name

        async def act(home: instance_pb2.ServiceRef) -> None:
            for native in (native_id(service_id, instance_id), instance_id):
                try:
                    await call(instance_pb2.InstanceRef(service=home, instance_id=native))
                except (CseError, grpc.aio.AioRpcError) as error:
                    if isinstance(error, grpc.aio.AioRpcError) and reason_of(error) != "INSTANCE_NOT_FOUND":
                        raise
                else:
                    return
            raise CseError(NO_INSTANCE, absent)

        try:
            await self._homes.call(namespace, service_id, act)
        except grpc.aio.AioRpcError as error:
            if reason_of(error) in ("DEFINITION_NOT_FOUND", "INVALID_FIELD"):
                raise CseError(NO_INSTANCE, absent) from None
            raise

    async def _matching(self, namespace: str, wanted: Mapping[str, str]) -> Any:
        """Refs of the instances that have these properties. O(instances of the namespace)."""
        found: catalog.ListDefinitionsResponse = await self._registry.catalog.ListDefinitions(
            catalog.ListDefinitionsRequest(namespace=namespace), timeout=CALL_TIMEOUT_S
        )
        for start in range(0, len(found.definitions), MAX_BATCH):
            some = found.definitions[start : start + MAX_BATCH]
            queries = [catalog.InstanceQuery(definition_id=definition.definition_id) for definition in some]
            answer: catalog.FindInstancesResponse = await self._registry.catalog.FindInstances(
                catalog.FindInstancesRequest(namespace=namespace, queries=queries), timeout=CALL_TIMEOUT_S
            )
            for definition, part in zip(some, answer.answers, strict=True):
                for instance in (instance for group in part.found for instance in group.instances):
                    if wanted.items() <= dict(instance.metadata).items():
                        yield instance_pb2.InstanceRef(service=definition.service, instance_id=instance.instance_id)
