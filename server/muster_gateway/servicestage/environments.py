"""Table 3: environments."""

import asyncio
from typing import Any

import grpc.aio
import msgspec
from google.protobuf.field_mask_pb2 import FieldMask
from muster.delivery.v1 import delivery_pb2
from muster.delivery.v1 import delivery_service_pb2 as wire
from starlette.requests import Request
from starlette.responses import Response

from muster_gateway.registry import CALL_TIMEOUT_S, Registry, reason_of
from muster_gateway.route import Parameter, Route
from muster_gateway.servicestage.answers import answered, answering, milliseconds
from muster_gateway.servicestage.errors import RefusedError
from muster_gateway.servicestage.parameters import DESCRIPTION, NAME, PAGING, PROJECT
from muster_gateway.servicestage.requests import Page, check_length, checked, read_object

BASE_TYPES = frozenset({"cce", "cci", "ecs", "as"})
OPTIONAL_TYPES = frozenset({"elb", "eip", "rds", "dcs", "cse", "security_group", "pvc", "apm"})
_MACHINE_TYPES = frozenset({"ecs", "as"})
_CHARGE_MODES = ("provided", "on_demanded", "monthly")
_DEPLOY_MODES = ("virtualmachine", "container", "mixed")
_PATIENCE_S = 10.0

_ENVIRONMENT = Parameter("environment_id", "path", "which environment", is_required=True)
_ALIAS = Parameter("alias", "json", "at most 64 characters")
_ADD_BASE = Parameter("add_base_resources", "json", "`[{id, type, name}]`")


class Resource(msgspec.Struct):
    """A row of base_resources, optional_resources and their changes."""

    id: str
    type: str
    name: str = ""


class Created(msgspec.Struct):
    """POST /environments."""

    name: str
    vpc_id: str
    base_resources: list[Resource] = []
    optional_resources: list[Resource] = []
    alias: str = ""
    description: str = ""
    enterprise_project_id: str = "0"
    charge_mode: str = "provided"
    deploy_mode: str = ""


class Changed(msgspec.Struct):
    """PUT /environments/{environment_id}: what is absent stays."""

    name: str | None = None
    alias: str | None = None
    description: str | None = None


class ResourcesChanged(msgspec.Struct):
    """PATCH /environments/{environment_id}/resources: rows are removed first, then added."""

    add_base_resources: list[Resource] = []
    add_optional_resources: list[Resource] = []
    remove_resources: list[Resource] = []


