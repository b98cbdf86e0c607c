"""Table 6: instances, which are deployments of components."""

import re
from collections.abc import Iterable
from typing import Any

import msgspec
from muster.delivery.v1 import delivery_pb2, deployment_pb2
from muster.delivery.v1 import delivery_service_pb2 as wire
from starlette.requests import Request
from starlette.responses import Response

from muster_gateway.registry import CALL_TIMEOUT_S, Registry
from muster_gateway.route import Parameter, Route
from muster_gateway.servicestage import instance_views, specs
from muster_gateway.servicestage.answers import answered, answering
from muster_gateway.servicestage.errors import RefusedError
from muster_gateway.servicestage.finding import find_application, find_component, find_instance
from muster_gateway.servicestage.jobs import shown_id
from muster_gateway.servicestage.parameters import APPLICATION, COMPONENT, DESCRIPTION, INSTANCE, PAGING, PROJECT
from muster_gateway.servicestage.requests import Page, check_length, checked, flag, read_object

_VERSION = re.compile(r"\d+\.\d+\.\d+([-+.][0-9A-Za-z.-]+)?", re.ASCII)


class Created(specs.Said, kw_only=True):
    """POST /instances."""

    name: str
    environment_id: str
    replica: int | str
    version: str
    flavor_id: str
    refer_resources: list[specs.ReferResource]
    description: str = ""


class Changed(specs.Said, kw_only=True):
    """PUT /instances/{instance_id}: what is absent stays."""

    version: str
    description: str | None = None


class Scaled(msgspec.Struct):
    """The parameters of a scaling. What else the document has is for machines that Muster does not know."""

    replica: int | str


class RolledBack(msgspec.Struct):
    """The parameters of a rollback."""

    version: str


