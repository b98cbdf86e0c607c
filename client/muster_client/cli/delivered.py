"""What is delivered, as users name it: by its name, by that of what it belongs to and its own, or by its id."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol, TypeVar

from muster.delivery.v1 import delivery_service_pb2 as wire
from muster.delivery.v1.delivery_pb2 import Application, Component, Environment
from muster.delivery.v1.deployment_pb2 import Deployment

from muster_client.cli.context import Context
from muster_client.cli.exits import CommandError, Exit


class Thing(Protocol):
    """An environment, an application, a component or a deployment."""

    @property
    def id(self) -> str:
        """Its id."""
        ...

    @property
    def name(self) -> str:
        """Its name, unique in what it belongs to."""
        ...

    @property
    def namespace(self) -> str:
        """Where it is."""
        ...


T = TypeVar("T", bound=Thing)


def space(context: Context, said: Thing) -> str:
    """The namespace that the user means: that of the option, else that which the file says."""
    return context.given.namespace or said.namespace


def aim(request: Any, said: Any, known: Thing, mask: Sequence[str]) -> None:
    """Direct an update, which carries what a file says, at a thing. The name stays if the file says none.

    A revision in the file is that of the thing that was changed there: the update is refused if it is not the current one.
    """
    said.id, said.namespace, said.name = known.id, known.namespace, said.name or known.name
    request.update_mask.paths.extend(mask)
    if said.revision:
        request.expected_revision = said.revision


async def environments(context: Context, namespace: str) -> dict[str, Environment]:
    """Those of a namespace, by id."""
    request = wire.ListEnvironmentsRequest(namespace=namespace, order_by="name")
    return {one.id: one async for page in context.pages(context.delivery.ListEnvironments, request) for one in page.environments}


async def applications(context: Context, namespace: str) -> dict[str, Application]:
    """Those of a namespace, by id."""
    request = wire.ListApplicationsRequest(namespace=namespace, order_by="name")
    return {one.id: one async for page in context.pages(context.delivery.ListApplications, request) for one in page.applications}


async def components(context: Context, namespace: str, of: Iterable[Application]) -> dict[str, Component]:
    """Those of some applications, by id. A call for each application."""
    found: dict[str, Component] = {}
    for owner in of:
        request = wire.ListComponentsRequest(namespace=namespace, application_id=owner.id, order_by="name")
        async for page in context.pages(context.delivery.ListComponents, request):
            found |= {one.id: one for one in page.components}
    return found


async def deployments(context: Context, request: wire.ListDeploymentsRequest) -> list[Deployment]:
    """Those that a request is for, by name."""
    request.order_by = "name"
    return [one async for page in context.pages(context.delivery.ListDeployments, request) for one in page.deployments]


async def find_environment(context: Context, namespace: str, text: str) -> Environment:
    """The environment that the user means. Raises CommandError, MusterError."""
    return _one("environment", text, (await environments(context, namespace)).values())


async def find_application(context: Context, namespace: str, text: str) -> Application:
    """The application that the user means. Raises CommandError, MusterError."""
    return _one("application", text, (await applications(context, namespace)).values())


async def find_component(context: Context, namespace: str, text: str, application: str = "") -> Component:
    """The component `[application/]name`; `application` may be given apart. Raises CommandError, MusterError."""
    owners = await applications(context, namespace)
    owner, slash, name = text.rpartition("/")
    wanted = [_one("application", owner if slash else application, owners.values())] if slash or application else owners.values()
    found = await components(context, namespace, wanted)
    return _one("component", name, found.values(), lambda one: owners[one.application_id].name)


async def find_deployment(context: Context, namespace: str, text: str) -> Deployment:
    """The deployment `[environment/]name`. Raises CommandError, MusterError."""
    owners = await environments(context, namespace)
    owner, slash, name = text.rpartition("/")
    request = wire.ListDeploymentsRequest(namespace=namespace)
    if slash:
        request.environment_id = _one("environment", owner, owners.values()).id
    found = await deployments(context, request)
    return _one("deployment", name, found, lambda one: name_in(owners, one.environment_id))


def name_in(things: dict[str, Any], thing_id: str) -> str:
    """The name of one of these; its id if it is not among them any more."""
    return str(things[thing_id].name) if thing_id in things else thing_id


def _one(kind: str, text: str, things: Iterable[T], owner: Callable[[T], str] | None = None) -> T:
    found = [thing for thing in things if text in (thing.name, thing.id)]
    if not found:
        raise CommandError(Exit.NOT_FOUND, f"there is no {kind} {text!r} ({kind.upper()}_NOT_FOUND)")
    if len(found) > 1 and owner is not None:
        names = " or ".join(sorted(f"{owner(thing)}/{thing.name}" for thing in found))
        raise CommandError(Exit.USAGE, f"{text!r} is more than one {kind}: write {names}")
    return found[0]