class Environments:
    """The six calls of environments."""

    def __init__(self, registry: Registry) -> None:
        self._delivery = registry.delivery

    def routes(self) -> tuple[Route, ...]:
        """What is served."""
        root = "/v2/{project_id}/cas/environments"
        one, own = f"{root}/{{environment_id}}", (PROJECT, _ENVIRONMENT)
        said = (NAME, _ALIAS, DESCRIPTION)
        creation = (
            PROJECT,
            *said,
            Parameter("vpc_id", "json", "any text", is_required=True),
            Parameter("base_resources", "json", "`[{id, type, name}]` of cce, cci, ecs, as", is_required=True),
            Parameter("optional_resources", "json", "`[{id, type, name}]` of other types"),
            Parameter("charge_mode", "json", "`provided` if absent"),
            Parameter("deploy_mode", "json", "by the base resources if absent"),
            Parameter("enterprise_project_id", "json", "`0` if absent"),
        )
        changes = tuple(Parameter(p.name, p.place, p.text) for p in said)
        rows = (
            _ADD_BASE,
            Parameter("add_optional_resources", "json", "as above"),
            Parameter("remove_resources", "json", "as above; removed before the others are added"),
        )
        shown = "the environment"
        return (
            Route("POST", root, answering(self.create), "Create an environment", creation, shown),
            Route("GET", root, answering(self.list_all), "List environments", (PROJECT, *PAGING), "`{count, environments}`"),
            Route("PUT", one, answering(self.change), "Change an environment", (*own, *changes), shown),
            Route("DELETE", one, answering(self.delete), "Delete an environment", own, "204"),
            Route("GET", one, answering(self.show), "One environment", own, shown),
            Route("PATCH", f"{one}/resources", answering(self.change_resources), "Change its resources", (*own, *rows), shown),
        )

    async def create(self, request: Request) -> Response:
        """POST."""
        body = await read_object(request)
        if not body.get("base_resources"):
            raise RefusedError("base_resources must not be empty", "422")
        said = checked(body, Created)
        _check_texts(said.alias, said.description)
        if not said.vpc_id:
            raise RefusedError("vpc_id must not be empty")
        if said.charge_mode not in _CHARGE_MODES or said.deploy_mode not in ("", *_DEPLOY_MODES):
            raise RefusedError(f"charge_mode is one of {_CHARGE_MODES}, deploy_mode one of {_DEPLOY_MODES}")
        _check_types(said.base_resources, BASE_TYPES)
        _check_types(said.optional_resources, OPTIONAL_TYPES)
        labels = {"vpc_id": said.vpc_id, "charge_mode": said.charge_mode, "enterprise_project_id": said.enterprise_project_id}
        if said.deploy_mode:
            labels["deploy_mode"] = said.deploy_mode
        message = delivery_pb2.Environment(
            namespace=request.path_params["project_id"],
            name=said.name,
            display_name=said.alias,
            description=said.description,
            labels=labels,
            resources=_unique([*said.base_resources, *said.optional_resources]),
        )
        created = await self._delivery.CreateEnvironment(wire.CreateEnvironmentRequest(environment=message), timeout=CALL_TIMEOUT_S)
        return answered(view(created.environment))

    async def list_all(self, request: Request) -> Response:
        """GET the list."""
        page = Page.of(request)
        asked = wire.ListEnvironmentsRequest(namespace=request.path_params["project_id"], **page.fields)
        found = await self._delivery.ListEnvironments(asked, timeout=CALL_TIMEOUT_S)
        shown = [view(message) for message in page.found(found.environments)]
        return answered({"count": found.total_size, "environments": shown})

    async def show(self, request: Request) -> Response:
        """GET one."""
        return answered(view(await self._find(request)))

    async def change(self, request: Request) -> Response:
        """PUT."""
        body = await read_object(request)
        message = await self._find(request)
        said = checked(body, Changed)
        _check_texts(said.alias, said.description)
        fields = {"name": said.name, "display_name": said.alias, "description": said.description}
        changes: dict[str, Any] = {name: value for name, value in fields.items() if value is not None}
        asked = delivery_pb2.Environment(namespace=message.namespace, id=message.id, **changes)
        return answered(view(await self._update(asked, list(changes))))

    async def change_resources(self, request: Request) -> Response:
        """PATCH: all of it or nothing, on top of whatever others change meanwhile."""
        body = await read_object(request)
        message = await self._find(request)
        said = checked(body, ResourcesChanged)
        _check_types(said.add_base_resources, BASE_TYPES)
        _check_types(said.add_optional_resources, OPTIONAL_TYPES)
        removed = {(one.type, one.id) for one in said.remove_resources}
        added = [*said.add_base_resources, *said.add_optional_resources]
        give_up_s = asyncio.get_running_loop().time() + _PATIENCE_S
        while True:  # every try that fails is somebody else's that succeeded: how many are needed, only they know
            kept = [one for one in message.resources if (one.type, one.id) not in removed]
            resources = _unique([*kept, *added])
            if not any(one.type in BASE_TYPES for one in resources):
                raise RefusedError("a base resource must remain", "422")
            asked = delivery_pb2.Environment(namespace=message.namespace, id=message.id, resources=resources)
            try:
                return answered(view(await self._update(asked, ["resources"], message.revision)))
            except grpc.aio.AioRpcError as error:
                if reason_of(error) != "REVISION_MISMATCH":
                    raise
            if asyncio.get_running_loop().time() > give_up_s:
                raise RefusedError("the environment is being changed by others; try again", status=409)
            message = await self._find(request)

    async def delete(self, request: Request) -> Response:
        """DELETE."""
        path = request.path_params
        asked = wire.DeleteEnvironmentRequest(namespace=path["project_id"], id=path["environment_id"])
        await self._delivery.DeleteEnvironment(asked, timeout=CALL_TIMEOUT_S)
        return Response(None, 204)

    async def _find(self, request: Request) -> delivery_pb2.Environment:
        path = request.path_params
        asked = wire.GetEnvironmentRequest(namespace=path["project_id"], id=path["environment_id"])
        found: wire.GetEnvironmentResponse = await self._delivery.GetEnvironment(asked, timeout=CALL_TIMEOUT_S)
        return found.environment

    async def _update(
        self, message: delivery_pb2.Environment, paths: list[str], expected_revision: int | None = None
    ) -> delivery_pb2.Environment:
        asked = wire.UpdateEnvironmentRequest(
            environment=message, update_mask=FieldMask(paths=paths), expected_revision=expected_revision
        )
        changed: wire.UpdateEnvironmentResponse = await self._delivery.UpdateEnvironment(asked, timeout=CALL_TIMEOUT_S)
        return changed.environment


def view(message: delivery_pb2.Environment) -> dict[str, Any]:
    """An environment as the document shows it. One that was made elsewhere has the defaults."""
    base = [one for one in message.resources if one.type in BASE_TYPES]
    labels = message.labels
    return {
        "id": message.id,
        "name": message.name,
        "alias": message.display_name,
        "description": message.description,
        "project_id": message.namespace,
        "enterprise_project_id": labels.get("enterprise_project_id", "0"),
        "charge_mode": labels.get("charge_mode", "provided"),
        "deploy_mode": labels.get("deploy_mode") or _deploy_mode({one.type for one in base}),
        "vpc_id": labels.get("vpc_id", ""),
        "base_resources": [_resource_view(one) for one in base],
        "optional_resources": [_resource_view(one) for one in message.resources if one.type not in BASE_TYPES],
        "creator": message.creator,
        "create_time": milliseconds(message.create_time),
        "update_time": milliseconds(message.update_time),
    }


def _resource_view(message: delivery_pb2.Resource) -> dict[str, str | None]:
    return {"id": message.id, "type": message.type, "name": message.name or None}


def _deploy_mode(types: set[str]) -> str:
    if types <= _MACHINE_TYPES:
        return "virtualmachine"
    return "mixed" if types & _MACHINE_TYPES else "container"


def _check_texts(alias: str | None, description: str | None) -> None:
    check_length("alias", alias, 64)
    check_length("description", description, 128)


def _check_types(rows: list[Resource], types: frozenset[str]) -> None:
    for row in rows:
        if row.type not in types:
            raise RefusedError(f"type must be one of {', '.join(sorted(types))}")


def _unique(rows: list[Any]) -> list[delivery_pb2.Resource]:
    """Rows without repetitions of type and id; the last one of them counts, in the place of the first."""
    found = {(row.type, row.id): row for row in rows}
    return [delivery_pb2.Resource(type=row.type, id=row.id, name=row.name) for row in found.values()]
