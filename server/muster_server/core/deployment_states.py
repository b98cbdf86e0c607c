"""How a deployment is: what is wanted of it, the job under way, and what its agent saw, in one order of looking."""

from collections.abc import Collection
from enum import Enum

from muster_server.core.deployment_model import Deployment, Job, JobKind


class DeploymentState(Enum):
    """How a deployment is. The numbers are those of deployment.proto."""

    CREATING = 1
    RUNNING = 2
    DEGRADED = 3
    PENDING = 4
    DOWN = 5
    STOPPED = 6
    FAILED = 7
    UNKNOWN = 8
    UPDATING = 9
    STARTING = 10
    STOPPING = 11
    RESTARTING = 12
    DELETING = 13


class ReplicaState(Enum):
    """How a replica is. The numbers are those of deployment.proto."""

    STARTING = 1
    READY = 2
    UNREADY = 3
    WAITING = 4
    EXITED = 5
    STOPPING = 6


UNDER_WAY = {
    JobKind.CREATE: DeploymentState.CREATING,
    JobKind.UPGRADE: DeploymentState.UPDATING,
    JobKind.SCALE: DeploymentState.UPDATING,
    JobKind.ROLLBACK: DeploymentState.UPDATING,
    JobKind.START: DeploymentState.STARTING,
    JobKind.STOP: DeploymentState.STOPPING,
    JobKind.RESTART: DeploymentState.RESTARTING,
    JobKind.DELETE: DeploymentState.DELETING,
    JobKind.RESTORE: DeploymentState.UPDATING,
}


def state_of(deployment: Deployment, active: Job | None, seen: Collection[ReplicaState] | None) -> DeploymentState:
    """`seen` are its replicas as its agent told of them last; None while that is not connected."""
    if active is not None:
        return UNDER_WAY[active.kind]
    if deployment.is_halted:
        return DeploymentState.FAILED
    if deployment.is_stopped:
        return DeploymentState.FAILED if deployment.is_failed else DeploymentState.STOPPED
    if seen is None:
        return DeploymentState.UNKNOWN
    ready = sum(state is ReplicaState.READY for state in seen)
    if ready >= deployment.replicas:
        return DeploymentState.RUNNING
    if deployment.is_failed:
        return DeploymentState.FAILED
    if ready:
        return DeploymentState.DEGRADED
    return DeploymentState.PENDING if ReplicaState.STARTING in seen else DeploymentState.DOWN
