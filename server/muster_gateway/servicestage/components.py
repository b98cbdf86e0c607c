"""Table 5: components."""

from typing import Any

import msgspec
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.json_format import MessageToDict
from muster.delivery.v1 import delivery_pb2, deployment_pb2
from muster.delivery.v1 import delivery_service_pb2 as wire
from starlette.requests import Request
from starlette.responses import Response

from muster_gateway.registry import CALL_TIMEOUT_S, Registry, pages
from muster_gateway.route import Parameter, Route
from muster_gateway.servicestage.answers import answered, answering, milliseconds, plain
from muster_gateway.servicestage.errors import RefusedError
from muster_gateway.servicestage.finding import find_application, find_component
from muster_gateway.servicestage.instance_views import overview
from muster_gateway.servicestage.parameters import APPLICATION, COMPONENT, DESCRIPTION, NAME, PAGING, PROJECT
from muster_gateway.servicestage.requests import Page, check_length, checked, flag, read_object

CATEGORIES = {"webapp": "Webapp", "microservice": "MicroService", "common": "Common"}
SUB_CATEGORIES = {
    "Webapp": ("Web", "Magento", "Wordpress"),
    "MicroService": ("Java Chassis", "Go Chassis", "Mesher", "Spring Cloud", "SpringCloud", "Dubbo"),
    "Common": (),
}


class Source(msgspec.Struct):
    """Where the program comes from. `spec` keeps what it does not know."""

    kind: str
    spec: dict[str, Any]


class Build(msgspec.Struct):
    """How it is built."""

    parameters: dict[str, Any] = {}


class Created(msgspec.Struct):
    """POST /components."""

    name: str
    runtime: str
    category: str
    sub_category: str = ""
    description: str = ""
    source: Source | None = None
    build: Build | None = None


class Changed(msgspec.Struct):
    """PUT /components/{component_id}: what is absent stays; runtime and categories never change."""

    name: str | None = None
    description: str | None = None
    source: Source | None = None
    build: Build | None = None


class Components:
    """The five calls of components, and the overview that newer clients ask for."""

    def __init__(self, registry: Registry) -> None:
        self._delivery = registry.delivery

    def routes(self) -> tuple[Route, ...]:
        """What is served."""
        root = "/v2/{project_id}/cas/applications/{application_id}/components"
        one, inside = f"{root}/{{component_id}}", (PROJECT, APPLICATION)
        own = (*inside, COMPONENT)
        told = (
            DESCRIPTION,
            Parameter("source", "json", "`{kind: code|artifact, spec: {...}}`"),
            Parameter("build", "json", "`{parameters: {...}}`"),
        )
        creation = (
            *inside,
            NAME,
            Parameter("runtime", "json", "one of /metadata/runtimes", is_required=True),
            Parameter("category", "json", "Webapp, MicroService, Common", is_required=True),
            Parameter("sub_category", "json", "for example `Java Chassis`"),
            *told,
        )
        changes = (*own, Parameter(NAME.name, NAME.place, NAME.text), *told)
        deletion = (*own, Parameter("force", "query", "`true`: with its instances"))
        listing, shown, rows = (*inside, *PAGING), "the component", "`{count, components}`"
        return (
            Route("POST", root, answering(self.create), "Create a component", creation, shown),
            Route("GET", root, answering(self.list_all), "List components", listing, rows),
            Route("GET", f"{root}/overviews", answering(self.overviews), "List them with instances", listing, rows),
            Route("PUT", one, answering(self.change), "Change a component", changes, shown),
            Route("DELETE", one, answering(self.delete), "Delete a component", deletion, "204"),
            Route("GET", one, answering(self.show), "One component", own, shown),
        )

    async def create(self, request: Request) -> Response:
        """POST."""
        body = await read_object(request)
        application = await find_application(self._delivery, request)
        said = checked(body, Created)
        check_length("description", said.description, 128)
        category = CATEGORIES.get(said.category.lower())
        if category is None:
            raise RefusedError(f"category must be one of {', '.join(CATEGORIES.values())}")
        if said.sub_category and said.sub_category not in SUB_CATEGORIES[category]:
            raise RefusedError(f"sub_category must be one of {', '.join(SUB_CATEGORIES[category]) or 'none'}")
        message = delivery_pb2.Component(
            application_id=application.id,
            name=said.name,
            runtime=said.runtime,
            description=said.description,
            labels={"category": category, "sub_category": said.sub_category},
            **_program(said),
        )
        asked = wire.CreateComponentRequest(component=message, namespace=application.namespace)
        return answered(view((await self._delivery.CreateComponent(asked, timeout=CALL_TIMEOUT_S)).component))

    async def list_all(self, request: Request) -> Response:
        """GET the list."""
        count, found = await self._list(request)
        return answered({"count": count, "components": [row(message) for message in found]})

    async def overviews(self, request: Request) -> Response:
        """GET the list with what is deployed of each."""
        count, found = await self._list(request)
        application = await find_application(self._delivery, request)
        deployed: dict[str, list[deployment_pb2.Deployment]] = {message.id: [] for message in found}
        asked = wire.ListDeploymentsRequest(namespace=application.namespace, application_id=application.id)
        async for answer in pages(self._delivery.ListDeployments, asked):
            for deployment in answer.deployments:
                deployed.setdefault(deployment.component_id, []).append(deployment)
        shown = [
            {**row(message), "instances": [overview(one, application, message) for one in deployed[message.id]]}
            for message in found
        ]
        return answered({"count": count, "components": shown})

    async def show(self, request: Request) -> Response:
        """GET one."""
        return answered(view(await find_component(self._delivery, request)))

    async def change(self, request: Request) -> Response:
        """PUT."""
        body = await read_object(request)
        message = await find_component(self._delivery, request)
        said = checked(body, Changed)
        check_length("description", said.description, 128)
        texts = {"name": said.name, "description": said.description}
        changes = {name: value for name, value in texts.items() if value is not None} | _program(said)
        asked = wire.UpdateComponentRequest(
            component=delivery_pb2.Component(
                namespace=message.namespace, application_id=message.application_id, id=message.id, **changes
            ),
            update_mask=FieldMask(paths=list(changes)),
        )
        return answered(view((await self._delivery.UpdateComponent(asked, timeout=CALL_TIMEOUT_S)).component))

    async def delete(self, request: Request) -> Response:
        """DELETE."""
        path = request.path_params
        asked = wire.DeleteComponentRequest(
            namespace=path["project_id"],
            application_id=path["application_id"],
            id=path["component_id"],
            force=flag(request, "force"),
        )
        await self._delivery.DeleteComponent(asked, timeout=CALL_TIMEOUT_S)
        return Response(None, 204)

    async def _list(self, request: Request) -> tuple[int, list[delivery_pb2.Component]]:
        page, path = Page.of(request), request.path_params
        asked = wire.ListComponentsRequest(namespace=path["project_id"], application_id=path["application_id"], **page.fields)
        found = await self._delivery.ListComponents(asked, timeout=CALL_TIMEOUT_S)
        return found.total_size, page.found(found.components)


