"""Jobs: what is done to an instance, task by task."""

from typing import Any
from uuid import UUID, uuid5

from google.protobuf.timestamp_pb2 import Timestamp
from muster.delivery.v1 import delivery_service_pb2 as wire
from muster.delivery.v1.deployment_pb2 import Job, JobKind, JobState, Task
from starlette.requests import Request
from starlette.responses import Response

from muster_gateway.registry import CALL_TIMEOUT_S, Registry
from muster_gateway.route import Parameter, Route
from muster_gateway.servicestage.answers import answered, answering
from muster_gateway.servicestage.errors import RefusedError
from muster_gateway.servicestage.parameters import PROJECT
from muster_gateway.servicestage.requests import Page, flag

_PREFIX = "JOB"
_DEFAULT_LIMIT = 20
_STATUSES = {"ROLLING_BACK": "ROLLBACKING", "ROLLED_BACK": "ROLLBACKED"}
"""Where the document has another word for a state."""
_TYPES = {"CREATE": "PROVISION", "DELETE": "DEPROVISION"}


class Jobs:
    """The one call of jobs."""

    def __init__(self, registry: Registry) -> None:
        self._delivery = registry.delivery

    def routes(self) -> tuple[Route, ...]:
        """What is served."""
        asked = (
            PROJECT,
            Parameter("job_id", "path", "which job", is_required=True),
            Parameter("instance_id", "query", "of which instance it must be"),
            Parameter("limit", "query", "how many tasks; 20 if absent"),
            Parameter("offset", "query", "how many tasks to leave out; 0 if absent"),
            Parameter("desc", "query", "`true`: the last task first"),
        )
        path, shown = "/v2/{project_id}/cas/jobs/{job_id}", "`{task_count, job, tasks}`, with names in upper case inside"
        return (Route("GET", path, answering(self.show), "One job and its tasks", asked, shown),)

    async def show(self, request: Request) -> Response:
        """GET one."""
        path, page, is_reversed = request.path_params, Page.of(request, _DEFAULT_LIMIT), flag(request, "desc")
        job_id = path["job_id"].strip()
        if not job_id:
            raise RefusedError("the id of a job must not be empty", "414")
        asked = wire.GetJobRequest(namespace=path["project_id"], id=job_id.removeprefix(_PREFIX))
        job = (await self._delivery.GetJob(asked, timeout=CALL_TIMEOUT_S)).job
        if job_id != shown_id(job.id) or request.query_params.get("instance_id") not in (None, "", job.deployment_id):
            raise RefusedError("there is no such job", "429", 404)
        tasks = sorted(job.tasks, key=lambda task: task.index, reverse=is_reversed)
        return answered(
            {"task_count": len(tasks), "job": _job_view(job), "tasks": [_task_view(job, task) for task in page.cut(tasks)]}
        )


def shown_id(job_id: str) -> str:
    """The id of a job as clients know it."""
    return _PREFIX + job_id


def job_status(state: JobState) -> str:
    """The state of a job, or of a task."""
    name = JobState.Name(state).removeprefix("JOB_STATE_")
    return _STATUSES.get(name, name)


def _job_view(job: Job) -> dict[str, Any]:
    kind = JobKind.Name(job.kind).removeprefix("JOB_KIND_")
    return {
        "CREATED_BY": job.creator,
        "EXECUTION_STATUS": job_status(job.state),
        "JOB_DESC": job.description,
        "JOB_ID": shown_id(job.id),
        "JOB_NAME": f"{kind.lower()} {job.deployment_name}",
        "JOB_TYPE": _TYPES.get(kind, "DAILY_OPERATION"),
        "ORDER_ID": job.id,
        "PROJECT_ID": job.namespace,
        "SERVICE_INSTANCE_ID": job.deployment_id,
    }


def _task_view(job: Job, task: Task) -> dict[str, Any]:
    return {
        "CREATED_AT": _moment(task.create_time),
        "LAST_HEALTH_CHECK": _moment(task.update_time),
        "MESSAGES": task.message,
        "OWNER_ID": shown_id(job.id),
        "TASK_ID": str(uuid5(UUID(job.id), str(task.index))),
        "TASK_INDEX": task.index,
        "TASK_NAME": task.name,
        "TASK_STATUS": job_status(task.state),
        "TASK_TYPE": "process",
    }


def _moment(stamp: Timestamp) -> str:
    return f"{stamp.ToDatetime().isoformat(timespec='milliseconds')}Z"
