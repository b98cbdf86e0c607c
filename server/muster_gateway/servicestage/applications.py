"""Table 4: applications, and what they configure in environments."""

from typing import Any

import msgspec
from google.protobuf.field_mask_pb2 import FieldMask
from muster.delivery.v1 import delivery_pb2
from muster.delivery.v1 import delivery_service_pb2 as wire
from starlette.requests import Request
from starlette.responses import Response

from muster_gateway.registry import CALL_TIMEOUT_S, Registry
from muster_gateway.route import Parameter, Route
from muster_gateway.servicestage.answers import answered, answering, milliseconds
from muster_gateway.servicestage.errors import RefusedError
from muster_gateway.servicestage.finding import find_application
from muster_gateway.servicestage.parameters import APPLICATION, DESCRIPTION, NAME, PAGING, PROJECT
from muster_gateway.servicestage.requests import Page, check_length, checked, read_object


class Created(msgspec.Struct):
    """POST /applications."""

    name: str
    description: str = ""
    enterprise_project_id: str = "0"


class Changed(msgspec.Struct):
    """PUT /applications/{application_id}: what is absent stays."""

    name: str | None = None
    description: str | None = None


class Variable(msgspec.Struct):
    """One environment variable."""

    name: str
    value: str


class Variables(msgspec.Struct):
    """A configuration."""

    env: list[Variable]


class Configured(msgspec.Struct):
    """PUT /applications/{application_id}/configuration: it replaces what was."""

    environment_id: str
    configuration: Variables


