"""A server with an environment, an application and a component, ready for deployments."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import grpc.aio
from muster.delivery.v1 import delivery_pb2, delivery_service_pb2_grpc, deployment_pb2
from muster.delivery.v1 import delivery_service_pb2 as wire
from running import Server, running_server

WAIT_S = 20.0


@dataclass
class World:
    """A server with an environment, an application and a component."""

    server: Server
    channel: grpc.aio.Channel
    stub: Any
    environment_id: str = ""
    application_id: str = ""
    component_id: str = ""

    async def populate(self) -> None:
        environment = delivery_pb2.Environment(name="prod", resources=[delivery_pb2.Resource(type="ecs", id="Default")])
        self.environment_id = (
            await self.stub.CreateEnvironment(wire.CreateEnvironmentRequest(environment=environment))
        ).environment.id
        application = delivery_pb2.Application(name="shop")
        made = await self.stub.CreateApplication(wire.CreateApplicationRequest(application=application))
        self.application_id = made.application.id
        component = delivery_pb2.Component(application_id=self.application_id, name="web", runtime="Custom")
        self.component_id = (await self.stub.CreateComponent(wire.CreateComponentRequest(component=component))).component.id

    async def create(self, **fields: Any) -> deployment_pb2.Deployment:
        said = {
            "name": "web-1",
            "application_id": self.application_id,
            "component_id": self.component_id,
            "environment_id": self.environment_id,
            "replicas": 2,
            "spec": spec("1.0.0"),
        }
        message = deployment_pb2.Deployment(**(said | fields))
        made: deployment_pb2.Deployment = (
            await self.stub.CreateDeployment(wire.CreateDeploymentRequest(deployment=message))
        ).deployment
        return made

    async def get(self, deployment: deployment_pb2.Deployment) -> deployment_pb2.Deployment:
        found: deployment_pb2.Deployment = (await self.stub.GetDeployment(wire.GetDeploymentRequest(id=deployment.id))).deployment
        return found

    async def until(self, deployment: deployment_pb2.Deployment, state: int) -> deployment_pb2.Deployment:
        """Follow it until it is so."""
        async with asyncio.timeout(WAIT_S):
            async for answer in self.stub.WatchDeployment(wire.WatchDeploymentRequest(id=deployment.id)):
                if answer.deployment.state == state:
                    found: deployment_pb2.Deployment = answer.deployment
                    return found
        raise AssertionError("it is gone")

    async def job(self, job_id: str, state: int) -> deployment_pb2.Job:
        """Follow a job to its end."""
        job = deployment_pb2.Job()
        async with asyncio.timeout(WAIT_S):
            async for answer in self.stub.WatchJob(wire.WatchJobRequest(id=job_id)):
                job = answer.job
        assert job.state == state, job
        return job


def spec(version: str, **fields: Any) -> deployment_pb2.DeploymentSpec:
    return deployment_pb2.DeploymentSpec(**({"version": version, "command": ["run"]} | fields))


@asynccontextmanager
async def world(**settings: Any) -> AsyncIterator[World]:
    async with running_server(**({"agent": False} | settings)) as server, server.channel() as channel:
        yield World(server, channel, delivery_service_pb2_grpc.DeliveryServiceStub(channel))


@asynccontextmanager
async def populated(**settings: Any) -> AsyncIterator[World]:
    async with world(**settings) as made:
        await made.populate()
        yield made


@asynccontextmanager
async def connected(target: str) -> AsyncIterator[World]:
    """The server of another process; of what is in it the environment is known."""
    async with grpc.aio.insecure_channel(target, options=[("grpc.use_local_subchannel_pool", 1)]) as channel:
        made = World(None, channel, delivery_service_pb2_grpc.DeliveryServiceStub(channel))
        found = await made.stub.ListEnvironments(wire.ListEnvironmentsRequest(), wait_for_ready=True, timeout=WAIT_S)
        for environment in found.environments:
            made.environment_id = environment.id
        yield made
