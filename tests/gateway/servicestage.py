"""A ServiceStage client for tests: calls of one project, and what every answer of the room has."""

import asyncio
import sys
import zipfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from muster.delivery.v1 import delivery_service_pb2, delivery_service_pb2_grpc
from muster.delivery.v1.deployment_pb2 import Replica
from running import Server, running_gateway, running_server

ENVIRONMENT = {"name": "env1", "vpc_id": "local", "base_resources": [{"id": "Default", "type": "ecs"}]}
COMPONENT = {"name": "c1", "runtime": "Custom", "category": "MicroService", "sub_category": "Java Chassis"}
WAIT_S = 40.0
SERVICE = """
import http.server, json, os
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(dict(os.environ)).encode())
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""
"""A program that answers with its variables."""


class Client:
    """Calls below /v2/<project>/cas; answers are the status and the JSON (None: no body)."""

    def __init__(self, http: httpx.AsyncClient, project: str) -> None:
        self.http = http
        self._root = f"/v2/{project}/cas"

    async def call(self, method: str, path: str, body: Any = None, **how: Any) -> tuple[int, Any]:
        if body is not None:
            how["json"] = body
        answer = await self.http.request(method, self._root + path, **how)
        assert len(answer.headers["x-request-id"]) == 32
        if not answer.content:
            return answer.status_code, None
        assert answer.headers["content-type"] == "application/json"
        return answer.status_code, answer.json()

    async def made(self, path: str, body: Any) -> str:
        """The id of what a POST makes."""
        status, shown = await self.call("POST", path, body)
        assert status == 200, shown
        return str(shown["id"])

    async def refused(self, method: str, path: str, body: Any = None, **how: Any) -> tuple[int, str]:
        """The status and the last three digits of the code of a call that fails."""
        status, shown = await self.call(method, path, body, **how)
        assert set(shown) == {"error_code", "error_msg"}
        assert shown["error_msg"]
        return status, shown["error_code"].removeprefix("SVCSTG.00100")


@asynccontextmanager
async def client(kind: str = "local", project: str = "p1", **settings: Any) -> AsyncIterator[Client]:
    async with running_server(**settings) as server, client_of(server, kind, project) as http:
        yield http


@asynccontextmanager
async def client_of(server: Server, kind: str = "local", project: str = "p1") -> AsyncIterator[Client]:
    async with running_gateway(server, kind) as url, httpx.AsyncClient(base_url=url, timeout=WAIT_S) as http:
        yield Client(http, project)


@dataclass
class Stage:
    """An environment, an application, and a component with a package to run; `path` is that of the component.

    `server` is there if it is one of this process.
    """

    http: Client
    environment: str
    application: str
    path: str
    package: str
    server: Server = field(init=False)

    def body(self, **fields: Any) -> dict[str, Any]:
        """What creates an instance; a field that is None is left out."""
        said = {
            "name": "web-1",
            "environment_id": self.environment,
            "replica": 2,
            "flavor_id": "MICRO-5G:0.5C:1G",
            "version": "1.0.0",
            "artifacts": {"c1": {"storage": "obs", "type": "package", "url": self.package, "auth": "none"}},
            "refer_resources": [{"id": "Default", "type": "ecs", "parameters": {"hosts": ["host-1"]}}],
            "configuration": configuration(),
        } | fields
        return {name: value for name, value in said.items() if value is not None}

    async def created(self, **fields: Any) -> tuple[str, str]:
        """The path of a new instance, and its job."""
        status, shown = await self.http.call("POST", f"{self.path}/instances", self.body(**fields))
        assert status == 200, shown
        assert set(shown) == {"instance_id", "job_id"}
        return f"{self.path}/instances/{shown['instance_id']}", shown["job_id"]

    async def deployed(self, **fields: Any) -> str:
        """The path of a new instance that runs."""
        instance, job_id = await self.created(**fields)
        await self.done(job_id)
        return instance

    async def begun(self, method: str, path: str, body: Any = None) -> str:
        """The job of a call that begins one."""
        status, shown = await self.http.call(method, path, body)
        assert (status, set(shown)) == (200, {"job_id"}), shown
        return str(shown["job_id"])

    async def acted(self, instance: str, action: str, **parameters: Any) -> dict[str, Any]:
        """The instance after an action is done."""
        await self.done(await self.begun("POST", f"{instance}/action", {"action": action, "parameters": parameters}))
        return await self.show(instance)

    async def done(self, job_id: str, end: str = "SUCCEEDED") -> dict[str, Any]:
        """A job at its end, polled as Terraform does: until then, the last of its tasks runs."""
        async with asyncio.timeout(WAIT_S):
            while True:
                _, shown = await self.http.call("GET", f"/jobs/{job_id}?limit=50")
                assert shown["task_count"] == len(shown["tasks"]) >= 1
                last, status = shown["tasks"][-1]["TASK_STATUS"], shown["job"]["EXECUTION_STATUS"]
                if status not in ("RUNNING", "ROLLBACKING"):
                    assert status == end, shown
                    assert last == ("FAILED" if end == "ROLLBACKED" else end)
                    return dict(shown)
                assert last == "RUNNING"
                await asyncio.sleep(0.05)  # a poll: the dialect has no other way to wait

    async def show(self, instance: str) -> dict[str, Any]:
        status, shown = await self.http.call("GET", instance)
        assert status == 200, shown
        return dict(shown)

    async def until(self, instance: str, status: str) -> dict[str, Any]:
        """The instance, once its status is this."""
        async with asyncio.timeout(WAIT_S):
            while True:
                shown = await self.show(instance)
                if shown["status_detail"]["status"] == status:
                    return shown
                await asyncio.sleep(0.05)  # a poll: the dialect has no other way to wait

    async def replicas(self, instance: str) -> Sequence[Replica]:
        """What its agent told of last."""
        async with self.server.channel() as channel:
            stub: Any = delivery_service_pb2_grpc.DeliveryServiceStub(channel)
            asked = delivery_service_pb2.GetDeploymentRequest(namespace="p1", id=instance.rpartition("/")[2])
            found: delivery_service_pb2.GetDeploymentResponse = await stub.GetDeployment(asked)
        return found.deployment.replica_states

    async def pids(self, instance: str) -> set[int]:
        """Its processes that exist."""
        return {replica.pid for replica in await self.replicas(instance) if runs(replica.pid)}


def runs(pid: int) -> bool:
    """Whether a process exists and has not ended."""
    try:
        return pid > 0 and Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@asynccontextmanager
async def stage(directory: Path, kind: str = "local", **settings: Any) -> AsyncIterator[Stage]:
    """A server with something to run. `agent=False`: jobs begin and do not end."""
    async with running_server(**settings) as server, client_of(server, kind) as http:
        made = await staged(http, package(directory, "service.zip", {"service.py": SERVICE}))
        made.server = server
        yield made


async def staged(http: Client, url: str) -> Stage:
    environment = await http.made("/environments", ENVIRONMENT)
    application = f"/applications/{await http.made('/applications', {'name': 'app1'})}"
    component = await http.made(f"{application}/components", COMPONENT)
    return Stage(http, environment, application, f"{application}/components/{component}", url)


def package(directory: Path, name: str, files: dict[str, str]) -> str:
    """The URL of an archive."""
    path = directory / name
    with zipfile.ZipFile(path, "w") as archive:
        for inside, text in files.items():
            archive.writestr(inside, text)
    return path.as_uri()


def configuration(*command: str, **fields: Any) -> dict[str, Any]:
    """One with a command, a Python file of the package unless another is given."""
    return {"lifecycle": {"entrypoint": {"command": list(command) or [sys.executable, "service.py"]}}} | fields