def row(message: delivery_pb2.Component) -> dict[str, Any]:
    """A component as lists show it."""
    return {
        "id": message.id,
        "name": message.name,
        "status": 1 if message.deleting else 0,
        "runtime": message.runtime,
        "category": message.labels.get("category") or None,
        "sub_category": message.labels.get("sub_category") or None,
        "description": message.description,
        "project_id": message.namespace,
        "application_id": message.application_id,
        "source": _source_view(message.source) if message.HasField("source") else None,
        "build": {"id": message.id, "parameters": plain(MessageToDict(message.build))} if message.HasField("build") else None,
        "creator": message.creator,
        "create_time": milliseconds(message.create_time),
        "update_time": milliseconds(message.update_time),
    }


def view(message: delivery_pb2.Component) -> dict[str, Any]:
    """One component."""
    return {**row(message), "pipeline_ids": []}


def _program(said: Created | Changed) -> dict[str, Any]:
    """Source and build as the registry has them, those that were said."""
    fields: dict[str, Any] = {}
    if said.source is not None:
        fields["source"] = _source(said.source)
    if said.build is not None:
        fields["build"] = said.build.parameters
    return fields


def _source(said: Source) -> dict[str, Any]:
    spec = dict(said.spec)
    match said.kind:
        case "code":
            url = spec.pop("repo_url", None)
            spec.setdefault("repo_ref", "master")
            kind = "SOURCE_KIND_CODE"
        case "artifact":
            url = spec.pop("url", None)
            kind = "SOURCE_KIND_IMAGE" if spec.get("type") == "image" else "SOURCE_KIND_PACKAGE"
        case _:
            raise RefusedError("source.kind must be code or artifact")
    if not isinstance(url, str) or not url:
        raise RefusedError("source.spec must say where the program is: repo_url of code, url of an artifact")
    return {"kind": kind, "url": url, "properties": spec}


def _source_view(source: delivery_pb2.Source) -> dict[str, Any]:
    is_code = source.kind == delivery_pb2.SOURCE_KIND_CODE
    spec = {**plain(MessageToDict(source.properties)), "repo_url" if is_code else "url": source.url}
    return {"kind": "code" if is_code else "artifact", "spec": spec}