class Applications:
    """The eight calls of applications."""

    def __init__(self, registry: Registry) -> None:
        self._delivery = registry.delivery

    def routes(self) -> tuple[Route, ...]:
        """What is served."""
        root = "/v2/{project_id}/cas/applications"
        one, own = f"{root}/{{application_id}}", (PROJECT, APPLICATION)
        creation = (PROJECT, NAME, DESCRIPTION, Parameter("enterprise_project_id", "json", "`0` if absent"))
        changes = (*own, Parameter(NAME.name, NAME.place, NAME.text), DESCRIPTION)
        environment = Parameter("environment_id", "query", "in which environment")
        configuring = (
            *own,
            Parameter("environment_id", "json", "in which environment", is_required=True),
            Parameter("configuration", "json", "`{env: [{name, value}]}`; of equal names the last counts", is_required=True),
        )
        deletion = (*own, Parameter(environment.name, environment.place, environment.text, is_required=True))
        shown, configs = "the application", f"{one}/configuration"
        return (
            Route("POST", root, answering(self.create), "Create an application", creation, shown),
            Route("GET", root, answering(self.list_all), "List applications", (PROJECT, *PAGING), "`{count, applications}`"),
            Route("PUT", one, answering(self.change), "Change an application", changes, shown),
            Route("DELETE", one, answering(self.delete), "Delete an application without components", own, "204"),
            Route("GET", one, answering(self.show), "One application", own, shown),
            Route("PUT", configs, answering(self.configure), "Set its variables in an environment", configuring, "them"),
            Route("DELETE", configs, answering(self.unconfigure), "Delete its variables in an environment", deletion, "204"),
            Route("GET", configs, answering(self.configuration), "Its variables", (*own, environment), "`{configuration: [...]}`"),
        )

    async def create(self, request: Request) -> Response:
        """POST."""
        said = checked(await read_object(request), Created)
        check_length("description", said.description, 128)
        message = delivery_pb2.Application(
            namespace=request.path_params["project_id"],
            name=said.name,
            description=said.description,
            labels={"enterprise_project_id": said.enterprise_project_id},
        )
        asked = wire.CreateApplicationRequest(application=message)
        created = await self._delivery.CreateApplication(asked, timeout=CALL_TIMEOUT_S)
        return answered(view(created.application))

    async def list_all(self, request: Request) -> Response:
        """GET the list."""
        page = Page.of(request)
        asked = wire.ListApplicationsRequest(namespace=request.path_params["project_id"], **page.fields)
        found = await self._delivery.ListApplications(asked, timeout=CALL_TIMEOUT_S)
        shown = [counted_view(message) for message in page.found(found.applications)]
        return answered({"count": found.total_size, "applications": shown})

    async def show(self, request: Request) -> Response:
        """GET one."""
        return answered(counted_view(await find_application(self._delivery, request)))

    async def change(self, request: Request) -> Response:
        """PUT."""
        body = await read_object(request)
        message = await find_application(self._delivery, request)
        said = checked(body, Changed)
        check_length("description", said.description, 128)
        changes = {name: value for name, value in msgspec.structs.asdict(said).items() if value is not None}
        asked = wire.UpdateApplicationRequest(
            application=delivery_pb2.Application(namespace=message.namespace, id=message.id, **changes),
            update_mask=FieldMask(paths=list(changes)),
        )
        changed = await self._delivery.UpdateApplication(asked, timeout=CALL_TIMEOUT_S)
        return answered(view(changed.application))

    async def delete(self, request: Request) -> Response:
        """DELETE."""
        path = request.path_params
        asked = wire.DeleteApplicationRequest(namespace=path["project_id"], id=path["application_id"])
        await self._delivery.DeleteApplication(asked, timeout=CALL_TIMEOUT_S)
        return Response(None, 204)

    async def configure(self, request: Request) -> Response:
        """PUT the configuration."""
        body = await read_object(request)
        application = await find_application(self._delivery, request)
        said = checked(body, Configured)
        env = {variable.name: variable.value for variable in said.configuration.env}
        config = delivery_pb2.ApplicationConfig(
            application_id=application.id,
            environment_id=said.environment_id,
            env=[delivery_pb2.EnvVar(name=name, value=value) for name, value in env.items()],
        )
        asked = wire.SetApplicationConfigRequest(namespace=application.namespace, config=config)
        return answered(config_view((await self._delivery.SetApplicationConfig(asked, timeout=CALL_TIMEOUT_S)).config))

    async def unconfigure(self, request: Request) -> Response:
        """DELETE the configuration."""
        path, environment_id = request.path_params, request.query_params.get("environment_id")
        application = await find_application(self._delivery, request)
        if not environment_id:
            raise RefusedError("environment_id is required")
        asked = wire.DeleteApplicationConfigRequest(
            namespace=path["project_id"], application_id=application.id, environment_id=environment_id
        )
        await self._delivery.DeleteApplicationConfig(asked, timeout=CALL_TIMEOUT_S)
        return Response(None, 204)

    async def configuration(self, request: Request) -> Response:
        """GET the configuration, of one environment or of all."""
        path = request.path_params
        asked = wire.ListApplicationConfigsRequest(
            namespace=path["project_id"],
            application_id=path["application_id"],
            environment_id=request.query_params.get("environment_id", ""),
        )
        found = await self._delivery.ListApplicationConfigs(asked, timeout=CALL_TIMEOUT_S)
        return answered({"configuration": [config_view(config) for config in found.configs]})


def view(message: delivery_pb2.Application) -> dict[str, Any]:
    """An application as creation and change show it."""
    return {
        "id": message.id,
        "name": message.name,
        "description": message.description,
        "creator": message.creator,
        "project_id": message.namespace,
        "enterprise_project_id": message.labels.get("enterprise_project_id", "0"),
        "create_time": milliseconds(message.create_time),
        "update_time": milliseconds(message.update_time),
        "unified_model": None,
    }


def counted_view(message: delivery_pb2.Application) -> dict[str, Any]:
    """An application as lists show it."""
    return {**view(message), "component_count": message.component_count}


def config_view(config: delivery_pb2.ApplicationConfig) -> dict[str, Any]:
    """What an application configures in one environment."""
    return {
        "application_id": config.application_id,
        "environment_id": config.environment_id,
        "configuration": {"env": [{"name": variable.name, "value": variable.value} for variable in config.env]},
    }
