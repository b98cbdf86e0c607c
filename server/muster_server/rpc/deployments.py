"""DeliveryService: deployments, their records and logs, and jobs."""

from operator import attrgetter
from typing import Any
from uuid import uuid4

from muster.delivery.v1 import agent_service_pb2, deployment_pb2
from muster.delivery.v1 import delivery_service_pb2 as wire

from muster_server.core.access_model import ANY
from muster_server.core.deployment_commands import (
    BeginJob,
    CreateDeployment,
    Delete,
    Intent,
    Restart,
    Rollback,
    Scale,
    Start,
    Stop,
    Upgrade,
)
from muster_server.core.deployment_model import Deployment, Job, Setup
from muster_server.core.errors import MusterError
from muster_server.engine.engine import Engine
from muster_server.engine.performing import perform
from muster_server.rpc.calls import Call, Stream
from muster_server.rpc.decoding import require
from muster_server.rpc.delivery_wire import fill, namespace_said, ordered_page
from muster_server.rpc.deployment_wire import job_message, record_message, spec_message, spec_said
from muster_server.rpc.dispatcher import Dispatcher
from muster_server.rpc.paging import MAX_PAGE, number_token, page_size

MAX_TAIL_LINES = 10_000


class DeploymentServicer:
    """Each method is documented in delivery_service.proto."""

    def __init__(self, engine: Engine, dispatcher: Dispatcher) -> None:
        self._engine = engine
        self._dispatcher = dispatcher

    async def list_agents(self, request: wire.ListAgentsRequest, _: Call) -> wire.ListAgentsResponse:
        """Answer those for a namespace."""
        namespaces = (ANY, namespace_said(request))
        return wire.ListAgentsResponse(agents=[agent for agent in self._dispatcher.agents if agent.namespace in namespaces])

    async def create_deployment(self, request: wire.CreateDeploymentRequest, call: Call) -> wire.CreateDeploymentResponse:
        """Take a new one."""
        require(request, "deployment")
        message, namespace = request.deployment, namespace_said(request)
        require(message, "spec")
        deployment = Deployment(
            namespace=namespace,
            id=str(uuid4()),
            name=message.name,
            description=message.description,
            labels=dict(message.labels),
            creator=call.user,
            application_id=message.application_id,
            component_id=message.component_id,
            environment_id=message.environment_id,
            replicas=message.replicas,
            setup=Setup(spec_said(message.spec), {}, 1),
        )
        created = await perform(self._engine, CreateDeployment(deployment, str(uuid4())))
        return wire.CreateDeploymentResponse(deployment=self._message(created))

    async def get_deployment(self, request: wire.GetDeploymentRequest, _: Call) -> wire.GetDeploymentResponse:
        """Answer one."""
        return wire.GetDeploymentResponse(deployment=self._message(self._find(request)))

    async def list_deployments(self, request: wire.ListDeploymentsRequest, _: Call) -> wire.ListDeploymentsResponse:
        """Answer a page. O(n log n) in deployments."""
        namespace = namespace_said(request)
        wanted = [
            deployment
            for deployment in self._engine.state.delivery.deployments()
            if deployment.namespace == namespace
            and request.application_id in ("", deployment.application_id)
            and request.component_id in ("", deployment.component_id)
            and request.environment_id in ("", deployment.environment_id)
        ]
        shown, page = ordered_page(wanted, request)
        return wire.ListDeploymentsResponse(deployments=map(self._message, shown), **page)

    async def watch_deployment(self, request: wire.WatchDeploymentRequest, stream: Stream) -> None:
        """Tell of one until it is gone."""
        deployment = self._find(request)
        with self._dispatcher.changes.followed(deployment.id) as changed:
            while True:
                changed.clear()
                await stream.write(wire.WatchDeploymentResponse(deployment=self._message(deployment)))
                await changed.wait()
                known = self._engine.state.delivery.things.get(deployment.id)
                if not isinstance(known, Deployment):
                    return
                deployment = known

    async def upgrade_deployment(self, request: wire.UpgradeDeploymentRequest, call: Call) -> wire.UpgradeDeploymentResponse:
        """Run another spec."""
        require(request, "spec")
        intent = Upgrade(
            spec_said(request.spec),
            request.description if request.HasField("description") else None,
            dict(request.labels.values) if request.HasField("labels") else None,
            request.expected_revision if request.HasField("expected_revision") else None,
        )
        return wire.UpgradeDeploymentResponse(job_id=await self._begin(request, call, intent))

    async def scale_deployment(self, request: wire.ScaleDeploymentRequest, call: Call) -> wire.ScaleDeploymentResponse:
        """Change the number of replicas."""
        return wire.ScaleDeploymentResponse(job_id=await self._begin(request, call, Scale(request.replicas)))

    async def start_deployment(self, request: wire.StartDeploymentRequest, call: Call) -> wire.StartDeploymentResponse:
        """Start it."""
        return wire.StartDeploymentResponse(job_id=await self._begin(request, call, Start()))

    async def stop_deployment(self, request: wire.StopDeploymentRequest, call: Call) -> wire.StopDeploymentResponse:
        """Stop it."""
        return wire.StopDeploymentResponse(job_id=await self._begin(request, call, Stop()))

    async def restart_deployment(self, request: wire.RestartDeploymentRequest, call: Call) -> wire.RestartDeploymentResponse:
        """Replace its replicas."""
        return wire.RestartDeploymentResponse(job_id=await self._begin(request, call, Restart()))

    async def rollback_deployment(self, request: wire.RollbackDeploymentRequest, call: Call) -> wire.RollbackDeploymentResponse:
        """Return to a record."""
        return wire.RollbackDeploymentResponse(job_id=await self._begin(request, call, Rollback(request.version)))

    async def delete_deployment(self, request: wire.DeleteDeploymentRequest, call: Call) -> wire.DeleteDeploymentResponse:
        """Stop and forget it."""
        return wire.DeleteDeploymentResponse(job_id=await self._begin(request, call, Delete(request.force)))

    async def list_release_records(self, request: wire.ListReleaseRecordsRequest, _: Call) -> wire.ListReleaseRecordsResponse:
        """Answer all, the newest first."""
        records = reversed(self._find(request).records)
        return wire.ListReleaseRecordsResponse(records=map(record_message, records))

    async def read_logs(self, request: wire.ReadLogsRequest, stream: Stream) -> None:
        """Pass on what the agent answers."""
        if not 0 <= request.tail_lines <= MAX_TAIL_LINES:
            raise MusterError.invalid("tail_lines", f"must be 0 to {MAX_TAIL_LINES}")
        deployment = self._find(request)
        agent = self._dispatcher.connected(deployment)
        asked = agent_service_pb2.LogRequest(deployment_id=deployment.id, tail_lines=request.tail_lines, follow=request.follow)
        if request.HasField("index"):
            asked.index = request.index
        request_id, chunks = agent.ask_logs(asked)
        try:
            while (chunk := await chunks.get()) is not None:
                await stream.write(wire.ReadLogsResponse(index=chunk.index, data=chunk.data, version=chunk.version))
        finally:
            agent.cancel_logs(request_id)

    async def get_job(self, request: wire.GetJobRequest, _: Call) -> wire.GetJobResponse:
        """Answer one."""
        return wire.GetJobResponse(job=job_message(self._job(request)))

    async def list_jobs(self, request: wire.ListJobsRequest, _: Call) -> wire.ListJobsResponse:
        """Answer a page, the newest first. O(n) in jobs."""
        namespace = namespace_said(request)
        wanted = [
            job
            for job in reversed(self._engine.state.delivery.jobs.values())
            if job.namespace == namespace and request.deployment_id in ("", job.deployment_id)
        ]
        start = number_token(request.page_token)
        end = start + page_size(request.page_size, MAX_PAGE)
        return wire.ListJobsResponse(
            jobs=map(job_message, wanted[start:end]), next_page_token=str(end) if end < len(wanted) else ""
        )

    async def watch_job(self, request: wire.WatchJobRequest, stream: Stream) -> None:
        """Tell of one until it is over."""
        with self._dispatcher.changes.followed(self._job(request).id) as changed:
            while True:
                changed.clear()
                job = self._job(request)
                await stream.write(wire.WatchJobResponse(job=job_message(job)))
                if job.state.is_over:
                    return
                await changed.wait()

    async def _begin(self, request: Any, call: Call, intent: Intent) -> str:
        job: Job = await perform(self._engine, BeginJob(namespace_said(request), request.id, intent, str(uuid4()), call.user))
        return job.id

    def _find(self, request: Any) -> Deployment:
        return self._engine.state.delivery.deployment(namespace_said(request), request.id)

    def _job(self, request: Any) -> Job:
        return self._engine.state.delivery.job(namespace_said(request), request.id)

    def _message(self, deployment: Deployment) -> deployment_pb2.Deployment:
        delivery = self._engine.state.delivery
        replicas = self._dispatcher.replicas_of(deployment) or ()
        message = deployment_pb2.Deployment(
            application_id=deployment.application_id,
            component_id=deployment.component_id,
            environment_id=deployment.environment_id,
            replicas=deployment.replicas,
            spec=spec_message(deployment.setup.spec),
            state=f"DEPLOYMENT_STATE_{self._dispatcher.state_of(deployment).name}",
            available_replicas=sum(replica.state == deployment_pb2.REPLICA_STATE_READY for replica in replicas),
            replica_states=sorted(replicas, key=attrgetter("index")),
            generation=deployment.generation,
            agent=deployment.agent,
            last_job_id=deployment.last_job_id,
            last_job_state=f"JOB_STATE_{delivery.jobs[deployment.last_job_id].state.name}",
        )
        fill(message, deployment)
        return message
