"""What the path of a call names: each call that goes into an application finds it first."""

from typing import Any

from muster.delivery.v1 import delivery_pb2, deployment_pb2
from muster.delivery.v1 import delivery_service_pb2 as wire
from starlette.requests import Request

from muster_gateway.registry import CALL_TIMEOUT_S
from muster_gateway.servicestage.errors import RefusedError


async def find_application(delivery: Any, request: Request) -> delivery_pb2.Application:
    """The application of the path. Raises AioRpcError."""
    path = request.path_params
    asked = wire.GetApplicationRequest(namespace=path["project_id"], id=path["application_id"])
    found: wire.GetApplicationResponse = await delivery.GetApplication(asked, timeout=CALL_TIMEOUT_S)
    return found.application


async def find_component(delivery: Any, request: Request) -> delivery_pb2.Component:
    """The component of the path, in its application. Raises AioRpcError."""
    path = request.path_params
    asked = wire.GetComponentRequest(namespace=path["project_id"], application_id=path["application_id"], id=path["component_id"])
    found: wire.GetComponentResponse = await delivery.GetComponent(asked, timeout=CALL_TIMEOUT_S)
    return found.component


async def find_instance(delivery: Any, request: Request) -> tuple[delivery_pb2.Component, deployment_pb2.Deployment]:
    """The component of the path, and its instance. Raises AioRpcError, RefusedError."""
    component = await find_component(delivery, request)
    asked = wire.GetDeploymentRequest(namespace=component.namespace, id=request.path_params["instance_id"])
    found: wire.GetDeploymentResponse = await delivery.GetDeployment(asked, timeout=CALL_TIMEOUT_S)
    if found.deployment.component_id != component.id:
        raise RefusedError("the component has no such instance", "412", 404)
    return component, found.deployment
