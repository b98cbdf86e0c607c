"""What agents say, checked at the edge. Bounds are those of agent_service.proto and deployment.proto."""

import re

from muster.delivery.v1 import agent_service_pb2 as wire
from muster.delivery.v1 import deployment_pb2

from muster_server.core.access_model import ANY
from muster_server.core.deployment_model import MAX_MESSAGE_BYTES, MAX_REPLICAS
from muster_server.core.errors import MusterError
from muster_server.core.model import DEFAULT_NAMESPACE, MAX_NAME_BYTES, checked_text

MAX_RUNTIMES = 1000
MAX_REPLICA_MESSAGE_BYTES = 1024
MAX_UNIX_S = 253_402_300_800
"""The year 10000, where timestamps end."""

_AGENT_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")


def agent_said(agent: deployment_pb2.Agent) -> deployment_pb2.Agent:
    """The agent as it said it, with what it left out. Raises MusterError (INVALID_FIELD)."""
    if _AGENT_NAME.fullmatch(agent.name) is None:
        raise MusterError.invalid("agent.name", "must be 1 to 64 of letters, digits, -, _ and .")
    checked_text("agent.namespace", agent.namespace, MAX_NAME_BYTES)
    checked_text("agent.environment", agent.environment, 64)
    checked_text("agent.version", agent.version, 64)
    checked_text("agent.host", agent.host, 1024, is_required=True)
    checked_text("agent.limiting", agent.limiting, 1024)
    checked_text("agent.id", agent.id, 64)
    if agent.namespace == ANY and agent.environment:
        raise MusterError.invalid("agent.environment", "must be empty for the agent of all namespaces")
    if len(agent.runtimes) > MAX_RUNTIMES:
        raise MusterError.invalid("agent.runtimes", f"at most {MAX_RUNTIMES}")
    for runtime in agent.runtimes:
        for text in (runtime.name, runtime.display_name, runtime.description):
            checked_text("agent.runtimes", text, 256)
    checked = deployment_pb2.Agent()
    checked.CopyFrom(agent)
    checked.namespace = agent.namespace or DEFAULT_NAMESPACE
    return checked


def report_said(report: wire.Report) -> wire.Report:
    """The report, if it is within its bounds. Raises MusterError (INVALID_FIELD)."""
    checked_text("report.deployment_id", report.deployment_id, 64, is_required=True)
    checked_text("report.step", report.step, 64)
    _check_message("report.message", report.message, MAX_MESSAGE_BYTES)
    if len(report.replicas) > 4 * MAX_REPLICAS:
        raise MusterError.invalid("report.replicas", f"at most {4 * MAX_REPLICAS}")
    for replica in report.replicas:
        _check_replica(replica)
    return report


def _check_replica(replica: deployment_pb2.Replica) -> None:
    if not 0 <= replica.index < MAX_REPLICAS:
        raise MusterError.invalid("replicas.index", f"must be 0 to {MAX_REPLICAS - 1}")
    if replica.state not in deployment_pb2.ReplicaState.values():
        raise MusterError.invalid("replicas.state", f"there is no state {replica.state}")
    checked_text("replicas.version", replica.version, 64)
    _check_message("replicas.message", replica.message, MAX_REPLICA_MESSAGE_BYTES)
    if not (0 <= replica.start_time.seconds < MAX_UNIX_S and 0 <= replica.start_time.nanos < 10**9):
        raise MusterError.invalid("replicas.start_time", "must be in the years 1970 to 9999")


def _check_message(field: str, message: str, max_bytes: int) -> None:
    """Lines that a program wrote are in it: whoever shows them has to mind control characters."""
    if len(message.encode()) > max_bytes:
        raise MusterError.invalid(field, f"must not be longer than {max_bytes} bytes")