class Instances:
    """The calls of instances, but for that of their snapshots."""

    def __init__(self, registry: Registry) -> None:
        self._delivery = registry.delivery

    def routes(self) -> tuple[Route, ...]:
        """What is served."""
        root = "/v2/{project_id}/cas/applications/{application_id}/components/{component_id}/instances"
        one, inside = f"{root}/{{instance_id}}", (PROJECT, APPLICATION, COMPONENT)
        own = (*inside, INSTANCE)
        version = Parameter("version", "json", "such as 1.0.0", is_required=True)
        told = (
            Parameter("artifacts", "json", "`{name: {storage, type, url, auth, version, properties}}`"),
            Parameter("configuration", "json", "`{env, lifecycle, probes, strategy, restart_policy, ...}`"),
            DESCRIPTION,
            Parameter("external_accesses", "json", "`[{protocol, address, forward_port}]`"),
        )
        creation = (
            *inside,
            Parameter("name", "json", "2 to 63 of lower-case letters, digits and -, a letter first", is_required=True),
            Parameter("environment_id", "json", "where it runs", is_required=True),
            Parameter("replica", "json", "how many processes: 1 to 100", is_required=True),
            Parameter("flavor_id", "json", "one of /metadata/flavors", is_required=True),
            version,
            Parameter("refer_resources", "json", "`[{id, type, refer_alias, parameters}]`", is_required=True),
            *told,
        )
        flavor = Parameter("flavor_id", "json", "one of /metadata/flavors")
        changes = (*own, version, flavor, Parameter("refer_resources", "json", "`[{id, type, parameters}]`"), *told)
        action = (
            *own,
            Parameter("action", "json", "start, stop, restart, scale, rollback", is_required=True),
            Parameter("parameters", "json", "`{replica}` of scale, `{version}` of rollback"),
        )
        deletion = (*own, Parameter("force", "query", "`true`: whatever is under way, and without its agent"))
        listing, rows, job = (*inside, *PAGING), "`{count, instances}`", "`{job_id}`"
        return (
            Route("POST", root, answering(self.create), "Run a component", creation, "`{instance_id, job_id}`"),
            Route("GET", root, answering(self.list_all), "List instances", listing, rows),
            Route("POST", f"{one}/action", answering(self.act), "Start, stop, restart, scale, roll back", action, job),
            Route("PUT", one, answering(self.change), "Run another version", changes, job),
            Route("DELETE", one, answering(self.delete), "Stop and delete an instance", deletion, job),
            Route("GET", one, answering(self.show), "One instance", own, "the instance"),
        )

    async def create(self, request: Request) -> Response:
        """POST."""
        body = await read_object(request)
        component = await find_component(self._delivery, request)
        said = checked(body, Created)
        check_length("description", said.description, 128)
        spec = deployment_pb2.DeploymentSpec(version=_checked_version(said.version))
        if not said.artifacts:
            specs.inherit(spec, component)
        specs.change(spec, said, component)
        message = deployment_pb2.Deployment(
            application_id=component.application_id,
            component_id=component.id,
            environment_id=said.environment_id,
            name=said.name,
            description=said.description,
            replicas=_count(said.replica),
            spec=spec,
        )
        asked = wire.CreateDeploymentRequest(deployment=message, namespace=component.namespace)
        made = (await self._delivery.CreateDeployment(asked, timeout=CALL_TIMEOUT_S)).deployment
        return answered({"instance_id": made.id, "job_id": shown_id(made.last_job_id)})

    async def list_all(self, request: Request) -> Response:
        """GET the list."""
        page = Page.of(request)
        component = await find_component(self._delivery, request)
        application = await find_application(self._delivery, request)
        asked = wire.ListDeploymentsRequest(namespace=component.namespace, component_id=component.id, **page.fields)
        found = await self._delivery.ListDeployments(asked, timeout=CALL_TIMEOUT_S)
        shown = page.found(found.deployments)
        environments = await self._environments(shown)
        rows = [instance_views.row(one, application, component, environments[one.environment_id]) for one in shown]
        return answered({"count": found.total_size, "instances": rows})

    async def show(self, request: Request) -> Response:
        """GET one."""
        component, message = await find_instance(self._delivery, request)
        application = await find_application(self._delivery, request)
        return answered(instance_views.view(message, application, component))

    async def change(self, request: Request) -> Response:
        """PUT."""
        body = await read_object(request)
        component, message = await find_instance(self._delivery, request)
        said = checked(body, Changed)
        check_length("description", said.description, 128)
        spec = message.spec
        spec.version = _checked_version(said.version)
        specs.change(spec, said, component)
        asked = wire.UpgradeDeploymentRequest(
            namespace=message.namespace,
            id=message.id,
            spec=spec,
            description=said.description,
            expected_revision=message.revision,
        )
        return _begun(await self._delivery.UpgradeDeployment(asked, timeout=CALL_TIMEOUT_S))

    async def act(self, request: Request) -> Response:
        """POST an action."""
        body = await read_object(request)
        _, message = await find_instance(self._delivery, request)
        parameters = body.get("parameters", {})
        one = {"namespace": message.namespace, "id": message.id}
        delivery: Any = self._delivery
        match body.get("action"):
            case "start":
                begun = delivery.StartDeployment(wire.StartDeploymentRequest(**one), timeout=CALL_TIMEOUT_S)
            case "stop":
                begun = delivery.StopDeployment(wire.StopDeploymentRequest(**one), timeout=CALL_TIMEOUT_S)
            case "restart":
                begun = delivery.RestartDeployment(wire.RestartDeploymentRequest(**one), timeout=CALL_TIMEOUT_S)
            case "scale":
                scaled = wire.ScaleDeploymentRequest(**one, replicas=_count(checked(parameters, Scaled).replica))
                begun = delivery.ScaleDeployment(scaled, timeout=CALL_TIMEOUT_S)
            case "rollback":
                returned = wire.RollbackDeploymentRequest(**one, version=checked(parameters, RolledBack).version)
                begun = delivery.RollbackDeployment(returned, timeout=CALL_TIMEOUT_S)
            case _:
                raise RefusedError("action must be start, stop, restart, scale or rollback", "418")
        return _begun(await begun)

    async def delete(self, request: Request) -> Response:
        """DELETE."""
        _, message = await find_instance(self._delivery, request)
        asked = wire.DeleteDeploymentRequest(namespace=message.namespace, id=message.id, force=flag(request, "force"))
        return _begun(await self._delivery.DeleteDeployment(asked, timeout=CALL_TIMEOUT_S))

    async def _environments(self, shown: Iterable[deployment_pb2.Deployment]) -> dict[str, delivery_pb2.Environment]:
        """The environments of instances by id."""
        found = {}
        for namespace, environment_id in {(one.namespace, one.environment_id) for one in shown}:
            asked = wire.GetEnvironmentRequest(namespace=namespace, id=environment_id)
            found[environment_id] = (await self._delivery.GetEnvironment(asked, timeout=CALL_TIMEOUT_S)).environment
        return found


def _begun(answer: Any) -> Response:
    return answered({"job_id": shown_id(answer.job_id)})


def _checked_version(text: str) -> str:
    """Raises RefusedError."""
    if _VERSION.fullmatch(text) is None:
        raise RefusedError("version must be as 1.0.0")
    return text


def _count(said: int | str) -> int:
    """A number of replicas; some clients say it as text. Raises RefusedError."""
    text = str(said)
    if not (text.isascii() and text.isdigit() and len(text) <= 3 and 1 <= int(text) <= 100):
        raise RefusedError("replica must be 1 to 100")
    return int(text)
