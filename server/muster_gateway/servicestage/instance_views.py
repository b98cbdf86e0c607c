"""Instances as the document shows them."""

from typing import Any
from uuid import UUID, uuid5

from muster.delivery.v1 import delivery_pb2
from muster.delivery.v1.deployment_pb2 import Deployment, DeploymentState

from muster_gateway.servicestage import configurations, flavors, specs
from muster_gateway.servicestage.answers import milliseconds
from muster_gateway.servicestage.jobs import job_status, shown_id

_STATUSES = {"CREATING": "INITIALIZING", "DEGRADED": "PARTIALLY_FAILED", "UPDATING": "UPGRADING"}
"""Where the document has another word for a state."""


def row(
    message: Deployment,
    application: delivery_pb2.Application,
    component: delivery_pb2.Component,
    environment: delivery_pb2.Environment,
) -> dict[str, Any]:
    """An instance as lists show it."""
    return {
        **_common(message, application),
        "application_id": application.id,
        "application_name": application.name,
        "component_id": component.id,
        "component_name": component.name,
        "environment_name": environment.name,
    }


def view(message: Deployment, application: delivery_pb2.Application, component: delivery_pb2.Component) -> dict[str, Any]:
    """One instance."""
    spec, kept = message.spec, specs.kept_of(message.spec)
    return {
        **_common(message, application),
        "application_id": application.id,
        "component_id": component.id,
        "description": message.description,
        "flavor_id": flavors.id_of(spec.limits, kept.flavor_id),
        "configuration": configurations.shown(spec, kept.configuration, specs.default_of(spec, component)),
        "refer_resources": specs.resource_views(spec, kept),
    }


def overview(message: Deployment, application: delivery_pb2.Application, component: delivery_pb2.Component) -> dict[str, Any]:
    """An instance as the overviews of components show it."""
    shown = view(message, application, component)
    return {"instance_id": shown.pop("id"), "instance_name": shown.pop("name"), **shown}


def _common(message: Deployment, application: delivery_pb2.Application) -> dict[str, Any]:
    is_container = any(used.type in specs.CONTAINER_TYPES for used in message.spec.resources)
    return {
        "id": message.id,
        "name": message.name,
        "environment_id": message.environment_id,
        "platform_type": "cce" if is_container else "vmapp",
        "version": message.spec.version,
        "artifacts": specs.artifact_views(message.spec),
        "external_accesses": _accesses(message),
        "creator": message.creator,
        "create_time": milliseconds(message.create_time),
        "update_time": milliseconds(message.update_time),
        "status_detail": _status(message, application),
    }


def _status(message: Deployment, application: delivery_pb2.Application) -> dict[str, Any]:
    state = DeploymentState.Name(message.state).removeprefix("DEPLOYMENT_STATE_")
    return {
        "status": _STATUSES.get(state, state),
        "available_replica": message.available_replicas,
        "replica": message.replicas,
        "fail_detail": "cluster_inaccessible" if state == "UNKNOWN" else None,
        "last_job_id": shown_id(message.last_job_id),
        "last_job_status": job_status(message.last_job_state),
        "enterprise_project_id": application.labels.get("enterprise_project_id", "0"),
    }


def _accesses(message: Deployment) -> list[dict[str, Any]]:
    return [
        {
            "id": str(uuid5(UUID(message.id), f"{access.protocol} {access.address} {access.forward_port}")),
            "protocol": access.protocol,
            "address": access.address,
            "forward_port": access.forward_port,
            "type": "SPECIFIED",
            "status": "NORMAL",
            "create_time": milliseconds(message.create_time),
            "update_time": milliseconds(message.update_time),
        }
        for access in specs.kept_of(message.spec).external_accesses
    ]
